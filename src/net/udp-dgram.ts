import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import type { Endpoint } from '../sip/index.ts';
import type { OnDatagramRefused, UdpSocket, UdpSocketOptions } from './udp-socket.ts';

/** How long a destination that took a datagram is sent to without asking the kernel again whether it did. */
const verdictMs = 500;
const verdictsMax = 10_000;

/**
 * A UDP socket of Node's own. With a lookup of its own and no callback a send costs about what the system call costs.
 * A callback is spent on the first send to an address and then every half second, so that a missing route is still
 * reported while the traffic to it goes on.
 */
export async function openDgramSocket(options: UdpSocketOptions): Promise<UdpSocket> {
  const { family, address, port } = options;
  const isIpv4 = family === 'ipv4';
  const socket = createSocket({
    type: isIpv4 ? 'udp4' : 'udp6',
    ipv6Only: !isIpv4,
    lookup: literalLookup(isIpv4 ? 4 : 6),
  });
  try {
    await bound(socket, { address, port });
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', options.onProblem);
  try {
    socket.setRecvBufferSize(options.receiveBufferBytes);
    socket.setSendBufferSize(options.sendBufferBytes);
  } catch (error) {
    // Some systems refuse sizes over their maximum instead of giving the maximum; the default sizes then stay.
    options.onProblem(new Error('cannot enlarge the UDP socket buffers', { cause: error }));
  }
  socket.on('message', (bytes, remote) =>
    options.onDatagram(bytes, { address: remote.address, port: remote.port }),
  );
  return new DgramSocket(socket);
}

class DgramSocket implements UdpSocket {
  readonly kind = 'dgram';
  readonly local: Endpoint;
  readonly #socket: Socket;
  /** Address → when the next send to it asks for a verdict. */
  readonly #verdictDue = new Map<string, number>();

  constructor(socket: Socket) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.local = { address, port };
  }

  send(bytes: Buffer, remote: Endpoint, onRefused: OnDatagramRefused): void {
    if (!this.#wantsVerdict(remote.address)) {
      this.#socket.send(bytes, remote.port, remote.address);
      return;
    }
    this.#socket.send(bytes, remote.port, remote.address, (error) => {
      if (error === null) return;
      this.#verdictDue.delete(remote.address);
      onRefused(error);
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #wantsVerdict(address: string): boolean {
    const now = performance.now();
    const due = this.#verdictDue.get(address);
    if (due !== undefined && now < due) return false;
    if (this.#verdictDue.size >= verdictsMax) this.#verdictDue.clear();
    this.#verdictDue.set(address, now + verdictMs);
    return true;
  }
}

async function bound(socket: Socket, at: { readonly address: string; readonly port: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(at, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

/** Node asks for a lookup on each send, for literals too; the default one costs a task in the next tick. */
function literalLookup(family: 4 | 6): NonNullable<SocketOptions['lookup']> {
  return (address, _options, done) => done(null, address, family);
}
