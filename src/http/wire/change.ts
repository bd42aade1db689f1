import { z } from 'zod';
import type { ChangeSet, FeatureVersion, LayerName } from '../../esrp/index.ts';
import { momentSchema, momentToWire, optionalMoment } from './common.ts';
import { datasetSchema, featureNoteSchema } from './dataset.ts';
import { replyComponent, requestComponent } from './registry.ts';

const layers = [
  'serviceBoundary',
  'provisioningBoundary',
  'adminArea',
  'roadCentreLine',
  'addressPoint',
] as const;

// Names of layers that a feature of a set may have, those of NENA's GIS data model among them (NENA-STA-006.3 §5).
const layerNames: Readonly<Record<string, LayerName>> = {
  ...Object.fromEntries(layers.map((layer) => [layer, layer])),
  PsapPolygon: 'serviceBoundary',
  PolicePolygon: 'serviceBoundary',
  FirePolygon: 'serviceBoundary',
  EmsPolygon: 'serviceBoundary',
  ServiceBoundaryPolygon: 'serviceBoundary',
  ProvisioningPolygon: 'provisioningBoundary',
  A1Polygon: 'adminArea',
  A2Polygon: 'adminArea',
  A3Polygon: 'adminArea',
  A4Polygon: 'adminArea',
  A5Polygon: 'adminArea',
  RoadCenterLine: 'roadCentreLine',
  SiteStructureAddressPoint: 'addressPoint',
};

/** The layer that a name stands for; undefined: none. */
export function layerFromWire(name: string): LayerName | undefined {
  return Object.hasOwn(layerNames, name) ? layerNames[name] : undefined;
}

/** A layer in a path. */
export const layerSchema = z.enum(layers, `must be one of ${layers.join(', ')}`);

const layerField = z
  .string()
  .refine((name) => layerFromWire(name) !== undefined, `must be one of ${Object.keys(layerNames).join(', ')}`)
  .optional()
  .describe('The layer; where absent it is told by the attributes, and a service boundary expires');

/** A feature of a set, its attributes and geometry to be read as those of a file are. */
const newFeatureSchema = z.looseObject({
  type: z.literal('Feature'),
  action: z.enum(['add', 'change']),
  layer: layerField.refine((name) => name !== 'adminArea', 'must say the level: A1Polygon to A5Polygon'),
  properties: z.record(z.string(), z.unknown()),
  geometry: z.unknown(),
});

const expirySchema = z.looseObject({
  type: z.literal('Feature'),
  action: z.literal('expire'),
  layer: layerField,
  properties: z.looseObject({
    NGUID: z.string().min(1).max(254),
    Expire: z
      .string()
      .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a moment (RFC 3339)')
      .optional()
      .describe('When it counts no more; now where absent'),
  }),
});

/** A set of changes: a GeoJSON FeatureCollection whose features say what becomes of them. */
export const changeRequestSchema = requestComponent(
  'RequestChanges',
  z
    .looseObject({
      type: z.literal('FeatureCollection'),
      features: z
        .array(z.discriminatedUnion('action', [newFeatureSchema, expirySchema]))
        .min(1, 'must have a feature')
        .max(1_000, 'must have 1,000 features at most'),
    })
    .describe('GeoJSON features with `action` (RFC 7946 §6.1); attributes as in a file that is loaded.'),
);

/** {@link changeRequestSchema}'s value. */
export type WireChanges = z.infer<typeof changeRequestSchema>;

const changeSetSchema = replyComponent(
  'ChangeSet',
  z
    .strictObject({
      no: z.int(),
      datasetId: z.int(),
      revision: z.int().describe('Of the dataset, after it'),
      at: momentSchema,
      actor: z.string(),
      note: z.string(),
      edits: z.array(
        z.strictObject({
          action: z.enum(['add', 'change', 'expire']),
          layer: layerSchema,
          featureId: z.string(),
        }),
      ),
      undoneAt: momentSchema.optional(),
      undoneBy: z.string().optional(),
    })
    .describe('Changes to features of a dataset that were applied at once, and are undone at once.'),
);

/** {@link ChangeSet} as JSON. */
export type WireChangeSet = z.infer<typeof changeSetSchema>;

/** A page of sets. */
export const changeSetPageSchema = replyComponent(
  'ChangeSetPage',
  z.strictObject({
    items: z.array(changeSetSchema).describe('Newest first'),
    next: z.int().optional().describe('Give this as `before` to read on; absent on the last page.'),
  }),
);

/** {@link changeSetPageSchema}'s value. */
export type WireChangeSetPage = z.infer<typeof changeSetPageSchema>;

/** The answer to a set, and to its undoing. */
export const changeAnswerSchema = replyComponent(
  'ChangeAnswer',
  z
    .strictObject({
      changeSet: changeSetSchema,
      dataset: datasetSchema,
      repaired: z.array(featureNoteSchema).describe('Features whose geometry was made valid'),
    })
    .describe('A set, and the dataset after it.'),
);

/** {@link changeAnswerSchema}'s value. */
export type WireChangeAnswer = z.infer<typeof changeAnswerSchema>;

/** A feature of a set that a later set changed. */
export const laterEditSchema = z.strictObject({
  layer: layerSchema,
  featureId: z.string(),
  changeSetNo: z.int().describe('The later set'),
});

/** All versions of a feature. */
export const featureVersionsSchema = replyComponent(
  'FeatureVersions',
  z.strictObject({
    items: z
      .array(
        z.strictObject({
          addedIn: z.int().optional().describe('The set that brought it; absent: the load'),
          removedIn: z
            .int()
            .optional()
            .describe('The set that took it out; absent: it is current. Its own where that was undone'),
          dateUpdate: momentSchema.optional(),
          effective: momentSchema.optional(),
          expire: momentSchema.optional(),
        }),
      )
      .describe('Oldest first'),
  }),
);

/** {@link featureVersionsSchema}'s value. */
export type WireFeatureVersions = z.infer<typeof featureVersionsSchema>;

/** Writes a set. */
export function changeSetToWire(set: ChangeSet): WireChangeSet {
  return {
    no: set.no,
    datasetId: set.datasetId,
    revision: set.revision,
    at: momentToWire(set.at),
    actor: set.actor,
    note: set.note,
    edits: set.edits.map(({ action, layer, featureId }) => ({ action, layer, featureId })),
    undoneAt: optionalMoment(set.undoneAt),
    undoneBy: set.undoneBy,
  };
}

/** Writes a version of a feature. */
export function featureVersionToWire(version: FeatureVersion): WireFeatureVersions['items'][number] {
  return {
    addedIn: version.addedIn,
    removedIn: version.removedIn,
    dateUpdate: optionalMoment(version.dateUpdate),
    effective: optionalMoment(version.effective),
    expire: optionalMoment(version.expire),
  };
}
