import { type Destination, defaultPort, type Transport } from '../sip/index.ts';
import { type Family, familyOf } from './addresses.ts';
import { dnsName } from './dns-name.ts';
import { addressRecords, type DnsQuestion, type SrvRecord, srvRecords } from './dns-types.ts';
import {
  addressType,
  mergeFamilies,
  ofFamily,
  type PlanGroup,
  type PlanItem,
  type PlanNotes,
  type PlanOptions,
  type PlanSource,
  srvTargetsMax,
} from './next-hop-plan.ts';

/** What SRV records said of a service. */
export type ServiceFinding =
  /** Not known yet; no records; or a record that says it is decidedly not available (RFC 2782 target "."). */
  | { readonly kind: 'unknown' | 'none' | 'refused' }
  /** In order of priority; empty where no target has an address. */
  | { readonly kind: 'found'; readonly groups: readonly PlanGroup[] };

/** The names of services by transport. RFC 7118 registers NAPTR services only; its SRV names follow the same form. */
const servicePrefixes: Readonly<Record<Transport, string>> = {
  udp: '_sip._udp',
  tcp: '_sip._tcp',
  tls: '_sips._tcp',
  ws: '_sip._ws',
  wss: '_sips._ws',
};

/** The SRV name of a domain for a transport (RFC 3263 §4.2: `_sips` for TLS, else `_sip`). */
export function serviceName(transport: Transport, name: string): string {
  return `${servicePrefixes[transport]}.${name}`;
}

/** The steps from a name to destinations; what is missing on the way goes into the notes. */
export class HostLookup {
  /** The host of the URI, which certificates are held against. */
  readonly #host: string;
  readonly #mayFallBack: boolean;
  readonly #source: PlanSource;
  readonly #options: PlanOptions;
  readonly #notes: PlanNotes;

  constructor(parts: {
    readonly host: string;
    readonly mayFallBack: boolean;
    readonly source: PlanSource;
    readonly options: PlanOptions;
    readonly notes: PlanNotes;
  }) {
    this.#host = parts.host;
    this.#mayFallBack = parts.mayFallBack;
    this.#source = parts.source;
    this.#options = parts.options;
    this.#notes = parts.notes;
  }

  /** The records of one service in RFC 2782's order of priority. */
  service(srvName: string, transport: Transport): ServiceFinding {
    const name = dnsName(srvName);
    if (name === undefined) return { kind: 'none' };
    const question: DnsQuestion = { name, type: 'SRV' };
    const outcome = this.#notes.find(question);
    if (outcome === undefined) {
      this.#notes.need(question, true);
      return { kind: 'unknown' };
    }
    if (outcome.kind !== 'records') return { kind: 'none' };
    const records = srvRecords(outcome.records);
    const usable = records
      .filter(({ target, port }) => target !== '.' && port > 0)
      .toSorted((one, other) => one.priority - other.priority)
      .slice(0, srvTargetsMax);
    if (usable.length === 0) return { kind: 'refused' };
    const groups = byPriority(usable).flatMap((rank) => {
      const items = rank.flatMap(({ weight, target, port }) =>
        this.#items(weight, target, { transport, port }),
      );
      return items.length === 0 ? [] : [{ transport, items }];
    });
    return { kind: 'found', groups };
  }

  /** A host without SRV records; the port is the default of the transport where undefined. */
  direct(host: string, transport: Transport, port: number | undefined): readonly PlanGroup[] {
    const items = this.#items(0, host, { transport, port: port ?? defaultPort(transport) });
    return items.length === 0 ? [] : [{ transport, items }];
  }

  /** The hosts of TLS destinations, at the default port of another transport. */
  unsecured(items: readonly PlanItem[], transport: Transport): readonly PlanGroup[] {
    const families = this.#options.families.get(transport) ?? [];
    const plain = items.flatMap(({ weight, destinations }) => {
      const others = destinations
        .filter(({ remote }) => families.some((family) => familyOf(remote.address) === family))
        .map(({ remote }) => this.#destination(transport, remote.address, defaultPort(transport)));
      return others.length === 0 ? [] : [{ weight, destinations: others }];
    });
    return plain.length === 0 ? [] : [{ transport, items: plain }];
  }

  /** Asks ahead for a service. */
  hintService(name: string, transport: Transport): void {
    const srvName = dnsName(serviceName(transport, name));
    if (srvName !== undefined) this.#notes.hint({ name: srvName, type: 'SRV' });
  }

  /** Asks ahead for a host's addresses. */
  hintAddresses(name: string, transport: Transport): void {
    for (const family of this.#options.families.get(transport) ?? []) {
      this.#notes.hint({ name, type: addressType(family) });
    }
  }

  #items(
    weight: number,
    host: string,
    at: { readonly transport: Transport; readonly port: number },
  ): readonly PlanItem[] {
    const addresses = this.#addresses(host, at.transport).filter((address) => {
      const isAllowed = this.#options.allows(address);
      if (!isAllowed) this.#notes.refuse(address);
      return isAllowed;
    });
    const destinations = addresses.map((address) => this.#destination(at.transport, address, at.port));
    return destinations.length === 0 ? [] : [{ weight, destinations }];
  }

  /** RFC 7984 §3.1: the addresses of every family that we serve. */
  #addresses(host: string, transport: Transport): readonly string[] {
    const families = this.#options.families.get(transport) ?? [];
    const listed = familyOf(host) === undefined ? this.#source.hosts(host) : [host];
    if (listed.length > 0) {
      const served = families.map((family) => ofFamily(listed, family));
      if (served.every((list) => list.length === 0)) this.#lackFamily(transport, listed);
      return mergeFamilies(served, this.#options.familyPolicy);
    }
    const name = dnsName(host);
    if (name === undefined) return [];
    const unknown: DnsQuestion[] = [];
    let isWithoutRecords = true;
    const byFamily = families.map((family) => {
      const question: DnsQuestion = { name, type: addressType(family) };
      const outcome = this.#notes.find(question);
      if (outcome === undefined) unknown.push(question);
      isWithoutRecords &&= outcome?.kind === 'absent' && !outcome.isNameAbsent;
      return outcome?.kind === 'records' ? addressRecords(outcome.records) : [];
    });
    const isReached = byFamily.some((list) => list.length > 0);
    for (const question of unknown) this.#notes.need(question, !isReached);
    if (isWithoutRecords) this.#explainAbsence(name, transport, families);
    return mergeFamilies(byFamily, this.#options.familyPolicy);
  }

  /** A host with addresses of another family only is a matter of our listeners, not of its zone. */
  #explainAbsence(name: string, transport: Transport, families: readonly Family[]): void {
    for (const family of ['ipv4', 'ipv6'] as const) {
      if (families.includes(family)) continue;
      const question: DnsQuestion = { name, type: addressType(family) };
      const outcome = this.#notes.find(question);
      if (outcome === undefined) this.#notes.need(question, true);
      else if (outcome.kind === 'records') this.#lackFamily(transport, addressRecords(outcome.records));
    }
  }

  #lackFamily(transport: Transport, addresses: readonly string[]): void {
    this.#notes.lackListener(`${transport} in the family of ${addresses.join(' ')}`);
  }

  #destination(transport: Transport, address: string, port: number): Destination {
    const isSecured = transport === 'tls' || transport === 'wss';
    return {
      transport,
      remote: { address, port },
      connectionId: undefined,
      // RFC 5922 §7.3: the certificate is held against the domain of the URI, never against a name found in DNS.
      serverName: isSecured ? this.#host : undefined,
      // What may go without TLS does not wait for it as long as what may not.
      connectTimeoutMs: this.#mayFallBack && isSecured ? this.#options.tlsConnectTimeoutMs : undefined,
      local: undefined,
    };
  }
}

/** Runs of equal priority in a list that is sorted by it. */
function byPriority(records: readonly SrvRecord[]): readonly (readonly SrvRecord[])[] {
  const ranks: SrvRecord[][] = [];
  let priority: number | undefined;
  for (const record of records) {
    if (record.priority === priority) ranks.at(-1)?.push(record);
    else ranks.push([record]);
    priority = record.priority;
  }
  return ranks;
}
