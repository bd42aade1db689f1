import { type Destination, defaultPort, type ResolveQuery, type Transport } from '../sip/index.ts';
import { type Family, familyOf, withoutBrackets } from './addresses.ts';
import { dnsName } from './dns-name.ts';
import { addressRecords, type DnsQuestion, naptrRecords, type SrvRecord, srvRecords } from './dns-types.ts';
import { naptrServices } from './naptr-services.ts';
import {
  addressType,
  mergeFamilies,
  type NextHopPlan,
  ofFamily,
  type PlanGroup,
  type PlanItem,
  PlanNotes,
  type PlanOptions,
  type PlanSource,
  srvTargetsMax,
} from './next-hop-plan.ts';

/**
 * Where a request for a host goes, by RFC 3263 §4 with RFC 2782, RFC 7984 and, where the query may fall back from TLS,
 * RFC 6881 §9.1 SP-31. Pure: it works with what the source knows and names what it still needs.
 */
export function locate(query: ResolveQuery, source: PlanSource, options: PlanOptions): NextHopPlan {
  return new Locator(query, source, options).plan();
}

/** What SRV records said of a service. */
type ServiceFinding =
  | { readonly kind: 'unknown' | 'none' | 'refused' }
  | { readonly kind: 'found'; readonly groups: readonly PlanGroup[] };

/** The names of services by transport. RFC 7118 registers NAPTR services only; its SRV names follow the same form. */
const servicePrefixes: Readonly<Record<Transport, string>> = {
  udp: '_sip._udp',
  tcp: '_sip._tcp',
  tls: '_sips._tcp',
  ws: '_sip._ws',
  wss: '_sips._ws',
};

const fallbackTransports = ['tcp', 'udp'] as const;

class Locator {
  readonly #query: ResolveQuery;
  readonly #source: PlanSource;
  readonly #options: PlanOptions;
  readonly #notes: PlanNotes;
  readonly #host: string;
  /** Every transport and every order of NAPTR counts, not just the most preferred: the request must get through. */
  readonly #isWide: boolean;
  readonly #isSecure: boolean;

  constructor(query: ResolveQuery, source: PlanSource, options: PlanOptions) {
    this.#query = query;
    this.#source = source;
    this.#options = options;
    this.#notes = new PlanNotes(source);
    this.#host = withoutFinalDot(withoutBrackets(query.host).toLowerCase());
    this.#isWide = query.mayFallBack === true;
    this.#isSecure = query.isSecure === true;
  }

  plan(): NextHopPlan {
    const names = this.#isNumeric ? [this.#host] : this.#source.names(this.#query.host);
    for (const name of names) {
      const groups = this.#locate(name);
      if (groups.length > 0 || this.#notes.isWaiting) return this.#notes.plan(this.#query, groups);
    }
    return this.#notes.plan(this.#query, []);
  }

  get #isNumeric(): boolean {
    return familyOf(this.#host) !== undefined;
  }

  #locate(name: string): readonly PlanGroup[] {
    const { port } = this.#query;
    // Neither NAPTR nor SRV for numbers, for explicit ports (RFC 3263 §4.1), and for what the hosts file decides.
    const isDirect = this.#isNumeric || port !== undefined || this.#source.hosts(name).length > 0;
    const transport = this.#askedTransport() ?? (isDirect ? this.#defaultTransport() : undefined);
    if (transport === undefined) return this.#withFallbacks(name, this.#discover(name), { isDirect: false });
    const asked = this.#at(name, transport, { isDirect, port });
    const isTls = transport === 'tls';
    return isTls ? this.#withFallbacks(name, asked, { isDirect, isTlsAsked: true }) : asked;
  }

  /** The transport that the URI names. A SIPS URI names TLS, whatever its parameter says of what is below it. */
  #askedTransport(): Transport | undefined {
    const { transport } = this.#query;
    if (!this.#isSecure || transport === undefined) return transport;
    return transport === 'ws' || transport === 'wss' ? 'wss' : 'tls';
  }

  /** RFC 3263 §4.1: UDP for a SIP URI, TCP with TLS for a SIPS URI. */
  #defaultTransport(): Transport {
    if (this.#isSecure) return 'tls';
    return this.#speaks('udp') ? 'udp' : (this.#wanted().find((one) => this.#speaks(one)) ?? 'udp');
  }

  #speaks(transport: Transport): boolean {
    return this.#options.families.has(transport);
  }

  #wanted(): readonly Transport[] {
    const { ordinary, emergency } = this.#options.transportOrder;
    return this.#isWide ? emergency : ordinary;
  }

  /** RFC 3263 §4.2 for a transport that is settled. */
  #at(
    name: string,
    transport: Transport,
    how: { readonly isDirect: boolean; readonly port: number | undefined },
  ): readonly PlanGroup[] {
    if (!this.#speaks(transport)) {
      this.#notes.lackListener(transport);
      return [];
    }
    if (how.isDirect) return this.#direct(name, transport, how.port);
    const found = this.#service(serviceName(transport, name), transport);
    if (found.kind === 'unknown') this.#hintAddresses(name, transport);
    if (found.kind === 'found') return found.groups;
    return found.kind === 'none' ? this.#direct(name, transport, undefined) : [];
  }

  /** RFC 3263 §4.1 where neither transport nor port is given: NAPTR, then SRV for what we speak, then addresses. */
  #discover(name: string): readonly PlanGroup[] {
    const question: DnsQuestion = { name, type: 'NAPTR' };
    const outcome = this.#notes.find(question);
    if (outcome === undefined) {
      this.#notes.need(question, true);
      for (const transport of this.#candidates()) this.#hintService(name, transport);
      this.#hintAddresses(name, this.#defaultTransport());
      return [];
    }
    const groups = outcome.kind === 'records' ? this.#byNaptr(naptrRecords(outcome.records)) : [];
    return groups.length > 0 || this.#notes.isWaiting ? groups : this.#byService(name);
  }

  #byNaptr(records: Parameters<typeof naptrServices>[0]): readonly PlanGroup[] {
    const services = naptrServices(records, {
      speaks: (transport) => this.#speaks(transport),
      isSecure: this.#isSecure,
    });
    const groups: PlanGroup[] = [];
    let settledOrder: number | undefined;
    for (const { order, transport, srvName } of services) {
      // RFC 3403 §4.1: records of a higher order do not count once one of a lower order led somewhere.
      if (!this.#isWide && settledOrder !== undefined && order > settledOrder) break;
      const found = this.#service(srvName, transport);
      const leadsSomewhere = found.kind === 'unknown' || (found.kind === 'found' && found.groups.length > 0);
      if (leadsSomewhere) settledOrder = order;
      if (found.kind === 'found') groups.push(...found.groups);
    }
    return groups;
  }

  /** Transports that may be looked for without NAPTR records. */
  #candidates(): readonly Transport[] {
    const wanted: readonly Transport[] = this.#isSecure ? ['tls'] : this.#wanted();
    return wanted.filter((transport) => this.#speaks(transport));
  }

  #byService(name: string): readonly PlanGroup[] {
    const groups: PlanGroup[] = [];
    const possible: Transport[] = [];
    let isSettled = false;
    for (const transport of this.#candidates()) {
      // One transport that the domain supports is enough (RFC 3263 §4.1: "any transport protocol it desires").
      if (isSettled && !this.#isWide) {
        this.#hintService(name, transport);
        continue;
      }
      const found = this.#service(serviceName(transport, name), transport);
      if (found.kind === 'none') possible.push(transport);
      if (found.kind === 'unknown' || found.kind === 'found') isSettled = true;
      if (found.kind === 'found') groups.push(...found.groups);
    }
    if (this.#notes.isWaiting) this.#hintAddresses(name, this.#defaultTransport());
    if (isSettled) return groups;
    // No SRV record for any: the default, unless the domain says that it is decidedly not available (RFC 2782 ".").
    const preferred = this.#defaultTransport();
    const [transport] = possible.includes(preferred) ? [preferred] : possible;
    if (transport === undefined) {
      if (!this.#speaks(preferred)) this.#notes.lackListener(preferred);
      return [];
    }
    return this.#direct(name, transport, undefined);
  }

  /** The records of one service in RFC 2782's order of priority. */
  #service(srvName: string, transport: Transport): ServiceFinding {
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

  #direct(host: string, transport: Transport, port: number | undefined): readonly PlanGroup[] {
    const items = this.#items(0, host, { transport, port: port ?? defaultPort(transport) });
    return items.length === 0 ? [] : [{ transport, items }];
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
    let isNameAbsent = false;
    const byFamily = families.map((family) => {
      const question: DnsQuestion = { name, type: addressType(family) };
      const outcome = this.#notes.find(question);
      if (outcome === undefined) unknown.push(question);
      if (outcome?.kind === 'absent') isNameAbsent ||= outcome.isNameAbsent;
      return outcome?.kind === 'records' ? addressRecords(outcome.records) : [];
    });
    const isReached = byFamily.some((list) => list.length > 0);
    for (const question of unknown) this.#notes.need(question, !isReached);
    if (!isReached && unknown.length === 0 && !isNameAbsent) this.#explainAbsence(name, transport, families);
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

  /**
   * RFC 6881 §9.1 SP-31: where TLS cannot be had the request goes without; by TCP, then UDP, to the services that the
   * domain names for these, else to the same addresses at the default port.
   */
  #withFallbacks(
    name: string,
    groups: readonly PlanGroup[],
    how: { readonly isDirect: boolean; readonly isTlsAsked?: boolean },
  ): readonly PlanGroup[] {
    const secured = groups.filter((group) => group.transport === 'tls');
    if (!this.#isWide || (secured.length === 0 && how.isTlsAsked !== true && !this.#isSecure)) return groups;
    const all = [...groups];
    for (const transport of fallbackTransports) {
      if (!this.#speaks(transport) || groups.some((group) => group.transport === transport)) continue;
      all.push(...this.#fallback(name, transport, { secured, isDirect: how.isDirect }));
    }
    return all;
  }

  #fallback(
    name: string,
    transport: Transport,
    from: { readonly secured: readonly PlanGroup[]; readonly isDirect: boolean },
  ): readonly PlanGroup[] {
    if (from.isDirect) return this.#direct(name, transport, undefined);
    const found = this.#service(serviceName(transport, name), transport);
    if (found.kind === 'unknown' || found.kind === 'refused') return [];
    if (found.kind === 'found' && found.groups.length > 0) return found.groups;
    if (from.secured.length === 0) return this.#direct(name, transport, undefined);
    return from.secured.flatMap(({ items }) => this.#unsecured(items, transport));
  }

  /** The hosts of TLS destinations, at the default port of another transport. */
  #unsecured(items: readonly PlanItem[], transport: Transport): readonly PlanGroup[] {
    const families = this.#options.families.get(transport) ?? [];
    const plain = items.flatMap(({ weight, destinations }) => {
      const others = destinations
        .filter(({ remote }) => families.some((family) => familyOf(remote.address) === family))
        .map(({ remote }) => this.#destination(transport, remote.address, defaultPort(transport)));
      return others.length === 0 ? [] : [{ weight, destinations: others }];
    });
    return plain.length === 0 ? [] : [{ transport, items: plain }];
  }

  #destination(transport: Transport, address: string, port: number): Destination {
    const isSecured = transport === 'tls' || transport === 'wss';
    return {
      transport,
      remote: { address, port },
      connectionId: undefined,
      // RFC 5922 §7.3: the certificate is held against the domain of the URI, never against a name found in DNS.
      serverName: isSecured ? this.#host : undefined,
      local: undefined,
    };
  }

  #hintService(name: string, transport: Transport): void {
    const srvName = dnsName(serviceName(transport, name));
    if (srvName !== undefined) this.#notes.hint({ name: srvName, type: 'SRV' });
  }

  #hintAddresses(name: string, transport: Transport): void {
    for (const family of this.#options.families.get(transport) ?? []) {
      this.#notes.hint({ name, type: addressType(family) });
    }
  }
}

function serviceName(transport: Transport, name: string): string {
  return `${servicePrefixes[transport]}.${name}`;
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

function withoutFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
