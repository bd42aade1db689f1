import { describe, expect, it } from 'vitest';
import { DependencyError, type ServiceUrn, serviceUrn, wallMs } from '../../src/base/index.ts';
import type { CoverageRegion, LostRemote, OtherServer } from '../../src/ecrf/index.ts';
import type { LostAnswer, LostRequest } from '../../src/lost/index.ts';
import { lostMoment } from '../../src/lost/index.ts';
import {
  answerOf,
  brief,
  checked,
  circle,
  civic,
  errorsOf,
  find,
  mapping,
  ownName,
  point,
  sos,
  unreachable,
  type World,
  type WorldOptions,
  world,
} from '../unit/ecrf/support.ts';

// Trees and forests of LoST servers (RFC 5582), recursion, redirection and loops (RFC 5222 §6, §8.3.3, §13.3).

function region(elements: Record<string, string>): CoverageRegion {
  return { kind: 'civic', elements: new Map(Object.entries(elements)) };
}

function box(west: number, south: number, east: number, north: number): CoverageRegion {
  const corners = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ] as const;
  const exterior = corners.map(([lon, lat]) => ({ lon, lat }));
  return { kind: 'shape', shape: { kind: 'polygon', exterior, interiors: [] } };
}

function server(
  name: string,
  coverage: readonly CoverageRegion[],
  more: Partial<OtherServer> = {},
): OtherServer {
  const services: readonly ServiceUrn[] = [serviceUrn(sos)];
  return { name, role: 'child', services, coverage, ...more };
}

/** Other servers by name: what each answers. */
type Others = Readonly<Record<string, LostAnswer | Error | ((request: LostRequest) => LostAnswer)>>;

function remote(others: Others): LostRemote['ask'] {
  return async (name, request) => {
    const answer = others[name];
    if (answer === undefined) throw unreachable(name);
    if (answer instanceof Error) throw answer;
    return checked(typeof answer === 'function' ? answer(request) : answer);
  };
}

function from(name: string): LostAnswer {
  return answerOf([mapping({ source: name })], { path: [{ source: ownName }, { source: name }] });
}

function tree(servers: readonly OtherServer[], others: Others = {}, more: WorldOptions = {}): World {
  return world({ remote: remote(others), ...more, options: { servers, ...more.options } });
}

const recursive = { isRecursive: true } as const;
const askedNames = ({ asked }: World) => asked.map(({ server: name }) => name);

// RFC 5582 §7.1, the table of New Jersey.
const jersey = [
  server('atlantic.nj.example.org', [region({ country: 'US', A1: 'NJ', A2: 'Atlantic' })]),
  server('bergen.nj.example.org', [region({ country: 'US', A1: 'NJ', A2: 'Bergen' })]),
  server('essex.nj.example.org', [region({ country: 'US', A1: 'NJ', A2: 'Essex' })]),
  server('newark.example.com', [region({ country: 'US', A1: 'NJ', A2: 'Essex', A3: 'Newark' })]),
  server('us.example.org', [region({ country: 'US' })]),
];

describe('RFC 5582 §7.1: who answers for a place', () => {
  const rows: readonly (readonly [name: string, request: ReturnType<typeof find>, to: string])[] = [
    [
      'the county of an address',
      find(civic({ country: 'US', A1: 'NJ', A2: 'Bergen', A3: 'Leonia' })),
      'redirect bergen.nj.example.org',
    ],
    [
      'the town that is listed by itself, by the longest match',
      find(civic({ country: 'US', A1: 'NJ', A2: 'Essex', A3: 'Newark', RD: 'Broad' })),
      'redirect newark.example.com',
    ],
    [
      'the county of its other towns',
      find(civic({ country: 'US', A1: 'NJ', A2: 'Essex', A3: 'Montclair' })),
      'redirect essex.nj.example.org',
    ],
    [
      'names in other cases',
      find(civic({ country: 'us', A1: 'nj', A2: 'BERGEN' })),
      'redirect bergen.nj.example.org',
    ],
    [
      'the country, for what nobody else has',
      find(civic({ country: 'US', A1: 'NY' })),
      'redirect us.example.org',
    ],
    ['nobody', find(civic({ country: 'DE' })), 'notFound'],
    ['nobody for a position', find(point(0, 0)), 'notFound'],
  ];
  it.each(rows)('%s', async (_, request, to) => {
    const here = tree(jersey);
    expect(brief(await here.ask(request))).toBe(to);
    // RFC 5222 §8.3.3: it must not recurse where it is not asked to.
    expect(here.asked).toEqual([]);
  });

  const regions = [
    server('small.example', [box(0, 0, 1, 1)]),
    server('large.example', [box(-10, -10, 10, 10)]),
    server('date-line.example', [box(170, -10, 190, 10)]),
    server('round.example', [
      { kind: 'shape', shape: { kind: 'circle', center: { lon: 50, lat: 50 }, radiusM: 10_000 } },
    ]),
  ];
  const places: readonly (readonly [name: string, request: ReturnType<typeof find>, to: string])[] = [
    ['the smaller of two regions', find(point(0.5, 0.5)), 'redirect small.example'],
    ['the larger outside of it', find(point(5, 5)), 'redirect large.example'],
    ['a region beyond the antimeridian', find(point(-175, 0)), 'redirect date-line.example'],
    ['a round region', find(point(50.01, 50.01)), 'redirect round.example'],
    ['beside a round region', find(point(50.5, 50)), 'notFound'],
    ['an area that reaches into a region', find(circle(50.2, 50, 10_000)), 'redirect round.example'],
    ['an area around a region', find(circle(50, 51, 200_000)), 'redirect round.example'],
  ];
  it.each(places)('%s', async (_, request, to) => {
    expect(brief(await tree(regions).ask(request))).toBe(to);
  });

  it('a service of the server, or one below it', async () => {
    const here = tree([
      server('fire.example', [], { services: [serviceUrn('urn:service:sos.fire')] }),
      server('hotline.example', [], { services: [serviceUrn('urn:service:counseling')] }),
    ]);
    const ask = async (service: string) => brief(await here.ask(find(point(0, 0), { service })));
    expect(await ask('urn:service:sos.fire.forest')).toBe('redirect fire.example');
    expect(await ask('urn:service:counseling')).toBe('redirect hotline.example');
    expect(await ask('urn:service:sos.police')).toBe('serviceNotImplemented');
  });

  it('our own boundaries before anybody else', async () => {
    const boxes = [{ id: 'psap', west: 0, south: 0, east: 1, north: 1 }];
    const here = tree([server('all.example', [])], {}, { boxes });
    expect(brief(await here.ask(find(point(0.5, 0.5))))).toEqual(['psap']);
  });
});

describe('RFC 5222 §8.3.3: recursion', () => {
  const child = server('child.example', [box(0, 0, 1, 1)]);
  const parent = server('guide.example', [], { role: 'parent' });

  it('asks the server of the region, and gives its answer unchanged', async () => {
    const answer = answerOf([mapping({ source: 'child.example', expires: 'NO-EXPIRATION' })], {
      path: [{ source: ownName }, { source: 'child.example' }],
      warnings: [{ source: 'child.example', exceptions: [{ type: 'serviceSubstitution', message: 'so' }] }],
    });
    const here = tree([child], { 'child.example': answer });
    const got = await here.ask(find(point(0.5, 0.5), { ...recursive, path: [{ source: 'first.example' }] }));
    expect(got).toMatchObject({ mappings: answer.mappings, path: answer.path, warnings: answer.warnings });
    const [{ request } = { request: undefined }] = here.asked;
    expect(request).toMatchObject({
      isRecursive: true,
      path: [{ source: 'first.example' }, { source: ownName }],
    });
  });

  it('asks a parent where no region fits, such as a forest guide', async () => {
    const here = tree([parent, child], { 'guide.example': from('guide.example') });
    expect(brief(await here.ask(find(point(9, 9), recursive)))).toEqual(['guide.example m1']);
    expect(askedNames(here)).toEqual(['guide.example']);
  });

  it('asks a parent where the server of the region finds nothing', async () => {
    const here = tree([parent, child], {
      'child.example': errorsOf('notFound'),
      'guide.example': from('guide.example'),
    });
    expect(brief(await here.ask(find(point(0.5, 0.5), recursive)))).toEqual(['guide.example m1']);
    expect(askedNames(here)).toEqual(['child.example', 'guide.example']);
  });

  it('redirects a client that wants recursion where there is none', async () => {
    const here = tree([child], {}, { options: { recurses: false } });
    expect(brief(await here.ask(find(point(0.5, 0.5), recursive)))).toBe('redirect child.example');
  });

  it('asks servers whose regions overlap side by side, and gives all of their answers (RFC 5582 §7.3)', async () => {
    const disputed = [
      server('one.example', [box(0, 0, 1, 1)]),
      server('two.example', [box(0, 0, 1, 1)]),
      server('three.example', [box(0, 0, 1, 1)]),
    ];
    const here = tree(disputed, {
      'one.example': from('one.example'),
      'two.example': errorsOf('notFound'),
      'three.example': from('three.example'),
    });
    expect(brief(await here.ask(find(point(0.5, 0.5), recursive)))).toEqual([
      'one.example m1',
      'three.example m1',
    ]);
  });

  interface Failure {
    readonly name: string;
    readonly answer: LostAnswer | Error | undefined;
    readonly says: unknown;
  }
  const unreadable = new DependencyError('ecrf.serverUnreadable', 'it cannot be read');
  const failures: readonly Failure[] = [
    { name: 'is away', answer: undefined, says: 'serverTimeout' },
    { name: 'is late', answer: new DependencyError('ecrf.serverTimeout', 'late'), says: 'serverTimeout' },
    { name: 'cannot be understood', answer: unreadable, says: 'serverError' },
    {
      name: 'answers another question',
      answer: {
        kind: 'listServicesResponse',
        services: [],
        warnings: [],
        path: [{ source: 'child.example' }],
      },
      says: 'serverError',
    },
    { name: 'refuses', answer: errorsOf('forbidden'), says: 'forbidden' },
    {
      name: 'knows that there is no such service',
      answer: errorsOf('serviceNotImplemented'),
      says: 'serviceNotImplemented',
    },
    { name: 'finds nothing', answer: errorsOf('notFound'), says: 'notFound' },
    { name: 'would ask in a circle', answer: errorsOf('loop'), says: 'notFound' },
  ];
  it.each(failures)('where the other server $name', async ({ answer, says }) => {
    const here = tree([child], answer === undefined ? {} : { 'child.example': answer });
    expect(brief(await here.ask(find(point(0.5, 0.5), recursive)))).toEqual(says);
  });

  it('keeps to its time: a first server leaves some for the next', async () => {
    const here = tree([child, parent], { 'guide.example': from('guide.example') });
    await here.ask(find(point(0.5, 0.5), recursive));
    const [first, second] = here.asked.map(({ deadlineMs }) => deadlineMs);
    expect(first).toBeLessThan(700);
    expect(second).toBeLessThanOrEqual(1_000);
  });

  it('makes an answer without a path one with it', async () => {
    const here = world({
      remote: async () => answerOf([mapping()], { path: [] }),
      options: { servers: [child] },
    });
    const answer = await here.ask(find(point(0.5, 0.5), recursive));
    expect(answer).toMatchObject({ path: [{ source: ownName }, { source: 'child.example' }] });
  });
});

describe('RFC 5222 §13.3: redirects of others', () => {
  const child = server('child.example', [box(0, 0, 1, 1)]);
  const to = (target: string): LostAnswer => ({
    kind: 'redirect',
    target,
    source: 'x.example',
    message: 'there',
  });

  it('are followed, each server told of those before it', async () => {
    const here = tree([child], {
      'child.example': to('next.example'),
      'next.example': to('last.example'),
      'last.example': from('last.example'),
    });
    expect(brief(await here.ask(find(point(0.5, 0.5), recursive)))).toEqual(['last.example m1']);
    expect(here.asked.at(-1)?.request).toMatchObject({
      path: [{ source: ownName }, { source: 'child.example' }, { source: 'next.example' }],
    });
  });

  it('are handed on where there are too many', async () => {
    const here = tree([child], {
      'child.example': to('a.example'),
      'a.example': to('b.example'),
      'b.example': to('c.example'),
      'c.example': to('d.example'),
    });
    expect(brief(await here.ask(find(point(0.5, 0.5), recursive)))).toBe('redirect d.example');
    expect(here.asked.length).toBe(4);
  });

  it.each([ownName, 'child.example', 'first.example'])(
    'to %s, which has been asked, lead nowhere',
    async (target) => {
      const here = tree([child], { 'child.example': to(target), 'first.example': from('first.example') });
      const request = find(point(0.5, 0.5), { ...recursive, path: [{ source: 'first.example' }] });
      expect(brief(await here.ask(request))).toBe('notFound');
      expect(askedNames(here)).toEqual(['child.example']);
    },
  );
});

describe('RFC 5222 §6: loops', () => {
  it('a question that comes again is refused', async () => {
    const here = tree([server('all.example', [])]);
    const request = find(point(0, 0), { ...recursive, path: [{ source: 'a.example' }, { source: ownName }] });
    expect(brief(await here.ask(request))).toBe('loop');
    expect(here.asked).toEqual([]);
  });

  it('who has been asked is not asked again; nobody else is left', async () => {
    const here = tree([server('All.example', [])]);
    const request = find(point(0, 0), { ...recursive, path: [{ source: 'all.EXAMPLE' }] });
    expect(brief(await here.ask(request))).toBe('loop');
    expect(here.asked).toEqual([]);
  });

  it('another one is asked in its place', async () => {
    const here = tree([server('a.example', [box(0, 0, 1, 1)]), server('b.example', [])], {
      'b.example': from('b.example'),
    });
    const request = find(point(0.5, 0.5), { ...recursive, path: [{ source: 'a.example' }] });
    expect(brief(await here.ask(request))).toEqual(['b.example m1']);
  });
});

describe('RFC 5222 §5.2: answers of others are kept', () => {
  const minute = 60_000;
  const child = server('child.example', []);

  /** Answers with mappings that expire a minute after they are asked for, as long as it is there. */
  function kept(expires?: 'NO-CACHE' | 'NO-EXPIRATION', options: WorldOptions['options'] = {}) {
    const state = { isThere: true };
    const here: World = world({
      options: { servers: [child], ...options },
      remote: async () => {
        if (!state.isThere) throw unreachable('child.example');
        const until = expires ?? lostMoment(wallMs(here.clock.wall() + minute));
        return answerOf([mapping({ expires: until })]);
      },
    });
    const ask = async (id = 'here') => brief(await here.ask(find(point(3, 3, id), recursive)));
    return { here, state, ask };
  }

  it('until they expire', async () => {
    const { here, ask } = kept();
    await ask();
    here.clock.advanceBy(minute - 1);
    await ask();
    expect(here.asked.length).toBe(1);
    here.clock.advanceBy(2);
    await ask();
    expect(here.asked.length).toBe(2);
  });

  it('for the same question alone', async () => {
    const { here, ask } = kept();
    await ask();
    await here.ask(find(point(3, 3.1), recursive));
    await here.ask(find(point(3, 3), { ...recursive, service: 'urn:service:sos.fire' }));
    await here.ask(find(point(3, 3), { ...recursive, serviceBoundary: 'value' }));
    await here.ask(find(point(3, 3), { ...recursive, validatesLocation: true }));
    expect(here.asked.length).toBe(5);
  });

  it('and name the location of who asks now', async () => {
    const { here } = kept();
    await here.ask(find(point(3, 3, 'here'), recursive));
    const again = await here.ask(find(point(3, 3, 'mine'), recursive));
    expect(again).toMatchObject({ locationUsed: 'mine' });
    expect(here.asked.length).toBe(1);
  });

  it('not at all where they say so', async () => {
    const { here, ask } = kept('NO-CACHE');
    await ask();
    await ask();
    expect(here.asked.length).toBe(2);
  });

  it('for the longest time that is configured', async () => {
    const { here, ask } = kept('NO-EXPIRATION', {
      cache: { entriesMax: 9, ageMaxMs: minute, staleMaxMs: 0 },
    });
    await ask();
    here.clock.advanceBy(minute - 1);
    await ask();
    expect(here.asked.length).toBe(1);
    here.clock.advanceBy(1);
    await ask();
    expect(here.asked.length).toBe(2);
  });

  it('beyond their time while their server does not answer, which is asked each time', async () => {
    const { here, state, ask } = kept();
    expect(await ask()).toEqual(['other.example m1']);
    state.isThere = false;
    here.clock.advanceBy(10 * minute);
    const stale = await here.ask(find(point(3, 3), recursive));
    if (stale.kind !== 'findServiceResponse') throw new Error(stale.kind);
    const expires = stale.mappings[0]?.expires;
    expect(typeof expires === 'object' && expires.ms < here.clock.wall()).toBe(true);
    expect(here.asked.length).toBe(2);
    state.isThere = true;
    expect(await ask()).toEqual(['other.example m1']);
    expect(here.asked.length).toBe(3);
  });

  it('not for ever', async () => {
    const { here, state, ask } = kept(undefined, {
      cache: { entriesMax: 9, ageMaxMs: minute, staleMaxMs: minute },
    });
    await ask();
    state.isThere = false;
    here.clock.advanceBy(2 * minute);
    expect(await ask()).toBe('serverTimeout');
  });

  it('the ones that were not asked for the longest time go first', async () => {
    const { here } = kept(undefined, { cache: { entriesMax: 2, ageMaxMs: minute, staleMaxMs: minute } });
    const ask = (lat: number) => here.ask(find(point(3, lat), recursive));
    for (const lat of [1, 2, 1, 3]) await ask(lat);
    expect(here.asked.length).toBe(3);
    await ask(1);
    expect(here.asked.length).toBe(3);
    await ask(2);
    expect(here.asked.length).toBe(4);
  });
});
