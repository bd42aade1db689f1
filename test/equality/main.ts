import process from 'node:process';
import { parseArgs } from 'node:util';
import { nationalSet } from '../../data/national-set.ts';
import { usCountyPsaps } from '../../data/us-counties.ts';
import { DependencyError, wallMs } from '../../src/base/index.ts';
import type { BoundaryLookup, LookupScope, SourceFeature } from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { MemoryLookup } from '../../src/store/memory/memory-lookup.ts';
import type { DatasetSnapshot } from '../../src/store/memory/snapshot.ts';
import { actor, drivers, recordingLogger, sos, type TestDatabase } from '../store/harness.ts';
import { snapshotOf } from '../store/memory-harness.ts';
import { compareArea, comparePoint, type Difference, type Outcome } from './compare.ts';
import { areaQuestions, EdgeSample, type Edges, pointQuestions, wholeBox } from './questions.ts';

const help = `npm run equality -- [options]
Asks memory, PostgreSQL (FIRSTLINE_TEST_DATABASE_URL) and PGlite the same random questions and compares the answers.
  --set counties|national    the boundaries (counties)
  --boundaries n             of the national set (10000)
  --points n                 random points, a third of them on or within a metre of a border (100000)
  --nearest n                random points whose nearest boundary within 50 km is asked for (points / 100)
  --areas n                  random areas of all shapes together (10000)
  --size m                   of the largest area, metres (20000)
  --databases a,b            postgres,pglite
  --seed n                   (20260101)
  --list n                   differences that are listed of each kind (20)
`;

const scope: LookupScope = { services: [sos], asOf: wallMs(1_767_225_600_000), deadlineMs: 60_000 };

interface Settings {
  readonly set: string;
  readonly boundaries: number;
  readonly points: number;
  readonly nearest: number;
  readonly areas: number;
  readonly size: number;
  readonly databases: readonly string[];
  readonly seed: number;
  readonly list: number;
}

/** Runs the comparison; the exit code is 1 where a difference is not explained. */
export async function main(args: readonly string[]): Promise<number> {
  const settings = settingsOf(args);
  if (settings === undefined) return 2;
  let unexplained = 0;
  for (const name of settings.databases) {
    const driver = drivers.find((each) => each.name.toLowerCase().startsWith(name));
    if (driver?.isThere !== true) {
      print(`${name}: skipped, FIRSTLINE_TEST_DATABASE_URL is not set`);
      continue;
    }
    const test = await driver.open();
    try {
      unexplained += await compareWith(name, test, settings);
    } finally {
      await test.close();
    }
  }
  print(unexplained === 0 ? 'no difference is unexplained' : `${unexplained} differences are unexplained`);
  return unexplained === 0 ? 0 : 1;
}

function settingsOf(args: readonly string[]): Settings | undefined {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      set: text('counties'),
      boundaries: text('10000'),
      points: text('100000'),
      nearest: { type: 'string' },
      areas: text('10000'),
      size: text('20000'),
      databases: text('postgres,pglite'),
      seed: text('20260101'),
      list: text('20'),
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || !['counties', 'national'].includes(values.set)) {
    process.stdout.write(help);
    return undefined;
  }
  return {
    set: values.set,
    boundaries: Number(values.boundaries),
    points: Number(values.points),
    nearest: Number(values.nearest ?? Math.floor(Number(values.points) / 100)),
    areas: Number(values.areas),
    size: Number(values.size),
    databases: values.databases.split(','),
    seed: Number(values.seed),
    list: Number(values.list),
  };
}

async function compareWith(name: string, test: TestDatabase, settings: Settings): Promise<number> {
  const { set, seed } = settings;
  const began = performance.now();
  await load(
    test,
    set === 'national' ? nationalSet({ boundaryCount: settings.boundaries }) : usCountyPsaps(),
  );
  const { snapshot, edges } = await inMemory(test, seed);
  const { rowCount } = snapshot.columns;
  print(
    `${name}: ${set}, ${rowCount} boundaries, ${snapshot.index.vertexCount} vertices, seed ${seed}, there after ${seconds(began)}`,
  );
  const parts = {
    memory: new MemoryLookup(() => snapshot),
    database: makeBoundaryLookup(test.database),
    lanes: name === 'pglite' ? 1 : 4,
    list: settings.list,
  };
  const box = wholeBox(snapshot);
  const points = await compareAll(
    `${name}: points`,
    settings.points,
    pointQuestions(seed, edges, box),
    ({ position }, lookup) => lookup.byPoint(position, scope),
    ({ position }, one, other) => comparePoint(position, one, other, snapshot),
    parts,
  );
  const nearest = await compareAll(
    `${name}: nearest`,
    settings.nearest,
    pointQuestions(seed + 2, edges, wider(box)),
    ({ position }, lookup) => lookup.nearest(position, 50_000, scope),
    ({ position }, one, other) => comparePoint(position, one, other, snapshot),
    parts,
  );
  const areas = await compareAll(
    `${name}: areas`,
    settings.areas,
    areaQuestions(seed + 1, edges, box, settings.size),
    ({ shape }, lookup) => lookup.byArea(shape, scope),
    ({ shape }, one, other) => compareArea(shape, one, other),
    parts,
  );
  return points + nearest + areas;
}

async function load(test: TestDatabase, features: AsyncIterable<SourceFeature>): Promise<void> {
  const boundaries = makeBoundaryAdmin(test.database, 60_000, recordingLogger());
  const outcome = await boundaries.load(features, {
    name: 'equality',
    source: 'generated',
    actor,
    invalidGeometry: 'repair',
  });
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused.slice(0, 5)));
  await boundaries.activate(outcome.dataset.id, actor);
}

async function inMemory(
  { database }: TestDatabase,
  seed: number,
): Promise<{ readonly snapshot: DatasetSnapshot; readonly edges: Edges }> {
  const sample = new EdgeSample(500_000, seed);
  const snapshot = await snapshotOf(database, (ring) => sample.add(ring));
  return { snapshot, edges: sample.kept() };
}

interface Parts {
  readonly memory: BoundaryLookup;
  readonly database: BoundaryLookup;
  /** Questions at a time. */
  readonly lanes: number;
  readonly list: number;
}

/** Asks both and counts; answers how many differences nothing explains. */
async function compareAll<Q extends { readonly kind: string }>(
  title: string,
  count: number,
  questions: Iterator<Q>,
  ask: (question: Q, lookup: BoundaryLookup) => ReturnType<BoundaryLookup['byPoint']>,
  compare: (question: Q, one: Outcome, other: Outcome) => Difference | undefined,
  parts: Parts,
): Promise<number> {
  const began = performance.now();
  const counts = new Map<string, number>();
  const note = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  let asked = 0;
  let unexplained = 0;
  const lane = async () => {
    while (asked < count) {
      const no = asked;
      asked += 1;
      const question = questions.next().value as Q;
      const one = await outcomeOf(() => ask(question, parts.memory));
      const other = await outcomeOf(() => ask(question, parts.database));
      note(`answers: ${kindOf(one)}`);
      const difference = compare(question, one, other);
      if (no > 0 && no % 100_000 === 0) print(`${title}: ${no} after ${seconds(began)}`);
      if (difference === undefined) continue;
      note(`differences: ${difference.explained ?? 'UNEXPLAINED'}`);
      if (difference.explained === undefined) unexplained += 1;
      if ((counts.get(`differences: ${difference.explained ?? 'UNEXPLAINED'}`) ?? 0) <= parts.list) {
        const why = difference.explained ?? 'UNEXPLAINED';
        print(`  ${title} no. ${no}, ${why}: ${JSON.stringify(question)}: memory ${difference.what}`);
      }
    }
  };
  await Promise.all(Array.from({ length: parts.lanes }, lane));
  print(`${title}: ${count} asked in ${seconds(began)}`);
  for (const [what, times] of [...counts].sort()) print(`  ${what}: ${times}`);
  return unexplained;
}

// A machine that is busy misses a deadline now and then; what it would have said is asked for again.
async function outcomeOf(ask: () => ReturnType<BoundaryLookup['byPoint']>, times = 3): Promise<Outcome> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    if (error.code === 'store.deadlineMissed' && times > 1) return await outcomeOf(ask, times - 1);
    return { kind: 'failed', code: error.code };
  }
}

function kindOf(answer: Outcome): string {
  return answer.kind === 'found' ? `${answer.kind} by ${answer.rule}` : answer.kind;
}

function wider([west, south, east, north]: readonly [number, number, number, number]) {
  return [
    Math.max(west - 1, -180),
    Math.max(south - 1, -90),
    Math.min(east + 1, 180),
    Math.min(north + 1, 90),
  ] as const;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
