import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { civicAddress } from '../../src/location/index.ts';
import {
  address,
  at,
  findService,
  type LostServer,
  listByLocation,
  ns,
  otherServer,
  startLostServer,
} from '../support/lost-endpoint.ts';
import { answerOf, type Box, mapping, ownName, validation } from '../unit/ecrf/support.ts';

// The extensions of LoST, asked of a server over HTTP: RFC 6197, and those of NENA-STA-010.3 §3.4.10.

/** After the clock of the tests. */
const change = Date.UTC(2040, 0, 1);
const boxes: readonly Box[] = [
  { id: 'old', west: 0, south: 0, east: 10, north: 10, city: 'Westerly', expire: change },
  { id: 'new', west: 0, south: 0, east: 10, north: 10, city: 'Westerly', effective: change },
];
const similar = civicAddress({ country: 'US', A3: 'Westerly', RD: 'Main', HNO: '8' });
const wrong = address({ country: 'US', A3: 'Westerly', RD: 'Main', HNO: '7' });
let server: LostServer;

beforeAll(async () => {
  server = await startLostServer({
    boxes,
    validator: async () =>
      validation({
        valid: ['country', 'A3', 'RD'],
        invalid: ['HNO'],
        similar: similar === undefined ? [] : [similar],
      }),
  });
});
afterAll(() => server.stop());

const asOf = (moment: string): string => `<asOf xmlns="${ns.pc}">${moment}</asOf>`;

describe('NENA-STA-010.3 §3.4.10, planned changes', () => {
  it.each([
    ['now', '', 'old'],
    ['before the change', asOf('2039-12-31T23:59:59Z'), 'old'],
    ['at the change', asOf('2040-01-01T00:00:00Z'), 'new'],
    ['at the change, in another time zone', asOf('2040-01-01T05:00:00+05:00'), 'new'],
  ])('answers for the moment that is asked for: %s', async (_name, more, id) => {
    const reply = await server.ask(findService(at(5, 5), { more }));
    expect(reply.one('//l:mapping/@sourceId')).toBe(id);
  });

  it('says the moment again, and that the answer is not to be kept for now', async () => {
    const reply = await server.ask(findService(at(5, 5), { more: asOf('2040-01-01T00:00:00Z') }));
    expect(reply.one('/*/pc:asOf')).toBe('2040-01-01T00:00:00Z');
    expect(reply.one('//l:mapping/@expires')).toBe('NO-CACHE');
    expect((await server.ask(findService(at(5, 5)))).all('//pc:asOf')).toEqual([]);
  });

  it('refuses a moment that is none', async () => {
    const reply = await server.ask(findService(at(5, 5), { more: asOf('soon') }));
    expect(reply.all('/l:errors/l:badRequest')).toHaveLength(1);
  });
});

describe('NENA-STA-010.3 §3.4.10, similar locations', () => {
  const ask = (wanted: string) =>
    server.ask(
      findService(wrong, {
        attributes: `validateLocation="true" xmlns:rli="${ns.rli}" rli:returnAdditionalLocation="${wanted}"`,
      }),
    );

  it.each(['similar', 'any'])('are given where they are wanted: %s', async (wanted) => {
    const reply = await ask(wanted);
    expect(reply.one('//l:locationValidation/rli:similarLocation//ca:HNO')).toBe('8');
    expect(reply.one('//l:locationValidation/l:invalid')).toBe('ca:HNO');
  });

  it.each(['none', 'complete'])('are left out where they are not: %s', async (wanted) => {
    expect((await ask(wanted)).all('//rli:similarLocation')).toEqual([]);
  });
});

describe('NENA-STA-010.3 §3.4.10.4, the identifiers of call and incident', () => {
  const ids = `<emergencyCallIncidentId xmlns="${ns.ids}" callId="urn:emergency:uid:callid:a:b.example" incidentTrackingId="urn:emergency:uid:incidentid:c:b.example"/>`;

  it('do not stand in the way of an answer', async () => {
    const reply = await server.ask(findService(at(5, 5), { more: ids }));
    expect(reply.one('//l:mapping/@sourceId')).toBe('old');
  });

  it('go to the server that is asked next', async () => {
    const relay = await startLostServer({
      options: { servers: [otherServer()] },
      remote: async () => answerOf([mapping()]),
    });
    await relay.ask(findService(at(5, 5), { attributes: 'recursive="true"', more: ids }));
    await relay.stop();
    expect(relay.world.asked[0]?.request).toMatchObject({
      callIds: {
        callId: 'urn:emergency:uid:callid:a:b.example',
        incidentTrackingId: 'urn:emergency:uid:incidentid:c:b.example',
      },
    });
  });
});

describe('RFC 6197, the region of a list of services', () => {
  const wanted = (type: string): string => `<serviceListBoundaryRequest xmlns="${ns.slb}" type="${type}"/>`;
  const fetched = (key: string): string =>
    `<getServiceListBoundary xmlns="${ns.slb}" serviceListKey="${key}"/>`;

  it('§3.1: is left out unless it is asked for', async () => {
    const reply = await server.ask(listByLocation(at(5, 5)));
    expect(reply.all('//slb:*')).toEqual([]);
  });

  it('§3.1: comes by value, in the profile of the request, and with an expiry', async () => {
    const reply = await server.ask(listByLocation(at(5, 5), { more: wanted('value') }));
    expect(reply.all('/*/slb:serviceListBoundary/@profile')).toContain('geodetic-2d');
    expect(reply.all('/*/slb:serviceListBoundary/@expires')).not.toEqual([]);
    expect(reply.one('//l:serviceList')).toBe('urn:service:sos');
  });

  it('§3.1, §3.2: comes by reference, which is fetched by its key', async () => {
    const reply = await server.ask(listByLocation(at(5, 5), { more: wanted('reference') }));
    expect(reply.one('//slb:serviceListBoundaryReference/@source')).toBe(ownName);
    const key = reply.one('//slb:serviceListBoundaryReference/@serviceListKey') ?? '';
    expect(key.length).toBeGreaterThanOrEqual(22);
    const region = await server.ask(fetched(key));
    expect(region.root).toBe('getServiceListBoundaryResponse');
    expect(region.all('/*/slb:serviceListBoundary')).not.toEqual([]);
    expect(region.all('//l:via/@source')).toEqual([ownName]);
  });

  it('§3.2: finds nothing for a key that was never given', async () => {
    const reply = await server.ask(fetched('123567890123567890123567890'));
    expect(reply.all('/l:errors/l:notFound')).toHaveLength(1);
  });
});
