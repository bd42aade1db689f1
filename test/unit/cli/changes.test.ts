import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundaryFile, startTestServer, type TestServer } from '../http/test-server.ts';
import { type Ran, run } from './run.ts';

// firstline changes, against a real HTTP server over ports in memory.

let server: TestServer;
let folder: string;
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(join(tmpdir(), 'firstline-cli-'));
  await server.send('POST', '/api/v1/datasets?name=x', {
    headers: { 'content-type': 'application/geo+json' },
    body: JSON.stringify(boundaryFile(['a'])),
  });
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.stop();
});

function firstline(...words: readonly string[]): Promise<Ran> {
  return run(['--url', server.url, '--key', server.key, 'changes', ...words], { cwd: folder });
}

function write(...ids: readonly string[]): void {
  const { features } = boundaryFile(ids) as { readonly features: readonly object[] };
  const set = {
    type: 'FeatureCollection',
    features: features.map((feature) => ({ ...feature, action: 'add' })),
  };
  writeFileSync(join(folder, 'set.geojson'), JSON.stringify(set));
}

describe('firstline changes', () => {
  it('applies, lists and undoes sets', async () => {
    write('c', 'd');
    const applied = await firstline(
      'apply',
      'set.geojson',
      '--dataset',
      '1',
      '--note',
      'north',
      '--request-key',
      'k',
    );
    expect(applied).toEqual({
      code: 0,
      out: 'applied: set 1, 2 changes; dataset 1 is at revision 1\n',
      err: '',
    });
    expect(server.changes.asked[0]?.options).toMatchObject({
      note: 'north',
      requestKey: 'k',
      actor: { name: 'admin', via: 'cli' },
    });
    const listed = await firstline('list', '--dataset', '1', '--feature', 'c');
    expect(listed.code).toBe(0);
    expect(listed.out).toMatch(
      /^NO\tAT.*\n1\t\S+\tadmin\tapplied\tadd serviceBoundary c and 1 more\tnorth\n$/,
    );
    const undone = await firstline('undo', '1', '--dataset', '1', '--json');
    expect(JSON.parse(undone.out)).toMatchObject({ changeSet: { no: 1, undoneBy: 'admin' } });
    expect((await firstline('list', '--dataset', '1')).out).toContain('undone');
  });

  it('takes the active dataset where none is named', async () => {
    write('c');
    expect(await firstline('apply', 'set.geojson')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no dataset is active; name one by --dataset'),
    });
    await server.send('POST', '/api/v1/datasets/1/activate?unchecked=true');
    expect((await firstline('apply', 'set.geojson')).code).toBe(0);
    expect((await firstline('list', '--feature', 'nobody')).err).toContain('was not changed');
  });

  it('says what is refused, and what is in the way', async () => {
    write('refuse-me');
    const refused = await firstline('apply', 'set.geojson', '--dataset', '1');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('refused: 1\n  feature 1 (refuse-me): it is there\n');
    write('c');
    for (const _each of [1, 2]) await firstline('apply', 'set.geojson', '--dataset', '1');
    const early = await firstline('undo', '1', '--dataset', '1');
    expect(early.code).toBe(1);
    expect(early.err).toContain('set 2 changed c later; undo it first');
    expect((await firstline('apply', 'missing.geojson')).code).toBe(2);
    expect((await firstline('apply', 'set.geojson', '--invalid', 'keep')).code).toBe(2);
  });
});
