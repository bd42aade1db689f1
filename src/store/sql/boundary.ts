import type { Statement } from '../database/types.ts';

const storedJson = (
  withGeometry: string,
) => `json_build_object('boundaryId', boundary_id, 'datasetId', dataset_id,
  'displayName', display_name, 'serviceUrn', service_urn, 'serviceUri', service_uri, 'serviceNumber', service_number,
  'agencyId', agency_id, 'priority', priority, 'country', country, 'a1', a1, 'a2', a2, 'a3', a3,
  'discrepancyAgencyId', discrepancy_agency_id, 'cardUri', card_uri,
  'dateUpdate', round(extract(epoch from date_update) * 1000), 'effective', round(extract(epoch from effective) * 1000), 'expire', round(extract(epoch from expire) * 1000),
  'geometry', case when ${withGeometry} then ST_AsGeoJSON(geom, 9)::json end)`;

const chosen = 'coalesce($1::int, (select dataset_id from active_dataset))';

/** A page of stored boundaries in id order; `text` is looked for in id, name and area names, without regard to case. */
export function listBoundaries(query: {
  readonly datasetId: number | null;
  readonly after: string | null;
  readonly text: string | null;
  readonly limit: number;
  readonly withGeometry: boolean;
}): Statement {
  return {
    name: 'list_boundaries',
    text: `with page as (
      select * from service_boundary where dataset_id = ${chosen} and removed_in is null
        and ($2::text is null or boundary_id collate "C" > $2)
        and ($3::text is null or strpos(
          lower(concat_ws(' ', boundary_id, display_name, a1, a2, a3, service_uri)), lower($3)) > 0)
      order by boundary_id collate "C" limit $4::int)
    select coalesce(json_agg(${storedJson('$5::bool')} order by boundary_id collate "C"), '[]')::text as answer
    from page`,
    values: [query.datasetId, query.after, query.text, query.limit, query.withGeometry],
  };
}

export function getBoundary(boundaryId: string, datasetId: number | null): Statement {
  return {
    name: 'get_boundary',
    text: `select (select ${storedJson('true')} from service_boundary
      where dataset_id = ${chosen} and boundary_id = $2 and removed_in is null)::text as answer`,
    values: [datasetId, boundaryId],
  };
}
