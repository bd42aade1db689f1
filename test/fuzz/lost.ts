import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededFraction } from '../../data/sample-points.ts';
import { exercise, type LostInput, lostCorpus, lostWorstCases, mutateLost, readOnly } from './lost-inputs.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** No document may take its reader longer. */
const stallMs = 50;
/** One that took too long is read again alone: the collector or the compiler may have been in the way. */
const retries = 5;
/** After the compiled code and its caches have settled, nothing may be left behind by what was read. */
const heapGrowthMaxBytes = 8 * 1024 * 1024;
const settlingShare = 0.25;
const faultsMax = 20;

/**
 * Gives mutated documents of LoST, and the worst cases at the limits, to their readers, and what they read to the writers:
 * nothing may throw, take more than 50 ms to read, or leave memory behind. Resolves to the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      documents: { type: 'string', default: '300000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    },
  });
  const [total, seed] = [Number(values.documents), Number(values.seed)];
  const vectors = process.env['FIRSTLINE_VECTORS'];
  console.log(`fuzz:lost: ${total} documents, seed ${seed}${vectors === undefined ? ', no vectors' : ''}`);
  const run = new Run();
  const growthBytes = mutated(run, total, seed, vectors);
  if (growthBytes > heapGrowthMaxBytes) run.faults.push(`the heap grew by ${growthBytes} bytes`);
  run.report(`${total} mutations, heap ${(growthBytes / 1_048_576).toFixed(1)} MB`);
  const worst = new Run(run.faults);
  const cases = lostWorstCases();
  for (const each of cases) worst.take(each, each.name);
  worst.report(`${cases.length} worst cases`);
  for (const fault of run.faults) console.log(`FAILED: ${fault}`);
  return run.faults.length === 0 ? 0 : 1;
}

/** Reads mutations; returns by how many bytes what is alive has grown since the start settled. */
function mutated(run: Run, total: number, seed: number, vectors: string | undefined): number {
  const fraction = seededFraction(seed);
  const corpus = lostCorpus(vectors, seed);
  const settled = Math.floor(total * settlingShare);
  let before = 0;
  for (let index = 0; index < total && run.faults.length < faultsMax; index += 1) {
    if (index === settled) before = liveBytes();
    const target = fraction() < 0.6 ? 'request' : 'answer';
    run.take({ target, bytes: mutateLost(corpus[target], fraction) }, `mutation ${index}`);
  }
  return liveBytes() - before;
}

class Run {
  readonly faults: string[];
  readonly #started = performance.now();
  #slowestMs = 0;
  #slowest = '';
  #read = 0;
  #disturbed = 0;

  constructor(faults: string[] = []) {
    this.faults = faults;
  }

  take(input: LostInput, name: string): void {
    try {
      const tookMs = this.#timeOf(input, name);
      if (tookMs > this.#slowestMs) {
        this.#slowestMs = tookMs;
        this.#slowest = name;
      }
      if (exercise(input)) this.#read += 1;
    } catch (thrown) {
      this.#fault(input, `${name}: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
    }
  }

  report(what: string): void {
    const seconds = (performance.now() - this.#started) / 1_000;
    console.log(
      `fuzz:lost: ${what}, ${this.#read} read, slowest ${this.#slowestMs.toFixed(1)} ms (${this.#slowest}), ` +
        `${this.#disturbed} disturbed, ${seconds.toFixed(0)} s`,
    );
  }

  #timeOf(input: LostInput, name: string): number {
    const ms = timed(input);
    if (ms <= stallMs) return ms;
    const times: number[] = [];
    for (let time = 0; time < retries; time += 1) {
      collect();
      times.push(timed(input));
    }
    times.sort((a, b) => a - b);
    const median = times[Math.floor(retries / 2)] ?? 0;
    if (times.every((each) => each > stallMs)) this.#fault(input, `${name} took ${median.toFixed(1)} ms`);
    else this.#disturbed += 1;
    return median;
  }

  /** Keeps the input beside what is said of it. */
  #fault(input: LostInput, text: string): void {
    const folder = join(here, 'out');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `lost-${this.faults.length}.${input.target}`);
    writeFileSync(file, input.bytes);
    this.faults.push(`${text}; kept as ${file}`);
  }
}

/** The smaller of the clock's and the processor's time: other programs lengthen the one, the engine's threads the other. */
function timed(input: LostInput): number {
  const cpu = process.cpuUsage();
  const start = performance.now();
  readOnly(input);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return Math.min(wallMs, (user + system) / 1_000);
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function liveBytes(): number {
  for (let time = 0; time < 4; time += 1) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
