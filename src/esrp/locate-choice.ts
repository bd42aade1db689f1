import type { Clock, CodedError } from '../base/index.ts';
import type { LocationValue, OfferedLocations } from '../location/index.ts';
import { alternativesMax } from './limits.ts';
import type { Source, SourceAnswer } from './locate-source.ts';
import type { Timer } from './ports.ts';
import type { Located, LocationCandidate } from './types.ts';

/** How long may be waited, and by which clock. */
export interface WaitOptions {
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly timer: Timer;
}

/** One source that was asked, and what it said so far. */
interface Asked {
  answer: SourceAnswer | undefined;
  durationMs: number;
}

/** Asked sources by their place in the list. */
type AskedSources = ReadonlyMap<number, Asked>;

const nothingAsked: AskedSources = new Map();

/** Place of the first source that has a location without being asked; the number of sources where none has. */
export function firstValue(sources: readonly Source[]): number {
  const index = sources.findIndex((source) => source.kind === 'value');
  return index === -1 ? sources.length : index;
}

/** Whether a source that has to be asked comes before all that have a location already. */
export function hasToAsk(sources: readonly Source[]): boolean {
  for (const source of sources) {
    if (source.kind === 'value') return false;
    if (source.kind === 'asked') return true;
  }
  return false;
}

/** The choice where nothing has to be asked. */
export function chooseNow(sources: readonly Source[], offered: OfferedLocations): Located {
  return summarise(sources, nothingAsked, offered);
}

/**
 * Asks all sources at once that come before the first location that is there, and chooses when the best possible one is
 * known, or at the deadline the best of what came.
 */
export async function chooseInTime(
  sources: readonly Source[],
  offered: OfferedLocations,
  options: WaitOptions,
): Promise<Located> {
  const end = firstValue(sources);
  const asked = new Map<number, Asked>();
  const start = options.clock.mono();
  const sinceStart = () => round(options.clock.mono() - start);
  await new Promise<void>((resolve) => {
    const stop = options.timer(options.deadlineMs, resolve);
    for (let place = 0; place < end; place += 1) {
      const source = sources[place];
      if (source?.kind !== 'asked') continue;
      const one: Asked = { answer: undefined, durationMs: 0 };
      asked.set(place, one);
      void source.ask(options.deadlineMs).then((answer) => {
        one.answer = answer;
        one.durationMs = sinceStart();
        if (!isBestKnown(asked)) return;
        stop();
        resolve();
      });
    }
  });
  const waitedMs = sinceStart();
  for (const one of asked.values()) if (one.answer === undefined) one.durationMs = waitedMs;
  return summarise(sources, asked, offered);
}

/** The same, with the alternative of that place routed by instead, because nothing serves the one before it. */
export function promoteAlternative(located: Located, place: number, why: string): Located {
  const chosen = located.location;
  const next = located.alternatives[place];
  if (chosen === undefined || next === undefined) return located;
  let passed = -1;
  const candidates = located.candidates.map((candidate): LocationCandidate => {
    if (candidate.outcome === 'chosen') return { ...candidate, outcome: 'notChosen', reason: why };
    if (candidate.outcome !== 'notChosen') return candidate;
    // The alternatives are the locations of the first candidates that were usable and not chosen, in their order.
    passed += 1;
    if (passed < place) return { ...candidate, reason: why };
    if (passed > place) return candidate;
    return {
      ...candidate,
      outcome: 'chosen',
      reason: 'a boundary serves it, and none serves what comes first',
    };
  });
  const alternatives = [chosen, ...located.alternatives.filter((_, index) => index !== place)];
  return { ...located, location: next, alternatives, candidates };
}

function isBestKnown(asked: AskedSources): boolean {
  for (const { answer } of asked.values()) {
    if (answer === undefined) return false;
    if (answer.kind === 'locations') return true;
  }
  return true;
}

function summarise(sources: readonly Source[], asked: AskedSources, offered: OfferedLocations): Located {
  const summary = new Summary(offered);
  for (const [place, source] of sources.entries()) {
    if (source.kind === 'refused') summary.addRefused(source.candidate, source.isLoss);
    else if (source.kind === 'value') summary.add(source.origin, source.location, source.reason, undefined);
    else summary.addAsked(source.origin, asked.get(place));
  }
  return summary.result();
}

class Summary {
  readonly candidates: LocationCandidate[] = [];
  readonly #offered: OfferedLocations;
  readonly #alternatives: LocationValue[] = [];
  readonly #warnings: CodedError[] = [];
  #location: LocationValue | undefined;

  constructor(offered: OfferedLocations) {
    this.#offered = offered;
  }

  add(origin: string, location: LocationValue, reason: string, durationMs: number | undefined): void {
    const time = durationMs === undefined ? {} : { durationMs };
    if (this.#location === undefined) {
      this.#location = location;
      this.candidates.push({ origin, outcome: 'chosen', reason: reason + this.#routingNote(), ...time });
      return;
    }
    // A default place holds where nothing else is known, not where something else is and nobody serves it.
    if (this.#alternatives.length < alternativesMax && location.source.kind !== 'default') {
      this.#alternatives.push(location);
    }
    this.candidates.push({ origin, outcome: 'notChosen', reason: 'another location comes first', ...time });
  }

  addRefused(candidate: LocationCandidate, isLoss: boolean): void {
    this.candidates.push(candidate);
    if (isLoss && this.#location === undefined) this.#warnFailed(candidate.origin, candidate.reason);
  }

  addAsked(origin: string, asked: Asked | undefined): void {
    if (asked === undefined) {
      const reason = 'not asked: a location that is there comes first';
      this.candidates.push({ origin, outcome: 'notFetched', reason });
      return;
    }
    const { answer, durationMs } = asked;
    if (answer === undefined) {
      const isLate = this.#location === undefined;
      const reason = isLate
        ? `no answer within ${durationMs} ms`
        : 'another location was there before it answered';
      this.candidates.push({ origin, outcome: 'notFetched', reason, durationMs });
      if (isLate) this.#warnFailed(origin, reason);
      return;
    }
    if (answer.kind === 'none') {
      const { outcome, reason, isFailure } = answer;
      this.candidates.push({ origin, outcome, reason, durationMs });
      if (isFailure) this.#warnFailed(origin, reason);
      return;
    }
    this.#warnings.push(...answer.warnings);
    for (const [index, location] of answer.locations.entries()) {
      this.add(
        index === 0 ? origin : `${origin}, location ${index + 1}`,
        location,
        answer.reason,
        durationMs,
      );
    }
  }

  result(): Located {
    const { warnings, additionalData } = this.#offered;
    return {
      location: this.#location,
      alternatives: this.#alternatives,
      candidates: this.candidates,
      warnings: this.#warnings.length === 0 ? warnings : [...warnings, ...this.#warnings],
      additionalData,
    };
  }

  // The origin may hold the URI of a location, which a warning must not.
  #warnFailed(origin: string, reason: string): void {
    const what = origin.replace(/ ?<.*$/, '');
    this.#warnings.push({ code: 'esrp.locationSourceFailed', message: `${what}: ${reason}` });
  }

  // RFC 6442 §4.2 against RFC 6881 §9.3: what the caller's device allows others does not keep an emergency call from help.
  #routingNote(): string {
    return this.#offered.geolocationRouting === 'no'
      ? '; Geolocation-Routing: no does not hold for an emergency call'
      : '';
  }
}

function round(durationMs: number): number {
  return Math.round(durationMs * 1_000) / 1_000;
}
