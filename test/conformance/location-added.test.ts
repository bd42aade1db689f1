import { describe, expect, it } from 'vitest';
import { wallMs } from '../../src/base/index.ts';
import type { Located, Profile, SupplyOptions } from '../../src/esrp/index.ts';
import { type SupplyQuestion, supplyLocation } from '../../src/esrp/supply-location.ts';
import {
  defaultLocationLimits,
  type LocationSource,
  type LocationValue,
  parsePidfLo,
} from '../../src/location/index.ts';
import type { TargetAddition } from '../../src/sip/index.ts';
import { type RequestParts, testRequest } from '../support/emergency-messages.ts';
import { schemaErrors, schemasSkipped } from '../support/schemas.ts';

const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nt=0 0\r\n';
const withSdp: RequestParts = { contentType: 'application/sdp', body: sdp };
const published = 'https://esrp.example.net/location/abc';
const byDefault: LocationSource = { kind: 'default', of: 'ingress', name: 'trunk' };

function location(more: Partial<LocationValue> = {}): LocationValue {
  return {
    source: byDefault,
    shape: { kind: 'point', position: { lon: -74.006, lat: 40.7128 } },
    civic: undefined,
    method: undefined,
    entity: undefined,
    timestamp: undefined,
    isRetransmissionAllowed: undefined,
    retentionExpires: undefined,
    ...more,
  };
}

function located(more: Partial<LocationValue> = {}): Located {
  return { location: location(more), alternatives: [], candidates: [], warnings: [], additionalData: [] };
}

interface Case {
  readonly parts?: RequestParts;
  readonly profile?: Profile;
  readonly location?: Partial<LocationValue>;
  readonly supply?: Partial<SupplyOptions>;
}

/** What one target of a profile gets, and the document that was made. */
function supplied({ parts = withSdp, profile = 'nena-i3', location: where, supply }: Case = {}) {
  const documents: string[] = [];
  const publisher = {
    publish: (pidfLo: string) => {
      documents.push(pidfLo);
      return published;
    },
  };
  const question: SupplyQuestion = {
    located: located(where),
    targetUris: ['sip:psap@psap.example'],
    supply: { isOn: true, profileOf: () => profile, publisher, provider: 'esrp.example.net', ...supply },
    now: wallMs(Date.UTC(2026, 0, 2, 3, 4, 5)),
  };
  const { additions, warnings } = supplyLocation(testRequest(parts), question);
  const [addition] = additions;
  const inBody = addition?.body?.bytes.toString('utf8');
  const document =
    documents[0] ?? /<\?xml[\s\S]*<\/presence>|<presence[\s\S]*<\/presence>/.exec(inBody ?? '')?.[0];
  return { addition, warnings: warnings.map(({ code }) => code), document, inBody };
}

const geolocation = (addition: TargetAddition | undefined) =>
  addition?.edits.filter(({ name }) => name === 'Geolocation').map(({ kind, value }) => [kind, value]);

describe('RFC 6442 §4.1 The Geolocation Header Field', () => {
  it.each<Profile>(['ietf', 'etsi-ng112'])(
    '%s: a reference, as the last value, and the body untouched',
    (profile) => {
      const { addition, warnings } = supplied({ profile });
      expect(geolocation(addition)).toEqual([['append', `<${published}>;loc-src=esrp.example.net`]]);
      expect(addition?.body).toBeUndefined();
      expect(addition?.refusedBy).toEqual([424]);
      expect(warnings).toEqual([]);
    },
  );

  it('NENA-STA-010.3 §3.2: nena-i3 gets a new part, as the first value', () => {
    const { addition, inBody, warnings } = supplied();
    const [[kind, value] = []] = geolocation(addition) ?? [];
    const id = /^<cid:([0-9a-f]{20}@esrp\.example\.net)>;loc-src=esrp\.example\.net$/.exec(value ?? '')?.[1];
    expect(kind).toBe('add');
    expect(inBody).toContain(
      `\r\nContent-ID: <${id}>\r\nContent-Disposition: by-reference;handling=optional\r\n`,
    );
    expect(inBody).toContain(`Content-Type: application/sdp\r\n\r\n${sdp}\r\n--`);
    expect(warnings).toEqual([]);
  });

  it.each<LocationSource>([
    { kind: 'body', contentId: 'a@b', partPath: '1', isReferenced: true },
    { kind: 'reference', uri: 'https://lis.example/1', protocol: 'held' },
    { kind: 'alert', partPath: '1' },
    { kind: 'query' },
  ])('nothing is added where the call brought the location: %j', (source) => {
    expect(supplied({ location: { source } })).toMatchObject({ addition: undefined, warnings: [] });
  });

  it.each<[LocationSource, string | undefined]>([
    [byDefault, 'Default'],
    [{ kind: 'default', of: 'service', name: 'urn:service:sos' }, 'Default'],
    [{ kind: 'table', table: 'cell', key: '3gpp:0010100010a0b0c1' }, 'Cell'],
    [{ kind: 'table', table: 'cell', key: 'wlan:00:00:5e:00:53:01' }, '802.11'],
    [{ kind: 'table', table: 'number', key: '+15551230000' }, 'Manual'],
    [{ kind: 'locationServer', identity: 'sip:a@b' }, undefined],
  ])('what the call did not bring says how it was found: %j', (source, method) => {
    expect(supplied({ location: { source } }).document?.match(/<gp:method>(.*)<\/gp:method>/)?.[1]).toBe(
      method,
    );
  });

  it.each(['ACK', 'PRACK', 'CANCEL'])('not in a %s', (method) => {
    expect(supplied({ parts: { ...withSdp, method } }).addition).toBeUndefined();
  });

  it('nothing where it is turned off', () => {
    expect(supplied({ supply: { isOn: false } }).addition).toBeUndefined();
  });
});

describe('RFC 6442 §4.2 The Geolocation-Routing Header Field', () => {
  const routing = (headers: readonly string[]) =>
    supplied({ parts: { ...withSdp, headers } }).addition?.edits.filter(
      ({ name }) => name === 'Geolocation-Routing',
    );

  it('yes, where there is neither that nor a location of the caller', () => {
    expect(routing([])).toEqual([{ kind: 'addIfAbsent', name: 'Geolocation-Routing', value: 'yes' }]);
  });
  it('left absent, which means no, beside a location of the caller', () => {
    expect(routing(['Geolocation: <https://lis.example/dead>'])).toEqual([]);
  });
});

describe('RFC 6442 §4.4 The Geolocation-Error Header Field', () => {
  it('is ours alone where the caller sent no location', () => {
    expect(supplied().addition?.concealed).toEqual(['Geolocation-Error']);
  });
  it('is the caller’s too where he sent one', () => {
    const parts = { ...withSdp, headers: ['Geolocation: <https://lis.example/dead>'] };
    expect(supplied({ parts }).addition?.concealed).toEqual([]);
  });
});

describe('RFC 8787 §4 Mechanism', () => {
  it.each([
    ['esrp.example.net', ';loc-src=esrp.example.net'],
    ['esrp', ''],
    ['192.0.2.1', ''],
    ['2001:db8::1', ''],
  ])('loc-src is a fully qualified host name or is not there: %s', (provider, param) => {
    const { addition } = supplied({ profile: 'ietf', supply: { provider } });
    expect(geolocation(addition)).toEqual([['append', `<${published}>${param}`]]);
  });
});

describe('RFC 8262 §3.4.2 and what else keeps a part out', () => {
  const rows: readonly [string, RequestParts][] = [
    ['a Content-ID of the message', { ...withSdp, headers: ['Content-ID: <a@b>'] }],
    ['a broken multipart', { contentType: 'multipart/mixed;boundary=b', body: '--b\r\n\r\nx' }],
    ['a message that would be too large', { contentType: 'application/sdp', body: 'x'.repeat(59_500) }],
  ];
  it.each(rows)('%s: nena-i3 gets a reference, still first, and the record says so', (_name, parts) => {
    const { addition, warnings } = supplied({ parts });
    expect(geolocation(addition)).toEqual([['add', `<${published}>;loc-src=esrp.example.net`]]);
    expect(addition?.body).toBeUndefined();
    expect(warnings).toEqual(['esrp.locationSuppliedOtherwise']);
  });
  it.each(rows)('%s, and nothing is served by reference: nothing is added', (_name, parts) => {
    expect(supplied({ parts, supply: { publisher: undefined } })).toMatchObject({
      addition: undefined,
      warnings: ['esrp.locationNotSupplied'],
    });
  });
});

describe('RFC 6881 §9.3 SP-33 (1): proxies insert no body', () => {
  it.each([
    ['nothing is served by reference', undefined],
    ['the reference is no https: URI', { publish: () => 'http://a/b' }],
    ['the reference is too long', { publish: () => `https://a/${'x'.repeat(4_000)}` }],
    ['the reference would break its header', { publish: () => 'https://a/>,<b' }],
  ])('ietf gets nothing where %s', (_name, publisher) => {
    expect(supplied({ profile: 'ietf', supply: { publisher } })).toMatchObject({
      addition: undefined,
      warnings: ['esrp.locationNotSupplied'],
    });
  });
});

describe('the document', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['the caller by From', [], /entity="sip:\+15551230000@caller\.example\.net"/],
    [
      'rather by what is asserted',
      ['P-Asserted-Identity: "A" <sip:+15550001111@carrier.example;user=phone>'],
      /entity="sip:\+15550001111@carrier\.example"/,
    ],
    ['by a telephone number', ['P-Asserted-Identity: <tel:+15550001111>'], /entity="tel:\+15550001111"/],
    ['nobody who asks for privacy', ['Privacy: id'], /entity="pres:[0-9a-f]{20}@esrp\.example\.net"/],
    [
      'nobody by what is no identity',
      ['P-Asserted-Identity: <sip:anonymous@anonymous.invalid>'],
      /entity="sip:\+1555/,
    ],
  ])('names %s (RFC 6280 §6.2.1)', (_name, headers, entity) => {
    expect(supplied({ parts: { ...withSdp, headers } }).document).toMatch(entity);
  });

  it('has its provider, its time and the rules of where it comes from', () => {
    const more = {
      retentionExpires: '2026-01-03T00:00:00Z',
      isRetransmissionAllowed: true,
      timestamp: '2026-01-01T00:00:00Z',
    };
    expect(supplied({ location: more }).document).toMatch(
      /retransmission-allowed[^>]*>true<[\s\S]*2026-01-03T00:00:00Z[\s\S]*<timestamp>2026-01-01T00:00:00Z/,
    );
    expect(supplied().document).toMatch(
      /<pi:ProviderID>esrp\.example\.net<[\s\S]*<timestamp>2026-01-02T03:04:05\.000Z</,
    );
  });

  it.each<[string, Partial<LocationValue>]>([
    ['a point', {}],
    [
      'a circle',
      {
        shape: { kind: 'circle', center: { lon: 1, lat: 2 }, radiusM: 50 },
        confidence: { percent: 95, pdf: 'normal' },
      },
    ],
    [
      'an address',
      {
        shape: undefined,
        civic: {
          country: 'US',
          elements: new Map([
            ['A1', 'NY'],
            ['A3', 'New York & more'],
          ]),
          language: 'en',
        },
      },
    ],
  ])(`is valid by its schemas and reads back as what it was: %s${schemasSkipped}`, (_name, where) => {
    for (const profile of ['nena-i3', 'ietf'] as const) {
      const { document = '' } = supplied({ location: where, profile });
      if (schemasSkipped === '') expect(schemaErrors('pidfLo', document)).toEqual([]);
      const read = parsePidfLo(Buffer.from(document), { kind: 'query' }, defaultLocationLimits);
      expect(read.ok && read.value.warnings).toEqual([]);
      const { shape, civic } = location(where);
      expect(read.ok && read.value.locations[0]).toMatchObject({ shape, civic });
    }
  });
});

describe('a plan', () => {
  it('gives each target what its profile asks, and makes each once', () => {
    let count = 0;
    const publish = () => {
      count += 1;
      return published;
    };
    const profileOf = (uri: string): Profile => (uri.includes('ietf') ? 'ietf' : 'nena-i3');
    const { additions } = supplyLocation(testRequest(withSdp), {
      located: located(),
      targetUris: ['sip:a@ietf.example', 'sip:b@i3.example', 'sip:c@ietf.example', 'sip:d@i3.example'],
      supply: { isOn: true, profileOf, publisher: { publish }, provider: 'esrp.example.net' },
      now: undefined,
    });
    expect(additions.map((addition) => addition?.body !== undefined)).toEqual([false, true, false, true]);
    expect(additions[0]).toBe(additions[2]);
    expect(additions[1]).toBe(additions[3]);
    expect(count).toBe(1);
  });
});
