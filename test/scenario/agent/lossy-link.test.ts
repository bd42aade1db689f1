import { describe, expect, it } from 'vitest';
import type { AnswerPlan } from '../../../src/sip/agent/index.ts';
import { type LinkFaults, SimulatedLink, seededRandom } from '../../support/net-link.ts';

const callCount = 40;

/** Plans that differ from call to call, by the last letter of the Call-ID. */
function planFor(callId: string): AnswerPlan {
  switch (callId.at(-1)) {
    case '0':
      return { ringAfterMs: 20, outcome: { kind: 'reject', afterMs: 700, statusCode: 486 } };
    case '1':
      return { ringAfterMs: 100, outcome: { kind: 'neverAnswer' } };
    case '2':
      return { ringAfterMs: undefined, outcome: { kind: 'answer', afterMs: 10, hangUpAfterMs: 3_000 } };
    default:
      return { ringAfterMs: 200, outcome: { kind: 'answer', afterMs: 1_500, hangUpAfterMs: undefined } };
  }
}

describe('calls over a link that loses, doubles and reorders', () => {
  const rows: readonly { readonly name: string; readonly faults: LinkFaults }[] = [
    { name: 'a tenth is lost', faults: { loss: 0.1, duplication: 0, delayMaxMs: 1 } },
    { name: 'a fifth is doubled', faults: { loss: 0, duplication: 0.2, delayMaxMs: 1 } },
    { name: 'messages overtake each other', faults: { loss: 0, duplication: 0.1, delayMaxMs: 300 } },
    { name: 'all of it', faults: { loss: 0.1, duplication: 0.2, delayMaxMs: 200 } },
  ];
  for (const row of rows) {
    const seed = Number(process.env['FIRSTLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    it(`${row.name}: every call ends on both sides and nothing remains (seed ${seed})`, () => {
      const link = new SimulatedLink({ seed, faults: row.faults });
      const caller = link.add({ name: 'caller', address: '192.0.2.1' });
      const callee = link.add({
        name: 'callee',
        address: '192.0.2.2',
        answer: (request) => planFor(/Call-ID: (\S+)/.exec(request.head)?.[1] ?? ''),
      });
      const starts = seededRandom(seed + 1);
      for (let ordinal = 0; ordinal < callCount; ordinal += 1) {
        link.run(link.now + starts.fraction() * 300);
        link.submit('caller', {
          kind: 'call',
          call: {
            callId: `call-${ordinal}`,
            requestUri: 'urn:service:sos',
            fromUri: 'sip:caller@192.0.2.1',
            firstHop: { host: '192.0.2.2', port: 5060, transport: 'udp' },
            headers: [],
            body: undefined,
            giveUpAfterMs: 25_000,
            hangUpAfterMs: 6_000,
          },
        });
      }
      link.run();
      expect(link.remains()).toBe(0);
      for (const station of [caller, callee]) {
        const ended = station.events.filter((event) => event.kind === 'ended').map((event) => event.callId);
        expect(new Set(ended).size).toBe(ended.length);
        expect(ended.length).toBe(callCount);
      }
      const answered = caller.events.filter((event) => event.kind === 'answered');
      // Three of ten plans refuse, never answer, or answer; losses take some of the rest only where 64*T1 runs out.
      expect(answered.length).toBe((callCount / 10) * 8);
    });
  }
});
