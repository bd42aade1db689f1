import { describe, expect, it } from 'vitest';
import type { MonoMs } from '../../../src/base/index.ts';
import {
  callId,
  cseq,
  defaultMessageLimits,
  headerValues,
  type SipMessage,
  topVia,
} from '../../../src/sip/message/index.ts';
import {
  defaultProxyLimits,
  defaultProxyTimers,
  ProxyCore,
  type ProxyTarget,
  type RequestDecision,
} from '../../../src/sip/proxy/index.ts';
import { type Behaviour, Callee, Caller } from '../../support/link-agents.ts';
import { type LinkQuality, LinkSimulation, ProxyStation } from '../../support/link-simulation.ts';
import { SeededRandom } from '../../support/manual-clock.ts';
import { forwardTo, nothingOpen } from '../../support/proxy-harness.ts';

const proxyPlace = { address: '192.0.2.1', port: 5060 };
const callsPerRun = 30;
const addresses = ['198.51.100.2', '198.51.100.3', '198.51.100.4', '198.51.100.5'];
const names = new Map([
  ['both.example.org', ['198.51.100.2', '198.51.100.3']],
  ['all.example.org', addresses],
  ['none.example.org', []],
]);

/** Adds up what the open branches of a call hold, as it shows on the wire (RFC 5393 §5.3.2). */
class BreadthWatch {
  /** When a branch ends by itself, by what was seen of it: timer B, or 64*T1 after its CANCEL. */
  readonly #open = new Map<string, { readonly call: string; readonly breadth: number; endsAt: number }>();
  worst = 0;
  branches = 0;

  observe(now: MonoMs, direction: 'in' | 'out', message: SipMessage): void {
    const via = topVia(message);
    const sequence = cseq(message);
    if (!via.ok || !sequence.ok) return;
    const held = this.#open.get(via.value.branch ?? '');
    if (direction === 'in' && message.kind === 'response' && sequence.value.method === 'INVITE') {
      if (held !== undefined) held.endsAt = message.statusCode >= 200 ? now : Number.POSITIVE_INFINITY;
    } else if (direction === 'out' && message.kind === 'request') {
      if (message.method === 'CANCEL' && held !== undefined && held.endsAt > now + 32_000) {
        held.endsAt = now + 32_000;
      }
      if (message.method === 'INVITE' && held === undefined) this.#add(now, message, via.value.branch ?? '');
    }
  }

  #add(now: MonoMs, invite: SipMessage, branch: string): void {
    const call = callId(invite) ?? '';
    const breadth = Number(headerValues(invite, 'max-breadth')[0]);
    this.branches += 1;
    this.#open.set(branch, { call, breadth, endsAt: now + 32_000 });
    let sum = 0;
    for (const each of this.#open.values()) if (each.call === call && each.endsAt > now) sum += each.breadth;
    this.worst = Math.max(this.worst, sum);
  }
}

/** Some decision: serial, parallel and mixed, to addresses and names, with and without patience. */
function randomDecision(random: SeededRandom, isEmergency: boolean): RequestDecision {
  const hosts = [...addresses, ...names.keys()];
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.fraction() * values.length)] as T;
  const count = 1 + Math.floor(random.fraction() * 4);
  const targets = Array.from({ length: count }, (): Partial<ProxyTarget> => {
    return {
      routeUri: `sip:${pick(hosts)}`,
      timeoutMs: pick([3000, 9000, 40_000]),
      silenceTimeoutMs: pick([undefined, 1000, 3000]),
      withPrevious: random.fraction() < 0.5,
    };
  });
  return forwardTo(targets, {
    failover: isEmergency ? 'all' : pick(['serverErrors', 'none'] as const),
    redirects: pick([undefined, { kind: 'recurse', keepsRequestUri: true } as const]),
  });
}

function play(seed: number, quality: LinkQuality, isEmergency: boolean) {
  const random = new SeededRandom(seed);
  const breadthMax = [60, 4, 1][seed % 3] ?? 60;
  const link = new LinkSimulation(random, quality);
  const core = new ProxyCore({
    listeners: [
      { transport: 'udp', local: proxyPlace, announced: { host: '192.0.2.1', port: 5060 }, ingress: 'x' },
    ],
    random,
    timers: defaultProxyTimers,
    limits: { ...defaultProxyLimits, breadthMax },
    messageLimits: defaultMessageLimits,
    decideTimeoutMs: 3000,
    resolveTimeoutMs: 200,
    serverName: undefined,
    fallbackDecision: () => forwardTo(['sip:198.51.100.3']),
  });
  const watch = new BreadthWatch();
  const proxy = new ProxyStation({
    link,
    core,
    place: proxyPlace,
    names,
    decide: () => randomDecision(random, isEmergency),
    observe: (now, direction, message) => watch.observe(now, direction, message),
  });
  const behave = (): Behaviour => ({
    ringings: Math.floor(random.fraction() * 3),
    finalStatus: [200, 200, 486, 503, 603, 302, 407, undefined][Math.floor(random.fraction() * 8)],
    pauseMs: random.fraction() * 6000,
    isDead: random.fraction() < 0.2,
    contact: `<sip:${addresses[Math.floor(random.fraction() * 4)]}>`,
  });
  const callees = addresses.map((address) => new Callee(link, { address, port: 5060 }, behave));
  const caller = new Caller(link, { address: '203.0.113.1', port: 5080 }, proxyPlace);
  for (let call = 0; call < callsPerRun; call += 1) {
    const cancelAfterMs = random.fraction() < 0.3 ? random.fraction() * 12_000 : undefined;
    link.at(random.fraction() * 20_000, (now) => caller.placeCall(now, cancelAfterMs));
  }
  link.run();
  return { core, proxy, caller, callees, watch, breadthMax };
}

describe('forked calls over a bad link', () => {
  const seed = Date.now() % 1_000_000_000;

  it.each([
    ['faultless', { loss: 0, duplication: 0, delayMaxMs: 0 }],
    ['slow and out of order', { loss: 0, duplication: 0, delayMaxMs: 900 }],
    ['all of it', { loss: 0.15, duplication: 0.2, delayMaxMs: 700 }],
  ])(
    '%s: one kind of final answer each, no more breadth than there is, and nothing remains',
    (_name, quality) => {
      for (let run = 0; run < 6; run += 1) {
        const { core, proxy, caller, callees, watch, breadthMax } = play(seed + run, quality, run % 2 === 0);
        const label = `seed ${seed + run}`;
        for (const call of caller.calls) {
          const kinds = new Set(call.finals.map((status) => (status < 300 ? 'answer' : 'refusal')));
          if (call.timedOut) expect(!call.heardAnything || call.wantsCancel, label).toBe(true);
          else expect([...kinds], `${label} call ${call.callId}`).toHaveLength(1);
          if (kinds.has('refusal')) expect(call.finals, label).toHaveLength(1);
        }
        // An emergency call goes on beside silent ones even where nothing is left to share out.
        if (run % 2 === 1) expect(watch.worst, label).toBeLessThanOrEqual(breadthMax);
        expect(watch.branches, label).toBeGreaterThan(callsPerRun / 2);
        expect(core.counts(), label).toEqual(nothingOpen);
        for (const station of [caller, ...callees]) {
          expect(station.layer.counts(), label).toEqual({ clients: 0, servers: 0, timers: 0 });
        }
        const done = proxy.events.filter((event) => event.kind === 'done').length;
        const finals = new Set(
          proxy.events.flatMap((event) => (event.kind === 'final' ? [event.decideId] : [])),
        );
        expect(done, label).toBe(finals.size);
      }
    },
  );
});
