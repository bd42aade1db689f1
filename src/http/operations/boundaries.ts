import { z } from 'zod';
import { datasetId } from '../../base/index.ts';
import { defineOperation, type OperationPorts } from '../operation.ts';
import { jsonReply, type Problem, problem } from '../problem.ts';
import { booleanText, integerText, lineText } from '../validation.ts';
import { boundaryFeatureSchema, boundaryPageSchema, boundaryToWire } from '../wire/boundary.ts';
import { datasetIdText } from './datasets.ts';
import { boundaryFeatureExample } from './examples.ts';

const geoJson = 'application/geo+json';

/** A page of boundaries. */
export const listBoundaries = defineOperation({
  id: 'listBoundaries',
  method: 'get',
  path: '/api/v1/boundaries',
  tag: 'Boundaries',
  summary: 'List service boundaries as GeoJSON, in id order.',
  access: 'key',
  query: z.strictObject({
    datasetId: datasetIdText().optional().describe('The active dataset where absent.'),
    limit: integerText({ min: 1, max: 1_000 }).default(100).describe('Boundaries a page'),
    after: lineText(254).optional().describe('Boundaries after this id: `next` of the page before'),
    q: lineText(100).optional().describe('Text in the id, the display name or an area name'),
    geometry: booleanText().default(true).describe('`false` leaves geometry out, as null.'),
  }),
  replies: [
    {
      status: 200,
      description: 'A page; its Link header names the next one (RFC 8288).',
      mediaType: geoJson,
      schema: boundaryPageSchema,
      example: { type: 'FeatureCollection', features: [boundaryFeatureExample], next: '48201' },
    },
  ],
  problems: ['http.notFound'],
  async handle({ query, ports }) {
    const missing = await missingDataset(query.datasetId, ports);
    if (missing !== undefined) return missing;
    // One more than the page shows whether there is a next one.
    const found = await ports.boundaries.listBoundaries({
      datasetId: query.datasetId === undefined ? undefined : datasetId(query.datasetId),
      limit: query.limit + 1,
      after: query.after,
      withGeometry: query.geometry,
      text: query.q,
    });
    const page = found.slice(0, query.limit);
    const next = found.length > page.length ? page.at(-1)?.boundaryId : undefined;
    const body = { type: 'FeatureCollection', features: page.map(boundaryToWire), next };
    return jsonReply(200, body, {
      contentType: geoJson,
      ...(next === undefined ? {} : { headers: { Link: `<${nextPage(query, next)}>; rel="next"` } }),
    });
  },
});

/** One boundary. */
export const readBoundary = defineOperation({
  id: 'readBoundary',
  method: 'get',
  path: '/api/v1/boundaries/{id}',
  tag: 'Boundaries',
  summary: 'Read one service boundary as a GeoJSON Feature.',
  access: 'key',
  params: z.strictObject({ id: lineText(254).describe('NENA globally unique id') }),
  query: z.strictObject({
    datasetId: datasetIdText().optional().describe('The active dataset where absent.'),
  }),
  replies: [
    {
      status: 200,
      description: 'The boundary.',
      mediaType: geoJson,
      schema: boundaryFeatureSchema,
      example: boundaryFeatureExample,
    },
  ],
  problems: ['http.notFound'],
  async handle({ params, query, ports }) {
    const missing = await missingDataset(query.datasetId, ports);
    if (missing !== undefined) return missing;
    const wanted = query.datasetId === undefined ? undefined : datasetId(query.datasetId);
    const boundary = await ports.boundaries.getBoundary(params.id, wanted);
    if (boundary === undefined) {
      const where = wanted === undefined ? 'the active dataset' : `dataset ${wanted}`;
      return problem('http.notFound', `${where} has no boundary ${params.id}`);
    }
    return jsonReply(200, boundaryToWire(boundary), { contentType: geoJson });
  },
});

async function missingDataset(id: number | undefined, ports: OperationPorts): Promise<Problem | undefined> {
  if (id === undefined) return undefined;
  const found = await ports.boundaries.getDataset(datasetId(id));
  return found === undefined ? problem('http.notFound', `there is no dataset ${id}`) : undefined;
}

function nextPage(query: Readonly<Record<string, unknown>>, next: string): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, after: next })) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return `/api/v1/boundaries?${parameters}`;
}
