import { z } from 'zod';
import { datasetId, err, ok, type Result } from '../../base/index.ts';
import type { ChangeOutcome, RefusedFeature } from '../../esrp/index.ts';
import { readAll } from '../body.ts';
import { defineOperation, type OperationPorts, type RequestBody } from '../operation.ts';
import { jsonReply, type Outcome, type Problem, ProblemError, problem } from '../problem.ts';
import { readChanges } from '../read-changes.ts';
import { fieldErrors, integerText, lineText } from '../validation.ts';
import {
  changeAnswerSchema,
  changeRequestSchema,
  changeSetPageSchema,
  changeSetToWire,
  featureVersionsSchema,
  featureVersionToWire,
  layerSchema,
  type WireChanges,
} from '../wire/change.ts';
import { datasetToWire, featureNoteToWire } from '../wire/dataset.ts';
import { changeAnswerExample, changeRequestExample, featureVersionsExample } from './change-examples.ts';
import { datasetIdText } from './datasets.ts';

const json = 'application/json';
const path = '/api/v1/datasets/{id}/changes';
const idParams = z.strictObject({ id: datasetIdText().describe('Number of the dataset') });
/** A set as sent; more goes by a load. */
const setBytesMax = 16_777_216;

function answerReply(status: number, description: string) {
  return { status, description, mediaType: json, schema: changeAnswerSchema, example: changeAnswerExample };
}

/** Sets of changes of a dataset. */
export const listChanges = defineOperation({
  id: 'listChanges',
  method: 'get',
  path,
  tag: 'Datasets',
  summary: 'List the sets of changes that were applied to a dataset, newest first.',
  access: 'key',
  params: idParams,
  query: z.strictObject({
    limit: integerText({ min: 1, max: 200 }).default(50).describe('Sets a page'),
    before: integerText({ min: 1, max: Number.MAX_SAFE_INTEGER })
      .optional()
      .describe('`next` of the page before'),
    featureId: lineText(254).optional().describe('Sets that touched this feature'),
  }),
  replies: [
    {
      status: 200,
      description: 'A page.',
      mediaType: json,
      schema: changeSetPageSchema,
      example: { items: [changeAnswerExample.changeSet] },
    },
  ],
  problems: ['http.notFound'],
  async handle({ params, query, ports }) {
    const id = datasetId(params.id);
    if ((await ports.boundaries.getDataset(id)) === undefined) return noDataset(params.id);
    const { limit, before, featureId } = query;
    const found = await ports.changes.list({ datasetId: id, limit: limit + 1, before, featureId });
    const items = found.slice(0, limit);
    const next = found.length > limit ? items.at(-1)?.no : undefined;
    return jsonReply(200, { items: items.map(changeSetToWire), next });
  },
});

/** Applies a set of changes. */
export const applyChanges = defineOperation({
  id: 'applyChanges',
  method: 'post',
  path,
  tag: 'Datasets',
  summary: 'Add, change and expire features of a dataset, all of them or none.',
  description:
    'GeoJSON features with an `action` each. `add`: a feature with a new id. `change`: takes the place of the one with its ' +
    'id, as a whole and at once. `expire`: counts no more from `Expire` on. What is planned is an expiry and a new feature ' +
    'with a new id that takes effect then. Lookups see the whole set or nothing of it; it is undone as one. Asked for again ' +
    'under the same `key`, a set is not applied again.',
  access: 'key',
  params: idParams,
  query: z.strictObject({
    note: lineText(500).default('').describe('For people who read the list of sets'),
    key: lineText(100)
      .optional()
      .describe("The asker's own name of the set, not used for another one of the dataset"),
    invalidGeometry: z
      .enum(['refuse', 'repair'], 'must be refuse or repair')
      .default('refuse')
      .describe('What becomes of geometry that is invalid by OGC rules'),
  }),
  body: {
    upload: { mediaTypes: ['application/geo+json', 'application/json'], example: changeRequestExample },
  },
  replies: [
    answerReply(201, 'The set, applied.'),
    answerReply(200, 'The set, which was applied before under the same key.'),
  ],
  problems: ['http.notFound', 'http.loadRefused', 'http.changeKeyTaken', 'http.badJson'],
  async handle({ params, query, body, actor, ports }) {
    const set = await readSet(body);
    if (!set.ok) return set.error;
    const changes = set.value;
    const read = await readChanges(changes, ports);
    if (read.kind === 'refused') return refusal(read.refused, changes, ports);
    const outcome = await ports.changes.apply(read.edits, {
      datasetId: datasetId(params.id),
      actor,
      note: query.note,
      invalidGeometry: query.invalidGeometry,
      requestKey: query.key,
    });
    return answerOf(outcome, params.id, changes, ports);
  },
});

/** Undoes a set of changes. */
export const undoChanges = defineOperation({
  id: 'undoChanges',
  method: 'post',
  path: `${path}/{no}/undo`,
  tag: 'Datasets',
  summary: 'Undo a set of changes as one.',
  description:
    'Sets that changed the same features later are undone first. Undoing a set twice changes nothing.',
  access: 'key',
  params: z.strictObject({
    id: datasetIdText().describe('Number of the dataset'),
    no: integerText({ min: 1, max: Number.MAX_SAFE_INTEGER }).describe('Number of the set'),
  }),
  replies: [answerReply(200, 'The set, undone.')],
  problems: ['http.notFound', 'http.laterChanges'],
  async handle({ params, actor, ports }) {
    const id = datasetId(params.id);
    const outcome = await ports.changes.undo(id, params.no, actor);
    if (outcome.kind === 'inTheWay') {
      const [first] = outcome.later;
      const detail = `set ${first?.changeSetNo} changed ${first?.featureId} later; undo it first`;
      return problem('http.laterChanges', detail, { extensions: { later: outcome.later } });
    }
    const dataset =
      outcome.kind === 'undone' ? outcome.dataset : await ports.boundaries.getDataset(datasetId(params.id));
    if (outcome.kind === 'unknown' || dataset === undefined) {
      return problem('http.notFound', `dataset ${params.id} has no set of changes ${params.no}`);
    }
    const changeSet = changeSetToWire(outcome.changeSet);
    return jsonReply(200, { changeSet, dataset: datasetToWire(dataset), repaired: [] });
  },
});

/** All versions of a feature. */
export const listFeatureVersions = defineOperation({
  id: 'listFeatureVersions',
  method: 'get',
  path: '/api/v1/datasets/{id}/features/{layer}/{featureId}/versions',
  tag: 'Datasets',
  summary: 'List the versions of a feature, oldest first.',
  access: 'key',
  params: z.strictObject({
    id: datasetIdText().describe('Number of the dataset'),
    layer: layerSchema,
    featureId: lineText(254).describe('NENA globally unique id'),
  }),
  replies: [
    {
      status: 200,
      description: 'The versions.',
      mediaType: json,
      schema: featureVersionsSchema,
      example: featureVersionsExample,
    },
  ],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const id = datasetId(params.id);
    if ((await ports.boundaries.getDataset(id)) === undefined) return noDataset(params.id);
    const versions = await ports.changes.history(id, params.layer, params.featureId);
    if (versions.length === 0) {
      return problem('http.notFound', `the layer ${params.layer} has no feature ${params.featureId}`);
    }
    return jsonReply(200, { items: versions.map(featureVersionToWire) });
  },
});

async function readSet(body: RequestBody): Promise<Result<WireChanges, Problem>> {
  const bytes = await readAll(body.kind === 'upload' ? limited(body.chunks) : empty());
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return err(problem('http.badJson', 'the body is not JSON in UTF-8'));
  }
  const checked = changeRequestSchema.safeParse(value);
  if (checked.success) return ok(checked.data);
  const errors = fieldErrors('body', checked.error.issues);
  const [first] = errors;
  return err(problem('http.invalidRequest', `${first?.path}: ${first?.message}`, { errors }));
}

async function* limited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > setBytesMax) {
      throw new ProblemError(
        problem('http.bodyTooLarge', `a set has ${setBytesMax} bytes at most; load more as a dataset`),
      );
    }
    yield chunk;
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {}

function answerOf(outcome: ChangeOutcome, id: number, changes: WireChanges, ports: OperationPorts): Outcome {
  switch (outcome.kind) {
    case 'unknown':
      return noDataset(id);
    case 'refused':
      return refusal(outcome.refused, changes, ports);
    case 'keyTaken': {
      const detail = `the key stands for the set ${outcome.changeSet.no}, whose changes are others`;
      return problem('http.changeKeyTaken', detail);
    }
    default: {
      const answer = {
        changeSet: changeSetToWire(outcome.changeSet),
        dataset: datasetToWire(outcome.dataset),
        repaired: outcome.repaired.map(featureNoteToWire),
      };
      return jsonReply(outcome.kind === 'applied' ? 201 : 200, answer);
    }
  }
}

function refusal(
  refused: readonly RefusedFeature[],
  { features }: WireChanges,
  { limits }: OperationPorts,
): Outcome {
  return problem(
    'http.loadRefused',
    `${refused.length} of ${features.length} changes cannot be made; nothing was changed`,
    {
      extensions: {
        readCount: features.length,
        refusedCount: refused.length,
        refused: refused.slice(0, limits.listedFeaturesMax).map(featureNoteToWire),
      },
    },
  );
}

function noDataset(id: number) {
  return problem('http.notFound', `there is no dataset ${id}`);
}
