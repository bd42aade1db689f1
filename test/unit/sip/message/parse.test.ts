import { describe, expect, it } from 'vitest';
import { defaultMessageLimits, headerValue, headerValues, parseMessage } from '../../../../src/sip/index.ts';
import {
  cpuMsOf,
  defectTexts,
  parsed,
  requestOf,
  responseOf,
  sipBytes,
} from '../../../support/sip-builders.ts';

function outcomeOf(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
  return outcome.kind === 'notSip' ? outcome.error.code : outcome.kind;
}

describe('a faultless message', () => {
  it('has its parts and no defects', () => {
    const bytes = sipBytes({ body: 'hello', extra: ['X-One: 1'] });
    const request = parsed(bytes);
    expect(request).toMatchObject({
      kind: 'request',
      method: 'INVITE',
      requestUri: 'urn:service:sos',
      version: 'SIP/2.0',
      defects: [],
    });
    expect(request.body.toString()).toBe('hello');
    expect(request.bytes).toBe(bytes);
    expect(request.head).toBe(bytes.toString('latin1', 0, bytes.length - 5));
    const keys = 'via max-forwards from to call-id cseq content-length x-one'.split(' ');
    expect(request.headers.map((span) => span.key)).toEqual(keys);
  });

  it('has spans that tile the head', () => {
    const request = requestOf({ extra: ['Subject : a\r\n b  ', 's:', 'X: \t '] });
    let at = request.head.indexOf('\n') + 1;
    for (const span of request.headers) {
      expect(span.start).toBe(at);
      expect(span.start).toBeLessThan(span.valueStart);
      expect(span.valueStart).toBeLessThanOrEqual(span.valueEnd);
      expect(span.valueEnd).toBeLessThan(span.end);
      at = span.end;
    }
    expect(request.head.slice(at)).toBe('\r\n');
  });

  it('is a response too', () => {
    const response = responseOf({ startLine: 'SIP/2.0 183 In \u00c3\u00a9tat' });
    expect(response).toMatchObject({ statusCode: 183, reasonPhrase: 'In \u00c3\u00a9tat', defects: [] });
  });
});

describe('start lines', () => {
  it.each([
    [
      'an unknown method',
      "!interesting-Method0123456789_*+`.%indeed'~ sip:a@b SIP/2.0",
      { method: "!interesting-Method0123456789_*+`.%indeed'~" },
    ],
    ['a method that seems escaped', 'RE%47IST%45R sip:b SIP/2.0', { method: 'RE%47IST%45R' }],
    [
      'a lower-case version (RFC 3261 §7.1)',
      'INVITE sip:b sip/2.0',
      { method: 'INVITE', version: 'sip/2.0' },
    ],
    ['a URI of odd characters', 'INVITE sip:a?b,/;;*:&x@b SIP/2.0', { requestUri: 'sip:a?b,/;;*:&x@b' }],
  ])('%s', (_name, startLine, expected) => {
    const method = startLine.slice(0, startLine.indexOf(' '));
    const request = requestOf({ startLine, replace: { CSeq: `1 ${method}` } });
    expect(request).toMatchObject({ ...expected, defects: [] });
  });

  it.each([
    ['spaces more than needed', 'INVITE  sip:a@b  SIP/2.0', 'sip:a@b', 'routable 400 Malformed start line'],
    ['spaces at the end', 'INVITE sip:a@b SIP/2.0 ', 'sip:a@b', 'routable 400 Malformed start line'],
    ['tabs', 'INVITE\tsip:a@b\tSIP/2.0', 'sip:a@b', 'routable 400 Malformed start line'],
    [
      'a space inside the URI',
      'INVITE sip:a@b; lr SIP/2.0',
      'sip:a@b;lr',
      'routable 400 Malformed start line',
    ],
    ['angle brackets', 'INVITE <sip:a@b> SIP/2.0', 'sip:a@b', 'routable 400 Malformed Request-URI'],
    ['two at signs', 'INVITE sip:a@b@c SIP/2.0', 'sip:a@b', 'routable 400 Malformed Request-URI'],
    ['a path', 'INVITE sip:sos@b:5060/TCP SIP/2.0', 'sip:sos@b:5060', 'routable 400 Malformed Request-URI'],
    [
      'an IPv6 address without brackets (RFC 5118 §4.2)',
      'INVITE sip:sos@2001:db8::10;x=y SIP/2.0',
      'sip:sos@[2001:db8::10]',
      'routable 400 Malformed Request-URI',
    ],
    ['a host and a path', 'INVITE sips:b/TCP SIP/2.0', 'sips:b', 'routable 400 Malformed Request-URI'],
    [
      'headers in the URI',
      'INVITE sip:a@b;x?Route=%3Csip:c%3E SIP/2.0',
      'sip:a@b;x',
      'routable 400 Malformed Request-URI',
    ],
    ['another version', 'INVITE sip:a@b SIP/7.0', 'sip:a@b', 'routable 505 Version Not Supported'],
    ['a version without a dot', 'INVITE sip:a@b SIP/20', 'sip:a@b', 'routable 505 Version Not Supported'],
    [
      'a scheme that nobody routes',
      'INVITE soap.beep://192.0.2.103 SIP/2.0',
      'soap.beep://192.0.2.103',
      'routable 416 Unsupported URI Scheme',
    ],
    ['port 0', 'INVITE sip:a@b:0 SIP/2.0', 'sip:a@b:0', 'routable 400 Port 0 in Request-URI'],
    [
      'a URI above the limit',
      `INVITE sip:${'a'.repeat(2_100)} SIP/2.0`,
      `sip:${'a'.repeat(2_100)}`,
      'routable 414 Request-URI Too Long',
    ],
    ['a star', 'INVITE * SIP/2.0', '*', 'fatal 400 Malformed Request-URI'],
  ])('%s is a defect', (_name, startLine, requestUri, defect) => {
    const request = requestOf({ startLine });
    expect(request.requestUri).toBe(requestUri);
    expect(defectTexts(request)).toEqual([defect]);
  });

  it('without a Request-URI cannot be handled', () => {
    const request = requestOf({ startLine: 'INVITE  SIP/2.0' });
    expect(defectTexts(request)[0]).toBe('fatal 400 Missing Request-URI');
  });

  it.each([
    ['two digits', 'SIP/2.0 99 x', 99],
    ['four digits', 'SIP/2.0 1000 x', 1000],
    ['leading zero', 'SIP/2.0 099 x', 99],
    ['above 699', 'SIP/2.0 700 x', 700],
    ['beyond 32 bits (RFC 4475 §3.1.2.19)', 'SIP/2.0 4294967301 better not break', 4_294_967_301],
    ['no number', 'SIP/2.0 OK', 0],
  ])('a status code of %s is fatal', (_name, startLine, statusCode) => {
    const response = responseOf({ startLine });
    expect(response.statusCode).toBe(statusCode);
    expect(defectTexts(response)).toEqual(['fatal 400 Invalid status code']);
  });

  it.each([
    ['with the space that the grammar wants', 'SIP/2.0 100 '],
    ['without it', 'SIP/2.0 100'],
  ])('an empty reason phrase %s', (_name, startLine) => {
    expect(responseOf({ startLine })).toMatchObject({ statusCode: 100, reasonPhrase: '', defects: [] });
  });

  it.each([
    ['nothing', '', 'message.empty'],
    ['line ends', '\r\n\r\n', 'message.empty'],
    ['NULs', '\u0000\u0000\u0000\u0000', 'message.notSip'],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'message.otherProtocol'],
    ['RTSP', 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n', 'message.otherProtocol'],
    ['no version', 'INVITE sip:alan@jasomi.com\r\nTo: x\r\n\r\n', 'message.notSip'],
    ['a word', 'jaK', 'message.notSip'],
    ['a method that is no token', 'INV\u00e9TE sip:a SIP/2.0\r\n\r\n', 'message.notSip'],
    ['CR alone as line end', 'INVITE sip:a@b SIP/2.0\rVia: SIP/2.0/UDP c\r\r', 'message.notSip'],
    ['TLS', '\u0016\u0003\u0001\u0002', 'message.notSip'],
  ])('%s is no SIP message', (_name, text, code) => {
    expect(outcomeOf(text)).toBe(code);
  });
});

describe('header lines', () => {
  it.each([
    ['as registered', 'Subject: x', 'subject', 'x'],
    ['in capitals', 'SUBJECT: x', 'subject', 'x'],
    ['compact', 's:x', 'subject', 'x'],
    ['compact in capitals', 'S: x', 'subject', 'x'],
    ['space before the colon', 'Subject\t : x', 'subject', 'x'],
    ['empty', 'Subject:', 'subject', ''],
    ['folded', 'Subject: a\r\n  b\r\n\tc', 'subject', 'a b c'],
    ['folded before the value', 'Subject:\r\n a', 'subject', 'a'],
    ['a fold of blanks only', 'Subject: a\r\n  \r\n b', 'subject', 'a  b'],
    ['an unknown name', 'X-Foo-Bar: 1', 'x-foo-bar', '1'],
    ['a name of odd tokens', "extensionHeader-!.%*+_`'~: 1", "extensionheader-!.%*+_`'~", '1'],
    ['a name with dots', 'x.y.z: 1', 'x.y.z', '1'],
    ['a name of every object', '__proto__: 1', '__proto__', '1'],
    ['bytes beyond ASCII', 'Subject: \u00ff\u00fe', 'subject', '\u00ff\u00fe'],
    ['a NUL', 'Subject: a\u0000b', 'subject', 'a\u0000b'],
    ['a no-break space at the end is no white space', 'Subject: a\u00a0', 'subject', 'a\u00a0'],
    ['separators only', 'Subject: ;;,,;;,;', 'subject', ';;,,;;,;'],
    ['a value with colons', 'Subject: a: b', 'subject', 'a: b'],
  ])('%s', (_name, line, key, value) => {
    const request = requestOf({ extra: [line] });
    expect(headerValue(request, key)).toBe(value);
    expect(request.defects).toEqual([]);
  });

  it.each([
    ['without a colon', 'ThisIsNotAHeader', ''],
    ['without a name', ': x', ''],
    ['a space inside the name', 'Sub ject: x', 'sub ject'],
    ['a separator in the name', 'X@Y: 1', 'x@y'],
    ['a name beyond ASCII', 'X-\u00e9: 1', 'x-\u00e9'],
  ])('%s is a defect that can be routed', (_name, line, key) => {
    const request = requestOf({ extra: [line, 'Subject: after'] });
    expect(defectTexts(request)).toEqual(['routable 400 Malformed header line']);
    expect(request.headers.at(-2)?.key).toBe(key);
    expect(headerValue(request, 'subject')).toBe('after');
  });

  it.each([
    ['LF everywhere', (text: string) => text.replaceAll('\r\n', '\n')],
    ['LF in one header', (text: string) => text.replace('Subject: a\r\n', 'Subject: a\n')],
    ['LF after the start line', (text: string) => text.replace('SIP/2.0\r\n', 'SIP/2.0\n')],
    ['LF as the blank line', (text: string) => text.replace('\r\n\r\n', '\r\n\n')],
    ['CR inside a value', (text: string) => text.replace('Subject: a', 'Subject: a\rX-Injected: yes')],
    ['CR in front of a line end', (text: string) => text.replace('Subject: a', 'Subject: a\r')],
  ])('%s is a defect that can be routed', (_name, change) => {
    const request = parsed(change(sipBytes({ extra: ['Subject: a'] }).toString('latin1')));
    expect(defectTexts(request)).toEqual(['routable 400 Line end is not CRLF']);
    expect(request.headers.some((span) => span.key === 'x-injected')).toBe(false);
    expect(headerValue(request, 'subject')?.startsWith('a')).toBe(true);
  });

  it('ends at the first blank line, whatever line end it has', () => {
    const text = sipBytes({ extra: ['Subject: a'] })
      .toString('latin1')
      .replaceAll('\r\n', '\n');
    const request = parsed(`${text}Not-A-Header: x\r\n\r\n`);
    expect(request.head.endsWith('Subject: a\n\n')).toBe(true);
    expect(headerValue(request, 'not-a-header')).toBeUndefined();
  });

  it('passes over line ends in front, and notes white space there', () => {
    const request = parsed(`\r\n\r\n\r\n${sipBytes().toString('latin1')}`);
    expect(request.defects).toEqual([]);
    expect(request.head.startsWith('INVITE')).toBe(true);
    const indented = parsed(` ${sipBytes().toString('latin1')}`);
    expect(defectTexts(indented)).toEqual(['routable 400 White space before the start line']);
  });

  it('splits lists, and only lists', () => {
    const request = requestOf({
      extra: [
        'Geolocation: <cid:a,b@x>, <cid:c@x>',
        'Subject: a, b',
        'X-List: a, b',
        'geolocation:<https://y>;p="1,2" ,, ,',
        'Contact: "a, \\" b" <sip:c>, sip:d;e="f,g"\r\n , <sip:h>',
      ],
    });
    expect(headerValues(request, 'geolocation')).toEqual(['<cid:a,b@x>', '<cid:c@x>', '<https://y>;p="1,2"']);
    expect(headerValues(request, 'subject')).toEqual(['a, b']);
    expect(headerValues(request, 'x-list')).toEqual(['a, b']);
    expect(headerValues(request, 'contact')).toEqual(['"a, \\" b" <sip:c>', 'sip:d;e="f,g"', '<sip:h>']);
    expect(headerValues(request, 'route')).toEqual([]);
    expect(headerValue(request, 'geolocation')).toBe('<cid:a,b@x>, <cid:c@x>');
  });

  it('does not let a stray quote or bracket swallow what follows', () => {
    const request = requestOf({ extra: ['Supported: a", b', 'Allow: <c, d'] });
    expect(headerValues(request, 'supported')).toEqual(['a"', 'b']);
    expect(headerValues(request, 'allow')).toEqual(['<c', 'd']);
  });
});

describe('the body of a datagram (RFC 3261 §18.3)', () => {
  it.each([
    ['as declared', '5', 'hello', []],
    ['leading zeros', '005', 'hello', []],
    ['shorter: the rest is dropped', '2', 'he', []],
    ['none declared: all of it', undefined, 'hello', []],
    ['longer than the datagram', '9999', 'hello', ['routable 400 Content-Length exceeds the message']],
    ['negative', '-1', 'hello', ['routable 400 Invalid Content-Length']],
    ['signed', '+5', 'hello', ['routable 400 Invalid Content-Length']],
    ['hexadecimal', '0x5', 'hello', ['routable 400 Invalid Content-Length']],
    ['a fraction', '5.0', 'hello', ['routable 400 Invalid Content-Length']],
    ['an exponent', '5e0', 'hello', ['routable 400 Invalid Content-Length']],
    ['a list', '5, 5', 'hello', ['routable 400 Invalid Content-Length']],
    ['empty', '', 'hello', ['routable 400 Invalid Content-Length']],
    ['digits beyond ASCII', '\u00b2', 'hello', ['routable 400 Invalid Content-Length']],
    ['more than a number can hold', '18446744073709551617', 'hello', ['routable 400 Invalid Content-Length']],
  ])('%s', (_name, length, body, defects) => {
    const request = requestOf({ replace: { 'Content-Length': length }, body: 'hello' });
    expect(request.body.toString()).toBe(body);
    expect(defectTexts(request)).toEqual(defects);
  });

  it.each([
    ['twice the same', '5', 'hello', 'routable 400 Duplicate Content-Length'],
    ['twice, and different', '3', 'hello', 'routable 400 Invalid Content-Length'],
  ])('%s', (_name, second, body, defect) => {
    const request = requestOf({ body: 'hello', extra: [`l: ${second}`] });
    expect(request.body.toString()).toBe(body);
    expect(defectTexts(request)).toEqual([defect]);
  });

  it('is empty without a copy, and a view otherwise', () => {
    const bytes = sipBytes({ body: 'hello' });
    const request = parsed(bytes);
    expect(request.body.buffer).toBe(bytes.buffer);
    expect(requestOf().body.length).toBe(0);
  });
});

describe('the body on a stream', () => {
  it('needs a Content-Length', () => {
    const bytes = sipBytes({ replace: { 'Content-Length': undefined } });
    expect(defectTexts(parsed(bytes, 'stream'))).toEqual(['routable 400 Missing Content-Length']);
  });
});

describe('limits', () => {
  it('reads more headers than allowed, and says so', () => {
    const extra = Array.from({ length: 300 }, (_, index) => `X-${index}: ${index}`);
    const request = requestOf({ extra });
    expect(defectTexts(request)).toEqual(['routable 513 Too Many Headers']);
    expect(headerValue(request, 'x-299')).toBe('299');
  });

  it('takes a head up to the limit and no more', () => {
    const bytes = sipBytes({ extra: [`X: ${'a'.repeat(1_000)}`] });
    const limits = { ...defaultMessageLimits, headBytesMax: bytes.length };
    expect(parseMessage(bytes, { framing: 'datagram', limits }).kind).toBe('message');
    const tight = { ...defaultMessageLimits, headBytesMax: bytes.length - 1 };
    const outcome = parseMessage(bytes, { framing: 'datagram', limits: tight });
    expect(outcome.kind === 'notSip' && outcome.error.code).toBe('message.headTooLarge');
  });

  it('notes a body above the limit', () => {
    const bytes = sipBytes({ body: 'x'.repeat(100) });
    const limits = { ...defaultMessageLimits, bodyBytesMax: 99 };
    const outcome = parseMessage(bytes, { framing: 'datagram', limits });
    expect(outcome.kind === 'message' && defectTexts(outcome.message)).toEqual([
      'routable 513 Message Too Large',
    ]);
  });

  it.each([
    ['LF lines', 'a:\n'.repeat(21_000)],
    ['lines without colon', 'a\r\n'.repeat(21_000)],
    ['CR', '\r'.repeat(60_000)],
    ['folds', 'a: b\r\n c'.repeat(8_000)],
    ['blanks before a fold', `Via: ${' '.repeat(60_000)}x\r\n y\r\n`],
    ['quotes in From', `From: ${'"\\'.repeat(30_000)}\r\n`],
    ['quotes in a list', `Contact: ${'"\\"'.repeat(20_000)}\r\n`],
    ['brackets in a list', `Contact: ${'<'.repeat(60_000)}\r\n`],
    ['bracket pairs in From', `From: ${'<a>'.repeat(20_000)}\r\n`],
    ['semicolons in Via', `Via: SIP/2.0/UDP a${';'.repeat(60_000)}\r\n`],
    ['commas in Via', `Via: ${'SIP/2.0/UDP a,'.repeat(4_000)}\r\n`],
    ['backslashes in a display name', `From: "${'\\'.repeat(60_001)}" <sip:a>\r\n`],
  ])('costs little for a datagram full of %s', (_name, filling) => {
    const text = `INVITE sip:a@b SIP/2.0\r\n${filling}`;
    const spentMs = cpuMsOf(() => {
      const message = parsed(text);
      for (const key of ['via', 'from', 'contact', 'a']) headerValues(message, key);
      expect(message.defects.length).toBeGreaterThan(0);
    });
    // Linear work takes a few milliseconds; work that grows with the square of 60,000 takes many seconds.
    expect(spentMs).toBeLessThan(1_000);
  });
});
