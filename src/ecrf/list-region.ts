import { errorText, type ServiceUrn, wallMs } from '../base/index.ts';
import { centerOf, distanceM, footprintOf, type Position, type Shape } from '../geo/index.ts';
import { civicAddress } from '../location/index.ts';
import type { LostBoundary, LostExpiry, ServiceListBoundary, UsableLocation } from '../lost/index.ts';
import { lostMoment } from '../lost/index.ts';
import { type EcrfParts, leftMs, type QueryContext } from './context.ts';
import { distanceToEdgeM } from './geometry.ts';
import { nextChangeOf } from './mapping.ts';

/** A boundary that lies at the place. */
export interface BoundaryAt {
  readonly boundaryId: string;
}

/** What the list of services at a place was made of. */
export interface ListedAt {
  readonly location: UsableLocation;
  /** Of all services that are there, asked for or not. */
  readonly boundaries: readonly BoundaryAt[];
  /** Services of ours that are not there. */
  readonly missing: readonly ServiceUrn[];
}

/** A region smaller than this is not worth an answer: whoever moves at all asks anew. */
const radiusMinM = 5;
const radiusMaxM = 50_000;
/** For what the plane and the sphere differ in. */
const safeShare = 0.95;
/** Boundaries whose edges are looked at for one answer. */
const boundariesMax = 16;

/**
 * The region in which a list of services stays the same (RFC 6197 §3.3): a circle that crosses no edge of any boundary there,
 * and reaches none of the services that are not there. Smaller than it could be, which the RFC allows (§3.4.1): what counts
 * is that no change is missed. Of an address the address itself. Undefined where it cannot be told.
 */
export async function listRegion(
  listed: ListedAt,
  context: QueryContext,
  parts: EcrfParts,
): Promise<string | undefined> {
  const { value } = listed.location;
  if (value.kind === 'civic') {
    const { country, elements } = value.civic;
    return JSON.stringify({
      civic: { ...(country === undefined ? {} : { country }), ...Object.fromEntries(elements) },
    });
  }
  const center = centerOf(value.shape);
  try {
    const radiusM = (await freeRadiusM(center, listed, context, parts)) * safeShare;
    const needM = Math.max(radiusMinM, extentM(center, value.shape));
    if (!(radiusM >= needM)) return undefined;
    const { lon, lat } = center;
    return JSON.stringify({ lon, lat, radiusM: Math.floor(radiusM) });
  } catch (thrown) {
    parts.ports.logger.warn('lost.listRegionNotFound', { error: errorText(thrown) });
    return undefined;
  }
}

/** How far a shape reaches from its centre. */
function extentM(center: Position, shape: Shape): number {
  const [ring = []] = footprintOf(shape) ?? [];
  return ring.reduce((most, [lon, lat]) => Math.max(most, distanceM(center, { lon, lat })), 0);
}

async function freeRadiusM(
  center: Position,
  { boundaries, missing }: ListedAt,
  context: QueryContext,
  parts: EcrfParts,
): Promise<number> {
  const { ports, turns } = parts;
  const list = ports.directory.current();
  if (list === undefined || boundaries.length > boundariesMax) return 0;
  const { datasetId, revision } = list;
  let radiusM = radiusMaxM;
  for (const { boundaryId } of boundaries) {
    const key = { datasetId, revision, boundaryId };
    const geometry = await turns.take(() => ports.directory.geometry(key, leftMs(context, parts)));
    if (geometry === undefined) return 0;
    radiusM = Math.min(radiusM, distanceToEdgeM(center, geometry));
  }
  for (const service of missing) {
    const away = await turns.take(() => ports.nearestM(center, service, radiusM, leftMs(context, parts)));
    if (away !== undefined) radiusM = Math.min(radiusM, away);
  }
  return radiusM;
}

/** A region as {@link listRegion} wrote it, with the time for which it holds; undefined where it is none. */
export function listBoundaryOf(region: string, parts: EcrfParts): ServiceListBoundary | undefined {
  const boundary = readRegion(region);
  return boundary && { boundary, expires: expiryOf(parts) };
}

function readRegion(text: string): LostBoundary | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  if ('civic' in value && typeof value.civic === 'object' && value.civic !== null) {
    const civic = civicAddress(
      Object.fromEntries(Object.entries(value.civic).map(([k, v]) => [k, String(v)])),
    );
    return civic && { kind: 'civic', civics: [civic] };
  }
  if (!('lon' in value && 'lat' in value && 'radiusM' in value)) return undefined;
  const { lon, lat, radiusM } = value;
  if (typeof lon !== 'number' || typeof lat !== 'number' || typeof radiusM !== 'number') return undefined;
  return { kind: 'shapes', shapes: [{ kind: 'circle', center: { lon, lat }, radiusM }] };
}

function expiryOf({ options, ports }: EcrfParts): LostExpiry {
  const now = ports.clock.wall();
  const change = nextChangeOf(ports.directory.current(), undefined, now) ?? Number.POSITIVE_INFINITY;
  const end = Math.min(now + options.expiresMs, change);
  return end - now < 1_000 ? 'NO-CACHE' : lostMoment(wallMs(Math.floor(end / 1_000) * 1_000));
}
