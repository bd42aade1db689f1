import type { Statement } from '../database/types.ts';
import { metresPerDegree } from '../lookup-place.ts';
import { activeDataset, inForce } from './lookup.ts';

/** Which of the services a dataset has boundaries for, in the order given. */
export function servicesPresent(datasetId: number, services: readonly string[]): Statement {
  return {
    name: 'services_present',
    text: `
select json_build_object('activeId', ${activeDataset}, 'services', (
  select json_agg(service_urn order by array_position($2::text[], service_urn))
  from (select distinct service_urn from service_boundary
    where dataset_id = $1::int and service_urn = any($2::text[]) and removed_in is null) present
))::text as answer`,
    values: [datasetId, services],
  };
}

export interface ReachQuestion {
  readonly datasetId: number;
  readonly lon: number;
  readonly lat: number;
  readonly service: string;
  /** Epoch milliseconds. */
  readonly asOf: number;
  readonly scale: number;
  readonly widthDeg: number;
  readonly heightDeg: number;
}

/**
 * How far off some boundary of a service is, in metres; null where none comes into the box around the point. The index
 * gives parts in order of their distance in degrees, and the first one of the service ends the search: its distance on
 * the ground is no less than the nearest one's, so a search within it is sure to find that one, however wide the box.
 */
export function reachOfService(question: ReachQuestion): Statement {
  return {
    name: 'reach_of_service',
    text: `
select json_build_object('activeId', ${activeDataset}, 'reachM', (
  select ST_Distance(ST_Scale(first.geom, $5::float8, 1),
    ST_SetSRID(ST_MakePoint($1::float8 * $5::float8, $2::float8), 4326)) * ${metresPerDegree}
  from (
    select p.geom
    from boundary_part p join service_boundary b on b.dataset_id = $8::int and b.boundary_no = p.boundary_no
    where p.dataset_id = $8::int
      and p.geom && ST_Expand(ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4326), $6::float8, $7::float8)
      and b.removed_in is null and b.service_urn = $3 and ${inForce('b', '$4::float8')}
    order by p.geom <-> ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4326)
    limit 1
  ) first
))::text as answer`,
    values: [
      question.lon,
      question.lat,
      question.service,
      question.asOf,
      question.scale,
      question.widthDeg,
      question.heightDeg,
      question.datasetId,
    ],
  };
}
