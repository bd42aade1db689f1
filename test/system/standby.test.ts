import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PgCluster } from '../support/pg-cluster.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { api, eventually, type PageJson, shownKey } from './api.ts';
import { answerCall, closeEnds, type Ends, openEnds, place, routeThrough } from './ends.ts';
import { describeWith, openCluster } from './environment.ts';
import { listed } from './peer.ts';

// The standby index: calls go on by it while the database is away, and a server starts from its file without one.

interface HealthJson {
  readonly status: string;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

interface CallJson {
  readonly mapping?: {
    readonly detail: string;
    readonly answeredBy?: { readonly name: string; readonly why: string };
  };
}

describeWith('the standby index beside PostgreSQL', ['PostgreSQL'], () => {
  let cluster: PgCluster;
  let server: ServerProcess;
  let ends: Ends;
  let key = '';

  beforeAll(async () => {
    cluster = await openCluster();
    server = await startServer({ databaseUrl: await cluster.createDatabase('firstline') });
    key = shownKey(server)?.key ?? '';
  });

  beforeEach(async () => {
    ends = await openEnds(server);
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(server.output().slice(-6_000));
    await closeEnds(ends);
  });

  afterAll(async () => {
    await server?.stop();
    server?.remove();
    await cluster?.remove();
  });

  const metric = async (name: string): Promise<number> => {
    const { text } = await api(server, key, '/metrics');
    return Number(new RegExp(`^firstline_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  };
  const becomes = (name: string, wanted: number) =>
    eventually(
      () => metric(name),
      (value) => value === wanted,
      30_000,
    );
  const check = async (name: string) => {
    const { json } = await api<HealthJson>(server, undefined, '/readyz');
    return json.checks.find((each) => each.name === name);
  };

  it('is made of the active dataset, and the database answers', async () => {
    await becomes('standby_current', 1);
    expect(await metric('standby_boundaries')).toBe(3_231);
    expect(await routeThrough(ends)).toContain('sip:psap-36061@');
    expect(await metric('lookup_memory_answers')).toBe(0);
    expect(await check('standby')).toMatchObject({ ok: true });
    expect(await check('lookup')).toMatchObject({ ok: true, detail: 'answered' });
  });

  it('answers when the database is killed under calls, none of which takes the default route', async () => {
    const routes: string[] = [];
    for (let number = 0; number < 60; number += 1) {
      if (number === 20) await cluster.kill();
      routes.push(listed(await answerCall(ends, place(ends)), 'Route')[0] ?? '');
    }
    expect(routes.filter((route) => !route.includes('sip:psap-36061@'))).toEqual([]);
    const { status, json } = await api<HealthJson>(server, undefined, '/readyz');
    expect([status, json.status]).toEqual([200, 'degraded']);
    expect((await check('lookup'))?.detail).toContain('answered by the standby index');
  });

  it('is left when the database is well again, and the records say who answered', async () => {
    await cluster.start();
    await becomes('lookup_database_away', 0);
    const before = await metric('lookup_memory_answers');
    expect(before).toBeGreaterThanOrEqual(39);
    expect(await routeThrough(ends)).toContain('sip:psap-36061@');
    expect(await metric('lookup_memory_answers')).toBe(before);
    expect(await check('lookup')).toMatchObject({ ok: true });
    const page = await eventually(
      async () => (await api<PageJson<{ readonly id: string }>>(server, key, '/api/v1/calls?limit=100')).json,
      ({ items }) => items.length === 62,
      30_000,
    );
    const calls: CallJson[] = [];
    for (const { id } of page.items) {
      calls.push((await api<CallJson>(server, key, `/api/v1/calls/${id}`)).json);
    }
    const byMemory = calls.flatMap(({ mapping }) => (mapping?.answeredBy === undefined ? [] : [mapping]));
    expect(byMemory.length).toBeGreaterThanOrEqual(39);
    expect(byMemory.length).toBeLessThanOrEqual(40);
    for (const { detail } of byMemory) {
      expect(detail).toMatch(/the standby index answered: the database (is away|failed|took too long)/);
    }
  });

  const startAgain = async () => {
    const { psapPort, dataDir } = server;
    await closeEnds(ends);
    await server.stop();
    return async () => {
      const databaseUrl = cluster.url('firstline');
      server = await startServer({ databaseUrl, psapPort, dataDir, waitFor: 'livez' });
      ends = await openEnds(server);
    };
  };

  it('is there from its file where the database is away at the start', async () => {
    const start = await startAgain();
    await cluster.stop();
    await start();
    expect(await routeThrough(ends)).toContain('sip:psap-36061@');
    expect((await check('standby'))?.detail).toContain('from the file');
    await cluster.start();
    await becomes('standby_current', 1);
    expect((await check('standby'))?.detail).toContain('from the file');
  });

  it('is not taken from a damaged file, and made anew when the database is back', async () => {
    const start = await startAgain();
    await cluster.stop();
    const file = join(server.dataDir, 'standby', 'active.snapshot');
    const bytes = readFileSync(file);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await start();
    expect(await routeThrough(ends)).toContain('sip:default@');
    expect((await check('standby'))?.detail).toContain('checksum');
    await cluster.start();
    await becomes('standby_current', 1);
    expect((await check('standby'))?.detail).toContain('from the database');
    expect(readFileSync(file).equals(bytes)).toBe(false);
  });
});
