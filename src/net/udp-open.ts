import { DependencyError, errorText } from '../base/index.ts';
import { endpointText } from './addresses.ts';
import { loadUdpBatch } from './udp-batch.ts';
import { openDgramSocket } from './udp-dgram.ts';
import type { UdpBatchMode, UdpSocket, UdpSocketOptions } from './udp-socket.ts';

/** Opens a socket of the best kind that the machine has; throws `net.listenFailed`. */
export async function openUdpSocket(mode: UdpBatchMode, options: UdpSocketOptions): Promise<UdpSocket> {
  try {
    const openBatchSocket = mode === 'auto' ? loadUdpBatch() : undefined;
    return openBatchSocket === undefined ? await openDgramSocket(options) : openBatchSocket(options);
  } catch (cause) {
    const where = endpointText({ address: options.address, port: options.port });
    throw new DependencyError(
      'net.listenFailed',
      `cannot listen on udp ${where}: ${errorText(cause)}`,
      cause,
    );
  }
}
