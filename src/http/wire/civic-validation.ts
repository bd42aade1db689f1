import { z } from 'zod';
import type { CivicValidation } from '../../esrp/index.ts';
import { momentText } from '../validation.ts';
import { civicReplySchema, civicRequestSchema, civicRowShape, civicToWire, positionToWire } from './civic.ts';
import { momentSchema, optionalMoment } from './common.ts';
import { replyComponent, requestComponent } from './registry.ts';

/** How many similar addresses are asked for at most, and how many where nothing is said. */
export const similarLimits = { max: 20, usual: 3 } as const;

/** A validation as JSON. */
export const validationRequestSchema = requestComponent(
  'ValidationRequest',
  z
    .strictObject({
      civic: civicRequestSchema,
      asOf: momentText().optional().describe('The moment whose rows count; now where absent.'),
      dataset: z
        .int()
        .min(1)
        .max(2_147_483_647)
        .optional()
        .describe('Number of the dataset; the active one where absent.'),
      similar: z
        .int()
        .min(0)
        .max(similarLimits.max)
        .default(similarLimits.usual)
        .describe('Similar addresses that are listed at most.'),
    })
    .describe('Is this an address of the data?'),
);

const names = z.array(z.string());

/** What a validation says. */
export const validationSchema = replyComponent(
  'CivicValidation',
  z
    .strictObject({
      datasetId: z.int(),
      valid: names.describe('Elements that agree with the data and with each other.'),
      invalid: names.describe('Elements that contradict the data.'),
      unchecked: names.describe('Elements that the data says nothing of, or that come after an invalid one.'),
      ...civicRowShape,
      similar: z
        .array(civicReplySchema)
        .describe('Complete addresses that are like an invalid one, the most alike first.'),
      changesAt: momentSchema
        .optional()
        .describe('When a row that was used begins or ends to be in force next.'),
    })
    .describe('What the location validation function says of an address (RFC 5222 §8.4.2).'),
);

/** A validation as JSON. */
export type WireCivicValidation = z.infer<typeof validationSchema>;

/** Writes what a validation says. */
export function validationToWire(validation: CivicValidation): WireCivicValidation {
  return {
    datasetId: validation.datasetId,
    valid: [...validation.valid],
    invalid: [...validation.invalid],
    unchecked: [...validation.unchecked],
    layer: validation.layer,
    featureId: validation.featureId,
    position: positionToWire(validation.position),
    similar: validation.similar.map(civicToWire),
    changesAt: optionalMoment(validation.changesAt),
  };
}
