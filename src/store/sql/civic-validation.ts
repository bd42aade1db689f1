import type { ElementsJson } from '../civic-keys.ts';
import type { SqlValue, Statement } from '../database/types.ts';
import type { HouseQuestion, PlaceQuestion } from './civic.ts';
import { inForce } from './lookup.ts';

/** The levels of areas that are walked, in order, with their columns. */
export const areaLevels = ['country', 'A1', 'A2', 'A3', 'A4', 'A5'] as const;

/** What the data says of a level that an address names. */
export interface LevelJson {
  /** A row that agrees on the levels before names it, and agrees. */
  readonly isMatched: boolean;
  /** A row that agrees on the levels before has a name there. */
  readonly isKnown: boolean;
}

/** A street of the places that an address's areas name. */
export interface WalkedStreetJson {
  readonly id: string;
  readonly fullKey: string;
  readonly partKeys: readonly string[];
  readonly roadKey: string;
  readonly pcnKeys: readonly string[];
  readonly elements: ElementsJson;
  readonly placeElements: ElementsJson;
  /** When one of its rows begins or ends to be in force next, epoch milliseconds. */
  readonly changesAt: number | null;
}

/** How far an address's areas and street are in the data. */
export interface WalkJson {
  /** In the order of {@link areaLevels}; levels that the address does not name have no meaning. */
  readonly levels: readonly LevelJson[];
  readonly hasStreets: boolean;
  readonly streets: readonly WalkedStreetJson[] | null;
  readonly pcnKnown: boolean;
  readonly pcnMatched: boolean;
  readonly changesAt: number | null;
}

const streetsMax = 200;

const moment = '$2::float8';
const inForceNow = (alias: string) => `${alias}.removed_in is null and ${inForce(alias, moment)}`;

/** Whether a street has a row that is in force; sides that are not for validation do not count. */
const streetLives = (street: string) => `(
  exists (select from address_point a where a.dataset_id = $1::int and a.street_id = ${street} and ${inForceNow('a')})
  or exists (select from road_segment r where r.dataset_id = $1::int and r.left_street_id = ${street}
    and r.left_is_valid and ${inForceNow('r')})
  or exists (select from road_segment r where r.dataset_id = $1::int and r.right_street_id = ${street}
    and r.right_is_valid and ${inForceNow('r')}))`;

const nameLives = (name: string) => `(${name}.place_id is null or exists (
  select from civic_street s where s.dataset_id = $1::int and s.place_id = ${name}.place_id and ${streetLives('s.street_id')}))`;

/** The next moment at which a row that is kept begins or ends to be in force. */
const nextChange = (alias: string) => `least(case when ${alias}.effective > to_timestamp(${moment} / 1000)
    then ${alias}.effective end, case when ${alias}.expire > to_timestamp(${moment} / 1000) then ${alias}.expire end)`;

const milliseconds = (value: string) => `round(extract(epoch from ${value}) * 1000)`;

const otherFirstLevels = (table: string, condition: string) => `union all
  (select ${table.startsWith('civic') ? 'place_id' : 'null'}, country_key, a1_key, '{}', '{}', '{}', '{}', '{}', null
  from ${table} where dataset_id = $1::int and $4::text is not null and a1_key not in ('', $4) and ${condition} limit 50)`;

interface Level {
  readonly isAsked: string;
  readonly has: string;
  readonly fits: string;
}

// $3 country, $4 A1, $5 A2, $6 A3, $7 A4, $8 A5.
const levels: readonly Level[] = [
  { isAsked: '$3::text is not null', has: "country_key <> ''", fits: 'country_key = $3' },
  { isAsked: '$4::text is not null', has: "a1_key <> ''", fits: 'a1_key = $4' },
  ...[2, 3, 4, 5].map(
    (level): Level => ({
      isAsked: `$${level + 3}::text[] is not null`,
      has: `a${level}_keys <> '{}'`,
      fits: `a${level}_keys && $${level + 3}`,
    }),
  ),
];

/** All rows that name areas, with the places of their streets. */
const namedAreas = `
  select place_id, country_key, a1_key, a2_keys, a3_keys, a4_keys, a5_keys, pcn_keys, null::timestamptz as changes
  from civic_place where dataset_id = $1::int and ($4::text is null or a1_key in ('', $4)) 
  union all
  select null, country_key, a1_key, a2_keys, a3_keys, a4_keys, a5_keys, '{}', ${nextChange('a')}
  from admin_area a where dataset_id = $1::int and ${inForceNow('a')}
  union all
  select null, country_key, a1_key, a2_keys, a3_keys, '{}', '{}', '{}', ${nextChange('b')}
  from service_boundary b where dataset_id = $1::int and ${inForceNow('b')}
    and ($4::text is null or a1_key in ('', $4))
  -- Some names of other first levels tell that the level is known, in the country and outside of it.
  ${otherFirstLevels('civic_place p', 'country_key = $3')}
  ${otherFirstLevels('civic_place p', 'true')}
  ${otherFirstLevels('service_boundary p', `country_key = $3 and ${inForceNow('p')}`)}
  ${otherFirstLevels('service_boundary p', inForceNow('p'))}`;

/** Two relations: what is known of a level, and the rows that are left after it. */
function walkLevel({ isAsked, has, fits }: Level, at: number): string {
  return `
at${at} as materialized (select
  ${isAsked} and exists (select from left${at} n where ${fits} and ${nameLives('n')}) as is_matched,
  ${isAsked} and exists (select from left${at} n where ${has} and ${nameLives('n')}) as is_known),
left${at + 1} as materialized (
  select n.* from left${at} n, at${at}
  where case when not (${isAsked}) then true when is_matched then ${fits} else not is_known end)`;
}

/**
 * Walks the areas that an address names, each among the rows that agree on those before (of address points and roads,
 * area polygons and service boundaries, in force), and finds the streets of its name in the places that are left.
 */
export function walkAddress(
  datasetId: number,
  place: PlaceQuestion,
  of: { readonly fullKeys: readonly string[]; readonly rdKeys: readonly string[]; readonly asOf: number },
): Statement {
  const last = `left${levels.length}`;
  return {
    name: 'walk_address',
    text: `
with left0 as materialized (${namedAreas}
),${levels.map(walkLevel).join(',')},
street as materialized (
  select s.*, p.pcn_keys, p.elements as place_elements
  from civic_street s
  join civic_place p on p.dataset_id = $1::int and p.place_id = s.place_id
  where s.dataset_id = $1::int and (s.full_key = any($9::text[]) or s.rd_key = any($10::text[]) and s.rd_key <> '')
    and s.place_id in (select place_id from ${last}) and ${streetLives('s.street_id')}
  limit ${streetsMax}
),
change as (
  select s.street_id, min(${nextChange('a')}) as next from street s
  join address_point a on a.dataset_id = $1::int and a.street_id = s.street_id and a.removed_in is null group by 1
  union all
  select s.street_id, min(${nextChange('r')}) from street s
  join road_segment r on r.dataset_id = $1::int and r.removed_in is null
    and (r.left_street_id = s.street_id or r.right_street_id = s.street_id) group by 1
)
select json_build_object(
  'levels', json_build_array(${levels.map((_, at) => `(select json_build_object('isMatched', is_matched, 'isKnown', is_known) from at${at})`).join(', ')}),
  'hasStreets', exists (select from ${last} n join civic_street s on s.dataset_id = $1::int
    and s.place_id = n.place_id and s.full_key <> '' where ${streetLives('s.street_id')}),
  'streets', (select json_agg(json_build_object('id', street_id, 'fullKey', full_key, 'partKeys', part_keys,
    'roadKey', road_key, 'pcnKeys', pcn_keys, 'elements', elements, 'placeElements', place_elements,
    'changesAt', (select ${milliseconds('min(next)')} from change where change.street_id = street.street_id)))
    from street),
  'pcnKnown', exists (select from ${last} n where pcn_keys <> '{}' and ${nameLives('n')}),
  'pcnMatched', exists (select from ${last} n where pcn_keys && $11::text[] and ${nameLives('n')}),
  'changesAt', (select ${milliseconds('min(changes)')} from ${last})
)::text as answer`,
    values: [
      datasetId,
      of.asOf,
      place.countryKey ?? null,
      place.a1Key ?? null,
      place.a2Keys ?? null,
      place.a3Keys ?? null,
      place.a4Keys ?? null,
      place.a5Keys ?? null,
      of.fullKeys,
      of.rdKeys,
      place.pcnKeys ?? [],
    ],
  };
}

interface DatedJson {
  readonly streetId: string;
  readonly featureId: string;
  readonly elements: ElementsJson;
  /** Epoch milliseconds. */
  readonly effective: number | null;
  readonly expire: number | null;
}

/** An address point, in force or not. */
export interface DatedPointJson extends DatedJson {
  readonly houseKey: string;
  readonly lon: number;
  readonly lat: number;
}

/** A side of a road segment whose range has the number, in force or not. */
export interface DatedRangeJson extends DatedJson {
  readonly side: 'left' | 'right';
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly prefix: string;
  readonly isForValidation: boolean;
  readonly lines: readonly (readonly (readonly [number, number])[])[];
}

/** The rows of a house number on streets. */
export interface HouseRowsJson {
  readonly points: readonly DatedPointJson[] | null;
  readonly ranges: readonly DatedRangeJson[] | null;
  /** Whether the streets have house numbers at all that are in force. */
  readonly hasNumbers: boolean;
}

const rowsMax = 1_000;

const dates = (alias: string) =>
  `'effective', ${milliseconds(`${alias}.effective`)}, 'expire', ${milliseconds(`${alias}.expire`)}`;

function rangesOf(side: 'left' | 'right'): string {
  return `
  select json_build_object('streetId', r.${side}_street_id, 'featureId', r.feature_id, 'side', '${side}',
    'number', n.number, 'from', r.${side}_from, 'to', r.${side}_to, 'prefix', r.${side}_prefix,
    'isForValidation', r.${side}_is_valid, 'elements', r.${side}_elements, ${dates('r')},
    'lines', ST_AsGeoJSON(r.geom, 15)::json->'coordinates') as row
  from road_segment r
  join unnest($5::int[]) as n(number)
    on n.number between least(r.${side}_from, r.${side}_to) and greatest(r.${side}_from, r.${side}_to)
  where r.dataset_id = $1::int and r.${side}_street_id = any($3::text[]) and r.removed_in is null
    and case r.${side}_parity when 'odd' then n.number % 2 = 1 when 'even' then n.number % 2 = 0
      else r.${side}_parity = 'both' end`;
}

/** The rows that have a house number on the streets named, whatever their dates. */
export function houseRows(datasetId: number, streetIds: readonly string[], house: HouseQuestion): Statement {
  const hasRange = (side: string) => `exists (select from road_segment r where r.dataset_id = $1::int
    and r.${side}_street_id = any($3::text[]) and r.${side}_from is not null and r.${side}_is_valid and ${inForceNow('r')})`;
  return {
    name: 'house_rows',
    text: `
with point as (
  select a.* from address_point a
  where a.dataset_id = $1::int and a.street_id = any($3::text[]) and a.removed_in is null
    and (a.house_key = $4::text or a.house_number = ($5::int[])[1])
  limit ${rowsMax}
)
select json_build_object(
  'points', (select json_agg(json_build_object('streetId', a.street_id, 'featureId', a.feature_id,
    'houseKey', a.house_key, 'elements', a.elements, 'lon', ST_X(a.geom), 'lat', ST_Y(a.geom), ${dates('a')})
    order by a.feature_id collate "C") from point a),
  'ranges', (select json_agg(row) from (${rangesOf('left')} union all ${rangesOf('right')} limit ${rowsMax}) r),
  'hasNumbers', exists (select from address_point a where a.dataset_id = $1::int and a.street_id = any($3::text[])
      and a.house_key <> '' and ${inForceNow('a')}) or ${hasRange('left')} or ${hasRange('right')}
)::text as answer`,
    values: [datasetId, house.asOf, streetIds, house.houseKey, house.numbers],
  };
}

/** The dataset to validate in: the one named where it is there, else the active one; null where there is none. */
export function datasetToValidate(datasetId: number | undefined): Statement {
  return {
    name: 'dataset_to_validate',
    text: `select (select case when $1::int is null then (select dataset_id from active_dataset)
      else (select dataset_id from dataset where dataset_id = $1 and state <> 'loading') end)::text as answer`,
    values: [datasetId ?? null],
  };
}

/** A street that an address may have meant. */
export interface SimilarStreetJson {
  readonly id: string;
  readonly elements: ElementsJson;
  readonly placeElements: ElementsJson;
  readonly likeness: number;
}

/**
 * Streets like the one of an address, where the places fit as far as they are told, the most alike first: by the words of
 * the name, and by those of the place. Without the means for likeness, streets that have a key in common.
 */
export function similarStreets(
  datasetId: number,
  place: PlaceQuestion,
  of: {
    readonly asOf: number;
    readonly fullKeys: readonly string[];
    readonly rdKeys: readonly string[];
    readonly words: string;
    /** The name of the place that was not found, if it was. */
    readonly placeWords: string;
    readonly limit: number;
    readonly hasLikeness: boolean;
  },
): Statement {
  const placeLikeness = `similarity(lower(concat_ws(' ', p.elements->>'A2', p.elements->>'A3', p.elements->>'A4',
    p.elements->>'A5', p.elements->>'PCN')), $11::text)`;
  const likeness = of.hasLikeness
    ? `similarity(s.words, $10::text) + case when $11::text = '' then 0 else ${placeLikeness} end`
    : `case when s.full_key = any($8::text[]) then 1 else 0.5 end + 0 * length($10::text || $11::text)`;
  const alike = of.hasLikeness ? 'or s.words % $10::text' : '';
  const values: readonly SqlValue[] = [
    datasetId,
    of.asOf,
    place.countryKey ?? null,
    place.a1Key ?? null,
    place.a2Keys ?? null,
    place.a3Keys ?? null,
    place.a4Keys ?? null,
    of.fullKeys,
    of.rdKeys,
    of.words,
    of.placeWords,
    of.limit,
  ];
  return {
    name: of.hasLikeness ? 'similar_streets' : 'similar_streets_by_key',
    text: `
with street as (
  select s.street_id, s.elements, p.elements as place_elements, ${likeness} as likeness
  from civic_street s
  join civic_place p on p.dataset_id = $1::int and p.place_id = s.place_id
  where s.dataset_id = $1::int and s.full_key <> ''
    and (s.full_key = any($8::text[]) or s.rd_key = any($9::text[]) ${alike})
    and ($3::text is null or p.country_key = $3) and ($4::text is null or p.a1_key = $4)
    and ($5::text[] is null or p.a2_keys && $5 or p.a2_keys = '{}') and ($6::text[] is null or p.a3_keys && $6)
    and ($7::text[] is null or p.a4_keys && $7)
    and ${streetLives('s.street_id')}
  order by likeness desc, s.street_id limit $12::int
)
select coalesce((select json_agg(json_build_object('id', street_id, 'elements', elements, 'placeElements', place_elements,
  'likeness', likeness) order by likeness desc, street_id) from street), '[]')::text as answer`,
    values,
  };
}

/** A house number of a street, as near to the one asked for as there are. */
export interface SimilarHouseJson {
  readonly streetId: string;
  readonly elements: ElementsJson;
}

/** The address points of streets whose house numbers are nearest to a number, each number once. */
export function similarHouses(
  datasetId: number,
  streetIds: readonly string[],
  of: { readonly asOf: number; readonly number: number; readonly limit: number },
): Statement {
  return {
    name: 'similar_houses',
    text: `
with near as (
  select a.street_id, a.house_key, a.house_number, (array_agg(a.elements order by a.feature_id collate "C"))[1] as elements
  from address_point a
  where a.dataset_id = $1::int and a.street_id = any($3::text[]) and a.house_number is not null and ${inForceNow('a')}
  group by a.street_id, a.house_key, a.house_number
  order by abs(a.house_number - $4::int), array_position($3::text[], a.street_id), a.house_key collate "C" limit $5::int
)
select coalesce((select json_agg(json_build_object('streetId', street_id, 'elements', elements)
  order by abs(house_number - $4::int), array_position($3::text[], street_id), house_key collate "C") from near), '[]')::text as answer`,
    values: [datasetId, of.asOf, streetIds, of.number, of.limit],
  };
}
