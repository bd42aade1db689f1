import type { ServiceUrn, WallMs } from '../base/index.ts';
import { wallMs } from '../base/index.ts';
import type { BoundaryMatch, Mapping } from '../esrp/index.ts';
import { serviceFamily } from '../esrp/index.ts';
import { civicAddress } from '../location/index.ts';
import type { BoundaryForm, LostBoundary, LostExpiry, LostMapping, UsableLocation } from '../lost/index.ts';
import { lostMoment } from '../lost/index.ts';
import { type EcrfParts, leftMs, type QueryContext } from './context.ts';
import { polygonsOf } from './geometry.ts';
import { type BoundaryKey, writeBoundaryKey } from './keys.ts';
import type { BoundaryDetail, BoundaryList } from './ports.ts';
import { readService } from './service-tree.ts';

type Mapped = Extract<Mapping, { kind: 'mapped' }>;

/** What of a question shapes the mappings of its answer. */
export interface MappingQuestion {
  /** As the client wrote it. */
  readonly service: string;
  readonly serviceBoundary: BoundaryForm | undefined;
  readonly location: UsableLocation;
  readonly asOf: WallMs;
  /** Whether the client named that moment. */
  readonly isPlanned: boolean;
}

/**
 * The mappings of an answer, the best first: the boundary that a call would go by, and those of the same service that fit
 * too, where the place lies in several (RFC 5222 §12.2, RFC 5582 §7.3).
 */
export async function mappingsFor(
  mapped: Mapped,
  question: MappingQuestion,
  context: QueryContext,
  parts: EcrfParts,
): Promise<readonly LostMapping[]> {
  const { boundary, others, rule } = mapped;
  // Of several that are merely near, the nearest is meant.
  const isSeveral = rule !== 'nearest' && rule !== 'withinOneMetre';
  const same = isSeveral ? others.filter((other) => nameOf(other) === nameOf(boundary)) : [];
  const list = parts.ports.directory.current();
  const made: LostMapping[] = [];
  for (const match of [boundary, ...same].slice(0, parts.options.mappingsMax)) {
    made.push(await oneMapping({ match, mapped, list }, question, context, parts));
  }
  return made;
}

/** A service as answers name it. */
function nameOf({ serviceUrn }: BoundaryMatch): string {
  return readService(serviceUrn) ?? serviceUrn;
}

interface Of {
  readonly match: BoundaryMatch;
  readonly mapped: Mapped;
  readonly list: BoundaryList | undefined;
}

async function oneMapping(
  { match, mapped, list }: Of,
  question: MappingQuestion,
  context: QueryContext,
  parts: EcrfParts,
): Promise<LostMapping> {
  const { options } = parts;
  const isListed = list !== undefined && list.datasetId === match.datasetId;
  const detail = isListed ? list.boundaries.get(match.boundaryId) : undefined;
  const key = isListed
    ? { datasetId: list.datasetId, revision: list.revision, boundaryId: match.boundaryId }
    : undefined;
  const { source, sourceId } = idOf(match.boundaryId, options.name);
  return {
    source,
    sourceId,
    // Not known where no list could be read yet: then the oldest, so that any other state is the newer one.
    lastUpdated: lostMoment(detail === undefined ? wallMs(0) : (list?.updatedAt ?? wallMs(0))),
    expires: expiryOf(detail, question, parts),
    displayNames: match.displayName === '' ? [] : [{ text: match.displayName, language: 'en' }],
    service: mapped.substitutedFrom === undefined ? question.service.trim() : nameOf(match),
    ...(await boundaryPart({ key, detail, mapped }, question, context, parts)),
    uris: [match.serviceUri],
    serviceNumber: numberOf(match.serviceNumber),
  };
}

/** RFC 5222 §5.1: the same for as long as the boundary has its id, whatever the dataset. */
export function idOf(
  boundaryId: string,
  source: string,
): { readonly source: string; readonly sourceId: string } {
  return { source, sourceId: boundaryId.replace(/\s+/g, ' ').trim() };
}

/** RFC 5222 §5.7 has digits, `*` and `#` alone. */
export function numberOf(text: string | undefined): string | undefined {
  const digits = text?.replace(/[\s().-]+/g, '') ?? '';
  return /^[0-9*#]+$/.test(digits) ? digits : undefined;
}

/**
 * Until when the answer holds (RFC 5222 §5.2): as long as is configured, and no longer than until the dates of any boundary
 * of the service bring a change, of this one or of one that may take its place.
 */
function expiryOf(
  detail: BoundaryDetail | undefined,
  question: MappingQuestion,
  { options, ports }: EcrfParts,
): LostExpiry {
  // What holds at another time says nothing of now.
  if (options.expiresMs === 0 || detail === undefined || question.isPlanned) return 'NO-CACHE';
  const now = ports.clock.wall();
  const change = nextChangeOf(ports.directory.current(), readService(question.service), now);
  const end = Math.min(now + options.expiresMs, detail.expire ?? Infinity, change ?? Infinity);
  // To the second, down: no answer is kept beyond its time.
  return end - now < 1_000 ? 'NO-CACHE' : lostMoment(wallMs(Math.floor(end / 1_000) * 1_000));
}

/** When the dates of the boundaries of a service, or of one that may stand in for it, next bring a change. */
export function nextChangeOf(
  list: BoundaryList | undefined,
  service: ServiceUrn | undefined,
  now: WallMs,
): WallMs | undefined {
  if (list === undefined) return undefined;
  const family = new Set<string>(service === undefined ? [] : serviceFamily(service));
  let earliest: WallMs | undefined;
  for (const [moment, services] of changesOf(list)) {
    if (moment <= now || (earliest !== undefined && moment >= earliest)) continue;
    if (family.size === 0 || services.some((each) => family.has(each))) earliest = moment;
  }
  return earliest;
}

// Most datasets have few dates or none; they are gathered once a list.
const changes = new WeakMap<BoundaryList, ReadonlyMap<WallMs, readonly ServiceUrn[]>>();

function changesOf(list: BoundaryList): ReadonlyMap<WallMs, readonly ServiceUrn[]> {
  const known = changes.get(list);
  if (known !== undefined) return known;
  const found = new Map<WallMs, ServiceUrn[]>();
  for (const { effective, expire, serviceUrn } of list.boundaries.values()) {
    for (const moment of [effective, expire]) {
      if (moment === undefined) continue;
      const services = found.get(moment) ?? [];
      if (!services.includes(serviceUrn)) services.push(serviceUrn);
      found.set(moment, services);
    }
  }
  changes.set(list, found);
  return found;
}

type BoundaryPart = Pick<LostMapping, 'boundaries' | 'boundaryReference'>;

/**
 * RFC 5222 §5.5, §5.6: by value where that is asked for and the boundary is not too large, by reference otherwise. An answer
 * to an address says by value which addresses it holds for (§12.1 rule 9), and the region beside them.
 */
async function boundaryPart(
  {
    key,
    detail,
    mapped,
  }: {
    readonly key: BoundaryKey | undefined;
    readonly detail: BoundaryDetail | undefined;
    readonly mapped: Mapped;
  },
  question: MappingQuestion,
  context: QueryContext,
  parts: EcrfParts,
): Promise<BoundaryPart> {
  const civic = civicBoundary(detail, mapped, question);
  if (key === undefined) return { boundaries: question.serviceBoundary === 'value' ? civic : [] };
  if (question.serviceBoundary === 'value') {
    const polygons = await polygonsWithin(key, context, parts);
    if (polygons !== undefined) return { boundaries: [...civic, polygons] };
    if (civic.length > 0) return { boundaries: civic };
  }
  const { name } = parts.options;
  return { boundaries: [], boundaryReference: { source: name, key: writeBoundaryKey(name, key) } };
}

/** Undefined where it is too large, or cannot be had in time: the answer does not wait for it. */
async function polygonsWithin(
  key: BoundaryKey,
  context: QueryContext,
  parts: EcrfParts,
): Promise<LostBoundary | undefined> {
  try {
    const { directory } = parts.ports;
    const geometry = await parts.turns.take(() => directory.geometry(key, leftMs(context, parts)));
    return geometry && polygonsOf(geometry, parts.options.boundaryCornersMax);
  } catch (thrown) {
    parts.ports.logger.warn('lost.boundaryNotRead', { error: String(thrown) });
    return undefined;
  }
}

/**
 * The addresses that the answer holds for: those of the boundary's own area where these decided, else the one that was asked
 * for, of which alone it is known.
 */
function civicBoundary(
  detail: BoundaryDetail | undefined,
  { rule }: Mapped,
  { location }: MappingQuestion,
): readonly LostBoundary[] {
  if (location.value.kind !== 'civic') return [];
  const area = rule === 'areaName' ? areaOf(detail) : undefined;
  return [{ kind: 'civic', civics: [area ?? location.value.civic] }];
}

/** The names of a boundary's area as an address. */
export function areaOf(detail: BoundaryDetail | undefined) {
  if (detail === undefined) return undefined;
  const { country, a1, a2, a3 } = detail;
  return civicAddress({ country, A1: a1, A2: a2, A3: a3 });
}
