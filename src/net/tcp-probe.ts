import { connect } from 'node:net';
import type { TcpProbe } from './tcp-reach.ts';

/** Opens a TCP connection and closes it again without a byte. */
export function tcpProbe(options: { readonly timeoutMs: number }): TcpProbe {
  return ({ remote }) =>
    new Promise((resolve) => {
      const socket = connect({ host: remote.address, port: remote.port });
      const end = (isReached: boolean): void => {
        socket.destroy();
        resolve(isReached);
      };
      socket.setTimeout(options.timeoutMs, () => end(false));
      socket.on('connect', () => end(true));
      socket.on('error', () => end(false));
    });
}
