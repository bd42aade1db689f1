/** Values of one header: each is named by itself. */
export interface HeaderValueRows {
  readonly name: string;
  readonly valid: readonly string[];
  /** Values that the grammar does not allow; empty where every text does. */
  readonly invalid: readonly string[];
}

const md5 = '6629fae49393a05397450978507c4ef1';
const sha256 = '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1';
const badAddresses = [
  '',
  'alice@example.com',
  '<sip:a@b',
  'sip:a@b>',
  '<>',
  '<sip:a b@c>',
  '"A <sip:a@b>',
  'A, B <sip:a@b>',
];
const badBracketed = [...badAddresses, 'sip:a@b'];
const badTags = ['', ' ', 'a b', 'a/b', '"a"'];
const badNumbers = ['', '-1', '1.5', 'x', '1 2', '0x10', '4294967296'];
const badInfos = ['', 'http://a/b', '<http://a/b', '<>', '<a b>', '<http://a/b>;', '<http://a/b>;=x', '<x>'];
const challenge = 'Digest realm="a.example", nonce="84a4cc6f"';
const credentials = `Digest username="bob", realm="a.example", nonce="84a4", uri="sip:b@a.example", response="${md5}"`;

/** Headers of RFC 3261 §20. The values of its own examples are among them. */
export const coreRows: readonly HeaderValueRows[] = [
  {
    name: 'Accept',
    valid: [
      'application/sdp;level=1',
      'application/x-private',
      'text/*',
      '*/*',
      'text/html ; q=0.5',
      'a / b;x="y z"',
    ],
    invalid: [
      '',
      'text',
      'text/',
      '/html',
      '*/html',
      'text/html;q=2',
      'text/html;q=0.1234',
      'text/html;',
      'a/b c',
    ],
  },
  {
    name: 'Accept-Encoding',
    valid: ['gzip', '*', 'identity;q=0', 'gzip;q=1.0'],
    invalid: ['', 'gz ip', 'gzip;q=1.5', '**', 'gzip;;q=1'],
  },
  {
    name: 'Accept-Language',
    valid: ['da', 'en-gb;q=0.8', '*', 'en;q=0.7', 'de-1996'],
    invalid: ['', 'en_gb', 'abcdefghi', 'en-;q=1', 'en;q=a'],
  },
  {
    name: 'Alert-Info',
    valid: ['<http://www.example.com/sounds/moo.wav>', '<urn:alert:x>;a=b'],
    invalid: badInfos,
  },
  { name: 'Allow', valid: ['INVITE', 'ACK', 'x-Method'], invalid: badTags },
  {
    name: 'Authentication-Info',
    valid: [
      'nextnonce="47364c23432d2e131a5fb210812c"',
      `qop=auth, rspauth="${md5}", cnonce="0a4f", nc=00000001`,
    ],
    invalid: ['', 'nextnonce=47364c', 'realm="a"', 'nextnonce="a",', 'nextnonce'],
  },
  {
    name: 'Authorization',
    valid: [
      credentials,
      `${credentials}, algorithm=MD5, cnonce="0a4f", opaque="", qop=auth, nc=00000001`,
      credentials.replace(md5, sha256),
      'Bearer token=abc',
    ],
    invalid: [
      '',
      'Digest',
      'Digest username="audrey", realm="atlanta.com" nonce="ea9c"',
      credentials.replace(md5, md5.slice(1)),
      credentials.replace('nonce="84a4"', 'nonce=84a4'),
      `${credentials}, nc=1`,
      `${credentials}, realm="again"`,
      'Digest username="bob"',
    ],
  },
  {
    name: 'Call-ID',
    valid: ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6@biloxi.com', 'a84b4c76e66710', 'word`~)(><:\\/"][?}{'],
    invalid: ['', 'a b', 'a@', '@b', 'a@b@c', 'a,b'],
  },
  {
    name: 'Call-Info',
    valid: [
      '<http://wwww.example.com/alice/photo.jpg> ;purpose=icon',
      '<http://www.example.com/alice/> ;purpose=info',
      '<urn:emergency:uid:callid:a56e556d871:bcf.example>;purpose=emergency-CallId',
      '<cid:1234567890@example.com>;purpose=EmergencyCallData.ProviderInfo',
    ],
    invalid: badInfos,
  },
  {
    name: 'Contact',
    valid: [
      '*',
      '"Mr. Watson" <sip:watson@worcester.bell-telephone.com>;q=0.7; expires=3600',
      'sip:caller@u1.example.com',
      '<sip:a@192.0.2.1;transport=tcp>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";reg-id=1',
      'Bob <sips:bob@[2001:db8::1]:5061>',
      '<mailto:bob@biloxi.com>',
    ],
    invalid: [
      ...badAddresses,
      '* ;expires=0',
      'None',
      '<sip:a@b>;q=1.1',
      '<sip:a@b>;expires=-1',
      'sip:a@b?subject=x',
    ],
  },
  {
    name: 'Content-Disposition',
    valid: ['session', 'attachment; filename=smime.p7m; handling=required', 'by-reference;handling=optional'],
    invalid: [
      '',
      'a b',
      'session;',
      'attachment; filename=smime.p7m handling=required',
      'session;handling=""',
    ],
  },
  { name: 'Content-Encoding', valid: ['gzip', 'x-private'], invalid: badTags },
  { name: 'Content-Language', valid: ['fr', 'en-US'], invalid: ['', 'f r', 'abcdefghi', 'fr;q=1', '*'] },
  {
    name: 'Content-Length',
    valid: ['0', '349', '007'],
    invalid: ['', '-1', '+1', '1.5', '0x10', '10 20', '9'.repeat(17)],
  },
  {
    name: 'Content-Type',
    valid: [
      'application/sdp',
      'text/html; charset=ISO-8859-4',
      'multipart/mixed;boundary="a b,c"',
      'application / x',
    ],
    invalid: ['', 'application', 'a/b;', 'a/b;boundary', 'a/*', 'a/b c', 'a/b;x="'],
  },
  {
    name: 'CSeq',
    valid: ['4711 INVITE', '2147483647 ACK', '0 x'],
    invalid: ['', '314159', 'INVITE', '2147483648 INVITE', '-1 INVITE', '1INVITE', '1 INVITE x'],
  },
  {
    name: 'Date',
    valid: [
      'Sat, 13 Nov 2010 23:29:00 GMT',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'Thu, 29 Feb 2024 12:00:00 GMT',
    ],
    invalid: [
      '',
      'Sat, 13 Nov 2010 23:29:00 EST',
      'Sun, 13 Nov 2010 23:29:00 GMT',
      'Thurs, 22 July 2004 09:00:00 GMT',
      'Sat, 13 Nov 2010 24:00:00 GMT',
      'Fri, 30 Feb 2024 12:00:00 GMT',
      '13 Nov 2010 23:29:00 GMT',
    ],
  },
  { name: 'Error-Info', valid: ['<sip:not-in-service-recording@atlanta.com>'], invalid: badInfos },
  { name: 'Expires', valid: ['5', '0', '4294967295'], invalid: badNumbers },
  {
    name: 'From',
    valid: [
      '"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s',
      'sip:+12125551212@server.phone2net.com;tag=887s',
      'Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8',
      '"" <sip:a@b>',
      '"\\"quoted\\" \\\\ \xe9" <sip:a@b>',
      '<tel:+1-212-555-0101>;tag=1',
    ],
    invalid: [
      ...badAddresses,
      'sip:a@b?x=y',
      '<sip:a@b>;tag=',
      '<sip:a@b>;tag',
      '"a" sip:a@b',
      '<sip:a@b>, <sip:c@d>',
    ],
  },
  { name: 'In-Reply-To', valid: ['70710@saturn.bell-tel.com', '17320'], invalid: ['', 'a b', 'a@'] },
  { name: 'Max-Forwards', valid: ['0', '6', '255'], invalid: ['', '256', '-1', 'x', '7 0'] },
  { name: 'Min-Expires', valid: ['60'], invalid: badNumbers },
  { name: 'MIME-Version', valid: ['1.0', '10.12'], invalid: ['', '1', '1.', '.0', '1 .0', 'a.b'] },
  { name: 'Organization', valid: ['', 'Boxes by Bob', '\xc3\xa9t\xc3\xa9, "x"'], invalid: ['a\0b'] },
  { name: 'Priority', valid: ['emergency', 'non-urgent', 'psap-callback'], invalid: badTags },
  {
    name: 'Proxy-Authenticate',
    valid: [
      `${challenge}, domain="sip:ss1.carrier.com", qop="auth,auth-int", opaque="", stale=FALSE, algorithm=MD5`,
      `${challenge}, algorithm=SHA-512-256`,
      'Basic realm="x"',
    ],
    invalid: [
      '',
      'Digest',
      'Digest realm="a"',
      `${challenge}, qop=auth`,
      `${challenge}, stale=maybe`,
      `${challenge},`,
      'Digest realm="a" nonce="b"',
    ],
  },
  { name: 'Proxy-Authorization', valid: [credentials], invalid: ['', 'Digest', 'Digest username=bob'] },
  { name: 'Proxy-Require', valid: ['foo', 'sec-agree'], invalid: badTags },
  {
    name: 'Record-Route',
    valid: ['<sip:server10.biloxi.com;lr>', '<sip:[2001:db8::1];lr>;x=y', '"P1" <sips:p1.example.com;lr>'],
    invalid: badBracketed,
  },
  { name: 'Reply-To', valid: ['Bob <sip:bob@biloxi.com>', 'sip:bob@biloxi.com'], invalid: badAddresses },
  { name: 'Require', valid: ['100rel', 'precondition'], invalid: badTags },
  {
    name: 'Retry-After',
    valid: ['18000;duration=3600', "120 (I'm in a meeting)", '5', '5 (a (nested) \\) comment);x'],
    invalid: ['', 'soon', '-1', '5 (never closed', '5;duration=x', '5 x'],
  },
  {
    name: 'Route',
    valid: ['<sip:bigbox3.site3.atlanta.com;lr>', '<urn:service:sos>'],
    invalid: badBracketed,
  },
  {
    name: 'Server',
    valid: ['HomeServer v2', 'Linphone/4.4.1 (belle-sip/5.2.0)', '(only a comment)', 'a/1 b/2 (c (d))'],
    invalid: ['', 'a/', '/1', '(open', 'a, b'],
  },
  { name: 'Subject', valid: ['Need more boxes', 'Tech Support', ''], invalid: ['a\0b'] },
  { name: 'Supported', valid: ['100rel', 'geolocation-http'], invalid: badTags },
  {
    name: 'Timestamp',
    valid: ['54', '54.', '54.21', '54.21 .5', '1 0.25'],
    invalid: ['', '.5', 'x', '-1', '1 2 3', '1 x'],
  },
  {
    name: 'To',
    valid: [
      'The Operator <sip:operator@cs.columbia.edu>;tag=287447',
      'sip:+12125551212@server.phone2net.com',
      '<urn:service:sos>',
      'urn:service:sos;tag=x',
    ],
    invalid: [...badAddresses, 'sip: sip:bob@biloxi.com>;tag='],
  },
  { name: 'Unsupported', valid: ['foo'], invalid: badTags },
  {
    name: 'User-Agent',
    valid: ['Softphone Beta1.5', 'sipsak 0.9.6'],
    invalid: ['', 'a;b', 'a <b>'],
  },
  {
    name: 'Via',
    valid: [
      'SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7',
      'SIP/2.0/UDP 192.0.2.1:5060 ;received=192.0.2.207;branch=z9hG4bK77asjd',
      'SIP / 2.0 / UDP first.example.com: 4000;ttl=16;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1',
      'SIP/2.0/TLS [2001:db8::9:1]:5061;rport',
    ],
    invalid: [
      '',
      'SIP/2.0/UDP',
      'SIP/2.0 UDP a',
      'SIP/7.0/UDP c.example.com',
      'SIP/2.0/TCP sip:alice@atlanta.com;branch=z9hG4bK77i832k9',
      'SIP/2.0/UDP a:99999',
      'SIP/2.0/UDP a;;branch=1',
    ],
  },
  {
    name: 'Warning',
    valid: [
      '307 isi.edu "Session parameter \'foo\' not understood"',
      '399 [2001:db8::1]:5060 "Malformed To"',
      '301 pseudonym "x \\"y\\""',
    ],
    invalid: ['', '307', '307 a', '307 a b', '1 a "b"', '0999 a "b"', '307  a "b"', '307 a "b'],
  },
  {
    name: 'WWW-Authenticate',
    valid: [challenge, `${challenge}, algorithm=SHA-256`],
    invalid: ['', 'Digest x', 'Digest'],
  },
];
