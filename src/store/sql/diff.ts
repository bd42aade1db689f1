import type { LayerName } from '../../esrp/index.ts';
import type { Statement } from '../database/types.ts';
import { overlayGridDeg } from '../geometry/caller-area.ts';
import { areaOf, datasetLiteral } from './check-boundary.ts';

// What is different between two datasets. Rows are compared in ranges of their numbers, so that no statement is long.

/** A layer's table as far as comparing goes. */
interface DiffTable {
  readonly table: string;
  readonly no: string;
  readonly id: string;
  /** What is compared beside the geometry; keys that are made from these are left out. */
  readonly columns: readonly string[];
  readonly hasArea: boolean;
}

const common = ['discrepancy_agency_id', 'date_update', 'effective', 'expire'];
const sides = ['street_id', 'from', 'to', 'parity', 'prefix', 'is_valid', 'elements'];

const tables: Readonly<Record<LayerName, DiffTable>> = {
  serviceBoundary: {
    table: 'service_boundary',
    no: 'boundary_no',
    id: 'boundary_id',
    columns: [
      ...common,
      ...[
        'display_name',
        'service_urn',
        'service_uri',
        'service_number',
        'agency_id',
        'priority',
        'card_uri',
      ],
      ...['country', 'a1', 'a2', 'a3'],
    ],
    hasArea: true,
  },
  provisioningBoundary: {
    table: 'provisioning_boundary',
    no: 'feature_no',
    id: 'feature_id',
    columns: common,
    hasArea: true,
  },
  adminArea: {
    table: 'admin_area',
    no: 'feature_no',
    id: 'feature_id',
    columns: [...common, 'level', 'country', 'a1', 'a2', 'a3', 'a4', 'a5'],
    hasArea: true,
  },
  roadCentreLine: {
    table: 'road_segment',
    no: 'feature_no',
    id: 'feature_id',
    columns: [...common, ...sides.map((name) => `left_${name}`), ...sides.map((name) => `right_${name}`)],
    hasArea: false,
  },
  addressPoint: {
    table: 'address_point',
    no: 'feature_no',
    id: 'feature_id',
    columns: [...common, 'street_id', 'house_key', 'elements'],
    hasArea: false,
  },
};

/** The layers that can be compared, in order. */
export const diffLayers: readonly LayerName[] = Object.keys(tables) as LayerName[];

/** The highest number that a layer has in each of two datasets. */
export function lastNumbers(layer: LayerName, from: number, to: number): Statement {
  const { table, no } = tables[layer];
  const last = (dataset: number) =>
    `(select coalesce(max(${no}), 0) from ${table} where dataset_id = ${datasetLiteral(dataset)})`;
  return {
    name: '',
    text: `select json_build_array(${last(from)}, ${last(to)})::text as answer`,
    values: [],
  };
}

/** What one range of rows came to. */
export interface RangeDifference {
  readonly same: number;
  /** Ids, in no order. */
  readonly changed: readonly string[];
  readonly single: readonly string[];
}

/**
 * Compares current rows of one dataset, numbers `first` to `last`, with those of another by id. `single` are those that
 * the other one does not have; with `onlySingle` nothing else is told.
 */
export function compareRange(of: {
  readonly layer: LayerName;
  readonly dataset: number;
  readonly other: number;
  readonly first: number;
  readonly last: number;
  readonly onlySingle: boolean;
}): Statement {
  const { table, no, id, columns } = tables[of.layer];
  const row = (alias: string) => columns.map((column) => `${alias}.${column}`).join(', ');
  return {
    name: '',
    text: `with compared as (
        select x.${id} as id, y.${id} is null as is_single, ${
          of.onlySingle
            ? 'false'
            : `(${row('x')}) is distinct from (${row('y')}) or ST_AsBinary(x.geom) <> ST_AsBinary(y.geom)`
        } as is_changed
        from ${table} x
        left join ${table} y on y.dataset_id = ${datasetLiteral(of.other)} and y.${id} = x.${id} and y.removed_in is null
        where x.dataset_id = ${datasetLiteral(of.dataset)} and x.removed_in is null
          and x.${no} between $1::int and $2::int)
      select json_build_object('same', count(*) filter (where not is_single and not is_changed),
        'changed', coalesce(json_agg(id) filter (where not is_single and is_changed), '[]'),
        'single', coalesce(json_agg(id) filter (where is_single), '[]'))::text as answer
      from compared`,
    values: [of.first, of.last],
  };
}

/** How a feature is different. */
export interface FeatureDifference {
  readonly id: string;
  /** Column names, `geom` among them. */
  readonly fields: readonly string[];
  /** Null for lines and points. */
  readonly areaM2: number | null;
}

/** What is different of features that at least one of two datasets has, and how much ground it concerns. */
export function describeChanges(of: {
  readonly layer: LayerName;
  readonly from: number;
  readonly to: number;
  readonly ids: readonly string[];
}): Statement {
  const { table, id, columns, hasArea } = tables[of.layer];
  const changed = columns
    .map((column) => `case when x.${column} is distinct from y.${column} then '${column}' end`)
    .join(', ');
  const current = (alias: string, dataset: number) =>
    `${alias}.dataset_id = ${datasetLiteral(dataset)} and ${alias}.removed_in is null and ${alias}.${id} = wanted.id`;
  const area = `case when x.geom is null then ${areaOf('y.geom')} when y.geom is null then ${areaOf('x.geom')}
      when ST_AsBinary(x.geom) = ST_AsBinary(y.geom) then 0
      else ${areaOf(`ST_CollectionExtract(ST_SymDifference(x.geom, y.geom, ${overlayGridDeg}::float8), 3)`)} end`;
  return {
    name: '',
    text: `select coalesce(json_agg(json_build_object('id', wanted.id,
        'fields', case when x.${id} is null or y.${id} is null then '[]'::json else to_json(array_remove(array[${changed},
          case when ST_AsBinary(x.geom) <> ST_AsBinary(y.geom) then 'geom' end], null)) end,
        'areaM2', ${hasArea ? area : 'null'})), '[]')::text as answer
      from unnest($1::text[]) as wanted(id)
      left join ${table} x on ${current('x', of.from)}
      left join ${table} y on ${current('y', of.to)}`,
    values: [of.ids],
  };
}
