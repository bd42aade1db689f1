import { type MonoMs, monoMs } from '../../src/base/index.ts';
import {
  defaultMessageLimits,
  parseMessage,
  type SipMessage,
  type SipRequest,
} from '../../src/sip/message/index.ts';
import type { ProxyCore, ProxyEffect, ProxyEvent, RequestDecision } from '../../src/sip/proxy/index.ts';
import type { Destination, Endpoint, Flow } from '../../src/sip/transaction/index.ts';
import { HeaderGuard } from './header-guard.ts';
import type { SeededRandom } from './manual-clock.ts';

/** How bad the link is: chances from 0 to 1, and the longest delay; messages overtake one another. */
export interface LinkQuality {
  readonly loss: number;
  readonly duplication: number;
  readonly delayMaxMs: number;
}

/** Something on the link: takes messages, and wants to be woken. */
export interface Station {
  readonly place: Endpoint;
  receive(now: MonoMs, message: SipMessage, flow: Flow): void;
  advance(now: MonoMs): void;
  nextDeadline(): number | undefined;
}

/** A network of datagrams that are lost, doubled and late, in simulated time. */
export class LinkSimulation {
  readonly random: SeededRandom;
  readonly #quality: LinkQuality;
  readonly #stations: Station[] = [];
  #queue: { readonly at: number; readonly run: (now: MonoMs) => void }[] = [];
  #now = 0;

  constructor(random: SeededRandom, quality: LinkQuality) {
    this.random = random;
    this.#quality = quality;
  }

  get now(): MonoMs {
    return monoMs(this.#now);
  }

  join(station: Station): void {
    this.#stations.push(station);
  }

  at(at: number, run: (now: MonoMs) => void): void {
    this.#queue.push({ at, run });
  }

  /** Carries a datagram, or loses it. */
  carry(from: Endpoint, bytes: Buffer, to: Endpoint): void {
    const { loss, duplication, delayMaxMs } = this.#quality;
    if (this.random.fraction() < loss) return;
    const copies = this.random.fraction() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.at(this.#now + this.random.fraction() * delayMaxMs, (now) => {
        const station = this.#stations.find((each) => isSame(each.place, to));
        const flow: Flow = { transport: 'udp', local: to, remote: from, connectionId: undefined };
        station?.receive(now, read(bytes), flow);
      });
    }
  }

  /** Runs until nothing is left to happen; throws when that takes more than `stepsMax` steps. */
  run(stepsMax = 1_000_000): void {
    for (let step = 0; step < stepsMax; step += 1) {
      let first: { at: number; run: (now: MonoMs) => void } | undefined;
      for (const entry of this.#queue) if (first === undefined || entry.at < first.at) first = entry;
      const chosen = first;
      let station: Station | undefined;
      let stationAt = chosen?.at ?? Number.POSITIVE_INFINITY;
      for (const each of this.#stations) {
        const due = each.nextDeadline();
        if (due !== undefined && due < stationAt) {
          stationAt = due;
          station = each;
        }
      }
      if (stationAt === Number.POSITIVE_INFINITY) return;
      this.#now = Math.max(this.#now, stationAt);
      if (station !== undefined) {
        station.advance(this.now);
      } else {
        this.#queue = this.#queue.filter((entry) => entry !== chosen);
        chosen?.run(this.now);
      }
    }
    throw new Error('the simulation does not end');
  }
}

/** The proxy core as a station. */
export class ProxyStation implements Station {
  readonly place: Endpoint;
  readonly events: ProxyEvent[] = [];
  readonly #guard = new HeaderGuard();
  readonly #link: LinkSimulation;
  readonly #core: ProxyCore;
  readonly #decide: (request: SipRequest) => RequestDecision;
  readonly #names: ReadonlyMap<string, readonly string[]>;
  readonly #observe: ((now: MonoMs, direction: 'in' | 'out', message: SipMessage) => void) | undefined;

  constructor(parts: {
    readonly link: LinkSimulation;
    readonly core: ProxyCore;
    readonly place: Endpoint;
    readonly decide: (request: SipRequest) => RequestDecision;
    /** Addresses of names; every other host is an address itself. */
    readonly names?: ReadonlyMap<string, readonly string[]>;
    /** Sees what comes and what goes. */
    readonly observe?: (now: MonoMs, direction: 'in' | 'out', message: SipMessage) => void;
  }) {
    this.#link = parts.link;
    this.#core = parts.core;
    this.place = parts.place;
    this.#decide = parts.decide;
    this.#names = parts.names ?? new Map();
    this.#observe = parts.observe;
    parts.link.join(this);
  }

  receive(now: MonoMs, message: SipMessage, flow: Flow): void {
    this.#observe?.(now, 'in', message);
    this.#guard.received(message);
    this.#carryOut(this.#core.handle(now, { kind: 'message', message, flow }));
  }

  advance(now: MonoMs): void {
    this.#carryOut(this.#core.advance(now));
  }

  nextDeadline(): number | undefined {
    return this.#core.nextDeadline();
  }

  #carryOut(effects: readonly ProxyEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(effect.bytes, effect.destination);
      else if (effect.kind === 'event') this.events.push(effect.event);
      else if (effect.kind === 'decide') {
        // The answer takes its time.
        const decision = this.#decide(effect.request);
        this.#later(300, (now) => {
          this.#carryOut(this.#core.handle(now, { kind: 'decided', id: effect.id, decision }));
        });
      } else if (effect.kind === 'resolve') {
        const { host, port = 5060 } = effect.query;
        const destinations = (this.#names.get(host) ?? [host]).map((address): Destination => {
          return { transport: 'udp', remote: { address, port }, connectionId: undefined, local: undefined };
        });
        const result = { kind: 'addresses', destinations } as const;
        this.#later(this.#names.has(host) ? 300 : 0, (now) => {
          this.#carryOut(this.#core.handle(now, { kind: 'resolved', id: effect.id, result }));
        });
      }
    }
  }

  #later(delayMaxMs: number, run: (now: MonoMs) => void): void {
    this.#link.at(this.#link.now + this.#link.random.fraction() * delayMaxMs, run);
  }

  #send(bytes: Buffer, { remote }: Destination): void {
    this.#observe?.(this.#link.now, 'out', read(bytes));
    const violations = this.#guard.sent(bytes);
    if (violations.length > 0) throw new Error(`the proxy touched what it may not: ${violations.join('; ')}`);
    this.#link.carry(this.place, bytes, remote);
  }
}

function read(bytes: Buffer): SipMessage {
  const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
  if (outcome.kind !== 'message') throw new Error('somebody sent what is not SIP');
  return outcome.message;
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.address === other.address && one.port === other.port;
}
