import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { type HeldServer, startHeldServer } from '../support/held-server.ts';
import { type DnsAnswer, startDns, type TestDns } from '../support/net-dns.ts';
import { type Authority, type MadeCertificate, makeAuthority } from '../support/net-tls.ts';
import { vectorsFolder } from '../support/sip-builders.ts';
import { api, count, eventually } from './api.ts';
import { invite, multipartBody, pointInfo } from './emergency.ts';
import {
  findServiceAt,
  type LostProcess,
  lostAnswer,
  post,
  postTls,
  said,
  startLostServer,
} from './lost-servers.ts';
import { type Peer, response, udpPeer, value } from './peer.ts';

// A forest of three real servers: a guide without boundaries of its own, one server that shares its coverage with the guide,
// one that answers listed clients alone and over mutual TLS. Every answer is held to the RELAX NG schema of RFC 5222.

const eastUri = 'sip:east@127.0.0.1';
/** In seconds: the answers of the west are over soon. */
const westExpiresS = 2;

interface Forest {
  readonly guide: LostProcess;
  readonly east: LostProcess;
  readonly west: LostProcess;
  readonly eastPort: number;
  readonly westPort: number;
  readonly psapPort: number;
  readonly authority: Authority;
  readonly stranger: MadeCertificate;
  readonly liar: HeldServer;
  readonly dns: TestDns;
  stop(): Promise<void>;
}

async function startForest(): Promise<Forest> {
  const [eastPort = 0, westPort = 0, guidePort = 0, deadPort = 0, psapPort = 0] = await freePorts(5);
  const authority = await makeAuthority();
  const own = await authority.issue({ altNames: ['IP:127.0.0.1', 'DNS:west.example'] });
  const client = await authority.issue({ altNames: ['DNS:guide.example'] });
  const stranger = await authority.issue({ altNames: ['DNS:stranger.example'] });
  const liar = await startHeldServer(authority, { behaviours: {}, isPlain: true });
  const naptr = `100 10 u LoST:http !.*!http://127.0.0.1:${eastPort}/lost! -`;
  const zone: Readonly<Record<string, DnsAnswer>> = { 'found.example': { naptr: [naptr] } };
  const dns = await startDns(zone);
  const guideUri = `http://127.0.0.1:${guidePort}/lost`;
  const started = await Promise.allSettled([
    startLostServer(
      [
        { id: 'east', box: [0, 0, 5, 10], uri: eastUri, country: 'US', a1: 'NY', a3: 'Eastville' },
        { id: 'found', box: [35, 0, 36, 10], uri: 'sip:found@127.0.0.1' },
        {
          id: 'police',
          box: [-123, 37, -122, 38],
          urn: 'urn:service:sos.police',
          uri: 'sip:nypd@example.com',
        },
        { id: 'illawarra', box: [150, -35, 151, -34], uri: 'sip:illawarra@example.com' },
        {
          id: 'bavaria',
          box: [11, 48, 12, 49],
          urn: 'urn:service:sos.police',
          uri: 'sip:munich-police@example.com',
          country: 'DE',
          a1: 'Bavaria',
          a3: 'Munich',
        },
        {
          id: 'no-mountain',
          box: [0, 0, 5, 10],
          urn: 'urn:service:sos.mountain',
          uri: 'urn:emergency:servicenotimplemented',
        },
      ],
      {
        moreHttp: [{ address: '127.0.0.1', port: eastPort }],
        config: {
          lost: {
            name: 'east.example',
            lookupsMax: 2,
            concurrentMax: 100,
            servers: { 'guide.example': { uri: guideUri, role: 'parent' } },
            clients: { guide: { networks: ['127.0.0.1/32'], sync: 'read' } },
            sync: {
              offers: 'coverage',
              coverage: [{ service: 'urn:service:sos', regions: [{ polygon: box(0, 0, 10, 10) }] }],
            },
          },
        },
      },
    ),
    startLostServer([{ id: 'west', box: [-10, 0, -5, 10], uri: `sip:west@127.0.0.1:${psapPort}` }], {
      moreHttp: [{ address: '127.0.0.1', port: westPort, tls: 'lost' }],
      config: {
        sip: {
          tls: {
            lost: {
              certificateFile: own.certificateFile,
              keyFile: own.keyFile,
              caFile: authority.caFile,
              clientCertificate: 'require',
            },
          },
        },
        lost: {
          name: 'west.example',
          access: 'listed',
          expiresS: westExpiresS,
          clients: {
            guide: { certificateNames: ['guide.example'] },
            console: { bearerTokens: ['a-token-of-sixteen-characters'], services: ['urn:service:sos.fire'] },
          },
        },
      },
    }),
    startLostServer([], {
      moreHttp: [{ address: '127.0.0.1', port: guidePort }],
      defaultRouteUri: `sip:last-resort@127.0.0.1:${psapPort}`,
      config: {
        sip: { nameServers: [dns.address] },
        routing: { lookupDeadlineMs: 900, defaultRouteUri: `sip:last-resort@127.0.0.1:${psapPort}` },
        lost: {
          name: 'guide.example',
          deadlineMs: 2_000,
          outbound: {
            networks: ['127.0.0.1/32'],
            plainHttp: true,
            tls: {
              caFile: authority.caFile,
              certificateFile: client.certificateFile,
              keyFile: client.keyFile,
            },
          },
          servers: {
            'east.example': { uri: `http://127.0.0.1:${eastPort}/lost` },
            'west.example': {
              uri: `https://127.0.0.1:${westPort}/lost`,
              coverage: [{ polygon: box(-10, 0, 0, 10) }],
            },
            'dead.example': {
              uri: `http://127.0.0.1:${deadPort}/lost`,
              coverage: [{ polygon: box(20, 0, 30, 10) }],
            },
            'found.example': { coverage: [{ polygon: box(30, 0, 40, 10) }] },
            'gone.example': { coverage: [{ polygon: box(40, 0, 50, 10) }] },
            'liar.example': { uri: liar.uri('/lost'), coverage: [{ polygon: box(50, 0, 60, 10) }] },
          },
          client: { use: 'after', servers: ['liar.example', 'west.example'] },
          sync: { sources: ['east.example'], intervalS: 1 },
        },
      },
    }),
  ]);
  const [east, west, guide] = started.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
  if (east === undefined || west === undefined || guide === undefined) {
    await Promise.all([east?.stop(), west?.stop(), guide?.stop()]);
    throw new Error(
      JSON.stringify(started.map((each) => ('reason' in each ? String(each.reason) : 'started'))),
    );
  }
  return {
    guide,
    east,
    west,
    eastPort,
    westPort,
    psapPort,
    authority,
    stranger,
    liar,
    dns,
    stop: async () => {
      await Promise.all([guide.stop(), east.stop(), west.stop()]);
      await liar.close();
      await dns.close();
      authority.remove();
    },
  };
}

function box(west: number, south: number, east: number, north: number): readonly (readonly number[])[] {
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
  ];
}

describe('LoST between servers', () => {
  let forest: Forest;

  beforeAll(async () => {
    forest = await startForest();
    // The guide knows whom to ask for the east when that has shared its coverage.
    await eventually(
      () => ask([1, 1], 'recursive="false"'),
      (answer) => JSON.stringify(answer).includes('east.example'),
      60_000,
    );
  }, 400_000);

  afterAll(async () => {
    await forest?.stop();
  }, 60_000);

  const ask = async (place: readonly [number, number], attributes?: string) =>
    said(
      lostAnswer(
        await post(
          forest.guide.server.httpPort,
          findServiceAt(place, attributes === undefined ? {} : { attributes }),
        ),
      ),
    );

  it('is recursive over mutual TLS', async () => {
    expect(await ask([-7, 5])).toEqual({
      uris: [`sip:west@127.0.0.1:${forest.psapPort}`],
      path: ['guide.example', 'west.example'],
    });
  });

  it('goes by coverage that was shared', async () => {
    expect(await ask([1, 1])).toEqual({ uris: [eastUri], path: ['guide.example', 'east.example'] });
  });

  it('redirects who does not want recursion', async () => {
    expect(await ask([1, 1], '')).toEqual({ redirect: 'east.example', source: 'guide.example' });
    expect(await ask([-7, 5], 'recursive="false"')).toEqual({
      redirect: 'west.example',
      source: 'guide.example',
    });
  });

  it('finds a server by its name', async () => {
    expect(await ask([35.5, 5])).toEqual({
      uris: ['sip:found@127.0.0.1'],
      path: ['guide.example', 'east.example'],
    });
    expect(forest.dns.queries).toContain('found.example NAPTR');
    expect(await ask([45, 5])).toMatchObject({ errors: ['serverTimeout'] });
  });

  it('does not go in a circle', async () => {
    // The east asks the guide for what it does not serve, and the guide would ask the east.
    const reply = await post(forest.eastPort, findServiceAt([7, 5]));
    expect(said(lostAnswer(reply))).toMatchObject({ errors: ['notFound'] });
    const again = await post(forest.eastPort, findServiceAt([7, 5], { path: ['a.example', 'east.example'] }));
    expect(said(lostAnswer(again))).toEqual({ errors: ['loop'], source: 'east.example' });
  });

  it('says that a server is away, in time', async () => {
    const start = performance.now();
    expect(await ask([25, 5])).toEqual({ errors: ['serverTimeout'], source: 'guide.example' });
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  it.each([
    ['a web page', { kind: 'text', body: '<html><body>hi' }, 'serverError'],
    ['garbage', { kind: 'garbage', bytes: 'SSH-2.0-x\r\n\r\n' }, 'serverTimeout'],
    ['a LoST document that is no answer', { kind: 'text', body: findServiceAt([1, 1]) }, 'serverError'],
    ['an error of HTTP', { kind: 'text', statusCode: 500, body: '' }, 'serverTimeout'],
    ['nothing', { kind: 'silent' }, 'serverTimeout'],
    ['a byte now and then', { kind: 'trickle' }, 'serverTimeout'],
    ['bytes without end', { kind: 'endless' }, 'serverTimeout'],
    ['half an answer', { kind: 'breakOff', afterBytes: 50 }, 'serverTimeout'],
  ] as const)('takes %s of another server for no answer', async (_, behaviour, error) => {
    forest.liar.behaviours.set('/lost', behaviour);
    const start = performance.now();
    expect(await ask([55, 5])).toEqual({ errors: [error], source: 'guide.example' });
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  it('turns away who shows no certificate, and who is not listed', async () => {
    const { authority, stranger, west, westPort } = forest;
    const question = findServiceAt([-7, 5]);
    await expect(postTls(westPort, question, { ca: authority.ca })).rejects.toThrow();
    const unlisted = await postTls(westPort, question, { ca: authority.ca, certificate: stranger });
    expect(said(lostAnswer(unlisted))).toEqual({ errors: ['forbidden'], source: 'west.example' });
    const unknown = await post(west.server.httpPort, question);
    expect(unknown.status).toBe(401);
    expect(unknown.contentType).toBe('application/problem+json');
  });

  it('answers a credential by its rights', async () => {
    const token = 'a-token-of-sixteen-characters';
    const { httpPort } = forest.west.server;
    const all = await post(httpPort, findServiceAt([-7, 5]), { token });
    expect(said(lostAnswer(all))).toMatchObject({ errors: ['forbidden'] });
    const list = '<listServices xmlns="urn:ietf:params:xml:ns:lost1"/>';
    expect(lostAnswer(await post(httpPort, list, { token }))).toMatchObject({ services: [] });
  });

  it('shares nothing with who is not listed for it', async () => {
    const request = '<getMappingsRequest xmlns="urn:ietf:params:xml:ns:lostsync1"/>';
    const refused = lostAnswer(await post(forest.guide.server.httpPort, request));
    expect(said(refused)).toMatchObject({ errors: ['forbidden'] });
    const given = lostAnswer(await post(forest.eastPort, request), 'sync');
    expect(given).toMatchObject({
      kind: 'getMappingsResponse',
      changes: [{ mapping: { source: 'east.example', uris: [] } }],
    });
  });

  describe('and a call whose place another ECRF serves', () => {
    let caller: Peer;
    let psap: Peer;

    beforeAll(async () => {
      caller = await udpPeer({ address: '127.0.0.1', port: forest.guide.server.sipPort });
      psap = await udpPeer(
        { address: '127.0.0.1', port: forest.guide.server.sipPort },
        { port: forest.psapPort },
      );
    });

    afterAll(async () => {
      await Promise.all([caller.close(), psap.close()]);
    });

    async function call(lon: number): Promise<{ readonly route: string; readonly durationMs: number }> {
      const placed = invite(caller, { body: multipartBody(pointInfo({ lat: 5, lon })) });
      const start = performance.now();
      caller.send(placed.bytes);
      let request = await psap.next(/^INVITE /, 5_000);
      // A refused call goes on to the last resort, which is here too: what is left of earlier calls is refused as well.
      for (;;) {
        psap.send(response(request, '486 Busy Here', { toTag: 'p' }), request.source);
        if (value(request, 'Call-ID') === placed.callId) break;
        request = await psap.next(/^INVITE /, 5_000);
      }
      const durationMs = performance.now() - start;
      const [, route = ''] = /^Route: <([^;>]+)/m.exec(request.bytes.toString('latin1')) ?? [];
      return { route: route.replace(/:\d+$/, ''), durationMs };
    }

    it.each([
      ['is not there', { kind: 'text', statusCode: 404, body: '' }],
      ['says nothing', { kind: 'silent' }],
      ['lies', { kind: 'text', body: '<findServiceResponse xmlns="urn:ietf:params:xml:ns:lost1"/>' }],
      ['never ends', { kind: 'endless' }],
    ] as const)('gets there though the first server asked %s', async (_, behaviour) => {
      forest.liar.behaviours.set('/lost', behaviour);
      const lon = -6 - Math.random();
      const { route, durationMs } = await call(lon);
      expect(route).toBe('sip:west@127.0.0.1');
      expect(durationMs).toBeLessThan(2_500);
    });

    it('says who answered', async () => {
      const body = JSON.stringify({ service: 'urn:service:sos', location: { lat: 5, lon: -7.25 } });
      const reply = await api<{ readonly mapping: object }>(
        forest.guide.server,
        forest.guide.key,
        '/api/v1/route',
        {
          body,
          contentType: 'application/json',
        },
      );
      expect(reply.json.mapping).toMatchObject({
        kind: 'mapped',
        answeredBy: { name: 'lost', why: 'unserved', server: 'west.example' },
        boundary: { boundaryId: 'west.example/west' },
      });
    });
  });

  describe('where a server goes away', () => {
    it('answers by what is known of it, with its own time on it', async () => {
      const place = [-8.5, 2.5] as const;
      const expected = { uris: [`sip:west@127.0.0.1:${forest.psapPort}`] };
      expect(await ask(place)).toMatchObject(expected);
      await forest.west.server.kill();
      const stale = await eventually(
        async () => lostAnswer(await post(forest.guide.server.httpPort, findServiceAt(place))),
        (answer) => {
          const [mapping] = answer.kind === 'findServiceResponse' ? answer.mappings : [];
          return typeof mapping?.expires === 'object' && mapping.expires.ms < Date.now() - 500;
        },
        15_000,
      );
      expect(said(stale)).toMatchObject(expected);
      // What was never asked is not known.
      expect(await ask([-9.5, 7.5])).toMatchObject({ errors: ['serverTimeout'] });
    }, 60_000);
  });
});

describe('LoST over the wire', () => {
  let forest: Awaited<ReturnType<typeof startAlone>>;

  async function startAlone() {
    const [psapPort = 0] = await freePorts(1);
    const lost = await startLostServer(
      [
        {
          id: 'police',
          box: [-123, 37, -122, 38],
          urn: 'urn:service:sos.police',
          uri: 'sip:nypd@example.com',
        },
        { id: 'east', box: [0, 0, 5, 10], uri: `sip:east@127.0.0.1:${psapPort}` },
        {
          id: 'fire',
          box: [0, 0, 5, 10],
          urn: 'urn:service:sos.fire',
          uri: 'sip:fire@127.0.0.1',
          expire: '2099-01-01T00:00:00Z',
        },
        {
          id: 'wollongong',
          box: [150, -35, 151, -34],
          urn: 'urn:service:sos.marine',
          uri: 'sip:sea@example.com',
        },
        {
          id: 'bavaria',
          box: [11, 48, 12, 49],
          urn: 'urn:service:sos.police',
          uri: 'sip:munich-police@example.com',
          country: 'DE',
          a1: 'Bavaria',
          a3: 'Munich',
        },
      ],
      { config: { lost: { name: 'alone.example', lookupsMax: 2, concurrentMax: 50 } } },
    );
    return { ...lost, psapPort };
  }

  beforeAll(async () => {
    forest = await startAlone();
    await eventually(
      async () => (await post(forest.server.httpPort, findServiceAt([1, 1]))).text,
      (text) => text.includes('expires="20'),
      60_000,
    );
  }, 400_000);

  afterAll(async () => {
    await forest?.stop();
  }, 60_000);

  const examples: readonly (readonly [name: string, says: unknown])[] = [
    ['rfc5222-01-s8.2.1-findService', { uris: ['sip:nypd@example.com'], path: ['alone.example'] }],
    ['rfc5222-03-s8.2.2-findService', { uris: ['sip:munich-police@example.com'], path: ['alone.example'] }],
    ['rfc5222-05-s8.3.5-findService', { uris: ['sip:munich-police@example.com'], path: ['alone.example'] }],
    ['rfc5222-07-s9-findService', { uris: ['sip:nypd@example.com'], path: ['alone.example'] }],
    ['rfc5222-09-s9-getServiceBoundary', { errors: ['notFound'], source: 'alone.example' }],
    ['rfc5222-11-s10-listServices', 'listServicesResponse'],
    ['rfc5222-13-s11-listServicesByLocation', 'listServicesByLocationResponse'],
    ['rfc5222-15-s9-findService', { errors: ['notFound'], source: 'alone.example' }],
  ];
  const skipped = vectorsFolder === undefined ? ' (skipped: FIRSTLINE_VECTORS is not set)' : '';
  describe.skipIf(vectorsFolder === undefined)(`the examples of RFC 5222${skipped}`, () => {
    it.each(examples)('%s', async (name, says) => {
      const xml = readFileSync(join(vectorsFolder ?? '', 'lost', 'rfc5222', `${name}.xml`), 'utf8');
      const reply = await post(forest.server.httpPort, xml);
      expect(said(lostAnswer(reply, reply.text.includes('Unavailable') ? 'amended' : 'published'))).toEqual(
        says,
      );
    });
  });

  it('is read by a client that knows unprefixed names alone', async () => {
    const attributes = 'serviceBoundary="value"';
    const { text } = await post(forest.server.httpPort, findServiceAt([1, 1], { attributes }));
    for (const name of [
      'findServiceResponse',
      'mapping',
      'displayName',
      'service',
      'serviceBoundary',
      'uri',
      'path',
      'via',
      'locationUsed',
    ]) {
      expect(text).toMatch(new RegExp(`<${name}[ />]`));
    }
    expect(text).not.toMatch(/<\w+:(mapping|uri|service|path|via|locationUsed)\b/);
  });

  it.each(['application/lost+xml; charset=utf-8', 'application/xml', 'text/xml', 'APPLICATION/XML'])(
    'takes %s',
    async (contentType) => {
      lostAnswer(await post(forest.server.httpPort, findServiceAt([1, 1]), { contentType }));
    },
  );

  it.each([
    ['another type', 'application/json', 415],
    ['a body too large', 'application/lost+xml', 413],
  ])('refuses %s as HTTP does', async (_, contentType, status) => {
    const body = status === 413 ? 'x'.repeat(200_000) : findServiceAt([1, 1]);
    const reply = await post(forest.server.httpPort, body, { contentType });
    expect([reply.status, reply.contentType]).toEqual([status, 'application/problem+json']);
  });

  it.each([
    ['no XML', 'hello', 'badRequest'],
    ['another document', '<hello/>', 'badRequest'],
    ['no service', findServiceAt([1, 1]).replace(/<service>.*<\/service>/, ''), 'badRequest'],
    ['a latitude that is none', findServiceAt([1, -222]), 'locationInvalid'],
    ['a number that is none', findServiceAt([1, Number.NaN]), 'locationInvalid'],
    [
      'a service that is not there',
      findServiceAt([1, 1], { service: 'urn:service:counseling' }),
      'serviceNotImplemented',
    ],
    ['an entity', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'badRequest'],
  ])('answers %s by an error of LoST', async (_, body, error) => {
    const answer = lostAnswer(await post(forest.server.httpPort, body));
    expect(said(answer)).toEqual({ errors: [error], source: 'alone.example' });
  });

  it('validates at /lvf', async () => {
    const body = `<findService xmlns="urn:ietf:params:xml:ns:lost1" validateLocation="true">
      <location id="a" profile="civic"><civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr">
        <country>DE</country><A1>Bavaria</A1><A3>Munich</A3></civicAddress></location>
      <service>urn:service:sos.police</service></findService>`;
    const answer = lostAnswer(await post(forest.server.httpPort, body, { path: '/lvf' }));
    expect(answer).toMatchObject({ kind: 'findServiceResponse', locationValidation: {} });
  });

  it('gives a boundary by the key of a mapping', async () => {
    const answer = lostAnswer(await post(forest.server.httpPort, findServiceAt([1, 1])));
    const [mapping] = answer.kind === 'findServiceResponse' ? answer.mappings : [];
    const key = mapping?.boundaryReference?.key;
    const body = `<getServiceBoundary xmlns="urn:ietf:params:xml:ns:lost1" key="${key}"/>`;
    expect(said(lostAnswer(await post(forest.server.httpPort, body)))).toBe('getServiceBoundaryResponse');
  });

  it('tells planned changes', async () => {
    const list = await api<{ readonly PlannedChangeIdList: readonly string[] }>(
      forest.server,
      undefined,
      '/PlannedChangePoll',
    );
    const [id] = list.json.PlannedChangeIdList;
    const set = await api<object>(forest.server, undefined, `/GetChangeSet?changeSetId=${id}`);
    expect(set.json).toEqual({
      changeSetID: id,
      changeSetEffective: '2099-01-01T00:00:00.000Z',
      partialLocationList: [],
    });
    expect((await api(forest.server, undefined, '/GetChangeSet?changeSetId=x')).status).toBe(404);
    expect((await api(forest.server, undefined, '/GetChangeSet')).status).toBe(400);
  });

  it('holds up no call, however many questions come', async () => {
    const { server, key, psapPort } = forest;
    const caller = await udpPeer({ address: '127.0.0.1', port: server.sipPort });
    const psap = await udpPeer({ address: '127.0.0.1', port: server.sipPort }, { port: psapPort });
    let isOver = false;
    const statuses = new Map<number, number>();
    const floods = Array.from({ length: 80 }, async (_, index) => {
      while (!isOver) {
        const body = findServiceAt([1 + index / 100, 1 + Math.random()], {
          attributes: 'serviceBoundary="value"',
        });
        const { status } = await post(server.httpPort, body);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const placed = invite(caller, { body: multipartBody(pointInfo({ lat: 5, lon: 2 })) });
      const start = performance.now();
      caller.send(placed.bytes);
      const request = await psap.next(/^INVITE /, 5_000);
      times.push(performance.now() - start);
      psap.send(response(request, '486 Busy Here', { toTag: 'p' }), request.source);
    }
    isOver = true;
    await Promise.all(floods);
    const sorted = times.toSorted((a, b) => a - b);
    expect(sorted[10]).toBeLessThan(500);
    expect(sorted.at(-1)).toBeLessThan(3_000);
    expect(statuses.get(200) ?? 0).toBeGreaterThan(100);
    expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(await count(server, key, /^firstline_lost_questions_find_service$/)).toBeGreaterThan(100);
    await Promise.all([caller.close(), psap.close()]);
  }, 60_000);

  it('says nothing in its log of where somebody is', () => {
    const log = forest.server.output();
    expect(log).toContain('"event":"lost.query"');
    expect(log).not.toMatch(/37\.775|-122\.422|Munich/);
  });
});
