import { type WallMs, wallMs } from '../base/index.ts';
import { areaOf } from './mapping.ts';
import type { BoundaryDirectory, BoundaryList } from './ports.ts';

/** Addresses that a planned change may concern, by one of their elements. */
export interface PartialLocation {
  readonly namespace: string;
  readonly caType: string;
  readonly value: string;
}

/** What changes at one moment. */
export interface PlannedChangeSet {
  readonly changeSetId: string;
  readonly effectiveAt: WallMs;
  readonly partialLocations: readonly PartialLocation[];
}

/** RFC 5139. */
const civicNamespace = 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr';
/** Elements of an address by their numbers in the registry of civic address types (RFC 4776 §3.4). */
const caTypes: ReadonlyMap<string, string> = new Map([
  ['country', '0'],
  ['A1', '1'],
  ['A2', '2'],
  ['A3', '3'],
]);
const partialLocationsMax = 1_000;

/** Ids of the changes that the dates of the boundaries bring from now on, the next one first. */
export function plannedChangeIds(directory: BoundaryDirectory, now: WallMs): readonly string[] {
  const list = directory.current();
  if (list === undefined) return [];
  return momentsOf(list, now).map((moment) => idOf(list, moment));
}

/** One of them; undefined where there is no such change, or not any more. */
export function plannedChange(
  directory: BoundaryDirectory,
  id: string,
  now: WallMs,
): PlannedChangeSet | undefined {
  const list = directory.current();
  const moment = list && momentsOf(list, now).find((each) => idOf(list, each) === id);
  if (list === undefined || moment === undefined) return undefined;
  const found = new Map<string, PartialLocation>();
  for (const detail of list.boundaries.values()) {
    if (detail.effective !== moment && detail.expire !== moment) continue;
    const area = areaOf(detail);
    // The finest name that the area has tells it apart.
    const names = area && [['country', area.country ?? ''] as const, ...area.elements];
    const [name, value] = names?.findLast(([, text]) => text !== '') ?? [];
    const caType = name === undefined ? undefined : caTypes.get(name);
    if (caType === undefined || value === undefined) continue;
    found.set(`${caType} ${value}`, { namespace: civicNamespace, caType, value });
    if (found.size >= partialLocationsMax) break;
  }
  return { changeSetId: id, effectiveAt: moment, partialLocations: [...found.values()] };
}

function momentsOf(list: BoundaryList, now: WallMs): readonly WallMs[] {
  const moments = new Set<number>();
  for (const { effective, expire } of list.boundaries.values()) {
    for (const moment of [effective, expire]) if (moment !== undefined && moment > now) moments.add(moment);
  }
  return [...moments].sort((a, b) => a - b).map(wallMs);
}

// Whoever has polled it once knows it again, and a dataset in its place has ids of its own.
function idOf({ datasetId, revision }: BoundaryList, moment: WallMs): string {
  return `${datasetId}.${revision}.${moment}`;
}
