import { z } from 'zod';
import { datasetId } from '../../base/index.ts';
import type { Actor, Dataset, GisReading, LoadOptions, LoadOutcome } from '../../esrp/index.ts';
import { defineOperation, type OperationPorts, type RequestBody } from '../operation.ts';
import { type FieldError, jsonReply, type Outcome, ProblemError, problem } from '../problem.ts';
import { booleanText, integerText, lineText } from '../validation.ts';
import { serviceForm, serviceFromWire } from '../wire/common.ts';
import { datasetToWire, featureNoteToWire, loadAnswerSchema } from '../wire/dataset.ts';
import { gisPreviewSchema, gisPreviewToWire } from '../wire/gis-preview.ts';
import { loadListSchema, loadListToWire } from '../wire/load-progress.ts';
import { datasetIdText } from './datasets.ts';
import { datasetExample, featureCollectionExample, gisPreviewExample } from './examples.ts';
import { activateChecked, activateUnchecked } from './load-activate.ts';

/** How the body of a load or a preview may come. */
const upload = {
  mediaTypes: ['application/geo+json', 'application/json', 'application/geo+json-seq'],
  example: featureCollectionExample,
  binaryMediaTypes: [
    'application/zip',
    'application/geopackage+sqlite3',
    'application/gzip',
    'application/vnd.google-earth.kml+xml',
    'application/octet-stream',
  ],
  formFields: {
    mapping: 'A mapping file (schemas/gis-mapping.schema.json), for data that is not named as NENA names it',
  },
};

const formatText =
  'Taken are GeoJSON, GeoJSON sequences (RFC 8142), GeoPackage, and zip files of these and of shapefiles, each gzip too, as they ' +
  "are or in a form (part `file`); File Geodatabases in a zip file and other formats where GDAL's ogr2ogr is installed. The " +
  "format is told from the bytes. Layers and fields are known by their names in NENA's GIS data model (NENA-STA-006), " +
  'version 3 or 2; others are told by a mapping file, in the part `mapping` of a form.';

/** What a load and a preview are told of their source. */
const reading = {
  source: lineText(254)
    .optional()
    .describe('Where the file is from, such as its name; a layer is told by it where the file says none'),
  service: serviceForm
    .optional()
    .describe("Service URN of features that name none; where absent, the default of the layer's name"),
  layer: lineText(60)
    .optional()
    .describe(
      'The layer of what says none: PsapPolygon, A2Polygon, RoadCenterLine, SiteStructureAddressPoint ...',
    ),
  crs: lineText(4_000)
    .optional()
    .describe('Coordinate reference system, in place of what the source says: EPSG:2278, WKT or PROJ'),
};

type ReadingQuery = z.output<z.ZodObject<typeof reading>>;

/** Loads a file of GIS layers. */
export const loadDataset = defineOperation({
  id: 'loadDataset',
  method: 'post',
  path: '/api/v1/datasets',
  tag: 'Datasets',
  summary: 'Load a file of GIS layers as a new dataset.',
  description:
    'The file is read as it arrives. Either every feature can be used and a dataset is made, or nothing changes and every ' +
    `feature that was refused is listed. ${formatText}`,
  access: 'key',
  query: z.strictObject({
    name: lineText(100).describe('Name of the dataset'),
    ...reading,
    invalidGeometry: z
      .enum(['refuse', 'repair'], 'must be refuse or repair')
      .default('refuse')
      .describe('What becomes of geometry that is invalid by OGC rules: refused, or made valid and listed'),
    base: datasetIdText()
      .optional()
      .describe('The dataset whose layers are taken over where the file has none of theirs'),
    key: lineText(60)
      .optional()
      .describe('A word by which the client finds its load among those that are under way'),
    activate: booleanText()
      .default(false)
      .describe('Checks the dataset, and makes it the active one where the check finds no error'),
    unchecked: booleanText()
      .default(false)
      .describe('With `activate`: makes it the active one without a check; the audit trail has it'),
  }),
  body: { upload },
  replies: [
    {
      status: 201,
      description: 'The dataset; Location names it.',
      mediaType: 'application/json',
      schema: loadAnswerSchema,
      example: { dataset: datasetExample, repairedCount: 0, repaired: [] },
    },
  ],
  problems: ['http.loadRefused', 'http.checkFailed'],
  handle: ({ query, body, actor, ports }) =>
    loadFromUpload(
      {
        name: query.name,
        source: query.source ?? (body.kind === 'upload' ? body.fileName : undefined) ?? 'upload',
        invalidGeometry: query.invalidGeometry,
        base: query.base === undefined ? undefined : datasetId(query.base),
        isActivated: query.activate,
        isUnchecked: query.unchecked,
        key: query.key,
        reading: query,
      },
      body,
      actor,
      ports,
    ),
});

/** Shows what a load would make of a file. */
export const previewDataset = defineOperation({
  id: 'previewDataset',
  method: 'post',
  path: '/api/v1/datasets/preview',
  tag: 'Datasets',
  summary: 'Show what a load would make of a file; nothing is stored.',
  description:
    'Of each layer: which one it is and how that was told, where each field comes from, which fields nothing is made of, and ' +
    `the first rows as they would be stored. ${formatText}`,
  access: 'key',
  query: z.strictObject({
    ...reading,
    rows: integerText({ min: 1, max: 100 }).default(10).describe('Rows of each layer that are read'),
  }),
  body: { upload },
  replies: [
    {
      status: 200,
      description: 'What the file would become.',
      mediaType: 'application/json',
      schema: gisPreviewSchema,
      example: gisPreviewExample,
    },
  ],
  problems: [],
  async handle({ query, body, ports }) {
    const wanted = readingOf(query, body, ports);
    if (wanted.kind === 'problem') return wanted;
    return await fromUpload(body, async (chunks) => {
      const preview = await ports.gis.preview(chunks, wanted.reading, query.rows);
      return jsonReply(200, gisPreviewToWire(preview));
    });
  },
});

/** The loads that are under way. */
export const listLoads = defineOperation({
  id: 'listLoads',
  method: 'get',
  path: '/api/v1/datasets/loads',
  tag: 'Datasets',
  summary: 'List the loads that are under way, with how far they are.',
  access: 'key',
  replies: [
    {
      status: 200,
      description: 'The loads of this server.',
      mediaType: 'application/json',
      schema: loadListSchema,
      example: {
        items: [
          {
            key: '6f1c',
            name: 'spring',
            source: 'county.gpkg',
            elapsedMs: 2_400,
            receivedBytes: 52_428_800,
            phase: 'reading',
            done: 18_000,
          },
        ],
      },
    },
  ],
  problems: [],
  handle: ({ ports }) => jsonReply(200, loadListToWire(ports.loads.list(), performance.now())),
});

interface LoadRequest extends Pick<LoadOptions, 'name' | 'source' | 'invalidGeometry' | 'base'> {
  readonly isActivated: boolean;
  readonly isUnchecked: boolean;
  readonly key: string | undefined;
  readonly reading: ReadingQuery;
}

/** Streams an uploaded file through the reader into a new dataset, and tells what became of it. */
async function loadFromUpload(
  request: LoadRequest,
  body: RequestBody,
  actor: Actor,
  ports: OperationPorts,
): Promise<Outcome> {
  const { isActivated, isUnchecked, key, reading: query, ...options } = request;
  const wanted = readingOf(query, body, ports);
  if (wanted.kind === 'problem') return wanted;
  if (options.base !== undefined && (await ports.boundaries.getDataset(options.base)) === undefined) {
    return invalid([{ in: 'query', path: 'base', message: `there is no dataset ${options.base}` }]);
  }
  const ticket = ports.loads.begin({ key, name: options.name, source: options.source });
  return await fromUpload(body, async (chunks) => {
    const features = ports.gis.features(ticket.count(chunks), wanted.reading);
    const outcome = await ports.boundaries.load(features, { ...options, actor, onProgress: ticket.note });
    if (outcome.kind === 'refused') return refusal(outcome, ports.limits.listedFeaturesMax);
    const activate = isUnchecked ? activateUnchecked : activateChecked;
    const activated = isActivated ? await activate(outcome.dataset, actor, ports) : undefined;
    return activated?.kind === 'problem'
      ? activated
      : loaded(outcome, activated?.dataset ?? outcome.dataset, ports.limits.listedFeaturesMax);
  }).finally(ticket.end);
}

/** How the source is to be read, or what is wrong with that. */
function readingOf(
  query: ReadingQuery,
  body: RequestBody,
  ports: OperationPorts,
): { readonly kind: 'reading'; readonly reading: GisReading } | Extract<Outcome, { kind: 'problem' }> {
  const { fileName, fields } = body.kind === 'upload' ? body : {};
  for (const name of fields?.keys() ?? []) {
    if (!(name in upload.formFields)) {
      return invalid([{ in: 'body', path: `/${name.slice(0, 60)}`, message: 'is no part of this form' }]);
    }
  }
  const text = fields?.get('mapping');
  let mapping: unknown;
  try {
    mapping = text === undefined || text.trim() === '' ? undefined : JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (thrown) {
    const message = `is not JSON: ${thrown instanceof Error ? thrown.message.slice(0, 120) : 'unreadable'}`;
    return invalid([{ in: 'body', path: '/mapping', message }]);
  }
  const { service, layer, crs, source } = query;
  const wanted: GisReading = {
    defaultServiceUrn: service === undefined ? undefined : serviceFromWire(service),
    fileName: fileName ?? source,
    layer,
    crs,
    mapping,
  };
  const faults = ports.gis.check(wanted);
  if (faults.length === 0) return { kind: 'reading', reading: wanted };
  return invalid(
    faults.map(({ option, path, message }) =>
      option === 'mapping'
        ? { in: 'body', path: `/mapping: ${path}`, message }
        : { in: 'query', path: option, message },
    ),
  );
}

function invalid(errors: readonly FieldError[]): Extract<Outcome, { kind: 'problem' }> {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return problem('http.invalidRequest', `${first?.path ?? ''}: ${first?.message ?? ''}${more}`, { errors });
}

function loaded(
  outcome: Extract<LoadOutcome, { kind: 'loaded' }>,
  dataset: Dataset,
  listedMax: number,
): Outcome {
  const { repaired } = outcome;
  const answer = {
    dataset: datasetToWire(dataset),
    repairedCount: repaired.length,
    repaired: repaired.slice(0, listedMax).map(featureNoteToWire),
  };
  return jsonReply(201, answer, { headers: { Location: `/api/v1/datasets/${dataset.id}` } });
}

function refusal(outcome: Extract<LoadOutcome, { kind: 'refused' }>, listedMax: number): Outcome {
  const refusedCount = outcome.refused.length;
  const count = `${refusedCount} of ${outcome.readCount} features cannot be used`;
  return problem('http.loadRefused', `${count}; nothing was changed`, {
    extensions: {
      readCount: outcome.readCount,
      refusedCount,
      refused: outcome.refused.slice(0, listedMax).map(featureNoteToWire),
    },
  });
}

/** Works on an upload; where that fails because the upload does, says what became of the upload. */
async function fromUpload(
  body: RequestBody,
  work: (chunks: AsyncIterable<Uint8Array>) => Promise<Outcome>,
): Promise<Outcome> {
  const watched = watchedUpload(body);
  try {
    return await work(watched.chunks);
  } catch (thrown) {
    // The store may wrap what its source threw; the upload itself says what it was.
    const failure = watched.failure();
    if (failure instanceof ProblemError) return failure.problem;
    throw thrown;
  }
}

/** An upload whose own failure is remembered. */
export interface WatchedUpload {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** What the source threw, if it did. */
  failure(): unknown;
}

/** Takes a body that is read by others, which may wrap what it threw. */
export function watchedUpload(body: RequestBody): WatchedUpload {
  const source = body.kind === 'upload' ? body.chunks : empty();
  let failure: unknown;
  async function* pass(): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (thrown) {
      failure = thrown;
      throw thrown;
    }
  }
  return { chunks: pass(), failure: () => failure };
}

async function* empty(): AsyncGenerator<Uint8Array> {}
