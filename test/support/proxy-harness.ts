import { isIP } from 'node:net';
import { defaultMessageLimits, type SipMessage, type SipRequest } from '../../src/sip/message/index.ts';
import {
  defaultProxyLimits,
  defaultProxyTimers,
  type EffectId,
  type HealthVerdict,
  ProxyCore,
  type ProxyCoreOptions,
  type ProxyCounts,
  type ProxyEffect,
  type ProxyEvent,
  type ProxyInput,
  type ProxyTarget,
  type RequestDecision,
  type ResolveQuery,
} from '../../src/sip/proxy/index.ts';
import type { Destination, Flow, Listener, Transport } from '../../src/sip/transaction/index.ts';
import { HeaderGuard } from './header-guard.ts';
import { ManualClock, SeededRandom } from './manual-clock.ts';
import { Peer, parse } from './proxy-peer.ts';

export { describe, Peer, type RequestParts, type ResponseParts, toTagOf } from './proxy-peer.ts';

/** The proxy's listeners in tests: UDP and TCP, both families. */
export const testListeners: readonly [Listener, ...Listener[]] = [
  listener('udp', '192.0.2.1'),
  listener('tcp', '192.0.2.1'),
  listener('udp', '2001:db8::1'),
  listener('tcp', '2001:db8::1'),
];

function listener(transport: Transport, address: string): Listener {
  return {
    transport,
    local: { address, port: 5060 },
    announced: { host: address, port: 5060 },
    ingress: 'test',
  };
}

/** What `drain` gives when nothing was left behind. */
export const nothingOpen: ProxyCounts = {
  clientTransactions: 0,
  serverTransactions: 0,
  contexts: 0,
  questions: 0,
  deadlines: 0,
  dialogs: 0,
};

/** A decision to forward to these places (URIs, or whole targets), in order. */
export function forwardTo(
  places: readonly (string | Partial<ProxyTarget> | undefined)[],
  more: Partial<Extract<RequestDecision, { kind: 'forward' }>> = {},
): RequestDecision {
  const [first, ...rest] = places.map((place, index): ProxyTarget => {
    const base = { label: `target${index + 1}`, routeUri: undefined, timeoutMs: 60_000 };
    return typeof place === 'string' ? { ...base, routeUri: place } : { ...base, ...place };
  });
  if (first === undefined) throw new Error('a decision has a target');
  return {
    kind: 'forward',
    targets: [first, ...rest],
    requestUri: undefined,
    edits: [],
    failover: 'all',
    recordRoute: true,
    ...more,
  };
}

export interface Sent {
  readonly at: number;
  readonly id: EffectId;
  readonly bytes: Buffer;
  readonly destination: Destination;
}

/** The proxy core with peers around it, a link without delay, and time that only jumps. */
export class ProxyHarness {
  readonly clock = new ManualClock();
  readonly random = new SeededRandom(1);
  readonly core: ProxyCore;
  readonly listeners: readonly Listener[];
  readonly events: ProxyEvent[] = [];
  readonly sent: Sent[] = [];
  /** Questions asked and not answered yet, and those taken back. */
  readonly questions = new Map<EffectId, Extract<ProxyEffect, { kind: 'decide' | 'resolve' }>>();
  readonly forgotten: EffectId[] = [];
  /** What was said of addresses, in order. */
  readonly health: (readonly [place: string, verdict: HealthVerdict, retryAfterS?: number])[] = [];
  /** Answers `decide` at once; undefined leaves the question open. */
  decide: ((request: SipRequest, flow: Flow) => RequestDecision | undefined) | undefined;
  /** Addresses of names; a name that is missing leaves the question open, an empty list fails it. */
  readonly names = new Map<string, readonly string[]>();
  /** Answers a question for addresses in place of `names`; undefined leaves it to them. */
  resolve: ((query: ResolveQuery) => readonly Destination[] | undefined) | undefined;
  /** `address:port` places that refuse every send. */
  readonly broken = new Set<string>();
  /** Overlooks what the guard found, where a document lets a proxy do that in this one case. */
  mayDo: (violation: string) => boolean = () => false;
  /** Says which deliveries get lost; by default none. */
  lose: (message: SipMessage) => boolean = () => false;
  /** Every message that the proxy passes on is held against the one that came; decided edits are allowed. */
  readonly guard = new HeaderGuard(
    (key) => this.#orderedKeys.has(key),
    () => this.#isPartOrdered,
  );
  #isPartOrdered = false;
  readonly #orderedKeys = new Set<string>();
  readonly #peers: Peer[] = [];
  /** Bytes that the guard saw: a repetition is the same. */
  readonly #guarded = new WeakSet<Buffer>();
  #isRunning = false;
  readonly #queue: ProxyInput[] = [];

  constructor(options: Partial<ProxyCoreOptions> = {}) {
    this.listeners = options.listeners ?? testListeners;
    this.core = new ProxyCore({
      listeners: testListeners,
      random: this.random,
      timers: defaultProxyTimers,
      limits: defaultProxyLimits,
      messageLimits: defaultMessageLimits,
      decideTimeoutMs: 3000,
      resolveTimeoutMs: 2000,
      serverName: undefined,
      fallbackDecision: () => forwardTo(['sip:192.0.2.99']),
      ...options,
    });
  }

  /** A peer at an address. */
  peer(address: string, port = 5060, transport: Transport = 'udp'): Peer {
    const peer = new Peer(this, address, port, transport);
    this.#peers.push(peer);
    return peer;
  }

  /** Gives the core an input and carries out all that follows from it. */
  input(input: ProxyInput): void {
    this.#watch(input);
    this.#queue.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#carryOut(this.core.handle(this.clock.mono(), next));
    }
    this.#isRunning = false;
  }

  /** Jumps to the core's next deadline; false where there is none. */
  jump(): boolean {
    const deadline = this.core.nextDeadline();
    if (deadline === undefined) return false;
    this.clock.advanceTo(deadline);
    this.#carryOut(this.core.advance(this.clock.mono()));
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#carryOut(this.core.handle(this.clock.mono(), next));
    }
    return true;
  }

  /** Lets time pass, deadline by deadline. */
  wait(durationMs: number): void {
    const until = this.clock.mono() + durationMs;
    for (let at = this.core.nextDeadline(); at !== undefined && at <= until; at = this.core.nextDeadline()) {
      this.jump();
    }
    this.clock.advanceTo(until);
  }

  /** Jumps until nothing is left, and says what is: all zero, or there is a leak. */
  drain(): ProxyCounts {
    for (let jumps = 0; jumps < 10_000 && this.jump(); jumps += 1);
    return this.core.counts();
  }

  /** Answers the only open question. */
  answer(decision: RequestDecision): void {
    const id = this.openQuestion('decide');
    this.questions.delete(id);
    this.input({ kind: 'decided', id, decision });
  }

  /** The id of the only open question of a kind. */
  openQuestion(kind: 'decide' | 'resolve'): EffectId {
    const open = [...this.questions.values()].filter((question) => question.kind === kind);
    const [only] = open;
    if (only === undefined || open.length > 1) throw new Error(`${open.length} open ${kind} questions`);
    return only.id;
  }

  /** Events of one kind. */
  eventsOf<Kind extends ProxyEvent['kind']>(kind: Kind): Extract<ProxyEvent, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<ProxyEvent, { kind: Kind }> => event.kind === kind);
  }

  #watch(input: ProxyInput): void {
    if (input.kind === 'message') this.guard.received(input.message);
    if (input.kind !== 'decided' || input.decision.kind !== 'forward') return;
    const { edits, targets } = input.decision;
    const additions = targets.flatMap(({ addition }) => addition ?? []);
    for (const edit of [...edits, ...additions.flatMap((addition) => addition.edits)]) {
      this.#orderedKeys.add(edit.name.toLowerCase());
    }
    this.#isPartOrdered ||= additions.some(({ body }) => body !== undefined);
  }

  #carryOut(effects: readonly ProxyEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#send(effect);
          break;
        case 'event':
          this.events.push(effect.event);
          break;
        case 'forget':
          this.forgotten.push(effect.id);
          this.questions.delete(effect.id);
          break;
        case 'decide': {
          const decision = this.decide?.(effect.request, effect.flow);
          if (decision === undefined) this.questions.set(effect.id, effect);
          else {
            const answer: ProxyInput = { kind: 'decided', id: effect.id, decision };
            this.#watch(answer);
            this.#queue.push(answer);
          }
          break;
        }
        case 'resolve':
          this.#resolve(effect);
          break;
        case 'health': {
          const { destination, verdict, retryAfterS } = effect;
          const { address } = destination.remote;
          this.health.push(retryAfterS === undefined ? [address, verdict] : [address, verdict, retryAfterS]);
          break;
        }
      }
    }
  }

  #send(effect: Extract<ProxyEffect, { kind: 'send' }>): void {
    const { destination } = effect;
    const place = `${destination.remote.address}:${destination.remote.port}`;
    if (!this.#guarded.has(effect.bytes)) {
      this.#guarded.add(effect.bytes);
      const violations = this.guard.sent(effect.bytes).filter((found) => !this.mayDo(found));
      if (violations.length > 0)
        throw new Error(`the proxy touched what it may not: ${violations.join('; ')}`);
    }
    this.sent.push({ at: this.clock.mono(), id: effect.id, bytes: effect.bytes, destination });
    if (this.broken.has(place)) {
      const error = { code: 'net.refused', message: 'connection refused' };
      this.#queue.push({ kind: 'sendFailed', id: effect.id, error });
      return;
    }
    const message = parse(effect.bytes, destination.transport);
    if (this.lose(message)) return;
    const peer = this.#peers.find((each) => each.isAt(destination));
    if (peer !== undefined) peer.inbox.push(message);
    else if (this.listeners.some((each) => `${each.local.address}:${each.local.port}` === place)) {
      this.#loopBack(message, destination);
    }
  }

  /** A message that the proxy sends to itself. */
  #loopBack(message: SipMessage, destination: Destination): void {
    const flow: Flow = {
      transport: destination.transport,
      local: destination.remote,
      remote: { address: destination.remote.address, port: 5060 },
      connectionId: undefined,
    };
    this.#queue.push({ kind: 'message', message, flow });
  }

  #resolve(effect: Extract<ProxyEffect, { kind: 'resolve' }>): void {
    const given = this.resolve?.(effect.query);
    if (given !== undefined) {
      const result = { kind: 'addresses', destinations: given } as const;
      this.#queue.push({ kind: 'resolved', id: effect.id, result });
      return;
    }
    const { host } = effect.query;
    const addresses = isIP(host) === 0 ? this.names.get(host) : [host];
    if (addresses === undefined) {
      this.questions.set(effect.id, effect);
      return;
    }
    const { isSecure } = effect.query;
    const { transport = isSecure ? 'tls' : 'udp', port = transport === 'tls' ? 5061 : 5060 } = effect.query;
    const destinations = addresses.map((address) => ({
      transport,
      remote: { address, port },
      connectionId: undefined,
      local: undefined,
    }));
    this.#queue.push({ kind: 'resolved', id: effect.id, result: { kind: 'addresses', destinations } });
  }
}
