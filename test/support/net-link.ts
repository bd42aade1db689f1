import { type MonoMs, monoMs, type Random } from '../../src/base/index.ts';
import {
  type AgentEffect,
  type AgentEvent,
  type AgentInput,
  type AnswerPlan,
  UserAgent,
} from '../../src/sip/agent/index.ts';
import { defaultMessageLimits, parseMessage, type SipRequest } from '../../src/sip/message/index.ts';
import {
  type Destination,
  defaultTransactionTimers,
  type EffectId,
  type Flow,
  type Listener,
  type Transport,
} from '../../src/sip/transaction/index.ts';

/** Numbers from a seed: the same seed, the same run. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
  return {
    fraction,
    token: (length) =>
      Array.from({ length }, () => alphabet.charAt(Math.floor(fraction() * alphabet.length))).join(''),
  };
}

/** What a link does to datagrams. */
export interface LinkFaults {
  /** Shares of all datagrams. */
  readonly loss: number;
  readonly duplication: number;
  /** Each takes between 1 ms and this, so that they overtake each other. */
  readonly delayMaxMs: number;
}

export const faultless: LinkFaults = { loss: 0, duplication: 0, delayMaxMs: 1 };

interface Delivery {
  readonly at: number;
  readonly ordinal: number;
  readonly to: string;
  readonly input: AgentInput;
}

interface Station {
  readonly name: string;
  readonly agent: UserAgent;
  readonly listeners: readonly Listener[];
  readonly events: AgentEvent[];
}

/** What an agent under test is made from. */
export interface StationOptions {
  readonly name: string;
  readonly address: string;
  readonly transports?: readonly Transport[];
  readonly answer?: AnswerPlan | ((request: SipRequest) => AnswerPlan) | undefined;
  readonly mediaDirection?: 'sendrecv' | 'inactive';
}

/** User agents joined by a network of our making, under a clock that only jumps to the next thing that is due. */
export class SimulatedLink {
  readonly #random: Random;
  readonly #stations = new Map<string, Station>();
  readonly #deliveries: Delivery[] = [];
  /** Host names that the link's resolver knows. */
  readonly hosts = new Map<string, string>();
  /** Every message that was handed to the link, lost ones too: `caller INVITE ...`. */
  readonly wire: string[] = [];
  /** Their bytes, and where they were sent. */
  readonly sent: Buffer[] = [];
  readonly sentTo: string[] = [];
  faults: LinkFaults;
  /** Says of a datagram whether the link swallows it, beside its random losses. */
  isLost: (from: string, bytes: Buffer) => boolean = () => false;
  #now = 0;
  #ordinal = 0;

  constructor(options: { readonly seed: number; readonly faults?: LinkFaults }) {
    this.#random = seededRandom(options.seed);
    this.faults = options.faults ?? faultless;
  }

  get now(): MonoMs {
    return monoMs(this.#now);
  }

  add(options: StationOptions): Station {
    const listeners = (options.transports ?? ['udp']).map((transport) => ({
      transport,
      local: { address: options.address, port: 5060 },
      announced: { host: options.address, port: 5060 },
      ingress: 'test',
    }));
    const agent = new UserAgent({
      listeners,
      random: this.#random,
      timers: defaultTransactionTimers,
      user: options.name,
      product: 'test',
      media: { address: options.address, port: 9, direction: options.mediaDirection ?? 'sendrecv' },
      answer: options.answer ?? {
        ringAfterMs: 100,
        outcome: { kind: 'answer', afterMs: 1_000, hangUpAfterMs: undefined },
      },
      reportMessages: false,
    });
    const station = { name: options.name, agent, listeners, events: [] };
    this.#stations.set(options.name, station);
    return station;
  }

  /** Gives an input to an agent now. */
  submit(name: string, input: AgentInput): void {
    const station = this.#station(name);
    this.#carryOut(station, station.agent.handle(this.now, input));
  }

  /** Lets a message arrive as if sent from that address. */
  inject(name: string, text: string, from: { readonly address: string; readonly port: number }): void {
    const listener = this.#station(name).listeners[0];
    if (listener === undefined) throw new Error('an agent has a listener');
    const flow = {
      transport: listener.transport,
      local: listener.local,
      remote: from,
      connectionId: undefined,
    };
    this.#receive(name, Buffer.from(text, 'latin1'), flow);
  }

  /** Jumps from one due thing to the next until nothing is left, or past `untilMs`. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (let steps = 0; ; steps += 1) {
      if (steps > 1_000_000) throw new Error('the link never falls silent');
      const delivery = this.#deliveries[0];
      const deadlines = [...this.#stations.values()].map(
        (station) => station.agent.nextDeadline() ?? Infinity,
      );
      const next = Math.min(delivery?.at ?? Infinity, ...deadlines);
      if (next === Infinity || next > untilMs) break;
      this.#now = Math.max(this.#now, next);
      if (delivery !== undefined && delivery.at <= next) {
        this.#deliveries.shift();
        this.submit(delivery.to, delivery.input);
        continue;
      }
      for (const station of this.#stations.values()) this.#carryOut(station, station.agent.advance(this.now));
    }
    if (untilMs !== Infinity) this.#now = Math.max(this.#now, untilMs);
  }

  /** What is still open in all agents together. */
  remains(): number {
    return [...this.#stations.values()]
      .flatMap((station) => Object.values(station.agent.counts()))
      .reduce((sum, count) => sum + count, this.#deliveries.length);
  }

  #carryOut(station: Station, effects: readonly AgentEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'event') station.events.push(effect.event);
      else if (effect.kind === 'resolve') this.#answer(station, effect);
      else this.#transmit(station, effect);
    }
  }

  #answer(station: Station, effect: Extract<AgentEffect, { kind: 'resolve' }>): void {
    const { query, id } = effect;
    const address = this.hosts.get(query.host);
    const remote = { address: address ?? '', port: query.port ?? 5060 };
    const destination = {
      transport: query.transport ?? 'udp',
      remote,
      connectionId: undefined,
      local: undefined,
    };
    this.#deliver(station.name, 3, {
      kind: 'resolved',
      id,
      result:
        address === undefined
          ? { kind: 'failed', error: { code: 'test.noName', message: `no ${query.host}` } }
          : { kind: 'addresses', destinations: [destination] },
    });
  }

  #transmit(station: Station, effect: Extract<AgentEffect, { kind: 'send' }>): void {
    const { bytes, destination } = effect;
    this.wire.push(`${station.name} ${bytes.toString('latin1', 0, bytes.indexOf('\r\n'))}`);
    this.sent.push(bytes);
    this.sentTo.push(`${destination.remote.address}:${destination.remote.port}`);
    const target = this.#listenerAt(destination);
    if (target === undefined) {
      if (destination.transport !== 'udp') this.#refuse(station, effect.id);
      return;
    }
    const isUdp = destination.transport === 'udp';
    const copies = isUdp && this.#random.fraction() < this.faults.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.isLost(station.name, bytes)) continue;
      if (isUdp && this.#random.fraction() < this.faults.loss) continue;
      const delayMs = isUdp ? 1 + this.#random.fraction() * (this.faults.delayMaxMs - 1) : 1;
      this.#receiveLater(target, bytes, this.#flow(station, destination), delayMs);
    }
  }

  #refuse(station: Station, id: EffectId): void {
    const error = { code: 'test.refused', message: 'connection refused' };
    this.#deliver(station.name, 1, { kind: 'sendFailed', id, error });
  }

  #flow(from: Station, destination: Destination): Flow {
    const own = from.listeners.find((listener) => listener.transport === destination.transport);
    const isUdp = destination.transport === 'udp';
    return {
      transport: destination.transport,
      local: destination.remote,
      remote: own?.local ?? { address: '192.0.2.254', port: 9 },
      connectionId: isUdp ? undefined : 'connection-1',
    };
  }

  #receive(to: string, bytes: Buffer, flow: Flow): void {
    this.#receiveLater(this.#station(to), bytes, flow, 0);
  }

  #receiveLater(to: Station, bytes: Buffer, flow: Flow, delayMs: number): void {
    const framing = flow.transport === 'udp' ? 'datagram' : 'stream';
    const outcome = parseMessage(bytes, { framing, limits: defaultMessageLimits });
    if (outcome.kind !== 'message') throw new Error(`not a SIP message: ${bytes.toString('latin1')}`);
    const defects = outcome.message.defects.map((defect) => defect.message);
    if (flow.remote.address !== '192.0.2.99' && defects.length > 0) throw new Error(defects.join('; '));
    this.#deliver(to.name, delayMs, { kind: 'message', message: outcome.message, flow });
  }

  #deliver(to: string, delayMs: number, input: AgentInput): void {
    this.#ordinal += 1;
    this.#deliveries.push({ at: this.#now + delayMs, ordinal: this.#ordinal, to, input });
    this.#deliveries.sort((one, other) => one.at - other.at || one.ordinal - other.ordinal);
  }

  #listenerAt(destination: Destination): Station | undefined {
    for (const station of this.#stations.values()) {
      const isHere = station.listeners.some(
        (listener) =>
          listener.transport === destination.transport &&
          listener.local.address === destination.remote.address &&
          listener.local.port === destination.remote.port,
      );
      if (isHere) return station;
    }
    return undefined;
  }

  #station(name: string): Station {
    const station = this.#stations.get(name);
    if (station === undefined) throw new Error(`no agent ${name}`);
    return station;
  }
}
