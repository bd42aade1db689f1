import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import type { PgCluster } from '../support/pg-cluster.ts';
import { runProgram, type ServerProcess, startServer } from '../support/server-process.ts';
import { api, eventually, type PageJson, shownKey } from './api.ts';
import { answerCall, closeEnds, type Ends, openEnds, place, routeOf, routeThrough } from './ends.ts';
import { databaseKinds, describeWith, openCluster, type TestDatabase } from './environment.ts';
import { listed, response, value } from './peer.ts';

// Stopping, crashing and starting again, and a database that goes away: what was stored stays, and calls get through.

/** Far above what a later start takes by itself; the machine may have other work. */
const laterStartMaxMs = 20_000;
const drainMs = 20_000;

for (const kind of databaseKinds) {
  describeWith(`starting again on ${kind.name}`, kind.needs, () => {
    let database: TestDatabase;
    let server: ServerProcess;
    let psapPort = 0;
    let key = '';
    let dataDir = '';

    beforeAll(async () => {
      database = await kind.open();
      [psapPort = 0] = await freePorts(1);
      server = await startServer({ databaseUrl: database.url, psapPort });
      dataDir = server.dataDir;
      key = shownKey(server)?.key ?? '';
    });

    afterAll(async () => {
      await server?.stop();
      server?.remove();
      await database?.close();
    });

    const again = () =>
      startServer({
        databaseUrl: database.url,
        psapPort,
        dataDir,
        environment: { FIRSTLINE_SHUTDOWN_DRAIN_MS: String(drainMs) },
      });

    it('the first start is ready soon and shows the key once', async () => {
      console.info(`${kind.name}: first start ready after ${Math.round(server.readyMs)} ms`);
      expect(key).not.toBe('');
      expect(await routeOf(server)).toContain('sip:psap-36061@');
    });

    it('a stop in order ends with code 0, and a later start is quick and shows no key', async () => {
      expect(await server.stop()).toBe(0);
      server = await again();
      console.info(`${kind.name}: later start ready after ${Math.round(server.readyMs)} ms`);
      expect(server.readyMs).toBeLessThan(laterStartMaxMs);
      expect(server.output()).not.toContain(key);
      expect(server.output()).not.toMatch(/demo data|creating/);
      expect(shownKey(server)).toBeUndefined();
    });

    it('data, records and key are still there', async () => {
      expect(await routeOf(server)).toContain('sip:psap-36061@');
      const datasets = await api<PageJson<unknown>>(server, key, '/api/v1/datasets');
      expect(datasets.json.items).toHaveLength(1);
      expect(datasets.json.items[0]).toMatchObject({ state: 'active', boundaryCount: 3_231 });
      await eventually(
        async () => (await api<PageJson<unknown>>(server, key, '/api/v1/calls')).json.items.length,
        (length) => length >= 2,
      );
    });

    it('after a crash it starts again with all that was stored', async () => {
      await server.kill();
      server = await again();
      expect(server.readyMs).toBeLessThan(laterStartMaxMs);
      expect(await routeOf(server)).toContain('sip:psap-36061@');
      expect(
        (await api<PageJson<unknown>>(server, key, '/api/v1/calls')).json.items.length,
      ).toBeGreaterThanOrEqual(1);
    });

    it('asked to stop it refuses new calls and finishes the one in set-up', async () => {
      const ends = await openEnds(server);
      try {
        const open = place(ends);
        const request = await ends.psap.next(/^INVITE /);
        ends.psap.send(response(request, '180 Ringing', { toTag: 'x' }));
        await ends.caller.next(/^SIP\/2\.0 180 /);
        server.signal('SIGTERM');
        await eventually(
          async () => server.output(),
          (output) => output.includes('SIGTERM'),
        );
        const late = place(ends);
        const refusal = await ends.caller.next(/^SIP\/2\.0 503 /);
        expect(value(refusal, 'Call-ID')).toBe(late.callId);
        expect(Number(value(refusal, 'Retry-After'))).toBeGreaterThan(0);
        const contact = `Contact: <sip:p@127.0.0.1:${psapPort}>`;
        ends.psap.send(response(request, '200 OK', { toTag: 'x', headers: [contact] }));
        const ok = await ends.caller.next(/^SIP\/2\.0 200 /);
        expect(value(ok, 'Call-ID')).toBe(open.callId);
        const answeredAt = performance.now();
        expect(await server.exited).toBe(0);
        // An answered call is set up: nothing is left to wait for.
        expect(performance.now() - answeredAt).toBeLessThan(drainMs / 2);
      } finally {
        await closeEnds(ends);
      }
      server = await again();
    });
  });
}

describe('a folder in use', () => {
  it('is refused to a second server, and the first one goes on', async () => {
    const server = await startServer();
    try {
      const second = await runProgram(['serve', '--config', server.configFile], {
        cwd: server.dataDir,
        timeoutMs: 30_000,
      });
      expect(second.exitCode).not.toBe(0);
      expect(second.exitCode).not.toBeNull();
      expect(second.stderr).toMatch(/lock|in use|another/i);
      expect(await routeOf(server)).toContain('sip:psap-36061@');
    } finally {
      await server.stop();
      server.remove();
    }
  });
});

// Without the standby index, which standby.test.ts has.
const withoutStandby = { lookup: { standby: false } };

describeWith('PostgreSQL that goes away', ['PostgreSQL'], () => {
  let cluster: PgCluster;
  let server: ServerProcess;
  let ends: Ends;

  beforeAll(async () => {
    cluster = await openCluster();
    const url = await cluster.createDatabase('firstline');
    server = await startServer({ databaseUrl: url, config: withoutStandby });
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

  it('under load: every call gets through, at the latest by the default route', async () => {
    const routes: string[] = [];
    for (let number = 0; number < 60; number++) {
      if (number === 20) await cluster.kill();
      const call = place(ends);
      routes.push(listed(await answerCall(ends, call), 'Route')[0] ?? '');
    }
    expect(routes.slice(0, 20).every((route) => route.includes('sip:psap-36061@'))).toBe(true);
    expect(routes.slice(20).every((route) => /sip:(?:psap-36061|default)@/.test(route))).toBe(true);
    expect(routes.at(-1)).toContain('sip:default@');
    const ready = await api(server, undefined, '/readyz');
    expect([ready.status, ready.json]).toMatchObject([200, { status: 'degraded' }]);
  });

  it('and comes back: calls are mapped again and records are written', async () => {
    await cluster.start();
    const key = shownKey(server)?.key ?? '';
    await eventually(
      () => routeThrough(ends),
      (route) => route.includes('sip:psap-36061@'),
      30_000,
    );
    const call = place(ends);
    await answerCall(ends, call);
    await eventually(
      async () => (await api(server, key, '/api/v1/calls')).text,
      (text) => text.includes(call.callId),
      30_000,
    );
  });

  it('and is away at a start: calls take the default route until it is back', async () => {
    const { psapPort, dataDir } = server;
    await closeEnds(ends);
    await server.stop();
    await cluster.stop();
    server = await startServer({
      databaseUrl: cluster.url('firstline'),
      psapPort,
      dataDir,
      config: withoutStandby,
      waitFor: 'livez',
    });
    ends = await openEnds(server);
    expect(await routeThrough(ends)).toContain('sip:default@');
    await cluster.start();
    await eventually(
      () => routeThrough(ends),
      (route) => route.includes('sip:psap-36061@'),
      30_000,
    );
  });
});
