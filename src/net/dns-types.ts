import type { CodedError } from '../base/index.ts';

/** The record types that lead to a next hop. */
export type DnsType = 'A' | 'AAAA' | 'SRV' | 'NAPTR';

/** One question; `name` is in lower case, without a final dot (see `dnsName`). */
export interface DnsQuestion {
  readonly name: string;
  readonly type: DnsType;
}

/** RFC 2782. `target` is in lower case without a final dot; `.` where the service is decidedly not available. */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** RFC 3403 §4.1. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly services: string;
  readonly regexp: string;
  readonly replacement: string;
}

export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | ({ readonly type: 'SRV' } & SrvRecord)
  | ({ readonly type: 'NAPTR' } & NaptrRecord);

/** What the name servers said to a question. */
export type DnsOutcome =
  /** At least one record; `ttlS` is the smallest on the way to it. */
  | { readonly kind: 'records'; readonly records: readonly DnsRecord[]; readonly ttlS: number }
  /**
   * No such name (NXDOMAIN) or no record of that type (RFC 2308 §2). `ttlS` is undefined where the answer did not say
   * how long that holds.
   */
  | { readonly kind: 'absent'; readonly isNameAbsent: boolean; readonly ttlS: number | undefined }
  /** Nothing is known of the name: silence, SERVFAIL, refusals, answers that cannot be read. */
  | { readonly kind: 'failed'; readonly error: CodedError };

/** One key for a question. */
export function questionKey(question: DnsQuestion): string {
  return `${question.type} ${question.name}`;
}

/** The services of a record set, in its order. */
export function srvRecords(records: readonly DnsRecord[]): readonly SrvRecord[] {
  return records.filter((record) => record.type === 'SRV');
}

/** The rules of a record set, in its order. */
export function naptrRecords(records: readonly DnsRecord[]): readonly NaptrRecord[] {
  return records.filter((record) => record.type === 'NAPTR');
}

/** The addresses of a record set, in its order. */
export function addressRecords(records: readonly DnsRecord[]): readonly string[] {
  return records.flatMap((record) => (record.type === 'A' || record.type === 'AAAA' ? [record.address] : []));
}
