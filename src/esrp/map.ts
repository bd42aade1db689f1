import type { Clock, ServiceUrn, WallMs } from '../base/index.ts';
import { DependencyError, errorText } from '../base/index.ts';
import { centerOf } from '../geo/index.ts';
import type { LocationValue } from '../location/index.ts';
import { promoteAlternative } from './locate-choice.ts';
import type { BoundaryLookup, LookupAnswer, LookupScope } from './ports.ts';
import { serviceFamily } from './service-urn.ts';
import type { Located, Mapping, UnmappedReason } from './types.ts';

/** What the stage is asked. */
export interface MapQuestion {
  readonly service: ServiceUrn;
  readonly asOf: WallMs;
  /** For all lookups together. */
  readonly deadlineMs: number;
}

/** What it is asked of all that the second stage found. */
export interface MapLocatedQuestion extends MapQuestion {
  readonly located: Located | undefined;
}

/** A mapping, and the location that it is for: `located` as it was, or with the alternative chosen that is served. */
export interface MappedLocation {
  readonly mapping: Mapping;
  readonly located: Located | undefined;
}

/**
 * The third stage: which boundary serves the chosen location, and where none does, which serves an alternative? All within
 * one deadline. A failed or late lookup is an answer too, never a rejection.
 */
export async function mapLocated(
  question: MapLocatedQuestion,
  { lookup, clock }: { readonly lookup: BoundaryLookup; readonly clock: Clock },
): Promise<MappedLocation> {
  const { located } = question;
  const start = clock.mono();
  const first = await mapLocation(located?.location, question, lookup);
  if (located === undefined || !isUnserved(first)) return { mapping: first, located };
  for (const [place, location] of located.alternatives.entries()) {
    const deadlineMs = question.deadlineMs - (clock.mono() - start);
    if (deadlineMs < 1) break;
    const mapping = await mapLocation(location, { ...question, deadlineMs }, lookup);
    if (mapping.kind !== 'mapped') continue;
    return {
      mapping: { ...mapping, detail: `${mapping.detail}; of the location that comes first: ${first.detail}` },
      located: promoteAlternative(located, place, 'no boundary serves it'),
    };
  }
  return { mapping: first, located };
}

// Never rejects.
async function mapLocation(
  location: LocationValue | undefined,
  question: MapQuestion,
  lookup: BoundaryLookup,
): Promise<Mapping> {
  const { service } = question;
  if (location === undefined) return unmapped('noLocation', 'there is no location that can be read');
  const scope: LookupScope = {
    services: serviceFamily(service),
    asOf: question.asOf,
    deadlineMs: question.deadlineMs,
  };
  try {
    // A compound location gives its geodetic part first (RFC 5491 §3.3); the civic one answers where that finds nothing.
    if (location.shape !== undefined) {
      const answer = await lookup.byPoint(centerOf(location.shape), scope);
      if (answer.kind === 'found' || location.civic === undefined) {
        return interpret(answer, service, describeShape(location));
      }
    }
    if (location.civic !== undefined) {
      return interpret(await lookup.byCivic(location.civic, scope), service, civicPlace);
    }
    return unmapped('noLocation', 'the location has neither a shape nor a civic address');
  } catch (thrown) {
    const isLate = thrown instanceof DependencyError && thrown.code === 'store.deadlineMissed';
    return unmapped(isLate ? 'deadlineMissed' : 'lookupFailed', errorText(thrown));
  }
}

/** Whether the boundaries were asked, and none of them serves the place. */
function isUnserved(mapping: Mapping): boolean {
  return (
    mapping.kind === 'unmapped' &&
    (mapping.reason === 'outsideAllBoundaries' ||
      mapping.reason === 'civicUnknown' ||
      mapping.reason === 'civicAmbiguous')
  );
}

const civicPlace = 'the civic address';

function describeShape(location: LocationValue): string {
  const kind = location.shape?.kind;
  if (kind === undefined || kind === 'point') return 'the point';
  return `the centre of the ${kind === 'arcBand' ? 'arc band' : kind}`;
}

function interpret(answer: LookupAnswer, service: ServiceUrn, place: string): Mapping {
  switch (answer.kind) {
    case 'found': {
      const [boundary, ...others] = answer.matches;
      const isSubstitute = !isSameService(boundary.serviceUrn, service);
      const how = {
        covers: `${boundary.displayName} covers ${place}`,
        withinOneMetre: `${boundary.displayName} is within a metre of ${place}, which no boundary covers`,
        areaName: `${boundary.displayName} has the area names of ${place}`,
      }[answer.rule];
      const tie =
        others.length === 0 ? '' : `; ${others.length} more fit, ties go by service, priority, then id`;
      return {
        kind: 'mapped',
        rule: answer.rule,
        boundary,
        others,
        substitutedFrom: isSubstitute ? service : undefined,
        detail: how + tie,
      };
    }
    case 'nothing':
      return place === civicPlace
        ? unmapped('civicUnknown', 'no boundary has the area names of the civic address')
        : unmapped('outsideAllBoundaries', `no boundary covers ${place}`);
    case 'ambiguous':
      return {
        kind: 'unmapped',
        reason: 'civicAmbiguous',
        detail: `the civic address fits ${answer.candidates.length} or more boundaries of different answering points`,
        others: answer.candidates,
      };
    case 'noActiveDataset':
      return unmapped('noActiveDataset', 'no dataset of boundaries is active');
  }
}

function isSameService(stored: ServiceUrn, asked: ServiceUrn): boolean {
  const plain = (urn: string) =>
    urn.replace(/^urn:(?:emergency|nena):/, 'urn:').replace(/:sos\.psap$/, ':sos');
  return plain(stored) === plain(asked);
}

function unmapped(reason: UnmappedReason, detail: string): Mapping {
  return { kind: 'unmapped', reason, detail, others: [] };
}
