import { describe, expect, it } from 'vitest';
import { boundaryId, DependencyError, datasetId, serviceUrn, wallMs } from '../../../src/base/index.ts';
import { LostLookup, type LostLookupOptions, type LostRemote } from '../../../src/ecrf/index.ts';
import type { BoundaryLookup, LookupAnswer, LookupScope } from '../../../src/esrp/index.ts';
import { civicAddress } from '../../../src/location/index.ts';
import { type LostAnswer, lostMoment } from '../../../src/lost/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { answerOf, errorsOf, mapping, sos, unreachable } from './support.ts';

// Calls mapped by another LoST server: whatever that does, a call gets an answer in its time.

const here = { lon: 1, lat: 2 };
const own: LookupAnswer = {
  kind: 'found',
  rule: 'covers',
  matches: [
    {
      boundaryId: boundaryId('own'),
      datasetId: datasetId(1),
      displayName: 'own',
      serviceUrn: serviceUrn(sos),
      serviceUri: 'sip:own@example.com',
      serviceNumber: undefined,
      agencyId: undefined,
      priority: 0,
    },
  ],
};
const nothing: LookupAnswer = { kind: 'nothing', datasetId: datasetId(1) };
const late = new DependencyError('store.deadlineMissed', 'late');

interface Given {
  readonly use?: LostLookupOptions['use'];
  readonly own?: LookupAnswer | DependencyError;
  readonly others?: Readonly<Record<string, LostAnswer | Error>>;
  readonly servers?: readonly string[];
  /** How long each question to another server takes. */
  readonly tookMs?: number;
}

function setting(given: Given) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const times: number[] = [];
  const state = { others: given.others ?? {} };
  const answerOwn = async (_: unknown, scope: LookupScope): Promise<LookupAnswer> => {
    asked.push('own');
    times.push(Math.round(scope.deadlineMs));
    if (given.own instanceof DependencyError) throw given.own;
    return given.own ?? nothing;
  };
  const lookup: BoundaryLookup = {
    byPoint: answerOwn,
    byArea: answerOwn,
    byCivic: answerOwn,
    nearest: async () => own,
  };
  const ask: LostRemote['ask'] = async (server, _request, { deadlineMs }) => {
    asked.push(server);
    times.push(Math.round(deadlineMs));
    clock.advanceBy(Math.min(given.tookMs ?? 0, deadlineMs));
    const answer = state.others[server] ?? unreachable(server);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const note = () => undefined;
  const wrapped = new LostLookup(
    lookup,
    {
      use: given.use ?? 'instead',
      servers: given.servers ?? ['other.example'],
      deadlineShare: 0.6,
      cache: { entriesMax: 10, ageMaxMs: 60_000, staleMaxMs: 60_000 },
    },
    { remote: { ask }, clock, logger: { debug: note, info: note, warn: note, error: note } },
  );
  const scope = (more: Partial<LookupScope> = {}): LookupScope => ({
    services: [serviceUrn(sos)],
    asOf: clock.wall(),
    deadlineMs: 500,
    ...more,
  });
  return { wrapped, scope, asked, times, clock, state };
}

/** What an answer comes to: the URI, or its kind, and who gave it. */
function told(answer: LookupAnswer): readonly (string | undefined)[] {
  const by = 'answeredBy' in answer ? answer.answeredBy : undefined;
  const what = answer.kind === 'found' ? answer.matches[0].serviceUri : answer.kind;
  return by?.name === 'lost' ? [what, by.why, by.server] : [what];
}

const other = { 'other.example': answerOf([mapping()]) };
const otherUri = 'sip:other@example.com';

interface Row extends Given {
  readonly name: string;
  readonly says: readonly string[];
  readonly asks: readonly string[];
}

const rows: readonly Row[] = [
  {
    name: 'instead: the other answers',
    own,
    others: other,
    says: [otherUri, 'instead', 'other.example'],
    asks: ['other.example'],
  },
  { name: 'instead: the other is away', own, says: ['sip:own@example.com'], asks: ['other.example', 'own'] },
  {
    name: 'instead: the other finds nothing, which is an answer',
    own,
    others: { 'other.example': errorsOf('notFound') },
    says: ['nothing', 'instead', 'other.example'],
    asks: ['other.example'],
  },
  {
    name: 'instead: there is no such service',
    own,
    others: { 'other.example': errorsOf('serviceNotImplemented') },
    says: ['absent', 'instead', 'other.example'],
    asks: ['other.example'],
  },
  {
    name: 'instead: the other refuses',
    own,
    others: { 'other.example': errorsOf('forbidden') },
    says: ['sip:own@example.com'],
    asks: ['other.example', 'own'],
  },
  {
    name: 'instead: the other has no SIP URI',
    own,
    others: { 'other.example': answerOf([mapping({ uris: ['xmpp:other@example.com'] })]) },
    says: ['sip:own@example.com'],
    asks: ['other.example', 'own'],
  },
  {
    name: 'instead: a URI that would break a message is none',
    own,
    others: {
      'other.example': answerOf([mapping({ uris: ['sip:other@example.com\r\nRoute: <sip:evil>'] })]),
    },
    says: ['sip:own@example.com'],
    asks: ['other.example', 'own'],
  },
  {
    name: 'instead: the SIP URI of several',
    others: {
      'other.example': answerOf([mapping({ uris: ['xmpp:other@example.com', 'sips:safe@example.com'] })]),
    },
    says: ['sips:safe@example.com', 'instead', 'other.example'],
    asks: ['other.example'],
  },
  {
    name: 'instead: the second server, where the first is away',
    own,
    servers: ['first.example', 'other.example'],
    others: other,
    says: [otherUri, 'instead', 'other.example'],
    asks: ['first.example', 'other.example'],
  },
  {
    name: 'instead: it redirects, which is for servers',
    own,
    others: {
      'other.example': { kind: 'redirect', target: 'x.example', source: 'other.example', message: '' },
    },
    says: ['sip:own@example.com'],
    asks: ['other.example', 'own'],
  },
  {
    name: 'after: our own serve the place',
    use: 'after',
    own,
    others: other,
    says: ['sip:own@example.com'],
    asks: ['own'],
  },
  {
    name: 'after: our own do not',
    use: 'after',
    others: other,
    says: [otherUri, 'unserved', 'other.example'],
    asks: ['own', 'other.example'],
  },
  {
    name: 'after: no dataset is active',
    use: 'after',
    own: { kind: 'noActiveDataset' },
    others: other,
    says: [otherUri, 'unserved', 'other.example'],
    asks: ['own', 'other.example'],
  },
  {
    name: 'after: our own are late',
    use: 'after',
    own: late,
    others: other,
    says: [otherUri, 'unserved', 'other.example'],
    asks: ['own', 'other.example'],
  },
  {
    name: 'after: our own know that there is no such service',
    use: 'after',
    own: { kind: 'absent', datasetId: datasetId(1), boundary: own.matches[0] },
    others: other,
    says: ['absent'],
    asks: ['own'],
  },
  { name: 'after: nobody serves the place', use: 'after', says: ['nothing'], asks: ['own', 'other.example'] },
  {
    name: 'after: the other finds nothing either',
    use: 'after',
    others: { 'other.example': errorsOf('notFound') },
    says: ['nothing'],
    asks: ['own', 'other.example'],
  },
];

describe('lookups by another LoST server', () => {
  it.each(rows)('$name', async ({ says, asks, ...given }) => {
    const { wrapped, scope, asked } = setting(given);
    expect(told(await wrapped.byPoint(here, scope()))).toEqual(says);
    expect(asked).toEqual(asks);
  });

  it('fail as our own do where nobody answers', async () => {
    const { wrapped, scope } = setting({ use: 'after', own: late });
    await expect(wrapped.byPoint(here, scope())).rejects.toBe(late);
  });

  it('give our own the rest of the time', async () => {
    const { wrapped, scope, times } = setting({ own, tookMs: 400 });
    expect(told(await wrapped.byPoint(here, scope()))).toEqual(['sip:own@example.com']);
    expect(times).toEqual([300, 200]);
  });

  it('leave time for the second server', async () => {
    const { wrapped, scope, times } = setting({ own, servers: ['a.example', 'b.example'], tookMs: 1_000 });
    await wrapped.byPoint(here, scope());
    expect(times).toEqual([150, 150, 200]);
  });

  it('ask by area and by address too', async () => {
    const { wrapped, scope } = setting({ others: other });
    const civic = civicAddress({ country: 'US' });
    if (civic === undefined) throw new Error('an address');
    const area = { kind: 'circle', center: here, radiusM: 10 } as const;
    expect(told(await wrapped.byArea(area, scope()))[0]).toBe(otherUri);
    expect(told(await wrapped.byCivic(civic, scope()))[0]).toBe(otherUri);
  });

  it('leave comparisons of datasets and the nearest boundary to our own', async () => {
    const { wrapped, scope, asked } = setting({ own, others: other });
    await wrapped.byPoint(here, scope({ datasetId: datasetId(3) }));
    expect(asked).toEqual(['own']);
    expect(await wrapped.nearest(here, 10, scope())).toBe(own);
  });

  it('call the default of another server the nearest', async () => {
    const warnings = [
      { source: 'other.example', exceptions: [{ type: 'defaultMappingReturned', message: '' }] },
    ] as const;
    const { wrapped, scope } = setting({ others: { 'other.example': answerOf([mapping()], { warnings }) } });
    expect(await wrapped.byPoint(here, scope())).toMatchObject({ rule: 'nearest' });
  });

  it('keep an answer as long as it says, and longer while nobody answers', async () => {
    const expires = lostMoment(wallMs(1_700_001_000_000 + 30_000));
    const { wrapped, scope, asked, clock, state } = setting({
      own,
      others: { 'other.example': answerOf([mapping({ expires })]) },
    });
    for (let round = 0; round < 3; round += 1) await wrapped.byPoint(here, scope());
    expect(asked).toEqual(['other.example']);
    state.others = {};
    clock.advanceBy(60_000);
    expect(told(await wrapped.byPoint(here, scope()))).toEqual([otherUri, 'instead', 'other.example']);
    expect(wrapped.counts()).toMatchObject({ asked: 2, failed: 1, stale: 1 });
    clock.advanceBy(60_000);
    expect(told(await wrapped.byPoint(here, scope()))).toEqual(['sip:own@example.com']);
  });
});
