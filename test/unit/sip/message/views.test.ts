import { describe, expect, it } from 'vitest';
import {
  callId,
  contacts,
  cseq,
  displayText,
  fromHeader,
  headerKey,
  latin1FromText,
  maxForwards,
  recordRoutes,
  requestUriOf,
  routes,
  toHeader,
  topVia,
  vias,
} from '../../../../src/sip/index.ts';
import { parsed, requestOf, sipBytes } from '../../../support/sip-builders.ts';

function via(value: string): Record<string, unknown> {
  const result = topVia(requestOf({ replace: { Via: value } }));
  if (!result.ok) throw new Error(result.error.message);
  return { ...result.value };
}

describe('Via (RFC 3261 §20.42)', () => {
  it.each([
    [
      'plain',
      'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
      { protocol: 'SIP/2.0', transport: 'UDP', host: '192.0.2.1', port: 5060, branch: 'z9hG4bK1' },
    ],
    [
      'no port',
      'SIP/2.0/TCP host.example.com;branch=z9hG4bK1',
      { host: 'host.example.com', port: undefined },
    ],
    [
      'no parameters',
      'SIP/2.0/UDP iftgw.example.com',
      { branch: undefined, rport: undefined, received: undefined, params: [] },
    ],
    ['lower-case transport', 'SIP/2.0/tls h', { transport: 'TLS' }],
    ['an unknown transport', 'SIP/2.0/UNKNOWN h:1', { transport: 'UNKNOWN', port: 1 }],
    [
      'white space everywhere',
      'SIP / 2.0 / UDP  first.example.com : 4000 ; ttl = 16\r\n ; branch = z9hG4bKa',
      { protocol: 'SIP/2.0', transport: 'UDP', host: 'first.example.com', port: 4000, branch: 'z9hG4bKa' },
    ],
    [
      'folds between the parts',
      'SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw',
      { protocol: 'SIP/2.0', transport: 'UDP', host: '192.0.2.2', branch: '390skdjuw' },
    ],
    [
      'IPv6',
      'SIP/2.0/UDP [2001:db8::9:1]:5060;received=[2001:db8::9:255];branch=z9',
      { host: '[2001:db8::9:1]', port: 5060, received: '2001:db8::9:255' },
    ],
    [
      'IPv6 without port',
      'SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255',
      { host: '[2001:db8::9:1]', port: undefined, received: '2001:db8::9:255' },
    ],
    ['rport to fill in', 'SIP/2.0/UDP h;rport;branch=z9', { rport: 'empty', branch: 'z9' }],
    ['rport with an equals sign only', 'SIP/2.0/UDP h;rport=;branch=z9', { rport: 'empty' }],
    ['rport filled in', 'SIP/2.0/UDP h;RPORT=5070;Branch=z9', { rport: 5070, branch: 'z9' }],
    ['an empty branch', 'SIP/2.0/UDP h;branch=', { branch: undefined }],
    ['two branches', 'SIP/2.0/UDP h;branch=a;branch=b', { branch: 'a' }],
    [
      'a branch of odd characters',
      "SIP/2.0/TCP h;branch=z9hG4bK-.!%66*_+`'~",
      { branch: "z9hG4bK-.!%66*_+`'~" },
    ],
    [
      'the first of a list',
      'SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2',
      { host: 'a', branch: '1', raw: 'SIP/2.0/UDP a;branch=1' },
    ],
    [
      'a sent-by that is a URI',
      'SIP/2.0/UDP sip:alice@atlanta.com;branch=1',
      { host: 'sip:alice@atlanta.com', port: undefined, branch: '1' },
    ],
    [
      'IPv6 without brackets',
      'SIP/2.0/UDP 2001:db8::9:1;branch=1',
      { host: '2001:db8::9:1', port: undefined },
    ],
    ['a port out of range', 'SIP/2.0/UDP h:65536;branch=1', { host: 'h:65536', port: undefined }],
  ])('%s', (_name, value, expected) => {
    expect(via(value)).toMatchObject(expected);
  });

  it('all of them, in order, over lines and lists', () => {
    const request = requestOf({
      replace: { Via: 'SIP/2.0/UDP a, SIP/2.0/TCP b' },
      extra: ['v: SIP/2.0/UDP c;x="1,2"'],
    });
    const all = vias(request);
    expect(all.ok && all.value.map((each) => each.host)).toEqual(['a', 'b', 'c']);
    expect(vias(request)).toBe(all);
  });

  it('an error where one of them cannot be read', () => {
    const all = vias(requestOf({ extra: ['Via: nonsense'] }));
    expect(all.ok ? 'ok' : all.error.code).toBe('message.via');
  });
});

describe('name-addr (RFC 3261 §20.10)', () => {
  it.each([
    ['bare', 'sip:a@b;tag=1', { displayName: undefined, uriText: 'sip:a@b', tag: '1' }],
    ['bare without parameters', 'sip:a@b', { uriText: 'sip:a@b', tag: undefined, params: [] }],
    ['in brackets', '<sip:a@b;lr>;tag=1', { uriText: 'sip:a@b;lr', tag: '1' }],
    [
      'a bare URN: the tag is the header\u2019s',
      'urn:service:sos;tag=x',
      { uriText: 'urn:service:sos', tag: 'x' },
    ],
    ['a name in tokens', 'Joe  Smith <sip:a@b>', { displayName: 'Joe  Smith' }],
    ['a name without a space after it', 'caller<sip:a@b>;tag=1', { displayName: 'caller', tag: '1' }],
    ['a quoted name', '"Joe, \\"J\\" \\\\" <sip:a@b>', { displayName: 'Joe, "J" \\' }],
    ['a quoted name without a space after it', '"Joe"<sip:a@b>', { displayName: 'Joe' }],
    ['an empty name', '"" <sip:a@b>', { displayName: '', uriText: 'sip:a@b' }],
    ['brackets in a quoted name', '"Joe <b@c>" <sip:a@b>', { displayName: 'Joe <b@c>', uriText: 'sip:a@b' }],
    [
      'brackets in an unquoted name',
      'Joe <b@c> <sip:a@b>;tag=1',
      { displayName: 'Joe <b@c>', uriText: 'sip:a@b', tag: '1' },
    ],
    [
      'white space around all',
      '  "J"   \r\n  <sip:a@b>\r\n  ;\r\n  tag = 1  ',
      { displayName: 'J', uriText: 'sip:a@b', tag: '1' },
    ],
    [
      'a space before a parameter of the URI',
      '<sip:+358@gw.com ;user=phone>;tag=1',
      { uriText: 'sip:+358@gw.com;user=phone', tag: '1' },
    ],
    [
      'a bracket in a parameter of a bare URI',
      'sip:a@b;+sip.instance="<urn:uuid:1>";tag=1',
      { uriText: 'sip:a@b', tag: '1' },
    ],
    ['a quoted parameter', '<sip:a@b>;x=";tag=no";tag=yes', { tag: 'yes' }],
    ['an empty tag', '<sip:a@b>;tag=', { tag: undefined }],
    ['a tag of odd characters', "<sip:a@b>;tag=_token~1'+`*%!-.", { tag: "_token~1'+`*%!-." }],
    [
      'another scheme',
      '<http://www.example.com/a;b>;tag=1',
      { uriText: 'http://www.example.com/a;b', tag: '1' },
    ],
    [
      'an underscore in the host and a space before the tag',
      'sip:jon@app_IM.atlanta.com ;tag=1',
      { uriText: 'sip:jon@app_IM.atlanta.com', tag: '1' },
    ],
  ])('%s', (_name, value, expected) => {
    const request = requestOf({ replace: { From: value } });
    const from = fromHeader(request);
    expect(from.ok && from.value).toMatchObject(expected);
    expect(request.defects).toEqual([]);
  });

  it('keeps text that is no URI as one without a scheme', () => {
    const from = fromHeader(requestOf({ replace: { From: '<nobody>;tag=1' } }));
    expect(from).toMatchObject({
      ok: true,
      value: { uri: { kind: 'other', scheme: '', rest: 'nobody' }, tag: '1' },
    });
  });

  it('reads routes, recorded routes and contacts in order', () => {
    const request = requestOf({
      extra: [
        'Route: <sip:p1;lr>, <sip:p2;lr>',
        'Record-Route: <sip:r1;lr>',
        'Route: "x, y" <sip:p3>',
        'record-route: <sip:r2>,<sip:r3>',
        'm: sip:a;q=1, *',
      ],
    });
    const texts = (result: ReturnType<typeof routes>) =>
      result.ok ? result.value.map((each) => each.uriText) : result.error.code;
    expect(texts(routes(request))).toEqual(['sip:p1;lr', 'sip:p2;lr', 'sip:p3']);
    expect(texts(recordRoutes(request))).toEqual(['sip:r1;lr', 'sip:r2', 'sip:r3']);
    expect(texts(contacts(request))).toEqual(['sip:a', '*']);
    expect(routes(requestOf())).toEqual({ ok: true, value: [] });
    expect(texts(routes(requestOf({ extra: ['Route: ;lr'] })))).toBe('message.address');
  });
});

describe('line breaks in a value', () => {
  const request = requestOf({
    replace: {
      Via: 'SIP/2.0/UDP\r\n a;x="1\r\n 2",\r\n SIP/2.0/UDP b',
      From: '"J\r\n  R" <sip:a@b\r\n ;user=phone>\r\n ;tag=1',
      To: 'one\rtwo <sip:c@d\r>',
    },
    extra: ['Route: <sip:p\r\n ;lr>,\r\n\t<sip:q>'],
  });

  it('get into no view, so that each may be written again', () => {
    const from = fromHeader(request);
    const to = toHeader(request);
    const all = vias(request);
    const route = routes(request);
    if (!from.ok || !to.ok || !all.ok || !route.ok) throw new Error('unreadable');
    expect(from.value).toMatchObject({ displayName: 'J R', uriText: 'sip:a@b;user=phone', tag: '1' });
    expect(to.value.displayName).toBe('one two');
    expect(all.value.map((each) => each.raw)).toEqual(['SIP/2.0/UDP a;x="1 2"', 'SIP/2.0/UDP b']);
    expect(route.value.map((each) => each.raw)).toEqual(['<sip:p ;lr>', '<sip:q>']);
    const top = topVia(request);
    expect(top.ok && top.value.raw).toBe('SIP/2.0/UDP a;x="1 2"');
    for (const value of [from.value, to.value, ...all.value, ...route.value]) {
      expect(JSON.stringify(value)).not.toMatch(/\\[rn]/);
    }
  });
});

describe('other views', () => {
  it('read what there is', () => {
    const request = requestOf({
      startLine: 'REGISTER sips:[::1]:5061;transport=tcp SIP/2.0',
      replace: { CSeq: '0009\r\n  REGISTER', 'Max-Forwards': '0068', 'Call-ID': 'a@b' },
    });
    expect(cseq(request)).toEqual({ ok: true, value: { sequence: 9, method: 'REGISTER' } });
    expect(maxForwards(request)).toBe(68);
    expect(callId(request)).toBe('a@b');
    const uri = requestUriOf(request);
    expect(uri.ok && uri.value).toMatchObject({ kind: 'sip', scheme: 'sips', host: '[::1]', port: 5061 });
  });

  it('are absent where the header is', () => {
    const request = requestOf({ replace: { 'Call-ID': undefined, 'Max-Forwards': undefined } });
    expect(callId(request)).toBeUndefined();
    expect(maxForwards(request)).toBeUndefined();
  });

  it('say why a Request-URI cannot be read', () => {
    const uri = requestUriOf(requestOf({ startLine: 'INVITE * SIP/2.0' }));
    expect(uri.ok ? 'ok' : uri.error.code).toBe('message.requestUri');
  });

  it('see the same through a Buffer that lies inside a larger one', () => {
    const large = Buffer.concat([Buffer.from('junk'), sipBytes({ body: 'x' }), Buffer.from('junk')]);
    const request = parsed(large.subarray(4, large.length - 4));
    expect(toHeader(request)).toMatchObject({ ok: true, value: { uri: { kind: 'urn', nss: 'sos' } } });
    expect(request.body.toString()).toBe('x');
  });
});

describe('names and text', () => {
  it.each([
    ['Via', 'via'],
    ['v', 'via'],
    ['V', 'via'],
    ['CALL-ID', 'call-id'],
    ['cseq', 'cseq'],
    ['l', 'content-length'],
    ['x', 'session-expires'],
    ['X-Foo', 'x-foo'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
  ])('the key of %s is %s', (name, key) => {
    expect(headerKey(name)).toBe(key);
  });

  it('crosses between bytes and text', () => {
    expect(latin1FromText('Zürich')).toBe('Z\u00c3\u00bcrich');
    expect(displayText(latin1FromText('Zürich 東京'))).toBe('Zürich 東京');
    expect(displayText('plain')).toBe('plain');
    expect(displayText('\u00ff')).toBe('\ufffd');
  });
});
