import type { Statement } from '../database/types.ts';
import { overlayGridDeg } from '../geometry/caller-area.ts';
import { areaOf, placeOf } from './check-boundary.ts';

// Gaps and overlaps, once a place.

/** A gap or an overlap to keep. */
export interface PlaceRow {
  readonly kind: 'gap' | 'overlap';
  readonly key: string;
  readonly urn: string;
  readonly agencies: readonly string[];
  readonly ids: readonly string[];
  readonly area_m2: number;
  readonly place: string;
}

/** Keeps what a check found; what is known already is seen once more, with what is known of it now. */
export function keepPlaces(datasetId: number, rows: readonly PlaceRow[]): Statement {
  return {
    name: 'keep_places',
    text: `with kept as (
        insert into data_error (kind, place_key, service_urn, agencies, feature_ids, found_by, dataset_id, area_m2, place)
        select kind, key, urn, array(select json_array_elements_text(agencies)),
          array(select json_array_elements_text(ids)), 'check', (select dataset_id from dataset where dataset_id = $1::int),
          area_m2, ST_SetSRID(ST_GeomFromGeoJSON(place), 4326)
        from json_to_recordset($2::json) as r(kind text, key text, urn text, agencies json, ids json, area_m2 float8,
          place text)
        on conflict (place_key) do update set last_seen = now(), seen_count = data_error.seen_count + 1,
          resolved_at = null, dataset_id = excluded.dataset_id, area_m2 = excluded.area_m2, place = excluded.place,
          agencies = excluded.agencies, feature_ids = excluded.feature_ids, found_by = 'check'
        returning 1)
      select count(*)::text as answer from kept`,
    values: [datasetId, JSON.stringify(rows)],
  };
}

/** After a check of the active dataset: what it did not find is not there any more. Answers how many. */
export function resolvePlaces(datasetId: number, since: number): Statement {
  return {
    name: 'resolve_places',
    text: `with resolved as (
        update data_error set resolved_at = now()
        where resolved_at is null and last_seen < to_timestamp($2::float8 / 1000)
          and exists (select from active_dataset where dataset_id = $1::int)
        returning 1)
      select count(*)::text as answer from resolved`,
    values: [datasetId, since],
  };
}

/**
 * Keeps the overlap of two boundaries of a dataset, where they have more ground in common than a sliver: a point on a
 * border is in both. Answers how many were kept.
 */
export function keepOverlap(of: {
  readonly datasetId: number;
  readonly ids: readonly [string, string];
  readonly key: string;
  readonly minAreaM2: number;
}): Statement {
  return {
    name: 'keep_overlap',
    text: `with pair as materialized (
        select x.service_urn, array_remove(array[x.agency_id, y.agency_id], null) as agencies, x.geom as gx, y.geom as gy,
          ST_Relate(x.geom, y.geom, '2********') as is_common
        from service_boundary x join service_boundary y on y.dataset_id = $1::int and y.boundary_id = $3
          and y.removed_in is null
        where x.dataset_id = $1::int and x.boundary_id = $2 and x.removed_in is null),
      cut as materialized (
        select service_urn, agencies,
          ST_CollectionExtract(ST_Intersection(gx, gy, ${overlayGridDeg}::float8), 3) as g
        from pair where is_common),
      kept as (
        insert into data_error (kind, place_key, service_urn, agencies, feature_ids, found_by, dataset_id, area_m2, place)
        select 'overlap', $4, service_urn, agencies, array[$2, $3], 'lookup', $1::int, ${areaOf('g')},
          ST_SetSRID(ST_GeomFromGeoJSON(${placeOf('g')}), 4326)
        from cut where ${areaOf('g')} >= $5::float8
        on conflict (place_key) do update set last_seen = now(), seen_count = data_error.seen_count + 1,
          resolved_at = null
        returning 1)
      select count(*)::text as answer from kept`,
    values: [of.datasetId, of.ids[0], of.ids[1], of.key, of.minAreaM2],
  };
}

/**
 * Keeps a gap that a lookup fell into: the cell around it, where a provisioning boundary of the dataset covers the place
 * and any boundary is of the services. One that is known as a gap there is seen once more. Answers how many were kept.
 */
export function keepGap(of: {
  readonly datasetId: number;
  readonly services: readonly string[];
  readonly lon: number;
  readonly lat: number;
  /** West, south, east, north of the cell. */
  readonly cell: readonly [number, number, number, number];
  readonly key: string;
}): Statement {
  return {
    name: 'keep_gap',
    text: `with here as (select ST_SetSRID(ST_MakePoint($2::float8, $3::float8), 4326) as p),
      known as (
        update data_error set last_seen = now(), seen_count = seen_count + 1, resolved_at = null
        from here where kind = 'gap' and service_urn = any($4::text[]) and place && here.p
          and ST_Intersects(place, here.p)
        returning 1),
      kept as (
        insert into data_error (kind, place_key, service_urn, found_by, dataset_id, place)
        select 'gap', $9, b.service_urn, 'lookup', $1::int,
          ST_MakeEnvelope($5::float8, $6::float8, $7::float8, $8::float8, 4326)
        from here join lateral (
          select service_urn from service_boundary where dataset_id = $1::int and service_urn = any($4::text[])
            and removed_in is null limit 1) b on true
        where not exists (select from known) and exists (
          select from provisioning_boundary v where v.dataset_id = $1::int and v.removed_in is null
            and ST_Covers(v.geom, here.p))
        on conflict (place_key) do update set last_seen = now(), seen_count = data_error.seen_count + 1,
          resolved_at = null
        returning 1)
      select ((select count(*) from known) + (select count(*) from kept))::text as answer`,
    values: [of.datasetId, of.lon, of.lat, of.services, ...of.cell, of.key],
  };
}

/** Data errors, the newest first. */
export function listPlaces(query: {
  readonly limit: number;
  readonly before: number | null;
  readonly kind: string | null;
  readonly withResolved: boolean;
}): Statement {
  const moment = (column: string) => `round(extract(epoch from ${column}) * 1000)`;
  return {
    name: 'list_places',
    text: `with page as (
        select * from data_error where ($2::int8 is null or data_error_id < $2) and ($3::text is null or kind = $3)
          and ($4::bool or resolved_at is null)
        order by data_error_id desc limit $1::int)
      select coalesce(json_agg(json_build_object('id', data_error_id, 'kind', kind, 'serviceUrn', service_urn,
        'agencies', agencies, 'featureIds', feature_ids, 'foundBy', found_by, 'datasetId', dataset_id,
        'firstSeen', ${moment('first_seen')}, 'lastSeen', ${moment('last_seen')}, 'seenCount', seen_count,
        'resolvedAt', ${moment('resolved_at')}, 'areaM2', area_m2, 'place', ST_AsGeoJSON(place, 7)::json)
        order by data_error_id desc), '[]')::text as answer from page`,
    values: [query.limit, query.before, query.kind, query.withResolved],
  };
}
