// One side of `npm run bench:lookup` in a process of its own, so that its memory is its own: loads a set of boundaries
// into the index or into a database, looks places up, switches datasets meanwhile, and writes what it measured as one
// line of JSON. It imports the compiled program, since nothing may stand between it and what is measured.
import process from 'node:process';
import { nationalBoundaries, nationalPlaces, nationalSet } from '../dist/data/national-set.js';
import { samplePoints } from '../dist/data/sample-points.js';
import { usCounties, usCountyPsaps } from '../dist/data/us-counties.js';
import { flatRings, polygonIndexBuilder } from '../dist/src/geo/index.js';
import { openStore } from '../dist/src/store/index.js';

const task = JSON.parse(process.argv[2] ?? '{}');
const logger = { debug() {}, info() {}, warn: note, error: note };
const actor = { name: 'bench', via: 'cli' };

const result = task.side === 'memory' ? measureIndex() : await measureStore();
process.stdout.write(`${JSON.stringify({ ...task, ...result, loadAverage: await loadAverage() })}\n`);

function measureIndex() {
  const places = placesOf(task.memoryPlaces);
  const started = performance.now();
  const builder = polygonIndexBuilder();
  let makingMs = 0;
  for (const rings of ringsOfSet()) {
    const before = performance.now();
    builder.add(rings);
    makingMs += performance.now() - before;
  }
  const before = performance.now();
  const index = builder.finish();
  makingMs += performance.now() - before;
  const loadMs = performance.now() - started;
  const found = [];
  const times = new Float64Array(places.length);
  const rounds = [];
  for (let round = 0; round < task.rounds; round += 1) {
    const begun = performance.now();
    for (const { lon, lat } of places) index.covering(lon, lat, found);
    const perSecond = (places.length / (performance.now() - begun)) * 1_000;
    for (let place = 0; place < places.length; place += 1) {
      const { lon, lat } = places[place];
      const from = process.hrtime.bigint();
      index.covering(lon, lat, found);
      times[place] = Number(process.hrtime.bigint() - from) / 1_000;
    }
    rounds.push({ perSecond, ...quantiles(times) });
  }
  const memory = { sizeMb: index.byteLength / 1e6, peakMb: peakMb() };
  return { vertexCount: index.vertexCount, loadMs, makingMs, ...memory, lookups: middleOf(rounds) };
}

async function measureStore() {
  let store = await open({});
  const beforeMb = peakMb();
  const started = performance.now();
  const first = await load(store, task.set);
  const loadMs = performance.now() - started;
  const loadPeakMb = peakMb();
  await store.boundaries.activate(first, actor);
  const places = placesOf(task.databasePlaces);
  const database = await lookupsOf(store, places, task.concurrent);
  const second = await load(store, 'counties');
  const stall = await stallOf(store, second, places);
  await store.close(20_000);

  store = await open({ standby: true, lookupFirst: 'memory' });
  const opened = performance.now();
  await store.boundaries.activate(first, actor);
  await standbyOf(store, first);
  const standbyMs = performance.now() - opened;
  const { sizeBytes } = store.health().standby;
  const memory = await lookupsOf(store, placesOf(task.memoryPlaces), 1);
  const memoryStall = await stallOf(store, second, places, first);
  await store.close(20_000);
  return {
    ...{ loadMs, beforeMb, loadPeakMb, lookups: database, stall },
    standby: {
      madeMs: standbyMs,
      sizeMb: sizeBytes / 1e6,
      peakMb: peakMb(),
      lookups: memory,
      stall: memoryStall,
    },
  };
}

async function open(options) {
  const { databaseUrl, dataDir } = task;
  const store = await openStore({ databaseUrl, dataDir, logger, ...options });
  await store.prepared;
  return store;
}

async function load(store, set) {
  const features = set === 'national' ? nationalSet(task.national) : usCountyPsaps();
  let told = performance.now();
  const outcome = await store.boundaries.load(features, {
    ...{ name: set, source: 'generated', actor, invalidGeometry: 'repair' },
    onProgress: ({ phase, done }) => {
      if (performance.now() - told < 10_000) return;
      told = performance.now();
      note(`${task.side}: ${set}, ${phase} ${done}`);
    },
  });
  if (outcome.kind !== 'loaded') throw new Error(`${set} is refused: ${JSON.stringify(outcome.refused[0])}`);
  return outcome.dataset.id;
}

async function standbyOf(store, dataset) {
  for (;;) {
    const { standby } = store.health();
    if (standby?.isCurrent && standby.datasetId === Number(dataset)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function lookupsOf(store, places, concurrent) {
  const scope = scopeNow();
  const times = new Float64Array(places.length);
  const rounds = [];
  const answers = { found: 0, nothing: 0, memory: 0 };
  for (let round = 0; round < task.rounds; round += 1) {
    for (let place = 0; place < places.length; place += 1) {
      const from = process.hrtime.bigint();
      const answer = await store.lookup.byPoint(places[place], scope);
      times[place] = Number(process.hrtime.bigint() - from) / 1_000;
      if (round > 0) continue;
      if (answer.kind === 'found') answers.found += 1;
      else answers.nothing += 1;
      if (answer.answeredBy !== undefined) answers.memory += 1;
    }
    const begun = performance.now();
    let next = 0;
    const worker = async () => {
      while (next < places.length) {
        next += 1;
        await store.lookup.byPoint(places[next - 1], scope);
      }
    };
    await Promise.all(Array.from({ length: concurrent }, worker));
    rounds.push({ perSecond: (places.length / (performance.now() - begun)) * 1_000, ...quantiles(times) });
  }
  return { ...middleOf(rounds), ...answers };
}

/** The longest lookup, with the wait for its turn, while nothing else happens and around activations. */
async function stallOf(store, other, places, current) {
  const scope = scopeNow();
  let isRunning = true;
  let longest = { quiet: 0, activation: 0 };
  let phase = 'quiet';
  const asking = (async () => {
    for (let place = 0; isRunning; place = (place + 1) % places.length) {
      const from = performance.now();
      const during = phase;
      await new Promise((resolve) => setImmediate(resolve));
      await store.lookup.byPoint(places[place], scope);
      const tookMs = performance.now() - from;
      longest = { ...longest, [during]: Math.max(longest[during], tookMs) };
    }
  })();
  const pause = () => new Promise((resolve) => setTimeout(resolve, task.pauseMs));
  await pause();
  longest = { quiet: 0, activation: 0 };
  const activationMs = [];
  for (let round = 0; round < task.rounds; round += 1) {
    phase = 'quiet';
    await pause();
    phase = 'activation';
    for (const act of [
      () => store.boundaries.activate(other, actor),
      () => store.boundaries.rollBack(actor),
    ]) {
      const from = performance.now();
      await act();
      activationMs.push(performance.now() - from);
      // The index in memory is made anew; lookups go on meanwhile.
      if (current !== undefined) await standbyOf(store, activationMs.length % 2 === 1 ? other : current);
      await pause();
    }
  }
  isRunning = false;
  await asking;
  return {
    quietMs: longest.quiet,
    longestMs: longest.activation,
    activationMs: activationMs.sort((a, b) => a - b)[activationMs.length >> 1],
  };
}

function scopeNow() {
  return { services: ['urn:service:sos'], asOf: Date.now(), deadlineMs: 60_000 };
}

function* ringsOfSet() {
  if (task.set === 'national') for (const { rings } of nationalBoundaries(task.national)) yield rings;
  else for (const { geometry } of usCounties()) yield flatRings(geometry.coordinates);
}

function placesOf(count) {
  if (task.set === 'counties') {
    // Drawing places takes longer than looking them up: a few are used again and again, in an order of their own.
    const drawn = samplePoints(Math.min(count, 5_000), task.seed).map(({ position }) => position);
    return Array.from(
      { length: count },
      (_, index) => drawn[(index * 7_919) % drawn.length] ?? { lon: 0, lat: 0 },
    );
  }
  return [...nationalPlaces(count, task.seed, task.national)].map(({ position }) => position);
}

function quantiles(times) {
  const sorted = times.slice().sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return { p50Us: at(0.5), p99Us: at(0.99), maxUs: at(1) };
}

/** The medians of the rounds, the longest of all. */
function middleOf(rounds) {
  const middle = (name) => rounds.map((round) => round[name]).sort((a, b) => a - b)[rounds.length >> 1];
  const [perSecond, p50Us, p99Us] = ['perSecond', 'p50Us', 'p99Us'].map(middle);
  return { perSecond, p50Us, p99Us, maxUs: Math.max(...rounds.map(({ maxUs }) => maxUs)) };
}

function peakMb() {
  return process.resourceUsage().maxRSS / 1_024;
}

async function loadAverage() {
  const { loadavg } = await import('node:os');
  return loadavg()[0];
}

function note(...words) {
  process.stderr.write(
    `  ${words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' ')}\n`,
  );
}
