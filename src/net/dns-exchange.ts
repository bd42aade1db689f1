import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { errorText } from '../base/index.ts';
import { familyOf } from './addresses.ts';
import type { NameServer } from './dns-config.ts';
import { type DnsReply, encodeQuery, readReply } from './dns-message.ts';
import type { DnsQuestion } from './dns-types.ts';

/** What came of asking one server: its reply, or why there is none. */
export type ExchangeResult =
  | Exclude<DnsReply, { readonly kind: 'foreign' }>
  | { readonly kind: 'unreachable'; readonly why: string };

/** An exchange under way. */
export interface Exchange {
  /** Gives up; the callback is not called any more. May be called twice. */
  close(): void;
}

export interface ExchangeOptions {
  readonly server: NameServer;
  readonly question: DnsQuestion;
  /** Unpredictable, 0 to 65,535 (RFC 5452 §9.2). */
  readonly id: number;
  readonly edns: boolean;
  /** Called at most once, never before the function returned. */
  readonly onResult: (result: ExchangeResult) => void;
}

const streamMessageMax = 65_535;

/**
 * Asks by one datagram, from a socket of its own: the kernel picks the port at random (RFC 5452 §9.2) and, the socket
 * being connected, lets only datagrams of that server through. What answers another question is passed over.
 */
export function askByUdp(options: ExchangeOptions): Exchange {
  const { server, question, id } = options;
  const socket = createSocket(familyOf(server.address) === 'ipv6' ? 'udp6' : 'udp4');
  const once = onceOnly(options.onResult, () => socket.close());
  socket.on('error', (error) => once.end({ kind: 'unreachable', why: errorText(error) }));
  socket.on('message', (bytes) => {
    const reply = readReply(bytes, id, question);
    if (reply.kind !== 'foreign') once.end(reply);
  });
  socket.on('connect', () => {
    if (once.isOver()) return;
    socket.send(encodeQuery(id, question, { edns: options.edns }), (error) => {
      if (error !== null) once.end({ kind: 'unreachable', why: errorText(error) });
    });
  });
  socket.connect(server.port, server.address);
  return { close: once.cancel };
}

/** Asks over a connection of its own (RFC 7766), for answers that no datagram holds. */
export function askByTcp(options: ExchangeOptions): Exchange {
  const { server, question, id } = options;
  const socket = connect({ host: server.address, port: server.port });
  const once = onceOnly(options.onResult, () => socket.destroy());
  let received: Buffer = Buffer.alloc(0);
  socket.on('error', (error) => once.end({ kind: 'unreachable', why: errorText(error) }));
  socket.on('close', () =>
    once.end({ kind: 'unreachable', why: 'the connection was closed without an answer' }),
  );
  socket.on('connect', () => {
    const query = encodeQuery(id, question, { edns: options.edns });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    if (received.length < 2) return;
    const end = 2 + received.readUInt16BE(0);
    if (received.length < end) return;
    const reply = readReply(received.subarray(2, Math.min(end, streamMessageMax + 2)), id, question);
    const isUseless = reply.kind === 'foreign' || reply.kind === 'truncated';
    once.end(isUseless ? { kind: 'unreadable', why: `a ${reply.kind} answer over TCP` } : reply);
  });
  return { close: once.cancel };
}

/** Ends an exchange once, whatever comes first, and closes its socket. */
function onceOnly(
  onResult: (result: ExchangeResult) => void,
  closeSocket: () => void,
): { isOver(): boolean; end(result: ExchangeResult): void; cancel(): void } {
  let isOver = false;
  const cancel = (): void => {
    if (isOver) return;
    isOver = true;
    closeSocket();
  };
  return {
    isOver: () => isOver,
    end: (result) => {
      if (isOver) return;
      cancel();
      onResult(result);
    },
    cancel,
  };
}
