import { describe, expect, it } from 'vitest';
import { bodyPart, type MessageWithBody, multipart, offersOf } from '../../support/location-offers.ts';
import { dataModel, geopriv, point, presence, tuple } from './support.ts';

const mixed = 'Content-Type: multipart/mixed;boundary=b';
const provider = bodyPart('application/EmergencyCallData.ProviderInfo+xml', 'p@x', '<ad:Provider/>');
const msd = Buffer.concat([
  Buffer.from('Content-Type: application/EmergencyCallData.eCall.MSD\r\nContent-ID: <m@x>\r\n\r\n'),
  Buffer.from([1, 0, 0xff, 0x0d, 0x0a, 0, 0x80]),
]);

function listed(message: MessageWithBody): readonly string[] {
  return offersOf(message).additionalData.map(
    ({ block, form, origin, uri, contentType, sizeBytes }) =>
      `${block} ${form} at ${origin}${uri === undefined ? '' : ` <${uri}>`}${
        contentType === undefined ? '' : ` ${contentType} ${sizeBytes}`
      }`,
  );
}

describe('additional data of a request', () => {
  it.each<[string, MessageWithBody, readonly string[]]>([
    ['none', { headers: ['Call-Info: <https://a/icon.png>;purpose=icon'] }, []],
    [
      'by reference',
      { headers: ['Call-Info: <https://a/1>;purpose=EmergencyCallData.ProviderInfo'] },
      ['ProviderInfo reference at Call-Info 1 <https://a/1>'],
    ],
    [
      'without brackets and with quotes, as the RFC has it',
      { headers: ['Call-Info: https://a/1; purpose="EmergencyCallData.ServiceInfo"'] },
      ['ServiceInfo reference at Call-Info 1 <https://a/1>'],
    ],
    [
      'several in a line and in lines, among others',
      {
        headers: [
          'Call-Info: <https://a/i>;purpose=icon, <https://a/1>;purpose=emergencycalldata.deviceinfo',
          'Call-Info: <https://a/2>;purpose=EmergencyCallData.Acme.Thing;x=y',
        ],
      },
      [
        'DeviceInfo reference at Call-Info 2 <https://a/1>',
        'Acme.Thing reference at Call-Info 3 <https://a/2>',
      ],
    ],
    [
      'by value: header and part are one item',
      {
        headers: [mixed, 'Call-Info: <cid:p@X>;purpose=EmergencyCallData.ProviderInfo'],
        body: multipart('b', bodyPart('application/sdp', '', 'v=0'), provider),
      },
      ['ProviderInfo value at Call-Info 1, part 2 application/emergencycalldata.providerinfo+xml 14'],
    ],
    [
      'a part that no header points at',
      { headers: [mixed], body: multipart('b', provider) },
      ['ProviderInfo value at part 1 application/emergencycalldata.providerinfo+xml 14'],
    ],
    [
      'binary data keeps its length',
      {
        headers: [mixed, 'Call-Info: <cid:m@x>;purpose=EmergencyCallData.eCall.MSD'],
        body: multipart('b', msd),
      },
      ['eCall.MSD value at Call-Info 1, part 1 application/emergencycalldata.ecall.msd 7'],
    ],
    [
      'a cid that points at nothing',
      { headers: ['Call-Info: <cid:z@x>;purpose=EmergencyCallData.VEDS'] },
      ['VEDS reference at Call-Info 1 <cid:z@x>'],
    ],
    [
      'the same part twice',
      {
        headers: [
          mixed,
          'Call-Info: <cid:p@x>;purpose=EmergencyCallData.ProviderInfo, <cid:p@x>;purpose=EmergencyCallData.ProviderInfo',
        ],
        body: multipart('b', provider),
      },
      ['ProviderInfo value at Call-Info 1, part 1 application/emergencycalldata.providerinfo+xml 14'],
    ],
    [
      'JSON',
      { headers: ['Content-Type: application/EmergencyCallData.DeviceInfo+json'], body: '{}' },
      ['DeviceInfo value at part 0 application/emergencycalldata.deviceinfo+json 2'],
    ],
    [
      'control, vehicle data, an alert',
      {
        headers: [mixed],
        body: multipart(
          'b',
          bodyPart('application/EmergencyCallData.Control+xml', '', '<c/>'),
          bodyPart('application/EmergencyCallData.VEDS+xml', '', '<v/>'),
          bodyPart('application/common-alerting-protocol+xml', '', '<alert/>'),
        ),
      },
      [
        'Control value at part 1 application/emergencycalldata.control+xml 4',
        'VEDS value at part 2 application/emergencycalldata.veds+xml 4',
        'cap value at part 3 application/common-alerting-protocol+xml 8',
      ],
    ],
    [
      'inside of a signed multipart that has the name',
      {
        headers: [mixed, 'Call-Info: <cid:s@x>;purpose=EmergencyCallData.ProviderInfo'],
        body: multipart(
          'b',
          `Content-Type: multipart/signed;boundary=c\r\nContent-ID: <s@x>\r\n\r\n${multipart(
            'c',
            bodyPart('application/EmergencyCallData.ProviderInfo+xml', 's@x', '<p/>'),
            bodyPart('application/pkcs7-signature', '', 'x'),
          ).toString('latin1')}`,
        ),
      },
      ['ProviderInfo value at Call-Info 1, part 1.1 application/emergencycalldata.providerinfo+xml 4'],
    ],
    [
      'content that lies elsewhere',
      {
        headers: [mixed],
        body: multipart(
          'b',
          bodyPart(
            'message/external-body; access-type=URL; URL="https://a/1"',
            '',
            'Content-Type: application/EmergencyCallData.Comment+xml\r\n\r\n',
          ),
        ),
      },
      ['Comment reference at part 1 <https://a/1>'],
    ],
    [
      'an INFO package whose body has no type of its own',
      {
        headers: ['Info-Package: EmergencyCallData.eCall.MSD', 'Content-Type: application/octet-stream'],
        body: 'x',
      },
      ['eCall.MSD value at part 0 application/octet-stream 1'],
    ],
    [
      'an INFO package with a block of another kind',
      {
        headers: [
          'Info-Package: EmergencyCallData.eCall.MSD',
          'Content-Type: application/EmergencyCallData.Control+xml',
        ],
        body: '<c/>',
      },
      ['Control value at part 0 application/emergencycalldata.control+xml 4'],
    ],
  ])('%s', (_name, message, items) => {
    expect(listed(message)).toEqual(items);
  });

  it('says that a part is missing', () => {
    const headers = ['Call-Info: <cid:z@x>;purpose=EmergencyCallData.VEDS'];
    expect(offersOf({ headers }).warnings.map(({ code }) => code)).toEqual(['location.dataMissing']);
  });

  it('has what provided-by names', () => {
    const provided =
      '<gp:usage-rules/><gp:provided-by><EmergencyCallDataReference xmlns="urn:ietf:params:xml:ns:EmergencyCallData" purpose="EmergencyCallData.ProviderInfo" ref="https://a/p"/></gp:provided-by>';
    const document = presence(
      dataModel('device', geopriv(point('1 2'), provided)),
      tuple(geopriv(point('1 2'), provided)),
    );
    expect(listed({ headers: ['Content-Type: application/pidf+xml'], body: document })).toEqual([
      'ProviderInfo reference at provided-by in part 0 <https://a/p>',
    ]);
  });

  it('lists so many and stays fast', () => {
    const value = '<https://a/1>;purpose=EmergencyCallData.ProviderInfo';
    const headers = Array.from({ length: 200 }, () => `Call-Info: ${value}`);
    expect(offersOf({ headers }).additionalData).toHaveLength(64);
  });
});
