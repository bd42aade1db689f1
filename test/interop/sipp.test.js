import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.js';
import { describeInNamespace } from '../support/namespace.js';
import { pointInfo } from '../system/emergency.js';
import { expectSameMedia } from './media.js';
import { sippCaller, sippPsap } from './peers/sipp.js';
import { hostPort, lastResort, openStage, sideName } from './stage.js';
// SIPp on both sides, with its location in the call.
const sides = ['ipv4', 'ipv6'].flatMap((family) => ['udp', 'tcp'].map((transport) => ({ transport, family })));
describeInNamespace('SIPp', () => {
    let stage;
    const psapPorts = new Map();
    beforeAll(async () => {
        const ports = await freePorts(sides.length);
        const psaps = {};
        for (const [index, side] of sides.entries()) {
            const port = ports[index] ?? 0;
            psapPorts.set(sideName(side), port);
            psaps[sideName(side)] = `sip:psap@${hostPort(side.family, port)};transport=${side.transport}`;
        }
        stage = await openStage({ ingresses: { default: {} }, psaps });
    });
    afterAll(() => stage?.close());
    const pairs = sides.flatMap((caller) => sides.map((psap) => [sideName(caller), sideName(psap), caller, psap]));
    describe.each(pairs)('over %s to a PSAP over %s', (_from, name, caller, psap) => {
        const place = (course) => sippCaller(stage.address('default', caller.transport, caller.family), { requestUri: 'urn:service:sos', locationInfo: pointInfo(stage.place(name)) }, course, caller);
        const waiting = (course) => sippPsap(psapPorts.get(name) ?? 0, course, psap);
        it('is answered at the PSAP of its place and ended by the caller', async () => {
            const psapRun = await waiting('isHungUpOn');
            const call = await place('hangsUp');
            await Promise.all([call.done(), psapRun.done()]);
            const record = await stage.record(call.callId(), 'ended');
            expect(record.mapping?.boundary?.boundaryId).toBe(name);
            expect(record.attempts).toMatchObject([{ statusCode: 200 }]);
            expectSameMedia(call.messages(), psapRun.messages());
        });
        it('is ended by the PSAP', async () => {
            const psapRun = await waiting('hangsUp');
            const call = await place('isHungUpOn');
            await Promise.all([call.done(), psapRun.done()]);
            await stage.record(call.callId(), 'ended');
        });
        it('is given up by the caller while the PSAP rings', async () => {
            const psapRun = await waiting('rings');
            const call = await place('givesUp');
            await Promise.all([call.done(), psapRun.done()]);
            await stage.record(call.callId(), 'cancelled');
        });
        it('goes to the default route where the PSAP is busy', async () => {
            const psapRun = await waiting('isBusy');
            const call = await place('hangsUp');
            await Promise.all([call.done(), psapRun.done()]);
            const record = await stage.record(call.callId(), 'ended');
            expect(record.attempts.map(({ statusCode }) => statusCode)).toEqual([486, 200]);
            expect(record.attempts[1]?.target).toBe(lastResort(stage.server.psapPort));
        });
    });
});
