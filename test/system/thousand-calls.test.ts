import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededFraction } from '../../data/sample-points.ts';
import { freePorts } from '../support/free-ports.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { type SippResult, startSipp } from '../support/sipp.ts';
import { type County, type Expectations, openExpectations, type Place } from './counties.ts';
import { civicInfo, pointInfo } from './emergency.ts';
import {
  databaseKinds,
  describeWith,
  hasOwnCluster,
  openPostgres,
  type TestDatabase,
} from './environment.ts';

// A thousand calls from a thousand places in the United States, by SIPp through the whole server to SIPp, each of which
// must be answered at the PSAP that ST_Covers names.

const seed = Number(process.env['FIRSTLINE_TEST_SEED'] ?? Date.now() % 1_000_000);
const counts = { udp: 800, tcp: 200 };
const civicCalls = { udp: 60, tcp: 15 };

interface Row {
  readonly name: string;
  readonly requestUri: string;
  readonly expectedUser: string;
  readonly fields: readonly string[];
}

for (const kind of databaseKinds) {
  describeWith(`1,000 calls on ${kind.name}`, ['SIPp', ...kind.needs], () => {
    let database: TestDatabase;
    let server: ServerProcess;
    let expected: { readonly expectations: Expectations; close(): Promise<void> };
    let rows: readonly Row[];
    let psap: SippResult;
    const callers: Record<'udp' | 'tcp', SippResult | undefined> = { udp: undefined, tcp: undefined };

    beforeAll(async () => {
      console.info(`places by FIRSTLINE_TEST_SEED=${seed}`);
      database = await kind.open();
      expected = await openOwnExpectations();
      server = await startServer({ databaseUrl: database.url });
      const places = await expected.expectations.places(counts.udp + counts.tcp, seededFraction(seed));
      rows = [
        ...callRows('u', places.slice(0, counts.udp), civicCalls.udp, expected.expectations.counties),
        ...callRows('t', places.slice(counts.udp), civicCalls.tcp, expected.expectations.counties),
      ];
      const [udpPort = 0, tcpPort = 0] = await freePorts(2);
      const waiting = await startSipp({
        scenario: scenario('psap'),
        localPort: server.psapPort,
        transport: 'udp',
        timeoutS: 180,
      });
      const call = async (transport: 'udp' | 'tcp', localPort: number, callsPerSecond: number) => {
        const own = rows.filter((row) => row.name.startsWith(transport.charAt(0)));
        const run = await startSipp({
          scenario: scenario('caller'),
          remote: `127.0.0.1:${server.sipPort}`,
          localPort,
          transport,
          calls: own.length,
          callsPerSecond,
          rows: own.map((row) => row.fields),
          timeoutS: 120,
        });
        callers[transport] = await run.finished;
      };
      await Promise.all([call('udp', udpPort, 40), call('tcp', tcpPort, 10)]);
      psap = await waiting.stop();
    }, 300_000);

    afterAll(async () => {
      await server?.stop();
      server?.remove();
      await expected?.close();
      await database?.close();
    });

    it.each(['udp', 'tcp'] as const)('answers every call over %s', (transport) => {
      const result = callers[transport];
      expect(result, result?.errors).toMatchObject({ exitCode: 0, successful: counts[transport], failed: 0 });
    });

    it('brings each call to the PSAP that ST_Covers names', () => {
      const seen = new Map(psap.log.map((line) => parseLog(line)).map((entry) => [entry.name, entry]));
      const wrong = rows.filter((row) => seen.get(row.name)?.routeUser !== row.expectedUser);
      expect(
        wrong.map(
          (row) => `${row.fields[2]}: ${seen.get(row.name)?.routeUser ?? 'none'}, not ${row.expectedUser}`,
        ),
      ).toEqual([]);
      expect(seen.size).toBe(rows.length);
      expect(new Set(rows.map((row) => row.expectedUser)).size).toBeGreaterThan(600);
    });

    it('brings each call to one PSAP once, with the service URN as its Request-URI', () => {
      expect(psap.log).toHaveLength(rows.length);
      expect(psap.log.filter((line) => parseLog(line).requestUri !== 'urn:service:sos')).toEqual([]);
    });
  });
}

/** Expectations in PostgreSQL where there is one (a second instead of twenty), else in memory. */
async function openOwnExpectations() {
  if (!hasOwnCluster && process.env['FIRSTLINE_TEST_DATABASE_URL'] === undefined) {
    const expectations = await openExpectations(undefined);
    return { expectations, close: () => expectations.close() };
  }
  const database = await openPostgres();
  const expectations = await openExpectations(database.url);
  return {
    expectations,
    async close() {
      await expectations.close();
      await database.close();
    },
  };
}

function scenario(name: string): string {
  return fileURLToPath(new URL(`./scenarios/${name}.xml`, import.meta.url));
}

/** One row a place; every fifth has no Geolocation header, and the Request-URI goes round the forms that callers use. */
function callRows(
  prefix: string,
  places: readonly Place[],
  civicCount: number,
  counties: readonly County[],
): readonly Row[] {
  const requestUris = [
    'urn:service:sos',
    'urn:service:sos',
    'sip:sos@carrier.example.net',
    'sip:911@carrier.example.net',
  ];
  return places.map((place, index) => {
    const name = `${prefix}${index}`;
    const civic = index < civicCount ? civicOf(place, counties) : undefined;
    const requestUri = requestUris[index % requestUris.length] ?? '';
    const header =
      index % 5 === 4 ? 'X-No-Geolocation: yes' : `Geolocation: <cid:${name}@caller.example.org>`;
    return {
      name,
      requestUri,
      expectedUser: `psap-${place.fips}`,
      fields: [requestUri, header, civic ?? pointInfo(place), name],
    };
  });
}

/** The county's own name as a civic address, where no other county of its state has the same name. */
function civicOf(place: Place, counties: readonly County[]): string | undefined {
  const stateOf = (fips: string) => fips.slice(0, 2);
  const own = counties.find((county) => county.fips === place.fips);
  const state = stateNames[stateOf(place.fips)];
  if (own === undefined || state === undefined) return undefined;
  const namesakes = counties.filter(
    (county) => stateOf(county.fips) === stateOf(place.fips) && county.name === own.name,
  );
  return namesakes.length === 1 ? civicInfo({ country: 'US', A1: state, A2: own.name }) : undefined;
}

/** Some states by their FIPS code; civic calls come from these. */
const stateNames: Readonly<Record<string, string>> = {
  '06': 'CA',
  '08': 'CO',
  '12': 'FL',
  '13': 'GA',
  '17': 'IL',
  '18': 'IN',
  '19': 'IA',
  '20': 'KS',
  '21': 'KY',
  '26': 'MI',
  '27': 'MN',
  '31': 'NE',
  '36': 'NY',
  '37': 'NC',
  '39': 'OH',
  '40': 'OK',
  '42': 'PA',
  '46': 'SD',
  '47': 'TN',
  '48': 'TX',
  '53': 'WA',
  '55': 'WI',
};

/** A line of the PSAP's log: Call-ID, From, Route and request line. */
function parseLog(line: string): {
  readonly name: string;
  readonly routeUser: string | undefined;
  readonly requestUri: string | undefined;
} {
  const [, from = '', route = '', requestLine = ''] = line.split(' | ');
  return {
    name: /<sip:([^@]*)@/.exec(from)?.[1] ?? line,
    routeUser: /^\s*<sip:([^@]*)@[^>]*;lr>/.exec(route)?.[1],
    requestUri: /^INVITE (\S+) SIP/.exec(requestLine)?.[1],
  };
}
