import { describe, expect, it } from 'vitest';
import { headerValue } from '../../src/sip/message/index.ts';
import { pointPidf, sdpAndPidf } from '../support/emergency-messages.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import { sipBytes } from '../support/sip-builders.ts';

// What other stacks stumbled over in the field, in bodies and in what points at them.

const pidf = pointPidf({ lon: -95.36, lat: 29.76 });
const sdp =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
const pidfPart = `Content-Type: application/pidf+xml\r\nContent-ID: <loc@caller.example.net>\r\n\r\n${pidf}`;
const sdpPart = `Content-Type: application/sdp\r\n\r\n${sdp}`;

interface Call {
  readonly contentType?: string | undefined;
  readonly body: string | Buffer;
  readonly extra?: readonly string[];
}

/** Places a call for help; the body must arrive byte for byte. */
async function call({ contentType, body, extra = [] }: Call) {
  const proxy = new EmergencyProxy();
  const type = contentType === undefined ? [] : [`Content-Type: ${contentType}`];
  await proxy.send(sipBytes({ extra: [...type, ...extra], body }));
  const isMapped = proxy.psap.inbox.length > 0;
  const request = gotRequest(isMapped ? proxy.psap : proxy.fallback);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1');
  expect(request.body.equals(bytes)).toBe(true);
  return { isMapped, warnings: proxy.warnings, request, record: proxy.records.at(-1) };
}

const mixed = (boundary: string): string => `multipart/mixed;boundary=${boundary}`;
const parts = (boundary: string, ...list: readonly string[]): string =>
  `${list.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;

describe('case 44: multipart bodies', () => {
  const rows: readonly (readonly [string, Call, readonly string[]])[] = [
    ['two parts', { contentType: mixed('b'), body: parts('b', sdpPart, pidfPart) }, []],
    [
      'no closing boundary',
      { contentType: mixed('b'), body: parts('b', sdpPart, pidfPart).replace('--b--\r\n', '') },
      ['body.unterminated'],
    ],
    [
      'no boundary in Content-Type',
      { contentType: 'multipart/mixed', body: parts('b', sdpPart, pidfPart) },
      ['body.noBoundary'],
    ],
    [
      'a boundary of quotes, spaces and all that may stand in one',
      { contentType: mixed(`"a b'()+_,-./:=?c"`), body: parts("a b'()+_,-./:=?c", sdpPart, pidfPart) },
      [],
    ],
    [
      'a Content-Length of a part that is wrong',
      { contentType: mixed('b'), body: parts('b', sdpPart, `Content-Length: 3\r\n${pidfPart}`) },
      [],
    ],
    [
      'a multipart in a multipart',
      {
        contentType: mixed('out'),
        body: parts('out', sdpPart, `Content-Type: ${mixed('in')}\r\n\r\n${parts('in', pidfPart)}`),
      },
      [],
    ],
    [
      'a binary part before it',
      {
        contentType: mixed('b'),
        body: parts(
          'b',
          `Content-Type: application/EmergencyCallData.eCall.MSD\r\nContent-Transfer-Encoding: binary\r\n\r\n\u0000\u00ff\r\r\n\u0000--`,
          pidfPart,
        ),
      },
      [],
    ],
    [
      'text before the first and after the last boundary',
      { contentType: mixed('b'), body: `This is MIME.\r\n${parts('b', sdpPart, pidfPart)}and more` },
      [],
    ],
    [
      'line ends of LF alone',
      { contentType: mixed('b'), body: parts('b', sdpPart, pidfPart).replaceAll('\r\n', '\n') },
      [],
    ],
    [
      'white space behind the boundary',
      { contentType: mixed('b'), body: parts('b', sdpPart, pidfPart).replaceAll('--b\r\n', '--b \t\r\n') },
      [],
    ],
    ['the PIDF-LO as the whole body', { contentType: 'application/pidf+xml', body: pidf }, []],
    ['the type of an old draft', { contentType: 'application/cpim-pidf+xml', body: pidf }, []],
    ['no Content-Type at all', { body: pidf }, ['body.noContentType']],
  ];
  it.each(rows)('case 44: %s: routed by its location, the body untouched', async (_name, given, warnings) => {
    const result = await call(given);
    expect([result.isMapped, result.warnings]).toEqual([true, warnings]);
  });

  const empty: readonly (readonly [string, Call, string])[] = [
    ['a closing boundary and nothing else', { contentType: mixed('b'), body: '--b--' }, 'body.noParts'],
    ['no part', { contentType: mixed('b'), body: '' }, ''],
    ['a boundary that never comes', { contentType: mixed('b'), body: 'nothing here' }, 'body.wrongBoundary'],
  ];
  it.each(empty)('case 44: %s: to the default route, the body untouched', async (_name, given, warning) => {
    const result = await call(given);
    expect([result.isMapped, result.warnings.join()]).toEqual([false, warning]);
  });
});

describe('case 45: a PIDF-LO that no cid fits', () => {
  it.each([
    ['no Geolocation at all', []],
    ['a cid of another part', ['Geolocation: <cid:other@caller.example.net>']],
    ['a cid without its host', ['Geolocation: <cid:loc>']],
    ['a cid in another case of the domain', ['Geolocation: <cid:loc@CALLER.example.NET>']],
    ['a cid with escapes', ['Geolocation: <cid:loc%40caller.example.net>']],
    ['a cid with brackets in it', ['Geolocation: <cid:%3Cloc@caller.example.net%3E>']],
    ['a cid without brackets', ['Geolocation: cid:loc@caller.example.net']],
    ['an empty cid', ['Geolocation: <cid:>']],
  ])('case 45: %s: its location is used all the same', async (_name, extra) => {
    const { contentType, body } = sdpAndPidf(pidf);
    expect((await call({ contentType, body, extra })).isMapped).toBe(true);
  });
});

describe('case 46: a Geolocation of no use', () => {
  it.each([
    ['an unknown scheme', '<data:text/plain,x>'],
    ['a geo URI (RFC 6442 §4.1 has none)', '<geo:29.76,-95.36>'],
    ['unknown parameters', '<geo:1,2>;x=y;loc-src="a.example"'],
    ['garbage', '<<>>;;,,"'],
    ['nothing', ''],
    ['no URI', 'Houston'],
  ])('case 46: %s is kept, and the next candidate is taken', async (_name, value) => {
    const { contentType, body } = sdpAndPidf(pidf);
    const result = await call({
      contentType,
      body,
      extra: [`Geolocation: ${value}`, 'Geolocation: <cid:loc@caller.example.net>'],
    });
    expect(result.isMapped).toBe(true);
    expect(result.request.head).toContain(
      `\r\nGeolocation: ${value}\r\nGeolocation: <cid:loc@caller.example.net>\r\n`,
    );
  });
});

describe('case 47: a location by reference', () => {
  it.each([
    ['that would have to be fetched', '<https://lis.example.com/abc>'],
    ['at an address inside of our own network', '<http://127.0.0.1:8080/admin>'],
    ['with a password in it', '<https://user:secret@lis.example.com/abc>'],
    ['to be subscribed to', '<sips:3sdefrhy2jj7@lis.example.com>'],
  ])(
    'case 47: %s costs no time: the default route, the reason on the record, the reference kept',
    async (_name, value) => {
      const result = await call({
        contentType: 'application/sdp',
        body: sdp,
        extra: [`Geolocation: ${value}`],
      });
      expect([result.isMapped, result.warnings]).toEqual([false, ['esrp.locationSourceFailed']]);
      expect(headerValue(result.request, 'geolocation')).toBe(value);
      expect(result.record?.mapping).toMatchObject({ kind: 'unmapped', reason: 'noLocation' });
    },
  );

  it('case 47: beside one by value, the one by value routes', async () => {
    const { contentType, body } = sdpAndPidf(pidf);
    const extra = ['Geolocation: <https://lis.example.com/abc>, <cid:loc@caller.example.net>'];
    expect((await call({ contentType, body, extra })).isMapped).toBe(true);
  });
});

describe('case 48: a new location in the middle of a call', () => {
  it.each(['UPDATE', 'INVITE', 'INFO', 'MESSAGE'])(
    'case 48: %s with a PIDF-LO and no SDP goes along its dialog, not to another PSAP',
    async (method) => {
      const proxy = new EmergencyProxy();
      const { contentType, body } = sdpAndPidf(pidf);
      const invite = proxy.caller.request({ headers: [`Content-Type: ${contentType}`], body });
      await proxy.settle();
      const answer = proxy.psap.respond(gotRequest(proxy.psap), 200);
      proxy.psap.inbox.length = 0;
      const moved = parts(
        'b',
        `Content-Type: application/pidf+xml\r\n\r\n${pointPidf({ lon: 10, lat: 50 })}`,
      );
      const final = proxy.caller.inbox.find(
        (message) => message.kind === 'response' && message.statusCode === 200,
      );
      if (final?.kind !== 'response') throw new Error('no 200');
      proxy.caller.inDialog(method, final, { headers: [`Content-Type: ${mixed('b')}`], body: moved });
      await proxy.settle();
      const request = gotRequest(proxy.psap);
      expect([request.method, request.body.toString()]).toEqual([method, moved]);
      expect(proxy.records).toHaveLength(1);
      expect([invite.method, answer.statusCode]).toEqual(['INVITE', 200]);
    },
  );
});
