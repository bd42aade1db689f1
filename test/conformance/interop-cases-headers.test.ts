import { describe, expect, it } from 'vitest';
import { recognise } from '../../src/esrp/recognise.ts';
import {
  contacts,
  cseq,
  fromHeader,
  headers,
  headerValue,
  headerValues,
  maxForwards,
  toHeader,
} from '../../src/sip/message/index.ts';
import { paramValue } from '../../src/sip/uri/index.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import { defectTexts, type MessageParts, requestOf, responseOf, sipBytes } from '../support/sip-builders.ts';

// What other stacks stumbled over in the field, in the headers of a message.

/** What reaches the other side of a call for help with these parts, and what is noted about it. */
async function helpWith(parts: MessageParts) {
  const proxy = new EmergencyProxy();
  await proxy.send(sipBytes(parts));
  return { proxy, request: gotRequest(proxy.fallback), warnings: proxy.warnings };
}

/** A call for help that nothing is wrong with arrives with each of these lines as it is. */
async function expectKept(lines: readonly string[]): Promise<void> {
  const { request, warnings } = await helpWith({ extra: lines });
  expect(warnings).toEqual([]);
  for (const line of lines) expect(request.head).toContain(`\r\n${line}\r\n`);
}

describe('Via', () => {
  const answerPlace = async (via: string): Promise<readonly [string, string]> => {
    const proxy = new EmergencyProxy();
    const bytes = sipBytes({ replace: { Via: via } });
    const caller = proxy.harness.peer('192.0.2.7', 40_000);
    caller.send(bytes);
    await proxy.settle();
    const [first] = proxy.harness.sent;
    const text = first?.bytes.toString('latin1') ?? '';
    const { address, port } = first?.destination.remote ?? { address: '', port: 0 };
    return [`${address}:${port}`, /^Via: (.*)\r$/m.exec(text)?.[1] ?? ''];
  };

  it('case 1: without rport, answers go to the address it came from and the port of the Via (RFC 3261 §18.2.2)', async () => {
    expect(await answerPlace('SIP/2.0/UDP 10.0.0.1:5099;branch=z9hG4bK1')).toEqual([
      '192.0.2.7:5099',
      'SIP/2.0/UDP 10.0.0.1:5099;branch=z9hG4bK1;received=192.0.2.7',
    ]);
  });

  it.each(['rport', 'rport=', 'rport=5099'])(
    'case 1: with %s, to the port it came from (RFC 3581 §4)',
    async (rport) => {
      expect(await answerPlace(`SIP/2.0/UDP 10.0.0.1:5099;${rport};branch=z9hG4bK1`)).toEqual([
        '192.0.2.7:40000',
        'SIP/2.0/UDP 10.0.0.1:5099;branch=z9hG4bK1;received=192.0.2.7;rport=40000',
      ]);
    },
  );

  it('case 1: with rport, received is written even where the address is the same (RFC 3581 §4)', async () => {
    const [, via] = await answerPlace('SIP/2.0/UDP 192.0.2.7:5099;rport;branch=z9hG4bK1');
    expect(via).toContain(';received=192.0.2.7;rport=40000');
  });

  it('case 56: one that says nothing is refused and does no harm', () => {
    for (const via of ['', ';', ',', 'SIP/2.0/UDP', 'SIP/2.0/UDP ;branch=z9', '\u0000', 'a'.repeat(5_000)]) {
      expect(defectTexts(requestOf({ replace: { Via: via } }))[0]).toBe('fatal 400 Malformed Via');
    }
  });
});

describe('how headers are written', () => {
  it('case 2: a header folded over four lines passes as it is, and is read as one value', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sipBytes());
    const folded = 'Digest realm="a.example",\r\n nonce="84a4cc6f",\r\n\talgorithm=MD5,\r\n qop="auth"';
    const invite = gotRequest(proxy.fallback);
    const vias = headerValues(invite, 'via').map((via) => `Via: ${via}`);
    const lines = [
      'SIP/2.0 401 Unauthorized',
      ...vias,
      'From: <sip:a@b>;tag=f1',
      'To: <urn:service:sos>;tag=2',
    ];
    const rest = [
      'Call-ID: c1@192.0.2.4',
      'CSeq: 1 INVITE',
      `WWW-Authenticate: ${folded}`,
      'Content-Length: 0',
    ];
    proxy.fallback.send([...lines, ...rest, '', ''].join('\r\n'));
    const response = proxy.caller.inbox.find(
      (message) => message.kind === 'response' && message.statusCode === 401,
    );
    expect(response?.head).toContain(`WWW-Authenticate: ${folded}\r\n`);
    const challenge = response === undefined ? undefined : headers.wwwAuthenticate.first(response);
    expect(challenge).toMatchObject({ ok: true, value: { scheme: 'Digest' } });
  });

  it('case 3: compact forms in any case, in INVITE, CANCEL and ACK', async () => {
    const proxy = new EmergencyProxy();
    const compact = (method: string, toTag = ''): string =>
      [
        `${method} urn:service:sos SIP/2.0`,
        'V: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKc',
        'max-forwards: 70',
        'F: <sip:a@b>;tag=1',
        `t: <urn:service:sos>${toTag}`,
        'i: compact-1',
        `cSeQ: 7 ${method}`,
        'M: <sip:a@192.0.2.7>',
        'L: 0',
        '',
        '',
      ].join('\r\n');
    expect((await proxy.send(compact('INVITE'))).defects).toEqual([]);
    const invite = gotRequest(proxy.fallback);
    proxy.fallback.respond(invite, 180);
    await proxy.send(compact('CANCEL'));
    expect(proxy.delivered).toContain('fallback CANCEL');
    proxy.fallback.respond(invite, 487);
    proxy.caller.inbox.length = 0;
    await proxy.send(compact('ACK', ';tag=tag5060'));
    proxy.harness.wait(5_000);
    expect(proxy.caller.waiting).toEqual([]);
  });

  it('case 18: several values and several lines keep their order, unmerged and complete', async () => {
    const lines = [
      'Geolocation: <https://lis.example/1>, <cid:a@b>',
      'Geolocation: <sip:lis.example>',
      'Call-Info: <http://a.example/1>;purpose=info',
      'Call-Info: <http://a.example/2>,<http://a.example/3>',
      'Identity: a.b.c;info=<https://a.example/c>;alg=ES256',
      'Identity: d.e.f;info=<https://d.example/c>;alg=ES256',
      'P-Asserted-Identity: <sip:+15551230000@a.example>',
      'P-Asserted-Identity: <tel:+15551230000>',
      'Diversion: <sip:1@a>;reason=deflection, <sip:2@a>;reason=unknown',
      'Supported: 100rel',
      'Supported: timer, path',
    ];
    const { request } = await helpWith({ extra: lines });
    for (const line of lines) expect(request.head).toContain(`\r\n${line}\r\n`);
    expect(headerValues(request, 'supported')).toEqual(['100rel', 'timer', 'path']);
    expect(headerValues(request, 'geolocation')).toHaveLength(3);
    expect(headerValues(request, 'identity')).toHaveLength(2);
    expect(headerValues(request, 'p-asserted-identity')).toHaveLength(2);
  });

  it('case 19: names with dots and other odd tokens pass as they are', async () => {
    await expectKept(['X.Dotted.Name: 1', "!odd%*_+`'~: 2", 'UPPER-lower:3', 'X-Empty:', 'X-Spaced   : 4']);
  });

  it('case 55: NUL bytes and folds at the end of an Identity are read to its end and no further', async () => {
    const values = [
      'a\0b.c.d;info=<https://a/b>',
      'a.b.c;info=<https://a/b>\r\n ',
      'a.b.c\r\n ;info=\r\n <https://a/b>',
      '\r\n \r\n ',
    ];
    for (const value of values) {
      const { request } = await helpWith({ extra: [`Identity: ${value}`, 'X-After: here'] });
      expect(request.head).toContain(`Identity: ${value}\r\nX-After: here\r\n`);
      expect(headerValue(request, 'x-after')).toBe('here');
      expect(headers.identity.all(request).ok).toBe(!value.includes('\0') && value.includes('info'));
    }
  });
});

describe('addresses', () => {
  it('case 14: a Contact without brackets whose parameter has brackets in it is the address before the semicolon', () => {
    const request = requestOf({
      extra: ['Contact: sip:a@192.0.2.1:5060;+sip.instance="<urn:uuid:f81d4fae>";reg-id=1, <sip:b@c>'],
    });
    const values = contacts(request);
    expect(values.ok && values.value.map((value) => value.uriText)).toEqual([
      'sip:a@192.0.2.1:5060',
      'sip:b@c',
    ]);
    expect(values.ok && paramValue(values.value[0]?.params ?? [], '+sip.instance')).toBe(
      '<urn:uuid:f81d4fae>',
    );
  });

  it('case 15: a bare `urn:service:sos;tag=x` is a URN and a tag', async () => {
    const request = requestOf({ replace: { To: 'urn:service:sos;tag=x' } });
    expect(toHeader(request)).toMatchObject({ ok: true, value: { uriText: 'urn:service:sos', tag: 'x' } });
    expect(request.defects).toEqual([]);
    const { warnings } = await helpWith({ replace: { To: 'urn:service:sos' } });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['an address in a quoted name', '"<b@c>" <sip:a@d>;tag=1', '<b@c>', []],
    ['an address in an unquoted name', 'Joe <joe@c> <sip:a@d>;tag=1', 'Joe <joe@c>', []],
    ['no space before the bracket', '"Joe"<sip:a@d>;tag=1', 'Joe', []],
    ['no space and no quotes', 'Joe<sip:a@d>;tag=1', 'Joe', []],
  ])('case 16: %s', (_name, value, displayName) => {
    const from = fromHeader(requestOf({ replace: { From: value } }));
    expect(from).toMatchObject({ ok: true, value: { displayName, uriText: 'sip:a@d', tag: '1' } });
  });

  it.each([
    ['an empty name', '""', ''],
    ['UTF-8', '"J\xc3\xb6rg"', 'J\xc3\xb6rg'],
    ['UTF-8 without quotes', 'J\xc3\xb6rg', 'J\xc3\xb6rg'],
    ['GB 18030', '"\xd5\xc5\xc8\xfd"', '\xd5\xc5\xc8\xfd'],
    ['Latin-1', '"J\xf6rg"', 'J\xf6rg'],
    ['escapes', '"a \\"b\\" \\\\ \\,"', 'a "b" \\ ,'],
  ])(
    'case 17: %s in a display name is read byte by byte and leaves so',
    async (_name, written, displayName) => {
      const line = `From: ${written} <sip:a@b>;tag=1`;
      const { request } = await helpWith({ replace: { From: line.slice(6) } });
      expect(request.head).toContain(`\r\n${line}\r\n`);
      expect(fromHeader(request)).toMatchObject({ ok: true, value: { displayName } });
    },
  );

  it.each(['*', '* ;expires=1', 'None', '', ';', '<>', '*,*'])(
    'case 20: Contact `%s` does no harm to a call',
    async (value) => {
      const { request, warnings } = await helpWith({ extra: [`Contact: ${value}`, 'Expires: -1'] });
      expect(warnings).toEqual([]);
      expect(headerValue(request, 'contact')).toBe(value);
      contacts(request);
    },
  );

  it('case 20: what a Contact of a REGISTER means is told by its grammar: a star alone', () => {
    expect(headers.contact.parse('*')).toEqual({ ok: true, value: { kind: 'all' } });
    for (const value of ['* ;expires=0', 'None', '']) expect(headers.contact.parse(value).ok).toBe(false);
  });

  it('case 49: a tel: Request-URI without a host goes where its Route says (RFC 3261 §16.5, §16.6 item 6)', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(
      sipBytes({ startLine: 'INVITE tel:+12015550123 SIP/2.0', extra: ['Route: <sip:192.168.10.20;lr>'] }),
    );
    const request = gotRequest(proxy.bob);
    expect([request.requestUri, headerValues(request, 'route')]).toEqual([
      'tel:+12015550123',
      ['<sip:192.168.10.20;lr>'],
    ]);
  });

  it('case 49: without a Route it is refused with 416, and a dial string is a call for help (RFC 3261 §16.5)', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sipBytes({ startLine: 'INVITE tel:+12015550123 SIP/2.0' }));
    expect(proxy.delivered).toBe('caller 416');
    const { request } = await helpWith({ startLine: 'INVITE tel:911;phone-context=+1 SIP/2.0' });
    expect(request.requestUri).toBe('urn:service:sos');
    const rules = { dialStrings: new Map(), keepDialString: false };
    expect(recognise(requestOf({ startLine: 'INVITE tel:+1911 SIP/2.0' }), rules).kind).toBe('other');
  });
});

describe('numbers and what stands twice', () => {
  it.each([
    ['CSeq of 2^31', { CSeq: '2147483648 INVITE' }, 'message.cseq'],
    ['CSeq without method', { CSeq: '1' }, 'message.cseq'],
    ['Max-Forwards of 256', { 'Max-Forwards': '256' }, 'message.maxForwards'],
    ['Max-Forwards of 300', { 'Max-Forwards': '300' }, 'message.maxForwards'],
  ])(
    'case 50: %s is refused with 400, help is routed (RFC 3261 §20.16, §20.22)',
    async (_name, replace, code) => {
      const proxy = new EmergencyProxy();
      await proxy.send(sipBytes({ startLine: 'INVITE sip:bob@192.168.10.20 SIP/2.0', replace }));
      expect(proxy.delivered).toBe('caller 400');
      const { request, warnings } = await helpWith({ replace });
      expect(warnings).toEqual([code]);
      expect([cseq(request).ok, (maxForwards(request) ?? 0) < 256]).toEqual([true, true]);
    },
  );

  it('case 50: Max-Forwards 255 becomes 254, 0 is answered with 483 (RFC 3261 §16.3 item 3)', async () => {
    const { request } = await helpWith({ replace: { 'Max-Forwards': '255' } });
    expect(maxForwards(request)).toBe(254);
    const proxy = new EmergencyProxy();
    await proxy.send(sipBytes({ replace: { 'Max-Forwards': '0' } }));
    expect(proxy.delivered).toBe('caller 483');
  });

  it.each([
    ['two To', { extra: ['To: <sip:other@b>'] }, ['message.duplicateHeader']],
    ['an empty To tag', { replace: { To: '<urn:service:sos>;tag=' } }, []],
    ['a To tag without =', { replace: { To: '<urn:service:sos>;tag' } }, []],
    ['a To of nothing', { replace: { To: '' } }, ['message.to']],
    ['two From', { extra: ['f: <sip:other@b>'] }, ['message.duplicateHeader']],
    ['two Call-ID', { extra: ['i: other'] }, ['message.duplicateHeader']],
  ])(
    'case 56: %s: a call for help is new, is routed, and the record says it',
    async (_name, parts, warnings) => {
      const help = await helpWith(parts);
      expect(help.warnings).toEqual(warnings);
    },
  );

  it('case 56: a response with two To or an empty tag has no harm in it', () => {
    expect(defectTexts(responseOf({ extra: ['To: <sip:other@b>'] }))).toEqual(['routable 400 Duplicate To']);
    expect(toHeader(responseOf({ replace: { To: '<sip:a@b>;tag=' } }))).toMatchObject({
      ok: true,
      value: { tag: undefined },
    });
  });

  it('case 52: Call-Info, isfocus and the parameters of a Contact are not eaten', async () => {
    await expectKept([
      'Contact: <sip:conf@192.0.2.9;gr=x?y=z>;isfocus;audio;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp";expires=60',
      'Call-Info: <http://a.example/x>;purpose=icon',
    ]);
  });
});
