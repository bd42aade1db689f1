import { createRequire } from 'node:module';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import { serviceUrn } from '../src/base/index.ts';
import type { BoundaryGeometry, SourceFeature } from '../src/esrp/index.ts';
import { countyFullName } from './us-county-names.ts';
import { usStateByFips } from './us-states.ts';

/** Where the PSAPs of the demo answer. */
export interface DemoPsapAddress {
  readonly host: string;
  readonly port: number;
}

/** How many counties there are. */
export const usCountyCount = 3_231;

/** One county or its like. */
export interface UsCounty {
  /** Five-digit FIPS code. */
  readonly fips: string;
  readonly name: string;
  readonly geometry: BoundaryGeometry;
  /** The published shape is a line (Falls Church, 5 km² in all) and was given a width: it overlaps its neighbours. */
  readonly isWidened: boolean;
}

const demoAddress: DemoPsapAddress = { host: '127.0.0.1', port: 5070 };
const agency = 'demo.firstline.example';

/** Every US county, from the Census Bureau's boundaries at 1:10,000,000 as the us-atlas package has them. */
export function* usCounties(): Generator<UsCounty> {
  const topology = createRequire(import.meta.url)('us-atlas/counties-10m.json') as Topology<{
    counties: GeometryCollection<{ name: string }>;
  }>;
  for (const county of topology.objects.counties.geometries) {
    const polygons =
      county.type === 'Polygon'
        ? [feature(topology, county).geometry.coordinates]
        : county.type === 'MultiPolygon'
          ? feature(topology, county).geometry.coordinates
          : [];
    const fips = String(county.id ?? '');
    const name =
      county.properties !== undefined && 'name' in county.properties ? county.properties.name : fips;
    const geometry = multi(polygons);
    const widened = widenedLine(geometry);
    yield { fips, name, geometry: widened ?? geometry, isWidened: widened !== undefined };
  }
}

/**
 * The demo data: one PSAP boundary for every US county, with the SIP URI `sip:psap-<fips>@<host>:<port>`. 40 of the
 * counties are invalid as published (coordinates were rounded), 39 of them only
 * in part, so they are to be loaded with repair.
 */
export async function* usCountyPsaps(address: DemoPsapAddress = demoAddress): AsyncGenerator<SourceFeature> {
  const service = serviceUrn('urn:service:sos');
  let ordinal = 0;
  for (const county of usCounties()) {
    ordinal += 1;
    const fullName = countyFullName(county.fips, county.name);
    yield {
      kind: 'feature',
      feature: {
        ordinal,
        boundaryId: demoBoundaryId(county.fips),
        displayName: `${fullName} PSAP`,
        serviceUrn: service,
        serviceUri: demoPsapUri(county.fips, address),
        serviceNumber: '911',
        agencyId: agency,
        // What was widened lies inside of its neighbours and would never win a tie against them by its id.
        priority: county.isWidened ? 1 : 0,
        effective: undefined,
        expire: undefined,
        country: 'US',
        a1: usStateByFips(county.fips)?.usps,
        a2: fullName,
        a3: undefined,
        geometry: county.geometry,
      },
    };
  }
}

/** The NENA globally unique id of a county's demo boundary. */
export function demoBoundaryId(fips: string): string {
  return `urn:emergency:uid:gis:PsapPolygon:${fips}:${agency}`;
}

/** The SIP URI of a county's demo PSAP. */
export function demoPsapUri(fips: string, address: DemoPsapAddress = demoAddress): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `sip:psap-${fips}@${host}:${address.port}`;
}

function multi(polygons: readonly (readonly (readonly (readonly number[])[])[])[]): BoundaryGeometry {
  return {
    type: 'MultiPolygon',
    coordinates: polygons.map((rings) =>
      rings.map((ring) => ring.map(([lon = Number.NaN, lat = Number.NaN]) => [lon, lat] as const)),
    ),
  };
}

// At this scale rounding leaves a line of the smallest city: it becomes a rhombus with the line as its long diagonal.
function widenedLine(geometry: BoundaryGeometry): BoundaryGeometry | undefined {
  const [polygon, ...morePolygons] = geometry.coordinates;
  const [ring, ...moreRings] = polygon ?? [];
  if (ring === undefined || morePolygons.length > 0 || moreRings.length > 0) return undefined;
  const corners = new Map(ring.map((position) => [position.join(), position]));
  const [a, b, ...others] = corners.values();
  if (a === undefined || b === undefined || others.length > 0) return undefined;
  const [eastwards, northwards] = [(b[0] - a[0]) * 0.35, (b[1] - a[1]) * 0.35];
  const [lon, lat] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const right = [lon + northwards, lat - eastwards] as const;
  const left = [lon - northwards, lat + eastwards] as const;
  return { type: 'MultiPolygon', coordinates: [[[a, right, b, left, a]]] };
}
