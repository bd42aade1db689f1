import { describe, expect, it } from 'vitest';
import { pointInfo } from '../system/emergency.js';
import { expectSameMedia } from './media.js';
import { sippCaller, sippPsap } from './peers/sipp.js';
import { lastResort, sideName } from './stage.js';
import { select } from './trace.js';
/** The last Call-ID that a phone used or was called with. */
export function lastCallId(phone) {
    return select(phone.messages(), { startLine: /^INVITE / }).at(-1)?.callId ?? '';
}
/** Tests of a phone as the caller. */
export function describeCaller(title, { stage, phone, dialled, psapPort, rule }) {
    const psapSide = { transport: 'udp', family: 'ipv4' };
    describe(`${title} as the caller`, () => {
        it('is answered, media and all, and hangs up', async () => {
            const psap = await sippPsap(psapPort(), 'isHungUpOn', psapSide);
            await phone().dial(dialled());
            await phone().next('answered');
            await phone().hangUp();
            await Promise.all([phone().next('ended'), psap.done()]);
            const record = await stage().record(lastCallId(phone()), 'ended');
            expect(record.recognition.rule).toBe(rule);
            expect(record.attempts).toMatchObject([{ statusCode: 200 }]);
            expectSameMedia(phone().messages(), psap.messages());
        });
        it('is hung up on by the PSAP', async () => {
            const psap = await sippPsap(psapPort(), 'hangsUp', psapSide);
            await phone().dial(dialled());
            await phone().next('answered');
            await Promise.all([phone().next('ended'), psap.done()]);
            await stage().record(lastCallId(phone()), 'ended');
        });
        it('gives up while the PSAP rings', async () => {
            const psap = await sippPsap(psapPort(), 'rings', psapSide);
            await phone().dial(dialled());
            await phone().next('ringing');
            await phone().hangUp();
            await Promise.all([phone().next('ended'), psap.done()]);
            await stage().record(lastCallId(phone()), 'cancelled');
        });
        it('is told where the last resort is busy', async () => {
            const psap = await sippPsap(psapPort(), 'isBusy', psapSide);
            await phone().dial(dialled());
            await Promise.all([phone().next('ended'), psap.done()]);
            const [refusal] = select(phone().messages(), {
                callId: lastCallId(phone()),
                startLine: /^SIP\/2\.0 [4-6]/,
                method: 'INVITE',
            });
            expect(refusal?.startLine).toMatch(/^SIP\/2\.0 486 /);
        });
    });
}
/** Tests of a phone as the PSAP. */
export function describePsap(title, options) {
    const { stage, phone, boundary } = options;
    const callerSide = { transport: 'udp', family: 'ipv4' };
    const call = (course) => sippCaller(stage().address(options.ingress), {
        requestUri: options.requestUri(),
        ...(boundary === undefined ? {} : { locationInfo: pointInfo(stage().place(boundary)) }),
        ...(options.multipartBoundary === undefined ? {} : { boundary: options.multipartBoundary }),
    }, course, callerSide);
    describe(`${title} as the PSAP over ${sideName(options.side)}`, () => {
        it('answers, media and all, and is hung up on by the caller', async () => {
            const caller = await call('hangsUp');
            await phone().next('incoming');
            await phone().answer();
            await Promise.all([phone().next('ended'), caller.done()]);
            const record = await stage().record(caller.callId(), 'ended');
            expect(record.mapping?.boundary?.boundaryId).toBe(boundary);
            expect(record.attempts).toMatchObject([{ statusCode: 200 }]);
            expectSameMedia(caller.messages(), phone().messages());
        });
        it('hangs up', async () => {
            const caller = await call('isHungUpOn');
            await phone().next('incoming');
            await phone().answer();
            await phone().next('answered');
            await phone().hangUp();
            await Promise.all([phone().next('ended'), caller.done()]);
            await stage().record(caller.callId(), 'ended');
        });
        it('stops ringing where the caller gives up', async () => {
            const caller = await call('givesUp');
            await phone().next('incoming');
            await Promise.all([phone().next('ended'), caller.done()]);
            await stage().record(caller.callId(), 'cancelled');
        });
        if (boundary === undefined)
            it('refuses, and as the last resort is heard by the caller', async () => {
                const caller = await call('isToldBusy');
                await phone().next('incoming');
                await phone().refuse();
                await Promise.all([phone().next('ended'), caller.done()]);
                await stage().record(caller.callId(), 'failed');
            });
        else
            it('refuses, and the call goes to the default route', async () => {
                const caller = await call('hangsUp');
                await phone().next('incoming');
                await phone().refuse();
                await Promise.all([phone().next('ended'), caller.done()]);
                const record = await stage().record(caller.callId(), 'ended');
                expect(record.attempts.map(({ target }) => target)[1]).toBe(lastResort(stage().server.psapPort));
                expect(record.attempts[0]?.statusCode).toBeGreaterThanOrEqual(486);
                expect(record.attempts[1]?.statusCode).toBe(200);
            });
    });
}
