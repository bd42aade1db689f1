import { describe, expect, it } from 'vitest';
import { DependencyError, serviceUrn, wallMs } from '../../../src/base/index.ts';
import type { ListServices, ListServicesByLocation, LostAnswer } from '../../../src/lost/index.ts';
import { type Box, brief, civic, everybody, ownName, point, sos, unreachable, world } from './support.ts';

const fire = 'urn:service:sos.fire';
const boxes: readonly Box[] = [
  { id: 'psap', west: 0, south: 0, east: 10, north: 10, service: 'urn:emergency:service:sos.psap' },
  { id: 'fire', west: 0, south: 0, east: 5, north: 10, service: fire },
  { id: 'forest', west: 0, south: 0, east: 1, north: 1, service: 'urn:service:sos.fire.forest' },
  { id: 'sea', west: 10, south: 0, east: 20, north: 10, service: 'urn:service:sos.marine' },
  {
    id: 'no-mountain',
    west: 0,
    south: 0,
    east: 10,
    north: 10,
    service: 'urn:service:sos.mountain',
    uri: 'urn:emergency:servicenotimplemented',
  },
  { id: 'help', west: 0, south: 0, east: 10, north: 10, service: 'urn:service:counseling.suicide' },
];

function list(service?: string): ListServices {
  return { kind: 'listServices', service, path: [] };
}

function byLocation(
  location: ReturnType<typeof point>,
  more: Partial<ListServicesByLocation> = {},
): ListServicesByLocation {
  return {
    kind: 'listServicesByLocation',
    locations: [location],
    service: sos,
    isRecursive: undefined,
    path: [],
    ...more,
  };
}

describe('listServices (RFC 5222 §10)', () => {
  it.each([
    ['the top', undefined, ['urn:service:counseling', 'urn:service:sos']],
    ['below sos', sos, [fire, 'urn:service:sos.marine', 'urn:service:sos.mountain']],
    [
      'below sos in another spelling',
      'urn:nena:service:sos',
      [fire, 'urn:service:sos.marine', 'urn:service:sos.mountain'],
    ],
    ['below fire', fire, ['urn:service:sos.fire.forest']],
    ['below what there is not', 'urn:service:sos.gas', []],
    ['below no URN', 'gas', 'serviceNotImplemented'],
  ])('%s', async (_, service, says) => {
    expect(brief(await world({ boxes }).ask(list(service)))).toEqual(says);
  });

  it('tells a client of its services alone', async () => {
    const client = { ...everybody, services: [serviceUrn(fire)] };
    expect(brief(await world({ boxes }).ask(list(sos), { client }))).toEqual([fire]);
  });
});

describe('listServicesByLocation (RFC 5222 §11)', () => {
  it.each([
    ['below sos', point(0.5, 0.5), sos, [fire]],
    ['below sos at sea', point(15, 5), sos, ['urn:service:sos.marine']],
    ['below sos where fire is not', point(7, 5), sos, []],
    ['below fire', point(0.5, 0.5), fire, ['urn:service:sos.fire.forest']],
    ['the top', point(0.5, 0.5), undefined, ['urn:service:counseling', sos]],
    ['nothing', point(50, 50), sos, []],
  ])('%s', async (_, location, service, says) => {
    const answer = await world({ boxes }).ask(byLocation(location, { service }));
    expect(brief(answer)).toEqual(says);
    expect(answer).toMatchObject({ locationUsed: 'here', path: [{ source: ownName }] });
  });

  it('depends on the credential', async () => {
    const client = { ...everybody, services: [serviceUrn('urn:service:counseling')] };
    expect(
      brief(await world({ boxes }).ask(byLocation(point(0.5, 0.5), { service: undefined }), { client })),
    ).toEqual(['urn:service:counseling']);
  });

  it('asks others where nothing here is there, and tells a client of its services alone', async () => {
    const answer: LostAnswer = {
      kind: 'listServicesByLocationResponse',
      services: [fire, 'urn:service:sos.police'],
      warnings: [],
      path: [{ source: 'other.example' }],
      locationUsed: 'here',
    };
    const here = world({
      boxes,
      remote: async () => answer,
      options: {
        servers: [{ name: 'other.example', role: 'child', services: [serviceUrn(sos)], coverage: [] }],
      },
    });
    expect(brief(await here.ask(byLocation(point(50, 50))))).toEqual([fire, 'urn:service:sos.police']);
    const client = { ...everybody, services: [serviceUrn(fire)] };
    expect(brief(await here.ask(byLocation(point(50, 50)), { client }))).toEqual([fire]);
    expect(brief(await here.ask(byLocation(point(50, 50), { isRecursive: false })))).toBe(
      'redirect other.example',
    );
    expect(brief(await here.ask(byLocation(point(50, 50), { path: [{ source: ownName }] })))).toBe('loop');
  });

  it('says so where the boundaries cannot be asked', async () => {
    const failure = new DependencyError('store.databaseDown', 'down');
    expect(brief(await world({ boxes, failure }).ask(byLocation(point(0.5, 0.5))))).toBe('internalError');
  });
});

describe('the region of a list of services (RFC 6197)', () => {
  const degreeM = 111_195;

  async function radius(
    lon: number,
    lat: number,
    given: readonly Box[] = boxes,
  ): Promise<number | undefined> {
    const answer = await world({ boxes: given }).ask(
      byLocation(point(lon, lat), { serviceListBoundary: 'value' }),
    );
    if (answer.kind !== 'listServicesByLocationResponse') throw new Error(answer.kind);
    const [first] = answer.serviceListBoundaries ?? [];
    if (first === undefined) return undefined;
    const [shape] = first.boundary.kind === 'shapes' ? first.boundary.shapes : [];
    return shape?.kind === 'circle' ? shape.radiusM : Number.NaN;
  }

  it('ends before the nearest border of what is there', async () => {
    const own = (await radius(5.1, 5)) ?? 0;
    // Fire begins 0.1 degrees to the west: what is not there must not be missed either.
    expect(own).toBeGreaterThan(0.05 * degreeM);
    expect(own).toBeLessThan(0.1 * degreeM);
    const inside = (await radius(0.9, 0.5)) ?? 0;
    expect(inside).toBeLessThan(0.1 * degreeM);
  });

  it('is not told at a border', async () => {
    expect(await radius(5.00001, 5)).toBeUndefined();
  });

  it('is larger where nothing is near, and has an end', async () => {
    const alone: Box[] = [{ id: 'psap', west: -40, south: -40, east: 40, north: 40 }];
    expect(await radius(0, 0, alone)).toBe(47_500);
  });

  it('can be had by a key, until the data changes', async () => {
    const here = world({ boxes });
    const answer = await here.ask(byLocation(point(3, 5), { serviceListBoundary: 'reference' }));
    if (answer.kind !== 'listServicesByLocationResponse') throw new Error(answer.kind);
    const { source, key = '' } = answer.serviceListBoundaryReference ?? {};
    expect(source).toBe(ownName);
    const question = { kind: 'getServiceListBoundary', key } as const;
    expect(await here.ask(question)).toMatchObject({
      serviceListBoundaries: [{ boundary: { kind: 'shapes' } }],
    });
    expect(brief(await world({ boxes, revision: 1 }).ask(question))).toBe('notFound');
    expect(brief(await here.ask({ ...question, key: `${key.slice(0, -1)}~` }))).toBe('notFound');
  });

  it('of an address is the address', async () => {
    const city: Box[] = [{ id: 'psap', west: 0, south: 0, east: 1, north: 1, city: 'Springfield' }];
    const location = civic({ country: 'US', A3: 'Springfield', RD: 'Main' });
    const answer = await world({ boxes: city }).ask(
      byLocation(location, { serviceListBoundary: 'value', service: undefined }),
    );
    expect(answer).toMatchObject({
      services: [sos],
      serviceListBoundaries: [{ boundary: { kind: 'civic', civics: [{ country: 'US' }] } }],
    });
  });
});

describe('planned changes', () => {
  const start = 1_700_001_000_000;
  const planned: readonly Box[] = [
    { id: 'a', west: 0, south: 0, east: 1, north: 1, city: 'Springfield', expire: start + 2_000 },
    { id: 'b', west: 0, south: 0, east: 1, north: 1, city: 'Shelbyville', effective: start + 2_000 },
    { id: 'c', west: 0, south: 0, east: 1, north: 1, effective: start + 1_000 },
    { id: 'd', west: 0, south: 0, east: 1, north: 1, effective: start - 1_000 },
  ];

  it('are listed, the next one first, and say which addresses they may concern', () => {
    const { ecrf, clock } = world({ boxes: planned });
    const [first, second, ...more] = ecrf.plannedChangeIds();
    expect(more).toEqual([]);
    expect(ecrf.plannedChange(first ?? '')).toMatchObject({
      effectiveAt: start + 1_000,
      partialLocations: [],
    });
    const civicAddr = 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr';
    expect(ecrf.plannedChange(second ?? '')).toEqual({
      changeSetId: second,
      effectiveAt: wallMs(start + 2_000),
      partialLocations: [
        { namespace: civicAddr, caType: '3', value: 'Springfield' },
        { namespace: civicAddr, caType: '3', value: 'Shelbyville' },
      ],
    });
    clock.advanceBy(1_500);
    expect(ecrf.plannedChangeIds()).toEqual([second]);
    expect(ecrf.plannedChange(first ?? '')).toBeUndefined();
    expect(ecrf.plannedChange('no')).toBeUndefined();
  });
});

describe('a fault of the server', () => {
  it('is an error of the answer, and of the log', async () => {
    const here = world({ remote: () => Promise.reject(unreachable('x.example')) });
    const broken = { kind: 'findService' } as never;
    expect(brief(await here.ecrf.answer(broken, 'ecrf', everybody))).toBe('internalError');
    expect(here.logged.some((line) => line.startsWith('lost.fault'))).toBe(true);
  });
});
