import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundaryFile, startTestServer, type TestServer } from '../http/test-server.ts';
import { type Ran, type RunOptions, run } from './run.ts';

let server: TestServer;
let folder: string;
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(join(tmpdir(), 'firstline-cli-'));
  writeFileSync(keyFile(), `${server.key}\n`);
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const keyFile = () => join(folder, 'api-key');

/** Runs a command against the test's server, its key in the key file. */
async function firstline(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const environment = { FIRSTLINE_URL: server.url, FIRSTLINE_DATA: folder, ...options.environment };
  return await run(words, { ...options, cwd: folder, environment });
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return name;
}

describe('route', () => {
  it('says where a call would go and why', async () => {
    const { code, out, err } = await firstline(['route', '29.76', '-95.37']);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')[0]).toBe('Harris County PSAP');
    expect(out).toContain('sip:48201@127.0.0.1:5070');
    expect(out).toContain('covers: boundary 48201 covers the point');
    expect(out).toContain('circle of 50 m around 29.76, -95.37, 12 m above the ellipsoid; US, A1 TX; by GPS');
    expect(out).toContain('polygon of 3 corners from 29.7, -95.4; 95 % sure (normal)');
    expect(out).toContain('chosen: body part 2; a location by value');
    expect(out).toContain(
      'notChosen: https://lis.example.net/loc/7; a location by value comes first (13 ms)',
    );
    expect(out).toContain(
      'eCall.MSD by value (part 1.3, application/emergencycalldata.ecall.msd, 140 bytes)',
    );
    expect(out).toContain('ProviderInfo by reference https://carrier.example/pi (Call-Info 2)');
    expect(out).toContain('srsName is missing (location.axisOrder)');
    expect(out).toContain('2. sip:default@127.0.0.1:5070');
    expect(out).toContain('Stages locate 0.20 ms, map 0.90 ms, decide 0.10 ms, 1.20 ms in all');
    expect(server.routes.queries[0]?.location).toEqual({
      kind: 'point',
      position: { lat: 29.76, lon: -95.37 },
    });
  });

  it('prints JSON', async () => {
    const { code, out } = await firstline(['route', '1', '2', '--service', 'urn:service:sos.fire', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ service: 'urn:service:sos.fire', mapping: { kind: 'mapped' } });
  });

  it.each([
    ['with commas between', ['--civic', 'country=us,A1=TX,A2=Fort Bend'], { A1: 'TX', A2: 'Fort Bend' }],
    [
      'with a comma in a value',
      ['--civic', 'country=US,LMK=Main, corner 5th,A1=TX'],
      { LMK: 'Main, corner 5th', A1: 'TX' },
    ],
    [
      'given twice, names in any case',
      ['--civic', 'country=US,a1=TX', '--civic', 'hno=12'],
      { A1: 'TX', HNO: '12' },
    ],
  ])('takes a civic address %s', async (_name, words, elements) => {
    const { code } = await firstline(['route', ...words]);
    expect(code).toBe(0);
    const location = server.routes.queries[0]?.location;
    expect(location).toMatchObject({ kind: 'civic', civic: { country: 'US' } });
    expect(location?.kind === 'civic' && Object.fromEntries(location.civic.elements)).toEqual(elements);
  });

  it('sends a location document as it is', async () => {
    const text = '<presence xmlns="urn:ietf:params:xml:ns:pidf"/>';
    const { code } = await firstline([
      'route',
      '--pidf',
      file('loc.xml', text),
      '--as-of',
      '2026-01-01T00:00:00Z',
    ]);
    expect(code).toBe(0);
    const query = server.routes.queries[0];
    expect(query?.asOf).toBe(Date.UTC(2026, 0, 1));
    expect(query?.location.kind === 'document' && Buffer.from(query.location.bytes).toString()).toBe(text);
  });

  it('colours a terminal, and nothing where NO_COLOR is set', async () => {
    const coloured = await firstline(['route', '1', '2'], { isTerminal: true });
    expect(coloured.out).toContain('\u001b[32m');
    const plain = await firstline(['route', '1', '2'], { isTerminal: true, environment: { NO_COLOR: '1' } });
    expect(plain.out).not.toContain('\u001b[');
  });
});

describe('datasets', () => {
  it('loads, activates, lists and rolls back', async () => {
    const first = await firstline([
      'load',
      file('first.geojson', JSON.stringify(boundaryFile(['a', 'b']))),
      '--activate',
    ]);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(
      /^loaded: dataset 1 "first", 2 boundaries\nchecked: dataset 1, 0 errors.*\n(?: .*\n)*active: dataset 1 "first", 2 boundaries\n$/,
    );
    const gzip = gzipSync(JSON.stringify(boundaryFile(['c'])));
    const second = await firstline(['load', file('second.geojson.gz', gzip), '--name', 'spring', '--repair']);
    expect(second.out).toContain('loaded: dataset 2 "spring", 1 boundaries');
    expect(second.out).toContain(
      'repaired: 1\nFEATURE\tID\tLAYER\tCODE\tWHAT\n1\tc\t\tstore.invalidGeometry\tself-intersection\n',
    );
    expect(second.out).toContain('firstline activate 2');

    await firstline(['check', '2']);
    expect((await firstline(['activate', '2'])).out).toContain('active: dataset 2 "spring"');
    const list = await firstline(['datasets']);
    expect(list.out.split('\n')[0]).toBe('ID\tSTATE\tBOUNDARIES\tNAME\tSOURCE\tLOADED\tBY\tACTIVATED');
    expect(list.out).toContain('2\tactive\t1\tspring\tsecond.geojson.gz\t');
    expect((await firstline(['rollback', '--json'])).out).toContain('"id": 1');
    expect((await firstline(['rollback'])).code).toBe(1);

    const audit = await firstline(['audit', '--limit', '1']);
    expect(audit.out).toContain('admin\tcli\tdataset.rolledBack');
    expect(audit.err).toContain('firstline audit --before');
  });

  it('lists and shows boundaries', async () => {
    await firstline(['load', file('x.json', JSON.stringify(boundaryFile(['a', 'b', 'c']))), '--activate']);
    const list = await firstline(['boundaries', '--limit', '2']);
    expect(list.out).toContain('a\tArea a\turn:service:sos\tsip:a@127.0.0.1:5070');
    expect(list.err).toBe('more: firstline boundaries --after b\n');
    expect(JSON.parse((await firstline(['boundaries', '--find', 'area c', '--json'])).out)).toMatchObject({
      type: 'FeatureCollection',
      features: [{ id: 'c', geometry: { type: 'MultiPolygon' } }],
    });
    expect((await firstline(['boundaries', 'b'])).out).toContain('1 polygon(s), 5 positions');
    expect(await firstline(['boundaries', 'nowhere'])).toMatchObject({ code: 1, out: '' });
  });

  it('names what was refused and why, by what is wrong', async () => {
    const text = JSON.stringify(boundaryFile(['a', 'b', 'b', 'd'])).replace('sip:a@', 'tel:');
    const ran = await firstline(['load', file('bad.geojson', text)]);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain('1\ta\tserviceBoundary\tload.uriInvalid\tServiceURI is no SIP URI');
    expect(ran.err).toContain('3\tb\tserviceBoundary\tload.idDuplicate\t');
    expect(ran.err).toContain('firstline: Load refused: 2 of 4 features cannot be used; nothing was changed');
    const json = await firstline(['load', 'bad.geojson', '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      refusedCount: 2,
      refused: [{ ordinal: 1 }, { ordinal: 3 }],
    });
    expect(server.boundaries.datasets.size).toBe(0);
  });

  it('shows a progress bar on a terminal only', async () => {
    const name = file('x.geojson', JSON.stringify(boundaryFile(['a'])));
    expect((await firstline(['load', name], { isTerminal: true })).err).toContain('sending');
    expect((await firstline(['load', name])).err).toBe('');
  });

  it('gets the answer of a server that refuses a large file at once', async () => {
    const name = file('large.geojson', 'x'.repeat(8_000_000));
    const ran = await firstline(['load', name, '--key', `fl_${'A'.repeat(43)}`]);
    expect(ran.err).toContain('API key required');
    expect(ran.code).toBe(77);
  });
});

describe('calls', () => {
  it('lists them', async () => {
    const { code, out, err } = await firstline(['calls', '--limit', '2']);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split('\t').slice(1, 5))).toMatchObject([
      ['STATE', 'STATUS', 'SERVICE', 'WENT TO'],
      ['ended', '200', 'urn:service:sos', 'Harris County PSAP'],
      ['answered', '200', 'urn:service:sos', 'Harris County PSAP'],
      [],
    ]);
    expect(err).toBe('older ones: firstline calls --before call-0002\n');
    const failed = await firstline(['calls', '--state', 'failed', '--json']);
    expect(JSON.parse(failed.out)).toMatchObject({ items: [{ id: 'call-0001' }] });
  });

  it('aligns columns on a terminal', async () => {
    const { out } = await firstline(['calls'], { isTerminal: true, environment: { NO_COLOR: '1' } });
    const [head = '', first = ''] = out.split('\n');
    expect(head.indexOf('STATE')).toBe(first.indexOf('ended'));
    expect(out).not.toContain('\t');
  });

  it('shows one with its decision trace', async () => {
    const { code, out } = await firstline(['calls', 'call-0003']);
    expect(code).toBe(0);
    for (const part of [
      'Call call-0003 ended',
      'urn:service:sos by serviceUrnInRequestUri: urn:service:sos',
      'covers: boundary 48201 covers the point',
      'no Geolocation header (esrp.noGeolocation)',
      '200 sip:48201@127.0.0.1:5070 via 127.0.0.1:5070;transport=udp, from 0.000 s, until 0.900 s',
      'Outcome 200, answered 1.000 s, ended 60.000 s after it came in',
    ]) {
      expect(out).toContain(part);
    }
    expect((await firstline(['calls', 'call-0001'])).out).toContain('no emergency call');
    expect(JSON.parse((await firstline(['calls', 'call-0003', '--json'])).out)).toMatchObject({
      id: 'call-0003',
    });
  });
});

describe('key rotate', () => {
  it('shows the new key, keeps it in the file with mode 0600, and ends the old one', async () => {
    const old = server.key;
    const { code, out, err } = await firstline(['key', 'rotate']);
    expect(code).toBe(0);
    expect(out).toMatch(/^fl_[A-Za-z0-9_-]{43}\n$/);
    expect(readFileSync(keyFile(), 'utf8')).toBe(out);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect(err).toContain('kept in');
    expect((await firstline(['calls'])).code).toBe(0);
    expect((await firstline(['calls', '--key', old])).code).toBe(77);
  });

  it('leaves a file alone that held another key', async () => {
    const other = `fl_${'B'.repeat(43)}`;
    file('api-key', other);
    const { code, err } = await firstline(['key', 'rotate', '--key', server.key]);
    expect(code).toBe(0);
    expect(err).toContain('not kept');
    expect(readFileSync(keyFile(), 'utf8')).toBe(other);
  });
});

describe('finding the server and the key', () => {
  it.each<[string, readonly string[], Record<string, string>, number, RegExp]>([
    ['a key that is not in force', [], { FIRSTLINE_API_KEY: `fl_${'A'.repeat(43)}` }, 77, /not in force/],
    ['no key at all', [], { FIRSTLINE_DATA: '/nonexistent' }, 77, /--key or FIRSTLINE_API_KEY/],
    ['a key of another form', ['--key', 'secret'], {}, 78, /--key holds no API key/],
    ['a URL that is none', ['--url', 'nowhere'], {}, 78, /not an http or https URL/],
    ['a URL of another kind', [], { FIRSTLINE_URL: 'ftp://x' }, 78, /not an http or https URL/],
    ['nobody there', ['--url', 'http://127.0.0.1:1'], {}, 69, /no server answers at http:\/\/127\.0\.0\.1:1/],
  ])('%s', async (_name, words, environment, code, text) => {
    const ran = await firstline(['calls', ...words], { environment });
    expect(ran.err).toMatch(text);
    expect(ran).toMatchObject({ code, out: '' });
  });

  it('the option wins over the environment, the environment over the file', async () => {
    const wrong = `fl_${'A'.repeat(43)}`;
    const environment = { FIRSTLINE_API_KEY: wrong, FIRSTLINE_URL: 'http://127.0.0.1:1' };
    const words = ['--url', server.url, '--key', server.key, 'calls'];
    expect((await firstline(words, { environment })).code).toBe(0);
    file('api-key', wrong);
    expect((await firstline(['calls'], { environment: { FIRSTLINE_API_KEY: server.key } })).code).toBe(0);
  });

  it('something else there', async () => {
    const other = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const ran = await firstline(['calls', '--url', `http://127.0.0.1:${port}`]);
    other.closeAllConnections();
    other.close();
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('no Firstline server');
  });
});

describe('wrong command lines', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['an unknown command', ['rute', '1', '2'], /unknown command 'rute'\n\(Did you mean route\?\)/],
    ['an unknown option', ['calls', '--limt', '3'], /unknown option '--limt'/],
    ['no place', ['route'], /give one place/],
    ['two places', ['route', '1', '2', '--civic', 'A1=TX'], /give one place/],
    ['half a point', ['route', '1'], /give one place/],
    ['no latitude', ['route', '91', '2'], /degrees from -90 to 90/],
    ['no number', ['route', 'x', '2'], /degrees/],
    ['no civic address', ['route', '--civic', 'nowhere'], /NAME=value/],
    ['an unknown element', ['route', '--civic', 'A9=x'], /NAME=value/],
    ['a document that is not there', ['route', '--pidf', 'none.xml'], /cannot read the document/],
    ['a file that is not there', ['load', 'none.geojson'], /cannot read the file/],
    ['a folder for a file', ['load', '.'], /is no file/],
    ['no count', ['calls', '--limit', '0'], /whole number from 1 to 500/],
    ['half a point for a call', ['call', '--lat', '1'], /go together/],
    ['no server for a call', ['call', '--server', 'a:b:c'], /host:port/],
    ['an unknown transport', ['call', '--transport', 'sctp'], /udp, tcp/],
  ])('%s: exit code 2', async (_name, words, text) => {
    const ran = await firstline(words);
    expect(ran.err).toMatch(text);
    expect(ran).toMatchObject({ code: 2, out: '' });
  });

  it('values that only the server knows to be wrong: exit code 1', async () => {
    const ran = await firstline(['calls', '--state', 'gone']);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('state');
  });

  it('nothing at all shows the help', async () => {
    const ran = await firstline([]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('Usage: firstline');
  });
});

describe('help and version', () => {
  it.each([['--help'], ['route', '--help'], ['key', 'rotate', '--help']])(
    '%s %s %s tells the exit codes',
    async (...words) => {
      const ran = await firstline(words);
      expect(ran.code).toBe(0);
      for (const code of ['0 ', '1 ', '2 ', '69', '77', '78']) expect(ran.out).toContain(`\n  ${code}`);
      expect(ran.out).toContain('--url');
    },
  );

  it('--version prints the version', async () => {
    expect(await firstline(['--version'])).toMatchObject({ code: 0, out: '0.1.0\n' });
  });

  it('openapi prints the document that the server serves', async () => {
    const served = await server.send('GET', '/api/v1/openapi.json', { key: undefined });
    expect(JSON.parse((await firstline(['openapi'])).out)).toEqual(served.json);
  });
});

describe("other people's text", () => {
  it('cannot drive the terminal', async () => {
    const name = file(
      'x.geojson',
      JSON.stringify(boundaryFile(['a'])).replace('Area a', 'Area \\u001b[2J\\u202e'),
    );
    await firstline(['load', name, '--activate']);
    const { out } = await firstline(['boundaries', 'a'], {
      isTerminal: true,
      environment: { NO_COLOR: '1' },
    });
    expect(out).toContain('Area \ufffd[2J\ufffd');
  });
});
