import type { HeaderValueRows } from './header-rows.ts';

const badAddresses = ['', 'alice@example.com', '<sip:a@b', '<>', '"A <sip:a@b>'];
const badTokens = ['', 'a b', 'a/b', '"a"'];
const badNumbers = ['', '-1', 'x', '1 2', '4294967296'];
const badTokenValues = ['', ';a=b', 'a;', 'a;=b', 'a b', 'a;b="c'];
const uuid = 'ab30317f1a784dc48ff824d0d3715d86';

/** Headers of the extensions. */
export const extensionRows: readonly HeaderValueRows[] = [
  { name: 'RSeq', valid: ['988789', '1'], invalid: [...badNumbers, '0'] },
  {
    name: 'RAck',
    valid: ['776656 1 INVITE'],
    invalid: ['', '776656', '776656 1', '1 2147483648 INVITE', '1 1INVITE', '1 1 INVITE x'],
  },
  { name: 'Event', valid: ['reg', 'presence.winfo;id=7', 'foo ; param="a b"'], invalid: badTokenValues },
  { name: 'Allow-Events', valid: ['presence', 'presence.winfo'], invalid: badTokens },
  {
    name: 'Subscription-State',
    valid: [
      'active;expires=60',
      'terminated;reason=timeout',
      'pending',
      'terminated;reason=probation;retry-after=5',
    ],
    invalid: [...badTokenValues, 'active;expires=soon', 'terminated;retry-after=-1'],
  },
  { name: 'SIP-ETag', valid: ['dx200xyz'], invalid: badTokens },
  { name: 'SIP-If-Match', valid: ['dx200xyz'], invalid: badTokens },
  { name: 'Suppress-If-Match', valid: ['*', 'b4cf7'], invalid: badTokens },
  {
    name: 'Refer-To',
    valid: [
      'sip:alice@atlanta.example.com',
      '<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>',
      '<sip:carol@cleveland.example.org;method=SUBSCRIBE>',
      'http://www.ietf.org',
      '<urn:service:sos>',
    ],
    invalid: badAddresses,
  },
  { name: 'Refer-Sub', valid: ['false', 'TRUE;x=y'], invalid: ['', 'no', 'false;'] },
  {
    name: 'Referred-By',
    valid: ['<sip:referror@referror.example>;cid="20398823.2UWQFN309shb3@referror.example"'],
    invalid: badAddresses,
  },
  {
    name: 'Replaces',
    valid: ['98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff', '1;to-tag=1;from-tag=2;early-only'],
    invalid: [
      '',
      '1',
      '1;to-tag=1',
      '1;to-tag=1;from-tag=2;to-tag=3',
      '1;to-tag;from-tag=2',
      '1 2;to-tag=1;from-tag=2',
    ],
  },
  { name: 'Join', valid: ['12adf2f34456gs5;to-tag=12345;from-tag=54321'], invalid: ['', '1;to-tag=1'] },
  {
    name: 'Target-Dialog',
    valid: ['fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544'],
    invalid: ['', '1;local-tag=1', '1;to-tag=1;from-tag=2'],
  },
  {
    name: 'Session-Expires',
    valid: ['4000;refresher=uac', '90', '1800 ; refresher=UAS;x=y'],
    invalid: ['', 'x', '-1', '90;refresher=me', '90;'],
  },
  { name: 'Min-SE', valid: ['60', '3600;lr'], invalid: ['', 'x', '90;refresher=uac'] },
  {
    name: 'Reason',
    valid: [
      'SIP ;cause=200 ;text="Call completed elsewhere"',
      'Q.850;cause=16',
      'preemption;cause=1;text="x"',
      'SIP',
    ],
    invalid: [...badTokenValues, 'SIP;cause=busy', 'SIP;cause=-1'],
  },
  { name: 'Info-Package', valid: ['EmergencyCallData.eCall.MSD', 'foo;bar=1'], invalid: badTokenValues },
  { name: 'Recv-Info', valid: ['P', 'nil', 'foo;x'], invalid: badTokenValues },
  { name: 'Answer-Mode', valid: ['Auto;require', 'Manual'], invalid: badTokenValues },
  { name: 'Priv-Answer-Mode', valid: ['Auto'], invalid: badTokenValues },
  { name: 'Flow-Timer', valid: ['95'], invalid: badNumbers },
  { name: 'Max-Breadth', valid: ['60', '1'], invalid: badNumbers },
  {
    name: 'Session-ID',
    valid: [uuid, `${uuid};remote=47755a9de7794ba387653f2099600ef2`, `${'0'.repeat(32)};remote=${uuid};x=y`],
    invalid: ['', uuid.slice(1), uuid.toUpperCase(), `${uuid}0`, `${uuid};remote=1`],
  },
  {
    name: 'Accept-Contact',
    valid: ['*;audio;require', '*;mobility="fixed"', '*;service="sos.mountain"', '*'],
    invalid: ['', 'sip:a@b', '*;', '* audio', '*;x="'],
  },
  { name: 'Reject-Contact', valid: ['*;actor="msg-taker";video'], invalid: ['', 'x', '*;'] },
  { name: 'Request-Disposition', valid: ['proxy', 'no-fork'], invalid: badTokens },
  { name: 'Feature-Caps', valid: ['*;+sip.607', '*;+g.3gpp.x="<urn:y>"'], invalid: ['', 'x', '*;'] },
  {
    name: 'User-to-User',
    valid: ['56a390f3d2b7310023;encoding=hex;purpose=foo', '"a b";encoding=x', '""'],
    invalid: ['', ';encoding=hex', 'a b', '"a'],
  },
  {
    name: 'Privacy',
    valid: ['id', 'header;user', 'none;critical', 'id ; history'],
    invalid: ['', 'a b', ';id', 'id;', 'id,user'],
  },
  {
    name: 'Identity',
    valid: [
      'eyJhbGciOiJFUzI1NiJ9.eyJkZXN0Ijp7fX0.c2ln_-;info=<https://biloxi.example.org/biloxi.cer>;alg=ES256;ppt="shaken"',
      '..rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w==;info=<https://b.example/c>',
    ],
    invalid: [
      '',
      'abc',
      'abc;alg=ES256',
      'abc;info=https://b.example/c',
      'abc;info=<>',
      'a b;info=<https://b/c>',
      '"a";info=<https://b/c>',
    ],
  },
  {
    name: 'Identity-Info',
    valid: ['<https://atlanta.example.com/atlanta.cer>;alg=rsa-sha1'],
    invalid: ['', 'https://a/b', '<>'],
  },
  {
    name: 'Security-Client',
    valid: ['ipsec-ike', 'tls;q=0.2', 'digest;d-alg=MD5;d-qop=auth'],
    invalid: [...badTokenValues, 'tls;q=2'],
  },
  { name: 'Security-Server', valid: ['tls;q=0.2'], invalid: [...badTokenValues, 'tls;q=x'] },
  { name: 'Security-Verify', valid: ['ipsec-ike;q=0.1', 'tls'], invalid: badTokenValues },
  {
    name: 'P-Access-Network-Info',
    valid: [
      '3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=26201abcd',
      'IEEE-802.11;i-wlan-node-id="a b";network-provided',
    ],
    invalid: badTokenValues,
  },
  {
    name: 'P-Visited-Network-ID',
    valid: ['other.net', '"Visited network number 1"', 'x;y=z'],
    invalid: ['', 'a b', '"a'],
  },
  {
    name: 'P-Charging-Vector',
    valid: ['icid-value=1234bc9876e;icid-generated-at=192.0.6.8;orig-ioi=home1.net', 'icid-value="a b"'],
    invalid: ['', 'icid-value', 'orig-ioi=home1.net', 'icid-value=1;'],
  },
  {
    name: 'P-Charging-Function-Addresses',
    valid: ['ccf=192.0.8.1; ecf=192.0.8.3', 'ccf="[2001:db8::1]"'],
    invalid: ['', ';ccf=1', 'ccf=1;', 'ccf='],
  },
  {
    name: 'Resource-Priority',
    valid: ['esnet.1', 'dsn.flash-override', 'q735.0', 'x-a.b!%*_+'],
    invalid: ['', 'esnet', 'esnet.', '.1', 'esnet.1.2', 'esnet 1', 'esnet.1;x'],
  },
  { name: 'Accept-Resource-Priority', valid: ['wps.4', 'ets.0'], invalid: ['', 'wps', 'wps.4.5'] },
  {
    name: 'Geolocation',
    valid: [
      '<cid:target123@atlanta.example.com>',
      '<sips:3sdefrhy2jj7@lis.atlanta.example.com>;inserted-by="x"',
      '<https://lis.example.com/357yc6s64ceyoiuy5ax3o>;loc-src=a.example',
    ],
    invalid: ['', 'cid:a@b', '<cid:a@b', '<>', '<x>', '<cid:a@b>;'],
  },
  {
    name: 'Geolocation-Routing',
    valid: ['yes', 'no', 'maybe', 'x="y z"'],
    invalid: ['', 'yes no', 'yes;x', '"yes"'],
  },
  {
    name: 'Geolocation-Error',
    valid: ['100 ; code="Cannot Process Location"', '201;code="x";y=z', '300'],
    invalid: ['', '1', '1000', 'abc', '100;', '100 x'],
  },
  {
    name: 'AlertMsg-Error',
    valid: ['100 ; code="Cannot process the alert payload"'],
    invalid: ['', '1', '100;'],
  },
  {
    name: 'Content-ID',
    valid: ['<target123@atlanta.example.com>'],
    invalid: ['', 'a@b', '<a>', '<a@b@c>', '<a b@c>', '<a@b'],
  },
  {
    name: 'Path',
    valid: ['<sip:P3.EXAMPLEHOME.COM;lr>', '<sip:p1@example.com;lr;ob>'],
    invalid: [...badAddresses, 'sip:a@b'],
  },
  { name: 'Service-Route', valid: ['<sip:HSP.HOME.EXAMPLE.COM;lr>'], invalid: [...badAddresses, 'sip:a@b'] },
  {
    name: 'P-Asserted-Identity',
    valid: ['"Cullen Jennings" <sip:fluffy@cisco.com>', 'tel:+14085264000', '<urn:service:sos>'],
    invalid: [...badAddresses, '<http://a.example>', '<mailto:a@b>'],
  },
  {
    name: 'P-Preferred-Identity',
    valid: ['"Cullen Jennings" <sip:fluffy@cisco.com>'],
    invalid: [...badAddresses, '<http://a>'],
  },
  {
    name: 'P-Associated-URI',
    valid: ['<sip:user1_public1@home1.net>'],
    invalid: [...badAddresses, 'sip:a@b'],
  },
  {
    name: 'P-Called-Party-ID',
    valid: ['<sip:user1_public1@home1.net>'],
    invalid: [...badAddresses, 'sip:a@b'],
  },
  {
    name: 'P-Charge-Info',
    valid: ['<sip:+14075550134@example.net;user=phone>;npi=ISDN'],
    invalid: badAddresses,
  },
  {
    name: 'Diversion',
    valid: ['<sip:+19195551004@example.com>;privacy=off;reason=user-busy;counter=1;screen=no'],
    invalid: badAddresses,
  },
  {
    name: 'History-Info',
    valid: ['<sip:911@a.example>;index=1', '<urn:service:sos?Reason=SIP%3Bcause%3D302>;index=1.2.1;rc=1'],
    invalid: [...badAddresses, '<sip:a@b>', '<sip:a@b>;index=a', '<sip:a@b>;index=1.', 'sip:a@b;index=1'],
  },
];
