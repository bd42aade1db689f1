import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { decode, encode } from 'dns-packet';
import type { Fraction } from './mutate.ts';

/** A UDP socket on loopback. */
export interface Port {
  readonly socket: Socket;
  readonly port: number;
  close(): void;
}

export async function openPort(port = 0): Promise<Port> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', resolve);
  });
  socket.setRecvBufferSize(4 * 1024 * 1024);
  return { socket, port: (socket.address() as AddressInfo).port, close: () => socket.close() };
}

/** A name server that knows no name, so that nothing is asked of the world. */
export async function startNameServer(): Promise<Port> {
  const server = await openPort();
  server.socket.on('message', (bytes, remote) => {
    try {
      const { id, questions } = decode(bytes);
      const answer = encode({ type: 'response', id: id ?? 0, flags: 3, questions: questions ?? [] });
      server.socket.send(answer, remote.port, remote.address);
    } catch {
      // What is no question gets no answer.
    }
  });
  return server;
}

/** What the answering point saw. */
export interface PsapSide extends Port {
  requests: number;
  readonly faults: string[];
}

const finals = [
  '200 OK',
  '486 Busy Here',
  '404 Not Found',
  '503 Service Unavailable',
  '302 Moved Temporarily',
  '600 Busy Everywhere',
];

/**
 * An answering point that answers most requests, in many ways, and now and then nothing; it looks at the frame of each
 * request with `check`.
 */
export async function startPsap(
  fraction: Fraction,
  check: (bytes: Buffer) => string | undefined,
): Promise<PsapSide> {
  const port = await openPort();
  const side: PsapSide = { ...port, requests: 0, faults: [] };
  port.socket.on('message', (bytes, remote) => {
    const text = bytes.toString('latin1');
    if (text.startsWith('SIP/2.0 ')) return;
    side.requests += 1;
    const fault = check(bytes);
    if (fault !== undefined && side.faults.length < 20)
      side.faults.push(`${fault} in ${JSON.stringify(text.slice(0, 600))}`);
    const method = text.slice(0, text.indexOf(' '));
    if (method === 'ACK' || fraction() < 0.1) return;
    const isInvite = method === 'INVITE';
    if (isInvite && fraction() < 0.7) answer(port, remote, text, '180 Ringing');
    if (isInvite && fraction() < 0.1) answer(port, remote, text, '183 Session Progress');
    const final = isInvite ? (finals[Math.floor(fraction() * finals.length)] ?? '') : '200 OK';
    answer(port, remote, text, final);
  });
  return side;
}

const longForms: Readonly<Record<string, string>> = { f: 'from', t: 'to', i: 'call-id' };

function answer(
  from: Port,
  remote: { port: number; address: string },
  request: string,
  status: string,
): void {
  const head = request.slice(0, request.indexOf('\r\n\r\n')).split('\r\n');
  const seen = new Set<string>();
  const lines: string[] = [];
  for (const line of head) {
    const name = /^(via|v|from|f|to|t|call-id|i|cseq|record-route)[ \t]*:/i.exec(line)?.[1]?.toLowerCase();
    const isRepeatable = name === 'via' || name === 'v' || name === 'record-route';
    const key = name === undefined || isRepeatable ? name : (longForms[name] ?? name);
    if (key === undefined || (!isRepeatable && seen.has(key))) continue;
    seen.add(key);
    lines.push(key === 'to' && !/;tag=/i.test(line) ? `${line};tag=psap` : line);
  }
  const contact = `Contact: <sip:psap@127.0.0.1:${from.port}>`;
  from.socket.send(
    `SIP/2.0 ${status}\r\n${[...lines, contact, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`,
    remote.port,
    remote.address,
  );
}
