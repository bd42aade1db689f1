import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { civicPidfExample } from '../../../src/http/operations/validate-examples.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { type Ran, run } from './run.ts';

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

async function validate(...words: readonly string[]): Promise<Ran> {
  const environment = { FIRSTLINE_URL: server.url, FIRSTLINE_DATA: folder };
  return await run(['validate', ...words], { cwd: folder, environment });
}

describe('validate', () => {
  it('says what is valid', async () => {
    const ran = await validate('country=US,A1=TX,RD=Main,UNIT=4');
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toMatch(/^valid as far as it was checked\n/);
    expect(ran.out).toMatch(/valid\s+country A1 RD\n/);
    expect(ran.out).toMatch(/unchecked\s+UNIT\n/);
    expect(ran.out).toMatch(/row\s+addressPoint point-1\n/);
  });

  it('says what is not, and what was likely meant', async () => {
    const ran = await validate('country=US,RD=Mian');
    expect(ran.out).toMatch(/^not valid\n/);
    expect(ran.out).toMatch(/similar\s+country=US, RD=Main\n/);
    expect((await validate('RD=Mian', '--similar', '0')).out).not.toContain('similar');
  });

  it('reads elements whose names have an underscore, and documents', async () => {
    const ran = await validate('UNIT_VALUE=4,RD=Main', '--json');
    expect(JSON.parse(ran.out)).toMatchObject({ valid: expect.arrayContaining(['UNIT_VALUE', 'RD']) });
    writeFileSync(join(folder, 'a.xml'), civicPidfExample);
    expect((await validate('--pidf', 'a.xml', '--as-of', '2031-01-01T00:00:00Z')).out).toMatch(/^not valid/);
  });

  it('fails for wrong words and answers', async () => {
    expect((await validate()).code).toBe(2);
    expect((await validate('A1=TX', '--pidf', 'a.xml')).code).toBe(2);
    expect((await validate('--pidf', 'none.xml')).err).toContain('cannot read the document');
    const none = await validate('A1=TX', '--dataset', '7');
    expect([none.code === 0, none.err]).toEqual([false, expect.stringContaining('there is no dataset 7')]);
  });
});
