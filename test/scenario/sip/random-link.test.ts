import { describe, expect, it } from 'vitest';
import { defaultMessageLimits } from '../../../src/sip/message/index.ts';
import { defaultProxyLimits, defaultProxyTimers, ProxyCore } from '../../../src/sip/proxy/index.ts';
import { type Behaviour, Callee, Caller } from '../../support/link-agents.ts';
import { type LinkQuality, LinkSimulation, ProxyStation } from '../../support/link-simulation.ts';
import { SeededRandom } from '../../support/manual-clock.ts';
import { forwardTo, nothingOpen } from '../../support/proxy-harness.ts';

const proxyPlace = { address: '192.0.2.1', port: 5060 };
const callsPerRun = 40;

/** Plays some calls of all kinds over one link. */
function play(seed: number, quality: LinkQuality) {
  const random = new SeededRandom(seed);
  const link = new LinkSimulation(random, quality);
  const core = new ProxyCore({
    listeners: [
      { transport: 'udp', local: proxyPlace, announced: { host: '192.0.2.1', port: 5060 }, ingress: 'x' },
    ],
    random,
    timers: defaultProxyTimers,
    limits: defaultProxyLimits,
    messageLimits: defaultMessageLimits,
    decideTimeoutMs: 250,
    resolveTimeoutMs: 250,
    serverName: undefined,
    fallbackDecision: () => forwardTo(['sip:198.51.100.3']),
  });
  const proxy = new ProxyStation({
    link,
    core,
    place: proxyPlace,
    decide: () =>
      forwardTo([
        { routeUri: 'sip:198.51.100.2', timeoutMs: 8000, silenceTimeoutMs: 3000 },
        { routeUri: 'sip:198.51.100.3', timeoutMs: 20_000 },
      ]),
  });
  const behave = (): Behaviour => ({
    ringings: Math.floor(random.fraction() * 4),
    finalStatus: [200, 200, 486, 503, 603, 302, undefined][Math.floor(random.fraction() * 7)],
    pauseMs: random.fraction() * 4000,
    isDead: random.fraction() < 0.05,
  });
  const callees = ['198.51.100.2', '198.51.100.3'].map(
    (address) => new Callee(link, { address, port: 5060 }, behave),
  );
  const caller = new Caller(link, { address: '203.0.113.1', port: 5080 }, proxyPlace);
  for (let call = 0; call < callsPerRun; call += 1) {
    const cancelAfterMs = random.fraction() < 0.3 ? random.fraction() * 12_000 : undefined;
    link.at(random.fraction() * 20_000, (now) => caller.placeCall(now, cancelAfterMs));
  }
  link.run();
  return { core, proxy, caller, callees };
}

describe('calls over a bad link', () => {
  const seed = Date.now() % 1_000_000_000;

  it.each([
    ['faultless', { loss: 0, duplication: 0, delayMaxMs: 0 }],
    ['slow and out of order', { loss: 0, duplication: 0, delayMaxMs: 900 }],
    ['doubling', { loss: 0, duplication: 0.5, delayMaxMs: 100 }],
    ['losing', { loss: 0.15, duplication: 0, delayMaxMs: 50 }],
    ['all of it', { loss: 0.15, duplication: 0.2, delayMaxMs: 700 }],
  ])('%s: one kind of final answer each, and nothing remains', (_name, quality) => {
    for (let run = 0; run < 8; run += 1) {
      const { core, proxy, caller, callees } = play(seed + run, quality);
      const label = `seed ${seed + run}`;
      expect(caller.calls, label).toHaveLength(callsPerRun);
      for (const call of caller.calls) {
        const kinds = new Set(call.finals.map((status) => (status < 300 ? 'answer' : 'refusal')));
        // A caller gives up by itself when seven INVITEs brought nothing, or 64*T1 after its CANCEL (RFC 3261 §9.1).
        if (call.timedOut) expect(!call.heardAnything || call.wantsCancel, label).toBe(true);
        else expect([...kinds], `${label} call ${call.callId}`).toHaveLength(1);
        if (kinds.has('refusal')) expect(call.finals, label).toHaveLength(1);
      }
      expect(
        callees.some((callee) => callee.callCount > 0),
        label,
      ).toBe(true);
      expect(core.counts(), label).toEqual(nothingOpen);
      for (const station of [caller, ...callees]) {
        expect(station.layer.counts(), label).toEqual({ clients: 0, servers: 0, timers: 0 });
      }
      const asked = proxy.events.filter((event) => event.kind === 'done').length;
      const finals = new Set(
        proxy.events.flatMap((event) => (event.kind === 'final' ? [event.decideId] : [])),
      );
      expect(asked, label).toBe(finals.size);
    }
  });
});
