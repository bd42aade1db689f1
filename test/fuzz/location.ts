import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededFraction } from '../../data/sample-points.ts';
import { loadLocationCorpus } from './location-corpus.ts';
import { mutateLocation } from './location-mutate.ts';
import { type Input, read, type Target } from './location-targets.ts';
import { worstCases } from './location-worst.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** No input may take a reader longer; calls wait for it. */
const stallMs = 50;
/** An input that took too long is read again alone: the collector or the compiler may have been in the way. */
const retries = 5;
/** After the compiled code and its caches have settled, nothing may be left behind by what was read. */
const heapGrowthMaxBytes = 8 * 1024 * 1024;
/** Of all inputs, those that the settling takes. */
const settlingShare = 0.25;
const faultsMax = 20;

interface Run {
  readonly faults: string[];
  slowestMs: number;
  slowest: string;
  locations: number;
  /** Of all inputs those that took longer than the limit once and not again. */
  disturbed: number;
}

/**
 * Gives mutated documents, answers of location servers and whole requests, and the worst cases at the limits, to their
 * readers: nothing may throw, take more than 50 ms, or leave memory behind. Resolves to the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      documents: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    },
  });
  const [total, seed] = [Number(values.documents), Number(values.seed)];
  const vectors = process.env['FIRSTLINE_VECTORS'];
  console.log(
    `fuzz:location: ${total} documents, seed ${seed}${vectors === undefined ? ', no vectors' : ''}`,
  );
  const run = newRun([]);
  const started = performance.now();
  const growthBytes = mutated(run, { total, seed, vectors });
  if (growthBytes > heapGrowthMaxBytes) run.faults.push(`the heap grew by ${growthBytes} bytes`);
  report(run, `${total} mutations, heap ${(growthBytes / 1_048_576).toFixed(1)} MB`, started);
  // Last, when the readers' code is compiled as it is in a server that has run for a while.
  const worst = worstCases();
  const worstRun = newRun(run.faults);
  const worstStarted = performance.now();
  for (const each of worst) measure(worstRun, each, each.name);
  report(worstRun, `${worst.length} worst cases`, worstStarted);
  for (const fault of run.faults) console.log(`FAILED: ${fault}`);
  return run.faults.length === 0 ? 0 : 1;
}

function newRun(faults: string[]): Run {
  return { faults, slowestMs: 0, slowest: '', locations: 0, disturbed: 0 };
}

function report(run: Run, what: string, started: number): void {
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `fuzz:location: ${what}, ${run.locations} locations, slowest ${run.slowestMs.toFixed(1)} ms (${run.slowest}), ` +
      `${run.disturbed} disturbed, ${seconds.toFixed(0)} s`,
  );
}

/** Reads mutations; returns by how many bytes what is alive has grown since the start settled. */
function mutated(run: Run, options: { total: number; seed: number; vectors: string | undefined }): number {
  const { total, seed, vectors } = options;
  const fraction = seededFraction(seed);
  const corpus = loadLocationCorpus(vectors, seed);
  const settled = Math.floor(total * settlingShare);
  let before = 0;
  for (let index = 0; index < total && run.faults.length < faultsMax; index += 1) {
    if (index === settled) before = liveBytes();
    const target = targetOf(fraction());
    const bytes = mutateLocation(corpus[target], fraction);
    measure(run, { target, bytes }, `mutation ${index}`);
  }
  return liveBytes() - before;
}

function targetOf(fraction: number): Target {
  if (fraction < 0.6) return 'document';
  if (fraction < 0.65) return 'question';
  return fraction < 0.75 ? 'held' : 'message';
}

function measure(run: Run, input: Input, name: string): void {
  try {
    const { locations, ms } = timed(input);
    run.locations += locations;
    const again = ms > stallMs ? alone(input) : undefined;
    if (again?.isStall === true) {
      fault(run, input, `${name} (${input.target}) took ${again.medianMs.toFixed(1)} ms`);
    } else if (again !== undefined) run.disturbed += 1;
    const tookMs = again?.medianMs ?? ms;
    if (tookMs > run.slowestMs) Object.assign(run, { slowestMs: tookMs, slowest: name });
  } catch (thrown) {
    fault(
      run,
      input,
      `${name} (${input.target}): ${thrown instanceof Error ? thrown.stack : String(thrown)}`,
    );
  }
}

/**
 * Reads an input. The time is the smaller of the clock's and the processor's: other programs lengthen the first, the
 * collector's and the compiler's own threads the second, and neither is the reader's doing.
 */
function timed(input: Input): { readonly locations: number; readonly ms: number } {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const locations = read(input);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { locations, ms: Math.min(wallMs, (user + system) / 1_000) };
}

/** Reads an input some times more, each after a collection: it is a stall where it takes too long every time. */
function alone(input: Input): { readonly isStall: boolean; readonly medianMs: number } {
  const times: number[] = [];
  for (let time = 0; time < retries; time += 1) {
    collect();
    times.push(timed(input).ms);
  }
  times.sort((a, b) => a - b);
  return { isStall: times.every((ms) => ms > stallMs), medianMs: times[Math.floor(retries / 2)] ?? 0 };
}

/** Keeps the input beside what is said of it. */
function fault(run: Run, input: Input, text: string): void {
  const folder = join(here, 'out');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `location-${run.faults.length}.${input.target}`);
  writeFileSync(file, input.bytes);
  run.faults.push(`${text}; kept as ${file}`);
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function liveBytes(): number {
  for (let time = 0; time < 4; time += 1) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
