import type { StreetRow } from '../civic-keys.ts';
import type { Statement } from '../database/types.ts';
import { partitionOf } from './layer.ts';

/** The tables that the rows of address points and road segments point into. */
export const streetTables: readonly string[] = ['civic_place', 'civic_street'];

const placeColumns = [
  ...[
    'place_id',
    'country_key',
    'a1_key',
    'a2_keys',
    'a3_keys',
    'a4_keys',
    'a5_keys',
    'pcn_keys',
    'elements',
  ],
];
const streetColumns = [
  ...['street_id', 'place_id', 'full_key', 'part_keys', 'rd_key', 'road_key', 'words', 'elements'],
];

/** The keys of a load's streets, which keep each of them once. */
export function createStreetKeys(datasetId: number): string {
  return `alter table ${partitionOf('civic_place', datasetId)} add primary key (dataset_id, place_id);
    alter table ${partitionOf('civic_street', datasetId)} add primary key (dataset_id, street_id)`;
}

/** Indexes a load's streets; the one of likeness where the database has the means for it. */
export function indexStreets(datasetId: number): string {
  const place = partitionOf('civic_place', datasetId);
  const street = partitionOf('civic_street', datasetId);
  return `create index on ${place} (dataset_id, a1_key);
    create index on ${street} (dataset_id, full_key);
    create index on ${street} (dataset_id, rd_key);
    create index on ${street} (dataset_id, place_id);
    do $$ begin
      if exists (select from pg_extension where extname = 'pg_trgm') then
        create index on ${street} using gin (words gin_trgm_ops);
      end if;
    end $$;
    analyze ${place};
    analyze ${street}`;
}

/** What change sets leave to do: nothing, their rows brought their streets. */
export function nothingToAdd(): Statement {
  return { name: 'no_streets', text: "select '0' as answer", values: [] };
}

/** A statement that adds rows, with the streets that they are on. Each is there once, whoever brings it first. */
export function withStreets(adding: Statement, datasetId: number, streets: readonly StreetRow[]): Statement {
  const first = adding.values.length + 1;
  const places = new Map(streets.map(({ place }) => [place.place_id, place]));
  // In the order of their ids, so that two statements that bring the same ones never wait for each other.
  const placeRows = [...places.values()].sort((a, b) => compare(a.place_id, b.place_id));
  const streetRows = streets
    .map(({ place, ...street }) => ({ ...street, place_id: place.place_id }))
    .sort((a, b) => compare(a.street_id, b.street_id));
  const names = (column: string) => `array(select json_array_elements_text(${column}))`;
  return {
    name: adding.name === '' ? '' : `${adding.name}_streets`,
    text: `with new_places as (
      insert into ${partitionOf('civic_place', datasetId)} (dataset_id, ${placeColumns.join(', ')})
      select $1::int, place_id, country_key, a1_key, ${names('a2_keys')}, ${names('a3_keys')},
        ${names('a4_keys')}, ${names('a5_keys')}, ${names('pcn_keys')}, elements
      from json_to_recordset($${first}::json) as r(place_id text, country_key text, a1_key text, a2_keys json,
        a3_keys json, a4_keys json, a5_keys json, pcn_keys json, elements jsonb)
      on conflict do nothing),
    new_streets as (
      insert into ${partitionOf('civic_street', datasetId)} (dataset_id, ${streetColumns.join(', ')})
      select $1::int, street_id, place_id, full_key, ${names('part_keys')}, rd_key, road_key, words, elements
      from json_to_recordset($${first + 1}::json) as r(street_id text, place_id text, full_key text,
        part_keys json, rd_key text, road_key text, words text, elements jsonb)
      on conflict do nothing),
    ${adding.text.replace(/^\s*with\s/, '')}`,
    values: [...adding.values, JSON.stringify(placeRows), JSON.stringify(streetRows)],
  };
}

/** A statement that copies rows of another dataset, with the streets that they are on. */
export function copyStreets(
  copying: Statement,
  of: {
    readonly datasetId: number;
    readonly base: { readonly datasetId: number; readonly from: number; readonly to: number };
    readonly table: string;
    readonly idColumns: readonly string[];
  },
): Statement {
  const used = of.idColumns
    .map(
      (column) => `select ${column} from ${of.table} where dataset_id = $2::int and removed_in is null
        and feature_no between $3::int and $4::int`,
    )
    .join(' union ');
  const streets = `select ${streetColumns.join(', ')} from civic_street
    where dataset_id = $2::int and street_id in (${used}) order by street_id`;
  return {
    name: '',
    text: `with new_places as (
      insert into ${partitionOf('civic_place', of.datasetId)} (dataset_id, ${placeColumns.join(', ')})
      select $1::int, ${placeColumns.join(', ')} from civic_place
      where dataset_id = $2::int and place_id in (select place_id from (${streets}) s) order by place_id
      on conflict do nothing),
    new_streets as (
      insert into ${partitionOf('civic_street', of.datasetId)} (dataset_id, ${streetColumns.join(', ')})
      select $1::int, ${streetColumns.join(', ')} from (${streets}) s
      on conflict do nothing),
    ${copying.text.replace(/^\s*with\s/, '')}`,
    values: copying.values,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
