import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { WallMs } from '../src/base/index.ts';
import { civicAddress } from '../src/location/index.ts';
import type {
  defaultLostRequestLimits,
  FindServiceResponse,
  LostMapping,
  readLostRequest,
  writeLostAnswer,
} from '../src/lost/index.ts';
import type { parseXml } from '../src/xml/index.ts';

// What a LoST server's documents cost: reading a findService and writing its answer, without the lookup between.

/** What is measured, of the compiled program. */
export interface Documents {
  readonly defaultLostRequestLimits: typeof defaultLostRequestLimits;
  readonly readLostRequest: typeof readLostRequest;
  readonly writeLostAnswer: typeof writeLostAnswer;
  readonly parseXml: typeof parseXml;
}

/** A question, and what it is answered with. */
interface Exchange {
  readonly name: string;
  readonly bytes: Buffer;
  readonly answer: FindServiceResponse;
  /** Whether the aim is for exchanges like this one. */
  readonly isTypical: boolean;
}

/** One measured round of one exchange: processor time in microseconds. */
interface Round {
  readonly exchange: string;
  readonly readUs: number;
  readonly xmlUs: number;
  readonly writeUs: number;
}

const here = dirname(fileURLToPath(import.meta.url));
/** Of reading and writing together. */
const aimUs = 50;

/** Runs the measurement; resolves to the exit code: 1 where a question was not read, 2 for wrong options. */
export async function main(args: readonly string[], documents: Documents): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '9' }, 'round-ms': { type: 'string', default: '200' } },
  });
  const [rounds, roundMs] = [Number(values.rounds), Number(values['round-ms'])];
  if (!(rounds > 0) || !(roundMs > 0)) {
    console.error('--rounds and --round-ms take numbers over 0');
    return 2;
  }
  console.log(`  ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Linux ${release()}`);
  console.log(
    `  Node.js ${process.version}, ${rounds} rounds of ${roundMs} ms each, load average ${loadavg()[0]?.toFixed(1)}`,
  );
  const exchanges = lostExchanges();
  for (const { name, bytes } of exchanges) {
    if (documents.readLostRequest(bytes, documents.defaultLostRequestLimits).ok) continue;
    console.error(`${name} is not read`);
    return 1;
  }
  for (const exchange of exchanges) measure(exchange, documents, roundMs);
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    // Every other round goes backwards, so that no exchange always follows the same one.
    const order = round % 2 === 1 ? exchanges : [...exchanges].reverse();
    for (const exchange of order) measured.push(measure(exchange, documents, roundMs));
  }
  print(exchanges, measured, documents);
  mkdirSync(join(here, 'out'), { recursive: true });
  const file = join(here, 'out', `lost-documents-${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, JSON.stringify({ rounds, roundMs, measured }, undefined, 2));
  return 0;
}

function measure({ name, bytes, answer }: Exchange, documents: Documents, roundMs: number): Round {
  const { defaultLostRequestLimits: limits, readLostRequest, writeLostAnswer, parseXml } = documents;
  return {
    exchange: name,
    readUs: costOf(() => void readLostRequest(bytes, limits), roundMs / 3),
    xmlUs: costOf(() => void parseXml(bytes, limits.xml, 'indentationDropped'), roundMs / 3),
    writeUs: costOf(() => void Buffer.from(writeLostAnswer(answer)), roundMs / 3),
  };
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

function print(exchanges: readonly Exchange[], rounds: readonly Round[], documents: Documents): void {
  console.log(
    `\n  ${'exchange'.padEnd(36)} bytes in   bytes out   read µs  of it XML  write µs    all µs     least`,
  );
  for (const { name, bytes, answer, isTypical } of exchanges) {
    const own = rounds.filter(({ exchange }) => exchange === name);
    const [read, xml, write] = [
      median(own.map(({ readUs }) => readUs)),
      median(own.map(({ xmlUs }) => xmlUs)),
      median(own.map(({ writeUs }) => writeUs)),
    ];
    const all = median(own.map(({ readUs, writeUs }) => readUs + writeUs));
    const least = Math.min(...own.map(({ readUs, writeUs }) => readUs + writeUs));
    const columns = [
      String(bytes.length).padStart(8),
      String(documents.writeLostAnswer(answer).length).padStart(11),
      ...[read, xml, write, all, least].map((value) => value.toFixed(1).padStart(9)),
    ];
    const verdict = isTypical ? `  ${all <= aimUs ? 'within' : 'over'} the aim of ${aimUs} µs` : '';
    console.log(`  ${name.padEnd(36)} ${columns.join(' ')}${verdict}`);
  }
  console.log(`\n  medians, and the least of all rounds; load average ${loadavg()[0]?.toFixed(1)}`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const lost = 'xmlns="urn:ietf:params:xml:ns:lost1"';
const gml = 'xmlns:gml="http://www.opengis.net/gml"';
const crs = 'srsName="urn:ogc:def:crs:EPSG::4326"';
const address = { country: 'US', A1: 'NY', A2: 'New York', A3: 'New York', RD: '5th', STS: 'Avenue' };

function lostExchanges(): readonly Exchange[] {
  const point = `<gml:Point ${gml} ${crs}><gml:pos>40.74844 -73.98543</gml:pos></gml:Point>`;
  const gs = 'xmlns:gs="http://www.opengis.net/pidflo/1.0"';
  const circle = `<gs:Circle ${gs} ${gml} ${crs}><gml:pos>40.74844 -73.98543</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">25.5</gs:radius></gs:Circle>`;
  const civic = civicAddress({ ...address, HNO: '350', PC: '10118' });
  const elements = [['country', 'US'] as const, ...(civic?.elements ?? [])].map(
    ([name, value]) => `<${name}>${value}</${name}>`,
  );
  const civicXml = `<civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr">${elements.join('')}</civicAddress>`;
  return [
    exchange('point', point, 'geodetic-2d', mapping([]), true),
    exchange('circle', circle, 'geodetic-2d', mapping([]), true),
    {
      ...exchange('address, validated', civicXml, 'civic', mapping([]), true),
      answer: {
        ...answerOf(mapping([])),
        locationValidation: {
          valid: ['country', 'A1', 'A2', 'A3', 'RD', 'STS', 'HNO'],
          invalid: [],
          unchecked: ['PC'],
        },
      },
    },
    exchange('point, boundary of 100 corners', point, 'geodetic-2d', mapping(boundaryOf(100)), false),
    exchange('point, boundary of 10,000 corners', point, 'geodetic-2d', mapping(boundaryOf(10_000)), false),
  ];
}

function exchange(
  name: string,
  location: string,
  profile: string,
  found: LostMapping,
  isTypical: boolean,
): Exchange {
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<findService ${lost} recursive="true" serviceBoundary="reference">
  <location id="6020688f1ce1896d" profile="${profile}">
    ${location}
  </location>
  <service>urn:service:sos</service>
  <path><via source="esrp.esinet.example"/></path>
</findService>`;
  return { name, bytes: Buffer.from(text), answer: answerOf(found), isTypical };
}

function answerOf(found: LostMapping): FindServiceResponse {
  return {
    kind: 'findServiceResponse',
    mappings: [found],
    warnings: [],
    path: [{ source: 'esrp.esinet.example' }, { source: 'ecrf.esinet.example' }],
    locationUsed: '6020688f1ce1896d',
  };
}

function mapping(boundaries: LostMapping['boundaries']): LostMapping {
  const moment = { ms: Date.UTC(2026, 0, 1) as WallMs, text: '2026-01-01T00:00:00Z' };
  return {
    source: 'ecrf.esinet.example',
    sourceId: 'urn:emergency:uid:gis:PSAP:1:agency.example',
    lastUpdated: moment,
    expires: moment,
    displayNames: [{ text: 'New York City Police Department', language: 'en' }],
    service: 'urn:service:sos',
    boundaries,
    boundaryReference:
      boundaries.length > 0
        ? undefined
        : { source: 'ecrf.esinet.example', key: '7214148E0433AFE2FA2D48003D31172E' },
    uris: ['sip:psap@esinet.example'],
    serviceNumber: '911',
  };
}

function boundaryOf(corners: number): LostMapping['boundaries'] {
  const ring = Array.from({ length: corners }, (_, index): readonly [number, number] => {
    const angle = (2 * Math.PI * index) / corners;
    return [-73.98 + 0.1 * Math.cos(angle), 40.74 + 0.1 * Math.sin(angle)];
  });
  return [{ kind: 'polygons', polygons: [[[...ring, ...ring.slice(0, 1)]]] }];
}
