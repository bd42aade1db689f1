import { connect } from 'node:net';
import { ok } from '../base/index.ts';
import type { Destination } from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import type { StreamWire } from './stream-wire.ts';

/** An idle connection is tried by the operating system after so long. */
export const keepAliveDelayMs = 60_000;

/** TCP proves nothing but the peer's address, so requests to that address may go on any connection with it. */
export const tcpWire: StreamWire = {
  kind: 'tcp',
  pendingCount: 0,
  reusesAccepted: true,
  prepare: async () => (socket, _remote, onReady) => onReady(socket, undefined),
  open: ({ remote }: Destination) => {
    const socket = connect({
      host: remote.address,
      port: remote.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
    });
    return ok({ socket, readyEvent: 'connect', judge: () => ok(undefined) });
  },
  poolKey: (remote) => endpointText(remote),
  stop: () => undefined,
};
