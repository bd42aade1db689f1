import { afterEach, describe, expect, it } from 'vitest';
import { datasetId, serviceUrn } from '../../src/base/index.ts';
import type { BoundaryLookup, LocateOptions, LookupAnswer } from '../../src/esrp/index.ts';
import { centerOf } from '../../src/geo/index.ts';
import type { LocationValue } from '../../src/location/index.ts';
import { headerValues } from '../../src/sip/message/index.ts';
import { pointPidf, sdpAndPidf } from '../support/emergency-messages.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import { fetched } from '../support/location-ports.ts';
import { nothingOpen } from '../support/proxy-harness.ts';

const uri = 'https://lis.example.net/caller';
const byReference = `Geolocation: <${uri}>`;
const inside = pointPidf({ lon: -95.36, lat: 29.76 });
const outside = pointPidf({ lon: -30, lat: 0 });
const here = { kind: 'answers', value: fetched(inside) } as const;
const dead = { kind: 'dead' } as const;

const open: EmergencyProxy[] = [];

afterEach(() => {
  for (const proxy of open.splice(0)) expect(proxy.harness.drain()).toEqual(nothingOpen);
});

interface Setting {
  readonly locate?: Partial<LocateOptions>;
  readonly defaultPlace?: LocationValue;
  /** Whether the call is to be given a location of ours as a body part, which the guard would not have. */
  readonly isSupplied?: boolean;
}

/** What changes about a message that is given a body part. */
const supplied = /^(?:Content-Length: a right value was changed|Content-Type: 1 added|the body was changed)$/;

/** A proxy whose boundary covers what lies west of 60 degrees west. */
function setUp({ locate = {}, defaultPlace, isSupplied = false }: Setting = {}): EmergencyProxy {
  const proxy = new EmergencyProxy('udp', { defaultPlace }, locate);
  proxy.harness.mayDo = (violation) => isSupplied && supplied.test(violation);
  const everywhere = proxy.lookup;
  const lookup: BoundaryLookup = {
    byPoint: (position, scope) =>
      position.lon < -60 ? everywhere.byPoint(position, scope) : Promise.resolve(nothing),
    byArea: (shape, scope) =>
      centerOf(shape).lon < -60 ? everywhere.byArea(shape, scope) : Promise.resolve(nothing),
    byCivic: () => Promise.resolve(nothing),
    nearest: () => Promise.resolve(nothing),
  };
  proxy.lookup = lookup;
  open.push(proxy);
  return proxy;
}

const nothing: LookupAnswer = { kind: 'nothing', datasetId: datasetId(1) };

interface Call {
  readonly method?: string;
  readonly requestUri?: string;
  readonly headers?: readonly string[];
  readonly contentType?: string;
  readonly body?: string;
}

/** Places a call; what comes back is who got it, and how many milliseconds after it was placed. */
async function place(proxy: EmergencyProxy, { headers = [], contentType, body = '', ...rest }: Call) {
  const start = proxy.harness.clock.mono();
  const type = contentType === undefined ? [] : [`Content-Type: ${contentType}`];
  proxy.caller.request({ ...rest, headers: [...type, ...headers], body });
  await proxy.settle();
  const record = proxy.records.at(-1);
  const who = proxy.psap.inbox.length > 0 ? 'psap' : proxy.fallback.inbox.length > 0 ? 'fallback' : 'nobody';
  // Nothing of ours may tell the caller that its location is not good enough (RFC 6881 §9.3).
  for (const message of proxy.caller.inbox) {
    expect(message.kind === 'response' ? message.statusCode : message.method).toBe(100);
  }
  return { who, tookMs: proxy.harness.clock.mono() - start, record };
}

function defaultPlace(of: 'ingress' | 'service'): LocationValue {
  return {
    source: { kind: 'default', of, name: 'test' },
    shape: { kind: 'point', position: { lon: -95, lat: 30 } },
    civic: undefined,
    method: 'Default',
    entity: undefined,
    timestamp: undefined,
    isRetransmissionAllowed: undefined,
    retentionExpires: undefined,
  };
}

describe('a call whose location lies elsewhere', () => {
  it('waits for it, reaches the PSAP, and takes its reference along untouched', async () => {
    const proxy = setUp();
    proxy.world.references.set(uri, { ...here, afterMs: 1_200 });
    const { who, tookMs, record } = await place(proxy, { headers: [byReference] });
    expect([who, tookMs]).toEqual(['psap', 1_200]);
    expect(headerValues(gotRequest(proxy.psap), 'geolocation')).toEqual([`<${uri}>`]);
    expect(record?.located?.candidates).toMatchObject([{ outcome: 'chosen', durationMs: 1_200 }]);
    expect(record?.stages.find(({ stage }) => stage === 'locate')?.durationMs).toBe(1_200);
  });

  const troubles = [
    ['is dead', dead, 2_000],
    ['is slower than the budget', { ...here, afterMs: 2_500 }, 2_000],
    ['refuses', { kind: 'fails', code: 'net.httpRefused', afterMs: 30 }, 30],
    ['lies', { kind: 'answers', value: fetched('<html/>') }, 0],
    ['throws', { kind: 'throws' }, 0],
  ] as const;
  it.each(troubles)('goes by the default place where the server %s', async (_name, behaviour, tookMs) => {
    const proxy = setUp({ defaultPlace: defaultPlace('ingress'), isSupplied: true });
    proxy.world.references.set(uri, behaviour);
    const call = await place(proxy, { headers: [byReference] });
    expect([call.who, call.tookMs]).toEqual(['psap', tookMs]);
    expect(proxy.warnings).toEqual(['esrp.locationSourceFailed']);
    expect(call.record?.located?.location?.source).toMatchObject({ kind: 'default', of: 'ingress' });
  });

  it.each(troubles)(
    'takes the default route where the server %s and nothing else is known',
    async (_name, behaviour, tookMs) => {
      const proxy = setUp();
      proxy.world.references.set(uri, behaviour);
      const call = await place(proxy, { headers: [byReference] });
      expect([call.who, call.tookMs]).toEqual(['fallback', tookMs]);
      expect(headerValues(gotRequest(proxy.fallback), 'geolocation')).toEqual([`<${uri}>`]);
    },
  );

  it('does not wait where it brings a value as well', async () => {
    const proxy = setUp();
    proxy.world.references.set(uri, dead);
    const call = await place(proxy, { headers: [byReference], ...sdpAndPidf(inside) });
    expect([call.who, call.tookMs]).toEqual(['psap', 0]);
    expect(proxy.world.asked).toEqual([]);
  });

  it('goes by its reference first where the order of the request counts', async () => {
    const proxy = setUp({ locate: { order: 'asOffered' } });
    proxy.world.references.set(uri, { ...here, afterMs: 800 });
    const headers = [`${byReference}, <cid:loc@caller.example.net>`];
    const call = await place(proxy, { headers, ...sdpAndPidf(outside) });
    expect([call.who, call.tookMs]).toEqual(['psap', 800]);
    expect(call.record?.located?.alternatives).toHaveLength(1);
  });

  it('is not lost where the wait is longer than the core waits for a decision', async () => {
    const proxy = setUp({ locate: { budgetMs: 10_000 } });
    proxy.world.references.set(uri, dead);
    const last = proxy.harness.peer('192.0.2.99');
    await place(proxy, { headers: [byReference] });
    expect(gotRequest(last).requestUri).toBe('urn:service:sos');
    expect([proxy.psap.inbox, proxy.fallback.inbox]).toEqual([[], []]);
  });
});

describe('a call whose first location nobody serves', () => {
  it('goes by the next one, and the record says so', async () => {
    const proxy = setUp();
    const part = (document: string) => `--b\r\nContent-Type: application/pidf+xml\r\n\r\n${document}\r\n`;
    const body = `${part(outside)}${part(inside)}--b--\r\n`;
    const { who, record } = await place(proxy, { contentType: 'multipart/mixed;boundary=b', body });
    expect(who).toBe('psap');
    expect(record?.located?.candidates.map(({ outcome }) => outcome)).toEqual(['notChosen', 'chosen']);
    expect(record?.located?.location?.shape).toMatchObject({ position: { lon: -95.36 } });
    expect(record?.mapping?.detail).toContain('no boundary covers');
    expect(gotRequest(proxy.psap).body.toString('latin1')).toContain(body.slice(0, 40));
  });

  it('takes the default route, and not the default place, where all are outside', async () => {
    const proxy = setUp({ defaultPlace: defaultPlace('ingress') });
    const { who, record } = await place(proxy, sdpAndPidf(outside));
    expect(who).toBe('fallback');
    expect(record?.mapping).toMatchObject({ kind: 'unmapped', reason: 'outsideAllBoundaries' });
  });
});

describe('a call that brings no location', () => {
  it('goes by what the location server knows of the caller', async () => {
    const proxy = setUp({ isSupplied: true });
    proxy.world.server = { ...here, afterMs: 150 };
    const headers = ['P-Asserted-Identity: "A & B" <sip:+15551230000@carrier.example;user=phone>'];
    const { who, tookMs } = await place(proxy, { headers });
    expect([who, tookMs]).toEqual(['psap', 150]);
    expect(proxy.world.identities[0]?.uris[0]).toBe('sip:+15551230000@carrier.example;user=phone');
  });

  it('goes by its cell', async () => {
    const proxy = setUp({ isSupplied: true });
    const shape = { kind: 'circle', center: { lon: -95, lat: 30 }, radiusM: 900 } as const;
    proxy.world.rows.set('cell', { kind: 'answers', value: { key: '3gpp:1', shape, civic: undefined } });
    const headers = ['P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=310260123456789'];
    const { who, record } = await place(proxy, { headers });
    expect(who).toBe('psap');
    expect(record?.located?.location).toMatchObject({ source: { table: 'cell' }, method: 'Cell' });
    expect(gotRequest(proxy.psap).body.toString('latin1')).toContain('<gp:method>Cell</gp:method>');
    expect(record?.mapping?.detail).toBe('Test PSAP covers all of the circle');
  });

  it('as a test call goes by the place of the service, as a real one would', async () => {
    const services = new Map([[serviceUrn('urn:service:sos'), defaultPlace('service')]]);
    const proxy = setUp({ locate: { serviceDefaults: services }, isSupplied: true });
    const { who, record } = await place(proxy, { requestUri: 'urn:service:test.sos.fire' });
    expect(who).toBe('psap');
    expect(record?.recognition).toMatchObject({ isTest: true });
  });
});

describe('what a document asks for', () => {
  it('does not keep an emergency call from its PSAP: Geolocation-Routing: no', async () => {
    const proxy = setUp();
    const { who } = await place(proxy, { headers: ['Geolocation-Routing: no'], ...sdpAndPidf(inside) });
    expect(who).toBe('psap');
    expect(headerValues(gotRequest(proxy.psap), 'geolocation-routing')).toEqual(['no']);
  });

  it('is kept on the record as long as it says, though its date has passed', async () => {
    const proxy = setUp();
    const rules =
      '<gp:usage-rules><gp:retention-expiry>2003-06-23T04:57:29Z</gp:retention-expiry></gp:usage-rules>';
    const document = inside.replace('<gp:usage-rules/>', rules);
    const { who, record } = await place(proxy, sdpAndPidf(document));
    expect(who).toBe('psap');
    expect(record?.locationKeptUntil).toBe(record?.receivedAt);
  });
});

describe('a non-interactive call (RFC 8876)', () => {
  const alert = [
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>S-1</identifier>',
    '<sender>sip:sensor1@example.net</sender><sent>2026-11-23T11:00:00Z</sent><status>Actual</status>',
    '<msgType>Alert</msgType><scope>Private</scope><incidents>abc1234</incidents><info><category>Fire</category>',
    '<event>SMOKE</event><urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>',
    '<area><areaDesc>Warehouse</areaDesc><circle>29.76,-95.36 0.2</circle></area></info></alert>',
  ].join('');
  const contentType = 'application/EmergencyCallData.cap+xml';

  it('is located by the area of its alert and routed like a call, the alert untouched', async () => {
    const proxy = setUp();
    const { who, record } = await place(proxy, { method: 'MESSAGE', contentType, body: alert });
    expect(who).toBe('psap');
    expect(gotRequest(proxy.psap).body.toString('latin1')).toBe(alert);
    expect(record).toMatchObject({ method: 'MESSAGE', mapping: { kind: 'mapped' } });
    expect(record?.located?.location?.source).toMatchObject({ kind: 'alert' });
    expect(record?.located?.additionalData.map(({ block }) => block)).toEqual(['cap']);
  });

  it('takes the default route where its alert names no place', async () => {
    const proxy = setUp();
    const body = alert.replace(/<area>.*<\/area>/, '');
    const { who } = await place(proxy, { method: 'MESSAGE', contentType, body });
    expect(who).toBe('fallback');
  });
});
