import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  defaultMessageLimits,
  parseMessage,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/sip/index.ts';

/** What a test message is made of; what is left out is faultless. */
export interface MessageParts {
  readonly startLine?: string;
  /** In place of the header of that name in the base set; undefined leaves it out. */
  readonly replace?: Readonly<Record<string, string | undefined>>;
  /** Lines after the base set. */
  readonly extra?: readonly string[];
  readonly body?: string | Buffer;
}

const baseHeaders: readonly (readonly [string, string])[] = [
  ['Via', 'SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-1;rport'],
  ['Max-Forwards', '70'],
  ['From', '"Caller" <sip:caller@example.net>;tag=f1'],
  ['To', '<urn:service:sos>'],
  ['Call-ID', 'c1@192.0.2.4'],
  ['CSeq', '1 INVITE'],
];

/** The bytes of a message: an INVITE for `urn:service:sos` unless said otherwise, with its Content-Length. */
export function sipBytes(parts: MessageParts = {}): Buffer {
  const replace = parts.replace ?? {};
  const body = Buffer.isBuffer(parts.body) ? parts.body : Buffer.from(parts.body ?? '', 'latin1');
  const lines = [parts.startLine ?? 'INVITE urn:service:sos SIP/2.0'];
  for (const [name, value] of [...baseHeaders, ['Content-Length', String(body.length)] as const]) {
    const given = name in replace ? replace[name] : value;
    if (given !== undefined) lines.push(`${name}: ${given}`);
  }
  lines.push(...(parts.extra ?? []), '', '');
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body]);
}

/** Parses bytes that must be a message of some sort. */
export function parsed(bytes: Buffer | string, framing: 'datagram' | 'stream' = 'datagram'): SipMessage {
  const source = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  const outcome = parseMessage(source, { framing, limits: defaultMessageLimits });
  if (outcome.kind !== 'message') throw new Error(`no message: ${outcome.error.message}`);
  return outcome.message;
}

/** A request made of parts. */
export function requestOf(parts: MessageParts = {}): SipRequest {
  const message = parsed(sipBytes(parts));
  if (message.kind !== 'request') throw new Error('not a request');
  return message;
}

/** A response made of parts; a 200 unless said otherwise. */
export function responseOf(parts: MessageParts = {}): SipResponse {
  const message = parsed(sipBytes({ startLine: 'SIP/2.0 200 OK', ...parts }));
  if (message.kind !== 'response') throw new Error('not a response');
  return message;
}

/** `severity status text` of each defect, in order. */
export function defectTexts(message: SipMessage): readonly string[] {
  return message.defects.map((defect) => `${defect.severity} ${defect.statusCode} ${defect.message}`);
}

/** Folder of the published and hostile messages, where the environment names it. */
export const vectorsFolder: string | undefined = process.env['FIRSTLINE_VECTORS'];

/** Name and bytes of every file of a vectors' folder that ends so; empty where there are no vectors. */
export function vectorFiles(folder: string, ending: string): readonly (readonly [string, Buffer])[] {
  if (vectorsFolder === undefined) return [];
  const path = join(vectorsFolder, folder);
  const names = readdirSync(path).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => [name, readFileSync(join(path, name))] as const);
}

/** Processor time in milliseconds that a piece of work takes; what else runs on the machine does not count. */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
