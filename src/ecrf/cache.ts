import { LRUCache } from 'lru-cache';
import type { Clock, WallMs } from '../base/index.ts';
import type { Shape } from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';
import type {
  FindService,
  FindServiceResponse,
  ListServicesByLocation,
  ListServicesByLocationResponse,
  LostAnswer,
  LostExpiry,
  LostLocation,
} from '../lost/index.ts';
import type { CacheOptions } from './types.ts';

/** A question that others may be asked. */
export type Askable = FindService | ListServicesByLocation;
/** An answer that may be kept. */
export type Keepable = FindServiceResponse | ListServicesByLocationResponse;

interface Entry {
  readonly answer: Keepable;
  /** Place of the used location among those of the question. */
  readonly usedIndex: number | undefined;
  readonly freshUntil: WallMs;
}

/**
 * Answers of other servers, kept until they expire, and beyond for when their server does not answer (RFC 5222 §5.2). They
 * go out as they came, with their path (§6).
 */
export class AnswerCache {
  readonly #options: CacheOptions;
  readonly #clock: Clock;
  readonly #entries: LRUCache<string, Entry> | undefined;
  readonly #counts = { hits: 0, misses: 0, stale: 0, kept: 0 };

  constructor(options: CacheOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#entries = options.entriesMax === 0 ? undefined : new LRUCache({ max: options.entriesMax });
  }

  /** How often what happened, and how many there are. */
  counts(): Readonly<Record<'hits' | 'misses' | 'stale' | 'kept' | 'entries', number>> {
    return { ...this.#counts, entries: this.#entries?.size ?? 0 };
  }

  /** An answer within its time. */
  fresh(question: Askable): Keepable | undefined {
    const entry = this.#entries?.get(keyOf(question));
    if (entry === undefined || this.#clock.wall() >= entry.freshUntil) {
      this.#counts.misses += 1;
      return undefined;
    }
    this.#counts.hits += 1;
    return answerFor(entry, question);
  }

  /** The last answer past its time, for when the server that gave it does not answer. */
  stale(question: Askable): Keepable | undefined {
    const entry = this.#entries?.get(keyOf(question));
    if (entry === undefined) return undefined;
    if (this.#clock.wall() >= entry.freshUntil + this.#options.staleMaxMs) return undefined;
    this.#counts.stale += 1;
    return answerFor(entry, question);
  }

  /** Keeps an answer as long as it says. */
  keep(question: Askable, answer: LostAnswer): void {
    if (answer.kind !== 'findServiceResponse' && answer.kind !== 'listServicesByLocationResponse') return;
    const now = this.#clock.wall();
    const freshUntil = freshUntilOf(answer, now, this.#options.ageMaxMs);
    if (freshUntil === undefined || freshUntil <= now) return;
    const index = question.locations.findIndex(({ id }) => id !== undefined && id === answer.locationUsed);
    this.#entries?.set(keyOf(question), {
      answer,
      usedIndex: index < 0 ? undefined : index,
      freshUntil,
    });
    this.#counts.kept += 1;
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries?.clear();
  }
}

function answerFor({ answer, usedIndex }: Entry, question: Askable): Keepable {
  const locationUsed = usedIndex === undefined ? undefined : question.locations[usedIndex]?.id;
  return answer.kind === 'findServiceResponse'
    ? {
        ...answer,
        locationUsed,
        callIds: question.kind === 'findService' ? question.callIds : undefined,
      }
    : { ...answer, locationUsed };
}

function freshUntilOf(answer: Keepable, now: WallMs, ageMaxMs: number): WallMs | undefined {
  const expiries: readonly LostExpiry[] =
    answer.kind === 'findServiceResponse'
      ? answer.mappings.map(({ expires }) => expires)
      : (answer.serviceListBoundaries ?? []).map(({ expires }) => expires);
  if (expiries.length === 0) return undefined;
  let earliest: number = now + ageMaxMs;
  for (const expiry of expiries) {
    if (expiry === 'NO-CACHE') return undefined;
    if (expiry !== 'NO-EXPIRATION') earliest = Math.min(earliest, expiry.ms);
  }
  return earliest as WallMs;
}

/** What two questions must share to have one answer; not who asks, nor the names that it gives its locations. */
function keyOf(question: Askable): string {
  const places = question.locations.map(placeOf);
  const { kind, service } = question;
  const more =
    question.kind === 'findService'
      ? [
          question.validatesLocation,
          question.serviceBoundary ?? 'reference',
          question.asOf?.ms,
          question.additionalLocation,
        ]
      : [question.serviceListBoundary];
  return JSON.stringify([kind, service?.toLowerCase(), places, more]);
}

function placeOf({ value, profile }: LostLocation): unknown {
  switch (value.kind) {
    case 'geodetic':
      return shapeText(value.shape);
    case 'civic':
      return civicText(value.civic);
    default:
      return [profile, value.fault.code];
  }
}

function shapeText(shape: Shape): unknown {
  return shape;
}

function civicText({ country, elements }: CivicAddress): unknown {
  const sorted = [...elements].map(([name, text]) => [name, text.toLowerCase()]).sort();
  return [country, sorted];
}
