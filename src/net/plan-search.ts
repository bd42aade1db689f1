import type { CodedError } from '../base/index.ts';
import type { ResolveQuery } from '../sip/index.ts';
import type { DnsCache, KnownSet } from './dns-cache.ts';
import { type DnsQuestion, questionKey } from './dns-types.ts';
import { locate } from './locate.ts';
import type { NextHopPlan, PlanNeed, PlanOptions, PlanSource } from './next-hop-plan.ts';

/** How long a call waits for answers. */
export interface SearchLimits {
  /** For a name as a whole; what has been found by then is used. */
  readonly timeoutMs: number;
  /** For an answer that an older one can stand in for. */
  readonly staleWaitMs: number;
  /** For the other family's addresses once there are some (RFC 8305 §3 "resolution delay"). */
  readonly familyWaitMs: number;
}

export interface PlanSearchOptions {
  readonly query: ResolveQuery;
  readonly cache: DnsCache;
  readonly source: PlanSource;
  readonly plan: PlanOptions;
  readonly limits: SearchLimits;
}

/** One resolution that has to wait: asks what the plan needs, again and again until it is complete or the time is up. */
export class PlanSearch {
  readonly #options: PlanSearchOptions;
  readonly #source: PlanSource;
  readonly #waits = new Map<string, Promise<void>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #givenUp = new Set<string>();
  readonly #answered = new Set<string>();
  #isOver = false;
  /** An answer that an older one could stand in for was late; what else is old is not waited for either. */
  #isImpatient = false;

  constructor(options: PlanSearchOptions) {
    this.#options = options;
    const { source } = options;
    this.#source = {
      hosts: (name) => source.hosts(name),
      names: (host) => source.names(host),
      find: (question) => source.find(question) ?? this.#standIn(question),
    };
  }

  /** The plan, and whether nothing had to be left out of it. Never rejects. */
  async run(): Promise<{ readonly plan: NextHopPlan; readonly isWhole: boolean }> {
    const over = this.#after(this.#options.limits.timeoutMs, () => {
      this.#isOver = true;
    });
    let plan = this.#locate();
    while (plan.needs.length > 0) {
      for (const question of plan.hints) void this.#options.cache.fetch(question);
      await Promise.race([over, ...plan.needs.map((need) => this.#wait(need))]);
      plan = this.#locate();
    }
    for (const timer of this.#timers) clearTimeout(timer);
    return { plan, isWhole: !this.#isOver && this.#givenUp.size === 0 };
  }

  #locate(): NextHopPlan {
    return locate(this.#options.query, this.#source, this.#options.plan);
  }

  /** Resolves when the answer is there or is not worth waiting for any more; the query itself goes on. */
  #wait({ question, isEssential }: PlanNeed): Promise<void> {
    const key = `${isEssential ? '' : 'beside '}${questionKey(question)}`;
    const running = this.#waits.get(key);
    if (running !== undefined) return running;
    const isOld = this.#options.cache.stale(question) !== undefined;
    const limit = this.#after(this.#limitFor(question, { isEssential, isOld }), () => {
      this.#givenUp.add(questionKey(question));
      if (isOld) this.#isImpatient = true;
    });
    const answer = this.#options.cache.fetch(question).then(() => {
      this.#answered.add(questionKey(question));
    });
    const wait = Promise.race([answer, limit]);
    this.#waits.set(key, wait);
    return wait;
  }

  #limitFor(
    question: DnsQuestion,
    about: { readonly isEssential: boolean; readonly isOld: boolean },
  ): number {
    const { timeoutMs, staleWaitMs, familyWaitMs } = this.#options.limits;
    if (!about.isEssential) return familyWaitMs;
    if (about.isOld) return staleWaitMs;
    // Behind services there are addresses to be asked for yet.
    const isLast = question.type === 'A' || question.type === 'AAAA';
    return isLast ? timeoutMs : timeoutMs / 2;
  }

  #standIn(question: DnsQuestion): KnownSet | undefined {
    const { cache, limits } = this.#options;
    const key = questionKey(question);
    // An answer that came and is not to be found any more (its time was too short) is not asked for again.
    const isLate = this.#isOver || this.#givenUp.has(key) || this.#answered.has(key);
    const old = isLate || this.#isImpatient ? cache.stale(question) : undefined;
    if (old === undefined) return isLate ? noAnswer(limits.timeoutMs) : undefined;
    void cache.fetch(question);
    cache.giveUp(question);
    return old;
  }

  #after(delayMs: number, work: () => void): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        work();
        resolve();
      }, delayMs);
      this.#timers.add(timer);
    });
  }
}

function noAnswer(timeoutMs: number): KnownSet {
  const error: CodedError = { code: 'net.nameTimeout', message: `no answer in ${timeoutMs} ms` };
  return { outcome: { kind: 'failed', error }, freshUntil: 0, refreshAt: 0 };
}
