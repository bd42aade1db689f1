import { z } from 'zod';
import { datasetId } from '../../base/index.ts';
import type { FindingQuery } from '../../esrp/index.ts';
import { defineOperation, type OperationPorts } from '../operation.ts';
import { jsonReply, problem } from '../problem.ts';
import { integerText, lineText, numberText } from '../validation.ts';
import {
  checkReportSchema,
  checkReportToWire,
  findingCodeListSchema,
  findingCodesToWire,
  findingFeaturesSchema,
  findingFeaturesToWire,
  findingPageSchema,
  findingToWire,
} from '../wire/check.ts';
import { checkReportExample, findingExample } from './check-examples.ts';
import { datasetIdText } from './datasets.ts';

const json = 'application/json';
const path = '/api/v1/datasets/{id}/check';
const idParams = z.strictObject({ id: datasetIdText().describe('Number of the dataset') });

/** Gaps and overlaps from here on are listed unless told otherwise. */
export const defaultMinAreaM2 = 100;

function reportReply(status: number, description: string) {
  return { status, description, mediaType: json, schema: checkReportSchema, example: checkReportExample };
}

/** Begins a check. */
export const startCheck = defineOperation({
  id: 'startCheck',
  method: 'post',
  path,
  tag: 'Datasets',
  summary: 'Check a dataset; the check goes on after the answer.',
  description:
    'Shapes, ids, URIs, URNs, dates, gaps and overlaps by service, ground outside of the provisioning boundary, roads and ' +
    'addresses. Lookups go first: a check takes the database in small steps. One that is under way goes on and is answered.',
  access: 'key',
  params: idParams,
  query: z.strictObject({
    minAreaM2: numberText({ min: 0, max: 1e12 })
      .default(defaultMinAreaM2)
      .describe('Gaps and overlaps below it are counted alone; square metres'),
  }),
  replies: [reportReply(202, 'The check that is under way.')],
  problems: ['http.notFound'],
  async handle({ params, query, actor, ports }) {
    const started = await ports.review.startCheck(datasetId(params.id), {
      minAreaM2: query.minAreaM2,
      actor,
    });
    if (started.kind === 'unknown') return problem('http.notFound', `there is no dataset ${params.id}`);
    return jsonReply(202, checkReportToWire(started.report), {
      headers: { Location: `/api/v1/datasets/${params.id}/check` },
    });
  },
});

/** The newest check. */
export const readCheck = defineOperation({
  id: 'readCheck',
  method: 'get',
  path,
  tag: 'Datasets',
  summary: 'Read how the newest check of a dataset is, or what it came to.',
  access: 'key',
  params: idParams,
  replies: [reportReply(200, 'The report.')],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const report = await ports.review.getCheck(datasetId(params.id));
    return report === undefined ? neverChecked(params.id) : jsonReply(200, checkReportToWire(report));
  },
});

/** Ends a check. */
export const cancelCheck = defineOperation({
  id: 'cancelCheck',
  method: 'delete',
  path,
  tag: 'Datasets',
  summary: 'End a check that is under way in this server.',
  access: 'key',
  params: idParams,
  replies: [reportReply(200, 'The report: `failed`, unless the check was over before.')],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const report = await ports.review.cancelCheck(datasetId(params.id));
    return report === undefined ? neverChecked(params.id) : jsonReply(200, checkReportToWire(report));
  },
});

const findingFilter = z.strictObject({
  limit: integerText({ min: 1, max: 1_000 }).default(100).describe('Findings a page'),
  after: integerText({ min: 1, max: 2_147_483_647 })
    .optional()
    .describe('Findings after this number: `next` of the page before'),
  code: lineText(60).optional().describe('Only findings of this code'),
  severity: z
    .enum(['error', 'warning', 'info'], 'must be error, warning or info')
    .optional()
    .describe('Only findings of this severity'),
  layer: z
    .enum(
      ['serviceBoundary', 'provisioningBoundary', 'adminArea', 'roadCentreLine', 'addressPoint'],
      'must be the name of a layer',
    )
    .optional()
    .describe('Only findings of this layer'),
});

async function pageOf(ports: OperationPorts, query: FindingQuery) {
  const found = await ports.review.listFindings({ ...query, limit: query.limit + 1 });
  const page = found.slice(0, query.limit);
  return { page, next: found.length > page.length ? page.at(-1)?.no : undefined };
}

/** A page of what a check found. */
export const listFindings = defineOperation({
  id: 'listFindings',
  method: 'get',
  path: '/api/v1/datasets/{id}/findings',
  tag: 'Datasets',
  summary: 'List what the newest check of a dataset found, the worst first.',
  access: 'key',
  params: idParams,
  query: findingFilter,
  replies: [
    {
      status: 200,
      description: 'A page.',
      mediaType: json,
      schema: findingPageSchema,
      example: { items: [findingExample], next: 1 },
    },
  ],
  problems: ['http.notFound'],
  async handle({ params, query, ports }) {
    const id = datasetId(params.id);
    if ((await ports.review.getCheck(id)) === undefined) return neverChecked(params.id);
    const { page, next } = await pageOf(ports, { datasetId: id, ...filterOf(query) });
    return jsonReply(200, { items: page.map(findingToWire), next });
  },
});

const { place, ...findingProperties } = findingExample;

/** The same for a map. */
export const listFindingFeatures = defineOperation({
  id: 'listFindingFeatures',
  method: 'get',
  path: '/api/v1/datasets/{id}/findings.geojson',
  tag: 'Datasets',
  summary: 'List what the newest check of a dataset found, as GeoJSON.',
  access: 'key',
  params: idParams,
  query: findingFilter,
  replies: [
    {
      status: 200,
      description: 'A page, as a feature collection.',
      mediaType: 'application/geo+json',
      schema: findingFeaturesSchema,
      example: {
        type: 'FeatureCollection',
        features: [{ type: 'Feature', id: 1, properties: findingProperties, geometry: place }],
      },
    },
  ],
  problems: ['http.notFound'],
  async handle({ params, query, ports }) {
    const id = datasetId(params.id);
    if ((await ports.review.getCheck(id)) === undefined) return neverChecked(params.id);
    const { page, next } = await pageOf(ports, { datasetId: id, ...filterOf(query) });
    return jsonReply(200, findingFeaturesToWire(page, next), { contentType: 'application/geo+json' });
  },
});

/** What the codes of findings mean. */
export const listFindingCodes = defineOperation({
  id: 'listFindingCodes',
  method: 'get',
  path: '/api/v1/finding-codes',
  tag: 'Datasets',
  summary: 'List what checks may find, with what it means and what to do.',
  access: 'key',
  replies: [
    {
      status: 200,
      description: 'Every code.',
      mediaType: json,
      schema: findingCodeListSchema,
      example: { items: findingCodesToWire().items.slice(0, 2) },
    },
  ],
  problems: [],
  handle: () => jsonReply(200, findingCodesToWire()),
});

function filterOf(query: z.output<typeof findingFilter>): Omit<FindingQuery, 'datasetId'> {
  const { limit, after, code, severity, layer } = query;
  return { limit, after, code, severity, layer };
}

function neverChecked(id: number) {
  return problem('http.notFound', `there is no check of a dataset ${id}`);
}
