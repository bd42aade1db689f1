import type { LayerName } from '../esrp/index.ts';
import { shown } from './checks-attributes.ts';
import type { CheckContext, FoundFault } from './checks-context.ts';
import type { Statement } from './database/types.ts';
import {
  addressesOffRoads,
  type CivicFault,
  type CivicRange,
  lastCivicNumber,
  rangeFaults,
  rangeOverlaps,
  type UnknownName,
  unknownBoundaryNames,
  unknownPlaceNames,
} from './sql/check-civic.ts';

/** Roads and addresses that one statement looks at. */
const rangeRows = 2_000;

/** Roads, address points and the names of areas. */
export async function checkCivic(
  context: CheckContext,
  layerCounts: Readonly<Partial<Record<LayerName, number>>>,
  onProgress: (share: number) => Promise<void>,
): Promise<void> {
  const hasRoads = (layerCounts.roadCentreLine ?? 0) > 0;
  if (hasRoads) {
    await eachRange(context, 'road_segment', async (range, share) => {
      await tell(context, rangeFaults(range), rangeFault);
      await tell(context, rangeOverlaps(range), overlapFault);
      await onProgress(share / 2);
    });
  }
  // Without roads no address is on one, and that is told as a missing layer.
  if (hasRoads && (layerCounts.addressPoint ?? 0) > 0) {
    await eachRange(context, 'address_point', async (range, share) => {
      await tell(context, addressesOffRoads(range), addressFault);
      await onProgress(0.5 + share / 2);
    });
  }
  if ((layerCounts.adminArea ?? 0) > 0) await checkNames(context);
}

async function eachRange(
  context: CheckContext,
  table: 'road_segment' | 'address_point',
  look: (range: CivicRange, share: number) => Promise<void>,
): Promise<void> {
  const last = await context.ask<number>(lastCivicNumber(table, context.datasetId));
  for (let from = 1; from <= last; from += rangeRows) {
    const to = Math.min(last, from + rangeRows - 1);
    await look({ datasetId: context.datasetId, from, to }, to / last);
  }
}

async function tell(
  context: CheckContext,
  statement: Statement,
  faultOf: (fault: CivicFault) => FoundFault,
): Promise<void> {
  for (const fault of await context.ask<readonly CivicFault[]>(statement)) await context.add(faultOf(fault));
}

function rangeFault({ id, kind, detail, place }: CivicFault): FoundFault {
  const code = kind === 'direction' ? 'roadRangeDirection' : 'roadRangeParity';
  return { code, layer: 'roadCentreLine', featureId: id, reason: detail, place };
}

function overlapFault({ id, otherId, detail, place }: CivicFault): FoundFault {
  const other = otherId === id ? 'its other side' : shown(otherId ?? '');
  return {
    code: 'roadRangeOverlap',
    layer: 'roadCentreLine',
    featureId: id,
    otherId: otherId ?? undefined,
    reason: `it and ${other}, of the same street, ${detail}`,
    place,
  };
}

function addressFault({ id, kind, detail, place }: CivicFault): FoundFault {
  const reason =
    kind === 'road' ? 'no road has the name of its street' : `no range of its street has ${detail}`;
  return { code: 'addressOffRoad', layer: 'addressPoint', featureId: id, reason, place };
}

async function checkNames(context: CheckContext): Promise<void> {
  const told = new Set<string>();
  for (const statement of [unknownBoundaryNames(context.datasetId), unknownPlaceNames(context.datasetId)]) {
    for (const { layer, level, name, a1, id } of await context.ask<readonly UnknownName[]>(statement)) {
      const key = JSON.stringify([layer, level, name.toLowerCase(), a1]);
      if (told.has(key)) continue;
      told.add(key);
      const where = level === 1 || a1 === null ? '' : ` in ${shown(a1)}`;
      const reason = `no area of A${level} is called ${shown(name)}${where}`;
      await context.add({ code: 'areaNameUnknown', layer, featureId: id ?? undefined, reason });
    }
  }
}
