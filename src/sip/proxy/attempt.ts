import type { MonoMs } from '../../base/index.ts';
import { type DeadlineHeap, type Destination, type EffectId, TimedMachine } from '../transaction/index.ts';
import type { ProxyPorts, Resolvable, ResolveResult } from './ports.ts';
import type { ResponseContext } from './response-context.ts';
import type { ResolveQuery } from './types.ts';

/** The part of a target that an attempt needs; a request within a dialog has no label and no time of its own. */
export interface AttemptTarget {
  readonly label: string;
  readonly routeUri: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly silenceTimeoutMs?: number | undefined;
}

/** One target on trial: its addresses, in order, and the time that all of them have together. */
export class Attempt extends TimedMachine<'resolve' | 'ring'> implements Resolvable {
  readonly target: AttemptTarget;
  readonly #ports: ProxyPorts;
  readonly #context: ResponseContext;
  #destinations: readonly Destination[] = [];
  #next = 0;
  #question: EffectId | undefined;

  constructor(ports: ProxyPorts, context: ResponseContext, target: AttemptTarget, now: MonoMs) {
    super();
    this.#ports = ports;
    this.#context = context;
    this.target = target;
    if (target.timeoutMs !== undefined) this.startEnd('ring', now + target.timeoutMs);
  }

  /** Whether a name is being looked up. */
  get isResolving(): boolean {
    return this.#question !== undefined;
  }

  /** Whether there is an address left to try. */
  get hasMore(): boolean {
    return this.#next < this.#destinations.length;
  }

  /** Takes the addresses to try. */
  offer(destinations: readonly Destination[]): void {
    this.#destinations = destinations;
    this.#next = 0;
  }

  /** The next address; undefined when all were tried. */
  takeDestination(): Destination | undefined {
    const destination = this.#destinations[this.#next];
    if (destination !== undefined) this.#next += 1;
    return destination;
  }

  /** Asks for the addresses of a name. */
  ask(now: MonoMs, query: ResolveQuery): void {
    this.startRepeat('resolve', now + this.#ports.options.resolveTimeoutMs);
    this.#question = this.#ports.askAddresses(query, this);
  }

  resolved(now: MonoMs, result: ResolveResult): void {
    this.#question = undefined;
    this.stopRepeat();
    if (result.kind === 'addresses' && result.destinations.length > 0) {
      this.offer(result.destinations.slice(0, this.#ports.options.limits.destinationsMax));
      this.#context.onAddresses(now);
    } else {
      const detail = result.kind === 'failed' ? result.error.message : 'the name has no address';
      this.#context.onNoAddress(now, this, detail);
    }
  }

  /** Ends the attempt: no question, no timer, no further address. */
  stop(): void {
    this.offer([]);
    this.stopTimers();
    if (this.#question === undefined) return;
    this.#ports.forget(this.#question);
    this.#question = undefined;
  }

  protected heap(): DeadlineHeap<TimedMachine<string>> {
    return this.#ports.heap;
  }

  protected onTimer(now: MonoMs, event: 'resolve' | 'ring'): void {
    if (event === 'ring') {
      this.#context.onRingExpired(now, this);
      return;
    }
    if (this.#question !== undefined) this.#ports.forget(this.#question);
    this.#question = undefined;
    this.#context.onNoAddress(now, this, 'the name was not resolved in time');
  }
}
