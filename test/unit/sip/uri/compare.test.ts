import { describe, expect, it } from 'vitest';
import {
  decodeEscapes,
  formatSipUri,
  hasParam,
  paramValue,
  parseParams,
  parseSipUri,
  parseUri,
  quote,
  type SipUri,
  uriEquals,
  withoutParam,
  withParam,
} from '../../../../src/sip/uri/index.ts';

function equal(a: string, b: string): boolean {
  const left = parseUri(a);
  const right = parseUri(b);
  if (!left.ok || !right.ok) throw new Error('not a URI');
  expect(uriEquals(right.value, left.value)).toBe(uriEquals(left.value, right.value));
  return uriEquals(left.value, right.value);
}

function sip(text: string): SipUri {
  const uri = parseSipUri(text);
  if (!uri.ok) throw new Error(uri.error.message);
  return uri.value;
}

describe('comparison', () => {
  it.each([
    [
      '§19.1.4 case and escapes',
      'sip:%61lice@atlanta.com;transport=TCP',
      'sip:alice@AtLanTa.CoM;Transport=tcp',
    ],
    ['§19.1.4 a parameter on one side', 'sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['§19.1.4 another one', 'sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    [
      '§19.1.4 order of parameters',
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      '§19.1.4 order of headers',
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['RFC 8141 §3.1 namespace without case', 'urn:service:sos', 'URN:Service:sos'],
    ['RFC 8141 §3.1 case of escapes', 'urn:example:a%2cb', 'urn:example:a%2Cb'],
    ['RFC 8141 §3.2 components that do not count', 'urn:example:a?+x?=y#z', 'urn:example:a'],
    ['RFC 3966 §4 separators', 'tel:+1-201-555-0123', 'tel:+1(201)5550123'],
    ['RFC 3966 §4 parameters', 'tel:911;phone-context=+1', 'TEL:911;Phone-Context=+1'],
    ['another scheme', 'HTTP://a/b', 'http://a/b'],
  ])('same: %s', (_name, a, b) => {
    expect(equal(a, b)).toBe(true);
  });

  it.each([
    ['§19.1.4 user names', 'SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['§19.1.4 default port', 'sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['§19.1.4 transport on one side', 'sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['§19.1.4 port and transport', 'sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['§19.1.4 header on one side', 'sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['§19.1.4 name and address', 'sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['§19.1.4 not transitive', 'sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip and sips', 'sip:a@b', 'sips:a@b'],
    ['with and without user', 'sip:b', 'sip:a@b'],
    ['with and without password', 'sip:a@b', 'sip:a:p@b'],
    ['maddr on one side', 'sip:a@b', 'sip:a@b;maddr=192.0.2.1'],
    ['user parameter on one side', 'sip:911@b', 'sip:911@b;user=phone'],
    [
      'one escaped NUL and two (RFC 4475 §3.1.1.4)',
      'sip:%00@host5.example.com',
      'sip:%00%00@host5.example.com',
    ],
    ['an escaped reserved character', 'sip:a%3Bb@c', 'sip:a;b@c'],
    ['namespaces', 'urn:service:sos', 'urn:nena:sos'],
    ['names by case', 'urn:service:sos', 'urn:service:SOS'],
    ['numbers', 'tel:911', 'tel:112'],
    ['tel with and without context', 'tel:911', 'tel:911;phone-context=+1'],
    ['kinds', 'tel:911', 'sip:911@b'],
    ['other schemes', 'http://a', 'https://a'],
  ])('different: %s', (_name, a, b) => {
    expect(equal(a, b)).toBe(false);
  });
});

describe('parameters', () => {
  it.each([
    ['a flag', ';lr', [{ name: 'lr', value: undefined }]],
    [
      'values',
      ';a=1;b=2',
      [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    ],
    [
      'white space everywhere',
      ' ; a = 1 ;\r\n b',
      [
        { name: 'a', value: '1' },
        { name: 'b', value: undefined },
      ],
    ],
    [
      'quoted',
      ';a="x;y=z, \\"q\\" \\\\";b',
      [
        { name: 'a', value: 'x;y=z, "q" \\' },
        { name: 'b', value: undefined },
      ],
    ],
    [
      'an empty value',
      ';a=;b',
      [
        { name: 'a', value: '' },
        { name: 'b', value: undefined },
      ],
    ],
    ['an equals sign in the value', ';a=b=c', [{ name: 'a', value: 'b=c' }]],
    ['an IPv6 value', ';received=[2001:db8::9]', [{ name: 'received', value: '[2001:db8::9]' }]],
    [
      'empty ones are left out',
      ';;,;a;',
      [
        { name: ',', value: undefined },
        { name: 'a', value: undefined },
      ],
    ],
    ['a quote that never closes takes the rest', ';a="x;b', [{ name: 'a', value: 'x;b' }]],
    ['text without semicolon is passed over', 'junk;a', [{ name: 'a', value: undefined }]],
    ['a value without a name', ';=x;a', [{ name: 'a', value: undefined }]],
  ])('%s', (_name, text, expected) => {
    expect(parseParams(text)).toEqual(expected);
  });

  it('are found without case', () => {
    const params = parseParams(';LR;Tag=x;tag=y');
    expect(paramValue(params, 'tag')).toBe('x');
    expect(paramValue(params, 'lr')).toBe('');
    expect(paramValue(params, 'toString')).toBeUndefined();
    expect(hasParam(params, 'Lr')).toBe(true);
    expect(hasParam(params, 'l')).toBe(false);
  });
});

describe('writing', () => {
  it('writes each part', () => {
    const text = 'sips:a:p@[::1]:5061;lr;x=y?Subject=z';
    const { kind: _kind, raw: _raw, ...parts } = sip(text);
    expect(formatSipUri(parts)).toBe(text);
    expect(formatSipUri({ scheme: 'sip', host: 'h' })).toBe('sip:h');
  });

  it('refuses what would break a header', () => {
    expect(() => formatSipUri({ scheme: 'sip', host: 'h>' })).toThrow();
    expect(() => formatSipUri({ scheme: 'sip', host: 'h', user: 'a\r\nVia: x' })).toThrow();
  });

  it('sets, replaces and drops a parameter', () => {
    const uri = sip('sip:a@b;LR=on;x=y');
    expect(withParam(uri, 'lr', undefined).raw).toBe('sip:a@b;lr;x=y');
    expect(withParam(uri, 'z', '1').raw).toBe('sip:a@b;LR=on;x=y;z=1');
    expect(withoutParam(uri, 'lr').raw).toBe('sip:a@b;x=y');
    expect(uri.raw).toBe('sip:a@b;LR=on;x=y');
  });

  it('quotes and undoes escapes', () => {
    expect(quote('a "b" \\')).toBe('"a \\"b\\" \\\\"');
    expect(decodeEscapes('urn%3aservice%3Asos%')).toBe('urn:service:sos%');
    expect(decodeEscapes('plain')).toBe('plain');
  });
});
