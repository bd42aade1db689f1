import { z } from 'zod';
import { assertNever } from '../../base/index.ts';
import type {
  GisFeature,
  GisPreview,
  PolygonCoordinates,
  RoadSide,
  SourceCrs,
  SourceFeature,
} from '../../esrp/index.ts';
import { momentSchema, optionalMoment } from './common.ts';
import { featureNoteSchema, featureNoteToWire } from './dataset.ts';
import { replyComponent } from './registry.ts';

const civicSchema = z
  .record(z.string(), z.string())
  .describe('PIDF-LO elements by name, `country` among them');

const placeSchema = z.strictObject({
  type: z.enum(['MultiPolygon', 'MultiLineString', 'Point']),
  partCount: z.int().describe('Polygons, lines or points'),
  positionCount: z.int(),
  bounds: z.array(z.number()).length(4).describe('Least east, least north, greatest east, greatest north'),
  crs: z.string().describe('What the coordinates are in; they are brought to EPSG:4326 as they are stored'),
});

const sideSchema = z.strictObject({
  from: z.int().optional(),
  to: z.int().optional(),
  parity: z.enum(['odd', 'even', 'both', 'none']),
  numberPrefix: z.string().optional(),
  civic: civicSchema,
  isForValidation: z.boolean(),
});

/** One feature as a load would store it. */
const previewFeatureSchema = z.strictObject({
  ordinal: z.int().describe('Place in the source, from 1'),
  layer: z.string(),
  featureId: z.string(),
  discrepancyAgencyId: z.string().optional(),
  dateUpdate: momentSchema.optional(),
  effective: momentSchema.optional(),
  expire: momentSchema.optional(),
  service: z
    .strictObject({
      displayName: z.string(),
      serviceUrn: z.string(),
      serviceUri: z.string(),
      serviceNumber: z.string().optional(),
      agencyId: z.string().optional(),
      cardUri: z.string().optional(),
      priority: z.int(),
    })
    .optional(),
  level: z.int().optional().describe('Of an administrative area'),
  civic: civicSchema.optional(),
  street: civicSchema.optional(),
  left: sideSchema.optional(),
  right: sideSchema.optional(),
  place: placeSchema,
});

const previewLayerSchema = z.strictObject({
  source: z.string().optional().describe('The file, and the layer in it where it has several'),
  nenaLayer: z.string().optional().describe("By its name in NENA's GIS data model"),
  layer: z.string().optional(),
  toldBy: z.enum(['mapping', 'name', 'option', 'fields', 'default']).optional(),
  ignored: z.string().optional().describe('Why the layer is passed over'),
  crs: z.string().optional(),
  fields: z
    .array(
      z.strictObject({
        field: z.string().describe("The field's name in the data model"),
        from: z.array(z.string()).describe('Fields of the source, the first that has a value taken'),
        value: z.string().optional().describe('A constant'),
      }),
    )
    .describe('Where each field comes from'),
  unmapped: z.array(z.string()).describe('Fields of the source that nothing is made of and nobody knows'),
  rowCount: z.int().describe('Rows that were read'),
  isWhole: z.boolean().describe('Whether these were all'),
  features: z.array(previewFeatureSchema),
  refused: z.array(featureNoteSchema),
});

/** What a source would become. */
export const gisPreviewSchema = replyComponent(
  'GisPreview',
  z
    .strictObject({
      layers: z.array(previewLayerSchema),
      refused: z.array(featureNoteSchema).describe('Files of the source that cannot be read'),
    })
    .describe('The layers of a source, each with its first rows as they would load. Nothing was stored.'),
);

/** {@link gisPreviewSchema}'s value. */
export type WireGisPreview = z.infer<typeof gisPreviewSchema>;

type WirePreviewFeature = z.infer<typeof previewFeatureSchema>;

/** Writes a preview. */
export function gisPreviewToWire({ layers, refused }: GisPreview): WireGisPreview {
  return {
    layers: layers.map(({ items, fields, unmapped, ...layer }) => ({
      ...layer,
      fields: fields.map((field) => ({ ...field, from: [...field.from] })),
      unmapped: [...unmapped],
      features: items.flatMap((item) => (item.kind === 'refused' ? [] : [featureToWire(item)])),
      refused: items.flatMap((item) => (item.kind === 'refused' ? [featureNoteToWire(item.refused)] : [])),
    })),
    refused: refused.map(featureNoteToWire),
  };
}

function featureToWire(item: Exclude<SourceFeature, { kind: 'refused' }>): WirePreviewFeature {
  switch (item.kind) {
    case 'feature': {
      const { feature } = item;
      const { country, a1, a2, a3, geometry } = feature;
      const civic = civicToWire(country, Object.entries({ A1: a1, A2: a2, A3: a3 }));
      return {
        ...commonToWire({ ...feature, featureId: feature.boundaryId }, 'serviceBoundary'),
        service: {
          displayName: feature.displayName,
          serviceUrn: feature.serviceUrn,
          serviceUri: feature.serviceUri,
          serviceNumber: feature.serviceNumber,
          agencyId: feature.agencyId,
          cardUri: feature.cardUri,
          priority: feature.priority,
        },
        ...(Object.keys(civic).length === 0 ? {} : { civic }),
        place: polygonPlace(geometry.coordinates, feature.crs),
      };
    }
    case 'provisioningBoundary':
      return {
        ...commonToWire(item.feature, item.kind),
        place: polygonPlace(item.feature.coordinates, item.feature.crs),
      };
    case 'adminArea': {
      const { civic, level, coordinates, crs } = item.feature;
      return {
        ...commonToWire(item.feature, item.kind),
        level,
        civic: civicToWire(civic.country, civic.elements),
        place: polygonPlace(coordinates, crs),
      };
    }
    case 'roadCentreLine': {
      const { street, left, right, lines, crs } = item.feature;
      return {
        ...commonToWire(item.feature, item.kind),
        street: civicToWire(undefined, street),
        left: sideToWire(left),
        right: sideToWire(right),
        place: placeToWire('MultiLineString', lines.length, lines, crs),
      };
    }
    case 'addressPoint': {
      const { civic, coordinates, crs } = item.feature;
      return {
        ...commonToWire(item.feature, item.kind),
        civic: civicToWire(civic.country, civic.elements),
        place: placeToWire('Point', 1, [[coordinates]], crs),
      };
    }
    default:
      return assertNever(item);
  }
}

type CommonFeature = Pick<GisFeature, 'ordinal' | 'featureId' | 'effective' | 'expire'> &
  Partial<Pick<GisFeature, 'discrepancyAgencyId' | 'dateUpdate'>>;

function commonToWire(feature: CommonFeature, layer: string): Omit<WirePreviewFeature, 'place'> {
  return {
    ordinal: feature.ordinal,
    layer,
    featureId: feature.featureId,
    discrepancyAgencyId: feature.discrepancyAgencyId,
    dateUpdate: optionalMoment(feature.dateUpdate),
    effective: optionalMoment(feature.effective),
    expire: optionalMoment(feature.expire),
  };
}

function civicToWire(
  country: string | undefined,
  elements: Iterable<readonly [string, string | undefined]>,
): Record<string, string> {
  const all: Record<string, string> = {};
  if (country !== undefined) all['country'] = country;
  for (const [name, value] of elements) if (value !== undefined) all[name] = value;
  return all;
}

function sideToWire({ civic, ...side }: RoadSide): z.infer<typeof sideSchema> {
  return { ...side, civic: civicToWire(civic.country, civic.elements) };
}

function polygonPlace(polygons: PolygonCoordinates, crs: SourceCrs | undefined) {
  return placeToWire('MultiPolygon', polygons.length, polygons.flat(), crs);
}

function placeToWire(
  type: z.infer<typeof placeSchema>['type'],
  partCount: number,
  parts: readonly (readonly (readonly [number, number])[])[],
  crs: SourceCrs | undefined,
): z.infer<typeof placeSchema> {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  let positionCount = 0;
  for (const part of parts) {
    positionCount += part.length;
    for (const [x, y] of part) {
      west = Math.min(west, x);
      south = Math.min(south, y);
      east = Math.max(east, x);
      north = Math.max(north, y);
    }
  }
  return { type, partCount, positionCount, bounds: [west, south, east, north], crs: crsText(crs) };
}

function crsText(crs: SourceCrs | undefined): string {
  if (crs === undefined) return 'EPSG:4326';
  return crs.kind === 'epsg' ? `EPSG:${crs.code}` : crs.text;
}
