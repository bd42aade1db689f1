import type { Transport } from '../sip/index.ts';
import { dnsName } from './dns-name.ts';
import type { NaptrRecord } from './dns-types.ts';

/** A NAPTR record that this server can follow: SRV records at `srvName` for `transport`. */
export interface NaptrService {
  readonly order: number;
  readonly transport: Transport;
  readonly srvName: string;
}

/** RFC 3263 §9 and RFC 7118 §10.2. What is not listed (SCTP) is not spoken here. */
const transportOfService: ReadonlyMap<string, Transport> = new Map([
  ['sip+d2u', 'udp'],
  ['sip+d2t', 'tcp'],
  ['sips+d2t', 'tls'],
  ['sip+d2w', 'ws'],
  ['sips+d2w', 'wss'],
]);

/** Whether a domain offers a service over TLS, for RFC 3263 §7. */
export function offersTls(records: readonly NaptrRecord[]): boolean {
  return records.some((record) => record.services.toLowerCase().startsWith('sips+'));
}

/**
 * The records of a domain that can be followed, most preferred first: by order, then by preference (RFC 3403 §4.1).
 * Left out are records for transports that we do not speak, others than SIPS for a SIPS URI (RFC 3263 §4.1), and those
 * that do not lead to SRV records by a plain replacement. Service and flag are compared without regard to case.
 */
export function naptrServices(
  records: readonly NaptrRecord[],
  options: { readonly speaks: (transport: Transport) => boolean; readonly isSecure: boolean },
): readonly NaptrService[] {
  return records
    .toSorted((one, other) => one.order - other.order || one.preference - other.preference)
    .flatMap((record) => {
      const transport = transportOfService.get(record.services.toLowerCase());
      // RFC 3263 §4.1: an empty regular expression and a replacement, which is the SRV record ("s").
      const srvName = dnsName(record.replacement);
      const isPlain = record.flags.toLowerCase() === 's' && record.regexp === '' && srvName !== undefined;
      if (transport === undefined || !isPlain || !options.speaks(transport)) return [];
      if (options.isSecure && transport !== 'tls' && transport !== 'wss') return [];
      return [{ order: record.order, transport, srvName }];
    });
}
