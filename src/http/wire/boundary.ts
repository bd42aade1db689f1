import { z } from 'zod';
import type { StoredBoundary } from '../../esrp/index.ts';
import { momentSchema, optionalMoment } from './common.ts';
import { replyComponent } from './registry.ts';

const propertiesSchema = z.strictObject({
  NGUID: z.string().describe('NENA globally unique id'),
  DsplayName: z.string(),
  ServiceURN: z.string(),
  ServiceURI: z.string().describe("The PSAP's SIP URI"),
  ServiceNum: z.string().optional().describe('Dial string'),
  Agency_ID: z.string().optional(),
  DiscrpAgID: z.string().optional().describe('Agency that is told what is wrong with it'),
  DateUpdate: momentSchema.optional(),
  AVcard_URI: z.string().optional().describe("Where the agency's card is"),
  Effective: momentSchema.optional(),
  Expire: momentSchema.optional(),
  Country: z.string().optional(),
  A1: z.string().optional(),
  A2: z.string().optional(),
  A3: z.string().optional(),
  Priority: z.number().describe('Highest wins where boundaries overlap, then the smallest id'),
  datasetId: z.int(),
});

const positionSchema = z.tuple([z.number(), z.number()]);

const geometrySchema = z.strictObject({
  type: z.literal('MultiPolygon'),
  coordinates: z
    .array(z.array(z.array(positionSchema).min(4)).min(1))
    .describe('Longitude before latitude, WGS 84'),
});

/** A stored boundary as a GeoJSON Feature (RFC 7946 §3.2), attributes by their names in NENA's service boundary layer. */
export const boundaryFeatureSchema = replyComponent(
  'BoundaryFeature',
  z
    .strictObject({
      type: z.literal('Feature'),
      id: z.string(),
      properties: propertiesSchema,
      geometry: geometrySchema.nullable(),
    })
    .describe(
      "A service boundary (RFC 7946 §3.2), attributes by their names in NENA's service boundary layer.",
    ),
);

/** A page of stored boundaries. */
export const boundaryPageSchema = replyComponent(
  'BoundaryPage',
  z
    .strictObject({
      type: z.literal('FeatureCollection'),
      features: z.array(boundaryFeatureSchema),
      next: z.string().optional().describe('Give this as `after` to read on; absent on the last page.'),
    })
    .describe('A page of service boundaries in id order (RFC 7946 §3.3, `next` is a foreign member).'),
);

/** {@link boundaryFeatureSchema}'s value. */
export type WireBoundaryFeature = z.infer<typeof boundaryFeatureSchema>;
/** {@link boundaryPageSchema}'s value. */
export type WireBoundaryPage = z.infer<typeof boundaryPageSchema>;

/** Writes a stored boundary. */
export function boundaryToWire(boundary: StoredBoundary): WireBoundaryFeature {
  return {
    type: 'Feature',
    id: boundary.boundaryId,
    properties: {
      NGUID: boundary.boundaryId,
      DsplayName: boundary.displayName,
      ServiceURN: boundary.serviceUrn,
      ServiceURI: boundary.serviceUri,
      ServiceNum: boundary.serviceNumber,
      Agency_ID: boundary.agencyId,
      DiscrpAgID: boundary.discrepancyAgencyId,
      DateUpdate: optionalMoment(boundary.dateUpdate),
      AVcard_URI: boundary.cardUri,
      Effective: optionalMoment(boundary.effective),
      Expire: optionalMoment(boundary.expire),
      Country: boundary.country,
      A1: boundary.a1,
      A2: boundary.a2,
      A3: boundary.a3,
      Priority: boundary.priority,
      datasetId: boundary.datasetId,
    },
    geometry: boundary.geometry === undefined ? null : geometryToWire(boundary.geometry),
  };
}

function geometryToWire(geometry: NonNullable<StoredBoundary['geometry']>): z.infer<typeof geometrySchema> {
  // The port's arrays are readonly and zod's type is not; nothing below writes to them.
  return geometry as z.infer<typeof geometrySchema>;
}
