import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import {
  api,
  type BoundariesJson,
  type CallJson,
  count,
  eventually,
  type PageJson,
  type ProblemJson,
  type RouteJson,
  shownKey,
} from './api.ts';
import { civicInfo, invite, multipartBody, pidfLo, pointInfo } from './emergency.ts';
import { databaseKinds, describeWith, type TestDatabase } from './environment.ts';
import { listed, type Peer, type Received, response, udpPeer } from './peer.ts';

// The REST interface of a running server, with the key of its first start, and what it shows of calls that were placed.

const manhattan = { lat: 40.7484, lon: -73.9857 };
const manhattanPsap = 'psap-36061';

for (const kind of databaseKinds) {
  describeWith(`REST on ${kind.name}`, kind.needs, () => {
    let database: TestDatabase;
    let server: ServerProcess;
    let key: string;
    let caller: Peer;
    let psap: Peer;

    beforeAll(async () => {
      database = await kind.open();
      const [psapPort = 0] = await freePorts(1);
      server = await startServer({ databaseUrl: database.url, psapPort });
      caller = await udpPeer({ address: '127.0.0.1', port: server.sipPort });
      psap = await udpPeer({ address: '127.0.0.1', port: server.sipPort }, { port: psapPort });
      key = shownKey(server)?.key ?? '';
    });

    afterAll(async () => {
      await Promise.all([caller?.close(), psap?.close()]);
      await server?.stop();
      server?.remove();
      await database?.close();
    });

    /** Places a call, answers it, and resolves to what the PSAP was sent. */
    const answeredCall = async (options: Parameters<typeof invite>[1]): Promise<[string, Received]> => {
      const call = invite(caller, options);
      caller.send(call.bytes);
      const request = await psap.next(/^INVITE /);
      psap.send(
        response(request, '200 OK', { toTag: 'x', headers: [`Contact: <sip:p@127.0.0.1:${psap.port}>`] }),
      );
      await caller.next(/^SIP\/2\.0 200 /);
      return [call.callId, request];
    };
    const recordOf = async (sipCallId: string): Promise<CallJson> => {
      const [found] = await eventually(
        async () => {
          const page = await api<PageJson<CallJson>>(server, key, '/api/v1/calls?limit=100');
          return page.json.items.filter((item) => item.sipCallId === sipCallId);
        },
        (items) => items[0]?.state === 'answered',
      );
      return (await api<CallJson>(server, key, `/api/v1/calls/${found?.id}`)).json;
    };

    it('shows a key at the first start and keeps it in a file for its user alone', () => {
      const shown = shownKey(server);
      expect(shown?.key).toMatch(/^\S{20,}$/);
      const file = shown?.file ?? '';
      const path = isAbsolute(file) ? file : join(server.dataDir, file);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    });

    it.each([
      ['no key', undefined],
      ['another key', 'fl_0123456789012345678901234567890123456789'],
    ])('refuses who has %s, with a problem document', async (_name, other) => {
      const reply = await api(server, other, '/api/v1/calls');
      expect(reply.status).toBe(401);
      expect(reply.contentType).toMatch(/^application\/problem\+json/);
      expect(reply.json).toMatchObject({ status: 401 });
    });

    it('names all that is wrong in a question', async () => {
      const reply = await api<ProblemJson>(server, key, '/api/v1/route?lat=91&lon=east');
      expect(reply.status).toBe(400);
      expect(reply.json.errors.map((error) => error.path).sort()).toEqual(['lat', 'lon']);
    });

    it('tells where a call from a point would go, and why', async () => {
      const reply = await api<RouteJson>(
        server,
        key,
        `/api/v1/route?lat=${manhattan.lat}&lon=${manhattan.lon}`,
      );
      expect(reply.status).toBe(200);
      expect(reply.json.mapping).toMatchObject({ kind: 'mapped', rule: 'covers' });
      expect(reply.json.plan.targets[0]).toMatchObject({
        reason: 'mapped',
        uri: `sip:${manhattanPsap}@127.0.0.1:${server.psapPort}`,
      });
      expect(reply.json.plan.targets.at(-1)).toMatchObject({ reason: 'default' });
      expect(reply.json.stages.map((stage) => stage.stage)).toEqual(['locate', 'map', 'decide']);
      for (const stage of reply.json.stages) expect(stage.durationMs).toBeGreaterThanOrEqual(0);
    });

    it('tells where a call from a civic address would go', async () => {
      const reply = await api<RouteJson>(server, key, '/api/v1/route?country=US&A1=NY&A2=New%20York');
      expect(reply.json.mapping).toMatchObject({ kind: 'mapped', rule: 'areaName' });
      expect(reply.json.plan.targets[0]?.uri).toContain(manhattanPsap);
    });

    it.each([
      ['a point', pointInfo(manhattan)],
      ['a civic address', civicInfo({ country: 'US', A1: 'NY', A2: 'New York' })],
    ])('tells where a call with a document of %s would go', async (_name, info) => {
      const reply = await api<RouteJson>(server, key, '/api/v1/route', {
        body: pidfLo(info),
        contentType: 'application/pidf+xml',
      });
      expect(reply.json.plan.targets[0]?.uri).toContain(manhattanPsap);
    });

    it('lists boundaries and reads one as GeoJSON', async () => {
      const page = await api<BoundariesJson>(server, key, '/api/v1/boundaries?limit=3&geometry=false');
      expect(page.json.features).toHaveLength(3);
      const route = await api<RouteJson>(
        server,
        key,
        `/api/v1/route?lat=${manhattan.lat}&lon=${manhattan.lon}`,
      );
      const id: string = route.json.mapping.boundary.boundaryId;
      const one = await api(server, key, `/api/v1/boundaries/${encodeURIComponent(id)}`);
      expect(one.json).toMatchObject({ type: 'Feature', id, geometry: { type: 'MultiPolygon' } });
    });

    it('lists every county once', async () => {
      const ids: string[] = [];
      let after = '';
      do {
        const page = await api<BoundariesJson>(
          server,
          key,
          `/api/v1/boundaries?limit=1000&geometry=false${after}`,
        );
        ids.push(...page.json.features.map((boundary) => boundary.id));
        after = page.json.next === undefined ? '' : `&after=${encodeURIComponent(page.json.next)}`;
      } while (after !== '');
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toHaveLength(3_231);
    });

    it('changes nothing for a bad file and lists every refused feature', async () => {
      const before = await api(server, key, '/api/v1/datasets');
      const bowTie = [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ];
      const reply = await api<ProblemJson>(server, key, '/api/v1/datasets?name=bad&activate=true', {
        contentType: 'application/geo+json',
        body: JSON.stringify({
          type: 'FeatureCollection',
          features: [
            boundary('good', square(0, 0, 1), 'sip:good@127.0.0.1:5070'),
            boundary('crossed', [bowTie], 'sip:crossed@127.0.0.1:5070'),
            boundary('nowhere', square(0, 89, 5), 'sip:nowhere@127.0.0.1:5070'),
            boundary('nobody', square(2, 2, 1), 'no uri'),
          ],
        }),
      });
      expect(reply.status).toBe(422);
      expect(reply.json.refused.map((row) => row.ordinal)).toEqual([2, 3, 4]);
      for (const row of reply.json.refused) expect(row.reason).toMatch(/\w/);
      expect((await api(server, key, '/api/v1/datasets')).json).toEqual(before.json);
    });

    it('loads a file, activates it, and rolls it back; calls follow, and each step is audited', async () => {
      const loaded = await api<{ readonly dataset: { readonly id: number } }>(
        server,
        key,
        '/api/v1/datasets?name=island&source=island.geojson',
        {
          contentType: 'application/geo+json',
          body: JSON.stringify({
            type: 'FeatureCollection',
            features: [boundary('island', square(-74.1, 40.6, 0.3), `sip:island@127.0.0.1:${psap.port}`)],
          }),
        },
      );
      expect(loaded.status).toBe(201);
      const id: number = loaded.json.dataset.id;
      const options = { body: multipartBody(pointInfo(manhattan)) };
      const routeOf = async () => listed((await answeredCall(options))[1], 'Route')[0];
      expect(await routeOf()).toContain(`sip:${manhattanPsap}@`);
      expect(
        (await api(server, key, `/api/v1/datasets/${id}/activate?unchecked=true`, { method: 'POST' })).json,
      ).toMatchObject({
        id,
        state: 'active',
        boundaryCount: 1,
      });
      expect(await routeOf()).toContain('sip:island@');
      expect((await api(server, key, '/api/v1/datasets/rollback', { method: 'POST' })).status).toBe(200);
      expect(await routeOf()).toContain(`sip:${manhattanPsap}@`);
      const audit = await api<PageJson<{ readonly action: string; readonly actor: string }>>(
        server,
        key,
        '/api/v1/audit?limit=20',
      );
      const rows = audit.json.items;
      expect(rows.filter((row) => row.action.startsWith('dataset.')).slice(0, 4)).toMatchObject(
        ['dataset.rolledBack', 'dataset.activated', 'dataset.activatedUnchecked', 'dataset.loaded'].map(
          (action) => ({
            action,
            actor: 'local',
          }),
        ),
      );
    });

    it('shows a call’s record with the trace of its decision', async () => {
      const [sipCallId, request] = await answeredCall({ body: multipartBody(pointInfo(manhattan)) });
      const record = await recordOf(sipCallId);
      expect(record).toMatchObject({
        state: 'answered',
        statusCode: 200,
        method: 'INVITE',
        requestUri: 'urn:service:sos',
        recognition: { kind: 'emergency', rule: 'serviceUrnInRequestUri' },
        mapping: { kind: 'mapped', rule: 'covers' },
      });
      expect(record.stages.map((stage) => stage.stage)).toEqual([
        'recognise',
        'locate',
        'map',
        'decide',
        'forward',
      ]);
      expect(record.attempts).toMatchObject([{ statusCode: 200 }]);
      expect(listed(request, 'Call-Info').join()).toContain(record.emergencyCallId);
    });

    it('shows the warnings of a call that was routed although it was broken', async () => {
      const [sipCallId] = await answeredCall({
        body: multipartBody(pointInfo(manhattan)),
        replace: { 'Max-Forwards': 'Max-Forwards: many' },
      });
      const record = await recordOf(sipCallId);
      expect(record.warnings.map((warning) => warning.message).join()).toMatch(/Max-Forwards/i);
    });

    it('counts datagrams that are not SIP, drops them, and goes on', async () => {
      const noise = [
        Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
        Buffer.from(Array.from({ length: 1_200 }, (_, index) => (index * 37 + 11) % 256)),
        Buffer.from('\0\0\0\0'),
        Buffer.from('INVITE'),
        Buffer.from('SIP/2.0 \xff\xff\r\n\r\n', 'latin1'),
      ];
      const discarded = () => count(server, key, /strangers|discarded/i);
      const before = await discarded();
      const stranger = await udpPeer({ address: '127.0.0.1', port: server.sipPort });
      try {
        for (const datagram of noise) stranger.send(datagram);
        await answeredCall({ body: multipartBody(pointInfo(manhattan)) });
        await eventually(discarded, (now) => now - before >= noise.length);
        expect(stranger.all).toEqual([]);
      } finally {
        await stranger.close();
      }
    });

    it('serves its description and its health', async () => {
      const document = await api<{ readonly openapi: string }>(server, undefined, '/api/v1/openapi.json');
      expect(document.json.openapi).toMatch(/^3\.1\./);
      expect((await api(server, undefined, '/livez')).json).toMatchObject({ status: 'ok' });
      expect((await api(server, undefined, '/readyz')).json).toMatchObject({ status: 'ok' });
    });
  });
}

function square(west: number, south: number, size: number): number[][][] {
  const [east, north] = [west + size, south + size];
  return [
    [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ],
  ];
}

/** A boundary by the attribute names of NENA's service boundary layer. */
function boundary(id: string, coordinates: number[][][], uri: string): unknown {
  return {
    type: 'Feature',
    properties: { NGUID: id, DsplayName: `PSAP ${id}`, ServiceURN: 'urn:service:sos', ServiceURI: uri },
    geometry: { type: 'Polygon', coordinates },
  };
}
