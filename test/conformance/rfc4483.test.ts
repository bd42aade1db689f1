import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultLocationLimits, type LocationReference, readFetched } from '../../src/location/index.ts';
import { pointPidf } from '../support/emergency-messages.ts';
import {
  bodyPart,
  type MessageWithBody,
  multipart,
  offersInWords,
  offersOf,
} from '../support/location-offers.ts';

// A location that is a body part whose content lies elsewhere (RFC 4483).

const pidf = pointPidf({ lon: 2, lat: 1 });
const url = 'https://www.example.net/the-indirect-content';
const type = `message/external-body; access-type="URL"; URL="${url}"`;
const phantom = 'Content-Type: application/pidf+xml\r\nContent-ID: <loc@example.net>\r\n';
const mixed = 'Content-Type: multipart/mixed;boundary=b';

const whole = (value: string): MessageWithBody => ({ headers: [`Content-Type: ${value}`], body: phantom });
const inside = (value: string, head = phantom): Buffer =>
  multipart('b', bodyPart('application/sdp', '', 'v=0'), bodyPart(value, '', head));

describe('RFC 4483 §5: content indirection', () => {
  it.each<[string, MessageWithBody, readonly string[]]>([
    ['RFC 4483 §6.1: as the whole body', whole(type), [`content ${url}`]],
    ['RFC 4483 §6.2: in a multipart', { headers: [mixed], body: inside(type) }, [`content ${url}`]],
    [
      'RFC 4483 §6.2: in a multipart in a multipart',
      {
        headers: [mixed],
        body: multipart(
          'b',
          `Content-Type: multipart/alternative;boundary=c\r\n\r\n${multipart('c', bodyPart(type, '', phantom)).toString()}`,
        ),
      },
      [`content ${url}`],
    ],
    [
      'RFC 4483 §5.6: found by the Content-ID of the content',
      { headers: [mixed, 'Geolocation: <https://lis.example/1>, <cid:loc@example.net>'], body: inside(type) },
      ['held https://lis.example/1', `content ${url}`],
    ],
    [
      'RFC 4483 §5.8: without a type of the content, found by its Content-ID alone',
      {
        headers: [mixed, 'Geolocation: <cid:loc@example.net>'],
        body: inside(type, 'Content-ID: <loc@example.net>\r\n'),
      },
      [`content ${url}`],
    ],
    [
      'RFC 4483 §5.8: content of another type is none of ours',
      { headers: [mixed], body: inside(type, 'Content-Type: image/png\r\nContent-ID: <a@b>\r\n') },
      [],
    ],
    [
      'RFC 2017 §3.1: a URL that is folded',
      whole(
        'message/external-body; access-type=URL;\r\n URL="https://www.example.net/\r\n the-indirect-content"',
      ),
      [`content ${url}`],
    ],
    [
      'RFC 4483 §5.2: another scheme is not followed',
      {
        headers: [mixed, 'Geolocation: <cid:loc@example.net>'],
        body: inside(type.replace('https:', 'gopher:')),
      },
      ['unsupported location.contentUnsupported'],
    ],
  ])('%s', (_title, message, expected) => {
    expect(offersInWords(offersOf(message))).toEqual(expected);
  });

  it('RFC 4483 §5.7, §5.9, §5.12: lifetime, size and hash', () => {
    const sha1Hex = 'a9993e364706816aba3e25717850c26c9cd0d89d';
    const value = `${type}; EXPIRATION="Mon, 24 June 2002 09:00:00 GMT"; size=52723; hash=${sha1Hex.toUpperCase()}`;
    expect(offersOf(whole(value)).offers).toMatchObject([
      { reference: { uri: url, expiresAtMs: Date.UTC(2002, 5, 24, 9), sizeBytes: 52_723, sha1Hex } },
    ]);
  });

  it('RFC 4483 §5.12: the hash of its example has too few digits for SHA-1: left out with a warning', () => {
    const { offers, warnings } = offersOf(whole(`${type}; hash=10AB568E91245681AC1B`));
    expect(offers).toMatchObject([{ reference: { uri: url, sha1Hex: undefined } }]);
    expect(warnings.map(({ code }) => code)).toEqual(['location.contentCondition']);
  });

  it('RFC 4483 §5.4: parameters without semicolons, a day named Thurs, phantom headers in the head', () => {
    const headers = [
      'Content-Type: message/external-body',
      '               access-type="URL";',
      '               expiration="Thurs, 22 July 2004 09:00:00 GMT";',
      `               URL="${url}"`,
      '               size=2344228',
      'Content-Type: application/pidf+xml',
      'Content-ID: <766534765937@atlanta.com>',
    ];
    expect(offersOf({ startLine: 'MESSAGE urn:service:sos SIP/2.0', headers }).offers).toMatchObject([
      {
        kind: 'reference',
        reference: { uri: url, expiresAtMs: Date.UTC(2004, 6, 22, 9), sizeBytes: 2_344_228 },
      },
    ]);
  });
});

describe('RFC 4483 §5: what was fetched', () => {
  const source = { kind: 'reference', uri: url, protocol: 'content' } as const;
  const read = (conditions: Partial<LocationReference>) =>
    readFetched(
      { bytes: Buffer.from(pidf), contentType: 'application/pidf+xml' },
      { uri: url, protocol: 'content', ...conditions },
      source,
      defaultLocationLimits,
      Date.UTC(2026, 0, 1),
    );

  it('RFC 4483 §5.12: another hash: not the content that the sender meant', () => {
    const right = read({ sha1Hex: createHash('sha1').update(pidf).digest('hex') });
    const wrong = read({ sha1Hex: createHash('sha1').update('x').digest('hex') });
    expect([right.ok, wrong.ok ? '' : wrong.error.code]).toEqual([true, 'location.contentMismatch']);
  });

  it.each<[string, Partial<LocationReference>, string]>([
    ['RFC 4483 §5.9: another size', { sizeBytes: 7 }, 'location.contentSize'],
    ['RFC 4483 §5.7: after its lifetime', { expiresAtMs: Date.UTC(2025, 0, 1) }, 'location.contentExpired'],
  ])('%s is used for a call for help, with a warning', (_title, conditions, code) => {
    const result = read(conditions);
    expect(result.ok && result.value.warnings.map((warning) => warning.code)).toEqual([code]);
  });
});
