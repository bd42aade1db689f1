import { datasetId } from '../base/index.ts';
import type { BoundaryMatch, CivicResolution, LookupAnswer, LookupScope } from '../esrp/index.ts';
import type { CivicAddress } from '../location/index.ts';
import { areaOf } from './civic-areas.ts';
import { type CivicPlace, choosePlaces, rounded } from './civic-choice.ts';
import { likeStreet } from './civic-likeness.ts';
import { civicQuestion } from './civic-question.ts';
import { type CivicMemory, type CivicPorts, type CivicWork, withCivic } from './civic-work.ts';
import { decodeMatch, type MatchJson } from './decode.ts';
import { answerOf, isAbsence } from './lookup-order.ts';
import { type AddressJson, rowsOfAddress, rowsOfStreetIds, type StreetJson } from './sql/civic.ts';
import { boundariesOfStreets, type StreetSpanJson, streetRowsMax } from './sql/civic-area.ts';

/** Where an address leads, so far as it is known; undefined: on to what is coarser. */
type Served = LookupAnswer | undefined;

/** Different places of one address that are looked up; more of them are no address. */
const placesMax = 24;

/**
 * Which boundary serves an address: by its address point, by the road range that its house number is in, by its street
 * where that leads to one PSAP as a whole, by the only street of the same city whose name is like it; then by its areas.
 * Different places that lead to different PSAPs are ambiguous, and so is a street that does; nothing coarser decides then.
 */
export async function lookUpCivic(
  civic: CivicAddress,
  scope: LookupScope,
  ports: CivicPorts,
  memory: CivicMemory,
): Promise<LookupAnswer> {
  const work: CivicWork = { question: civicQuestion(civic), scope, ports, memory, steps: [] };
  return (await byStreet(work)) ?? (await areaOf(work));
}

async function byStreet(work: CivicWork): Promise<Served> {
  const { question, ports, scope, steps } = work;
  const { street, house, place } = question;
  if (street === undefined) return undefined;
  const asked = { houseKey: house.key, numbers: house.numbers, asOf: scope.asOf };
  const found = await ports.ask<AddressJson>(rowsOfAddress(ports.datasetId, place, street, asked));
  const known = found.streets ?? [];
  steps.push(`street: ${known.length === 0 ? 'not known there' : `${known.length} known there`}`);
  if (known.length > 0) return await onStreets(work, withRoad(found, street.roadKey), 1);
  const like = await likeStreet(work);
  if (like === undefined) return undefined;
  const ids = like.ids.slice();
  const rows = await ports.ask<AddressJson>(rowsOfStreetIds(ports.datasetId, ids, asked));
  const streets = ids.map((id): StreetJson => ({ ...likeStreetJson, id }));
  return await onStreets(work, { ...rows, streets }, like.likeness);
}

const likeStreetJson = {
  ...{ isFull: true, lacking: 0, placeRank: 0, fullKey: '', roadKey: '', placeId: '' },
} as const;

// The numbers of a branch are its own (RFC 5139 §3.2.1): where the data does not have the branch, those of the street
// say nothing.
function withRoad(found: AddressJson, roadKey: string): AddressJson {
  const streets = (found.streets ?? []).filter((street) => street.roadKey === roadKey);
  return streets.length > 0 ? { ...found, streets } : { ...found, points: null, ranges: null };
}

async function onStreets(work: CivicWork, found: AddressJson, score: number): Promise<Served> {
  const { question, steps } = work;
  if (question.house.key === '') steps.push('addressPoint: the address has no house number');
  else {
    const places = choosePlaces(found, question, score);
    steps.push(...placeSteps(places));
    const served = await serve(work, places);
    if (served !== undefined) return served;
  }
  return await alongStreets(work, found.streets ?? [], score);
}

function placeSteps(places: readonly CivicPlace[]): readonly string[] {
  const [first] = places;
  if (first === undefined) return ['addressPoint: HNO not known', 'roadRange: HNO in none'];
  const which = `${places.length} found${first.score < 1 ? `, score ${first.score}` : ''}`;
  return first.layer === 'addressPoint'
    ? [`addressPoint: ${which}`]
    : ['addressPoint: HNO not known', `roadRange: ${which}`];
}

/** By the boundaries at places that an address means equally well; undefined where none has any. */
async function serve(work: CivicWork, places: readonly CivicPlace[]): Promise<Served> {
  const distinct = distinctPlaces(places);
  if (distinct.length > placesMax) {
    work.steps.push(`${distinct.length} places are too many to look up`);
    return undefined;
  }
  const answers: { readonly place: CivicPlace; readonly answer: LookupAnswer }[] = [];
  for (const place of distinct) {
    const answer = await work.ports.byPoint(place.position);
    if (answer.kind === 'found' || answer.kind === 'absent') answers.push({ place, answer });
  }
  const [first] = answers;
  if (first === undefined) {
    if (distinct.length > 0) work.steps.push('no boundary covers the place');
    return undefined;
  }
  const { layer, featureId, position, score } = first.place;
  const civic: CivicResolution = { layer, featureId, position, score, steps: work.steps };
  const boundaries = answers.map(({ answer }) => firstOf(answer));
  if (new Set(boundaries.map(uriOf)).size > 1) return ambiguous(work, boundaries, civic);
  return withCivic(first.answer, layer, civic);
}

// Units of a building lie a step apart; a metre decides nothing that a neighbour's point does not.
function distinctPlaces(places: readonly CivicPlace[]): readonly CivicPlace[] {
  const seen = new Set<string>();
  return places.filter(({ position }) => {
    const key = `${position.lon.toFixed(6)} ${position.lat.toFixed(6)}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** By where streets lead as a whole. */
async function alongStreets(work: CivicWork, streets: readonly StreetJson[], score: number): Promise<Served> {
  const { ports, scope, steps } = work;
  const { asOf, services } = scope;
  const ids = bestStreets(streets).map(({ id }) => id);
  if (ids.length === 0) return undefined;
  const span = await ports.ask<StreetSpanJson<MatchJson>>(
    boundariesOfStreets(ports.datasetId, ids, { services, asOf }),
  );
  const matches = (span.matches ?? []).map((match) => decodeMatch(match, ports.datasetId));
  if (span.rows > streetRowsMax) {
    steps.push(`street: has more than ${streetRowsMax} rows, which are not looked at`);
    return undefined;
  }
  if (matches.length === 0) {
    steps.push(span.rows === 0 ? 'street: no row is in force' : 'street: no boundary covers it');
    return undefined;
  }
  steps.push(span.uriCount === 1 ? 'street: leads to one PSAP' : `street: leads to ${span.uriCount} PSAPs`);
  const civic: CivicResolution = {
    layer: 'street',
    featureId: span.featureId ?? undefined,
    position: span.lon === null || span.lat === null ? undefined : { lon: span.lon, lat: span.lat },
    score: rounded(score),
    steps,
  };
  if (span.uriCount > 1) return ambiguous(work, matches, civic);
  return withCivic(answerOf(matches, ports.datasetId, { rule: 'street' }), 'street', civic);
}

function bestStreets(streets: readonly StreetJson[]): readonly StreetJson[] {
  const rank = ({ isFull, lacking, placeRank }: StreetJson): number =>
    (isFull ? 0 : 1 + lacking) * 4 + placeRank;
  const least = streets.reduce((min, street) => Math.min(min, rank(street)), Number.POSITIVE_INFINITY);
  return streets.filter((street) => rank(street) === least);
}

function ambiguous(
  { ports }: CivicWork,
  boundaries: readonly BoundaryMatch[],
  civic: CivicResolution,
): LookupAnswer {
  const byId = new Map(boundaries.map((boundary) => [boundary.boundaryId, boundary]));
  return { kind: 'ambiguous', datasetId: datasetId(ports.datasetId), candidates: [...byId.values()], civic };
}

function firstOf(answer: LookupAnswer): BoundaryMatch {
  if (answer.kind === 'found') return answer.matches[0];
  if (answer.kind === 'absent') return answer.boundary;
  throw new TypeError(`no boundary in an answer of kind ${answer.kind}`);
}

function uriOf(boundary: BoundaryMatch): string {
  return isAbsence(boundary) ? 'absent' : boundary.serviceUri;
}
