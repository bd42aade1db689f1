import type { ResolveQuery, Transport } from '../sip/index.ts';
import { familyOf, withoutBrackets } from './addresses.ts';
import { type DnsQuestion, type NaptrRecord, naptrRecords } from './dns-types.ts';
import { HostLookup, serviceName } from './host-lookup.ts';
import { naptrServices } from './naptr-services.ts';
import {
  type NextHopPlan,
  type PlanGroup,
  PlanNotes,
  type PlanOptions,
  type PlanSource,
} from './next-hop-plan.ts';

/**
 * Where a request for a host goes, by RFC 3263 §4 with RFC 2782, RFC 7984 and, where the query may fall back from TLS,
 * RFC 6881 §9.1 SP-31. Pure: it works with what the source knows and names what it still needs.
 */
export function locate(query: ResolveQuery, source: PlanSource, options: PlanOptions): NextHopPlan {
  return new Locator(query, source, options).plan();
}

const fallbackTransports = ['tcp', 'udp'] as const;

class Locator {
  readonly #query: ResolveQuery;
  readonly #source: PlanSource;
  readonly #options: PlanOptions;
  readonly #notes: PlanNotes;
  readonly #lookup: HostLookup;
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
    const mayFallBack = this.#isWide;
    this.#lookup = new HostLookup({ host: this.#host, mayFallBack, source, options, notes: this.#notes });
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
    if (how.isDirect) return this.#lookup.direct(name, transport, how.port);
    const found = this.#lookup.service(serviceName(transport, name), transport);
    if (found.kind === 'unknown') this.#lookup.hintAddresses(name, transport);
    if (found.kind === 'found' && this.#isEnough(found.groups)) return found.groups;
    return found.kind === 'none' || found.kind === 'found'
      ? this.#lookup.direct(name, transport, undefined)
      : [];
  }

  /**
   * Whether SRV records settle the matter. RFC 3263 §4.2 goes to the addresses of the name only where there are no SRV
   * records; a request that must get through also where none of their targets has an address.
   */
  #isEnough(groups: readonly PlanGroup[]): boolean {
    return groups.length > 0 || this.#notes.isWaiting || !this.#isWide;
  }

  /** RFC 3263 §4.1 where neither transport nor port is given: NAPTR, then SRV for what we speak, then addresses. */
  #discover(name: string): readonly PlanGroup[] {
    const question: DnsQuestion = { name, type: 'NAPTR' };
    const outcome = this.#notes.find(question);
    if (outcome === undefined) {
      this.#notes.need(question, true);
      for (const transport of this.#candidates()) this.#lookup.hintService(name, transport);
      this.#lookup.hintAddresses(name, this.#defaultTransport());
      return [];
    }
    const groups = outcome.kind === 'records' ? this.#byNaptr(naptrRecords(outcome.records)) : [];
    return groups.length > 0 || this.#notes.isWaiting ? groups : this.#byService(name);
  }

  #byNaptr(records: readonly NaptrRecord[]): readonly PlanGroup[] {
    const services = naptrServices(records, {
      speaks: (transport) => this.#speaks(transport),
      isSecure: this.#isSecure,
    });
    const groups: PlanGroup[] = [];
    let settledOrder: number | undefined;
    for (const { order, transport, srvName } of services) {
      // RFC 3403 §4.1: records of a higher order do not count once one of a lower order led somewhere.
      if (!this.#isWide && settledOrder !== undefined && order > settledOrder) break;
      const found = this.#lookup.service(srvName, transport);
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
        this.#lookup.hintService(name, transport);
        continue;
      }
      const found = this.#lookup.service(serviceName(transport, name), transport);
      if (found.kind === 'found') groups.push(...found.groups);
      const isOpen = found.kind === 'none' || (found.kind === 'found' && !this.#isEnough(found.groups));
      if (isOpen) possible.push(transport);
      else if (found.kind !== 'refused') isSettled = true;
    }
    if (this.#notes.isWaiting) this.#lookup.hintAddresses(name, this.#defaultTransport());
    if (isSettled) return groups;
    // No SRV record for any: the default, unless the domain says that it is decidedly not available (RFC 2782 ".").
    const preferred = this.#defaultTransport();
    const [transport] = possible.includes(preferred) ? [preferred] : possible;
    if (transport === undefined) {
      if (!this.#speaks(preferred)) this.#notes.lackListener(preferred);
      return [];
    }
    return this.#lookup.direct(name, transport, undefined);
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
    if (from.isDirect) return this.#lookup.direct(name, transport, undefined);
    const found = this.#lookup.service(serviceName(transport, name), transport);
    if (found.kind === 'unknown' || found.kind === 'refused') return [];
    if (found.kind === 'found' && found.groups.length > 0) return found.groups;
    if (from.secured.length === 0) return this.#lookup.direct(name, transport, undefined);
    return from.secured.flatMap(({ items }) => this.#lookup.unsecured(items, transport));
  }
}

function withoutFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
