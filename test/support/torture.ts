import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  callId,
  defaultMessageLimits,
  parseMessage,
  requestUriOf,
  routes,
  type SipMessage,
  topVia,
} from '../../src/sip/message/index.ts';
import type { Uri } from '../../src/sip/uri/index.ts';
import type { DnsAnswer } from './net-dns.ts';
import { vectorsFolder } from './sip-builders.ts';

/** One message of RFC 4475 or RFC 5118, and what a proxy may make of it. */
export interface TortureMessage {
  readonly document: 'RFC 4475' | 'RFC 5118';
  readonly name: string;
  readonly section: string;
  readonly kind: 'request' | 'response';
  readonly syntax: 'valid' | 'invalid';
  /** What a proxy may do, the document's preference first. */
  readonly proxy: readonly string[];
  readonly bytes: Buffer;
}

interface Row {
  readonly name: string;
  readonly file: string;
  readonly section: string;
  readonly kind?: 'request' | 'response';
  readonly syntax: 'valid' | 'invalid';
  readonly expect: { readonly proxy: readonly string[] };
}

/** All messages of both documents; empty where there are no vectors. */
export function tortureMessages(): readonly TortureMessage[] {
  return [...read('RFC 4475', 'torture/rfc4475'), ...read('RFC 5118', 'torture/rfc5118')];
}

function read(document: TortureMessage['document'], folder: string): readonly TortureMessage[] {
  if (vectorsFolder === undefined) return [];
  const path = join(vectorsFolder, folder);
  const rows: readonly Row[] = JSON.parse(readFileSync(join(path, 'expectations.json'), 'utf8')).messages;
  return rows.map((row) => {
    const bytes = readFileSync(join(path, row.file));
    const isResponse = bytes.toString('latin1', 0, 4) === 'SIP/';
    return {
      document,
      name: row.name,
      section: row.section,
      kind: isResponse ? 'response' : 'request',
      syntax: row.syntax,
      proxy: row.expect.proxy,
      bytes,
    };
  });
}

/** A message as the parser gives it; what is no SIP at all is an error. */
export function parsedTorture(bytes: Buffer): SipMessage {
  const outcome = parseMessage(Buffer.from(bytes), { framing: 'datagram', limits: defaultMessageLimits });
  if (outcome.kind !== 'message') throw new Error(outcome.error.message);
  return outcome.message;
}

/**
 * The messages with Call-IDs and branches that no two share, as several have in the documents: one would be taken for a
 * retransmission of another. `run` sets those of one run apart from another's. Lengths of bodies stay.
 */
export function distinct(messages: readonly TortureMessage[], run = ''): readonly TortureMessage[] {
  const seen = new Set<string>();
  return messages.map((each) => {
    const message = parsedTorture(each.bytes);
    const via = topVia(message);
    const branch = via.ok ? (via.value.branch ?? '') : '';
    const names = [`branch ${branch}`, `id ${callId(message) ?? ''}`];
    const isNew = run === '' && names.every((name) => !seen.has(name));
    for (const name of names) seen.add(name);
    return isNew ? each : { ...each, bytes: renamed(each.bytes, branch, `${run}${each.name}`) };
  });
}

function renamed(bytes: Buffer, branch: string, mark: string): Buffer {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  const head = headEnd < 0 ? text : text.slice(0, headEnd);
  // The branch of nothing but the cookie is what its message is about.
  const isNamed = branch.length > 'z9hG4bK'.length;
  const branched = isNamed ? head.replace(branch, () => `${branch}${mark}`) : head;
  const changed = branched.replace(/^((?:i|Call-ID)[ \t]*:\s*)/gim, `$1${mark}.`);
  return Buffer.from(changed + text.slice(head.length), 'latin1');
}

/** Ports that the messages name for answers and next hops, and a zone in which their names are an address of ours. */
export function placesOf(messages: readonly TortureMessage[]): {
  readonly ports: readonly number[];
  readonly zone: Readonly<Record<string, DnsAnswer>>;
} {
  const ports = new Set([5060]);
  const zone: Record<string, DnsAnswer> = {};
  const note = (uri: Uri): void => {
    if (uri.kind !== 'sip') return;
    zone[uri.host.toLowerCase()] = { a: ['10.99.0.1'] };
    if (uri.port !== undefined) ports.add(uri.port);
  };
  for (const each of messages) {
    const message = parsedTorture(each.bytes);
    const via = topVia(message);
    if (via.ok && via.value.port !== undefined) ports.add(via.value.port);
    const requestUri = message.kind === 'request' ? requestUriOf(message) : undefined;
    if (requestUri?.ok) note(requestUri.value);
    const values = routes(message);
    for (const route of values.ok ? values.value : []) note(route.uri);
  }
  return { ports: [...ports], zone };
}
