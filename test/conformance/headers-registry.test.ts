import { describe, expect, it } from 'vitest';
import {
  findHeaderRow,
  headerKey,
  headerRows,
  isListHeader,
  mayProxy,
  mayStand,
  presenceOf,
  registryMethods,
} from '../../src/sip/message/index.ts';

describe('RFC 3261 §20: the registry of headers', () => {
  it('has each name and each letter once', () => {
    const names = headerRows.map((row) => row.name.toLowerCase());
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const letters = headerRows.flatMap((row) => row.compact ?? []);
    expect(letters.filter((letter, index) => letters.indexOf(letter) !== index)).toEqual([]);
  });

  it.each(headerRows.map((row) => [row.name, row] as const))('%s: a sound row', (_name, row) => {
    expect(row.source).toMatch(/^RFC \d{4} §\d+(\.\d+)*$/);
    expect(row.uses.length).toBeGreaterThan(0);
    for (const use of row.uses) {
      expect(use.where).toMatch(/^(|R|r|c|rc|(\d{3}|\dxx|\d\dx|\d{3}-\d{3})(,(\d{3}|\dxx|\d\dx))*)$/);
      expect(use.proxy).toMatch(/^[admr]{0,4}$/);
      expect(use.presence).toHaveLength(registryMethods.length);
    }
  });

  it.each([
    [
      'RFC 3261 §20',
      'Accept Accept-Encoding Accept-Language Alert-Info Allow Authentication-Info Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length Content-Type CSeq Date Error-Info Expires From In-Reply-To Max-Forwards Min-Expires MIME-Version Organization Priority Proxy-Authenticate Proxy-Authorization Proxy-Require Record-Route Reply-To Require Retry-After Route Server Subject Supported Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate',
    ],
    [
      'dialogs and events',
      'RSeq RAck Event Allow-Events Subscription-State Privacy P-Asserted-Identity P-Preferred-Identity Reason Path Security-Client Security-Server Security-Verify Service-Route Accept-Contact Reject-Contact Request-Disposition Replaces Referred-By Refer-To SIP-ETag SIP-If-Match Session-Expires Min-SE',
    ],
    [
      'the calls of FIELD',
      'Resource-Priority Accept-Resource-Priority Max-Breadth Flow-Timer Info-Package Recv-Info Geolocation Geolocation-Routing Geolocation-Error History-Info Diversion P-Charging-Vector P-Charging-Function-Addresses P-Access-Network-Info Feature-Caps Session-ID Identity Content-ID',
    ],
  ])('%s: every header is known by the spelling of its document', (_group, names) => {
    for (const name of names.split(' ')) expect(findHeaderRow(name)?.name).toBe(name);
  });
});

describe('RFC 3261 §7.3.3: compact forms', () => {
  it.each([
    ['i', 'call-id'],
    ['m', 'contact'],
    ['e', 'content-encoding'],
    ['l', 'content-length'],
    ['c', 'content-type'],
    ['f', 'from'],
    ['s', 'subject'],
    ['k', 'supported'],
    ['t', 'to'],
    ['v', 'via'],
    ['u', 'allow-events'],
    ['o', 'event'],
    ['r', 'refer-to'],
    ['b', 'referred-by'],
    ['x', 'session-expires'],
    ['a', 'accept-contact'],
    ['j', 'reject-contact'],
    ['d', 'request-disposition'],
    ['y', 'identity'],
    ['n', 'identity-info'],
  ])('%s is %s, in either case', (letter, key) => {
    expect(headerKey(letter)).toBe(key);
    expect(headerKey(letter.toUpperCase())).toBe(key);
    expect(findHeaderRow(letter)?.name.toLowerCase()).toBe(key);
  });
});

describe('RFC 3261 §7.3.1: several values', () => {
  it.each(['WWW-Authenticate', 'Authorization', 'Proxy-Authenticate', 'Proxy-Authorization', 'Identity'])(
    '%s is never joined or split at commas',
    (name) => {
      expect(findHeaderRow(name)?.values).toBe('lines');
      expect(isListHeader(headerKey(name))).toBe(false);
    },
  );

  it.each([
    'Via',
    'Route',
    'Contact',
    'Call-Info',
    'Geolocation',
    'P-Asserted-Identity',
    'Diversion',
    'Supported',
  ])('%s is a list', (name) => expect(isListHeader(headerKey(name))).toBe(true));

  it.each(['Date', 'Subject', 'Retry-After', 'User-Agent', 'To', 'CSeq', 'Call-ID', 'Privacy'])(
    '%s is one value, commas or not',
    (name) => expect(findHeaderRow(name)?.values).toBe('one'),
  );
});

describe('RFC 3261 §20 Tables 2 and 3: what a proxy may do', () => {
  it.each([
    ['Via', 'request', 'add', true],
    ['Via', 200, 'delete', true],
    ['Via', 200, 'add', false],
    ['Max-Forwards', 'request', 'modify', true],
    ['Record-Route', 'request', 'add', true],
    ['Record-Route', 'request', 'delete', false],
    ['Record-Route', 200, 'modify', true],
    ['Route', 'request', 'delete', true],
    ['Contact', 'request', 'modify', false],
    ['Contact', 200, 'delete', false],
    ['Contact', 302, 'delete', true],
    ['Call-Info', 'request', 'add', true],
    ['Call-Info', 'request', 'delete', false],
    ['From', 'request', 'modify', false],
    ['Proxy-Authorization', 'request', 'delete', true],
    ['Authorization', 'request', 'delete', false],
    ['WWW-Authenticate', 401, 'add', true],
    ['WWW-Authenticate', 200, 'add', false],
    ['Supported', 'request', 'add', false],
    ['X-Unknown', 'request', 'add', false],
  ] as const)('%s in %s: %s is %s', (name, place, operation, expected) => {
    expect(mayProxy(name, place, operation)).toBe(expected);
  });

  it.each([
    ['RFC 8262 §3.4.2', 'Content-ID', 'add', false],
    ['RFC 8262 §3.4.2', 'Content-ID', 'delete', false],
    ['RFC 6442 §4.1', 'Geolocation', 'add', true],
    ['RFC 6442 §4.1', 'Geolocation', 'modify', false],
    ['RFC 6442 §4.2', 'Geolocation-Routing', 'modify', false],
    ['RFC 4412 §3.3', 'Resource-Priority', 'modify', true],
    ['RFC 8224 §4', 'Identity', 'modify', false],
    ['RFC 5393 §5.3.3', 'Max-Breadth', 'modify', true],
    ['RFC 4028 §4', 'Session-Expires', 'modify', true],
    ['RFC 3325 §9.1', 'P-Asserted-Identity', 'delete', true],
  ] as const)('%s: %s in a request: %s is %s', (_source, name, operation, expected) => {
    expect(mayProxy(name, 'request', operation)).toBe(expected);
  });
});

describe('RFC 3261 §20 Tables 2 and 3: where a header stands', () => {
  it.each([
    ['Contact', 'request', 'INVITE', 'm'],
    ['Contact', 'request', 'BYE', '-'],
    ['Contact', 180, 'INVITE', 'o'],
    ['Contact', 485, 'INVITE', 'o'],
    ['Allow', 405, 'OPTIONS', 'm'],
    ['Allow', 200, 'INVITE', 'm*'],
    ['Allow', 404, 'INVITE', 'o'],
    ['Content-Length', 'request', 'INVITE', 't'],
    ['Content-Type', 200, 'INVITE', '*'],
    ['RAck', 'request', 'PRACK', 'm'],
    ['RSeq', 183, 'INVITE', 'o'],
    ['Min-SE', 422, 'UPDATE', 'm'],
    ['Event', 'request', 'SUBSCRIBE', 'm'],
    ['SIP-ETag', 200, 'PUBLISH', 'm'],
    ['Refer-To', 'request', 'REFER', 'm'],
    ['Info-Package', 'request', 'INFO', 'm*'],
    ['Retry-After', 503, 'MESSAGE', 'o'],
    ['X-Unknown', 'request', 'INVITE', '.'],
    ['To', 'request', 'UNKNOWN', '.'],
  ] as const)('%s in %s of %s: %s', (name, place, method, expected) => {
    expect(presenceOf(name, place, method)).toBe(expected);
  });

  it.each([
    ['RSeq', 'request', false],
    ['RSeq', 180, true],
    ['RSeq', 200, false],
    ['Unsupported', 420, true],
    ['Unsupported', 404, false],
    ['Error-Info', 699, true],
    ['Error-Info', 200, false],
    ['Record-Route', 183, true],
    ['Record-Route', 401, true],
    ['Subject', 200, false],
    ['X-Unknown', 200, true],
  ] as const)('%s in %s: %s', (name, place, expected) => {
    expect(mayStand(name, place)).toBe(expected);
  });
});
