import { describe, expect, it } from 'vitest';
import { DependencyError, serviceUrn, wallMs } from '../../../src/base/index.ts';
import { civicAddress } from '../../../src/location/index.ts';
import { type FindServiceResponse, type LostAnswer, lostMoment } from '../../../src/lost/index.ts';
import {
  type Box,
  brief,
  circle,
  civic,
  everybody,
  find,
  ownName,
  point,
  sos,
  validation,
  type WorldOptions,
  world,
} from './support.ts';

const unit = { west: 0, south: 0, east: 1, north: 1 };
const east = { west: 1, south: 0, east: 2, north: 1 };
const psap: Box = { id: 'psap', ...unit, city: 'Springfield' };
const neighbour: Box = { id: 'neighbour', ...east };
const fire: Box = { id: 'fire', ...unit, service: 'urn:service:sos.fire' };
const noMountain: Box = {
  id: 'none',
  ...unit,
  service: 'urn:service:sos.mountain',
  uri: 'urn:emergency:serviceNotImplemented',
};
const unreadableProfile = {
  id: 'odd',
  profile: 'prism',
  value: {
    kind: 'unusable',
    fault: {
      code: 'lost.profileUnrecognized',
      message: 'no such profile',
      type: 'locationProfileUnrecognized',
      unsupportedProfiles: ['prism'],
    },
  },
} as const;
const broken = {
  id: 'broken',
  profile: 'geodetic-2d',
  value: {
    kind: 'unusable',
    fault: { code: 'lost.locationInvalid', message: 'a latitude of 99', type: 'locationInvalid' },
  },
} as const;

function response(answer: LostAnswer): FindServiceResponse {
  if (answer.kind !== 'findServiceResponse') throw new Error(JSON.stringify(answer));
  return answer;
}

interface Row {
  readonly name: string;
  readonly world?: WorldOptions;
  readonly request: ReturnType<typeof find>;
  readonly services?: readonly string[];
  readonly says: unknown;
  readonly locationUsed?: string;
}

const late = new DependencyError('store.deadlineMissed', 'late');
const down = new DependencyError('store.databaseDown', 'secrets of the database');
const defaults = new Map([[sos, { uri: 'sip:last@example.com', displayName: 'last' }]]);

const rows: readonly Row[] = [
  {
    name: 'a point that a boundary covers',
    request: find(point(0.5, 0.5)),
    says: ['psap'],
    locationUsed: 'here',
  },
  { name: 'a place that none covers', request: find(point(9, 9)), says: 'notFound' },
  {
    name: 'a service that its parent serves',
    request: find(point(0.5, 0.5), { service: 'urn:service:sos.police' }),
    says: ['psap', 'serviceSubstitution'],
  },
  {
    name: 'the service itself before its parent',
    world: { boxes: [psap, fire] },
    request: find(point(0.5, 0.5), { service: 'urn:service:sos.fire' }),
    says: ['fire'],
  },
  {
    name: 'a service in another spelling',
    request: find(point(0.5, 0.5), { service: 'URN:Services:SOS' }),
    says: ['psap'],
  },
  {
    name: 'a service that is known to be absent, and no substitute',
    world: { boxes: [psap, noMountain] },
    request: find(point(0.5, 0.5), { service: 'urn:service:sos.mountain' }),
    says: 'serviceNotImplemented',
  },
  {
    name: 'a service that no boundary is of',
    request: find(point(0.5, 0.5), { service: 'urn:service:counseling' }),
    says: 'serviceNotImplemented',
  },
  {
    name: 'a service that is no URN',
    request: find(point(0.5, 0.5), { service: 'police' }),
    says: 'serviceNotImplemented',
  },
  {
    name: 'any service as long as no list of boundaries was read',
    world: { isUnlisted: true, boxes: [psap] },
    request: find(point(0.5, 0.5), { service: 'urn:service:counseling' }),
    says: 'notFound',
  },
  {
    name: 'the first of two locations that is served',
    request: find([point(9, 9, 'far'), point(0.5, 0.5, 'near')]),
    says: ['psap'],
    locationUsed: 'near',
  },
  {
    name: 'the first of two locations where both are',
    world: { boxes: [psap, neighbour] },
    request: find([point(1.5, 0.5, 'one'), point(0.5, 0.5, 'two')]),
    says: ['neighbour'],
    locationUsed: 'one',
  },
  {
    name: 'a location of a profile that is not read is passed over',
    request: find([unreadableProfile, point(0.5, 0.5)]),
    says: ['psap'],
    locationUsed: 'here',
  },
  {
    name: 'no location of a profile that is read',
    request: find([unreadableProfile]),
    says: 'locationProfileUnrecognized',
  },
  { name: 'a location that is broken', request: find([broken]), says: 'locationInvalid' },
  {
    name: 'a civic address',
    request: find(civic({ country: 'US', A3: 'Springfield' })),
    says: ['psap'],
  },
  {
    name: 'an area in several boundaries, the largest share first',
    world: { boxes: [psap, neighbour, fire] },
    request: find(circle(1, 0.5, 5_000)),
    says: ['psap', 'neighbour'],
  },
  {
    name: 'no more mappings than there may be',
    world: { boxes: [psap, neighbour], options: { mappingsMax: 1 } },
    request: find(circle(1, 0.5, 5_000)),
    says: ['psap'],
  },
  {
    name: 'a point on a border lies in both',
    world: { boxes: [psap, neighbour] },
    request: find(point(1, 0.5)),
    says: ['psap', 'neighbour'],
  },
  {
    name: 'the nearest within the distance, as a default',
    world: { nearestWithinM: 100_000 },
    request: find(point(1.5, 0.5)),
    says: ['psap', 'defaultMappingReturned'],
  },
  {
    name: 'none that is farther',
    world: { nearestWithinM: 10_000 },
    request: find(point(1.5, 0.5)),
    says: 'notFound',
  },
  {
    name: 'the default of the service',
    world: { options: { defaults } },
    request: find(point(9, 9)),
    says: ['default urn:service:sos', 'defaultMappingReturned'],
  },
  {
    name: 'the default of the service that it is part of',
    world: { options: { defaults } },
    request: find(point(9, 9), { service: 'urn:service:sos.police' }),
    says: ['default urn:service:sos', 'defaultMappingReturned', 'serviceSubstitution'],
  },
  {
    name: 'no default where the service is known to be absent',
    world: { boxes: [noMountain], options: { defaults } },
    request: find(point(0.5, 0.5), { service: 'urn:service:sos.mountain' }),
    says: 'serviceNotImplemented',
  },
  {
    name: 'a lookup that is late',
    world: { failure: late },
    request: find(point(0.5, 0.5)),
    says: 'serverTimeout',
  },
  {
    name: 'a lookup that fails',
    world: { failure: down },
    request: find(point(0.5, 0.5)),
    says: 'internalError',
  },
  {
    name: 'a lookup that fails where there is a default',
    world: { failure: down, options: { defaults } },
    request: find(point(0.5, 0.5)),
    says: ['default urn:service:sos', 'defaultMappingReturned'],
  },
  {
    name: 'a question that has been here',
    request: find(point(0.5, 0.5), { path: [{ source: 'first.example' }, { source: 'OWN.example' }] }),
    says: 'loop',
  },
  {
    name: 'a client that may not ask for the service',
    request: find(point(0.5, 0.5)),
    services: ['urn:service:sos.fire'],
    says: 'forbidden',
  },
  {
    name: 'a client that may ask for a service above',
    request: find(point(0.5, 0.5), { service: 'urn:service:sos.police' }),
    services: ['urn:service:sos'],
    says: ['psap', 'serviceSubstitution'],
  },
];

describe('findService', () => {
  it.each(rows)('$name', async ({ world: given, request, services = [], says, locationUsed }) => {
    const client = { ...everybody, services: services.map(serviceUrn) };
    const answer = await world({ boxes: [psap], ...given }).ask(request, { client });
    expect(brief(answer)).toEqual(says);
    if (locationUsed !== undefined) expect(response(answer).locationUsed).toBe(locationUsed);
  });

  it('says nothing of what a database says', async () => {
    const answer = await world({ boxes: [psap], failure: down }).ask(find(point(0.5, 0.5)));
    expect(JSON.stringify(answer)).not.toContain('secrets');
  });

  it('puts itself at the end of the path, and gives call and incident back', async () => {
    const request = find(point(0.5, 0.5), {
      path: [{ source: 'first.example' }],
      callIds: { callId: 'urn:emergency:uid:callid:a', incidentTrackingId: 'urn:emergency:uid:incidentid:b' },
    });
    const answer = response(await world({ boxes: [psap] }).ask(request));
    expect(answer.path.map(({ source }) => source)).toEqual(['first.example', ownName]);
    expect(answer.callIds).toEqual(request.callIds);
  });

  it('keeps the service as it was written, or names the substitute', async () => {
    const here = world({ boxes: [{ ...psap, service: 'urn:emergency:service:sos.psap' }] });
    const same = response(await here.ask(find(point(0.5, 0.5), { service: 'urn:nena:service:sos.psap' })));
    expect(same.mappings[0]?.service).toBe('urn:nena:service:sos.psap');
    const other = response(await here.ask(find(point(0.5, 0.5), { service: 'urn:service:sos.fire' })));
    expect(other.mappings[0]?.service).toBe('urn:service:sos');
  });
});

describe('how long an answer may be kept', () => {
  const start = 1_700_001_000_000;
  const hour = 3_600_000;
  const expiries: readonly (readonly [name: string, given: WorldOptions, expires: unknown])[] = [
    ['as configured', { boxes: [psap] }, start + hour],
    ['not at all', { boxes: [psap], options: { expiresMs: 0 } }, 'NO-CACHE'],
    ["until the boundary's own end", { boxes: [{ ...psap, expire: start + 60_000 }] }, start + 60_000],
    [
      'until another boundary of the service begins',
      { boxes: [psap, { ...neighbour, effective: start + 90_500 }] },
      start + 90_000,
    ],
    [
      'whatever becomes of other services',
      { boxes: [psap, { ...fire, service: 'urn:service:sos.fire', expire: start + 90_000 }] },
      start + hour,
    ],
    ['not at all where the change is at hand', { boxes: [{ ...psap, expire: start + 900 }] }, 'NO-CACHE'],
    ['not at all where nothing is known of the boundary', { boxes: [psap], isUnlisted: true }, 'NO-CACHE'],
  ];
  it.each(expiries)('%s', async (_, given, expires) => {
    const answer = response(await world(given).ask(find(point(0.5, 0.5))));
    const own = answer.mappings[0]?.expires;
    expect(typeof own === 'object' ? own.ms : own).toEqual(expires);
  });

  it('is not said of another moment, which the answer names', async () => {
    const tomorrow = lostMoment(wallMs(start + 24 * hour));
    const boxes = [
      { ...psap, expire: start + hour },
      { ...psap, id: 'next', effective: start + hour },
    ];
    const here = world({ boxes });
    expect(brief(await here.ask(find(point(0.5, 0.5))))).toEqual(['psap']);
    const answer = response(await here.ask(find(point(0.5, 0.5), { asOf: tomorrow })));
    expect(brief(answer)).toEqual(['next']);
    expect(answer.mappings[0]?.expires).toBe('NO-CACHE');
    expect(answer.asOf?.ms).toBe(tomorrow.ms);
  });
});

describe('the boundary of a mapping', () => {
  it('comes by reference, and can be fetched by its key as long as it is what it was', async () => {
    const before = world({ boxes: [psap] });
    const [mapped] = response(await before.ask(find(point(0.5, 0.5)))).mappings;
    const key = mapped?.boundaryReference?.key ?? '';
    expect(mapped?.boundaryReference?.source).toBe(ownName);
    expect(key.length).toBeGreaterThan(22);
    // After a restart too.
    const after = await world({ boxes: [psap] }).ask({ kind: 'getServiceBoundary', key });
    expect(after).toMatchObject({
      kind: 'getServiceBoundaryResponse',
      boundaries: [{ kind: 'polygons' }, { kind: 'civic' }],
    });
    const changed = world({ boxes: [psap], revision: 1 });
    expect(brief(await changed.ask({ kind: 'getServiceBoundary', key }))).toBe('notFound');
    const [again] = response(await changed.ask(find(point(0.5, 0.5)))).mappings;
    expect(again?.boundaryReference?.key).not.toBe(key);
    expect(again?.lastUpdated.ms).toBeGreaterThan(mapped?.lastUpdated.ms ?? 0);
  });

  it.each(['', 'b7.0.cHNhcA.AAAAAAAAAAAAAAAAAAAAAA', 'l7.0.e30.x', 'nothing', 'b7.0.%.x'])(
    'has no other key: "%s"',
    async (key) => {
      const answer = await world({ boxes: [psap] }).ask({ kind: 'getServiceBoundary', key });
      expect(brief(answer)).toBe('notFound');
    },
  );

  it('comes by value', async () => {
    const answer = response(
      await world({ boxes: [psap] }).ask(find(point(0.5, 0.5), { serviceBoundary: 'value' })),
    );
    expect(answer.mappings[0]?.boundaries).toMatchObject([
      {
        kind: 'polygons',
        polygons: [
          [
            [
              [0, 0],
              [1, 0],
              [1, 1],
              [0, 1],
              [0, 0],
            ],
          ],
        ],
      },
    ]);
  });

  it('comes by reference where it is too large', async () => {
    const here = world({ boxes: [psap], options: { boundaryCornersMax: 4 } });
    const [mapped] = response(await here.ask(find(point(0.5, 0.5), { serviceBoundary: 'value' }))).mappings;
    expect(mapped?.boundaries).toEqual([]);
    expect(mapped?.boundaryReference).toBeDefined();
  });

  it('says which addresses an answer holds for', async () => {
    const address = civic({ country: 'US', A3: 'Springfield', RD: 'Main', HNO: '1' });
    const answer = response(await world({ boxes: [psap] }).ask(find(address, { serviceBoundary: 'value' })));
    const [first, second] = answer.mappings[0]?.boundaries ?? [];
    expect(second?.kind).toBe('polygons');
    if (first?.kind !== 'civic') throw new Error('the address is told by value');
    expect(first.civics.map(({ country, elements }) => [country, ...elements])).toEqual([
      ['US', ['A3', 'Springfield']],
    ]);
  });
});

describe('validation of an address', () => {
  const address = civic({ country: 'US', A3: 'Springfield', HNO: '9' });
  const known = async () =>
    validation({
      valid: ['country', 'A3'],
      invalid: ['HNO'],
      unchecked: ['PC'],
      changesAt: wallMs(1_700_100_000_000),
      similar: [1, 2, 3, 4].flatMap(
        (each) => civicAddress({ country: 'US', A3: 'Springfield', HNO: String(each) }) ?? [],
      ),
    });
  const asked = find(address, { validatesLocation: true });

  it('says what is valid, invalid and unchecked, and when to ask again', async () => {
    const answer = response(await world({ boxes: [psap], validator: known }).ask(asked));
    expect(answer.locationValidation).toMatchObject({
      valid: ['country', 'A3'],
      invalid: ['HNO'],
      unchecked: ['PC'],
      revalidateAfter: { ms: 1_700_100_000_000 },
    });
    expect(answer.locationValidation?.similarLocations ?? []).toEqual([]);
  });

  it('gives similar addresses to who asks for them', async () => {
    const request = { ...asked, additionalLocation: 'similar' } as const;
    const answer = response(await world({ boxes: [psap], validator: known }).ask(request));
    expect(answer.locationValidation?.similarLocations?.length).toBe(3);
  });

  it('names the wrong elements in the error where nothing serves the address', async () => {
    const answer = await world({ boxes: [], isUnlisted: true, validator: known }).ask(asked);
    expect(answer).toMatchObject({
      kind: 'errors',
      exceptions: [{ type: 'locationInvalid', message: 'the address is not known: HNO' }],
    });
  });

  const unavailable: readonly (readonly [
    name: string,
    given: WorldOptions,
    role: 'ecrf' | 'lvf',
    says: unknown,
  ])[] = [
    ['there is no validator', {}, 'lvf', ['psap', 'locationValidationUnavailable']],
    [
      'it is off',
      { validator: known, options: { validation: 'off' } },
      'lvf',
      ['psap', 'locationValidationUnavailable'],
    ],
    [
      'it is done at the LVF alone',
      { validator: known, options: { validation: 'lvf' } },
      'ecrf',
      ['psap', 'locationValidationUnavailable'],
    ],
    ['it is done at the LVF', { validator: known, options: { validation: 'lvf' } }, 'lvf', ['psap']],
    [
      'no dataset is active',
      { validator: async () => undefined },
      'lvf',
      ['psap', 'locationValidationUnavailable'],
    ],
    [
      'the validator fails',
      { validator: () => Promise.reject(new DependencyError('store.deadlineMissed', 'late')) },
      'lvf',
      ['psap', 'locationValidationUnavailable'],
    ],
  ];
  it.each(unavailable)('where %s', async (_, given, role, says) => {
    expect(brief(await world({ boxes: [psap], ...given }).ask(asked, { role }))).toEqual(says);
  });

  it('is not done of a position', async () => {
    const answer = response(
      await world({ boxes: [psap], validator: known }).ask(
        find(point(0.5, 0.5), { validatesLocation: true }),
      ),
    );
    expect(answer.locationValidation).toBeUndefined();
    expect(answer.warnings).toEqual([]);
  });
});
