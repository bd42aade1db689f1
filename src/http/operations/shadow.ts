import { z } from 'zod';
import { type DatasetId, datasetId, serviceUrn } from '../../base/index.ts';
import { defineOperation, type OperationPorts } from '../operation.ts';
import { jsonReply, problem } from '../problem.ts';
import { integerText, lineText } from '../validation.ts';
import { changeKey, datasetDiffSchema, datasetDiffToWire, readChangeKey } from '../wire/diff.ts';
import { shadowReportSchema, shadowReportToWire, shadowRequestSchema } from '../wire/shadow.ts';
import { datasetDiffExample, shadowReportExample } from './check-examples.ts';
import { datasetIdText } from './datasets.ts';

const json = 'application/json';
const path = '/api/v1/datasets/{id}/shadow';
const idParams = z.strictObject({ id: datasetIdText().describe('Number of the dataset') });

/** What is different between two datasets. */
export const readDiff = defineOperation({
  id: 'readDiff',
  method: 'get',
  path: '/api/v1/datasets/{id}/diff',
  tag: 'Datasets',
  summary: 'Tell what changed from another dataset to this one.',
  description:
    'Features by id: which were added, removed and changed, in what, and how much ground changed hands. With `sample`, that ' +
    'many points on changed ground are mapped by both.',
  access: 'key',
  params: idParams,
  query: z.strictObject({
    with: datasetIdText()
      .optional()
      .describe('The dataset that it is compared with; the active one where absent'),
    layer: z
      .enum(
        ['serviceBoundary', 'provisioningBoundary', 'adminArea', 'roadCentreLine', 'addressPoint'],
        'must be the name of a layer',
      )
      .optional()
      .describe('Only this layer'),
    limit: integerText({ min: 1, max: 1_000 }).default(100).describe('Changes a page'),
    after: lineText(300).optional().describe('Changes after this one: `next` of the page before'),
    sample: integerText({ min: 0, max: 1_000 }).default(0).describe('Points on changed ground'),
    seed: integerText({ min: 0, max: 2_147_483_647 }).default(1).describe('One seed makes the same points'),
  }),
  replies: [
    {
      status: 200,
      description: 'What changed.',
      mediaType: json,
      schema: datasetDiffSchema,
      example: datasetDiffExample,
    },
  ],
  problems: ['http.notFound'],
  async handle({ params, query, ports }) {
    const to = datasetId(params.id);
    const from = await baseOf(query.with, ports);
    if (from === undefined) return noBase();
    const after = query.after === undefined ? undefined : readChangeKey(query.after);
    if (query.after !== undefined && after === undefined) {
      return problem('http.invalidRequest', 'after: must be `next` of an earlier page', {
        errors: [{ in: 'query', path: 'after', message: 'must be `next` of an earlier page' }],
      });
    }
    const { limit, layer, sample, seed } = query;
    const diff = await ports.review.diff({ from, to, limit: limit + 1, after, layer });
    if (diff === undefined)
      return problem('http.notFound', `there is no dataset ${params.id}, or no ${from}`);
    const changes = diff.changes.slice(0, limit);
    const last = changes.at(-1);
    const next = diff.changes.length > limit && last !== undefined ? changeKey(last) : undefined;
    const sampled =
      sample === 0
        ? undefined
        : await ports.shadow.compare({
            datasetId: to,
            baseId: from,
            source: 'changed',
            count: sample,
            seed,
            service: undefined,
          });
    return jsonReply(200, datasetDiffToWire({ from, to, diff: { ...diff, changes }, next, sample: sampled }));
  },
});

function reportReply(status: number, description: string) {
  return { status, description, mediaType: json, schema: shadowReportSchema, example: shadowReportExample };
}

/** Begins a run of shadow routing. */
export const startShadow = defineOperation({
  id: 'startShadow',
  method: 'post',
  path,
  tag: 'Datasets',
  summary: 'Map calls, recorded or made up, by a dataset beside another one, and compare.',
  description:
    'The run goes on after the answer. No call is touched and nothing is activated. One that is under way for the dataset ' +
    'goes on and is answered.',
  access: 'key',
  params: idParams,
  body: {
    json: {
      schema: shadowRequestSchema,
      examples: { recorded: { source: 'records', count: 5_000 }, borders: { source: 'border', seed: 7 } },
    },
  },
  replies: [reportReply(202, 'The run that is under way.')],
  problems: ['http.notFound'],
  async handle({ params, body, actor, ports }) {
    const asked = body.kind === 'json' ? body.value : shadowRequestSchema.parse({});
    const id = datasetId(params.id);
    const baseId = await baseOf(asked.with, ports);
    if (baseId === undefined) return noBase();
    for (const each of [id, baseId]) {
      if ((await ports.boundaries.getDataset(each)) === undefined) return noDataset(each);
    }
    const { source, count, seed, service } = asked;
    const { report } = await ports.shadow.start(
      {
        datasetId: id,
        baseId,
        source,
        count,
        seed,
        service: service === undefined ? undefined : serviceUrn(service),
      },
      actor,
    );
    return jsonReply(202, shadowReportToWire(report), {
      headers: { Location: `/api/v1/datasets/${params.id}/shadow` },
    });
  },
});

/** The newest run. */
export const readShadow = defineOperation({
  id: 'readShadow',
  method: 'get',
  path,
  tag: 'Datasets',
  summary: 'Read how the newest run of shadow routing of a dataset is, or what it came to.',
  access: 'key',
  params: idParams,
  replies: [reportReply(200, 'The run.')],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const report = await ports.shadow.get(datasetId(params.id));
    return report === undefined ? neverRun(params.id) : jsonReply(200, shadowReportToWire(report));
  },
});

/** Ends a run. */
export const cancelShadow = defineOperation({
  id: 'cancelShadow',
  method: 'delete',
  path,
  tag: 'Datasets',
  summary: 'End a run of shadow routing that is under way in this server.',
  access: 'key',
  params: idParams,
  replies: [reportReply(200, 'The run, with what it has so far.')],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const report = await ports.shadow.cancel(datasetId(params.id));
    return report === undefined ? neverRun(params.id) : jsonReply(200, shadowReportToWire(report));
  },
});

async function baseOf(given: number | undefined, ports: OperationPorts): Promise<DatasetId | undefined> {
  if (given !== undefined) return datasetId(given);
  return (await ports.boundaries.listDatasets()).find(({ state }) => state === 'active')?.id;
}

function noBase() {
  return problem('http.notFound', 'no dataset is active; name the other one by `with`');
}

function noDataset(id: number) {
  return problem('http.notFound', `there is no dataset ${id}`);
}

function neverRun(id: number) {
  return problem('http.notFound', `there is no run of shadow routing of a dataset ${id}`);
}
