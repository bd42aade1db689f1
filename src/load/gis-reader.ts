import { resolve } from 'node:path';
import type {
  GisPreview,
  GisPreviewField,
  GisPreviewLayer,
  GisReader,
  GisReading,
  GisReadingFault,
  RefusedFeature,
  SourceFeature,
} from '../esrp/index.ts';
import { type AssembleOptions, Assembler } from './assemble.ts';
import { Breather } from './breather.ts';
import type { CrsState } from './crs.ts';
import { readCrs } from './crs.ts';
import { layerByWord } from './layer-names.ts';
import type { LayerPlan } from './layer-plan.ts';
import { defaultGisLimits, type GisLimits } from './limits.ts';
import { readMapping } from './mapping.ts';
import { Ogr } from './ogr.ts';
import { type SourceContext, sourceLayers } from './source.ts';
import { SourceFault } from './source-fault.ts';
import { cleanSpools, openSpool, type Spool } from './spool.ts';
import type { Refusal, SourceLayer } from './types.ts';

/** How sources are read. */
export interface GisReaderOptions {
  /** Where what has to be a file is kept while it is read; it is emptied of what earlier processes left. */
  readonly uploadsFolder: string;
  readonly limits?: Partial<GisLimits>;
  /** GDAL's ogr2ogr: a path, or the name by which the system finds it. */
  readonly ogr2ogr?: string;
  /** Told what could not be removed from the folder. */
  readonly onLeftBehind?: (names: readonly string[]) => void;
}

/** Makes the reader of GIS sources of every format. */
export function createGisReader(options: GisReaderOptions): GisReader {
  const limits: GisLimits = { ...defaultGisLimits, ...options.limits };
  // ogr2ogr runs in a folder of its own, where a relative path would mean another.
  const folder = resolve(options.uploadsFolder);
  const ogr = new Ogr({
    program: options.ogr2ogr ?? 'ogr2ogr',
    deadlineMs: limits.convertDeadlineMs,
    outputBytesMax: limits.spooledBytesMax,
  });
  // What is left of an earlier process is gone before the first upload of this one comes.
  const cleaned = cleanSpools(folder).then((left) => {
    if (left.length > 0) options.onLeftBehind?.(left);
  });
  const begin = (): { readonly context: SourceContext; end(): Promise<void> } => {
    let spool: Promise<Spool> | undefined;
    const open = async (): Promise<Spool> => {
      await cleaned;
      return await openSpool(folder, limits.spooledBytesMax);
    };
    return {
      context: {
        limits,
        ogr,
        spool: () => {
          spool ??= open();
          return spool;
        },
      },
      end: async () => {
        // Where it could not be made there is nothing to remove, and whoever asked for it was told.
        const opened = await spool?.catch(() => undefined);
        await opened?.remove();
      },
    };
  };
  return {
    check: faultsOf,
    async *features(bytes, reading) {
      const { context, end } = begin();
      try {
        yield* readFeatures(bytes, reading, context);
      } finally {
        await end();
      }
    },
    async preview(bytes, reading, rowsMax) {
      const { context, end } = begin();
      try {
        return await readPreview(bytes, reading, rowsMax, context);
      } finally {
        await end();
      }
    },
  };
}

/** What is wrong with how a source is to be read. */
function faultsOf(reading: GisReading): readonly GisReadingFault[] {
  const faults: GisReadingFault[] = [];
  if (reading.layer !== undefined && layerByWord(reading.layer) === undefined) {
    const message = 'is no layer; there are PsapPolygon, PolicePolygon, FirePolygon, EmsPolygon, ';
    faults.push({
      option: 'layer',
      path: 'layer',
      message: `${message}ServiceBoundaryPolygon, ProvisioningPolygon, A1Polygon to A5Polygon, RoadCenterLine and SiteStructureAddressPoint`,
    });
  }
  if (reading.crs !== undefined && !isReadable(readCrs(reading.crs))) {
    const message = 'is no coordinate reference system; write EPSG:2278, a WKT or a PROJ string';
    faults.push({ option: 'crs', path: 'crs', message });
  }
  if (reading.mapping !== undefined) {
    const mapping = readMapping(reading.mapping);
    if (!mapping.ok) {
      faults.push(...mapping.error.map((fault) => ({ option: 'mapping' as const, ...fault })));
    }
  }
  return faults;
}

function isReadable(state: CrsState): boolean {
  return state.kind === 'lonLat' || state.kind === 'other';
}

function assembleOptions(reading: GisReading): AssembleOptions {
  const mapping = reading.mapping === undefined ? undefined : readMapping(reading.mapping);
  return {
    defaultServiceUrn: reading.defaultServiceUrn,
    layer: reading.layer === undefined ? undefined : layerByWord(reading.layer),
    crs: reading.crs === undefined ? undefined : readCrs(reading.crs),
    mapping: mapping?.ok === true ? mapping.value : undefined,
  };
}

async function* readFeatures(
  bytes: AsyncIterable<Uint8Array>,
  reading: GisReading,
  context: SourceContext,
): AsyncGenerator<SourceFeature, void, undefined> {
  const assembler = new Assembler(assembleOptions(reading));
  const breather = new Breather();
  const { refusedMax } = context.limits;
  let ignored: string | undefined;
  let refusedCount = 0;
  try {
    for await (const part of sourceLayers(bytes, reading.fileName, context)) {
      if (part.kind === 'refused') {
        yield assembler.refuse(part.refusal, part.label);
        continue;
      }
      assembler.begin(part.layer, part.isLone);
      for await (const row of part.layer.rows()) {
        const pause = breather.breathe();
        if (pause !== undefined) await pause;
        const made = assembler.take(row);
        if (made.kind === 'ignored') {
          ignored = made.reason;
          break;
        }
        yield made.item;
        if (made.kind === 'ended') break;
        if (made.item.kind === 'refused') refusedCount += 1;
        if (refusedCount >= refusedMax) {
          yield assembler.refuse(tooManyRefused(refusedMax));
          return;
        }
      }
    }
    for (const layer of assembler.unmetLayers()) yield assembler.refuse(unmetLayer(layer));
    if (assembler.count === 0 && ignored !== undefined) {
      const reason = `every layer of the source is passed over: ${ignored}`;
      yield assembler.refuse({ code: 'load.noLayers', reason });
    }
  } catch (thrown) {
    if (!(thrown instanceof SourceFault)) throw thrown;
    yield assembler.refuse(thrown.refusal);
  }
}

function tooManyRefused(count: number): Refusal {
  return {
    code: 'load.tooManyRefused',
    reason: `${count} features are refused already, and nothing after them was read; a preview shows what the first are like`,
  };
}

function unmetLayer(layer: string): Refusal {
  return {
    code: 'load.mappingUnmet',
    reason: `the mapping names the layer ${layer.slice(0, 60)}, which the source does not have`,
  };
}

async function readPreview(
  bytes: AsyncIterable<Uint8Array>,
  reading: GisReading,
  rowsMax: number,
  context: SourceContext,
): Promise<GisPreview> {
  const assembler = new Assembler(assembleOptions(reading));
  const layers: GisPreview['layers'][number][] = [];
  const refused: RefusedFeature[] = [];
  const take = (item: SourceFeature) => {
    if (item.kind === 'refused') refused.push(item.refused);
  };
  try {
    for await (const part of sourceLayers(bytes, reading.fileName, context)) {
      if (part.kind === 'refused') {
        take(assembler.refuse(part.refusal, part.label));
        continue;
      }
      assembler.begin(part.layer, part.isLone);
      layers.push(await previewLayer(part.layer, assembler, rowsMax));
    }
    for (const layer of assembler.unmetLayers()) take(assembler.refuse(unmetLayer(layer)));
  } catch (thrown) {
    if (!(thrown instanceof SourceFault)) throw thrown;
    take(assembler.refuse(thrown.refusal));
  }
  return { layers, refused };
}

async function previewLayer(
  layer: SourceLayer,
  assembler: Assembler,
  rowsMax: number,
): Promise<GisPreview['layers'][number]> {
  const items: SourceFeature[] = [];
  const plans = new Set<LayerPlan>();
  let ignored: string | undefined;
  let { crs } = layer;
  let rowCount = 0;
  let isWhole = true;
  for await (const row of layer.rows()) {
    if (rowCount >= rowsMax) {
      isWhole = false;
      break;
    }
    rowCount += 1;
    if (row.kind === 'row') crs ??= row.crs;
    const made = assembler.take(row);
    if (made.kind === 'ignored') {
      ignored = made.reason;
      isWhole = false;
      break;
    }
    items.push(made.item);
    if (made.kind === 'ended') break;
    if (made.plan !== undefined) plans.add(made.plan);
  }
  if (rowCount === 0) {
    const plan = assembler.planOfEmpty();
    if (plan?.kind === 'plan') plans.add(plan);
    if (plan?.kind === 'ignored') ignored = plan.reason;
  }
  return { ...described(layer, [...plans], crs), ignored, rowCount, isWhole, items };
}

function described(
  layer: SourceLayer,
  plans: readonly LayerPlan[],
  crs: CrsState | undefined,
): Omit<GisPreviewLayer, 'ignored' | 'rowCount' | 'isWhole'> {
  const [first] = plans;
  const fields = new Map<string, GisPreviewField>();
  for (const plan of plans) {
    for (const field of plan.planned) if (!fields.has(field.field)) fields.set(field.field, field);
  }
  return {
    source: layer.label ?? layer.name,
    nenaLayer: first?.layer.nena,
    layer: first?.layer.layer,
    toldBy: first?.by,
    crs: crsText(first?.crs ?? crs),
    fields: [...fields.values()],
    unmapped: [...new Set(plans.flatMap(({ unmapped }) => unmapped))],
  };
}

function crsText(state: CrsState | undefined): string | undefined {
  if (state?.kind === 'lonLat') return 'EPSG:4326';
  if (state?.kind !== 'other') return undefined;
  return state.crs.kind === 'epsg' ? `EPSG:${state.crs.code}` : state.crs.text;
}
