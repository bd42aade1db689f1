import type { Statement } from '../database/types.ts';
import { overlayGridDeg } from '../geometry/caller-area.ts';
import { overlapsMax } from '../lookup-order.ts';
import { activeDataset, inForce, matchFields } from './lookup.ts';

/** Parts of boundaries that are overlaid for one answer at most: the embedded database does nothing else meanwhile. */
export const overlapPartsMax = 2_000;
/** Corners above which an area is made simpler. */
const cornersMax = 512;
/** How much of its area that may change: no share changes by more than twice this. */
const simplerBy = 1e-4;

export interface OverlapQuestion {
  /** The dataset that is looked into. */
  readonly datasetId: number;
  /** The area, as WKB in hex, once for each turn that it is looked for at. */
  readonly copies: readonly string[];
  readonly services: readonly string[];
  /** Epoch milliseconds. */
  readonly asOf: number;
  /** Shares up to this are none. */
  readonly tolerance: number;
}

/**
 * The boundaries of a dataset that overlap an area (SRID 4326; touching at an edge does not count), in order
 * but for the ties, with their shares of the area on the plane of longitude and latitude, where areas are true to each
 * other at one latitude: over 50 km at 60° north a share may be half a hundredth off. `candidates` is null where more
 * parts lie in its box than are overlaid. A part that the area covers, or that covers the area, is not cut.
 */
export function boundariesOverArea(question: OverlapQuestion): Statement {
  return {
    name: 'boundaries_over_area',
    text: `
with asked as materialized (
  select case when ST_IsValid(g) then g else ST_CollectionExtract(ST_MakeValid(g), 3) end as g
  from (select ST_GeomFromWKB(decode(hex, 'hex'), 4326) as g from unnest($1::text[]) hex offset 0) sent
),
area as materialized (
  select case when ST_NPoints(g) > ${cornersMax}
    then ST_SimplifyPreserveTopology(g, ${simplerBy} * ST_Area(g) / ST_Perimeter(g)) else g end as g
  from asked
),
hit as materialized (
  select p.boundary_no, p.geom, area.g
  from area
  cross join lateral (
    select boundary_no, geom from boundary_part
    where dataset_id = $5::int and geom && area.g
    limit ${overlapPartsMax + 1}
  ) p
),
counted as materialized (select count(*) as parts, (select max(ST_Area(g)) from area) as size from hit),
overlap as materialized (
  select b.boundary_no, sum(case
    when ST_Covers(hit.g, hit.geom) then ST_Area(hit.geom)
    when ST_Covers(hit.geom, hit.g) then ST_Area(hit.g)
    when not ST_Intersects(hit.g, hit.geom) then 0
    else ST_Area(ST_Intersection(hit.geom, hit.g, ${overlayGridDeg}))
    end) / nullif((select size from counted), 0) as share
  from hit join service_boundary b on b.dataset_id = $5::int and b.boundary_no = hit.boundary_no
  where (select parts from counted) <= ${overlapPartsMax} and b.removed_in is null
    and b.service_urn = any($2::text[]) and ${inForce('b', '$3::float8')}
  group by b.boundary_no
),
ranked as (
  select b.*, array_position($2::text[], b.service_urn) as preference, overlap.share
  from overlap join service_boundary b on b.dataset_id = $5::int and b.boundary_no = overlap.boundary_no
  where overlap.share > $4::float8
)
select json_build_object(
  'activeId', ${activeDataset},
  'parts', (select parts from counted),
  'total', (select count(*) from ranked),
  'candidates', (select json_agg(json_build_object('preference', preference, 'share', share, ${matchFields}))
    from (select * from ranked order by preference, share desc, priority desc, boundary_id collate "C"
      limit ${overlapsMax}) first)
)::text as answer`,
    values: [question.copies, question.services, question.asOf, question.tolerance, question.datasetId],
  };
}
