import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { defaultLocationLimits, parsePidfLo } from '../src/location/index.ts';
import type { parseXml } from '../src/xml/index.ts';
import { type BenchDocument, benchDocuments } from './location-documents.ts';

// What reading a location document costs: all of it, and the share of the XML reader.

/** What is measured, of the compiled program. */
export interface Readers {
  readonly defaultLocationLimits: typeof defaultLocationLimits;
  readonly parsePidfLo: typeof parsePidfLo;
  readonly parseXml: typeof parseXml;
}

interface Options {
  readonly rounds: number;
  readonly roundMs: number;
  readonly callUs: number;
}

/** One measured round of one document: processor time in microseconds a document. */
interface Round {
  readonly document: string;
  readonly wholeUs: number;
  readonly xmlUs: number;
}

const here = dirname(fileURLToPath(import.meta.url));
const source = { kind: 'query' } as const;
/** What the issue of a call's cost aims at for a point with an address. */
const aimUs = 25;

/** Runs the measurement; resolves to the exit code: 1 where a document was not read, 2 for wrong options. */
export async function main(args: readonly string[], readers: Readers): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) return 2;
  console.log(`  ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Linux ${release()}`);
  console.log(
    `  Node.js ${process.version}, ${options.rounds} rounds of ${options.roundMs} ms each, load average ${loadavg()[0]?.toFixed(1)}`,
  );
  const documents = benchDocuments();
  for (const { name, bytes } of documents) {
    const read = readers.parsePidfLo(bytes, source, readers.defaultLocationLimits);
    if (read.ok && read.value.locations.length > 0) continue;
    console.error(`${name} is not read`);
    return 1;
  }
  for (const { bytes } of documents) measureRound({ name: '', bytes }, readers, options.roundMs);
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    // Every other round goes backwards, so that no document always follows the same one.
    const order = round % 2 === 1 ? documents : [...documents].reverse();
    for (const document of order) rounds.push(measureRound(document, readers, options.roundMs));
  }
  printSummary(documents, rounds, options);
  mkdirSync(join(here, 'out'), { recursive: true });
  const file = join(here, 'out', `location-${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, JSON.stringify({ options, rounds }, undefined, 2));
  return 0;
}

function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '7' },
      'round-ms': { type: 'string', default: '150' },
      'call-us': { type: 'string', default: '1100' },
    },
  });
  const [rounds = 0, roundMs = 0, callUs = 0] = [values.rounds, values['round-ms'], values['call-us']].map(
    Number,
  );
  if ([rounds, roundMs, callUs].every((number) => number > 0)) return { rounds, roundMs, callUs };
  console.error('--rounds, --round-ms and --call-us take numbers over 0');
  return undefined;
}

function measureRound(
  { name, bytes }: Pick<BenchDocument, 'name' | 'bytes'>,
  { defaultLocationLimits: limits, parsePidfLo, parseXml }: Readers,
  roundMs: number,
): Round {
  const wholeUs = costOf(() => void parsePidfLo(bytes, source, limits), roundMs / 2);
  const xmlUs = costOf(() => void parseXml(bytes, limits.xml, 'indentationDropped'), roundMs / 2);
  return { document: name, wholeUs, xmlUs };
}

/** Processor time of one run in microseconds, by as many runs as fit into a time; other programs do not count. */
function costOf(work: () => void, forMs: number): number {
  const cpu = process.cpuUsage();
  const end = performance.now() + forMs;
  let runs = 0;
  do {
    for (let time = 0; time < 20; time += 1) work();
    runs += 20;
  } while (performance.now() < end);
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / runs;
}

function printSummary(
  documents: ReturnType<typeof benchDocuments>,
  rounds: readonly Round[],
  options: Options,
): void {
  console.log(`\n  ${'document'.padEnd(34)} bytes    all µs    least   XML µs  ours µs   of a call`);
  for (const { name, bytes, isTypical } of documents) {
    const own = rounds.filter(({ document }) => document === name);
    const [whole, xml] = [median(own.map((round) => round.wholeUs)), median(own.map((round) => round.xmlUs))];
    const least = Math.min(...own.map((round) => round.wholeUs));
    const share = (whole / options.callUs) * 100;
    const columns = [
      String(bytes.length).padStart(5),
      ...[whole, least, xml, whole - xml].map((value) => value.toFixed(1).padStart(8)),
      `${share.toFixed(1)} %`.padStart(10),
    ];
    const verdict = isTypical ? `  ${whole <= aimUs ? 'within' : 'over'} the aim of ${aimUs} µs` : '';
    console.log(`  ${name.padEnd(34)} ${columns.join(' ')}${verdict}`);
  }
  console.log(
    `\n  medians, and the least of all rounds, load average ${loadavg()[0]?.toFixed(1)}; a call is taken as ${options.callUs} µs of the main thread (npm run bench)`,
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
