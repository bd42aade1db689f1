import type { LayerName } from '../esrp/index.ts';
import { checkAreaDates, checkBoundaryAttributes, checkLayers, isInForce } from './checks-attributes.ts';
import { checkCivic } from './checks-civic.ts';
import type { CheckContext } from './checks-context.ts';
import { checkOverlaps, checkShapes } from './checks-polygons.ts';
import { checkCover } from './checks-tiles.ts';
import { areaPage, boundaryPage, type CheckedArea, type CheckedBoundary } from './sql/check-boundary.ts';

/** Boundaries that one statement reads. */
const pageRows = 100;

/** Told how far a check is: the step's name, and the share of the whole, 0 to 1. */
export type OnStep = (detail: string, progress: number) => Promise<void>;

// How much of a check each step is, about.
const steps = [
  ['reading boundaries', 0.05],
  ['attributes', 0.05],
  ['shapes', 0.15],
  ['overlaps', 0.35],
  ['gaps', 0.3],
  ['roads and addresses', 0.1],
] as const;

type StepName = (typeof steps)[number][0];

/** Carries out every step of a check. Findings go to the context; rejects with CheckCancelled where it was ended. */
export async function runCheck(
  context: CheckContext,
  layerCounts: Readonly<Partial<Record<LayerName, number>>>,
  onStep: OnStep,
): Promise<void> {
  const within = (name: StepName) => progressOf(name, onStep);
  const reading = within('reading boundaries');
  const total = Math.max(1, layerCounts.serviceBoundary ?? 1);
  const boundaries = await readPages<CheckedBoundary>(
    (after) => context.ask(boundaryPage({ datasetId: context.datasetId, after, limit: pageRows })),
    (count) => reading(count / total),
  );
  const provisioning = await readAreas(context, 'provisioning_boundary');
  const adminAreas = await readAreas(context, 'admin_area');

  await within('attributes')(0);
  await checkLayers(context, layerCounts, boundaries);
  await checkBoundaryAttributes(context, boundaries);
  await checkAreaDates(context, 'provisioning_boundary', provisioning);
  await checkAreaDates(context, 'admin_area', adminAreas);

  const shaping = within('shapes');
  const invalid = await checkShapes(context, 'service_boundary', boundaries, shaping);
  const badProvisioning = await checkShapes(context, 'provisioning_boundary', provisioning, shaping);
  await checkShapes(context, 'admin_area', adminAreas, shaping);

  // Overlays with a geometry that is not valid fail, or say nothing.
  const sound = boundaries.filter(({ no, box }) => !invalid.has(no) && box !== null);
  const overlaps = await checkOverlaps(context, sound, within('overlaps'));
  const domain = provisioning.filter(
    (each) => !badProvisioning.has(each.no) && isInForce(each, context.asOf),
  );
  const inForce = sound.filter((each) => isInForce(each, context.asOf));
  await checkCover(
    context,
    {
      boundaries: inForce,
      skipped: [...invalid],
      provisioning: domain.map(({ no }) => no),
      overlaps,
      layerCounts,
    },
    within('gaps'),
  );
  await checkCivic(context, layerCounts, within('roads and addresses'));
  await context.flush();
}

async function readAreas(
  context: CheckContext,
  table: 'provisioning_boundary' | 'admin_area',
): Promise<readonly CheckedArea[]> {
  return await readPages<CheckedArea>(
    (after) => context.ask(areaPage(table, { datasetId: context.datasetId, after, limit: pageRows })),
    async () => undefined,
  );
}

/** Reads pages of rows in order of their numbers until one is not full. */
async function readPages<Row extends { readonly no: number }>(
  read: (after: number) => Promise<readonly Row[]>,
  onProgress: (count: number) => Promise<void>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = await read(rows.at(-1)?.no ?? 0);
    rows.push(...page);
    if (page.length < pageRows) return rows;
    await onProgress(rows.length);
  }
}

function progressOf(name: StepName, onStep: OnStep): (share: number) => Promise<void> {
  const at = steps.findIndex(([step]) => step === name);
  const before = steps.slice(0, at).reduce((sum, [, weight]) => sum + weight, 0);
  const weight = steps[at]?.[1] ?? 0;
  return async (share) => {
    const within = Math.min(1, Math.max(0, share));
    await onStep(`${name} (step ${at + 1} of ${steps.length})`, before + weight * within);
  };
}
