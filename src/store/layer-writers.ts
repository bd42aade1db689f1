import { assertNever } from '../base/index.ts';
import type {
  AdminAreaFeature,
  BoundaryFeature,
  LayerName,
  ProvisioningFeature,
  SourceFeature,
} from '../esrp/index.ts';
import { regionKeys, storedAreaKeys } from './area-names.ts';
import { areaKeyColumns } from './civic-keys.ts';
import {
  addressPointLayerFeature,
  addressPointWriter,
  roadLayerFeature,
  roadWriter,
} from './civic-writers.ts';
import { type LayerFeature, type LayerWriter, makeLayerWriter } from './layer-writer.ts';

/** A feature of a source that can be used. */
export type UsableFeature = Exclude<SourceFeature, { kind: 'refused' }>;

const boundaryWriter = makeLayerWriter({
  layer: 'serviceBoundary',
  table: 'service_boundary',
  noColumn: 'boundary_no',
  idColumn: 'boundary_id',
  geometryKind: 'polygons',
  columns: [
    { name: 'display_name', kind: 'text' },
    { name: 'service_urn', kind: 'text' },
    { name: 'service_uri', kind: 'text' },
    { name: 'service_number', kind: 'text' },
    { name: 'agency_id', kind: 'text' },
    { name: 'priority', kind: 'integer' },
    { name: 'card_uri', kind: 'text' },
    { name: 'country', kind: 'text' },
    { name: 'a1', kind: 'text' },
    { name: 'a2', kind: 'text' },
    { name: 'a3', kind: 'text' },
    { name: 'country_key', kind: 'text' },
    { name: 'a1_key', kind: 'text' },
    { name: 'a2_keys', kind: 'texts' },
    { name: 'a3_keys', kind: 'texts' },
  ],
  indexes: ['(dataset_id, a1_key)'],
  partTable: 'boundary_part',
});

const provisioningWriter = makeLayerWriter({
  layer: 'provisioningBoundary',
  table: 'provisioning_boundary',
  noColumn: 'feature_no',
  idColumn: 'feature_id',
  geometryKind: 'polygons',
  columns: [],
  indexes: ['using gist (geom)'],
});

const areaWriter = makeLayerWriter({
  layer: 'adminArea',
  table: 'admin_area',
  noColumn: 'feature_no',
  idColumn: 'feature_id',
  geometryKind: 'polygons',
  columns: [
    { name: 'level', kind: 'integer' },
    { name: 'country', kind: 'text' },
    { name: 'a1', kind: 'text' },
    { name: 'a2', kind: 'text' },
    { name: 'a3', kind: 'text' },
    { name: 'a4', kind: 'text' },
    { name: 'a5', kind: 'text' },
    { name: 'country_key', kind: 'text' },
    { name: 'a1_key', kind: 'text' },
    { name: 'a2_keys', kind: 'texts' },
    { name: 'a3_keys', kind: 'texts' },
    { name: 'a4_keys', kind: 'texts' },
    { name: 'a5_keys', kind: 'texts' },
  ],
  indexes: ['(dataset_id, level, country, a1)', 'using gist (geom)'],
});

/** The writers of all layers that are kept, in the order that their tables are made in. */
export const layerWriters: readonly LayerWriter[] = [
  boundaryWriter,
  provisioningWriter,
  areaWriter,
  addressPointWriter,
  roadWriter,
];

/** The writer of a layer; undefined where the layer is not kept. */
export function writerOf(layer: LayerName): LayerWriter | undefined {
  return layerWriters.find((writer) => writer.layer === layer);
}

/** The layer of a feature. */
export function layerOf(source: UsableFeature): LayerName {
  return source.kind === 'feature' ? 'serviceBoundary' : source.kind;
}

/** A feature's place in its source and its id. */
export function idOf(source: UsableFeature): { readonly ordinal: number; readonly featureId: string } {
  const { feature } = source;
  return {
    ordinal: feature.ordinal,
    featureId: 'featureId' in feature ? feature.featureId : feature.boundaryId,
  };
}

/** A feature as its layer's table takes it; undefined where the layer is not kept. */
export function layerFeature(source: UsableFeature): LayerFeature | undefined {
  switch (source.kind) {
    case 'feature':
      return ofBoundary(source.feature);
    case 'provisioningBoundary':
      return ofProvisioning(source.feature);
    case 'adminArea':
      return ofAdminArea(source.feature);
    case 'addressPoint':
      return addressPointLayerFeature(source.feature);
    case 'roadCentreLine':
      return roadLayerFeature(source.feature);
    default:
      return assertNever(source);
  }
}

function ofBoundary(feature: BoundaryFeature): LayerFeature {
  const { countryKey, a1Key } = regionKeys(feature.country, feature.a1);
  return {
    ordinal: feature.ordinal,
    featureId: feature.boundaryId,
    discrepancyAgencyId: feature.discrepancyAgencyId,
    dateUpdate: feature.dateUpdate,
    effective: feature.effective,
    expire: feature.expire,
    crs: feature.crs,
    geometry: { kind: 'polygons', coordinates: feature.geometry.coordinates },
    values: {
      display_name: feature.displayName,
      service_urn: feature.serviceUrn,
      service_uri: feature.serviceUri,
      service_number: feature.serviceNumber ?? null,
      agency_id: feature.agencyId ?? null,
      priority: feature.priority,
      card_uri: feature.cardUri ?? null,
      country: feature.country ?? null,
      a1: feature.a1 ?? null,
      a2: feature.a2 ?? null,
      a3: feature.a3 ?? null,
      country_key: countryKey ?? '',
      a1_key: a1Key ?? '',
      a2_keys: storedAreaKeys(feature.a2),
      a3_keys: storedAreaKeys(feature.a3),
    },
  };
}

function ofProvisioning(feature: ProvisioningFeature): LayerFeature {
  return { ...feature, geometry: { kind: 'polygons', coordinates: feature.coordinates }, values: {} };
}

function ofAdminArea(feature: AdminAreaFeature): LayerFeature {
  const { country, elements } = feature.civic;
  const name = (level: string) => elements.get(level) ?? null;
  return {
    ...feature,
    geometry: { kind: 'polygons', coordinates: feature.coordinates },
    values: {
      level: feature.level,
      country: country ?? null,
      a1: name('A1'),
      a2: name('A2'),
      a3: name('A3'),
      a4: name('A4'),
      a5: name('A5'),
      ...areaKeyColumns(feature.civic),
    },
  };
}
