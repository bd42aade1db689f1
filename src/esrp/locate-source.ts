import type { CodedError } from '../base/index.ts';
import type { LocationValue } from '../location/index.ts';
import type { LocationCandidate } from './types.ts';

// What the locate stage chooses among: a list of sources, the preferred first.

/** What asking a source brought. Never the reason of a rejection: asking does not reject. */
export type SourceAnswer =
  | {
      readonly kind: 'locations';
      /** The preferred one first. */
      readonly locations: readonly [LocationValue, ...LocationValue[]];
      readonly reason: string;
      readonly warnings: readonly CodedError[];
    }
  | {
      readonly kind: 'none';
      readonly outcome: 'notFetched' | 'unreadable' | 'unknown';
      readonly reason: string;
      /** Something went wrong that an operator wants to hear of; a source that simply knows nothing did not fail. */
      readonly isFailure: boolean;
    };

/** Asks a source; the answer is there within the deadline, or is not waited for. Does not reject. */
export type Ask = (deadlineMs: number) => Promise<SourceAnswer>;

/** Something that gives a location, may give one, or was to be one. */
export type Source =
  | {
      readonly kind: 'value';
      readonly origin: string;
      readonly location: LocationValue;
      readonly reason: string;
    }
  | { readonly kind: 'asked'; readonly origin: string; readonly ask: Ask }
  | {
      readonly kind: 'refused';
      readonly candidate: LocationCandidate;
      /** It might have been the location: worth a warning where nothing before it is. */
      readonly isLoss: boolean;
    };
