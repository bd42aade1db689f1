import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { describeInNamespace } from '../support/namespace.ts';
import { pointInfo } from '../system/emergency.ts';
import { expectSameBody, expectSameMedia } from './media.ts';
import { sippCaller, sippPsap } from './peers/sipp.ts';
import type { CallerCourse, PsapCourse } from './sipp-steps.ts';
import { hopsOf, hostPort, lastResort, openStage, type Stage, sideName } from './stage.ts';

// SIPp on both sides, with its location in the call.

const sides = (['ipv4', 'ipv6'] as const).flatMap((family) =>
  (['udp', 'tcp'] as const).map((transport) => ({ transport, family })),
);

describeInNamespace('SIPp', () => {
  let stage: Stage;
  const psapPorts = new Map<string, number>();

  beforeAll(async () => {
    const ports = await freePorts(sides.length);
    const psaps: Record<string, string> = {};
    for (const [index, side] of sides.entries()) {
      const port = ports[index] ?? 0;
      psapPorts.set(sideName(side), port);
      psaps[sideName(side)] = `sip:psap@${hostPort(side.family, port)};transport=${side.transport}`;
    }
    stage = await openStage({ ingresses: { default: {} }, psaps });
  });

  afterAll(() => stage?.close());

  const pairs = sides.flatMap((caller) =>
    sides.map((psap) => [sideName(caller), sideName(psap), caller, psap] as const),
  );

  describe.each(pairs)('over %s to a PSAP over %s', (_from, name, caller, psap) => {
    const place = (course: CallerCourse) =>
      sippCaller(
        stage.address('default', caller.transport, caller.family),
        { requestUri: 'urn:service:sos', locationInfo: pointInfo(stage.place(name)) },
        course,
        caller,
      );
    const waiting = (course: PsapCourse) => sippPsap(psapPorts.get(name) ?? 0, course, psap);

    it('is answered at the PSAP of its place and ended by the caller', async () => {
      const psapRun = await waiting('isHungUpOn');
      const call = await place('hangsUp');
      await Promise.all([call.done(), psapRun.done()]);
      const record = await stage.record(call.callId(), 'ended');
      expect(record.mapping?.boundary?.boundaryId).toBe(name);
      expect(hopsOf(record)).toEqual([`${psap.transport} 200`]);
      expectSameMedia(call.messages(), psapRun.messages());
      expectSameBody(call.messages(), psapRun.messages());
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
      expect(hopsOf(record)).toEqual([`${psap.transport} 486`, 'udp 200']);
      expect(record.attempts[1]?.target).toBe(lastResort(stage.server.psapPort));
    });
  });
}, ['sipp']);
