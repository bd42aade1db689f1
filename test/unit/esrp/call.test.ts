import { describe, expect, it } from 'vitest';
import type { ServiceUrn } from '../../../src/base/index.ts';
import {
  boundaryId,
  DependencyError,
  datasetId,
  monoMs,
  serviceUrn,
  wallMs,
} from '../../../src/base/index.ts';
import type {
  BoundaryLookup,
  BoundaryMatch,
  CallOptions,
  CallPorts,
  IngressRules,
  LookupAnswer,
  LookupScope,
} from '../../../src/esrp/index.ts';
import { defaultDecision, routeRequest } from '../../../src/esrp/index.ts';
import { centerOf, type Position, type Shape } from '../../../src/geo/index.ts';
import {
  civicPidf,
  pointPidf,
  requestFrom,
  requestText,
  sdpAndPidf,
  testFlow,
  testLocateOptions,
  testRequest,
} from '../../support/emergency-messages.ts';

const psap: BoundaryMatch = {
  boundaryId: boundaryId('urn:emergency:uid:gis:PsapPolygon:1:example.net'),
  datasetId: datasetId(1),
  displayName: 'Harris County PSAP',
  serviceUrn: serviceUrn('urn:service:sos'),
  serviceUri: 'sip:psap-48201@127.0.0.1:5070',
  serviceNumber: '911',
  agencyId: undefined,
  priority: 0,
};

class TableLookup implements BoundaryLookup {
  readonly asked: { readonly place: string; readonly services: readonly ServiceUrn[] }[] = [];
  readonly #answer: () => Promise<LookupAnswer>;
  constructor(answer: () => Promise<LookupAnswer>) {
    this.#answer = answer;
  }
  byPoint(
    position: { readonly lon: number; readonly lat: number },
    scope: LookupScope,
  ): Promise<LookupAnswer> {
    this.asked.push({ place: `${position.lon} ${position.lat}`, services: scope.services });
    return this.#answer();
  }
  byArea(shape: Shape, scope: LookupScope): Promise<LookupAnswer> {
    return this.byPoint(centerOf(shape), scope);
  }
  byCivic(civic: { readonly country: string | undefined }, scope: LookupScope): Promise<LookupAnswer> {
    this.asked.push({ place: `civic ${civic.country}`, services: scope.services });
    return this.#answer();
  }
  nearest(position: Position, _withinM: number, scope: LookupScope): Promise<LookupAnswer> {
    return this.byPoint(position, scope);
  }
}

const found = () => Promise.resolve<LookupAnswer>({ kind: 'found', rule: 'covers', matches: [psap] });

const rules: IngressRules = {
  name: 'default',
  dialStrings: new Map([['911', serviceUrn('urn:service:sos')]]),
  keepDialString: false,
  defaultRouteUri: 'sip:default@127.0.0.1:5071',
  nonEmergency: 'refuse',
  mode: 'proxy',
  redirects: 'recurse',
  defaultPlace: undefined,
};

const unknownPlace = {
  source: { kind: 'default', of: 'ingress', name: 'default' },
  civic: undefined,
  method: 'Default',
  entity: undefined,
  timestamp: undefined,
  isRetransmissionAllowed: undefined,
  retentionExpires: undefined,
} as const;

function options(changes: Partial<IngressRules> = {}): CallOptions {
  return {
    ingressOf: () => ({ ...rules, ...changes }),
    isOwnAddress: ({ host, port }) => host === '127.0.0.1' && (port ?? 5060) === 5060,
    identityDomain: 'esrp.example.net',
    resourcePriority: 'esnet.1',
    ringTimeoutMs: 60_000,
    lastRingTimeoutMs: 180_000,
    silenceTimeoutMs: 5_000,
    lookupDeadlineMs: 500,
    locate: testLocateOptions,
    retention: { keepsDocumentRetention: true, locationRetentionMs: 86_400_000 },
    supply: { isOn: false, profileOf: () => 'nena-i3', publisher: undefined, provider: 'esrp.example.net' },
  };
}

function ports(lookup: BoundaryLookup, logged: string[] = []): CallPorts {
  const log = (event: string) => logged.push(event);
  let tokens = 0;
  return {
    lookup,
    locations: { fetch: undefined, tables: undefined, timer: () => () => undefined },
    clock: { mono: () => monoMs(0), wall: () => wallMs(1_700_000_000_000) },
    random: { token: (length) => `t${++tokens}`.padEnd(length, '0'), fraction: () => 0.5 },
    logger: { debug: log, info: log, warn: log, error: log },
  };
}

async function route(
  request = testRequest(sdpAndPidf(pointPidf({ lon: -95.36, lat: 29.76 }))),
  answer = found,
  changes = {},
) {
  const lookup = new TableLookup(answer);
  const logged: string[] = [];
  const { decision, record } = await routeRequest(request, testFlow, options(changes), ports(lookup, logged));
  const targets = decision.kind === 'forward' ? decision.targets.map((target) => target.routeUri) : [];
  return { decision, record, targets, lookup, logged };
}

describe('a call that can be routed', () => {
  it('goes to the boundary that covers the point, then to the default route', async () => {
    const { targets, record, lookup } = await route();
    expect(lookup.asked[0]?.place).toBe('-95.36 29.76');
    expect(targets).toEqual([psap.serviceUri, rules.defaultRouteUri]);
    expect(record).toMatchObject({
      state: 'routing',
      mapping: { kind: 'mapped', rule: 'covers' },
      warnings: [],
    });
    expect(record?.stages.map((stage) => stage.stage)).toEqual([
      'recognise',
      'locate',
      'map',
      'decide',
      'forward',
    ]);
  });

  it('says on the record who gets a location of ours, and how', async () => {
    const defaultPlace = {
      ...unknownPlace,
      shape: { kind: 'point', position: { lon: -95, lat: 29 } },
    } as const;
    const request = testRequest({ contentType: 'application/sdp', body: 'v=0\r\n' });
    const { ingressOf, ...others } = options({ defaultPlace });
    const supply = { ...others.supply, isOn: true };
    const { record } = await routeRequest(
      request,
      testFlow,
      { ...others, ingressOf, supply },
      ports(new TableLookup(found)),
    );
    expect(record?.stages.at(-1)?.summary).toBe(
      '2 targets, 3 header edits, our location as a body part for 2',
    );
  });

  it('gets Resource-Priority and identifiers, the Request-URI kept', async () => {
    const { decision, record } = await route();
    expect(decision).toMatchObject({
      kind: 'forward',
      requestUri: undefined,
      failover: 'all',
      recordRoute: true,
    });
    const edits =
      decision.kind === 'forward'
        ? decision.edits.map((edit) => `${edit.kind} ${edit.name}: ${edit.value}`)
        : [];
    expect(edits[0]).toBe('addIfAbsent Resource-Priority: esnet.1');
    expect(edits[1]).toMatch(
      /^append Call-Info: <urn:emergency:uid:callid:[0-9a-z]{20}:esrp\.example\.net>;purpose=emergency-CallId$/,
    );
    expect(edits[2]).toMatch(
      /^append Call-Info: <urn:emergency:uid:incidentid:[0-9a-z]{20}:esrp\.example\.net>;purpose=emergency-IncidentId$/,
    );
    expect(record?.emergencyCallId).toMatch(/^urn:emergency:uid:callid:/);
  });

  it.each([
    [
      'v3',
      '<urn:emergency:uid:callid:abcdefghij:bcf.example.net>;purpose=emergency-CallId',
      'urn:emergency:uid:callid:abcdefghij:bcf.example.net',
    ],
    [
      'v2',
      '<urn:nena:callid:abcdefghij:bcf.example.net>;site=a;purpose=nena-CallId',
      'urn:nena:callid:abcdefghij:bcf.example.net',
    ],
  ])('keeps an identifier of %s', async (_version, value, expected) => {
    const { record, decision } = await route(testRequest({ headers: [`Call-Info: ${value}`] }));
    expect(record?.emergencyCallId).toBe(expected);
    const added =
      decision.kind === 'forward' ? decision.edits.filter((edit) => edit.name === 'Call-Info') : [];
    expect(added.map((edit) => edit.value).join()).toMatch(/^<urn:emergency:uid:incidentid:[^,]*$/);
  });

  it('has a dial string replaced, the original in History-Info', async () => {
    const { decision } = await route(testRequest({ requestUri: 'sip:911@carrier.example;user=phone' }));
    expect(decision).toMatchObject({ requestUri: 'urn:service:sos' });
    const history =
      decision.kind === 'forward' ? decision.edits.filter((edit) => edit.name === 'History-Info') : [];
    expect(history.map((edit) => edit.value)).toEqual([
      '<sip:911@carrier.example;user=phone>;index=1',
      '<urn:service:sos>;index=1.1;mp=1',
    ]);
  });

  it('continues a History-Info that is there', async () => {
    const { decision } = await route(
      testRequest({
        requestUri: 'sip:sos@x.example',
        headers: ['History-Info: <sip:a@x.example>;index=1, <sip:sos@x.example>;index=1.2'],
      }),
    );
    const history =
      decision.kind === 'forward' ? decision.edits.filter((edit) => edit.name === 'History-Info') : [];
    expect(history.map((edit) => edit.value)).toEqual(['<urn:service:sos>;index=1.2.1;mp=1.2']);
  });

  it('asks by the civic address where there is no shape', async () => {
    const { lookup, targets } = await route(
      testRequest(sdpAndPidf(civicPidf({ country: 'US', A1: 'TX', A2: 'Harris' }))),
    );
    expect(lookup.asked.map((asked) => asked.place)).toEqual(['civic US']);
    expect(targets[0]).toBe(psap.serviceUri);
  });

  it('is asked about with the family of its service', async () => {
    const body = sdpAndPidf(pointPidf({ lon: -95.36, lat: 29.76 }));
    const { lookup, record } = await route(testRequest({ requestUri: 'urn:service:sos.fire', ...body }));
    expect(lookup.asked[0]?.services.slice(0, 1)).toEqual(['urn:service:sos.fire']);
    expect(lookup.asked[0]?.services).toContain('urn:service:sos');
    expect(record?.mapping).toMatchObject({ substitutedFrom: 'urn:service:sos.fire' });
  });
});

describe('a call that cannot be mapped goes to the default route', () => {
  const located = () => testRequest(sdpAndPidf(pointPidf({ lon: 0, lat: 0 })));
  const rows: readonly (readonly [
    string,
    ReturnType<typeof located> | undefined,
    () => Promise<LookupAnswer>,
    string,
  ])[] = [
    ['no location', testRequest(), found, 'noLocation'],
    ['a document that is no XML', testRequest(sdpAndPidf('<presence')), found, 'noLocation'],
    [
      'nothing covers the point',
      undefined,
      async () => ({ kind: 'nothing', datasetId: datasetId(1) }),
      'outsideAllBoundaries',
    ],
    ['no dataset', undefined, async () => ({ kind: 'noActiveDataset' }), 'noActiveDataset'],
    [
      'a late database',
      undefined,
      () => Promise.reject(new DependencyError('store.deadlineMissed', 'late')),
      'deadlineMissed',
    ],
    [
      'a dead database',
      undefined,
      () => Promise.reject(new DependencyError('store.unavailable', 'gone')),
      'lookupFailed',
    ],
    [
      'a civic address of several areas',
      testRequest(sdpAndPidf(civicPidf({ country: 'US', A1: 'TX' }))),
      async () => ({ kind: 'ambiguous', datasetId: datasetId(1), candidates: [psap, psap] }),
      'civicAmbiguous',
    ],
  ];
  it.each(rows)('%s', async (_name, request, answer, reason) => {
    const { targets, record } = await route(request ?? located(), answer);
    expect(targets).toEqual([rules.defaultRouteUri]);
    expect(record?.mapping).toMatchObject({ kind: 'unmapped', reason });
  });

  it('a lookup that throws at once', async () => {
    const { targets, record } = await route(located(), () => {
      throw new TypeError('a bug');
    });
    expect(targets).toEqual([rules.defaultRouteUri]);
    expect(record?.mapping?.kind).toBe('unmapped');
  });

  it('a bug in a stage is caught at its boundary and recorded with its stack', async () => {
    const broken = {
      ...testRequest(),
      get body(): Buffer {
        throw new TypeError('broken body');
      },
    };
    const { targets, record, logged } = await route(broken);
    expect(targets).toEqual([rules.defaultRouteUri]);
    expect(record?.stages.find((stage) => stage.error !== undefined)?.error).toContain('broken body');
    expect(logged).toContain('call.stageFailed');
  });

  it('takes the default route of its ingress', async () => {
    const { targets } = await route(testRequest(), found, { defaultRouteUri: 'sip:other@127.0.0.1:5072' });
    expect(targets).toEqual(['sip:other@127.0.0.1:5072']);
  });

  it('is tried once where the answering point is the default route itself', async () => {
    const { targets } = await route(undefined, found, { defaultRouteUri: psap.serviceUri });
    expect(targets).toEqual([psap.serviceUri]);
  });
});

describe('an ingress that redirects (RFC 3261 §8.3)', () => {
  it('answers 300 with the PSAP and the default route as contacts, best first', async () => {
    const { decision, record } = await route(undefined, found, { mode: 'redirect' });
    if (decision.kind !== 'reply') throw new Error(`was ${decision.kind}`);
    expect([decision.statusCode, decision.reasonPhrase]).toEqual([300, 'Multiple Choices']);
    expect(decision.headers.filter(({ name }) => name === 'Contact').map(({ value }) => value)).toEqual([
      `"${psap.displayName}" <${psap.serviceUri}>;q=1.0`,
      expect.stringMatching(/<sip:default@127\.0\.0\.1:5071>;q=0\.9$/),
    ]);
    expect(decision.headers.filter(({ name }) => name === 'Call-Info')).toHaveLength(2);
    expect(record?.plan?.targets).toHaveLength(2);
  });

  it('answers 302 where the default route is the only target', async () => {
    const nowhere = () => Promise.resolve<LookupAnswer>({ kind: 'noActiveDataset' });
    const { decision } = await route(undefined, nowhere, { mode: 'redirect' });
    expect(decision).toMatchObject({ kind: 'reply', statusCode: 302 });
  });

  it('keeps a display name with quotes and other letters from breaking the header', async () => {
    const odd = { ...psap, displayName: 'Notruf "Süd" \\ <1>\r\nX: y' };
    const answer = () => Promise.resolve<LookupAnswer>({ kind: 'found', rule: 'covers', matches: [odd] });
    const { decision } = await route(undefined, answer, { mode: 'redirect' });
    const contact = decision.kind === 'reply' ? decision.headers[0]?.value : '';
    expect(contact).toBe(`"Notruf Sd  <1>X: y" <${psap.serviceUri}>;q=1.0`);
  });

  it('passes the 3xx of a PSAP on where the ingress says so', async () => {
    const { decision } = await route(undefined, found, { redirects: 'pass' });
    expect(decision).toMatchObject({ kind: 'forward', redirects: { kind: 'pass' } });
  });
});

describe('a request that is not faultless', () => {
  it('is routed with a warning where it is an emergency', async () => {
    const { targets, record } = await route(
      requestFrom(requestText().replace('Max-Forwards: 70', 'Max-Forwards: x')),
    );
    expect(targets).toEqual([rules.defaultRouteUri]);
    expect(record?.warnings.map((warning) => warning.message).join()).toContain('Max-Forwards');
  });

  it('is refused with its reason where it is none', async () => {
    const text = requestText({ requestUri: 'sip:alice@atlanta.example' }).replace(
      'Max-Forwards: 70',
      'Max-Forwards: x',
    );
    const { decision, record } = await route(requestFrom(text));
    expect(decision).toMatchObject({ kind: 'reply', statusCode: 400 });
    expect(decision.kind === 'reply' && decision.reasonPhrase).toContain('Max-Forwards');
    expect(record).toBeUndefined();
  });
});

describe('a request that is no emergency', () => {
  const rows: readonly (readonly [string, string, string, Partial<IngressRules>, string])[] = [
    ['a call', 'INVITE', 'sip:alice@atlanta.example', {}, '403'],
    ['a registration', 'REGISTER', 'sip:atlanta.example', {}, '405'],
    ['a probe of ourselves', 'OPTIONS', 'sip:127.0.0.1:5060', {}, '200'],
    ['a probe of ourselves with a user', 'OPTIONS', 'sip:ping@127.0.0.1', {}, '200'],
    ['a probe with a maddr', 'OPTIONS', 'sip:127.0.0.1;maddr=192.0.2.9', {}, '403'],
    ['a call to ourselves', 'INVITE', 'sip:alice@127.0.0.1', {}, '404'],
    [
      'a call to ourselves, where calls are proxied',
      'INVITE',
      'sip:127.0.0.1',
      { nonEmergency: 'proxy' },
      '404',
    ],
    ['a registration here', 'REGISTER', 'sip:127.0.0.1', { nonEmergency: 'proxy' }, '405'],
    ['a probe of somebody else', 'OPTIONS', 'sip:127.0.0.1:5099', {}, '403'],
    ['a call, proxied', 'INVITE', 'sip:alice@atlanta.example', { nonEmergency: 'proxy' }, 'forward'],
    ['a scheme that cannot be sent to', 'INVITE', 'http://atlanta.example', { nonEmergency: 'proxy' }, '416'],
    ['a number without a route', 'INVITE', 'tel:+15551230000', { nonEmergency: 'proxy' }, '416'],
  ];
  it.each(rows)('%s', async (_name, method, requestUri, changes, expected) => {
    const { decision } = await route(testRequest({ method, requestUri }), found, changes);
    expect(decision.kind === 'reply' ? String(decision.statusCode) : decision.kind).toBe(expected);
  });
});

describe('the decision without stages', () => {
  it('sends an emergency to the default route', () => {
    const decision = defaultDecision(testRequest({ requestUri: 'sip:911@x.example' }), rules, options());
    expect(decision).toMatchObject({
      kind: 'forward',
      requestUri: 'urn:service:sos',
      targets: [{ routeUri: rules.defaultRouteUri }],
    });
  });

  it('refuses what is no emergency', () => {
    const decision = defaultDecision(testRequest({ requestUri: 'sip:alice@x.example' }), rules, options());
    expect(decision.kind).toBe('reply');
  });
});
