import { describe, expect, it } from 'vitest';
import { RouteTokens } from '../../../../src/sip/proxy/flow-token.ts';
import type { Destination } from '../../../../src/sip/transaction/index.ts';
import { SeededRandom } from '../../../support/manual-clock.ts';
import { allListeners, secrets } from '../../../support/routing-listeners.ts';

const [udp] = allListeners;

function tokens(nodeId = 'node-1', listeners = allListeners): RouteTokens {
  return new RouteTokens({ secrets, listeners, nodeId });
}

const stream = { local: undefined, onlyConnection: true } as const;
const flows: readonly (readonly [string, Destination])[] = [
  [
    'TCP',
    { ...stream, transport: 'tcp', remote: { address: '203.0.113.1', port: 40_001 }, connectionId: '17' },
  ],
  [
    'TLS by IPv6',
    { ...stream, transport: 'tls', remote: { address: '2001:db8::7', port: 1 }, connectionId: 'tls-9' },
  ],
  [
    'a zone',
    { ...stream, transport: 'ws', remote: { address: 'fe80::1%eth0', port: 65_535 }, connectionId: 'x' },
  ],
  ['WSS', { ...stream, transport: 'wss', remote: { address: '255.255.255.255', port: 0 }, connectionId: '' }],
  [
    'UDP',
    {
      transport: 'udp',
      remote: { address: '203.0.113.1', port: 5060 },
      connectionId: undefined,
      local: udp.local,
    },
  ],
];

describe('RouteTokens', () => {
  it.each(flows)('%s comes back as it went, with and without the mark of an emergency', (_name, flow) => {
    for (const isEmergency of [true, false]) {
      const token = tokens().write(flow, isEmergency);
      expect(token).toMatch(/^[\w-]{30,80}$/);
      expect(tokens().read(token ?? '')).toEqual({ isEmergency, flow });
    }
  });

  it('the mark alone is 15 characters, and nothing to say is no token', () => {
    const mark = tokens().write(undefined, true);
    expect(mark).toHaveLength(15);
    expect(tokens().read(mark ?? '')).toEqual({ isEmergency: true, flow: undefined });
    expect(tokens().write(undefined, false)).toBeUndefined();
  });

  it('one flow has one token, however often it is asked for; flows differ', () => {
    const maker = tokens();
    const all = flows.flatMap(([, flow]) => [maker.write(flow, true), maker.write(flow, false)]);
    expect(new Set(all).size).toBe(all.length);
    expect(flows.flatMap(([, flow]) => [maker.write(flow, true), maker.write(flow, false)])).toEqual(all);
  });

  it("another node's connection is none of ours; datagrams hold for the listener", () => {
    for (const [name, flow] of flows) {
      const token = tokens().write(flow, true) ?? '';
      const elsewhere = tokens('node-2').read(token);
      expect(elsewhere).toEqual({ isEmergency: true, flow: name === 'UDP' ? flow : undefined });
    }
    const moved = { ...udp, local: { address: '192.0.2.9', port: 5060 } };
    const token = tokens().write(flows[4]?.[1], false) ?? '';
    expect(tokens('node-1', [moved]).read(token)).toEqual({ isEmergency: false, flow: undefined });
  });

  it('no other text is a token: 20,000 changes of good ones, and noise', () => {
    const seed = 20_260_101;
    const random = new SeededRandom(seed);
    const reader = tokens();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/.%';
    const letter = (): string => alphabet[Math.floor(random.fraction() * alphabet.length)] ?? '';
    const good = flows.map(([, flow]) => reader.write(flow, true) ?? '');
    for (let round = 0; round < 20_000; round += 1) {
      const base = good[round % good.length] ?? '';
      const at = Math.floor(random.fraction() * base.length);
      const kind = round % 4;
      let text = base.slice(0, at) + letter() + base.slice(at + 1);
      if (kind === 1) text = base.slice(0, at);
      if (kind === 2) text = base.slice(0, at) + letter() + base.slice(at);
      if (kind === 3) text = Array.from({ length: at + 1 }, letter).join('');
      if (good.includes(text)) continue;
      expect(reader.read(text), `seed ${seed}, round ${round}: ${text}`).toBeUndefined();
    }
  });

  it('forgets at its limit and makes the same token again', () => {
    const maker = tokens();
    const at = (port: number): Destination => ({
      ...stream,
      transport: 'tcp',
      remote: { address: '203.0.113.1', port },
      connectionId: String(port),
    });
    const first = maker.write(at(1), false);
    for (let port = 2; port < 10_010; port += 1) maker.write(at(port), false);
    expect(maker.write(at(1), false)).toBe(first);
  });
});
