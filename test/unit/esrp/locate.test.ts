import { describe, expect, it } from 'vitest';
import { serviceUrn } from '../../../src/base/index.ts';
import type {
  FetchedLocation,
  Located,
  LocateOptions,
  LocationPorts,
  TableLocation,
} from '../../../src/esrp/index.ts';
import { locate } from '../../../src/esrp/index.ts';
import type { LocationValue } from '../../../src/location/index.ts';
import {
  pointPidf,
  type RequestParts,
  sdpAndPidf,
  testFlow,
  testLocateOptions,
  testRequest,
} from '../../support/emergency-messages.ts';
import { type Behaviour, fetched, LocationWorld } from '../../support/location-ports.ts';
import { ManualClock } from '../../support/manual-clock.ts';

// Every place has a latitude of its own, by which a result says where it came from.
const lat = { value: 10, first: 20, second: 21, server: 30, cell: 40, number: 50, ingress: 60, service: 70 };

const document = (of: keyof typeof lat) => pointPidf({ lon: 5, lat: lat[of] });
const cidFirst = { headers: ['Geolocation: <cid:loc@caller.example.net>, <https://lis.example.net/1>'] };
const referenceFirst = {
  headers: ['Geolocation: <https://lis.example.net/1>, <cid:loc@caller.example.net>'],
};
const oneReference = { headers: ['Geolocation: <https://lis.example.net/1>'] };
const twoReferences = {
  headers: ['Geolocation: <https://lis.example.net/1>, <https://lis.example.net/2>;inserted-by=x'],
};
const goodBody = sdpAndPidf(document('value'));
const badBody = sdpAndPidf('<presence');
const cellFirst = { fallbacks: ['cell', 'ingress'] } as const;
/** Somebody further up took the caller to be there. */
const assumedBody = sdpAndPidf(document('value').replace('>GPS<', '>Default<'));

const ok = (of: keyof typeof lat, afterMs?: number): Behaviour<FetchedLocation> => ({
  kind: 'answers',
  value: fetched(document(of)),
  ...(afterMs === undefined ? {} : { afterMs }),
});
const lies: Behaviour<FetchedLocation> = {
  kind: 'answers',
  value: { ...fetched('<html>Not found</html>'), contentType: 'text/html' },
};
const heldError: Behaviour<FetchedLocation> = {
  kind: 'answers',
  value: {
    ...fetched('<error xmlns="urn:ietf:params:xml:ns:geopriv:held" code="locationUnknown"/>'),
    contentType: 'application/held+xml',
  },
};
const fails = { kind: 'fails', code: 'net.httpRefused' } as const;
const failsLate = { kind: 'fails', code: 'net.httpTimeout', afterMs: 2_000 } as const;
const throws = { kind: 'throws' } as const;
const dead = { kind: 'dead' } as const;

function row(of: 'cell' | 'number', key: string, afterMs?: number): Behaviour<TableLocation | undefined> {
  const shape = { kind: 'point', position: { lon: 5, lat: lat[of] } } as const;
  const value = { key, shape, civic: undefined };
  return { kind: 'answers', value, ...(afterMs === undefined ? {} : { afterMs }) };
}

function place(of: 'ingress' | 'service'): LocationValue {
  return {
    source: { kind: 'default', of, name: 'test' },
    shape: { kind: 'point', position: { lon: 5, lat: lat[of] } },
    civic: undefined,
    method: 'Default',
    entity: undefined,
    timestamp: undefined,
    isRetransmissionAllowed: undefined,
    retentionExpires: undefined,
  };
}

interface Situation {
  readonly request?: RequestParts;
  readonly references?: readonly Behaviour<FetchedLocation>[];
  readonly server?: Behaviour<FetchedLocation>;
  readonly cell?: Behaviour<TableLocation | undefined>;
  readonly number?: Behaviour<TableLocation | undefined>;
  readonly ingress?: boolean;
  readonly service?: string;
  readonly options?: Partial<LocateOptions>;
  readonly ports?: Partial<LocationPorts>;
}

const cellHeader =
  'P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2620112345678901;network-provided';

async function locateIn(situation: Situation) {
  const clock = new ManualClock();
  const world = new LocationWorld(clock);
  const { references = [], cell, number, request = {} } = situation;
  for (const [index, behaviour] of references.entries()) {
    world.references.set(`https://lis.example.net/${index + 1}`, behaviour);
  }
  world.server = situation.server;
  if (cell !== undefined) world.rows.set('cell', cell);
  if (number !== undefined) world.rows.set('number', number);
  const headers = [...(request.headers ?? []), ...(cell === undefined ? [] : [cellHeader])];
  const tables = cell === undefined && number === undefined ? { tables: undefined } : {};
  const start = clock.mono();
  const located = await world.until(
    locate(
      {
        request: testRequest({ ...request, headers }),
        flow: testFlow,
        service: serviceUrn('urn:service:sos.fire'),
        ingressDefault: situation.ingress === true ? place('ingress') : undefined,
      },
      {
        ...testLocateOptions,
        serviceDefaults: new Map(
          situation.service === undefined ? [] : [[serviceUrn(situation.service), place('service')]],
        ),
        ...situation.options,
      },
      { clock, locations: { ...world.ports(), ...tables, ...situation.ports } },
    ),
  );
  return { located, tookMs: clock.mono() - start, world, asked: world.asked.map(({ what }) => what) };
}

/** Which place was chosen. */
function chosenOf({ location }: Located): string {
  const shape = location?.shape;
  if (shape?.kind !== 'point') return 'none';
  return Object.entries(lat).find(([, value]) => value === shape.position.lat)?.[0] ?? 'unknown';
}

function outcomes({ candidates }: Located): readonly string[] {
  return candidates.map(({ outcome }) => outcome);
}

type Row = readonly [
  name: string,
  situation: Situation,
  chosen: string,
  tookMs: number,
  outcomes: readonly string[],
];

const valueFirst: readonly Row[] = [
  ['a value alone', { request: goodBody }, 'value', 0, ['chosen']],
  [
    'a value before a reference',
    { request: { ...cidFirst, ...goodBody }, references: [ok('first')] },
    'value',
    0,
    ['chosen', 'notFetched'],
  ],
  [
    'a value behind a reference',
    { request: { ...referenceFirst, ...goodBody }, references: [ok('first')] },
    'value',
    0,
    ['chosen', 'notFetched'],
  ],
  [
    'a broken value and a reference',
    { request: { ...cidFirst, ...badBody }, references: [ok('first', 300)] },
    'first',
    300,
    ['unreadable', 'chosen'],
  ],
  ['a reference alone', { request: oneReference, references: [ok('first')] }, 'first', 0, ['chosen']],
  [
    'a reference that answers late, and is waited for',
    { request: oneReference, references: [ok('first', 1_900)], ingress: true },
    'first',
    1_900,
    ['chosen', 'notChosen'],
  ],
  [
    'a reference that answers too late',
    { request: oneReference, references: [ok('first', 2_100)], ingress: true },
    'ingress',
    2_000,
    ['notFetched', 'chosen'],
  ],
  [
    'two references, the second one faster',
    { request: twoReferences, references: [ok('first', 500), ok('second', 100)] },
    'first',
    500,
    ['chosen', 'notChosen'],
  ],
  [
    'two references, the first one faster: the second is not waited for',
    { request: twoReferences, references: [ok('first', 100), ok('second', 500)] },
    'first',
    100,
    ['chosen', 'notFetched'],
  ],
  [
    'two references, the first one dead: the second at the end of the budget',
    { request: twoReferences, references: [dead, ok('second', 100)] },
    'second',
    2_000,
    ['notFetched', 'chosen'],
  ],
  [
    'two references, the first one refused',
    { request: twoReferences, references: [fails, ok('second', 100)] },
    'second',
    100,
    ['notFetched', 'chosen'],
  ],
  [
    'two references, the first one lying',
    { request: twoReferences, references: [lies, ok('second', 100)] },
    'second',
    100,
    ['unreadable', 'chosen'],
  ],
  [
    'a reference whose server knows no location',
    { request: oneReference, references: [heldError] },
    'none',
    0,
    ['notFetched'],
  ],
  [
    'a reference that throws',
    { request: oneReference, references: [throws], ingress: true },
    'ingress',
    0,
    ['notFetched', 'chosen'],
  ],
  ['nothing at all', {}, 'none', 0, []],
];

const asOffered: readonly Row[] = [
  [
    'a value before a reference: nothing is fetched',
    { request: { ...cidFirst, ...goodBody }, references: [ok('first')] },
    'value',
    0,
    ['chosen', 'notFetched'],
  ],
  [
    'a value behind a reference',
    { request: { ...referenceFirst, ...goodBody }, references: [ok('first', 700)] },
    'first',
    700,
    ['chosen', 'notChosen'],
  ],
  [
    'a value behind a dead reference, at the end of the budget',
    { request: { ...referenceFirst, ...goodBody }, references: [dead] },
    'value',
    2_000,
    ['notFetched', 'chosen'],
  ],
  [
    'a value behind a reference that keeps to its deadline',
    { request: { ...referenceFirst, ...goodBody }, references: [failsLate] },
    'value',
    2_000,
    ['notFetched', 'chosen'],
  ],
  [
    'a value behind a refused reference',
    { request: { ...referenceFirst, ...goodBody }, references: [fails] },
    'value',
    0,
    ['notFetched', 'chosen'],
  ],
  [
    'a value behind a lying reference',
    { request: { ...referenceFirst, ...goodBody }, references: [lies] },
    'value',
    0,
    ['unreadable', 'chosen'],
  ],
  [
    'a broken value before a reference',
    { request: { ...cidFirst, ...badBody }, references: [ok('first', 300)] },
    'first',
    300,
    ['unreadable', 'chosen'],
  ],
];

const fallbacks: readonly Row[] = [
  ['the location server', { server: ok('server', 400) }, 'server', 400, ['chosen']],
  [
    'the location server beside a dead reference, in one budget',
    { request: oneReference, references: [dead], server: ok('server', 1_500) },
    'server',
    2_000,
    ['notFetched', 'chosen'],
  ],
  [
    'a reference before the location server',
    { request: oneReference, references: [ok('first', 600)], server: ok('server', 100) },
    'first',
    600,
    ['chosen', 'notChosen'],
  ],
  ['a server that knows nothing', { server: heldError, ingress: true }, 'ingress', 0, ['unknown', 'chosen']],
  ['a server that is down', { server: fails, ingress: true }, 'ingress', 0, ['notFetched', 'chosen']],
  ['a server that lies', { server: lies, ingress: true }, 'ingress', 0, ['unreadable', 'chosen']],
  [
    'the cell table behind a server that is dead',
    { server: dead, cell: row('cell', 'c', 20) },
    'cell',
    2_000,
    ['notFetched', 'chosen', 'unknown'],
  ],
  [
    'the cell before the number',
    { cell: row('cell', 'c', 20), number: row('number', 'n', 5) },
    'cell',
    20,
    ['chosen', 'notChosen'],
  ],
  [
    'the number where the cell is unknown',
    { cell: { kind: 'answers', value: undefined }, number: row('number', 'n', 5) },
    'number',
    5,
    ['unknown', 'chosen'],
  ],
  [
    'the number before the cell, where so configured',
    { cell: row('cell', 'c'), number: row('number', 'n'), options: { fallbacks: ['number', 'cell'] } },
    'number',
    0,
    ['chosen', 'notChosen'],
  ],
  [
    'tables that fail',
    { cell: fails, number: throws, ingress: true },
    'ingress',
    0,
    ['notFetched', 'notFetched', 'chosen'],
  ],
  ['the ingress before the service', { ingress: true, service: 'urn:service:sos' }, 'ingress', 0, ['chosen']],
  [
    'the service before the ingress, where so configured',
    { ingress: true, service: 'urn:service:sos', options: { fallbacks: ['service', 'ingress'] } },
    'service',
    0,
    ['chosen'],
  ],
  ['the service itself', { service: 'urn:service:sos.fire' }, 'service', 0, ['chosen']],
  ['the parent of the service', { service: 'urn:service:sos' }, 'service', 0, ['chosen']],
  ['no place of another service', { service: 'urn:service:sos.marine' }, 'none', 0, []],
  [
    'nothing that is not configured',
    {
      server: ok('server'),
      cell: row('cell', 'c'),
      number: row('number', 'n'),
      ingress: true,
      service: 'urn:service:sos',
      options: { fallbacks: [] },
    },
    'none',
    0,
    [],
  ],
  [
    'an assumed value behind a reference, whatever stands first',
    { request: { ...cidFirst, ...assumedBody }, references: [ok('first', 300)], ingress: true },
    'first',
    300,
    ['chosen', 'notChosen', 'notChosen'],
  ],
  [
    'an assumed value behind a table, and before our own default place',
    { request: assumedBody, cell: row('cell', 'c'), ingress: true, options: cellFirst },
    'cell',
    0,
    ['chosen', 'notChosen', 'notChosen'],
  ],
  [
    'an assumed value where nothing else is known',
    { request: assumedBody, cell: fails, ingress: true, options: cellFirst },
    'value',
    0,
    ['notFetched', 'chosen', 'notChosen'],
  ],
  ['an assumed value alone, which waits for nobody', { request: assumedBody }, 'value', 0, ['chosen']],
  [
    'no fallback where the call brings a value',
    { request: goodBody, server: ok('server'), cell: row('cell', 'c'), ingress: true },
    'value',
    0,
    ['chosen'],
  ],
];

async function expectRow(order: LocateOptions['order'], [, situation, chosen, tookMs, expected]: Row) {
  const options = { order, ...situation.options };
  const { located, tookMs: took, world } = await locateIn({ ...situation, options });
  expect([chosenOf(located), took, outcomes(located)]).toEqual([chosen, tookMs, expected]);
  for (const { deadlineMs } of world.asked) expect(deadlineMs).toBe(2_000);
}

describe('a value comes first', () => {
  it.each(valueFirst)('%s', (...each) => expectRow('valueFirst', each));
});

describe('the order of the request', () => {
  it.each(asOffered)('%s', (...each) => expectRow('asOffered', each));
});

describe('where the place is sought of a call that brings none', () => {
  it.each(fallbacks)('%s, values first', (...each) => expectRow('valueFirst', each));
  it.each(fallbacks)('%s, as offered', (...each) => expectRow('asOffered', each));
});

describe('what a fallback says of itself', () => {
  const known = [
    [
      { server: ok('server') },
      { kind: 'locationServer', identity: 'sip:+15551230000@caller.example.net' },
      'GPS',
    ],
    [{ cell: row('cell', '3gpp:26201') }, { kind: 'table', table: 'cell', key: '3gpp:26201' }, 'Cell'],
    [{ cell: row('cell', 'wlan:00:11:22:33:44:55') }, { kind: 'table', table: 'cell' }, '802.11'],
    [{ cell: row('cell', 'dsl:line 7') }, { kind: 'table', table: 'cell' }, 'Wiremap'],
    [{ number: row('number', '+15551230000') }, { kind: 'table', table: 'number' }, 'Manual'],
    [{ ingress: true }, { kind: 'default', of: 'ingress' }, 'Default'],
    [{ service: 'urn:service:sos' }, { kind: 'default', of: 'service' }, 'Default'],
  ] as const;
  it.each(known)('%o', async (situation, source, method) => {
    const { located } = await locateIn(situation);
    expect(located.location).toMatchObject({ source, method });
  });

  it('and a reference', async () => {
    const { located } = await locateIn({ request: oneReference, references: [ok('first', 30)] });
    expect(located.location?.source).toEqual({
      kind: 'reference',
      uri: 'https://lis.example.net/1',
      protocol: 'held',
    });
    expect(located.candidates[0]).toMatchObject({ outcome: 'chosen', durationMs: 30 });
    expect(located.warnings).toEqual([]);
  });
});

describe('the budget', () => {
  it('is one for all that is asked, and all is asked at once', async () => {
    const { asked, world, tookMs } = await locateIn({
      request: twoReferences,
      references: [dead, dead],
      server: dead,
      cell: dead,
      number: dead,
    });
    expect(asked).toHaveLength(5);
    expect(tookMs).toBe(2_000);
    expect(world.timerCount).toBe(0);
  });

  it('leaves no timer behind when all have answered', async () => {
    const { world } = await locateIn({ request: oneReference, references: [ok('first')] });
    expect(world.timerCount).toBe(0);
  });

  it('needs no timer where a value is there', async () => {
    const { world } = await locateIn({
      request: { ...referenceFirst, ...goodBody },
      ports: {
        timer: () => {
          throw new Error('a timer was set');
        },
      },
    });
    expect(world.asked).toEqual([]);
  });

  it('counts from the start of the stage', async () => {
    const clock = new ManualClock();
    const world = new LocationWorld(clock);
    let looks = 0;
    const slow = {
      // The reading of the request takes 30 ms here.
      mono: () => {
        if (looks++ === 1) clock.advanceBy(30);
        return clock.mono();
      },
      wall: () => clock.wall(),
    };
    world.references.set('https://lis.example.net/1', dead);
    const question = {
      request: testRequest(oneReference),
      flow: testFlow,
      service: serviceUrn('urn:service:sos'),
      ingressDefault: undefined,
    };
    const start = clock.mono();
    await world.until(locate(question, testLocateOptions, { clock: slow, locations: world.ports() }));
    expect(world.asked[0]?.deadlineMs).toBe(1_970);
    expect(clock.mono() - start).toBe(2_000);
  });
});

describe('references', () => {
  it('are followed once each', async () => {
    const headers = ['Geolocation: <https://lis.example.net/1>, <https://lis.example.net/1>'];
    const { asked, located } = await locateIn({ request: { headers }, references: [ok('first')] });
    expect(asked).toEqual(['https://lis.example.net/1']);
    expect(chosenOf(located)).toBe('first');
  });

  it('are followed up to a limit', async () => {
    const uris = Array.from({ length: 12 }, (_, index) => `<https://lis.example.net/${index + 1}>`);
    const { asked, located } = await locateIn({ request: { headers: [`Geolocation: ${uris.join(', ')}`] } });
    expect(asked).toHaveLength(8);
    expect(located.candidates).toHaveLength(12);
    expect(located.candidates.at(-1)?.reason).toContain('only the first 8');
  });

  it('are not fetched where that is off, and the record says so', async () => {
    const { located } = await locateIn({ request: oneReference, ports: { fetch: undefined } });
    expect(outcomes(located)).toEqual(['notFetched']);
    expect(located.warnings.map(({ code }) => code)).toEqual(['esrp.locationSourceFailed']);
  });
});

describe('what goes on the record', () => {
  it('names in reasons and warnings neither URI nor number', async () => {
    const { located } = await locateIn({
      request: {
        headers: ['Geolocation: <https://lis.example.net/1>', 'P-Asserted-Identity: <tel:+15557654321>'],
      },
      references: [fails],
      server: fails,
      number: fails,
    });
    const said = [
      ...located.candidates.map(({ reason }) => reason),
      ...located.warnings.map((each) => each.message),
    ];
    expect(said.length).toBeGreaterThanOrEqual(6);
    expect(said.join('\n')).not.toMatch(/lis\.example|5557654321|5551230000/);
    expect(located.candidates.map(({ origin }) => origin).slice(1)).toEqual([
      'location server',
      'number table',
    ]);
  });

  it('has a failed source as a warning, and not one that knows nothing or was outrun', async () => {
    const { located } = await locateIn({
      request: twoReferences,
      references: [ok('first', 10), dead],
      server: heldError,
      number: { kind: 'answers', value: undefined },
    });
    expect(located.warnings).toEqual([]);
    const failed = await locateIn({ request: twoReferences, references: [fails, ok('second')] });
    expect(failed.located.warnings.map(({ code }) => code)).toEqual(['esrp.locationSourceFailed']);
  });

  it('says that Geolocation-Routing: no does not hold', async () => {
    const headers = ['Geolocation: <cid:loc@caller.example.net>', 'Geolocation-Routing: no'];
    const { located } = await locateIn({ request: { headers, ...goodBody } });
    expect(chosenOf(located)).toBe('value');
    expect(located.candidates[0]?.reason).toContain('Geolocation-Routing');
  });

  it('keeps up to three further usable locations, in order', async () => {
    const { located } = await locateIn({
      request: oneReference,
      references: [ok('first', 50)],
      server: ok('server', 10),
      cell: row('cell', 'c', 10),
      number: row('number', 'n', 10),
      ingress: true,
    });
    const places = located.alternatives.map(({ shape }) =>
      shape?.kind === 'point' ? shape.position.lat : 0,
    );
    expect(places).toEqual([lat.server, lat.cell, lat.number]);
  });
});

describe('who the caller is', () => {
  const rows = [
    [
      'the asserted identity first',
      ['P-Asserted-Identity: "A & B" <sip:+1555@a.example;user=phone>'],
      ['sip:+1555@a.example;user=phone', 'sip:+15551230000@caller.example.net', 'sip:caller@192.0.2.7:5080'],
    ],
    [
      'a name without quotes that no grammar allows',
      ['P-Asserted-Identity: A & B <tel:+1555>'],
      ['tel:+1555', 'sip:+15551230000@caller.example.net', 'sip:caller@192.0.2.7:5080'],
    ],
    [
      'two asserted ones',
      ['P-Asserted-Identity: <sip:a@x.example>, <tel:+1555>'],
      ['sip:a@x.example', 'tel:+1555', 'sip:+15551230000@caller.example.net', 'sip:caller@192.0.2.7:5080'],
    ],
    [
      'a preferred one, headers of the URI left out',
      ['P-Preferred-Identity: "x<y" <sip:a@x.example?subject=1>'],
      ['sip:a@x.example', 'sip:+15551230000@caller.example.net', 'sip:caller@192.0.2.7:5080'],
    ],
    [
      'nobody',
      ['P-Asserted-Identity: <sip:anonymous@anonymous.invalid>', 'P-Preferred-Identity: <sip:x.example>'],
      ['sip:+15551230000@caller.example.net', 'sip:caller@192.0.2.7:5080'],
    ],
  ] as const;
  it.each(rows)('%s', async (_name, headers, uris) => {
    const { world } = await locateIn({ request: { headers }, server: heldError });
    expect(world.identities).toEqual([{ ip: '192.0.2.7', uris }]);
  });

  const numbers = [
    ['asserted, then From', ['P-Asserted-Identity: <tel:+1-555-765-4321>'], '+15557654321 +15551230000'],
    [
      'a local number with its context',
      ['P-Asserted-Identity: <tel:7654321;phone-context=+1555>'],
      '+15557654321 +15551230000',
    ],
    [
      'a user part that is a number',
      ['P-Preferred-Identity: <sip:%2B15557654321;npdi@x.example;user=phone>'],
      '+15551230000 +15557654321',
    ],
    ['a name is none', ['P-Asserted-Identity: <sip:alice@x.example>'], '+15551230000'],
  ] as const;
  it.each(numbers)('by number: %s', async (_name, headers, keys) => {
    const { asked } = await locateIn({ request: { headers }, number: { kind: 'answers', value: undefined } });
    expect(asked).toEqual([`number ${keys}`]);
  });
});
