import type { Database } from '../../src/store/database/types.ts';
import { layerWriters } from '../../src/store/layer-writers.ts';

interface DatasetRow {
  readonly id: number;
  readonly state: string;
  readonly revision: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly sets: number;
  readonly undone: number;
  readonly audited: number;
  readonly priorities: number;
  readonly badParts: number;
  readonly strayParts: number;
}

/** What is wrong with the datasets of a database: half of something, or something left behind. Empty where all is whole. */
export async function faultsOf(database: Database): Promise<readonly string[]> {
  const faults: string[] = [];
  const datasets = (await ask(database, datasetsSql)) as readonly DatasetRow[];
  const pointed = await ask(database, 'select json_agg(dataset_id) from active_dataset');
  const active = datasets.filter(({ state }) => state === 'active').map(({ id }) => id);
  if (JSON.stringify(pointed) !== JSON.stringify(active)) {
    faults.push(`the pointer says ${JSON.stringify(pointed)}, active are ${JSON.stringify(active)}`);
  }
  for (const each of datasets) {
    const of = `dataset ${each.id} (${each.state})`;
    if (!['staged', 'checked', 'active', 'retired'].includes(each.state))
      faults.push(`${of} was left behind`);
    if (each.revision !== each.sets + each.undone) {
      faults.push(`${of} is at revision ${each.revision} after ${each.sets} sets, ${each.undone} undone`);
    }
    if (each.audited !== each.sets) faults.push(`${of} has ${each.sets} sets, ${each.audited} audit rows`);
    if (each.priorities > 1) faults.push(`${of} has half a set of changes`);
    if (each.badParts > 0) faults.push(`${of} has ${each.badParts} boundaries that are not their parts`);
    if (each.strayParts > 0) faults.push(`${of} has ${each.strayParts} parts of nothing`);
  }
  for (const writer of layerWriters) faults.push(...(await faultsOfLayer(database, writer, datasets)));
  return faults;
}

async function faultsOfLayer(
  database: Database,
  { spec, layer, tables }: (typeof layerWriters)[number],
  datasets: readonly DatasetRow[],
): Promise<readonly string[]> {
  const faults: string[] = [];
  const expected = datasets.map(({ id }) => id).sort((a, b) => a - b);
  for (const table of tables) {
    const found = (await ask(database, partitionsSql(table))) as {
      readonly attached: number[];
      readonly loose: string[];
    };
    if (JSON.stringify(found.attached) !== JSON.stringify(expected)) {
      faults.push(`${table} has the datasets ${found.attached.join(' ')}, not ${expected.join(' ')}`);
    }
    if (found.loose.length > 0) faults.push(`left behind: ${found.loose.join(' ')}`);
  }
  const counts = (await ask(
    database,
    `select coalesce(json_object_agg(dataset_id, n), '{}') from (
       select dataset_id, count(*) n from ${spec.table} where removed_in is null group by dataset_id) t`,
  )) as Readonly<Record<string, number>>;
  for (const { id, counts: said } of datasets) {
    if ((said[layer] ?? 0) !== (counts[id] ?? 0)) {
      faults.push(`dataset ${id} says ${said[layer] ?? 0} of ${layer}, there are ${counts[id] ?? 0}`);
    }
  }
  return faults;
}

const datasetsSql = `select coalesce(json_agg(json_build_object('id', d.dataset_id, 'state', d.state,
    'revision', d.revision, 'counts', d.layer_counts,
    'sets', (select count(*) from change_set c where c.dataset_id = d.dataset_id),
    'undone', (select count(*) from change_set c where c.dataset_id = d.dataset_id and c.undone_at is not null),
    'audited', (select count(*) from audit where action = 'dataset.changed'
      and (detail ->> 'datasetId')::int = d.dataset_id),
    'priorities', (select count(distinct priority) from service_boundary b
      where b.dataset_id = d.dataset_id and b.removed_in is null and b.boundary_id like 'group-%'),
    'badParts', (select count(*) from service_boundary b
      where b.dataset_id = d.dataset_id and b.removed_in is null and not coalesce(abs(ST_Area(b.geom) - (
        select sum(ST_Area(p.geom)) from boundary_part p
        where p.dataset_id = d.dataset_id and p.boundary_no = b.boundary_no)) < 1e-9, false)),
    'strayParts', (select count(*) from boundary_part p where p.dataset_id = d.dataset_id and not exists (
      select from service_boundary b where b.dataset_id = d.dataset_id and b.boundary_no = p.boundary_no
        and b.removed_in is null)))
  order by d.dataset_id), '[]') from dataset d`;

function partitionsSql(table: string): string {
  return `select json_build_object(
    'attached', (select coalesce(json_agg(id order by id), '[]') from (
      select substring(c.relname from '_([0-9]+)$')::int as id from pg_inherits i
      join pg_class c on c.oid = i.inhrelid where i.inhparent = '${table}'::regclass) t),
    'loose', (select coalesce(json_agg(c.relname), '[]') from pg_class c
      where c.relname ~ '^${table}_[0-9]+$' and c.relkind = 'r' and not c.relispartition))`;
}

/** One value by SQL of a test. */
export async function ask(database: Database, sql: string): Promise<unknown> {
  return await database.query(
    { name: '', text: `select to_json((${sql}))::text as answer`, values: [] },
    { deadlineMs: 60_000 },
  );
}
