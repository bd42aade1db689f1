import { describe, expect, it } from 'vitest';
import type { LocationBodyPart, LocationInput, LocationLimits } from '../../../src/location/index.ts';
import { defaultLocationLimits, offeredLocations } from '../../../src/location/index.ts';
import { offersInWords } from '../../support/location-offers.ts';
import { dataModel, geopriv, point, presence, tuple } from './support.ts';

const pidf = 'application/pidf+xml';

/** A part whose location is known by its latitude. */
function part(
  path: string,
  latitude: number | string,
  rest: Partial<LocationBodyPart> = {},
): LocationBodyPart {
  const bytes = Buffer.from(presence(tuple(geopriv(point(`${latitude} 0`)))));
  return { contentType: pidf, contentId: undefined, path, bytes, ...rest };
}

/** A part whose content lies elsewhere. */
function external(path: string, phantom: string, rest: Partial<LocationBodyPart> = {}): LocationBodyPart {
  return {
    contentType: 'message/external-body',
    contentTypeValue:
      'message/external-body; access-type=URL; URL="https://lis/e"; expiration="Mon, 24 Jun 2002 09:00:00 GMT"',
    contentId: undefined,
    path,
    bytes: Buffer.from(phantom),
    ...rest,
  };
}

const sdp: LocationBodyPart = {
  contentType: 'application/sdp',
  contentId: '<sdp@x>',
  path: '1',
  bytes: Buffer.from('v=0\r\ns=location-info presence\r\n'),
};

const alert: LocationBodyPart = {
  contentType: 'application/emergencycalldata.cap+xml',
  contentId: 'cap@x',
  path: '9',
  bytes: Buffer.from(
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><info><area><circle>7,0 1</circle></area></info></alert>',
  ),
};

function inputOf(rest: Partial<LocationInput>): LocationInput {
  return {
    geolocationValues: [],
    parts: [],
    callInfoValues: [],
    geolocationRouting: undefined,
    accessNetworkValues: [],
    ...rest,
  };
}

function offered(
  geolocationValues: readonly string[],
  parts: readonly LocationBodyPart[],
  limits: LocationLimits = defaultLocationLimits,
) {
  return offeredLocations(inputOf({ geolocationValues, parts }), limits);
}

/** Latitudes, references and refusals in order. */
function words(...args: Parameters<typeof offered>): readonly string[] {
  return offersInWords(offered(...args)).map((each) => each.replace(/^point (\S+) 0$/, '$1'));
}

const derived = (latitude: number, method: string): LocationBodyPart =>
  part('1', 0, {
    bytes: Buffer.from(
      presence(tuple(geopriv(point(`${latitude} 0`), `<gp:usage-rules/><gp:method>${method}</gp:method>`))),
    ),
  });

describe('offeredLocations: order', () => {
  it.each<[string, readonly string[], readonly LocationBodyPart[], readonly string[]]>([
    ['nothing at all', [], [], []],
    ['no location among the parts', [], [sdp], []],
    [
      'the part that the header names, then the other',
      ['<cid:b@x>'],
      [part('1', 1, { contentId: 'a@x' }), part('2', 2, { contentId: '<b@x>' })],
      ['2', '1'],
    ],
    [
      'the order of the header, not of the body',
      ['<cid:b@x>, <cid:a@x>'],
      [part('1', 1, { contentId: 'a@x' }), part('2', 2, { contentId: 'b@x' })],
      ['2', '1'],
    ],
    [
      'values and references as they come, over several header lines',
      ['<https://lis/x>;loc-src=a.example', '<cid:b@x>', '<sips:a@lis>, <pres:b@lis>'],
      [part('1', 1), part('2', 2, { contentId: 'b@x' })],
      ['held https://lis/x', '2', 'presence sips:a@lis', 'presence pres:b@lis', '1'],
    ],
    ['plain HTTP and SIP', ['<HTTP://lis/x>, <sip:a@lis>'], [], ['held HTTP://lis/x', 'presence sip:a@lis']],
    ['parts that no header names, in order', [], [sdp, part('2', 2), part('3', 3)], ['2', '3']],
    [
      'a cid that matches nothing',
      ['<cid:nowhere@x>'],
      [sdp, part('2', 2, { contentId: 'b@x' })],
      ['unreadable location.partMissing', '2'],
    ],
    [
      'a referenced part that is broken',
      ['<cid:a@x>'],
      [part('1', 'x', { contentId: 'a@x' }), part('2', 2)],
      ['unreadable location.positionMalformed', '2'],
    ],
    ['the same part twice', ['<cid:a@x>, <cid:%61@X>'], [part('1', 1, { contentId: 'a@x' })], ['1']],
    [
      'the same reference twice',
      ['<https://lis/x>, <https://lis/x>'],
      [],
      ['held https://lis/x', 'notFetched the same reference stands before it'],
    ],
    ['no brackets', ['cid:a@x'], [part('1', 1, { contentId: 'a@x' })], ['1']],
    ['a cid without host', ['<cid:a>'], [part('1', 1), part('2', 2, { contentId: 'a@x' })], ['2', '1']],
    [
      'a Content-ID without host',
      ['<cid:a@x>'],
      [part('1', 1), part('2', 2, { contentId: 'a' })],
      ['2', '1'],
    ],
    [
      'two parts of one name: the domain decides',
      ['<cid:a@y>'],
      [part('1', 1, { contentId: 'a' }), part('2', 2, { contentId: 'a@y' })],
      ['2', '1'],
    ],
    [
      'a multipart that the header names (RFC 8262)',
      ['<cid:body@x>'],
      [part('1', 1), { ...sdp, enclosingIds: ['body@x'] }, part('2', 2, { enclosingIds: ['body@x'] })],
      ['2', '1'],
    ],
    [
      'a multipart without a location',
      ['<cid:body@x>'],
      [{ ...sdp, enclosingIds: ['body@x'] }, { ...sdp, path: '2', enclosingIds: ['body@x'] }, part('3', 3)],
      ['unreadable location.notPidfLo', '3'],
    ],
    [
      'a geo URI comes after what is a document',
      ['<geo:5,0;u=10>, <cid:a@x>'],
      [part('1', 1, { contentId: 'a@x' }), part('2', 2)],
      ['1', '2', 'circle 5 0 10'],
    ],
    ['a geo URI alone', ['geo:5,0;u=10'], [], ['circle 5 0 10']],
    ['a geo URI that is none', ['<geo:here>'], [], ['unreadable location.geoUriUnreadable']],
    [
      'garbage',
      ['<data:text/plain,1>, here, <>'],
      [part('1', 1)],
      ['unsupported location.headerMalformed', 'unsupported location.headerMalformed', '1'],
    ],
    [
      'an alert comes after everything else',
      ['<geo:5,0>'],
      [alert, part('2', 2)],
      ['2', '5', 'circle 7 0 1000'],
    ],
    ['an alert that the header names', ['<cid:cap@x>'], [alert, part('2', 2)], ['2', 'circle 7 0 1000']],
    [
      'an alert that is broken',
      [],
      [{ ...alert, bytes: Buffer.from('<alert>') }],
      ['unreadable location.xmlUnreadable'],
    ],
    ['a derived location comes last (RFC 6881 SP-21)', [], [derived(1, 'Derived'), part('2', 2)], ['2', '1']],
    ['a default location comes last', ['<https://a/b>'], [derived(1, 'default')], ['held https://a/b', '1']],
    ['other methods do not', [], [derived(1, 'Cell'), part('2', 2)], ['1', '2']],
    [
      'an encrypted part',
      ['<cid:a@x>'],
      [part('1', 1, { contentType: 'application/pkcs7-mime', contentId: 'a@x' }), part('2', 2)],
      ['unsupported location.partEncrypted', '2'],
    ],
    ['the old type', [], [part('1', 1, { contentType: 'application/cpim-pidf+xml' })], ['1']],
    ['the mistaken type', [], [part('1', 1, { contentType: 'application/pidf-lo+xml' })], ['1']],
    ['plain XML', [], [part('1', 1, { contentType: 'text/xml' })], ['1']],
    ['other XML', [], [part('1', 1, { contentType: 'application/vnd.example+xml' })], ['1']],
    ['no type', [], [part('1', 1, { contentType: '' })], ['1']],
    ['a type that is no document', [], [part('1', 1, { contentType: 'image/png' })], []],
    [
      'a part of another type that the header names',
      ['<cid:a@x>'],
      [part('1', 1, { contentType: 'image/png', contentId: 'a@x' })],
      ['1'],
    ],
    [
      'devices, tuples and persons of a document',
      [],
      [
        part('1', 0, {
          bytes: Buffer.from(
            presence(
              dataModel('person', geopriv(point('1 0'))),
              tuple(geopriv(point('2 0'))),
              dataModel('device', geopriv(point('3 0'))),
              dataModel('device', geopriv(point('4 0'))),
            ),
          ),
        }),
      ],
      ['3', '4', '2', '1'],
    ],
    [
      'content that lies elsewhere, by what it is',
      [],
      [
        external('1', 'Content-Type: application/pidf+xml\r\n\r\n'),
        external('2', 'Content-Type: image/jpg\r\n\r\n'),
      ],
      ['content https://lis/e'],
    ],
    [
      'content that lies elsewhere, by its own Content-ID',
      ['<cid:e@x>'],
      [part('1', 1), external('2', 'Content-ID: <e@x>\r\n\r\n')],
      ['content https://lis/e', '1'],
    ],
    [
      'content that lies elsewhere, by the Content-ID of the part',
      ['<cid:e@x>'],
      [part('1', 1), external('2', '', { contentId: 'e@x' })],
      ['content https://lis/e', '1'],
    ],
    [
      'content that is nowhere',
      ['<cid:e@x>'],
      [external('2', '', { contentId: 'e@x', contentTypeValue: 'message/external-body' })],
      ['unreadable location.contentUnreadable'],
    ],
  ])('%s', (_name, values, parts, expected) => {
    expect(words(values, parts)).toEqual(expected);
  });
});

describe('offeredLocations: what is said', () => {
  it('names where everything stood, and keeps positions out of it', () => {
    const parts = [
      sdp,
      part('2', 1, { contentId: 'a@x' }),
      part('3.1', 'x', { contentId: 'b@x' }),
      part('4', 4),
    ];
    const values = [
      '<https://lis/x>;loc-src=Edge.example.net',
      '<cid:b@x>, <cid:a@x>',
      '<geo:5.25,0>',
      '<tel:+12025550123>',
    ];
    const { offers, warnings } = offered(values, parts);
    const origins = offers.map((offer) => (offer.kind === 'refused' ? offer.candidate.origin : offer.origin));
    expect(origins).toEqual([
      'Geolocation 1 <https://lis/x> from edge.example.net',
      'Geolocation 2 <cid:b@x>, part 3.1, tuple',
      'Geolocation 3 <cid:a@x>, part 2, tuple',
      'Geolocation 5 <…>',
      'part 4, which no Geolocation value points at, tuple',
      'Geolocation 4 <geo:…>',
    ]);
    expect(JSON.stringify([origins, warnings])).not.toMatch(/5\.25|2025550123/);
    expect(warnings.map(({ code }) => code)).toEqual([
      'location.positionMalformed',
      'location.geoUri',
      'location.headerMalformed',
    ]);
  });

  it('keeps URIs out of warnings', () => {
    const { warnings } = offered(
      ['<cid:secret@x>, <https://secret/x>, <geo:secret>, <secret:x>'],
      [
        external('1', 'Content-Type: application/pidf+xml\r\n\r\n', {
          contentTypeValue: 'message/external-body; URL="https://secret/y"; size=many',
        }),
      ],
    );
    expect(warnings).toHaveLength(4);
    expect(JSON.stringify(warnings)).not.toContain('secret');
  });

  it.each([
    ['an address', '192.0.2.1'],
    ['an IPv6 address', '[2001:db8::1]'],
    ['no domain', 'localhost'],
    ['nothing', ''],
  ])('warns of a loc-src that is no host name: %s (RFC 8787 §4)', (_name, source) => {
    const { offers, warnings } = offered([`<https://lis/x>;loc-src=${source}`], []);
    expect(offers).toMatchObject([{ kind: 'reference', origin: 'Geolocation 1 <https://lis/x>' }]);
    expect(warnings.map(({ code }) => code)).toEqual(['location.sourceMalformed']);
  });

  it('gives why each stands where it does', () => {
    const parts = [
      part('1', 0, {
        contentId: 'a@x',
        bytes: Buffer.from(
          presence(
            tuple(
              geopriv(
                point('1 0'),
                '<gp:usage-rules><gbp:retention-expiry>2020-01-01T00:00:00Z</gbp:retention-expiry></gp:usage-rules><gp:method>Derived</gp:method>',
              ),
            ),
            dataModel('device', geopriv(point('2 0'))),
          ),
        ),
      }),
      part('2', 3),
    ];
    const input = inputOf({ geolocationValues: ['<cid:a@x>'], parts, nowMs: Date.UTC(2026, 0, 1) });
    const { offers } = offeredLocations(input, defaultLocationLimits);
    expect(offers.map((offer) => (offer.kind === 'value' ? [offer.reason, offer.isLastResort] : []))).toEqual(
      [
        [
          'in the order of the Geolocation header; devices, tuples, persons in this order (RFC 5491 §3)',
          undefined,
        ],
        ['in the order of the body', undefined],
        [
          'in the order of the Geolocation header; devices, tuples, persons in this order (RFC 5491 §3); ' +
            'its method is Derived, to be used where there is no other (RFC 6881 §6.9); ' +
            'its retention is over, which does not hold for a call for help',
          true,
        ],
      ],
    );
  });

  it('gives each location its source', () => {
    const { offers } = offered(['<cid:a@x>, <geo:1,2>'], [part('1.2', 1, { contentId: ' <a@x> ' }), alert]);
    expect(offers.map((offer) => (offer.kind === 'value' ? offer.location.source : undefined))).toEqual([
      { kind: 'body', contentId: 'a@x', partPath: '1.2', isReferenced: true },
      { kind: 'header', ordinal: 2 },
      { kind: 'alert', partPath: '9' },
    ]);
  });

  it('warns where the content that lies elsewhere should have been fetched before, and offers it', () => {
    const parts = [external('1', 'Content-Type: application/pidf+xml\r\n\r\n')];
    const expired = Date.UTC(2002, 5, 24, 9, 0, 1);
    const { offers, warnings } = offeredLocations(inputOf({ parts, nowMs: expired }), defaultLocationLimits);
    expect(offers).toMatchObject([{ kind: 'reference', reference: { expiresAtMs: expired - 1_000 } }]);
    expect(warnings.map(({ code }) => code)).toEqual(['location.contentExpired']);
  });

  it.each([
    ['yes', 'yes'],
    [' No ', 'no'],
    ['YES;x=y', 'yes'],
    ['maybe', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const)('reads Geolocation-Routing: %s', (value, expected) => {
    expect(
      offeredLocations(inputOf({ geolocationRouting: value }), defaultLocationLimits).geolocationRouting,
    ).toBe(expected);
  });

  it('has the keys of the access network', () => {
    const accessNetworkValues = ['IEEE-802.11;i-wlan-node-id=34a84edc9615'];
    expect(offeredLocations(inputOf({ accessNetworkValues }), defaultLocationLimits).cellKeys).toEqual([
      'wlan:34:a8:4e:dc:96:15',
    ]);
  });
});

describe('offeredLocations: limits', () => {
  it('opens so many documents', () => {
    const parts = [part('1', 'x'), part('2', 'x'), part('3', 3)];
    const found = offered([], parts, { ...defaultLocationLimits, documentsMax: 2 });
    expect(found.offers.map(({ kind }) => kind)).toEqual(['refused', 'refused']);
    expect(found.warnings.map(({ code }) => code)).toContain('location.tooMany');
  });

  it('looks at so many header values, and still at the body', () => {
    const values = Array.from({ length: 1000 }, () => '<cid:none@x>');
    const limits = { ...defaultLocationLimits, headerValuesMax: 3, warningsMax: 2 };
    const found = offered(values, [part('1', 1)], limits);
    expect(offersInWords(found).at(-1)).toBe('point 1 0');
    expect(found.offers).toHaveLength(4);
    expect(found.warnings).toHaveLength(2);
  });
});
