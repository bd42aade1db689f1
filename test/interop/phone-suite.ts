import { describe, expect, it } from 'vitest';
import { pointInfo } from '../system/emergency.ts';
import { expectSameMedia } from './media.ts';
import { sippCaller, sippPsap } from './peers/sipp.ts';
import type { Phone } from './phone.ts';
import { hopsOf, lastResort, type Side, type Stage, sideName } from './stage.ts';
import { select } from './trace.ts';

// What every phone must be able to do through the server, as a caller and as a PSAP, with a SIPp on the other side.

/** A phone that calls. The PSAP is a SIPp on UDP at `psapPort`. */
export interface CallerCase {
  readonly stage: () => Stage;
  readonly phone: () => Phone;
  readonly dialled: () => string;
  readonly psapPort: () => number;
  /** The rule by which the server knows the call for an emergency. */
  readonly rule: string;
  /** The boundary of that PSAP, where something on the way adds the location; absent: it is the ingress's default route. */
  readonly boundary?: string;
}

/** The last Call-ID that a phone used or was called with. */
export function lastCallId(phone: Phone): string {
  return select(phone.messages(), { startLine: /^INVITE / }).at(-1)?.callId ?? '';
}

/** Tests of a phone as the caller. */
export function describeCaller(title: string, options: CallerCase): void {
  const { stage, phone, dialled, psapPort, rule, boundary } = options;
  const psapSide = { transport: 'udp', family: 'ipv4' } as const;
  describe(`${title} as the caller`, () => {
    it('is answered, media and all, and hangs up', async () => {
      const psap = await sippPsap(psapPort(), 'isHungUpOn', psapSide);
      await phone().dial(dialled());
      await phone().next('answered');
      await phone().hangUp();
      await Promise.all([phone().next('ended'), psap.done()]);
      const record = await stage().record(lastCallId(phone()), 'ended');
      expect(record.recognition.rule).toBe(rule);
      expect(record.mapping?.boundary?.boundaryId).toBe(boundary);
      expect(hopsOf(record)).toEqual(['udp 200']);
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

    if (boundary === undefined)
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
    else
      it('is answered at the default route where the PSAP is busy', async () => {
        const psap = await sippPsap(psapPort(), 'isBusy', psapSide);
        await phone().dial(dialled());
        await phone().next('answered');
        await phone().hangUp();
        await Promise.all([phone().next('ended'), psap.done()]);
        const record = await stage().record(lastCallId(phone()), 'ended');
        expect(hopsOf(record)).toEqual(['udp 486', 'udp 200']);
        expect(record.attempts[1]?.target).toBe(lastResort(stage().server.psapPort));
      });
  });
}

/** A phone that is the PSAP of a boundary. The caller is a SIPp on UDP. */
export interface PsapCase {
  readonly stage: () => Stage;
  readonly phone: () => Phone;
  /** Name of its boundary; absent: it is the ingress's default route, and the caller does not say where it is. */
  readonly boundary?: string;
  readonly ingress: string;
  /** What the caller dials. */
  readonly requestUri: () => string;
  readonly side: Side;
  /** The status by which it refuses. */
  readonly refusal: number;
  /** As Content-Type has it, for phones that cannot read every one. */
  readonly multipartBoundary?: string;
}

/** Tests of a phone as the PSAP. */
export function describePsap(title: string, options: PsapCase): void {
  const { stage, phone, boundary } = options;
  const callerSide = { transport: 'udp', family: 'ipv4' } as const;
  const call = (course: Parameters<typeof sippCaller>[2]) =>
    sippCaller(
      stage().address(options.ingress),
      {
        requestUri: options.requestUri(),
        ...(boundary === undefined ? {} : { locationInfo: pointInfo(stage().place(boundary)) }),
        ...(options.multipartBoundary === undefined ? {} : { boundary: options.multipartBoundary }),
      },
      course,
      callerSide,
    );
  describe(`${title} as the PSAP over ${sideName(options.side)}`, () => {
    it('answers, media and all, and is hung up on by the caller', async () => {
      const caller = await call('hangsUp');
      await phone().next('incoming');
      await phone().answer();
      await Promise.all([phone().next('ended'), caller.done()]);
      const record = await stage().record(caller.callId(), 'ended');
      expect(record.mapping?.boundary?.boundaryId).toBe(boundary);
      expect(hopsOf(record)).toEqual([`${options.side.transport} 200`]);
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
        expect(hopsOf(record)).toEqual([`${options.side.transport} ${options.refusal}`, 'udp 200']);
      });
  });
}
