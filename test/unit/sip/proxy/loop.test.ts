import { describe, expect, it } from 'vitest';
import { defaultMessageLimits } from '../../../../src/sip/message/index.ts';
import { hasLooped, loopHash, makeBranch } from '../../../../src/sip/proxy/loop.ts';
import { OwnAddresses } from '../../../../src/sip/proxy/own-addresses.ts';
import { viewRoutes } from '../../../../src/sip/proxy/route-view.ts';
import { requestFrom, requestText } from '../../../support/emergency-messages.ts';
import { testListeners } from '../../../support/proxy-harness.ts';

const own = new OwnAddresses(testListeners, []);
const base = requestText({
  headers: [
    'Geolocation: <cid:a>',
    'Geolocation: <https://lis.example/1>',
    'Accept-Contact: *;service="sos"',
    'Route: <sip:192.0.2.50;lr>',
  ],
  body: 'lat=1234',
});

function hashOf(text: string): string {
  const request = requestFrom(text);
  return loopHash(request, viewRoutes(request, { own, limits: defaultMessageLimits }));
}

describe('the loop hash (RFC 5393 §4.2.1)', () => {
  it.each([
    ['Request-URI', 'INVITE urn:service:sos ', 'INVITE urn:service:sos.fire '],
    ['Route', '<sip:192.0.2.50;lr>', '<sip:192.0.2.51;lr>'],
    ['Geolocation', '<cid:a>', '<cid:b>'],
    ['a second Geolocation', 'lis.example/1', 'lis.example/2'],
    ['Accept-Contact', 'service="sos"', 'service="sos.fire"'],
    ['the body', 'lat=1234', 'lat=1235'],
    ['Call-ID', 'call-1@', 'call-2@'],
    ['From tag', 'tag=f1', 'tag=f2'],
    ['CSeq number', 'CSeq: 1 ', 'CSeq: 2 '],
  ])('varies with %s', (_name, from, to) => {
    const changed = base.replace(from, to);
    expect(changed).not.toBe(base);
    expect(hashOf(changed)).not.toBe(hashOf(base));
  });

  it.each([
    ['the method', /INVITE/g, 'CANCEL'],
    ['Via', 'branch=z9hG4bKtest1', 'branch=z9hG4bKtest2'],
    ['Max-Forwards', 'Max-Forwards: 70', 'Max-Forwards: 69'],
    ['our own Route', 'Route: <sip:192.0.2.50;lr>', 'Route: <sip:192.0.2.1;lr>, <sip:192.0.2.50;lr>'],
  ])('does not vary with %s', (_name, from, to) => {
    const changed = base.replace(from, to);
    expect(changed).not.toBe(base);
    expect(hashOf(changed)).toBe(hashOf(base));
  });

  it.each([
    ['our Via with this hash', (hash: string) => `192.0.2.1:5060;branch=${makeBranch('u', hash)}`, true],
    ['our Via without a port', (hash: string) => `192.0.2.1;branch=${makeBranch('u', hash)}`, true],
    ['our Via with another hash', () => `192.0.2.1:5060;branch=${makeBranch('u', 'other')}`, false],
    [
      'a foreign Via with this hash',
      (hash: string) => `192.0.2.2:5060;branch=${makeBranch('u', hash)}`,
      false,
    ],
    ['our Via without a hash', () => '192.0.2.1:5060;branch=z9hG4bKu', false],
    ['our Via without a branch', () => '192.0.2.1:5060', false],
  ] as const)('%s: looped is %s', (_name, viaOf, expected) => {
    const via = `Via: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKz\r\nVia: SIP/2.0/UDP ${viaOf(hashOf(base))}\r\nVia:`;
    const request = requestFrom(base.replace('Via:', via));
    expect(hasLooped(request, viewRoutes(request, { own, limits: defaultMessageLimits }), own)).toBe(
      expected,
    );
  });
});
