import type { WallMs } from '../base/index.ts';
import type { LayerName, PolygonCoordinates, SourceCrs } from '../esrp/index.ts';
import type { Statement } from './database/types.ts';
import {
  type FormFault,
  formFault,
  lineFault,
  pointFault,
  withoutCollapsedRings,
} from './geometry/ring-checks.ts';
import { multiLineWkb, multiPolygonWkb, pointWkb } from './geometry/wkb.ts';
import { layerSql } from './sql/layer.ts';

/** How a column's value comes: `moment` is epoch milliseconds, `texts` a list of strings, `json` any JSON value. */
export type LayerColumnKind = 'text' | 'integer' | 'float' | 'boolean' | 'moment' | 'texts' | 'json';

/** A column of a layer's table beside those that all layers have. */
export interface LayerColumn {
  readonly name: string;
  readonly kind: LayerColumnKind;
}

/** A value as JSON has it; null: there is none. */
export type LayerValue =
  | string
  | number
  | boolean
  | null
  | readonly string[]
  | Readonly<Record<string, unknown>>;

/** The geometry of a feature: longitude and latitude, or east and north where its source has another system. */
export type LayerGeometry =
  | { readonly kind: 'polygons'; readonly coordinates: PolygonCoordinates }
  | { readonly kind: 'lines'; readonly lines: readonly (readonly (readonly [number, number])[])[] }
  | { readonly kind: 'point'; readonly coordinates: readonly [number, number] };

/** A feature of any layer, as its table takes it. */
export interface LayerFeature {
  readonly ordinal: number;
  readonly featureId: string;
  readonly discrepancyAgencyId: string | undefined;
  readonly dateUpdate: WallMs | undefined;
  readonly effective: WallMs | undefined;
  readonly expire: WallMs | undefined;
  readonly crs: SourceCrs | undefined;
  readonly geometry: LayerGeometry;
  /** By the names of {@link LayerSpec.columns}. */
  readonly values: Readonly<Record<string, LayerValue>>;
}

/** What tells a layer's storage from the others'. Every table has dataset_id, ordinal, discrepancy_agency_id, date_update, effective, expire, added_in, removed_in and geom besides. */
export interface LayerSpec {
  readonly layer: LayerName;
  /** The partitioned table; a dataset's partition is `<table>_<dataset>`. */
  readonly table: string;
  /** Its column of whole numbers that tell rows of a dataset apart. */
  readonly noColumn: string;
  /** Its column of the NENA globally unique id. */
  readonly idColumn: string;
  readonly geometryKind: LayerGeometry['kind'];
  readonly columns: readonly LayerColumn[];
  /** Indexes of the partition beside those of number and id, as `create index on <partition>` goes on: `using gist (geom)`. */
  readonly indexes: readonly string[];
  /** The partitioned table of subdivided parts, of columns dataset_id, `noColumn` and geom. */
  readonly partTable?: string;
  /** Tables made from rows of this one, such as dictionaries. */
  readonly derived?: DerivedTables;
}

/** Tables that are made from a layer's rows; all of them are partitions `<table>_<dataset>` too. */
export interface DerivedTables {
  /** The partitioned tables. */
  readonly tables: readonly string[];
  /** SQL that fills and indexes a dataset's tables from its complete layer, before they are attached. */
  fill(datasetId: number): string;
  /** Brings a dataset's tables up to date after a change set added rows numbered `from` to `to`; answers a count. */
  add(range: RowRange): Statement;
}

/** Rows of a layer by number, both ends included. */
export interface RowRange {
  readonly datasetId: number;
  readonly from: number;
  readonly to: number;
}

/** A feature as a row on its way to the database. */
export interface LayerRow {
  readonly ordinal: number;
  readonly featureId: string;
  /** What is there as JSON; the number is set when the row is stored. */
  readonly json: Readonly<Record<string, unknown>>;
  /** How many bytes it takes in memory, about. */
  readonly bytes: number;
  /** Rings without an area that were left out. */
  readonly collapsedCount: number;
  /** In its source's coordinates. */
  readonly firstPosition: readonly [number, number];
}

/** How a layer is stored: its tables, and how features become rows. */
export interface LayerWriter {
  readonly spec: LayerSpec;
  readonly layer: LayerName;
  /** Stand-alone tables of one dataset, without indexes but that of the numbers. */
  createTables(datasetId: number): string;
  /** Indexes as the parents have, what is derived, checks that spare attaching a scan, statistics. */
  indexTables(datasetId: number): string;
  attachTables(datasetId: number): string;
  /** Removes tables that are not attached. */
  dropTables(datasetId: number): string;
  /** All its partitioned tables, those that are derived too. */
  readonly tables: readonly string[];
  /** A feature as a row, or what is wrong with the form of its geometry. */
  toRow(feature: LayerFeature): LayerRow | FormFault;
  /** Adds rows of one coordinate system, numbered from `from`; answers how many. Fails as a whole. */
  add(to: AddTo, rows: readonly LayerRow[]): Statement;
  /** Takes over rows of another dataset that are current, with their numbers, those from `from` to `to`; answers how many. */
  copyFrom(datasetId: number, base: RowRange): Statement;
}

/** Where rows go to. */
export interface AddTo {
  readonly datasetId: number;
  readonly from: number;
  readonly crs: SourceCrs | undefined;
  /** The change set that adds them; undefined: a load. */
  readonly addedIn?: number;
}

/** Makes the writer of a layer. */
export function makeLayerWriter(spec: LayerSpec): LayerWriter {
  const sql = layerSql(spec);
  return {
    spec,
    layer: spec.layer,
    tables: sql.tables,
    createTables: sql.createTables,
    indexTables: sql.indexTables,
    attachTables: sql.attachTables,
    dropTables: sql.dropTables,
    toRow: (feature) => toRow(spec, feature),
    add: (to, rows) =>
      sql.add(
        to,
        rows.map(({ json }) => json),
      ),
    copyFrom: sql.copyFrom,
  };
}

function toRow(spec: LayerSpec, feature: LayerFeature): LayerRow | FormFault {
  const isDegrees = isLonLat(feature.crs);
  const shaped = wkbOf(feature.geometry, isDegrees);
  if ('code' in shaped) return shaped;
  const { wkb, collapsedCount } = shaped;
  const hex = wkb.toString('hex');
  const json: Record<string, unknown> = {
    ordinal: feature.ordinal,
    [spec.idColumn]: feature.featureId,
    discrepancy_agency_id: feature.discrepancyAgencyId ?? null,
    date_update: feature.dateUpdate ?? null,
    effective: feature.effective ?? null,
    expire: feature.expire ?? null,
    ...feature.values,
    wkb: hex,
  };
  return {
    ordinal: feature.ordinal,
    featureId: feature.featureId,
    json,
    bytes: hex.length + 512,
    collapsedCount,
    firstPosition: firstPositionOf(feature.geometry),
  };
}

function wkbOf(
  geometry: LayerGeometry,
  isDegrees: boolean,
): { readonly wkb: Buffer; readonly collapsedCount: number } | FormFault {
  if (geometry.kind === 'point') {
    return (
      pointFault(geometry.coordinates, isDegrees) ?? {
        wkb: pointWkb(geometry.coordinates),
        collapsedCount: 0,
      }
    );
  }
  if (geometry.kind === 'lines') {
    return lineFault(geometry.lines, isDegrees) ?? { wkb: multiLineWkb(geometry.lines), collapsedCount: 0 };
  }
  const fault = formFault(geometry, isDegrees);
  if (fault !== undefined) return fault;
  const { coordinates, collapsedCount } = withoutCollapsedRings(geometry.coordinates);
  if (coordinates.length === 0) {
    return {
      code: 'store.unrepairable',
      reason: `${collapsedCount} of its rings have no area, and nothing else is left`,
    };
  }
  return { wkb: multiPolygonWkb({ coordinates }), collapsedCount };
}

function firstPositionOf(geometry: LayerGeometry): readonly [number, number] {
  if (geometry.kind === 'point') return geometry.coordinates;
  const first = geometry.kind === 'lines' ? geometry.lines[0]?.[0] : geometry.coordinates[0]?.[0]?.[0];
  return first ?? [0, 0];
}

/** Whether coordinates are longitude and latitude of WGS 84 as they are: EPSG:4326, and 4979, whose heights are left out. */
export function isLonLat(crs: SourceCrs | undefined): boolean {
  return crs === undefined || (crs.kind === 'epsg' && (crs.code === 4326 || crs.code === 4979));
}
