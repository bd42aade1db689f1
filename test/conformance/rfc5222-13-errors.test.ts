import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError, wallMs } from '../../src/base/index.ts';
import { type LostAnswer, lostMoment } from '../../src/lost/index.ts';
import {
  address,
  at,
  findService,
  type LostReply,
  type LostServer,
  listServices,
  location,
  otherServer,
  pathOf,
  startLostServer,
} from '../support/lost-endpoint.ts';
import { answerOf, type Box, mapping, ownName, unreachable } from '../unit/ecrf/support.ts';

// RFC 5222 §13 to §16, asked of a server over HTTP: errors, warnings, redirections, the transport, encodings.

const boxes: readonly Box[] = [
  { id: 'west', west: 0, south: 0, east: 10, north: 10, city: 'Westerly' },
  {
    id: 'none',
    west: 0,
    south: 0,
    east: 10,
    north: 10,
    service: 'urn:service:sos.marine',
    uri: 'urn:emergency:servicenotimplemented',
  },
];
const recursive = { attributes: 'recursive="true"' };
let server: LostServer;

beforeAll(async () => {
  server = await startLostServer({ boxes });
});
afterAll(() => server.stop());

/** Makes sure of what every error has, and gives its type. */
function errorOf(reply: LostReply): string {
  expect(reply.status).toBe(200);
  expect(reply.root).toBe('errors');
  expect(reply.one('/l:errors/@source')).toBeDefined();
  const [error = ''] = /<(\w+)[^>]* message="[^"]+" xml:lang="en"/.exec(reply.text)?.slice(1) ?? [];
  expect(reply.all('/l:errors/*')).toHaveLength(1);
  return error;
}

describe('RFC 5222 §13.1, errors', () => {
  const far = location(
    '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-122 -122</gml:pos></gml:Point>',
  );
  const mercator = location(
    '<gml:Point srsName="urn:ogc:def:crs:EPSG::3857"><gml:pos>5 5</gml:pos></gml:Point>',
  );

  it.each([
    ['badRequest', 'XML that is malformed', '<findService'],
    [
      'badRequest',
      'a request that is not LoST',
      '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"/>',
    ],
    ['badRequest', 'a request without a location', findService('')],
    ['badRequest', 'a document type', `<!DOCTYPE x [<!ENTITY a "b">]>${findService(at(5, 5))}`],
    [
      'locationProfileUnrecognized',
      'a profile that is not read',
      findService(location('<x xmlns="urn:x"/>', { profile: 'x' })),
    ],
    ['locationInvalid', 'a latitude out of range', findService(far)],
    ['locationInvalid', 'an address without elements', findService(address({}))],
    ['SRSInvalid', 'a reference system that is not read', findService(mercator)],
    ['loop', 'its own name in the path', findService(at(5, 5), { ...recursive, more: pathOf(ownName) })],
    ['notFound', 'a place that nobody serves', findService(at(50, 50))],
    [
      'serviceNotImplemented',
      'a service that nobody has',
      findService(at(5, 5), { service: 'urn:service:none' }),
    ],
    ['serviceNotImplemented', 'a service that is no URN', findService(at(5, 5), { service: 'police' })],
    [
      'serviceNotImplemented',
      'a service that is known to be absent',
      findService(at(5, 5), { service: 'urn:service:sos.marine' }),
    ],
  ])('%s for %s', async (type, _name, document) => {
    const reply = await server.ask(document);
    expect(errorOf(reply)).toBe(type);
    expect(reply.one('/l:errors/@source')).toBe(ownName);
  });

  it('forbidden for a client that is not told of the service', async () => {
    const rule = {
      name: 'guest',
      certificateNames: [],
      apiKeys: [],
      bearerTokens: ['guest-token-0123456789'],
      networks: [],
      services: ['urn:service:sos.fire'],
      mayReadMappings: false,
      pushes: undefined,
    };
    const closed = await startLostServer({ boxes, isOpen: false, clients: [rule] });
    const headers = { authorization: 'Bearer guest-token-0123456789' };
    const reply = await closed.ask(findService(at(5, 5)), { headers });
    await closed.stop();
    expect(errorOf(reply)).toBe('forbidden');
  });

  it.each([
    ['internalError', new DependencyError('store.unreachable', 'password=secret at 10.0.0.1')],
    ['serverTimeout', new DependencyError('store.deadlineMissed', 'late')],
  ])('%s where the boundaries cannot be asked, and nothing about why', async (type, failure) => {
    const broken = await startLostServer({ boxes, failure });
    const reply = await broken.ask(findService(at(5, 5)));
    await broken.stop();
    expect(errorOf(reply)).toBe(type);
    expect(reply.text).not.toMatch(/secret|10\.0\.0\.1/);
  });

  const unreadable = new DependencyError('ecrf.serverUnreadable', 'no LoST');
  it.each([
    ['serverError', 'cannot be understood', unreadable],
    ['serverTimeout', 'does not answer in time', new DependencyError('ecrf.serverTimeout', 'late')],
    ['serverTimeout', 'is away', unreachable('child.example')],
  ])('%s where another server %s', async (type, _name, failure) => {
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => {
        throw failure;
      },
    });
    const reply = await relay.ask(findService(at(5, 5), recursive));
    await relay.stop();
    expect(errorOf(reply)).toBe(type);
    expect(reply.one('/l:errors/@source')).toBe(ownName);
  });

  it('loop where the server that would be asked has been asked', async () => {
    const relay = await startLostServer({ options: { servers: [otherServer()] } });
    const more = pathOf('child.example');
    const reply = await relay.ask(findService(at(5, 5), { ...recursive, more }));
    await relay.stop();
    expect(errorOf(reply)).toBe('loop');
    expect(relay.world.asked).toEqual([]);
  });

  it('forbidden of the server that was asked comes back with its name', async () => {
    const refusal: LostAnswer = {
      kind: 'errors',
      source: 'child.example',
      exceptions: [{ type: 'forbidden', message: 'not you' }],
    };
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => refusal,
    });
    const reply = await relay.ask(findService(at(5, 5), recursive));
    await relay.stop();
    expect(errorOf(reply)).toBe('forbidden');
    expect(reply.one('/l:errors/@source')).toBe('child.example');
  });
});

describe('RFC 5222 §13.2, warnings', () => {
  it('defaultMappingReturned beside the default of the service', async () => {
    const defaults = new Map([
      ['urn:service:sos', { uri: 'sip:default@psap.example', displayName: 'Default' }],
    ]);
    const generous = await startLostServer({ boxes, options: { defaults } });
    const reply = await generous.ask(findService(at(50, 50)));
    await generous.stop();
    expect(reply.one('//l:mapping/l:uri')).toBe('sip:default@psap.example');
    expect(reply.one('//l:warnings/@source')).toBe(ownName);
    expect(reply.one('//l:warnings/l:defaultMappingReturned/@message')).toBeDefined();
    expect(reply.one('//l:warnings/l:defaultMappingReturned/@xml:lang')).toBe('en');
    expect(reply.one('//l:mapping/@expires')).toBe('NO-CACHE');
  });

  it('defaultMappingReturned beside the nearest boundary', async () => {
    const near = await startLostServer({ boxes, nearestWithinM: 200_000 });
    const reply = await near.ask(findService(at(10.5, 5)));
    await near.stop();
    expect(reply.one('//l:mapping/@sourceId')).toBe('west');
    expect(reply.all('//l:warnings/l:defaultMappingReturned')).toHaveLength(1);
  });

  it('of another server come back with its name', async () => {
    const warnings = [
      { source: 'child.example', exceptions: [{ type: 'serviceSubstitution', message: 'as sos' }] },
    ] as const;
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => answerOf([mapping()], { warnings }),
    });
    const reply = await relay.ask(findService(at(5, 5), recursive));
    await relay.stop();
    expect(reply.one('//l:warnings/@source')).toBe('child.example');
    expect(reply.one('//l:serviceSubstitution/@message')).toBe('as sos');
  });
});

describe('RFC 5222 §13.3, redirections', () => {
  const redirect: LostAnswer = {
    kind: 'redirect',
    target: 'east.example',
    source: 'child.example',
    message: 'failed over',
  };

  it('name the server to ask, the one that says so, and why', async () => {
    const relay = await startLostServer({ options: { servers: [otherServer()] } });
    const reply = await relay.ask(findService(at(5, 5)));
    await relay.stop();
    expect(reply.status).toBe(200);
    expect(reply.one('/l:redirect/@target')).toBe('child.example');
    expect(reply.one('/l:redirect/@source')).toBe(ownName);
    expect(reply.one('/l:redirect/@message')).toBeDefined();
    expect(reply.one('/l:redirect/@xml:lang')).toBe('en');
  });

  it('of another server are followed, or handed on', async () => {
    const follows = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async (name) => (name === 'east.example' ? answerOf([mapping()]) : redirect),
    });
    const followed = await follows.ask(findService(at(5, 5), recursive));
    await follows.stop();
    expect(followed.root).toBe('findServiceResponse');
    const stays = await startLostServer({
      options: { servers: [otherServer()], redirectsMax: 0 },
      remote: async () => redirect,
    });
    const handedOn = await stays.ask(findService(at(5, 5), recursive));
    await stays.stop();
    expect(handedOn.one('/l:redirect/@target')).toBe('east.example');
    expect(handedOn.one('/l:redirect/@source')).toBe('child.example');
  });
});

describe('RFC 5222 §13.3, after a redirection', () => {
  it('the server that redirected is not asked again before the answer has expired', async () => {
    const expires = lostMoment(wallMs(Date.UTC(2090, 0, 1)));
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async (name) =>
        name === 'east.example'
          ? answerOf([mapping({ expires })])
          : { kind: 'redirect', target: 'east.example', source: name, message: 'there' },
    });
    for (const time of ['first', 'second']) {
      const reply = await relay.ask(findService(at(5, 5), recursive));
      expect(reply.root, time).toBe('findServiceResponse');
    }
    expect(relay.world.asked.map(({ server: name }) => name)).toEqual(['child.example', 'east.example']);
    await relay.stop();
  });
});

describe('RFC 5222 §14, HTTP', () => {
  it.each([
    ['an answer', findService(at(5, 5))],
    ['an error', '<x'],
    ['a list', listServices()],
  ])('%s comes with 200 and the type of LoST, and is not to be kept', async (_name, document) => {
    const reply = await server.ask(document);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toMatch(/^application\/lost\+xml\b/);
    expect(reply.headers.get('cache-control')).toMatch(/no-cache|no-store/);
  });

  it.each([
    'application/lost+xml',
    'application/lost+xml;charset=utf-8',
    'Application/LoST+XML',
    'application/xml',
    'text/xml',
  ])('a question may come as %s', async (type) => {
    const reply = await server.ask(findService(at(5, 5)), { headers: { 'content-type': type } });
    expect(reply.root).toBe('findServiceResponse');
  });

  it.each([
    ['another method', '/lost', { method: 'GET' }, 405],
    ['another method still', '/lost', { method: 'PUT', body: 'x' }, 405],
    [
      'another type',
      '/lost',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      415,
    ],
    [
      'a body over the limit',
      '/lost',
      { method: 'POST', body: 'x'.repeat(140_000), headers: { 'content-type': 'application/lost+xml' } },
      413,
    ],
    [
      'another path',
      '/lost/x',
      { method: 'POST', body: findService(at(5, 5)), headers: { 'content-type': 'application/lost+xml' } },
      404,
    ],
  ])('%s fails as HTTP, without a word of LoST', async (_name, path, init, status) => {
    const response = await server.fetch(path, init);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain('urn:ietf:params:xml:ns:lost1');
  });
});

describe('RFC 5222 §16, encodings', () => {
  const named = at(5, 5, 'Wien-Währing');

  it('understands UTF-8 and UTF-16, with and without a mark, and answers in UTF-8', async () => {
    const text = findService(named);
    const big = Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?>${text}`, 'utf16le').swap16();
    const documents = [
      Buffer.from(text),
      Buffer.from(`\ufeff<?xml version="1.0" encoding="utf-8"?>${text}`),
      Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?>${text}`, 'utf16le'),
      big,
    ];
    for (const document of documents) {
      const reply = await server.ask(document);
      expect(reply.one('//l:locationUsed/@id')).toBe('Wien-Währing');
      expect(reply.text).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>/);
    }
  });
});
