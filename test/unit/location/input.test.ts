import { describe, expect, it } from 'vitest';
import { locationInput } from '../../../src/location/index.ts';
import { defaultBodyLimits } from '../../../src/sip/index.ts';
import { bodyPart, multipart } from '../../support/location-offers.ts';
import { requestOf } from '../../support/sip-builders.ts';

describe('locationInput', () => {
  it('takes headers as received and leaves of the body, decoded', () => {
    const encoded =
      'Content-Type: application/pidf+xml\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <a@x>\r\n\r\nPGEvPg==';
    const inner = multipart('c', bodyPart('Text/XML;charset=utf-8', 'b@x', '<b/>')).toString();
    const body = multipart(
      'b',
      encoded,
      `Content-Type: multipart/related;boundary=c\r\nContent-ID: <in@x>\r\n\r\n${inner}`,
    );
    const { input, warnings } = locationInput(
      requestOf({
        extra: [
          'Content-Type: multipart/mixed;boundary=b',
          'Content-ID: <out@x>',
          'Geolocation: <cid:a@x>, <https://lis/x>',
          'Geolocation: <cid:b@x>',
          'Call-Info: <https://a/1>;purpose=icon',
          'Geolocation-Routing: yes',
          'Info-Package: foo',
          'Cellular-Network-Info: 3GPP-GERAN',
          'P-Access-Network-Info: IEEE-802.11',
        ],
        body,
      }),
      defaultBodyLimits,
    );
    expect(warnings).toEqual([]);
    expect(input).toMatchObject({
      callInfoValues: ['<https://a/1>;purpose=icon'],
      geolocationRouting: 'yes',
      infoPackage: 'foo',
      accessNetworkValues: ['IEEE-802.11', '3GPP-GERAN'],
    });
    expect(input.geolocationValues.join(', ')).toBe('<cid:a@x>, <https://lis/x>, <cid:b@x>');
    expect(
      input.parts.map(({ path, contentType, contentId, enclosingIds, bytes }) => [
        path,
        contentType,
        contentId,
        enclosingIds,
        Buffer.from(bytes).toString(),
      ]),
    ).toEqual([
      ['1', 'application/pidf+xml', 'a@x', ['out@x'], '<a/>'],
      ['2.1', 'text/xml', 'b@x', ['out@x', 'in@x'], '<b/>'],
    ]);
  });

  it('leaves a part as it is whose encoding cannot be undone, and says so', () => {
    const extra = ['Content-Type: application/pidf+xml', 'Content-Transfer-Encoding: base64'];
    const { input, warnings } = locationInput(requestOf({ extra, body: '<a/>!' }), defaultBodyLimits);
    expect(input.parts.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['<a/>!']);
    expect(warnings.map(({ code }) => code)).toEqual(['body.encodedContent']);
  });

  it('finds nothing in a message without a body', () => {
    expect(locationInput(requestOf(), defaultBodyLimits).input.parts).toEqual([]);
  });
});
