import { describe, expect, it } from 'vitest';
import { parseSipUri, parseUri, type Uri } from '../../../../src/sip/uri/index.ts';

function read(text: string): Uri {
  const uri = parseUri(text);
  if (!uri.ok) throw new Error(uri.error.message);
  return uri.value;
}

type Row = readonly [name: string, text: string, expected: Record<string, unknown>];

describe('sip and sips URIs (RFC 3261 §19.1.1)', () => {
  const rows: readonly Row[] = [
    [
      'host only',
      'sip:example.com',
      { scheme: 'sip', user: undefined, host: 'example.com', port: undefined },
    ],
    [
      'host only with dots in the name part',
      'sip:jdoe.cisco.com',
      { user: undefined, host: 'jdoe.cisco.com' },
    ],
    ['user and host', 'sip:alice@example.com', { user: 'alice', host: 'example.com' }],
    ['sips in capitals', 'SIPS:alice@example.com', { scheme: 'sips', user: 'alice' }],
    ['mixed case of the scheme', 'sIp:alice@example.com', { scheme: 'sip' }],
    ['password', 'sip:alice:secret@example.com', { user: 'alice', password: 'secret' }],
    ['empty password', 'sip:alice:@example.com', { user: 'alice', password: '' }],
    ['port', 'sip:alice@192.0.2.1:5070', { host: '192.0.2.1', port: 5070 }],
    ['port 0', 'sip:alice@192.0.2.1:0', { port: 0 }],
    ['IPv6 reference', 'sip:alice@[2001:db8::1]:5070', { host: '[2001:db8::1]', port: 5070 }],
    [
      'IPv6 reference that seems to end with a port',
      'sip:[2001:db8::10:5070]',
      { host: '[2001:db8::10:5070]' },
    ],
    ['IPv6 with an IPv4 tail', 'sip:[2001:db8::192.0.2.1]', { host: '[2001:db8::192.0.2.1]' }],
    [
      'IPv6 of the wrong grammar (RFC 5118 §4.10)',
      'sip:[2001:db8:::192.0.2.1]',
      { host: '[2001:db8:::192.0.2.1]' },
    ],
    ['IPv6 with a zone', 'sip:[fe80::1%25eth0]', { host: '[fe80::1%25eth0]' }],
    ['underscore in the host', 'sip:app_IM.atlanta.com', { host: 'app_IM.atlanta.com' }],
    ['trailing dot', 'sip:a@example.com.', { host: 'example.com.' }],
    ['host beyond ASCII', 'sip:a@ex\u00c3\u00a4mple.test', { host: 'ex\u00c3\u00a4mple.test' }],
    [
      'semicolons in the user part',
      'sip:user;par=u%40example.net@example.com',
      { user: 'user;par=u%40example.net', params: [] },
    ],
    [
      'question mark and slash in the user part',
      'sip:a?b/c,;d@example.com',
      { user: 'a?b/c,;d', headers: undefined },
    ],
    ['escapes stay', 'sip:sips%3Auser%40example.com@example.net', { user: 'sips%3Auser%40example.com' }],
    ['escaped NUL stays', 'sip:null-%00-null@example.com', { user: 'null-%00-null' }],
    ['a URN as user', 'sip:urn:service:sos@example.com', { user: 'urn:service:sos', password: undefined }],
    ['an escaped URN as user', 'sip:urn%3aservice%3asos@127.0.0.1', { user: 'urn%3aservice%3asos' }],
    ['a number sign in the user', 'sip:*21#@example.com', { user: '*21#' }],
    ['nothing before the at sign', 'sip:@example.com', { user: undefined, host: 'example.com' }],
    [
      'parameters',
      'sip:a@b;transport=tcp;lr;x=%20y',
      {
        params: [
          { name: 'transport', value: 'tcp' },
          { name: 'lr', value: undefined },
          { name: 'x', value: '%20y' },
        ],
      },
    ],
    [
      'a space before a parameter',
      'sip:+358501234567@gw.com ;user=phone',
      { host: 'gw.com', params: [{ name: 'user', value: 'phone' }] },
    ],
    ['empty parameters are left out', 'sip:a@b;;lr;', { params: [{ name: 'lr', value: undefined }] }],
    ['headers', 'sip:a@b;lr?Subject=x&Priority=urgent', { headers: 'Subject=x&Priority=urgent' }],
    [
      'headers without parameters',
      'sip:b?Subject=x',
      { user: undefined, host: 'b', headers: 'Subject=x', params: [] },
    ],
  ];
  it.each(rows)('%s', (_name, text, expected) => {
    const uri = read(text);
    expect(uri).toMatchObject({ kind: 'sip', ...expected });
    expect(uri.raw).toBe(text.replace(' ', ''));
  });

  it('takes a parameter named like a property of every object as text', () => {
    expect(read('sip:a@b;__proto__=x;constructor')).toMatchObject({
      params: [
        { name: '__proto__', value: 'x' },
        { name: 'constructor', value: undefined },
      ],
    });
  });
});

describe('other schemes', () => {
  const rows: readonly Row[] = [
    ['tel', 'tel:+1-201-555-0123', { kind: 'tel', number: '+1-201-555-0123', params: [] }],
    [
      'tel with context',
      'TEL:911;phone-context=+1',
      { kind: 'tel', number: '911', params: [{ name: 'phone-context', value: '+1' }] },
    ],
    ['service URN', 'urn:service:sos', { kind: 'urn', nid: 'service', nss: 'sos' }],
    ['URN in capitals', 'URN:SERVICE:SOS.Police', { kind: 'urn', nid: 'service', nss: 'SOS.Police' }],
    [
      'URN of another namespace',
      'urn:nena:service:sos.psap',
      { kind: 'urn', nid: 'nena', nss: 'service:sos.psap' },
    ],
    ['mistyped namespace', 'urn:services:sos', { kind: 'urn', nid: 'services', nss: 'sos' }],
    ['URN with what looks like a parameter', 'urn:service:sos;cause=1', { kind: 'urn', nss: 'sos;cause=1' }],
    ['URN with a query', 'urn:service:sos?x=y', { kind: 'urn', nss: 'sos?x=y' }],
    ['https', 'https://example.com/a?b#c', { kind: 'other', scheme: 'https', rest: '//example.com/a?b#c' }],
    ['cid', 'CID:loc@example.com', { kind: 'other', scheme: 'cid', rest: 'loc@example.com' }],
    ['pres', 'pres:a@example.com', { kind: 'other', scheme: 'pres' }],
    ['a scheme with dots', 'soap.beep://192.0.2.103:3002', { kind: 'other', scheme: 'soap.beep' }],
    ['one letter', 'x:y', { kind: 'other', scheme: 'x', rest: 'y' }],
  ];
  it.each(rows)('%s', (_name, text, expected) => {
    expect(read(text)).toMatchObject({ ...expected, raw: text });
  });

  it('leaves white space around out', () => {
    expect(read(' \tsip:a@b\r\n').raw).toBe('sip:a@b');
  });
});

describe('what is no URI', () => {
  const rows: readonly (readonly [name: string, text: string, code: string])[] = [
    ['nothing', '', 'uri.noScheme'],
    ['no scheme', 'alan@jasomi.com', 'uri.noScheme'],
    ['a star', '*', 'uri.noScheme'],
    ['brackets', '<sip:a@b>', 'uri.noScheme'],
    ['no host', 'sip:', 'uri.badHost'],
    ['no host after the user', 'sip:a@', 'uri.badHost'],
    ['a port without host', 'sip::5060', 'uri.badHost'],
    ['two at signs', 'sip:a@b@127.0.0.1', 'uri.badHost'],
    ['a slash in the host', 'sip:bob@192.168.10.20/TCP', 'uri.badHost'],
    ['IPv6 without brackets', 'sip:2001:db8::10', 'uri.badPort'],
    ['an open bracket', 'sip:[2001:db8::1', 'uri.badHost'],
    ['empty brackets', 'sip:[]', 'uri.badHost'],
    ['a word in brackets', 'sip:[local]', 'uri.badHost'],
    ['port too large', 'sip:a@b:65536', 'uri.badPort'],
    ['port of letters', 'sip:a@b:sip', 'uri.badPort'],
    ['empty port', 'sip:a@b:', 'uri.badPort'],
    ['a space in the user', 'sip:a b@c', 'uri.badUser'],
    ['a space in the host', 'sip:a@b c', 'uri.badHost'],
    ['a NUL in the host', 'sip:a@b\u0000', 'uri.badHost'],
    ['a NUL in a parameter', 'sip:a@b;c\u0000', 'uri.badParameter'],
    ['an at sign in a parameter', 'sip:a@b;c=d@e', 'uri.badParameter'],
    ['a line break in the headers', 'sip:a@b?c=d\r\nVia: x', 'uri.badCharacter'],
    ['a NUL in a URN', 'urn:service:sos\u0000', 'uri.badCharacter'],
    ['URN without a name', 'urn:service:', 'uri.badUrn'],
    ['URN without a namespace', 'urn::sos', 'uri.badUrn'],
    ['tel without a number', 'tel:;phone-context=+1', 'uri.badNumber'],
    ['a space in another scheme', 'http://a b', 'uri.badCharacter'],
    // 'ŀ' would be cut to '@'.
    ['a character beyond latin1', 'sip:a\u0140b', 'uri.badCharacter'],
    ['too long', `sip:${'a'.repeat(70_000)}`, 'uri.tooLong'],
  ];
  it.each(rows)('%s', (_name, text, code) => {
    const uri = parseUri(text);
    expect(uri.ok ? uri.value : uri.error.code).toBe(code);
  });

  it('says so of another scheme where sip is needed', () => {
    const uri = parseSipUri('tel:911');
    expect(uri.ok ? uri.value : uri.error.code).toBe('uri.notSip');
    expect(parseSipUri('sips:a').ok).toBe(true);
  });
});
