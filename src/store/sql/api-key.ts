import type { Statement } from '../database/types.ts';

export function findApiKey(hashHex: string): Statement {
  return {
    name: 'find_api_key',
    text: 'select to_json((select name from api_key where hash_hex = $1))::text as answer',
    values: [hashHex],
  };
}

export function replaceApiKey(name: string, hashHex: string): Statement {
  return {
    name: 'replace_api_key',
    text: `with kept as (
      insert into api_key (name, hash_hex) values ($1, $2)
      on conflict (name) do update set hash_hex = excluded.hash_hex, created_at = now() returning 1)
    select count(*)::text as answer from kept`,
    values: [name, hashHex],
  };
}

export function hasAnyApiKey(): Statement {
  return {
    name: 'has_any_api_key',
    text: 'select to_json(exists (select from api_key))::text as answer',
    values: [],
  };
}
