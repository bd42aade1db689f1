import { z } from 'zod';
import { defineOperation } from '../operation.ts';
import { jsonReply } from '../problem.ts';
import { booleanText, integerText } from '../validation.ts';
import { dataErrorPageSchema, dataErrorToWire } from '../wire/discrepancy-place.ts';

/** Gaps and overlaps, each once. */
export const listDataErrors = defineOperation({
  id: 'listDataErrors',
  method: 'get',
  path: '/api/v1/data-errors',
  tag: 'Datasets',
  summary: 'List gaps and overlaps that checks and calls found, each place once.',
  access: 'key',
  query: z.strictObject({
    limit: integerText({ min: 1, max: 1_000 }).default(100).describe('Places a page'),
    before: integerText({ min: 1, max: Number.MAX_SAFE_INTEGER })
      .optional()
      .describe('Places found before this one: `next` of the page before'),
    kind: z.enum(['gap', 'overlap'], 'must be gap or overlap').optional().describe('Only these'),
    resolved: booleanText().default(false).describe('Lists those too that are not there any more'),
  }),
  replies: [
    {
      status: 200,
      description: 'A page, the one found last first.',
      mediaType: 'application/json',
      schema: dataErrorPageSchema,
      example: {
        items: [
          {
            id: 4,
            kind: 'overlap',
            serviceUrn: 'urn:service:sos',
            agencies: ['fortbend.example', 'harris.example'],
            featureIds: ['48157', '48201'],
            foundBy: 'check',
            datasetId: 2,
            firstSeen: '2026-03-01T09:30:01.000Z',
            lastSeen: '2026-03-01T09:30:01.000Z',
            seenCount: 1,
            areaM2: 1_540.2,
            place: { type: 'Point', coordinates: [-95.5, 29.5] },
          },
        ],
      },
    },
  ],
  problems: [],
  async handle({ query, ports }) {
    const { limit, before, kind, resolved } = query;
    const asked = { limit: limit + 1, before, kind, withResolved: resolved };
    const found = await ports.dataErrors.listDataErrors(asked);
    const page = found.slice(0, limit);
    const next = found.length > page.length ? page.at(-1)?.id : undefined;
    return jsonReply(200, { items: page.map(dataErrorToWire), next });
  },
});
