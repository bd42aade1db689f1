import { z } from 'zod';
import type { Dataset, RefusedFeature } from '../../esrp/index.ts';
import { momentSchema, momentToWire, optionalMoment } from './common.ts';
import { replyComponent } from './registry.ts';

/** One complete load of boundaries. */
export const datasetSchema = replyComponent(
  'Dataset',
  z
    .strictObject({
      id: z.int(),
      name: z.string(),
      state: z.enum(['staged', 'checked', 'active', 'retired']),
      source: z.string(),
      createdAt: momentSchema,
      createdBy: z.string(),
      activatedAt: momentSchema.optional(),
      boundaryCount: z.int(),
      layerCounts: z
        .strictObject({
          serviceBoundary: z.int(),
          provisioningBoundary: z.int(),
          adminArea: z.int(),
          roadCentreLine: z.int(),
          addressPoint: z.int(),
        })
        .describe('Features by layer'),
      revision: z.int().describe('Counts the changes since the load'),
    })
    .describe('One complete load of GIS layers. The active one answers lookups.'),
);

/** {@link Dataset} as JSON. */
export type WireDataset = z.infer<typeof datasetSchema>;

/** All datasets. */
export const datasetListSchema = replyComponent(
  'DatasetList',
  z.strictObject({ items: z.array(datasetSchema) }),
);

/** A feature of a boundary file that was refused or repaired. */
export const featureNoteSchema = replyComponent(
  'FeatureNote',
  z
    .strictObject({
      ordinal: z.int().describe('Place in the file, from 1'),
      layer: z.string().optional(),
      boundaryId: z.string().optional(),
      code: z.string(),
      reason: z.string(),
    })
    .describe('A feature of a boundary file and what was wrong with it.'),
);

/** {@link RefusedFeature} as JSON. */
export type WireFeatureNote = z.infer<typeof featureNoteSchema>;

/** The answer to a load. */
export const loadAnswerSchema = replyComponent(
  'LoadAnswer',
  z
    .strictObject({
      dataset: datasetSchema,
      repairedCount: z.int(),
      repaired: z
        .array(featureNoteSchema)
        .describe('Features whose geometry was made valid; the first ones of them where there are many.'),
    })
    .describe('The dataset that a boundary file became.'),
);

/** {@link loadAnswerSchema}'s value. */
export type WireLoadAnswer = z.infer<typeof loadAnswerSchema>;

/** The members that a problem of type `http.loadRefused` has of its own. */
export const refusedExtensionSchema = z.strictObject({
  readCount: z.int().describe('Features read'),
  refusedCount: z.int().describe('Features refused, those that are not listed too'),
  refused: z.array(featureNoteSchema).describe('Refused features, in file order'),
});

/** {@link refusedExtensionSchema}'s value. */
export type WireRefusal = z.infer<typeof refusedExtensionSchema>;

/** Writes a dataset. */
export function datasetToWire(dataset: Dataset): WireDataset {
  return {
    id: dataset.id,
    name: dataset.name,
    state: dataset.state,
    source: dataset.source,
    createdAt: momentToWire(dataset.createdAt),
    createdBy: dataset.createdBy,
    activatedAt: optionalMoment(dataset.activatedAt),
    boundaryCount: dataset.boundaryCount,
    layerCounts: dataset.layerCounts,
    revision: dataset.revision,
  };
}

/** Writes a refused or repaired feature. */
export function featureNoteToWire(feature: RefusedFeature): WireFeatureNote {
  return {
    ordinal: feature.ordinal,
    layer: feature.layer,
    boundaryId: feature.boundaryId,
    code: feature.code,
    reason: feature.reason,
  };
}
