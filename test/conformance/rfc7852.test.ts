import { describe, expect, it } from 'vitest';
import { pointPidf } from '../support/emergency-messages.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import {
  bodyPart,
  type MessageWithBody,
  multipart,
  offersInWords,
  offersOf,
} from '../support/location-offers.ts';
import { sipBytes } from '../support/sip-builders.ts';

// Additional data of a call (RFC 7852), of eCall (RFC 8147) and of crash notification (RFC 8148): listed, and passed on untouched.

const mixed = 'Content-Type: multipart/mixed;boundary=b';
const pidf = bodyPart('application/pidf+xml', 'loc@a.example', pointPidf({ lon: 2, lat: 1 }));

const listed = (message: MessageWithBody): readonly string[] =>
  offersOf(message).additionalData.map(({ block, form, origin }) => `${block} ${form} at ${origin}`);

const dataPart = (block: string, id: string): string =>
  bodyPart(`application/EmergencyCallData.${block}+xml`, id, `<data/>`);

describe('RFC 7852 §6: how additional data travels', () => {
  it.each<[string, MessageWithBody, readonly string[]]>([
    [
      'RFC 7852 §6.1: by reference, the URI without brackets as in its example',
      {
        headers: [
          'Call-Info: https://www.example.com/23sedde3;\r\n    purpose="EmergencyCallData.ProviderInfo"',
        ],
      },
      ['ProviderInfo reference at Call-Info 1'],
    ],
    [
      'RFC 7852 §6.1: by value, several blocks from several providers',
      {
        headers: [
          mixed,
          'Call-Info: <cid:1@a.example>;purpose=EmergencyCallData.ProviderInfo',
          'Call-Info: <cid:2@a.example>;purpose=EmergencyCallData.ServiceInfo, <https://b.example/p>;purpose=EmergencyCallData.ProviderInfo',
        ],
        body: multipart('b', dataPart('ProviderInfo', '1@a.example'), dataPart('ServiceInfo', '2@a.example')),
      },
      [
        'ProviderInfo value at Call-Info 1, part 1',
        'ServiceInfo value at Call-Info 2, part 2',
        'ProviderInfo reference at Call-Info 3',
      ],
    ],
    [
      'RFC 7852 §11.1.9: every block of the registry, in whatever case',
      {
        headers: [mixed],
        body: multipart(
          'b',
          ...['providerinfo', 'SERVICEINFO', 'DeviceInfo', 'SubscriberInfo', 'Comment'].map((block) =>
            dataPart(block, ''),
          ),
        ),
      },
      ['ProviderInfo', 'ServiceInfo', 'DeviceInfo', 'SubscriberInfo', 'Comment'].map(
        (block, index) => `${block} value at part ${index + 1}`,
      ),
    ],
    [
      'RFC 7852 §6.2: in provided-by, by reference',
      {
        headers: ['Content-Type: application/pidf+xml'],
        body: pointPidf({ lon: 2, lat: 1 }).replace(
          '<gp:method>GPS</gp:method>',
          '<gp:method>GPS</gp:method><gp:provided-by><e:EmergencyCallDataReference xmlns:e="urn:ietf:params:xml:ns:EmergencyCallData" ref="https://example.com/ref2" purpose="EmergencyCallData.ServiceInfo"/></gp:provided-by>',
        ),
      },
      ['ServiceInfo reference at provided-by in part 0'],
    ],
    [
      'RFC 8147 §5: an MSD',
      {
        headers: [mixed, 'Call-Info: <cid:1234567890@a.example>;\r\n purpose=EmergencyCallData.eCall.MSD'],
        body: multipart(
          'b',
          bodyPart('application/EmergencyCallData.eCall.MSD', '1234567890@a.example', '\u0001\u0000\u00ff'),
        ),
      },
      ['eCall.MSD value at Call-Info 1, part 1'],
    ],
    [
      'RFC 8147 §10: a metadata/control object in an INFO',
      {
        startLine: 'INFO sip:caller@192.0.2.4 SIP/2.0',
        headers: [
          'Call-Info: <cid:3456789012@a.example>;purpose=EmergencyCallData.Control',
          'Info-Package: EmergencyCallData.eCall.MSD',
          mixed,
          'Content-Disposition: Info-Package',
        ],
        body: multipart('b', dataPart('Control', '3456789012@a.example')),
      },
      ['Control value at Call-Info 1, part 1'],
    ],
    [
      'RFC 8147 §14.9: the INFO package names a body whose type says nothing',
      {
        startLine: 'INFO urn:service:sos SIP/2.0',
        headers: ['Info-Package: EmergencyCallData.eCall.MSD', 'Content-Type: application/octet-stream'],
        body: '\u0001\u0000',
      },
      ['eCall.MSD value at part 0'],
    ],
    [
      'RFC 8148 §5: a VEDS block',
      {
        headers: [mixed, 'Call-Info: <cid:v@a.example>;purpose=EmergencyCallData.VEDS'],
        body: multipart('b', pidf, dataPart('VEDS', 'v@a.example')),
      },
      ['VEDS value at Call-Info 1, part 2'],
    ],
  ])('%s', (_title, message, expected) => {
    expect(listed(message)).toEqual(expected);
  });

  it('RFC 8147 §5: an MSD with every byte goes on byte for byte, and the call by its location', async () => {
    const msd = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const head =
      'Content-Type: application/EmergencyCallData.eCall.MSD\r\nContent-ID: <m@x>\r\nContent-Disposition: by-reference;handling=optional\r\n\r\n';
    const body = multipart('b', Buffer.concat([Buffer.from(head), msd]), pidf);
    const proxy = new EmergencyProxy();
    const extra = [
      mixed,
      'Call-Info: <cid:m@x>;purpose=EmergencyCallData.eCall.MSD',
      'Geolocation: <cid:loc@a.example>',
    ];
    await proxy.send(sipBytes({ startLine: 'INVITE urn:service:sos.ecall.automatic SIP/2.0', extra, body }));
    const request = gotRequest(proxy.psap);
    expect(request.body.equals(body)).toBe(true);
    expect(offersOf({ headers: extra, body }).additionalData).toMatchObject([
      { block: 'eCall.MSD', sizeBytes: 256 },
    ]);
  });
});

describe('RFC 8876: non-interactive calls', () => {
  const alert = (namespace: string, area: string): string =>
    `<?xml version="1.0"?><alert xmlns="${namespace}"><identifier>S-1</identifier><sender>sip:sensor1@example.com</sender><sent>2021-05-01T00:00:00Z</sent><incidents>i</incidents><info><event>Fire</event>${area}</info></alert>`;
  const cap12 = 'urn:oasis:names:tc:emergency:cap:1.2';
  const circle = '<area><areaDesc>Hall</areaDesc><circle>29.76,-95.36 0.05</circle></area>';
  const polygon = '<area><areaDesc>Hall</areaDesc><polygon>29,-95 29,-96 30,-96 29,-95</polygon></area>';
  const capType = 'application/EmergencyCallData.cap+xml';
  const startLine = 'MESSAGE urn:service:sos SIP/2.0';
  const callInfo = 'Call-Info: <cid:cap@a.example>;purpose=EmergencyCallData.cap';

  it.each<[string, MessageWithBody, readonly string[], readonly string[]]>([
    [
      'RFC 8876 §4.1: an alert by value, its circle in kilometres',
      {
        headers: [mixed, callInfo],
        body: multipart('b', bodyPart(capType, 'cap@a.example', alert(cap12, circle))),
      },
      ['circle 29.76 -95.36 50'],
      ['cap value at Call-Info 1, part 1'],
    ],
    [
      'RFC 8876 §4.2: the PIDF-LO comes before the area',
      {
        headers: [mixed, callInfo],
        body: multipart('b', bodyPart(capType, 'cap@a.example', alert(cap12, polygon)), pidf),
      },
      ['point 1 2', 'polygon of 4'],
      ['cap value at Call-Info 1, part 1'],
    ],
    [
      'RFC 8876 §4.2: no area, as it recommends',
      { headers: [`Content-Type: ${capType}`], body: alert(cap12, '') },
      [],
      ['cap value at part 0'],
    ],
    [
      'RFC 8876 §4.1: an alert by reference is listed',
      { headers: ['Call-Info: <https://alerts.example/7>;purpose=EmergencyCallData.cap'] },
      [],
      ['cap reference at Call-Info 1'],
    ],
    [
      'RFC 8876 §4.2: an alert of CAP 1.1 under its own type',
      {
        headers: ['Content-Type: application/common-alerting-protocol+xml'],
        body: alert('urn:oasis:names:tc:emergency:cap:1.1', circle),
      },
      ['circle 29.76 -95.36 50'],
      ['cap value at part 0'],
    ],
  ])('%s', (_title, message, places, data) => {
    const offered = offersOf({ startLine, ...message });
    expect(offersInWords(offered)).toEqual(places);
    expect(listed({ startLine, ...message })).toEqual(data);
  });

  it('RFC 8876 §4.3: a MESSAGE with an alert alone is routed by its area, and leaves untouched', async () => {
    const body = alert(cap12, circle);
    const proxy = new EmergencyProxy();
    const replace = { CSeq: '1 MESSAGE' };
    await proxy.send(sipBytes({ startLine, replace, extra: [`Content-Type: ${capType}`], body }));
    const request = gotRequest(proxy.psap);
    expect([request.method, request.body.toString()]).toEqual(['MESSAGE', body]);
    expect(proxy.records.at(-1)?.located?.location).toMatchObject({
      source: { kind: 'alert', partPath: '0' },
      shape: { kind: 'circle', radiusM: 50 },
    });
  });
});
