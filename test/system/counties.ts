import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PGlite } from '@electric-sql/pglite';
import { postgis } from '@electric-sql/pglite-postgis';
import { Client } from 'pg';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';

// What ought to happen, worked out apart from the server: the published counties, whole, not subdivided and not
// repaired (a point's cover is decided by crossings, which a ring that touches itself does not disturb), in a database
// of the test's own, asked with ST_Covers.

/** A county as published: `fips` has five digits. */
export interface County {
  readonly fips: string;
  readonly name: string;
  /** West, south, east, north in degrees. */
  readonly box: readonly [number, number, number, number];
}

/** A place in the United States and the county that ST_Covers names for it. */
export interface Place {
  readonly lon: number;
  readonly lat: number;
  readonly fips: string;
}

/** The counties and a database to ask about them. */
export interface Expectations {
  readonly counties: readonly County[];
  /** `count` random places, each covered by some county; equal `random` streams give equal places. */
  places(count: number, random: () => number): Promise<readonly Place[]>;
  close(): Promise<void>;
}

interface Sql {
  query(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  close(): Promise<void>;
}

/** Loads the counties into an empty PostGIS database, or where no URL is given into one in memory. */
export async function openExpectations(url: string | undefined): Promise<Expectations> {
  const sql = url === undefined ? await embedded() : await server(url);
  const published = readCounties();
  await sql.query('create extension if not exists postgis', []);
  await sql.query('create table county (fips text primary key, geom geometry(MultiPolygon, 4326))', []);
  for (let at = 0; at < published.length; at += 200)
    await sql.query(
      `insert into county
       select fips, ST_Multi(ST_SetSRID(ST_GeomFromGeoJSON(shape), 4326))
       from jsonb_to_recordset($1::jsonb) as row(fips text, shape text)`,
      [
        JSON.stringify(
          published.slice(at, at + 200).map((row) => ({ fips: row.fips, shape: JSON.stringify(row.shape) })),
        ),
      ],
    );
  const { rows } = await sql.query('select count(*)::int as loaded from county', []);
  // The embedded database can end a failed statement without an error.
  if (rows[0]?.['loaded'] !== published.length) throw new Error('not all counties were loaded');
  await sql.query('create index on county using gist (geom)', []);
  await sql.query('analyze county', []);
  return {
    counties: published,
    places: (count, random) => findPlaces(sql, published, count, random),
    close: () => sql.close(),
  };
}

async function findPlaces(
  sql: Sql,
  counties: readonly County[],
  count: number,
  random: () => number,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  while (places.length < count) {
    const points = Array.from({ length: count }, () => randomPoint(counties, random));
    // Where borders overlap the smallest id wins, as among boundaries of equal priority.
    const { rows } = await sql.query(
      `select point.lon, point.lat, min(county.fips) as fips
       from unnest($1::float8[], $2::float8[]) with ordinality as point(lon, lat, ordinal)
       join county on ST_Covers(county.geom, ST_SetSRID(ST_MakePoint(point.lon, point.lat), 4326))
       group by point.ordinal, point.lon, point.lat order by point.ordinal`,
      [points.map((point) => point.lon), points.map((point) => point.lat)],
    );
    for (const row of rows)
      places.push({ lon: Number(row['lon']), lat: Number(row['lat']), fips: String(row['fips']) });
  }
  return places.slice(0, count);
}

function randomPoint(counties: readonly County[], random: () => number): { lon: number; lat: number } {
  const county = counties[Math.floor(random() * counties.length)];
  if (county === undefined) throw new Error('there are no counties');
  const [west, south, east, north] = county.box;
  const between = (low: number, high: number) => Number((low + random() * (high - low)).toFixed(6));
  const point = { lon: between(west, east), lat: between(south, north) };
  return isNearLine(point) ? randomPoint(counties, random) : point;
}

/** Falls Church, Virginia (FIPS 51610) is published as a line, which covers nothing: what serves it is anyone's choice. */
function isNearLine({ lon, lat }: { readonly lon: number; readonly lat: number }): boolean {
  return Math.abs(lon + 77.17) < 0.05 && Math.abs(lat - 38.88) < 0.05;
}

interface PublishedCounty extends County {
  readonly shape: { readonly type: string; readonly coordinates: unknown };
}

function readCounties(): readonly PublishedCounty[] {
  const path = createRequire(import.meta.url).resolve('us-atlas/counties-10m.json');
  const topology: Topology = JSON.parse(readFileSync(path, 'utf8'));
  const collection = feature(topology, topology.objects['counties'] as GeometryCollection<{ name: string }>);
  return collection.features.map((county) => {
    if (county.geometry.type !== 'Polygon' && county.geometry.type !== 'MultiPolygon')
      throw new Error(`county ${county.id} is a ${county.geometry.type}`);
    return {
      fips: String(county.id),
      name: county.properties.name,
      box: boxOf(county.geometry.coordinates),
      shape: county.geometry,
    };
  });
}

function boxOf(coordinates: unknown): readonly [number, number, number, number] {
  const flat =
    JSON.stringify(coordinates)
      .match(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g)
      ?.map(Number) ?? [];
  const lons = flat.filter((_value, index) => index % 2 === 0);
  const lats = flat.filter((_value, index) => index % 2 === 1);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

async function server(url: string): Promise<Sql> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return { query: (text, values) => client.query(text, values), close: () => client.end() };
}

async function embedded(): Promise<Sql> {
  const database = await PGlite.create({ extensions: { postgis } });
  return {
    query: (text, values) => database.query<Record<string, unknown>>(text, values),
    close: () => database.close(),
  };
}
