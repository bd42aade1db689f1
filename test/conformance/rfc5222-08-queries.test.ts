import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLostAnswerLimits, readLostAnswer, writeLostRequest } from '../../src/lost/index.ts';
import {
  address,
  at,
  findService,
  getServiceBoundary,
  type LostServer,
  listByLocation,
  listServices,
  location,
  otherServer,
  pathOf,
  startLostServer,
} from '../support/lost-endpoint.ts';
import { answerOf, type Box, mapping, ownName, validation } from '../unit/ecrf/support.ts';

// RFC 5222 §8 to §12, asked of a server over HTTP: the four queries, recursion, validation, location profiles.

const boxes: readonly Box[] = [
  { id: 'west', west: 0, south: 0, east: 10, north: 10, city: 'Westerly' },
  { id: 'east', west: 10.5, south: 0, east: 20, north: 10, city: 'Easterly' },
  { id: 'west-fire', west: 0, south: 0, east: 10, north: 10, service: 'urn:service:sos.fire' },
  { id: 'west-police', west: 0, south: 0, east: 5, north: 10, service: 'urn:service:sos.police' },
  { id: 'west-city', west: 0, south: 0, east: 5, north: 10, service: 'urn:service:sos.police.city' },
  { id: 'help', west: 0, south: 0, east: 5, north: 10, service: 'urn:service:counseling.children' },
];
const crs = 'srsName="urn:ogc:def:crs:EPSG::4326"';
const metres = 'uom="urn:ogc:def:uom:EPSG::9001"';
const degrees = 'uom="urn:ogc:def:uom:EPSG::9102"';
const westerly = { country: 'US', A3: 'Westerly', RD: 'Main', HNO: '6', PC: '81675' };
let server: LostServer;

beforeAll(async () => {
  server = await startLostServer({
    boxes,
    validator: async () =>
      validation({ valid: ['country', 'A3', 'RD'], invalid: ['PC'], unchecked: ['HNO'] }),
  });
});
afterAll(() => server.stop());

async function found(document: string): Promise<string | undefined> {
  return (await server.ask(document)).one('//l:mapping/@sourceId');
}

describe('RFC 5222 §8.3.1 and §12.1, the locations of a request', () => {
  const unread = location('<x xmlns="urn:example:x"/>', { id: 'unread', profile: 'prism-3d' });

  it.each([
    ['geodetic-2d, which every server reads (rule 6)', at(5, 5)],
    ['civic, which every server reads (rule 6)', address(westerly)],
  ])('%s', async (_name, locations) => {
    expect(await found(findService(locations))).toBe('west');
  });

  it('uses the first whose profile it reads, and ignores the others (rule 7)', async () => {
    const first = `${unread}${at(5, 5, 'a')}${address({ country: 'US', A3: 'Easterly' }, 'b')}`;
    const reply = await server.ask(findService(first));
    expect(reply.one('//l:mapping/@sourceId')).toBe('west');
    expect(reply.one('//l:locationUsed/@id')).toBe('a');
    const turned = `${address({ country: 'US', A3: 'Easterly' }, 'b')}${at(5, 5, 'a')}`;
    expect(await found(findService(turned))).toBe('east');
  });

  it('says so where it reads none of the profiles (rule 8)', async () => {
    const reply = await server.ask(findService(unread));
    expect(reply.one('/l:errors/@source')).toBe(ownName);
    expect(reply.one('/l:errors/l:locationProfileUnrecognized/@unsupportedProfiles')).toBe('prism-3d');
  });

  it('reads what it can where the client names no profile (§12.1)', async () => {
    const bare = at(5, 5).replace(' profile="geodetic-2d"', '');
    expect(await found(findService(bare))).toBe('west');
    const senseless = location('<x xmlns="urn:example:x"/>', { profile: '' });
    const reply = await server.ask(findService(senseless));
    expect(reply.all('/l:errors/l:locationProfileUnrecognized')).toHaveLength(1);
  });

  it.each([
    ['geodetic', at(5, 5), 'geodetic-2d'],
    ['civic', address(westerly), 'civic'],
  ])('gives the boundary in the profile that it used: %s (rule 9)', async (_name, locations, profile) => {
    const reply = await server.ask(findService(locations, { attributes: 'serviceBoundary="value"' }));
    expect(reply.all('//l:serviceBoundary/@profile')).toContain(profile);
  });
});

describe('RFC 5222 §8.3.3, recursion and iteration', () => {
  it('is left off where the attribute is missing or false: the client is sent on', async () => {
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => answerOf([mapping()]),
    });
    for (const attributes of ['', 'recursive="false"', 'recursive="0"']) {
      const reply = await relay.ask(findService(at(5, 5), { attributes }));
      expect(reply.one('/l:redirect/@target')).toBe('child.example');
      expect(reply.one('/l:redirect/@source')).toBe(ownName);
    }
    expect(relay.world.asked).toEqual([]);
    await relay.stop();
  });

  it.each(['true', '1'])('asks on behalf of the client where it is %s', async (flag) => {
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => answerOf([mapping()]),
    });
    const reply = await relay.ask(findService(at(5, 5), { attributes: `recursive="${flag}"` }));
    await relay.stop();
    expect(reply.one('//l:mapping/@source')).toBe('other.example');
    expect(relay.world.asked.map(({ server: name }) => name)).toEqual(['child.example']);
  });

  it('may be answered by a redirection all the same', async () => {
    const relay = await startLostServer({ options: { servers: [otherServer()], recurses: false } });
    const reply = await relay.ask(findService(at(5, 5), { attributes: 'recursive="true"' }));
    await relay.stop();
    expect(reply.root).toBe('redirect');
  });

  it('passes the question on whole: locations, flags, extensions', async () => {
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => answerOf([mapping()]),
    });
    const unread = location('<x:p xmlns:x="urn:example:x">1</x:p>', { id: 'unread', profile: 'prism-3d' });
    const ids =
      '<i:emergencyCallIncidentId xmlns:i="urn:emergency:xml:ns:lostExt:Ids" callId="c" incidentTrackingId="t"/>';
    const attributes = 'recursive="true" serviceBoundary="value"';
    await relay.ask(
      findService(`${unread}${at(5, 5)}`, { attributes, more: `${ids}<y:e xmlns:y="urn:example:y"/>` }),
    );
    expect(relay.world.asked[0]?.request).toMatchObject({
      kind: 'findService',
      isRecursive: true,
      serviceBoundary: 'value',
      service: 'urn:service:sos',
      locations: [{ id: 'unread', profile: 'prism-3d', content: [{ localName: 'p' }] }, { id: 'here' }],
      callIds: { callId: 'c', incidentTrackingId: 't' },
      extensions: [{ localName: 'e' }],
    });
    await relay.stop();
  });
});

describe('RFC 5222 §6 and §8.3.3, servers that ask each other over the wire', () => {
  /** A server whose children are other servers of ours, by name. */
  function linked(name: string, child: string, others: Map<string, LostServer>, own: readonly Box[] = []) {
    return startLostServer({
      boxes: own,
      options: { name, servers: [otherServer(child)] },
      remote: async (target, request) => {
        const reply = await others.get(target)?.ask(writeLostRequest(request));
        const answer = readLostAnswer(Buffer.from(reply?.text ?? ''), defaultLostAnswerLimits);
        if (!answer.ok) throw new Error(answer.error.message);
        return answer.value;
      },
    });
  }

  it('give the answer of the last, with the path of all', async () => {
    const servers = new Map<string, LostServer>();
    servers.set('c.example', await linked('c.example', 'none.example', servers, boxes));
    servers.set('b.example', await linked('b.example', 'c.example', servers));
    servers.set('a.example', await linked('a.example', 'b.example', servers));
    const reply = await servers
      .get('a.example')
      ?.ask(findService(at(5, 5), { attributes: 'recursive="true" serviceBoundary="value"' }));
    for (const each of servers.values()) await each.stop();
    expect(reply?.all('//l:via/@source')).toEqual(['a.example', 'b.example', 'c.example']);
    expect(reply?.one('//l:mapping/@source')).toBe('c.example');
    expect(reply?.one('//l:mapping/@sourceId')).toBe('west');
    expect(reply?.all('//l:serviceBoundary//gml:Polygon')).toHaveLength(1);
  });

  it('find out that they ask in a circle', async () => {
    const servers = new Map<string, LostServer>();
    servers.set('a.example', await linked('a.example', 'b.example', servers));
    servers.set('b.example', await linked('b.example', 'a.example', servers));
    const reply = await servers
      .get('a.example')
      ?.ask(findService(at(5, 5), { attributes: 'recursive="true"' }));
    const asked = [...servers.values()].map(({ world }) => world.asked.length);
    for (const each of servers.values()) await each.stop();
    expect(reply?.root).toBe('errors');
    expect(asked).toEqual([1, 0]);
  });
});

describe('RFC 5222 §8.3.5 and §8.4.2, validation', () => {
  const asked = 'validateLocation="true"';

  it('lists the elements by what is known of them, and maps', async () => {
    const reply = await server.ask(findService(address(westerly), { attributes: asked }));
    expect(reply.one('//l:mapping/@sourceId')).toBe('west');
    expect(reply.one('//l:locationValidation/l:valid')).toBe('ca:country ca:A3 ca:RD');
    expect(reply.one('//l:locationValidation/l:invalid')).toBe('ca:PC');
    expect(reply.one('//l:locationValidation/l:unchecked')).toBe('ca:HNO');
  });

  it.each(['', 'validateLocation="false"'])('is left off unless it is asked for: %s', async (attributes) => {
    const reply = await server.ask(findService(address(westerly), { attributes }));
    expect(reply.all('//l:locationValidation')).toEqual([]);
  });

  it('is left off where a geodetic location is used', async () => {
    const reply = await server.ask(
      findService(`${at(5, 5)}${address(westerly, 'b')}`, { attributes: asked }),
    );
    expect(reply.all('//l:locationValidation')).toEqual([]);
    expect(reply.all('//l:warnings')).toEqual([]);
  });

  it('that cannot be had is a warning beside the mapping (§13.2)', async () => {
    const plain = await startLostServer({ boxes });
    const reply = await plain.ask(findService(address(westerly), { attributes: asked }));
    await plain.stop();
    expect(reply.one('//l:mapping/@sourceId')).toBe('west');
    expect(reply.all('//l:warnings/l:locationValidationUnavailable')).toHaveLength(1);
  });
});

describe('RFC 5222 §9, getServiceBoundary', () => {
  it('gives the boundary of a reference, with the path', async () => {
    const asked = findService(at(5, 5), { attributes: 'serviceBoundary="reference"' });
    const key = (await server.ask(asked)).one('//l:serviceBoundaryReference/@key') ?? '';
    const reply = await server.ask(getServiceBoundary(key));
    expect(reply.root).toBe('getServiceBoundaryResponse');
    expect(reply.all('/*/l:serviceBoundary/@profile')).toContain('geodetic-2d');
    expect(reply.all('//gml:Polygon')).toHaveLength(1);
    expect(reply.all('//l:via/@source')).toEqual([ownName]);
  });

  it.each(['7214148E0433AFE2FA2D48003D31172E', 'x', '../../etc/passwd', 'b1.0.QQ.aaaaaaaaaaaaaaaaaaaaaa'])(
    'finds nothing for a key that was never given: %s',
    async (key) => {
      expect((await server.ask(getServiceBoundary(key))).all('/l:errors/l:notFound')).toHaveLength(1);
    },
  );

  it('does not recurse', async () => {
    const relay = await startLostServer({ options: { servers: [otherServer()] } });
    const reply = await relay.ask(getServiceBoundary('7214148E0433AFE2FA2D48003D31172E'));
    await relay.stop();
    expect(reply.all('/l:errors/l:notFound')).toHaveLength(1);
    expect(relay.world.asked).toEqual([]);
  });
});

describe('RFC 5222 §10, listServices', () => {
  it.each([
    ['the top-level services without a service', undefined, 'urn:service:counseling urn:service:sos'],
    ['the services below one', 'urn:service:sos', 'urn:service:sos.fire urn:service:sos.police'],
    ['the services below one further down', 'urn:service:sos.police', 'urn:service:sos.police.city'],
    ['nothing below a leaf', 'urn:service:sos.fire', ''],
  ])('lists %s', async (_name, service, expected) => {
    const reply = await server.ask(listServices(service));
    expect(reply.one('/l:listServicesResponse/l:serviceList')).toBe(expected);
    expect(reply.all('//l:via/@source')).toEqual([ownName]);
  });

  it('is answered by the server itself: no recursion, no redirection', async () => {
    const relay = await startLostServer({ options: { servers: [otherServer()] } });
    const reply = await relay.ask(listServices().replace('<listServices', '<listServices recursive="true"'));
    await relay.stop();
    expect(reply.root).toBe('listServicesResponse');
    expect(relay.world.asked).toEqual([]);
  });
});

describe('RFC 5222 §11, listServicesByLocation', () => {
  it.each([
    ['all top-level services without a service', 2, undefined, 'urn:service:counseling urn:service:sos'],
    [
      'the immediate children of a service',
      2,
      'urn:service:sos',
      'urn:service:sos.fire urn:service:sos.police',
    ],
    ['those that there are at the place', 7, 'urn:service:sos', 'urn:service:sos.fire'],
    ['none where there are none', 15, 'urn:service:sos', ''],
  ])('lists %s', async (_name, lon, service, expected) => {
    const reply = await server.ask(listByLocation(at(lon, 5), service === undefined ? {} : { service }));
    expect(reply.one('/l:listServicesByLocationResponse/l:serviceList')).toBe(expected);
    expect(reply.one('//l:locationUsed/@id')).toBe('here');
    expect(reply.all('//l:via/@source')).toEqual([ownName]);
  });

  it('selects the first location whose profile it reads', async () => {
    const unread = location('<x xmlns="urn:example:x"/>', { id: 'unread', profile: 'prism-3d' });
    const reply = await server.ask(listByLocation(`${unread}${at(2, 5, 'b')}`));
    expect(reply.one('//l:locationUsed/@id')).toBe('b');
    const none = await server.ask(listByLocation(unread));
    expect(none.all('/l:errors/l:locationProfileUnrecognized')).toHaveLength(1);
  });

  const theirs = {
    kind: 'listServicesByLocationResponse',
    services: ['urn:service:sos.marine'],
    warnings: [],
    path: [{ source: ownName }, { source: 'child.example' }],
    locationUsed: 'here',
  } as const;

  it.each(['', 'recursive="true"'])('recurses, the path growing: %j', async (attributes) => {
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => theirs,
    });
    const more = pathOf('first.example');
    const reply = await relay.ask(listByLocation(at(5, 5), { attributes, more, service: 'urn:service:sos' }));
    await relay.stop();
    expect(reply.one('//l:serviceList')).toBe('urn:service:sos.marine');
    expect(reply.all('//l:via/@source')).toEqual([ownName, 'child.example']);
    expect(relay.world.asked[0]?.request).toMatchObject({
      path: [{ source: 'first.example' }, { source: ownName }],
    });
  });

  it('does not recurse where that is false, and sends the client on', async () => {
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => theirs,
    });
    const reply = await relay.ask(listByLocation(at(5, 5), { attributes: 'recursive="false"' }));
    await relay.stop();
    expect(reply.one('/l:redirect/@target')).toBe('child.example');
    expect(relay.world.asked).toEqual([]);
  });

  it('finds a loop', async () => {
    const reply = await server.ask(listByLocation(at(5, 5), { more: pathOf(ownName) }));
    expect(reply.all('/l:errors/l:loop')).toHaveLength(1);
  });
});

describe('RFC 5222 §12.2, the two-dimensional geodetic profile', () => {
  const center = '<gml:pos>5 5</gml:pos>';
  const ring = (corners: string): string =>
    `<gml:Polygon ${crs}><gml:exterior><gml:LinearRing><gml:posList>${corners}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>`;
  const many = Array.from({ length: 400 }, (_, index) => {
    const angle = (2 * Math.PI * index) / 400;
    return `${(5 + Math.sin(angle)).toFixed(9)} ${(5 + Math.cos(angle)).toFixed(9)}`;
  });

  it.each([
    ['Point', `<gml:Point ${crs}>${center}</gml:Point>`],
    [
      'Point with an altitude, which is ignored',
      '<gml:Point srsName="urn:ogc:def:crs:EPSG::4979"><gml:pos>5 5 8848</gml:pos></gml:Point>',
    ],
    ['Polygon', ring('4 4 4 6 6 6 6 4 4 4')],
    ['Polygon of more than 16 points', ring([...many, many[0]].join(' '))],
    ['Circle', `<gs:Circle ${crs}>${center}<gs:radius ${metres}>500</gs:radius></gs:Circle>`],
    [
      'Ellipse',
      `<gs:Ellipse ${crs}>${center}<gs:semiMajorAxis ${metres}>500</gs:semiMajorAxis><gs:semiMinorAxis ${metres}>200</gs:semiMinorAxis><gs:orientation ${degrees}>30</gs:orientation></gs:Ellipse>`,
    ],
    [
      'ArcBand',
      `<gs:ArcBand ${crs}>${center}<gs:innerRadius ${metres}>10</gs:innerRadius><gs:outerRadius ${metres}>500</gs:outerRadius><gs:startAngle ${degrees}>0</gs:startAngle><gs:openingAngle ${degrees}>90</gs:openingAngle></gs:ArcBand>`,
    ],
  ])('reads a %s', async (_name, shape) => {
    const reply = await server.ask(findService(location(shape)));
    expect(reply.one('//l:mapping[1]/@sourceId')).toBe('west');
  });

  it('may return a mapping for each area that a shape lies in', async () => {
    const wide = `<gs:Circle ${crs}><gml:pos>5 10.2</gml:pos><gs:radius ${metres}>60000</gs:radius></gs:Circle>`;
    const reply = await server.ask(findService(location(wide)));
    expect(reply.all('//l:mapping/@sourceId')).toEqual(['west', 'east']);
  });

  it('returns a mapping where the shape merely overlaps what is served', async () => {
    const edge = `<gs:Circle ${crs}><gml:pos>5 -0.01</gml:pos><gs:radius ${metres}>5000</gs:radius></gs:Circle>`;
    expect(await found(findService(location(edge)))).toBe('west');
  });

  it('has no point as a boundary', async () => {
    const reply = await server.ask(findService(at(5, 5), { attributes: 'serviceBoundary="value"' }));
    expect(reply.all('//l:serviceBoundary/gml:Point')).toEqual([]);
  });
});
