import { DependencyError, errorText, serviceUrn, wallMs } from '../base/index.ts';
import type { AnsweredBy, BoundaryLookup, Logger, LookupAnswer, LookupScope, Timer } from '../esrp/index.ts';
import type { Position, Shape } from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';

/** What the switch needs to know of the standby index. */
export interface StandbyState {
  /** The dataset that is in memory; undefined where there is none. */
  readonly datasetId: number | undefined;
  /** Whether that is the active one, as far as is known. */
  readonly isCurrent: boolean;
}

export interface LookupSwitchOptions {
  /** Who is asked first. */
  readonly first: 'database' | 'memory';
  /** How long the database may take before memory answers, milliseconds; never more than half a lookup's deadline. */
  readonly patienceMs: number;
  readonly timer: Timer;
  readonly logger: Logger;
}

/** Who answers, and how often each did. */
export interface LookupSwitchStatus {
  /** Why the database is not asked at the moment; undefined while it is. */
  readonly awayBecause: string | undefined;
  readonly counts: Readonly<Record<keyof Counts, number>>;
}

interface Counts {
  databaseAnswers: number;
  memoryAnswers: number;
  databaseLate: number;
  databaseFailed: number;
  databaseSkipped: number;
  probes: number;
}

type WhyMemory = Extract<AnsweredBy, { readonly name: 'memory' }>['why'];

/** The part of a lookup's deadline that the database may take at most, where memory could answer. */
const patiencePart = 0.5;
/** The same for a civic address: memory knows area names alone. */
const civicPatiencePart = 0.8;
/** Of so many misses in a row the database is not waited for any more. */
const missesMax = 3;
/** How often it is then asked whether it is well, and how often in a row it must be. */
const probeEveryMs = 1_000;
const probesNeeded = 3;

interface Question {
  readonly scope: LookupScope;
  readonly isCivic: boolean;
  readonly ask: (lookup: BoundaryLookup, scope: LookupScope) => Promise<LookupAnswer>;
}

/**
 * Lookups by the database or by the standby index, whichever answers in time. Each answer is of one of them alone, and so
 * of one dataset; where memory gave it, it says so and why. A database that missed several times in a row is left alone,
 * and probed until it is well again.
 */
export class LookupSwitch implements BoundaryLookup {
  readonly #database: BoundaryLookup;
  readonly #memory: BoundaryLookup;
  readonly #standby: () => StandbyState;
  readonly #options: LookupSwitchOptions;
  readonly #counts: Counts = {
    databaseAnswers: 0,
    memoryAnswers: 0,
    databaseLate: 0,
    databaseFailed: 0,
    databaseSkipped: 0,
    probes: 0,
  };
  #missesInRow = 0;
  #wellInRow = 0;
  #awayBecause: string | undefined;
  #cancelProbe: (() => void) | undefined;
  #isStopped = false;

  constructor(
    lookups: { readonly database: BoundaryLookup; readonly memory: BoundaryLookup },
    standby: () => StandbyState,
    options: LookupSwitchOptions,
  ) {
    this.#database = lookups.database;
    this.#memory = lookups.memory;
    this.#standby = standby;
    this.#options = options;
  }

  byPoint(position: Position, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer({ scope, isCivic: false, ask: (lookup, how) => lookup.byPoint(position, how) });
  }

  byArea(shape: Shape, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer({ scope, isCivic: false, ask: (lookup, how) => lookup.byArea(shape, how) });
  }

  byCivic(civic: CivicAddress, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer({ scope, isCivic: true, ask: (lookup, how) => lookup.byCivic(civic, how) });
  }

  nearest(position: Position, withinM: number, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer({
      scope,
      isCivic: false,
      ask: (lookup, how) => lookup.nearest(position, withinM, how),
    });
  }

  status(): LookupSwitchStatus {
    return { awayBecause: this.#awayBecause, counts: { ...this.#counts } };
  }

  /** Ends the probes. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelProbe?.();
  }

  #answer(question: Question): Promise<LookupAnswer> {
    const { datasetId, isCurrent } = this.#standby();
    const wanted = question.scope.datasetId;
    const canMemory = datasetId !== undefined && (wanted === undefined || wanted === datasetId);
    if (!canMemory) return this.#byDatabase(question);
    // A dataset that is not active any more answers only where the database cannot.
    if (this.#options.first === 'memory' && isCurrent && !question.isCivic) {
      return this.#byMemory(question, 'configured').catch(() => this.#byEither(question));
    }
    return this.#byEither(question);
  }

  #byEither(question: Question): Promise<LookupAnswer> {
    if (this.#awayBecause !== undefined) {
      this.#counts.databaseSkipped += 1;
      return this.#byMemory(question, 'databaseAway');
    }
    return this.#race(question);
  }

  async #byDatabase(question: Question): Promise<LookupAnswer> {
    const answer = await question.ask(this.#database, question.scope);
    this.#counts.databaseAnswers += 1;
    return answer;
  }

  async #byMemory(question: Question, why: WhyMemory): Promise<LookupAnswer> {
    const answer = await question.ask(this.#memory, question.scope);
    if (answer.kind === 'noActiveDataset') return answer;
    this.#counts.memoryAnswers += 1;
    return { ...answer, answeredBy: { name: 'memory', why } };
  }

  /** The database's answer, or memory's where that fails or takes longer than patience lasts. */
  #race(question: Question): Promise<LookupAnswer> {
    const { deadlineMs } = question.scope;
    const patienceMs = question.isCivic
      ? deadlineMs * civicPatiencePart
      : Math.min(this.#options.patienceMs, deadlineMs * patiencePart);
    return new Promise((resolve, reject) => {
      let isLate = false;
      const asked = question.ask(this.#database, question.scope);
      const cancel = this.#options.timer(patienceMs, () => {
        isLate = true;
        this.#counts.databaseLate += 1;
        this.#missed(`it did not answer within ${Math.round(patienceMs)} ms`);
        // What memory cannot tell is waited for.
        this.#byMemory(question, 'databaseLate').then(
          (answer) => (isEnough(answer, question) ? resolve(answer) : asked.then(resolve, reject)),
          () => asked.then(resolve, reject),
        );
      });
      asked.then(
        (answer) => {
          cancel();
          if (isLate) return;
          this.#missesInRow = 0;
          this.#counts.databaseAnswers += 1;
          resolve(answer);
        },
        (error: unknown) => {
          cancel();
          if (isLate) return;
          // It answered: the question cannot be answered so.
          if (isRefusal(error)) {
            this.#missesInRow = 0;
            reject(error);
            return;
          }
          this.#counts.databaseFailed += 1;
          if (isMiss(error)) this.#missed(errorText(error));
          this.#byMemory(question, 'databaseFailed').then(resolve, () => reject(error));
        },
      );
    });
  }

  #missed(reason: string): void {
    this.#missesInRow += 1;
    if (this.#missesInRow < missesMax || this.#awayBecause !== undefined || this.#isStopped) return;
    this.#awayBecause = reason;
    this.#wellInRow = 0;
    this.#options.logger.error('lookup.databaseSkipped', { reason, missesInRow: this.#missesInRow });
    this.#probeSoon();
  }

  #probeSoon(): void {
    if (this.#isStopped) return;
    this.#cancelProbe = this.#options.timer(probeEveryMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    this.#counts.probes += 1;
    const scope: LookupScope = {
      services: [serviceUrn('urn:service:sos')],
      asOf: wallMs(0),
      deadlineMs: this.#options.patienceMs,
    };
    try {
      await this.#database.byPoint({ lon: 0, lat: 0 }, scope);
      this.#wellInRow += 1;
    } catch (error) {
      this.#wellInRow = 0;
      this.#awayBecause = errorText(error);
    }
    if (this.#wellInRow < probesNeeded) {
      this.#probeSoon();
      return;
    }
    this.#awayBecause = undefined;
    this.#missesInRow = 0;
    this.#options.logger.info('lookup.databaseBack');
  }
}

// Area names that do not settle a civic address may be settled by the roads and points of the database.
function isEnough(answer: LookupAnswer, { isCivic }: Question): boolean {
  return !isCivic || answer.kind === 'found' || answer.kind === 'absent';
}

function isRefusal(error: unknown): boolean {
  return error instanceof DependencyError && error.code === 'store.areaTooLarge';
}

/** Whether a failure speaks of the database and not of the one statement. */
function isMiss(error: unknown): boolean {
  return !(error instanceof DependencyError && error.code === 'store.queryFailed');
}
