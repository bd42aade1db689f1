import { type Answer, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import { familyOf } from './addresses.ts';
import { dnsName } from './dns-name.ts';
import type { DnsQuestion, DnsRecord } from './dns-types.ts';

/** What a datagram or stream message from a name server says. */
export type DnsReply =
  /** No answer to this question: another id, another question, or not a response. To be passed over. */
  | { readonly kind: 'foreign' }
  /** It cannot be read, or makes no sense. */
  | { readonly kind: 'unreadable'; readonly why: string }
  /** Too large for a datagram: ask by TCP (RFC 7766 §5). */
  | { readonly kind: 'truncated' }
  /** The server would not or could not answer: SERVFAIL, REFUSED and others. */
  | { readonly kind: 'refused'; readonly rcode: number; readonly doubtsEdns: boolean }
  /** Records of the type asked for, at the end of at most `aliasLinksMax` CNAMEs. */
  | { readonly kind: 'records'; readonly records: readonly DnsRecord[]; readonly ttlS: number }
  /** The name is an alias whose target the answer does not hold. */
  | { readonly kind: 'alias'; readonly target: string; readonly links: number; readonly ttlS: number }
  | { readonly kind: 'absent'; readonly isNameAbsent: boolean; readonly ttlS: number | undefined };

/** CNAMEs followed from a name to its records; a chain that is longer, or a circle, is an error of the zone. */
export const aliasLinksMax = 8;
/** Records of one set that are used; a set of more is cut. */
export const recordsPerSetMax = 64;
/** What fits through nearly every path without fragments. */
const ednsPayloadBytes = 1_232;
const ttlLargestS = 0x7fff_ffff;

const rcodes = { formErr: 1, nxDomain: 3, notImp: 4 } as const;

/** A recursive query for one question (RFC 1035 §4.1), with EDNS unless the server does not know it (RFC 6891 §7). */
export function encodeQuery(id: number, question: DnsQuestion, options: { readonly edns: boolean }): Buffer {
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type: question.type, name: question.name, class: 'IN' }],
    additionals: options.edns ? [ednsOption] : [],
  });
}

const ednsOption = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: ednsPayloadBytes,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
} satisfies Answer;

/** Reads what a name server sent in answer to `question` under `id`. Never throws. */
export function readReply(bytes: Buffer, id: number, question: DnsQuestion): DnsReply {
  // The id stands in the first two octets, so that noise is passed over without reading it all.
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== id) return { kind: 'foreign' };
  let packet: DecodedPacket;
  try {
    packet = decode(bytes);
  } catch (error) {
    return headerOnlyReply(bytes) ?? { kind: 'unreadable', why: String(error) };
  }
  // The decoder does not mind a last record whose data goes beyond the end.
  const isCut = decode.bytes > bytes.length;
  if (!packet.flag_qr || !isSameQuestion(packet, question)) return { kind: 'foreign' };
  if (packet.flag_tc) return { kind: 'truncated' };
  if (isCut) return { kind: 'unreadable', why: 'the message ends inside of a record' };
  const rcode = (packet.flags ?? 0) & 0xf;
  if (rcode !== 0 && rcode !== rcodes.nxDomain) return refusal(rcode);
  if (extendedRcode(packet) !== 0) return refusal(rcodes.formErr);
  return readAnswer(packet, question, rcode === rcodes.nxDomain);
}

/** A datagram cut in the middle of a record is still told to be truncated by its header. */
function headerOnlyReply(bytes: Buffer): DnsReply | undefined {
  const flags = bytes.readUInt16BE(2);
  const isResponse = (flags & 0x8000) !== 0;
  return isResponse && (flags & 0x0200) !== 0 ? { kind: 'truncated' } : undefined;
}

function refusal(rcode: number): DnsReply {
  const doubtsEdns = rcode === rcodes.formErr || rcode === rcodes.notImp;
  return { kind: 'refused', rcode, doubtsEdns };
}

/** RFC 5452 §9.1: the question section repeats what was asked. Servers that leave it out of errors are believed. */
function isSameQuestion(packet: DecodedPacket, question: DnsQuestion): boolean {
  const [asked, ...more] = packet.questions ?? [];
  if (asked === undefined) return ((packet.flags ?? 0) & 0xf) !== 0;
  return more.length === 0 && asked.type === question.type && canonical(asked.name) === question.name;
}

function extendedRcode(packet: DecodedPacket): number {
  const option = packet.additionals?.find((record) => record.type === 'OPT');
  return option === undefined ? 0 : option.extendedRcode;
}

function readAnswer(packet: DecodedPacket, question: DnsQuestion, isNameAbsent: boolean): DnsReply {
  const answers = packet.answers ?? [];
  let owner = question.name;
  let ttlS = ttlLargestS;
  for (let links = 0; links <= aliasLinksMax; links += 1) {
    const owned = answers.filter((record) => canonical(record.name) === owner);
    const found = owned.filter((record) => record.type === question.type).slice(0, recordsPerSetMax);
    const records = found.flatMap(toRecord);
    if (records.length > 0) return { kind: 'records', records, ttlS: Math.min(ttlS, smallestTtl(found)) };
    if (found.length > 0) return { kind: 'unreadable', why: `no ${question.type} record is well formed` };
    const alias = owned.find((record) => record.type === 'CNAME');
    if (alias?.type !== 'CNAME') return missing(packet, { owner, links, ttlS, isNameAbsent });
    ttlS = Math.min(ttlS, smallestTtl([alias]));
    owner = canonical(alias.data);
  }
  return { kind: 'unreadable', why: `more than ${aliasLinksMax} CNAMEs` };
}

function missing(
  packet: DecodedPacket,
  end: { owner: string; links: number; ttlS: number; isNameAbsent: boolean },
): DnsReply {
  const authorities = packet.authorities ?? [];
  const negativeTtlS = authorities.flatMap(negativeTtl)[0];
  const says = end.isNameAbsent || negativeTtlS !== undefined;
  if (end.links > 0 && !says) {
    const target = dnsName(end.owner);
    if (target === undefined) return { kind: 'absent', isNameAbsent: true, ttlS: end.ttlS };
    return { kind: 'alias', target, links: end.links, ttlS: end.ttlS };
  }
  // RFC 2308 §2.2: name servers without a start of authority are a referral, so this server does not look for us.
  if (!says && authorities.some((record) => record.type === 'NS')) {
    return { kind: 'unreadable', why: 'a referral to other servers' };
  }
  const ttlS = negativeTtlS === undefined ? undefined : Math.min(negativeTtlS, end.ttlS);
  return { kind: 'absent', isNameAbsent: end.isNameAbsent, ttlS };
}

/** RFC 2308 §5: the smaller of the record's own time and its minimum field. */
function negativeTtl(record: Answer): readonly number[] {
  if (record.type !== 'SOA') return [];
  return [Math.min(smallestTtl([record]), record.data.minimum ?? 0)];
}

function smallestTtl(records: readonly Answer[]): number {
  // RFC 2181 §8: a time with its highest bit set counts as zero.
  return Math.min(
    ...records.map((record) => {
      const ttlS = 'ttl' in record ? (record.ttl ?? 0) : 0;
      return ttlS > ttlLargestS ? 0 : ttlS;
    }),
  );
}

function toRecord(answer: Answer): readonly DnsRecord[] {
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      return familyOf(answer.data) === undefined ? [] : [{ type: answer.type, address: answer.data }];
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = answer.data;
      return [{ type: 'SRV', priority, weight, port, target: canonical(target) }];
    }
    case 'NAPTR': {
      const { order, preference, flags, services, regexp, replacement } = answer.data;
      return [
        { type: 'NAPTR', order, preference, flags, services, regexp, replacement: canonical(replacement) },
      ];
    }
    default:
      return [];
  }
}

/** Lower case without the final dot; the root stays a dot. */
function canonical(name: string): string {
  const lower = name.toLowerCase();
  return lower.length > 1 && lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
