import type { SqlValue, Statement } from '../database/types.ts';
import { activeDataset, inForce } from './lookup.ts';

// An address is looked for by keys: its place by those of its areas, its street in that place by those of its name. Each
// statement is told the dataset that it looks into and reads the pointer to the active one, as all lookups do.

/** The keys of the areas that an address names; undefined where it does not name that level. */
export interface PlaceQuestion {
  readonly countryKey: string | undefined;
  readonly a1Key: string | undefined;
  readonly a2Keys: readonly string[] | undefined;
  readonly a3Keys: readonly string[] | undefined;
  readonly a4Keys: readonly string[] | undefined;
  readonly a5Keys: readonly string[] | undefined;
  readonly pcnKeys: readonly string[] | undefined;
}

/** What of the rows is wanted. */
export interface HouseQuestion {
  /** Of the whole house number; empty where there is none. */
  readonly houseKey: string;
  /** Numbers that it may be in ranges. */
  readonly numbers: readonly number[];
  /** Epoch milliseconds. */
  readonly asOf: number;
}

/** The street of an address by its keys; several of each where its country, and so its language, is not known. */
export interface StreetQuestion {
  readonly fullKeys: readonly string[];
  readonly rdKeys: readonly string[];
  readonly partKeys: readonly string[];
  readonly roadKey: string;
}

/** A street that fits. */
export interface StreetJson {
  readonly id: string;
  readonly isFull: boolean;
  /** Parts of the name that the address has and the street has not. */
  readonly lacking: number;
  /** 0: the place's A3 is the one named, or none is named. 1: its postal community is. 2: it has neither. */
  readonly placeRank: number;
  readonly fullKey: string;
  readonly roadKey: string;
  readonly placeId: string;
}

/** An address point that fits. */
export interface PointJson {
  readonly streetId: string;
  readonly featureId: string;
  readonly houseKey: string;
  readonly elements: Readonly<Record<string, string>>;
  readonly lon: number;
  readonly lat: number;
}

/** A side of a road segment whose range a number is in. */
export interface RangeJson {
  readonly streetId: string;
  readonly featureId: string;
  readonly side: 'left' | 'right';
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly prefix: string;
  readonly elements: Readonly<Record<string, string>>;
  /** By line and vertex, longitude before latitude. */
  readonly lines: readonly (readonly (readonly [number, number])[])[];
}

/** Rows and streets of an address. */
export interface AddressJson {
  readonly activeId: number | null;
  readonly streets: readonly StreetJson[] | null;
  readonly points: readonly PointJson[] | null;
  readonly ranges: readonly RangeJson[] | null;
}

/** Streets that are looked at for one address at most: one of a name without a place may be everywhere. */
export const streetsMax = 200;
const pointsMax = 400;
const rangesMax = 100;
/** How many house numbers one building may have. */
const buildingNumbersMax = 200;

const placeParameters = (place: PlaceQuestion): readonly SqlValue[] => [
  place.countryKey ?? null,
  place.a1Key ?? null,
  place.a2Keys ?? null,
  place.a3Keys ?? null,
  place.a4Keys ?? null,
  place.a5Keys ?? null,
  place.pcnKeys ?? null,
];

// $2 to $8. A level that either side leaves out does not count, but for the city: callers name the postal community as one.
const placeFits = `
  ($2::text is null or p.country_key in ('', $2)) and ($3::text is null or p.a1_key in ('', $3))
  and ($4::text[] is null or p.a2_keys = '{}' or p.a2_keys && $4)
  and ($5::text[] is null or p.a3_keys && $5 or p.pcn_keys && $5 or (p.a3_keys = '{}' and p.pcn_keys = '{}'))
  and ($6::text[] is null or p.a4_keys = '{}' or p.a4_keys && $6)
  and ($7::text[] is null or p.a5_keys = '{}' or p.a5_keys && $7)
  and ($8::text[] is null or p.pcn_keys = '{}' or p.pcn_keys && $8 or p.a3_keys && $8)`;

const placeRank = `case when $5::text[] is null or p.a3_keys && $5 then 0 when p.pcn_keys && $5 then 1 else 2 end`;

const current = (alias: string, asOf: string) => `${alias}.removed_in is null and ${inForce(alias, asOf)}`;

// How much of an interval's numbers a side has: all, or every second.
const parityFits = (parity: string, number: string) =>
  `case ${parity} when 'odd' then ${number} % 2 = 1 when 'even' then ${number} % 2 = 0 else ${parity} = 'both' end`;

/** Points and ranges of the streets in a relation `street` that has `street_id`; parameters are named by the caller. */
function rowsOfStreets(of: { houseKey: string; numbers: string; asOf: string }): string {
  const range = (side: 'left' | 'right') => `
    select r.${side}_street_id as street_id, r.feature_id, '${side}' as side, n.number, r.${side}_from as from_number,
      r.${side}_to as to_number, r.${side}_prefix as prefix, r.${side}_elements as elements, r.geom
    from street s
    join road_segment r on r.dataset_id = $1::int and r.${side}_street_id = s.street_id
    join unnest(${of.numbers}::int[]) as n(number)
      on n.number between least(r.${side}_from, r.${side}_to) and greatest(r.${side}_from, r.${side}_to)
    where ${parityFits(`r.${side}_parity`, 'n.number')} and ${current('r', `${of.asOf}::float8`)}`;
  return `
point as materialized (
  select a.street_id, a.feature_id, a.house_key, a.elements, a.geom
  from street s
  join address_point a on a.dataset_id = $1::int and a.street_id = s.street_id
    and a.house_number between (${of.numbers}::int[])[1] - ${buildingNumbersMax} and (${of.numbers}::int[])[1]
    and coalesce(a.house_last, a.house_number) >= (${of.numbers}::int[])[1]
  where ${current('a', `${of.asOf}::float8`)}
  union all
  select a.street_id, a.feature_id, a.house_key, a.elements, a.geom
  from street s
  join address_point a on a.dataset_id = $1::int and a.street_id = s.street_id and a.house_number is null
    and a.house_key = ${of.houseKey}::text
  where ${of.numbers}::int[] = '{}' and ${current('a', `${of.asOf}::float8`)}
  limit ${pointsMax}
),
range as materialized (${range('left')} union all ${range('right')} limit ${rangesMax})`;
}

const rowsJson = `
  'points', (select json_agg(json_build_object('streetId', street_id, 'featureId', feature_id, 'houseKey', house_key,
    'elements', elements, 'lon', ST_X(geom), 'lat', ST_Y(geom))) from point),
  'ranges', (select json_agg(json_build_object('streetId', street_id, 'featureId', feature_id, 'side', side,
    'number', number, 'from', from_number, 'to', to_number, 'prefix', prefix, 'elements', elements,
    'lines', ST_AsGeoJSON(geom, 15)::json->'coordinates')) from range)`;

/** The streets that an address can mean, and of these the points and ranges of its house number. */
export function rowsOfAddress(
  datasetId: number,
  place: PlaceQuestion,
  street: StreetQuestion,
  house: HouseQuestion,
): Statement {
  return {
    name: 'rows_of_address',
    text: `
with street as materialized (
  select s.street_id, s.full_key = any($9::text[]) as is_full, ${placeRank} as place_rank, s.full_key, s.road_key,
    s.place_id, lacking.count as lacking
  from civic_street s
  join civic_place p on p.dataset_id = $1::int and p.place_id = s.place_id
  cross join lateral (
    select count(*) filter (where asked <> '' and has = '') as count,
      count(*) filter (where asked <> '' and has <> '' and asked <> has) as different
    from unnest($11::text[], s.part_keys) as part(asked, has)
  ) lacking
  where s.dataset_id = $1::int and (s.full_key = any($9::text[]) or s.rd_key = any($10::text[]) and s.rd_key <> '')
    and (s.full_key = any($9::text[]) or lacking.different = 0)
    and (s.road_key = $12::text or s.road_key = '') and ${placeFits}
  limit ${streetsMax}
),
${rowsOfStreets({ houseKey: '$13', numbers: '$14', asOf: '$15' })}
select json_build_object('activeId', ${activeDataset},
  'streets', (select json_agg(json_build_object('id', street_id, 'isFull', is_full, 'lacking', lacking,
    'placeRank', place_rank, 'fullKey', full_key, 'roadKey', road_key, 'placeId', place_id)) from street),
  ${rowsJson}
)::text as answer`,
    values: [
      datasetId,
      ...placeParameters(place),
      street.fullKeys,
      street.rdKeys,
      street.partKeys,
      street.roadKey,
      house.houseKey,
      house.numbers,
      house.asOf,
    ],
  };
}

/** The points and ranges of a house number on known streets. */
export function rowsOfStreetIds(
  datasetId: number,
  streetIds: readonly string[],
  house: HouseQuestion,
): Statement {
  return {
    name: 'rows_of_streets',
    text: `
with street as materialized (select unnest($2::text[]) collate "C" as street_id),
${rowsOfStreets({ houseKey: '$3', numbers: '$4', asOf: '$5' })}
select json_build_object('activeId', ${activeDataset}, 'streets', null, ${rowsJson})::text as answer`,
    values: [datasetId, streetIds, house.houseKey, house.numbers, house.asOf],
  };
}

/** A street whose name is like another. */
export interface LikeStreetJson {
  readonly id: string;
  readonly likeness: number;
  readonly words: string;
  readonly fullKey: string;
  readonly roadKey: string;
  readonly partKeys: readonly string[];
}

/** Whether the database can compare by likeness. */
export function hasLikeness(): Statement {
  return {
    name: 'has_likeness',
    text: `select json_build_object('activeId', ${activeDataset}, 'isThere',
      exists (select from pg_extension where extname = 'pg_trgm'))::text as answer`,
    values: [],
  };
}

/** The streets of a place whose words are like those asked for, the most alike first; trigrams, 0 to 1. */
export function likeStreets(
  datasetId: number,
  place: PlaceQuestion,
  asked: { readonly words: string; readonly likenessMin: number; readonly limit: number },
): Statement {
  return {
    name: 'like_streets',
    text: `
with street as (
  select s.street_id, s.words, s.full_key, s.road_key, s.part_keys, similarity(s.words, $9::text) as likeness
  from civic_street s
  join civic_place p on p.dataset_id = $1::int and p.place_id = s.place_id
  where s.dataset_id = $1::int and s.words % $9::text and ${placeFits}
    and (p.a3_keys && $5::text[] or p.pcn_keys && coalesce($5::text[], $8::text[]) or p.a3_keys && $8::text[])
),
best as (select * from street where likeness >= $10::float8 order by likeness desc, street_id limit $11::int)
select json_build_object('activeId', ${activeDataset}, 'streets', (
  select json_agg(json_build_object('id', street_id, 'words', words, 'fullKey', full_key, 'roadKey', road_key,
    'partKeys', part_keys, 'likeness', likeness) order by likeness desc, street_id) from best)
)::text as answer`,
    values: [datasetId, ...placeParameters(place), asked.words, asked.likenessMin, asked.limit],
  };
}
