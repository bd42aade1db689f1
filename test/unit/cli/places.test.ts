import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shapeText } from '../../../src/cli/render/shape.ts';
import type { WireShape } from '../../../src/http/index.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { type Ran, type RunOptions, run } from './run.ts';

let server: TestServer;
let folder: string;
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(join(tmpdir(), 'firstline-cli-'));
  writeFileSync(join(folder, 'api-key'), `${server.key}\n`);
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function places(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const environment = { FIRSTLINE_URL: server.url, FIRSTLINE_DATA: folder };
  return await run(['places', ...words], { ...options, cwd: folder, environment });
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return name;
}

const lines = 'key,lat,lon,radiusM,A3\n+15551230100,29.76,-95.37,50,Houston\n+1555124*,29.8,-95.4,5000,\n';

describe('places', () => {
  it('loads a table, lists it and shows its rows', async () => {
    const loaded = await places(['load', 'number', file('lines.csv', lines)]);
    expect(loaded).toEqual({ code: 0, out: 'loaded: the number table has 2 rows now\n', err: '' });
    const list = await places(['list']);
    expect(list.out).toContain('number\t2\tlines.csv');
    const rows = await places(['show', 'number', '--limit', '1']);
    expect(rows.out).toContain('+15551230100\tcircle of 50 m around 29.76, -95.37\tA3 Houston');
    expect(rows.err).toContain("more: firstline places show number --after '+15551230100'");
    const more = await places(['show', 'number', '--after', '+15551230100', '--json']);
    expect(JSON.parse(more.out)).toMatchObject({ items: [{ key: '+1555124*' }] });
  });

  it('shows a progress bar on a terminal, and sends a file that ends in .gz as it is', async () => {
    const ran = await places(['load', 'number', file('lines.csv.gz', gzipSync(lines))], { isTerminal: true });
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('sending');
    expect(server.audit.rows.at(-1)).toMatchObject({ action: 'location.tableLoaded', via: 'cli' });
  });

  it('names each bad row and leaves with 1, or leaves them out where told to', async () => {
    const bad = file('bad.csv', 'key,lat,lon\n+15551230100,1,2\n5551,1,2\n+15551230101,north,2\n');
    const refused = await places(['load', 'number', bad]);
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toContain('refused: 2\n  line 3, column key: write a number with + and country code');
    expect(refused.err).toContain('line 4, column lat: must be decimal degrees');
    expect(refused.err).toContain('nothing was changed');
    const skipped = await places(['load', 'number', bad, '--skip-bad', '--merge']);
    expect(skipped.code).toBe(0);
    expect(skipped.out).toContain('left out: 2\n');
    const json = await places(['load', 'number', bad, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ refusedCount: 2 });
  });

  it('sets, shows and removes one row', async () => {
    const set = await places([
      ...['set', 'number', '+1 555 123 0100', '--lat', '29.76', '--lon', '-95.37', '--radius', '50'],
      ...['--civic', 'country=US,A1=TX'],
    ]);
    expect([set.code, set.err]).toEqual([0, '']);
    expect(set.out).toContain('circle of 50 m around 29.76, -95.37');
    const shown = await places(['show', 'number', '+15551230100']);
    expect(shown.out).toContain('US, A1 TX');
    const removed = await places(['remove', 'number', '+15551230100']);
    expect(removed.out).toBe('removed: +15551230100\n');
    const gone = await places(['remove', 'number', '+15551230100']);
    expect([gone.code, gone.out]).toEqual([1, '']);
    expect(gone.err).toContain('has no row');
    expect((await places(['show', 'number'])).err).toContain('firstline places load number <file.csv>');
  });

  for (const [name, words] of [
    ['no command of its own', []],
    ['another table', ['show', 'wifi']],
    ['a latitude alone', ['set', 'number', '+15551230100', '--lat', '1']],
    ['a radius alone', ['set', 'number', '+15551230100', '--radius', '1']],
    ['no place', ['set', 'number', '+15551230100']],
    ['a radius of nothing', ['set', 'number', '+1555', '--lat', '1', '--lon', '1', '--radius', '0']],
    ['no such file', ['load', 'cell', 'nowhere.csv']],
  ] as const) {
    it(`leaves with 2 for ${name}`, async () => {
      expect((await places(words)).code).toBe(2);
    });
  }

  it('leaves with 1 where a load is under way', async () => {
    server.locationTables.isBusy = true;
    const ran = await places(['load', 'number', file('lines.csv', lines)]);
    expect([ran.code, ran.out]).toEqual([1, '']);
    expect(ran.err).toContain('a load of the number table is under way');
  });
});

describe('a shape in words', () => {
  const center = { lat: 29.76, lon: -95.37 };
  const ring = [center, { lat: 29.8, lon: -95.37 }, { lat: 29.8, lon: -95.3 }, center];
  const shapes: readonly (readonly [WireShape, string])[] = [
    [{ kind: 'point', position: { ...center, altM: 12 } }, 'point 29.76, -95.37, 12 m above the ellipsoid'],
    [{ kind: 'circle', center, radiusM: 50.004 }, 'circle of 50 m around 29.76, -95.37'],
    [
      { kind: 'ellipse', center, semiMajorM: 30, semiMinorM: 12, orientationDeg: 45 },
      'ellipse 30 × 12 m, 45°, around 29.76, -95.37',
    ],
    [
      {
        kind: 'arcBand',
        center,
        innerRadiusM: 100,
        outerRadiusM: 900.5,
        startAngleDeg: 300,
        openingAngleDeg: 120,
      },
      'arc band from 100 m to 900.5 m, 300° to 60°, around 29.76, -95.37',
    ],
    [{ kind: 'polygon', exterior: ring, interiors: [] }, 'polygon of 3 corners from 29.76, -95.37'],
    [
      { kind: 'polygon', exterior: ring, interiors: [ring] },
      'polygon of 3 corners from 29.76, -95.37, 1 hole',
    ],
    [{ kind: 'sphere', center, radiusM: 5 }, 'sphere of 5 m around 29.76, -95.37'],
    [
      { kind: 'ellipsoid', center, semiMajorM: 7.7, semiMinorM: 3.31, verticalM: 28.7, orientationDeg: 90 },
      'ellipsoid 7.7 × 3.31 m, 28.7 m up and down, 90°, around 29.76, -95.37',
    ],
    [{ kind: 'prism', base: ring, heightM: 2.4 }, 'prism 2.4 m high over 3 corners from 29.76, -95.37'],
  ];
  it.each(shapes)('%o', (shape, text) => expect(shapeText(shape)).toBe(text));
});
