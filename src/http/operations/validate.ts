import { z } from 'zod';
import { type DatasetId, datasetId, type WallMs } from '../../base/index.ts';
import { type CivicAddress, defaultLocationLimits, parsePidfLo } from '../../location/index.ts';
import { defineOperation, type OperationPorts } from '../operation.ts';
import { jsonReply, problem } from '../problem.ts';
import { integerText, momentText } from '../validation.ts';
import { civicFromWire } from '../wire/civic.ts';
import {
  similarLimits,
  validationRequestSchema,
  validationSchema,
  validationToWire,
} from '../wire/civic-validation.ts';
import { momentFromWire } from '../wire/common.ts';
import { datasetIdText } from './datasets.ts';
import { civicPidfExample, validationExample } from './validate-examples.ts';

/** Validates a civic address, as LoST's `validateLocation` does. */
export const validateLocation = defineOperation({
  id: 'validateLocation',
  method: 'post',
  path: '/api/v1/locations/validate',
  tag: 'Routing',
  summary: 'Is this an address of the data, and which elements are not?',
  description:
    'The location validation function: exact, never tolerant. Case, marks, and shortened words do not count. A house number ' +
    'that only the range of a road covers is unchecked. Of a PIDF-LO document the first civic address is validated; `asOf`, ' +
    '`dataset` and `similar` go with a document, in JSON they are members.',
  access: 'key',
  query: z.strictObject({
    asOf: momentText().optional().describe('With a document: the moment whose rows count; now where absent.'),
    dataset: datasetIdText()
      .optional()
      .describe('With a document: number of the dataset; the active one where absent.'),
    similar: integerText({ min: 0, max: similarLimits.max })
      .optional()
      .describe(
        `With a document: similar addresses that are listed at most; ${similarLimits.usual} where absent.`,
      ),
  }),
  body: {
    json: {
      schema: validationRequestSchema,
      examples: {
        address: {
          civic: { country: 'US', A1: 'TX', A2: 'Harris', A3: 'Houston', RD: 'Main', STS: 'St', HNO: '1001' },
        },
      },
    },
    document: {
      mediaTypes: ['application/pidf+xml', 'application/pidf-lo+xml', 'application/xml', 'text/xml'],
      example: civicPidfExample,
    },
  },
  replies: [
    {
      status: 200,
      description: 'Which elements are valid, invalid and unchecked.',
      mediaType: 'application/json',
      schema: validationSchema,
      example: validationExample,
    },
  ],
  problems: ['http.notFound'],
  async handle({ query, body, ports }) {
    if (body.kind === 'json') {
      const { civic, asOf, dataset, similar } = body.value;
      return await validate(ports, civicFromWire(civic), {
        asOf: asOf === undefined ? undefined : momentFromWire(asOf),
        datasetId: dataset === undefined ? undefined : datasetId(dataset),
        similarMax: similar,
      });
    }
    const read = firstCivic(body.kind === 'document' ? body.bytes : new Uint8Array());
    if (typeof read === 'string') return problem('http.invalidRequest', read);
    return await validate(ports, read, {
      asOf: query.asOf === undefined ? undefined : momentFromWire(query.asOf),
      datasetId: query.dataset === undefined ? undefined : datasetId(query.dataset),
      similarMax: query.similar ?? similarLimits.usual,
    });
  },
});

/** The first civic address of a document, or why there is none. */
function firstCivic(bytes: Uint8Array): CivicAddress | string {
  const document = parsePidfLo(bytes, { kind: 'query' }, defaultLocationLimits);
  if (!document.ok) return document.error.message;
  const found = document.value.locations.find(({ civic }) => civic !== undefined);
  return found?.civic ?? 'the document has no civic address';
}

async function validate(
  ports: OperationPorts,
  civic: CivicAddress,
  query: {
    readonly asOf: WallMs | undefined;
    readonly datasetId: DatasetId | undefined;
    readonly similarMax: number;
  },
) {
  const validation = await ports.validateCivic(civic, query);
  if (validation !== undefined) return jsonReply(200, validationToWire(validation));
  const { datasetId: asked } = query;
  return problem(
    'http.notFound',
    asked === undefined ? 'no dataset is active' : `there is no dataset ${asked}`,
  );
}
