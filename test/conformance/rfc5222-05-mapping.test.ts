import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wallMs } from '../../src/base/index.ts';
import { lostMoment } from '../../src/lost/index.ts';
import {
  address,
  at,
  findService,
  getServiceBoundary,
  type LostServer,
  otherServer,
  pathOf,
  startLostServer,
} from '../support/lost-endpoint.ts';
import { answerOf, type Box, mapping, ownName, unreachable } from '../unit/ecrf/support.ts';

// RFC 5222 §5 to §7, asked of a server over HTTP: what a mapping says, the path, the location used.

const boxes: readonly Box[] = [
  { id: 'west', west: 0, south: 0, east: 10, north: 10, city: 'Westerly' },
  { id: 'east', west: 10.5, south: 0, east: 20, north: 10, city: 'Easterly' },
  { id: 'west-fire', west: 0, south: 0, east: 10, north: 10, service: 'urn:service:sos.fire' },
];
const recursive = 'recursive="true"';
const byValue = 'serviceBoundary="value"';
const byReference = 'serviceBoundary="reference"';
let server: LostServer;

beforeAll(async () => {
  server = await startLostServer({ boxes });
});
afterAll(() => server.stop());

describe('RFC 5222 §5.1, source, sourceId and lastUpdated', () => {
  it('are all three there', async () => {
    const reply = await server.ask(findService(at(5, 5)));
    expect(reply.one('//l:mapping/@source')).toBe(ownName);
    expect(reply.one('//l:mapping/@sourceId')).toBe('west');
    expect(reply.one('//l:mapping/@lastUpdated')).toBeDefined();
  });

  it('identify the mapping: the same one again, another one for another area and for another service', async () => {
    const idAt = async (lon: number, service?: string) =>
      (await server.ask(findService(at(lon, 5), service === undefined ? {} : { service }))).one(
        '//l:mapping/@sourceId',
      );
    const [west, again, east, fire] = [
      await idAt(5),
      await idAt(6),
      await idAt(15),
      await idAt(5, 'urn:service:sos.fire'),
    ];
    expect(again).toBe(west);
    expect(new Set([west, east, fire]).size).toBe(3);
  });

  it('lastUpdated is in canonical UTC, with a Z', async () => {
    const reply = await server.ask(findService(at(5, 5)));
    expect(reply.one('//l:mapping/@lastUpdated')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  });

  it('lastUpdated grows with a change of the data', async () => {
    const later = await startLostServer({ boxes, revision: 1 });
    const before = (await server.ask(findService(at(5, 5)))).one('//l:mapping/@lastUpdated') ?? '';
    const after = (await later.ask(findService(at(5, 5)))).one('//l:mapping/@lastUpdated') ?? '';
    await later.stop();
    expect(Date.parse(after)).toBeGreaterThan(Date.parse(before));
  });

  it('are not modified in a mapping that comes from elsewhere, also out of the cache', async () => {
    const given = {
      source: 'authority.example',
      sourceId: '{e8b05a41}',
      lastUpdated: { ms: wallMs(Date.UTC(2006, 10, 1, 1)), text: '2006-11-01T01:00:00.123456Z' },
      expires: lostMoment(wallMs(Date.UTC(2090, 0, 1))),
    };
    const relay = await startLostServer({
      options: {
        servers: [otherServer()],
      },
      remote: async () => answerOf([mapping(given)]),
    });
    for (const time of ['asked', 'kept']) {
      const reply = await relay.ask(findService(at(5, 5), { attributes: recursive }));
      expect(reply.one('//l:mapping/@source'), time).toBe(given.source);
      expect(reply.one('//l:mapping/@sourceId'), time).toBe(given.sourceId);
      expect(reply.one('//l:mapping/@lastUpdated'), time).toBe(given.lastUpdated.text);
    }
    expect(relay.world.asked.length).toBe(1);
    await relay.stop();
  });
});

describe('RFC 5222 §5.2, expires', () => {
  it('is in every mapping, and lies ahead', async () => {
    const reply = await server.ask(findService(at(5, 5)));
    const expires = reply.one('//l:mapping/@expires') ?? '';
    expect(expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(Date.parse(expires)).toBeGreaterThan(server.world.clock.wall());
  });

  it('is no later than the boundary itself', async () => {
    const end = server.world.clock.wall() + 60_000;
    const short = await startLostServer({
      boxes: [{ id: 'a', west: 0, south: 0, east: 1, north: 1, expire: end }],
    });
    const reply = await short.ask(findService(at(0.5, 0.5)));
    await short.stop();
    expect(Date.parse(reply.one('//l:mapping/@expires') ?? '')).toBeLessThanOrEqual(end);
  });

  it('may be NO-CACHE', async () => {
    const uncached = await startLostServer({ boxes, options: { expiresMs: 0 } });
    const reply = await uncached.ask(findService(at(5, 5)));
    await uncached.stop();
    expect(reply.one('//l:mapping/@expires')).toBe('NO-CACHE');
  });

  it('is over in a mapping that stands in for a server which does not answer, and that is asked each time', async () => {
    let isThere = true;
    const relay = await startLostServer({
      options: {
        servers: [otherServer()],
      },
      remote: async (name) => {
        if (!isThere) throw unreachable(name);
        return answerOf([mapping({ expires: lostMoment(wallMs(relay.world.clock.wall() + 60_000)) })]);
      },
    });
    const question = findService(at(5, 5), { attributes: recursive });
    await relay.ask(question);
    isThere = false;
    relay.world.clock.advanceBy(120_000);
    for (const time of [2, 3]) {
      const reply = await relay.ask(question);
      expect(reply.root).toBe('findServiceResponse');
      expect(Date.parse(reply.one('//l:mapping/@expires') ?? '')).toBeLessThan(relay.world.clock.wall());
      expect(reply.all('//l:warnings')).toEqual([]);
      expect(relay.world.asked.length).toBe(time);
    }
    await relay.stop();
  });
});

describe('RFC 5222 §5.3 and §5.4, displayName and service', () => {
  it('a display name has its language', async () => {
    const reply = await server.ask(findService(at(5, 5)));
    expect(reply.one('//l:displayName')).toBe('Name of west');
    expect(reply.one('//l:displayName/@xml:lang')).toBe('en');
  });

  it.each(['urn:service:sos', 'urn:service:sos.fire', 'URN:Service:SOS', 'urn:emergency:service:sos'])(
    'the service of the request is copied where it exists: %s',
    async (service) => {
      const reply = await server.ask(findService(at(5, 5), { service }));
      expect(reply.one('//l:mapping/l:service')).toBe(service);
      expect(reply.all('//l:warnings')).toEqual([]);
    },
  );

  it('the alternative is named where it does not, with a warning (§13.2)', async () => {
    const reply = await server.ask(findService(at(15, 5), { service: 'urn:service:sos.fire' }));
    expect(reply.one('//l:mapping/l:service')).toBe('urn:service:sos');
    expect(reply.one('//l:warnings/@source')).toBe(ownName);
    expect(reply.all('//l:warnings/l:serviceSubstitution')).toHaveLength(1);
  });

  it('a service without an alternative is not implemented', async () => {
    const reply = await server.ask(findService(at(5, 5), { service: 'urn:service:counseling' }));
    expect(reply.all('/l:errors/l:serviceNotImplemented')).toHaveLength(1);
  });
});

describe('RFC 5222 §5.5 and §5.6, the service boundary', () => {
  it('by value is of the profile of the request, and holds the place that was asked for', async () => {
    const reply = await server.ask(findService(at(5, 5), { attributes: byValue }));
    expect(reply.one('//l:mapping/l:serviceBoundary/@profile')).toBe('geodetic-2d');
    const corners = (reply.one('//gml:exterior//gml:posList') ?? '').split(' ').map(Number);
    expect(corners).toHaveLength(10);
    expect([Math.min(...corners), Math.max(...corners)]).toEqual([0, 10]);
    expect(reply.one('//gml:Polygon/@srsName')).toBe('urn:ogc:def:crs:EPSG::4326');
  });

  it('by value has the civic profile for a civic request', async () => {
    const reply = await server.ask(
      findService(address({ country: 'US', A3: 'Westerly', RD: 'Main' }), { attributes: byValue }),
    );
    expect(reply.all('//l:mapping/l:serviceBoundary/@profile')).toContain('civic');
    expect(reply.one('//l:serviceBoundary/ca:civicAddress/ca:A3')).toBe('Westerly');
  });

  it('by reference names this server and a key of 128 bits or more', async () => {
    const reply = await server.ask(findService(at(5, 5), { attributes: byReference }));
    expect(reply.one('//l:serviceBoundaryReference/@source')).toBe(ownName);
    expect(reply.one('//l:serviceBoundaryReference/@key')?.length).toBeGreaterThanOrEqual(22);
    expect(reply.all('//l:serviceBoundary')).toEqual([]);
  });

  it('the key is the same for the same boundary, and another for another one', async () => {
    const keyAt = async (lon: number) =>
      (await server.ask(findService(at(lon, 5), { attributes: byReference }))).one('//@key');
    const [west, again, east] = [await keyAt(5), await keyAt(6), await keyAt(15)];
    expect(again).toBe(west);
    expect(east).not.toBe(west);
  });

  it('a boundary that changes has a new key, and the old one leads to nothing', async () => {
    const changed = await startLostServer({ boxes, revision: 1 });
    const question = findService(at(5, 5), { attributes: byReference });
    const old = (await server.ask(question)).one('//@key') ?? '';
    const next = (await changed.ask(question)).one('//@key') ?? '';
    expect(next).not.toBe(old);
    expect((await changed.ask(getServiceBoundary(old))).all('/l:errors/l:notFound')).toHaveLength(1);
    expect((await changed.ask(getServiceBoundary(next))).root).toBe('getServiceBoundaryResponse');
    await changed.stop();
  });

  it('a boundary that is too large by value is given by reference: the server decides (§8.3.4)', async () => {
    const small = await startLostServer({ boxes, options: { boundaryCornersMax: 3 } });
    const reply = await small.ask(findService(at(5, 5), { attributes: byValue }));
    await small.stop();
    expect(reply.all('//l:serviceBoundaryReference')).toHaveLength(1);
  });
});

describe('RFC 5222 §5.7 and §5.8, how to reach the service', () => {
  it('the service number is of digits, * and #', async () => {
    expect((await server.ask(findService(at(5, 5)))).one('//l:serviceNumber')).toMatch(/^[0-9*#]+$/);
  });

  it('URIs are absolute, of each scheme one', async () => {
    const reply = await server.ask(findService(at(5, 5)));
    const schemes = reply.all('//l:mapping/l:uri').map((uri) => new URL(uri).protocol);
    expect(schemes.length).toBeGreaterThan(0);
    expect(new Set(schemes).size).toBe(schemes.length);
  });
});

describe('RFC 5222 §6, the path', () => {
  it('has the server that answers', async () => {
    expect((await server.ask(findService(at(5, 5)))).all('//l:path/l:via/@source')).toEqual([ownName]);
  });

  it('is copied from the request, in its order, before it', async () => {
    const more = pathOf('first.example', 'second.example');
    const reply = await server.ask(findService(at(5, 5), { attributes: recursive, more }));
    expect(reply.all('//l:path/l:via/@source')).toEqual(['first.example', 'second.example', ownName]);
  });

  it('is copied with what extensions put into it', async () => {
    const more = '<path><via source="first.example"><x:hop xmlns:x="urn:example:x">1</x:hop></via></path>';
    const reply = await server.ask(findService(at(5, 5), { attributes: recursive, more }));
    expect(reply.text).toContain('<x:hop xmlns:x="urn:example:x">1</x:hop>');
  });

  it('tells the next server of all that were asked, and comes back as it is', async () => {
    const path = [{ source: ownName }, { source: 'child.example' }, { source: 'authority.example' }];
    const relay = await startLostServer({
      options: {
        servers: [otherServer()],
      },
      remote: async () => answerOf([mapping()], { path: [{ source: 'first.example' }, ...path] }),
    });
    const reply = await relay.ask(
      findService(at(5, 5), { attributes: recursive, more: pathOf('first.example') }),
    );
    expect(relay.world.asked[0]?.request).toMatchObject({
      path: [{ source: 'first.example' }, { source: ownName }],
    });
    expect(reply.all('//l:via/@source')).toEqual([
      'first.example',
      ownName,
      'child.example',
      'authority.example',
    ]);
    await relay.stop();
  });

  it('is that of the cached mapping where one is returned', async () => {
    const path = [{ source: 'first.example' }, { source: ownName }, { source: 'child.example' }];
    const expires = lostMoment(wallMs(Date.UTC(2090, 0, 1)));
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => answerOf([mapping({ expires })], { path }),
    });
    for (const client of ['first.example', 'other.example']) {
      const reply = await relay.ask(findService(at(5, 5), { attributes: recursive, more: pathOf(client) }));
      expect(reply.all('//l:via/@source')).toEqual(['first.example', ownName, 'child.example']);
    }
    expect(relay.world.asked.length).toBe(1);
    await relay.stop();
  });

  it('with this server in it makes a loop (§13.1)', async () => {
    const more = pathOf('first.example', ownName);
    const reply = await server.ask(findService(at(5, 5), { attributes: recursive, more }));
    expect(reply.all('/l:errors/l:loop')).toHaveLength(1);
  });
});

describe('RFC 5222 §7, the location used', () => {
  it.each(['6020688f1ce1896d', 'ABC 123', 'a&amp;b', 'ü'])(
    'has the id that the client gave: %s',
    async (id) => {
      const reply = await server.ask(findService(at(5, 5, id)));
      expect(reply.one('//l:locationUsed/@id')).toBe(id.replace('&amp;', '&'));
    },
  );

  it('is that of the location which was used', async () => {
    const unread = '<location id="first" profile="prism-3d"><x xmlns="urn:example:x"/></location>';
    const reply = await server.ask(findService(`${unread}${at(5, 5, 'second')}`));
    expect(reply.one('//l:locationUsed/@id')).toBe('second');
  });
});
