import type { Clock, ServiceUrn, WallMs } from '../base/index.ts';
import { assertNever, DependencyError, errorText } from '../base/index.ts';
import { areaM2, centerOf, type Shape } from '../geo/index.ts';
import type { LocationValue } from '../location/index.ts';
import { promoteAlternative } from './locate-choice.ts';
import type { BoundaryLookup, LookupAnswer, LookupScope } from './ports.ts';
import { serviceFamily } from './service-urn.ts';
import type { AnsweredBy, Located, Mapping, UnmappedReason } from './types.ts';

/** What the stage is asked. */
export interface MapQuestion {
  readonly service: ServiceUrn;
  readonly asOf: WallMs;
  /** For all lookups together. */
  readonly deadlineMs: number;
  /** How far off a boundary may be that answers for a place which none covers, metres; 0 or undefined: none may. */
  readonly nearestWithinM?: number | undefined;
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

interface MapPorts {
  readonly lookup: BoundaryLookup;
  readonly clock: Clock;
}

/** The part of the deadline that overlaps may take: what is left is for the point that stands for the area. */
const overlapPart = 0.6;

/**
 * The third stage: which boundary serves the chosen location, and where none does, which serves an alternative, and at
 * last which is the nearest? All within one deadline. A failed or late lookup is an answer too, never a rejection. Where the
 * service is known to be absent, that is the answer: no alternative and no neighbour stands in.
 */
export async function mapLocated(question: MapLocatedQuestion, ports: MapPorts): Promise<MappedLocation> {
  const { clock } = ports;
  const { located } = question;
  const start = clock.mono();
  const first = await mapLocation(located?.location, question, ports);
  if (located === undefined || !isUnserved(first)) return { mapping: first, located };
  for (const [place, location] of located.alternatives.entries()) {
    const deadlineMs = question.deadlineMs - (clock.mono() - start);
    if (deadlineMs < 1) break;
    const mapping = await mapLocation(location, { ...question, deadlineMs }, ports);
    if (mapping.kind !== 'mapped') continue;
    return {
      mapping: { ...mapping, detail: `${mapping.detail}; of the location that comes first: ${first.detail}` },
      located: promoteAlternative(located, place, 'no boundary serves it'),
    };
  }
  const deadlineMs = question.deadlineMs - (clock.mono() - start);
  const mapping = await mapNearest(first, located.location?.shape, { ...question, deadlineMs }, ports);
  return { mapping, located };
}

/** The nearest boundary within the distance allowed for a shape that none covers; `unserved` where there is none. */
async function mapNearest(
  unserved: Mapping,
  shape: Shape | undefined,
  { service, asOf, deadlineMs, nearestWithinM = 0 }: MapQuestion,
  { lookup }: MapPorts,
): Promise<Mapping> {
  if (shape === undefined || !(nearestWithinM > 0) || deadlineMs < 1) return unserved;
  const within = `within ${nearestWithinM} m`;
  try {
    const scope: LookupScope = { services: serviceFamily(service), asOf, deadlineMs };
    const answer = await lookup.nearest(centerOf(shape), nearestWithinM, scope);
    if (answer.kind === 'found' || answer.kind === 'absent') {
      return interpret(
        answer,
        service,
        shape.kind === 'point' ? 'the point' : `the centre of the ${nameOf(shape)}`,
      );
    }
    return { ...unserved, detail: `${unserved.detail}; nor is any ${within}` };
  } catch (thrown) {
    return {
      ...unserved,
      detail: `${unserved.detail}; the nearest ${within} was not found: ${errorText(thrown)}`,
    };
  }
}

// Never rejects.
async function mapLocation(
  location: LocationValue | undefined,
  question: MapQuestion,
  { lookup, clock }: MapPorts,
): Promise<Mapping> {
  const { service } = question;
  if (location === undefined) return unmapped('noLocation', 'there is no location that can be read');
  const end = clock.mono() + question.deadlineMs;
  const scope = (): LookupScope => ({
    services: serviceFamily(service),
    asOf: question.asOf,
    deadlineMs: end - clock.mono(),
  });
  try {
    // A compound location gives its geodetic part first (RFC 5491 §3.3); the civic one answers where that finds nothing.
    if (location.shape !== undefined) {
      const { answer, place, note } = await mapShape(location.shape, scope, lookup);
      if (answer.kind === 'found' || location.civic === undefined) {
        const mapping = interpret(answer, service, place);
        return note === undefined ? mapping : { ...mapping, detail: `${mapping.detail}; ${note}` };
      }
    }
    if (location.civic !== undefined) {
      return interpret(await lookup.byCivic(location.civic, scope()), service, civicPlace);
    }
    return unmapped('noLocation', 'the location has neither a shape nor a civic address');
  } catch (thrown) {
    return unmapped(isLate(thrown) ? 'deadlineMissed' : 'lookupFailed', errorText(thrown));
  }
}

interface ShapeAnswer {
  readonly answer: LookupAnswer;
  /** What the answer is about. */
  readonly place: string;
  readonly note: string | undefined;
}

/** By the ground that the shape covers; where that cannot be had in time, by the point that stands for it. */
async function mapShape(
  shape: Shape,
  scope: () => LookupScope,
  lookup: BoundaryLookup,
): Promise<ShapeAnswer> {
  const byPoint = async (place: string, note: string | undefined) => ({
    answer: await lookup.byPoint(centerOf(shape), scope()),
    place,
    note,
  });
  const name = `the ${nameOf(shape)}`;
  if (shape.kind === 'point') return await byPoint(name, undefined);
  const centre = `the centre of ${name}`;
  // Without an area there is nothing to overlap.
  if (!(areaM2(shape) > 0)) return await byPoint(centre, undefined);
  const whole = scope();
  try {
    const answer = await lookup.byArea(shape, { ...whole, deadlineMs: whole.deadlineMs * overlapPart });
    if (answer.kind === 'nothing') return { answer, place: `any of ${name}`, note: undefined };
    const isByPoint = answer.kind === 'found' && answer.rule !== 'overlap';
    return { answer, place: isByPoint ? centre : name, note: undefined };
  } catch (thrown) {
    if (scope().deadlineMs < 1) throw thrown;
    const why = isLate(thrown) ? 'did not come in time' : `could not be had: ${errorText(thrown)}`;
    return await byPoint(centre, `the overlaps of ${name} ${why}`);
  }
}

function isLate(thrown: unknown): boolean {
  return thrown instanceof DependencyError && thrown.code === 'store.deadlineMissed';
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

function nameOf(shape: Shape): string {
  return shape.kind === 'arcBand' ? 'arc band' : shape.kind;
}

/** What an answer means; where the standby index or another server gave it, that is said. */
function interpret(answer: LookupAnswer, service: ServiceUrn, place: string): Mapping {
  const civic = 'civic' in answer ? answer.civic : undefined;
  const mapping = {
    ...interpretKind(answer, service, place),
    ...(civic === undefined ? {} : { civic }),
  };
  const answeredBy = 'answeredBy' in answer ? answer.answeredBy : undefined;
  if (answeredBy === undefined) return mapping;
  return { ...mapping, detail: `${mapping.detail}; ${whoText(answeredBy)}`, answeredBy };
}

function whoText(answeredBy: AnsweredBy): string {
  if (answeredBy.name === 'memory') return whyMemory[answeredBy.why];
  const why = answeredBy.why === 'instead' ? 'which is asked first' : 'since no boundary of ours serves it';
  return `the LoST server ${answeredBy.server} answered, ${why}`;
}

const whyMemory: Readonly<Record<Extract<AnsweredBy, { name: 'memory' }>['why'], string>> = {
  configured: 'the standby index answered, which is asked first',
  databaseLate: 'the standby index answered: the database took too long',
  databaseFailed: 'the standby index answered: the database failed',
  databaseAway: 'the standby index answered: the database is away',
};

function interpretKind(answer: LookupAnswer, service: ServiceUrn, place: string): Mapping {
  switch (answer.kind) {
    case 'found': {
      const [boundary, ...others] = answer.matches;
      const isSubstitute = !isSameService(boundary.serviceUrn, service);
      return {
        kind: 'mapped',
        rule: answer.rule,
        boundary,
        others,
        substitutedFrom: isSubstitute ? service : undefined,
        detail: describeFound(answer, place) + moreText(answer),
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
    case 'absent':
      return {
        kind: 'unmapped',
        reason: 'serviceAbsent',
        detail: `${answer.boundary.displayName} says that ${place} has no such service`,
        others: [answer.boundary],
      };
    case 'noActiveDataset':
      return unmapped('noActiveDataset', 'no dataset of boundaries is active');
    default:
      return assertNever(answer);
  }
}

function describeFound(answer: Extract<LookupAnswer, { kind: 'found' }>, place: string): string {
  const { rule, distanceM } = answer;
  const [boundary, ...others] = answer.matches;
  const name = boundary.displayName;
  switch (rule) {
    case 'covers':
      return `${name} covers ${place}`;
    case 'withinOneMetre':
      return `${name} is within a metre of ${place}, which no boundary covers`;
    case 'nearest':
      return `${name} is the nearest to ${place}, which no boundary covers${distanceM === undefined ? '' : `, ${Math.ceil(distanceM)} m off`}`;
    case 'addressPoint':
    case 'roadRange':
    case 'street':
      return `${name} covers the place of ${place}`;
    case 'areaName':
      return `${name} has the area names of ${place}`;
    case 'overlap': {
      const share = boundary.share ?? 0;
      const how = `${name} covers ${shareText(share)} of ${place}`;
      const most = others.reduce((max, other) => Math.max(max, other.share ?? 0), 0);
      if (most > share) return `${how}, for the service that comes first`;
      return others.length === 0 || share >= 1 ? how : `${how}, the largest share`;
    }
    default:
      return assertNever(rule);
  }
}

// Down, so that only the whole is all of it.
function shareText(share: number): string {
  if (share >= 1) return 'all';
  // A share that lacks a whole per cent by rounding alone has it.
  const percent = Math.floor(share * 100 + 1e-6);
  return percent < 1 ? 'less than 1 %' : `${Math.min(percent, 99)} %`;
}

function moreText({ rule, matches, total }: Extract<LookupAnswer, { kind: 'found' }>): string {
  const more = Math.max(total ?? 0, matches.length) - 1;
  if (more === 0) return '';
  return rule === 'overlap'
    ? `; ${more} more ${more === 1 ? 'overlaps' : 'overlap'} it; service, share, priority, then id decide`
    : `; ${more} more fit, ties go by service, priority, then id`;
}

function isSameService(stored: ServiceUrn, asked: ServiceUrn): boolean {
  const plain = (urn: string) =>
    urn.replace(/^urn:(?:emergency|nena):/, 'urn:').replace(/:sos\.psap$/, ':sos');
  return plain(stored) === plain(asked);
}

function unmapped(reason: UnmappedReason, detail: string): Mapping {
  return { kind: 'unmapped', reason, detail, others: [] };
}
