-- Call records: the whole record as a document, and the columns that lists are made by. version orders the states of
-- one record: an older state that arrives late never replaces a newer one.
create table call_record (
  id text primary key,
  version bigint not null,
  received_at timestamptz not null,
  state text not null,
  record jsonb not null
);

create index call_record_newest on call_record (received_at desc, id desc);

-- API keys by name; only the SHA-256 of a key is kept, in hex.
create table api_key (
  name text primary key,
  hash_hex text not null unique check (hash_hex ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null default now()
);

create table audit (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  via text not null,
  action text not null,
  detail jsonb not null default '{}'
);
