import { describe, expect, it } from 'vitest';
import { serviceUrn, wallMs } from '../../src/base/index.ts';
import type { LostClient, SyncOptions, SyncStore } from '../../src/ecrf/index.ts';
import type { LostAnswer, LostMapping, LostRequest, MappingChange } from '../../src/lost/index.ts';
import { lostMoment } from '../../src/lost/index.ts';
import {
  type Box,
  brief,
  everybody,
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

// Sharing mappings between LoST servers (RFC 6739), as source and as destination.

const boxes: readonly Box[] = [
  { id: 'a', west: 0, south: 0, east: 1, north: 1 },
  { id: 'b', west: 1, south: 0, east: 2, north: 1, service: 'urn:service:sos.fire' },
  { id: 'c', west: 2, south: 0, east: 3, north: 1 },
];
const austria: SyncOptions['coverage'] = [
  {
    service: serviceUrn(sos),
    regions: [
      { kind: 'civic', elements: new Map([['country', 'AT']]) },
      { kind: 'shape', shape: { kind: 'circle', center: { lon: 14, lat: 47 }, radiusM: 200_000 } },
    ],
  },
];
const reader: LostClient = { ...everybody, name: 'reader', mayReadMappings: true };
const pusher: LostClient = { ...everybody, name: 'pusher', pushes: ['Other.example'] };

type Sync = Partial<SyncOptions & { mappingsMax: number }>;

function shared(sync: Sync, more: WorldOptions = {}): World {
  const base = { ...defaultSync, ...sync };
  return world({ ...more, options: { ...more.options, sync: base } });
}

const defaultSync = {
  offers: 'none',
  coverage: [],
  coverageSince: wallMs(1_650_000_000_000),
  documentMappingsMax: 10,
  documentCornersMax: 1_000,
  sources: [],
  pushTo: [],
  deadlineMs: 1_000,
  mappingsMax: 10,
} as const;

function at(ms: number) {
  return lostMoment(wallMs(1_700_000_000_000 + ms));
}

function put(given: Partial<LostMapping> = {}): MappingChange {
  return {
    kind: 'put',
    mapping: mapping({ lastUpdated: at(0), expires: 'NO-EXPIRATION', boundaries: [square], ...given }),
  };
}

const square = {
  kind: 'polygons',
  polygons: [
    [
      [
        [50, 50],
        [51, 50],
        [51, 51],
        [50, 51],
        [50, 50],
      ],
    ],
  ],
} as const;

async function push(to: World, changes: readonly MappingChange[], client = pusher): Promise<LostAnswer> {
  return await to.ask({ kind: 'pushMappings', changes }, { client });
}

function idsOf(answer: LostAnswer): readonly string[] {
  if (answer.kind !== 'getMappingsResponse') throw new Error(JSON.stringify(answer));
  return answer.changes.map((change) =>
    change.kind === 'put' ? `${change.mapping.source} ${change.mapping.sourceId}` : `gone ${change.sourceId}`,
  );
}

describe('RFC 6739 §4: what a source gives', () => {
  const ask = { kind: 'getMappings', exists: [] } as const;

  it('is its coverage, without a URI', async () => {
    const answer = await shared({ offers: 'coverage', coverage: austria }, { boxes }).ask(ask, {
      client: reader,
    });
    expect(idsOf(answer)).toEqual([`${ownName} coverage ${sos}`]);
    const [change] = answer.kind === 'getMappingsResponse' ? answer.changes : [];
    expect(change).toMatchObject({
      mapping: {
        source: ownName,
        uris: [],
        service: sos,
        boundaries: [{ kind: 'civic' }, { kind: 'shapes' }],
      },
    });
  });

  it('is all of its boundaries, with their regions', async () => {
    const answer = await shared({ offers: 'mappings' }, { boxes }).ask(ask, { client: reader });
    expect(idsOf(answer)).toEqual(['a', 'b', 'c'].map((id) => `${ownName} ${id}`));
  });

  it('is what the asker lacks, or has older', async () => {
    const source = shared({ offers: 'mappings' }, { boxes });
    const all = await source.ask(ask, { client: reader });
    const known = all.kind === 'getMappingsResponse' ? all.changes : [];
    const exists = known.flatMap((change) => (change.kind === 'put' ? [change.mapping] : []));
    const [a, b] = exists;
    if (a === undefined || b === undefined) throw new Error('there are three');
    const older = { ...b, lastUpdated: lostMoment(wallMs(b.lastUpdated.ms - 1_000)) };
    const answer = await source.ask({ kind: 'getMappings', exists: [a, older] }, { client: reader });
    expect(idsOf(answer)).toEqual([`${ownName} b`, `${ownName} c`]);
    expect(idsOf(await source.ask({ kind: 'getMappings', exists }, { client: reader }))).toEqual([]);
  });

  it('is a document of bearable size, and the rest with the next', async () => {
    const few = shared({ offers: 'mappings', documentMappingsMax: 2 }, { boxes });
    expect(idsOf(await few.ask(ask, { client: reader })).length).toBe(2);
    const small = shared({ offers: 'mappings', documentCornersMax: 5 }, { boxes });
    expect(idsOf(await small.ask(ask, { client: reader })).length).toBe(1);
  });

  it.each([
    ['who is not listed for it', shared({ offers: 'mappings' }, { boxes }), everybody],
    ['who may only push', shared({ offers: 'mappings' }, { boxes }), pusher],
    ['anybody where nothing is offered', shared({ offers: 'none' }, { boxes }), reader],
  ])('is nothing for %s', async (_, source, client) => {
    expect(brief(await source.ask(ask, { client }))).toBe('forbidden');
  });
});

describe('RFC 6739 §5: what a destination takes', () => {
  it('is new, and then answers for its region, unchanged', async () => {
    const here = shared({});
    expect(brief(await push(here, [put()]))).toBe('pushMappingsResponse');
    const answer = await here.ask(find(point(50.5, 50.5)));
    expect(brief(answer)).toEqual(['other.example m1']);
    expect(answer).toMatchObject({ path: [{ source: ownName }], locationUsed: 'here' });
    expect(brief(await here.ask(find(point(52, 50.5))))).toBe('notFound');
  });

  it('names the server to ask where it has no URI (§3)', async () => {
    const here = shared({});
    await push(here, [put({ uris: [] })]);
    expect(brief(await here.ask(find(point(50.5, 50.5))))).toBe('redirect other.example');
  });

  it('is newer than what is there; older changes nothing', async () => {
    const here = shared({});
    await push(here, [put({ uris: ['sip:new@example.com'], lastUpdated: at(2_000) })]);
    await push(here, [put({ uris: ['sip:old@example.com'], lastUpdated: at(1_000) })]);
    expect(await here.ask(find(point(50.5, 50.5)))).toMatchObject({
      mappings: [{ uris: ['sip:new@example.com'] }],
    });
    await push(here, [put({ uris: ['sip:newest@example.com'], lastUpdated: at(3_000) })]);
    expect(await here.ask(find(point(50.5, 50.5)))).toMatchObject({
      mappings: [{ uris: ['sip:newest@example.com'] }],
    });
  });

  it('is deleted by a mapping without content, and said where there is none', async () => {
    const here = shared({});
    await push(here, [put()]);
    const gone: MappingChange = {
      kind: 'delete',
      source: 'other.example',
      sourceId: 'm1',
      lastUpdated: at(9_000),
    };
    const other: MappingChange = { ...gone, sourceId: 'm2' };
    const answer = await push(here, [gone, other]);
    expect(answer).toMatchObject({
      kind: 'errors',
      notDeleted: { mappings: [{ kind: 'delete', sourceId: 'm2' }] },
    });
    expect(brief(await here.ask(find(point(50.5, 50.5))))).toBe('serviceNotImplemented');
  });

  it.each([
    ['of a source that the client may not speak for', [put(), put({ source: 'third.example' })], pusher],
    ['of who is not listed for it', [put()], everybody],
    ['of who may only read', [put()], reader],
  ])('is not %s', async (_, changes, client) => {
    const here = shared({});
    expect(brief(await push(here, changes, client))).toBe('forbidden');
    expect(brief(await here.ask(find(point(50.5, 50.5))))).toBe('serviceNotImplemented');
  });

  it('is not more than there may be', async () => {
    const here = shared({ mappingsMax: 2 });
    const changes = ['1', '2', '3'].map((sourceId) => put({ sourceId }));
    expect(brief(await push(here, changes))).toBe('internalError');
    expect(here.ecrf.counts().sync).toMatchObject({ held: 2, taken: 2, refused: 1 });
  });

  it('is not our own, which comes back where servers share in a circle (§8)', async () => {
    const here = shared({ offers: 'mappings' }, { boxes });
    expect(brief(await push(here, [put({ source: ownName }), put()]))).toBe('pushMappingsResponse');
    expect(here.ecrf.counts().sync).toMatchObject({ held: 1 });
  });

  it('does not answer when it is over, nor for another service', async () => {
    const here = shared({});
    await push(here, [put({ expires: at(1) }), put({ sourceId: 'fire', service: 'urn:service:sos.fire' })]);
    expect(brief(await here.ask(find(point(50.5, 50.5))))).toBe('notFound');
    expect(brief(await here.ask(find(point(50.5, 50.5), { service: 'urn:service:sos.fire' })))).toEqual([
      'other.example fire',
    ]);
  });

  it('comes after our own boundaries', async () => {
    const here = shared({}, { boxes: [{ id: 'own', west: 50, south: 50, east: 51, north: 51 }] });
    await push(here, [put()]);
    expect(brief(await here.ask(find(point(50.5, 50.5))))).toEqual(['own']);
  });

  it('is kept over a restart', async () => {
    const kept: { mappings: readonly LostMapping[] } = { mappings: [] };
    const store: SyncStore = {
      load: async () => kept.mappings,
      save: async (mappings) => {
        kept.mappings = mappings;
      },
    };
    await push(shared({}, { store }), [put()]);
    const after = shared({}, { store });
    expect(brief(await after.ask(find(point(50.5, 50.5))))).toBe('serviceNotImplemented');
    await after.ecrf.sync.restore();
    expect(brief(await after.ask(find(point(50.5, 50.5))))).toEqual(['other.example m1']);
  });
});

describe('RFC 6739 §3: two servers', () => {
  /** The second one asks and is asked by the first by these rights. */
  function pair(first: Sync, second: Sync, clients: { first?: LostClient; second?: LostClient }) {
    const worlds: Record<string, World> = {};
    const remote = (from: string) => async (server: string, request: LostRequest) => {
      const to = worlds[server];
      if (to === undefined) throw unreachable(server);
      return await to.ask(request, {
        client: (from === 'one.example' ? clients.second : clients.first) ?? everybody,
      });
    };
    worlds['one.example'] = shared(first, {
      boxes,
      remote: remote('one.example'),
      options: { name: 'one.example' },
    });
    worlds['two.example'] = shared(second, {
      remote: remote('two.example'),
      options: { name: 'two.example' },
    });
    return { one: worlds['one.example'], two: worlds['two.example'] };
  }

  it('the one fetches what the other has, in as many documents as it takes', async () => {
    const { one, two } = pair(
      { offers: 'mappings', documentMappingsMax: 2 },
      { sources: ['one.example'] },
      { first: reader },
    );
    await two.ecrf.sync.run();
    expect(two.ecrf.counts().sync).toMatchObject({ taken: 3, held: 3 });
    expect(brief(await two.ask(find(point(0.5, 0.5))))).toEqual(['one.example a']);
    expect(one.ecrf.counts().sync.given).toBe(3);
  });

  it('the one gives what it has, once', async () => {
    const { one, two } = pair(
      { offers: 'mappings', documentMappingsMax: 2, pushTo: ['two.example'] },
      {},
      { second: { ...everybody, pushes: ['one.example'] } },
    );
    await one.ecrf.sync.run();
    await one.ecrf.sync.run();
    expect(two.ecrf.counts().sync).toMatchObject({ taken: 3, held: 3 });
    expect(two.ecrf.counts().questions).toEqual({ pushMappings: 2 });
    // What it was given by a peer it gives on; the other does not take it from it, but goes on taking what is its own.
    const third: LostClient = { ...everybody, pushes: ['third.example'] };
    await push(one, [put({ source: 'third.example' })], third);
    await one.ecrf.sync.run();
    expect(brief(await two.ask(find(point(50.5, 50.5))))).toBe('notFound');
    expect(one.ecrf.counts().sync.failed).toBe(1);
    expect(two.ecrf.counts().sync.held).toBe(3);
  });

  it('takes back what a peer has taken back', async () => {
    const client = { ...everybody, pushes: ['one.example', 'third.example'] };
    const { one, two } = pair(
      { offers: 'coverage', coverage: austria, pushTo: ['two.example'] },
      {},
      { second: client },
    );
    const third: LostClient = { ...everybody, pushes: ['third.example'] };
    await push(one, [put({ source: 'third.example' })], third);
    await one.ecrf.sync.run();
    expect(brief(await two.ask(find(point(50.5, 50.5))))).toEqual(['third.example m1']);
    expect(brief(await two.ask(find(point(14, 47))))).toBe('redirect one.example');
    const gone: MappingChange = {
      kind: 'delete',
      source: 'third.example',
      sourceId: 'm1',
      lastUpdated: at(9_000),
    };
    await push(one, [gone], third);
    await one.ecrf.sync.run();
    expect(brief(await two.ask(find(point(50.5, 50.5))))).toBe('notFound');
  });

  it('goes on where the other one is away or refuses', async () => {
    const { one, two } = pair({ offers: 'mappings' }, { sources: ['one.example', 'gone.example'] }, {});
    await two.ecrf.sync.run();
    expect(two.ecrf.counts().sync).toMatchObject({ failed: 2, held: 0 });
    expect(two.logged.filter((line) => line.startsWith('lost.syncFailed')).length).toBe(2);
    expect(one.ecrf.counts().answers).toEqual({ forbidden: 1 });
  });
});
