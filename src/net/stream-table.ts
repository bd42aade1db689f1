import { after, type Clock, type MonoMs } from '../base/index.ts';
import type { StreamLimits } from './types.ts';

/** A connection as far as the limits of connections go. Its properties may change; the table looks when it must. */
export interface TableMember {
  /** The peer's address. */
  readonly address: string;
  readonly direction: 'accepted' | 'opened';
  /** When bytes last went either way; when it was made for one that is of no use yet. */
  readonly activeAt: MonoMs;
  /** What it has been good for: `nothing` that is SIP, `messages`, or `calls`. The first are put out first. */
  readonly use: 'nothing' | 'messages' | 'calls';
  /** Something is under way: an answer that is owed or awaited, half a message, bytes that wait. Never put out. */
  readonly isBusy: boolean;
  /** Closes it to make room for another; the table forgets it by {@link StreamTable.remove}, called by its owner. */
  putOut(): void;
}

/** Of all connections this share is kept for those that we open, so that accepted ones cannot keep calls from leaving. */
const reservedShare = 0.1;
/** One search through the members finds room for so many newcomers. */
const foundMax = 64;
const uses: readonly TableMember['use'][] = ['nothing', 'messages', 'calls'];

/**
 * The connections of all stream transports, and the limits of how many there may be. At a limit the connection that has
 * been idle for longest makes room, those first that never carried a message; only where none is idle the newcomer is
 * refused. So a peer that leaves connections lying about can still place its next call, and a flood of silent
 * connections only pushes out itself.
 */
export class StreamTable {
  readonly #limits: StreamLimits;
  readonly #clock: Clock;
  readonly #all: Group;
  readonly #byAddress = new Map<string, Group>();
  #accepted = 0;

  constructor(limits: StreamLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#all = new Group(limits);
  }

  get size(): number {
    return this.#all.members.size;
  }

  /** Makes room for a connection from that address; says which limit forbids it. The owner then calls `add`. */
  admit(address: string): 'totalLimit' | 'addressLimit' | undefined {
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    const now = this.#clock.mono();
    const sameAddress = this.#byAddress.get(address);
    if (sameAddress !== undefined && sameAddress.members.size >= connectionsPerAddressMax) {
      if (!this.#putOneOut(sameAddress, now)) return 'addressLimit';
    }
    const acceptedMax = connectionsMax - Math.floor(connectionsMax * reservedShare);
    const isFull = this.#accepted >= acceptedMax || this.size >= connectionsMax;
    return isFull && !this.#putOneOut(this.#all, now) ? 'totalLimit' : undefined;
  }

  /** Makes room for a connection of ours; false where there is none. The owner then calls `add`. */
  mayOpen(): boolean {
    if (this.size < this.#limits.connectionsMax) return true;
    return this.#putOneOut(this.#all, this.#clock.mono());
  }

  add(member: TableMember): void {
    this.#all.members.add(member);
    if (member.direction !== 'accepted') return;
    this.#accepted += 1;
    const group = this.#byAddress.get(member.address) ?? new Group(this.#limits);
    group.members.add(member);
    this.#byAddress.set(member.address, group);
  }

  /** Forgets a member; may be called twice. */
  remove(member: TableMember): void {
    if (!this.#all.members.delete(member) || member.direction !== 'accepted') return;
    this.#accepted -= 1;
    const group = this.#byAddress.get(member.address);
    group?.members.delete(member);
    if (group?.members.size === 0) this.#byAddress.delete(member.address);
  }

  #putOneOut(group: Group, now: MonoMs): boolean {
    const found = group.takeIdle(now);
    if (found === undefined) return false;
    this.remove(found);
    found.putOut();
    return true;
  }
}

/** Members with one limit in common. */
class Group {
  readonly members = new Set<TableMember>();
  readonly #idleMs: Readonly<Record<TableMember['use'], number>>;
  /** Found idle by the last search, the one to go next at the end. */
  #found: TableMember[] = [];
  /** No member can have become idle before this. */
  #noneBefore: number = Number.NEGATIVE_INFINITY;

  constructor(limits: StreamLimits) {
    this.#idleMs = {
      nothing: limits.evictUnusedMs,
      messages: limits.evictIdleMs,
      calls: 2 * limits.evictIdleMs,
    };
  }

  takeIdle(now: MonoMs): TableMember | undefined {
    for (;;) {
      const next = this.#found.pop();
      if (next === undefined) {
        if (now < this.#noneBefore || !this.#search(now)) return undefined;
      } else if (this.members.has(next) && this.#isIdle(next, now)) return next;
    }
  }

  #isIdle(member: TableMember, now: MonoMs): boolean {
    return !member.isBusy && now >= after(member.activeAt, this.#idleMs[member.use]);
  }

  #search(now: MonoMs): boolean {
    const idle: TableMember[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const member of this.members) {
      if (member.direction !== 'accepted') continue;
      if (this.#isIdle(member, now)) idle.push(member);
      else {
        // A busy one may be idle the moment after, with all its quiet time behind it.
        const at = after(member.activeAt, this.#idleMs[member.use]);
        earliest = Math.min(earliest, Math.max(at, after(now, searchAgainMs)));
      }
    }
    if (idle.length === 0) {
      this.#noneBefore = earliest === Number.POSITIVE_INFINITY ? after(now, searchAgainMs) : earliest;
      return false;
    }
    idle.sort(
      (one, other) => uses.indexOf(one.use) - uses.indexOf(other.use) || one.activeAt - other.activeAt,
    );
    this.#found = idle.slice(0, foundMax).reverse();
    return true;
  }
}

/** A search in vain is not repeated sooner, so that a flood at a limit costs one each time. */
const searchAgainMs = 100;
