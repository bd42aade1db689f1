import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layerFinding, overlapFinding } from '../http/memory-review.ts';
import { boundaryFile, startTestServer, type TestServer } from '../http/test-server.ts';
import { type Ran, type RunOptions, run } from './run.ts';

// check, diff, shadow, datasets rm and activate, against a real HTTP server over ports in memory.

let server: TestServer;
let folder: string;
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(join(tmpdir(), 'firstline-cli-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.stop();
});

function firstline(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(['--url', server.url, '--key', server.key, ...words], { cwd: folder, ...options });
}

async function load(...ids: readonly string[]): Promise<void> {
  writeFileSync(join(folder, 'areas.geojson'), JSON.stringify(boundaryFile(ids)));
  expect((await firstline(['load', 'areas.geojson'])).code).toBe(0);
}

describe('firstline check', () => {
  it('lists what it found, and fails where there are errors', async () => {
    await load('a', 'b');
    server.review.findings = [overlapFinding, layerFinding];
    const ran = await firstline(['check', '1', '--min-area', '2.5', '--limit', '1']);
    expect(ran.code).toBe(1);
    expect(ran.out).toBe(
      'checked: dataset 1, 1 error, 0 warnings, 1 for information\n' +
        '  overlap 1, layerMissing 1\n' +
        'NO\tSEVERITY\tCODE\tFEATURE\tWHAT\n' +
        '1\terror\toverlap\ta\t"Area a" and "Area b" both have 2.00 km² for urn:service:sos\n',
    );
    expect(ran.err).toContain('there are more');
    expect(
      (await server.review.getCheck((await server.boundaries.listDatasets())[0]?.id ?? (0 as never)))
        ?.minAreaM2,
    ).toBe(2.5);
  });

  it('succeeds where there are none, and shows the newest check again', async () => {
    await load('a');
    expect((await firstline(['check', '1', '--last'])).code).toBe(1);
    expect((await firstline(['check', '1'])).code).toBe(0);
    const again = await firstline(['check', '1', '--last', '--severity', 'error']);
    expect(again.out).toContain('0 errors, 0 warnings, 1 for information');
    expect(again.out).not.toContain('SEVERITY');
  });

  it('prints JSON and GeoJSON', async () => {
    await load('a');
    server.review.findings = [overlapFinding];
    expect(JSON.parse((await firstline(['check', '1', '--json'])).out)).toMatchObject({
      report: { counts: { error: 1 } },
      findings: [{ code: 'overlap' }],
    });
    expect(JSON.parse((await firstline(['check', '1', '--geojson'])).out)).toMatchObject({
      type: 'FeatureCollection',
      features: [{ geometry: { type: 'Point' } }],
    });
  });

  it('waits until a check is over, and says why one failed', async () => {
    await load('a');
    server.review.isEndless = true;
    const checking = firstline(['check', '1'], { isTerminal: true });
    const [dataset] = await server.boundaries.listDatasets();
    while (dataset !== undefined && (await server.review.cancelCheck(dataset.id)) === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const ran = await checking;
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('check failed');
  });

  it.each([
    ['an area that is none', ['check', '1', '--min-area', 'much'], 2],
    ['a severity that is none', ['check', '1', '--severity', 'bad'], 2],
    ['a dataset that is not there', ['check', '9'], 1],
  ])('refuses %s', async (_name, words, code) => {
    expect((await firstline(words)).code).toBe(code);
  });
});

describe('firstline activate', () => {
  it('wants a check, or to be told that none is wanted', async () => {
    await load('a');
    const refused = await firstline(['activate', '1']);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('Not checked');
    expect((await firstline(['activate', '1', '--unchecked'])).out).toContain('active: dataset 1');
    await load('b');
    await firstline(['check', '2']);
    expect((await firstline(['activate', '2'])).code).toBe(0);
  });
});

describe('firstline datasets rm', () => {
  it('removes what is not active', async () => {
    await load('a');
    await load('b');
    await load('c');
    await firstline(['activate', '1', '--unchecked']);
    const ran = await firstline(['datasets', 'rm', '2', '3']);
    expect(ran).toMatchObject({ code: 0, out: 'removed: dataset 2 "areas"\nremoved: dataset 3 "areas"\n' });
    expect((await firstline(['datasets'])).out.trim().split('\n')).toHaveLength(2);
    expect((await firstline(['datasets', 'rm', '1'])).err).toContain('Dataset active');
  });
});

describe('firstline diff', () => {
  it('shows counts, changes and where points would go', async () => {
    await load('a');
    await load('a', 'b');
    await firstline(['activate', '1', '--unchecked']);
    const ran = await firstline(['diff', '2', '--sample', '3']);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('from dataset 1 to dataset 2');
    expect(ran.out).toContain('serviceBoundary\t1\t0\t0\t1');
    expect(ran.out).toContain('added\tserviceBoundary\tb\t\t0.0000');
    expect(ran.out).toContain('3 of 3 calls would go elsewhere: 3 to another PSAP, 0 to the default route');
    expect(ran.out).toContain('3\tsip:psap-1@127.0.0.1:5070\tsip:psap-2@127.0.0.1:5070');
    expect(JSON.parse((await firstline(['diff', '2', '--with', '1', '--json'])).out)).toMatchObject({
      from: 1,
    });
  });
});

describe('firstline shadow', () => {
  it('compares recorded calls', async () => {
    await load('a');
    await load('b');
    await firstline(['activate', '1', '--unchecked']);
    const ran = await firstline(['shadow', '2'], { isTerminal: true, environment: { NO_COLOR: '1' } });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('dataset 2 beside dataset 1, calls from records');
    expect(ran.out).toContain('2 of 2 calls would go elsewhere');
    expect(ran.out).toMatch(/call-0003 +urn:service:sos +PSAP of 1 +PSAP of 2/);
  });

  it('compares calls that are made up, each time the same', async () => {
    await load('a');
    await load('b');
    await load('c');
    const words = ['shadow', '1', '--with', '3', '--from', 'border', '--count', '5', '--seed', '9', '--json'];
    const [first, second] = [await firstline(words), await firstline(words)];
    expect(JSON.parse(first.out)).toMatchObject({ seed: 9, summary: { total: 5, gained: 5 } });
    expect(JSON.parse(second.out).summary).toEqual(JSON.parse(first.out).summary);
    expect((await firstline(['shadow', '1', '--with', '3', '--from', 'border'])).out).toContain(
      'default route',
    );
  });

  it.each([
    ['a source that is none', ['shadow', '1', '--from', 'nowhere'], 2],
    ['a count that is none', ['shadow', '1', '--count', '1e9'], 2],
    ['the active dataset, where there is none', ['shadow', '1'], 1],
  ])('refuses %s', async (_name, words, code) => {
    await load('a');
    expect((await firstline(words)).code).toBe(code);
  });
});
