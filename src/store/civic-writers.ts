import type { AddressPointFeature, RoadFeature, RoadSide } from '../esrp/index.ts';
import { addressRules, type CivicAddress, numberPrefixKey } from '../location/index.ts';
import { houseColumns, rowElementsOf, type StreetRow, streetRowOf } from './civic-keys.ts';
import type { Statement } from './database/types.ts';
import {
  type AddTo,
  type LayerFeature,
  type LayerRow,
  type LayerSpec,
  type LayerWriter,
  makeLayerWriter,
  type RowRange,
} from './layer-writer.ts';
import {
  copyStreets,
  createStreetKeys,
  indexStreets,
  nothingToAdd,
  streetTables,
  withStreets,
} from './sql/civic-load.ts';

const pointSpec: LayerSpec = {
  layer: 'addressPoint',
  table: 'address_point',
  noColumn: 'feature_no',
  idColumn: 'feature_id',
  geometryKind: 'point',
  columns: [
    { name: 'street_id', kind: 'text' },
    { name: 'house_key', kind: 'text' },
    { name: 'house_number', kind: 'integer' },
    { name: 'house_last', kind: 'integer' },
    { name: 'elements', kind: 'json' },
  ],
  indexes: ['(dataset_id, street_id, house_number)', 'using gist (geom)'],
  // The streets of both layers; rows bring them along.
  derived: { tables: streetTables, fill: indexStreets, add: nothingToAdd },
};

const roadSpec: LayerSpec = {
  layer: 'roadCentreLine',
  table: 'road_segment',
  noColumn: 'feature_no',
  idColumn: 'feature_id',
  geometryKind: 'lines',
  columns: (['left', 'right'] as const).flatMap((side) => [
    { name: `${side}_street_id`, kind: 'text' as const },
    { name: `${side}_from`, kind: 'integer' as const },
    { name: `${side}_to`, kind: 'integer' as const },
    { name: `${side}_parity`, kind: 'text' as const },
    { name: `${side}_prefix`, kind: 'text' as const },
    { name: `${side}_is_valid`, kind: 'boolean' as const },
    { name: `${side}_elements`, kind: 'json' as const },
  ]),
  indexes: ['(dataset_id, left_street_id)', '(dataset_id, right_street_id)', 'using gist (geom)'],
};

/** Stores places with an address. Makes the tables of streets too, which both layers fill. */
export const addressPointWriter: LayerWriter = bringingStreets(makeLayerWriter(pointSpec), ['street_id']);

/** Stores road segments, whose two sides may be in different places. */
export const roadWriter: LayerWriter = bringingStreets(makeLayerWriter(roadSpec), [
  'left_street_id',
  'right_street_id',
]);

/** Under this name rows carry the streets that they are on; it is no column. */
const broughtName = 'streets';

function bringingStreets(writer: LayerWriter, idColumns: readonly string[]): LayerWriter {
  const makesTables = writer.spec.derived !== undefined;
  return {
    ...writer,
    createTables: (id) => writer.createTables(id) + (makesTables ? `;\n${createStreetKeys(id)}` : ''),
    add: (to, rows) => addWithStreets(writer, to, rows),
    copyFrom: (id, base: RowRange) =>
      copyStreets(writer.copyFrom(id, base), { datasetId: id, base, table: writer.spec.table, idColumns }),
  };
}

function addWithStreets(writer: LayerWriter, to: AddTo, rows: readonly LayerRow[]): Statement {
  const streets = new Map<string, StreetRow>();
  const plain = rows.map((row) => {
    const { [broughtName]: brought, ...json } = row.json;
    for (const street of brought as readonly StreetRow[]) streets.set(street.street_id, street);
    return { ...row, json };
  });
  return withStreets(writer.add(to, plain), to.datasetId, [...streets.values()]);
}

/** A place with an address as its table takes it. */
export function addressPointLayerFeature(feature: AddressPointFeature): LayerFeature {
  const { civic } = feature;
  const street = streetRowOf(civic);
  const house = houseColumns(civic.elements, addressRules(civic.country));
  return {
    ...feature,
    geometry: { kind: 'point', coordinates: feature.coordinates },
    values: {
      street_id: street.street_id,
      house_key: house.key,
      house_number: house.number ?? null,
      house_last: house.last ?? null,
      elements: rowElementsOf(civic.elements),
      [broughtName]: [street] as unknown as Readonly<Record<string, unknown>>,
    },
  };
}

/** A road segment as its table takes it. */
export function roadLayerFeature(feature: RoadFeature): LayerFeature {
  const left = sideColumns('left', feature.left, feature.street);
  const right = sideColumns('right', feature.right, feature.street);
  return {
    ...feature,
    geometry: { kind: 'lines', lines: feature.lines },
    values: {
      ...left.values,
      ...right.values,
      [broughtName]: [left.street, right.street] as unknown as Readonly<Record<string, unknown>>,
    },
  };
}

function sideColumns(name: 'left' | 'right', side: RoadSide, street: ReadonlyMap<string, string>) {
  const civic: CivicAddress = side.civic;
  const row = streetRowOf(civic, street);
  // A range of zero to zero is how sources say that a side has no addresses.
  const hasNumbers = side.parity !== 'none' && ((side.from ?? 0) !== 0 || (side.to ?? 0) !== 0);
  return {
    street: row,
    values: {
      [`${name}_street_id`]: row.street_id,
      [`${name}_from`]: hasNumbers ? (side.from ?? side.to ?? null) : null,
      [`${name}_to`]: hasNumbers ? (side.to ?? side.from ?? null) : null,
      [`${name}_parity`]: side.parity,
      [`${name}_prefix`]: numberPrefixKey(side.numberPrefix),
      [`${name}_is_valid`]: side.isForValidation,
      [`${name}_elements`]: rowElementsOf(civic.elements),
    },
  };
}
