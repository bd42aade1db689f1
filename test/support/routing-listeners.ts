import type { Listener, Transport } from '../../src/sip/transaction/index.ts';

/** Listeners of every transport, both families: what tests of Record-Route and flows need. */
export const allListeners: readonly [Listener, ...Listener[]] = [
  at('udp', '192.0.2.1', 5060),
  at('tcp', '192.0.2.1', 5060),
  at('tls', '192.0.2.1', 5061),
  at('ws', '192.0.2.1', 5062),
  at('wss', '192.0.2.1', 5063),
  at('udp', '2001:db8::1', 5060),
  at('tcp', '2001:db8::1', 5060),
  at('tls', '2001:db8::1', 5061),
  at('ws', '2001:db8::1', 5062),
  at('wss', '2001:db8::1', 5063),
];

/** Two secrets: the first signs. */
export const secrets: readonly Buffer[] = [
  Buffer.from('0123456789abcdef'),
  Buffer.from('an older secret, still taken'),
];

function at(transport: Transport, address: string, port: number): Listener {
  return { transport, local: { address, port }, announced: { host: address, port }, ingress: 'test' };
}
