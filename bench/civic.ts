import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serviceUrn, wallMs } from '../src/base/index.ts';
import type { Logger } from '../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../src/store/boundary-lookup.ts';
import { makeCivicValidator } from '../src/store/civic-validator.ts';
import { PgDatabase } from '../src/store/database/pg-driver.ts';
import { PgliteDatabase } from '../src/store/database/pglite-driver.ts';
import type { Database } from '../src/store/database/types.ts';
import { migrate } from '../src/store/migrate.ts';
import { packageRoot } from '../src/store/package-root.ts';
import { type CityAddress, cityAddress, cityFeatures } from '../test/support/civic-city.ts';
import { address, numbered } from '../test/support/civic-rows.ts';
import { findPostgres, startPgCluster } from '../test/support/pg-cluster.ts';

// What it costs to find who serves an address, and to validate one, in PostgreSQL and in the embedded database, over a
// made-up state. Each lookup goes from the elements to the boundary, its PSAP included.

interface Options {
  readonly pointCount: number;
  readonly count: number;
  readonly seed: number;
  readonly sides: readonly string[];
}

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (event, fields) => console.warn(event, fields),
  error: (event, fields) => console.error(event, fields),
};
const actor = { name: 'bench', via: 'system' } as const;
const now = wallMs(Date.UTC(2026, 0, 1));
const scope = { services: [serviceUrn('urn:service:sos')], asOf: now, deadlineMs: 60_000 } as const;

/** Runs the measurement; resolves to the exit code: 1 where an answer was wrong, 2 for wrong options. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    console.error('options: --points 1000000 --count 3000 --seed 1 --side postgres --side pglite');
    return 2;
  }
  const { pointCount, count, seed, sides } = options;
  console.log(
    `${cpus().length} x ${cpus()[0]?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
  );
  console.log(
    `${pointCount} address points, ${pointCount / 10} road segments, ${count} lookups of a kind, seed ${seed}`,
  );
  let wrong = 0;
  for (const side of sides)
    wrong += side === 'postgres' ? await onPostgres(options) : await onPglite(options);
  return wrong === 0 ? 0 : 1;
}

function readOptions(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        points: { type: 'string', default: '1000000' },
        count: { type: 'string', default: '3000' },
        seed: { type: 'string', default: '1' },
        side: { type: 'string', multiple: true, default: ['postgres', 'pglite'] },
      },
    });
    const [pointCount, count, seed] = [Number(values.points), Number(values.count), Number(values.seed)];
    const isKnown = values.side.every((side) => side === 'postgres' || side === 'pglite');
    return isKnown && pointCount > 0 && count > 0 && Number.isInteger(seed)
      ? { pointCount, count, seed, sides: values.side }
      : undefined;
  } catch {
    return undefined;
  }
}

async function onPostgres(options: Options): Promise<number> {
  const bin = findPostgres();
  if (bin === undefined) {
    console.log('postgres: not measured, there is no PostgreSQL with PostGIS on this machine');
    return 0;
  }
  const cluster = await startPgCluster(bin);
  const database = new PgDatabase({
    databaseUrl: await cluster.createDatabase('civic'),
    ...{ lookupConnectionsMax: 4, workConnectionsMax: 3, lookupTimeoutMs: 60_000 },
    ...{ workTimeoutMs: 1_800_000, connectTimeoutMs: 10_000, logger },
  });
  try {
    return await measure('postgres', database, options);
  } finally {
    await database.close(5_000);
    await cluster.remove();
  }
}

async function onPglite(options: Options): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'firstline-bench-'));
  const database = await PgliteDatabase.open({
    ...{ dataDir, stuckAfterMs: 120_000, startTimeoutMs: 120_000, onPhase: () => undefined, logger },
  });
  try {
    return await measure('pglite', database, options);
  } finally {
    await database.close(5_000);
    rmSync(dataDir, { recursive: true });
  }
}

async function measure(side: string, database: Database, options: Options): Promise<number> {
  await migrate(database, join(packageRoot(), 'migrations'), () => undefined);
  const admin = makeBoundaryAdmin(database, 60_000, logger);
  const began = performance.now();
  const outcome = await admin.load(numbered(cityFeatures(options)), {
    ...{ name: 'state', source: 'generated', actor, invalidGeometry: 'refuse' },
  });
  if (outcome.kind !== 'loaded') throw new Error(`the load was refused: ${outcome.refused[0]?.reason}`);
  const seconds = (performance.now() - began) / 1000;
  await admin.activate(outcome.dataset.id, actor);
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
  console.log(
    `\n${side}: loaded and indexed in ${seconds.toFixed(1)} s, own memory ${memory} MB, load ${loadavg()[0]?.toFixed(1)}`,
  );
  const lookup = makeBoundaryLookup(database);
  const validator = makeCivicValidator(database);
  let wrong = 0;
  for (const { name, change, isRight } of kinds) {
    const addresses = drawn(options).map((found) => ({ found, civic: address(change(found)) }));
    const times = await timed(addresses, async ({ found, civic }) => {
      const answer = await lookup.byCivic(civic, scope);
      const psap = answer.kind === 'found' ? answer.matches[0].boundaryId : answer.kind;
      const layer = answer.kind === 'found' ? (answer.civic?.layer ?? '') : '';
      return isRight(found, psap, layer);
    });
    wrong += report(side, name, times);
  }
  const validated = await timed(drawn(options), async ({ elements, featureId }) => {
    const answer = await validator.validate(address(elements), { ...scope, similarMax: 0 });
    return answer?.featureId === featureId && answer.invalid.length === 0;
  });
  wrong += report(side, 'validation', validated);
  return wrong;
}

/** Addresses all over the state; the same for each kind. */
function drawn({ seed, count, pointCount }: Options): readonly CityAddress[] {
  return Array.from({ length: count }, (_, nth) => cityAddress({ seed }, (nth * 7919 + 13) % pointCount));
}

interface Kind {
  readonly name: string;
  change(found: CityAddress): Readonly<Record<string, string>>;
  isRight(found: CityAddress, psap: string, layer: string): boolean;
}

const kinds: readonly Kind[] = [
  {
    name: 'address point',
    change: ({ elements }) => elements,
    isRight: ({ boundaryId }, psap, layer) => psap === boundaryId && layer === 'addressPoint',
  },
  {
    name: 'road range',
    // Numbers that end in 4 have no point; the middle of a segment is a PSAP's own.
    change: ({ elements }) => ({ ...elements, HNO: `${elements['HNO']?.slice(0, -1) ?? ''}4` }),
    isRight: (_found, psap, layer) => psap.startsWith('psap-') && layer === 'roadRange',
  },
  {
    name: 'misspelt street',
    change: ({ elements }) => ({ ...elements, RD: swapped(elements['RD'] ?? '') }),
    // Short names and ordinals are not alike enough, or like several; then the street is not taken.
    isRight: ({ boundaryId }, psap, layer) => psap === boundaryId || layer === '',
  },
  {
    name: 'street alone',
    change: ({ elements }) => ({ ...elements, HNO: '99999' }),
    isRight: (_found, psap, layer) => psap === 'ambiguous' || layer === 'street',
  },
];

function swapped(name: string): string {
  const at = Math.floor(name.length / 2);
  return name.slice(0, at - 1) + (name[at] ?? '') + (name[at - 1] ?? '') + name.slice(at + 1);
}

interface Times {
  readonly us: readonly number[];
  readonly wrong: number;
}

async function timed<T>(rows: readonly T[], work: (row: T) => Promise<boolean>): Promise<Times> {
  // The first ones are planned and read from disk.
  for (const row of rows.slice(0, 100)) await work(row);
  const us: number[] = [];
  let wrong = 0;
  for (const row of rows) {
    const began = performance.now();
    if (!(await work(row))) wrong += 1;
    us.push((performance.now() - began) * 1000);
  }
  return { us: us.sort((a, b) => a - b), wrong };
}

function report(side: string, name: string, { us, wrong }: Times): number {
  const at = (share: number) => Math.round(us[Math.floor(us.length * share)] ?? 0);
  const judged = wrong === 0 ? '' : `, ${wrong} of ${us.length} WRONG`;
  console.log(`${side} ${name.padEnd(16)} p50 ${at(0.5)} us, p99 ${at(0.99)} us${judged}`);
  return wrong;
}
