import type { MonoMs } from '../../base/index.ts';
import { type DeadlineHeap, type Destination, type EffectId, TimedMachine } from '../transaction/index.ts';
import { withoutRefusedAddition } from './addition.ts';
import type { Branch } from './branch.ts';
import { isReplaceable, type NextHop } from './next-hop.ts';
import type { ProxyPorts, Resolvable, ResolveResult } from './ports.ts';
import type { Search } from './search.ts';
import type { HeaderEdit, ResolveQuery, TargetAddition } from './types.ts';

/**
 * The part of a target that an attempt needs. A request within a dialog has no label and no time of its own; a contact
 * of a 3xx brings its own Request-URI and edits in place of the decision's.
 */
export interface AttemptTarget {
  readonly label: string;
  readonly routeUri: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly silenceTimeoutMs?: number | undefined;
  readonly requestUri?: string | undefined;
  readonly edits?: readonly HeaderEdit[] | undefined;
  /** What it gets beside them. */
  readonly addition?: TargetAddition | undefined;
  /** The contact that a 3xx named. */
  readonly contact?: string | undefined;
  /** Tried again with another scheme after a 416: not once more. */
  readonly isSchemeChanged?: boolean | undefined;
}

const noDestinations: readonly Destination[] = [];

/** One target on trial: its addresses, in order, and the time that all of them have together. */
export class Attempt extends TimedMachine<'resolve' | 'ring'> implements Resolvable {
  readonly target: AttemptTarget;
  /** What its 3xx responses named: tried in its place. */
  successors: readonly AttemptTarget[];
  /** The branch whose end or silence starts the next address. */
  latest: Branch | undefined;
  /** Whether the next group of targets waits for this one. Silence ends that; a late provisional brings it back. */
  isLive = true;
  /** Whether it waits for Max-Breadth that other branches hold. */
  isHeld = false;
  readonly #ports: ProxyPorts;
  readonly #search: Search;
  #destinations = noDestinations;
  #next = 0;
  #question: EffectId | undefined;
  #query: ResolveQuery | undefined;
  /** Asked where the flow that is tried first fails. */
  #later: ResolveQuery | undefined;
  #isOver = false;

  constructor(
    ports: ProxyPorts,
    search: Search,
    parts: { readonly target: AttemptTarget; readonly successors: readonly AttemptTarget[] },
    now: MonoMs,
  ) {
    super();
    this.#ports = ports;
    this.#search = search;
    this.target = parts.target;
    this.successors = parts.successors;
    const { timeoutMs } = parts.target;
    if (timeoutMs !== undefined) this.startEnd('ring', now + timeoutMs);
  }

  /** Whether a name is being looked up. */
  get isResolving(): boolean {
    return this.#question !== undefined;
  }

  /** Whether there is an address left to try, or a way to find one. */
  get hasMore(): boolean {
    return this.#next < this.#destinations.length || this.#later !== undefined;
  }

  /** What finds, or would find, the addresses. */
  get query(): ResolveQuery | undefined {
    return this.#query;
  }

  /** Whether it was stopped: its branches may still answer, nothing else follows from it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The next address; undefined when all were tried. */
  takeDestination(): Destination | undefined {
    const destination = this.#destinations[this.#next];
    if (destination !== undefined) this.#next += 1;
    return destination;
  }

  /** Goes by the flow that the hop names (RFC 5626 §5.3.1), else asks for the addresses of its name. */
  start(now: MonoMs, hop: NextHop, query: ResolveQuery): void {
    this.#query = query;
    if (hop.flow === undefined) {
      this.ask(now, query);
      return;
    }
    this.#destinations = [hop.flow];
    if (isReplaceable(hop.flow)) this.#later = query;
    this.#search.onAddresses(now, this);
  }

  /** Asks what was put off for a flow; false where nothing was. */
  askLater(now: MonoMs): boolean {
    const query = this.#later;
    if (query === undefined) return false;
    this.#later = undefined;
    this.ask(now, query);
    return true;
  }

  /** Asks for the addresses of a name. */
  ask(now: MonoMs, query: ResolveQuery): void {
    this.startRepeat('resolve', now + this.#ports.options.resolveTimeoutMs);
    this.#question = this.#ports.askAddresses(query, this);
  }

  resolved(now: MonoMs, result: ResolveResult): void {
    this.#question = undefined;
    this.#next = 0;
    this.stopRepeat();
    if (result.kind === 'addresses' && result.destinations.length > 0) {
      const { destinationsMax } = this.#ports.options.limits;
      const { destinations } = result;
      this.#destinations =
        destinations.length > destinationsMax ? destinations.slice(0, destinationsMax) : destinations;
      this.#search.onAddresses(now, this);
    } else {
      const detail = result.kind === 'failed' ? result.error.message : 'the name has no address';
      this.#search.onNoAddress(now, this, detail);
    }
  }

  /** The next group waits no longer for it: its open branches are silent. */
  rest(): void {
    this.isLive = false;
    this.isHeld = false;
  }

  /** A branch of it rings after all. */
  revive(): void {
    this.isLive = true;
    this.isHeld = false;
  }

  /** Whether this status refuses what was added here: then the target comes next once more, without. */
  dropAddition(statusCode: number): boolean {
    const plain = withoutRefusedAddition(this.target, statusCode);
    if (plain !== undefined) this.successors = [plain, ...this.successors];
    return plain !== undefined;
  }

  /** Ends the attempt: no question, no timer, no further address. */
  stop(): void {
    this.#isOver = true;
    this.rest();
    this.#destinations = noDestinations;
    this.#later = undefined;
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
      this.#search.onRingExpired(now, this);
      return;
    }
    if (this.#question !== undefined) this.#ports.forget(this.#question);
    this.#question = undefined;
    this.#search.onNoAddress(now, this, 'the name was not resolved in time');
  }
}
