import { describe, expect, it } from 'vitest';
import { defaultMessageLimits } from '../../../../src/sip/message/index.ts';
import { nextHop } from '../../../../src/sip/proxy/next-hop.ts';
import { OwnAddresses } from '../../../../src/sip/proxy/own-addresses.ts';
import { viewRoutes } from '../../../../src/sip/proxy/route-view.ts';
import { testRequest } from '../../../support/emergency-messages.ts';
import { testListeners } from '../../../support/proxy-harness.ts';

const own = new OwnAddresses(testListeners, []);

function hopOf(
  requestUri: string,
  routes: readonly string[] = [],
  routeUri: string | undefined = undefined,
  replaced: string | undefined = undefined,
) {
  const request = testRequest({ requestUri, headers: routes.map((route) => `Route: ${route}`) });
  return nextHop(viewRoutes(request, { own, limits: defaultMessageLimits }), routeUri, replaced);
}

describe('nextHop (RFC 3261 §16.6 item 7)', () => {
  it.each([
    ['a name', 'sip:a@example.org', ['example.org', undefined, undefined, false]],
    ['a name with a port', 'sip:a@example.org:5080', ['example.org', 5080, undefined, false]],
    ['TCP by its parameter', 'sip:a@192.0.2.9;transport=TCP', ['192.0.2.9', undefined, 'tcp', false]],
    ['TLS by its parameter', 'sip:a@192.0.2.9;transport=tls', ['192.0.2.9', undefined, 'tls', false]],
    ['sips', 'sips:a@192.0.2.9', ['192.0.2.9', undefined, 'tls', true]],
    ['sips beats its parameter', 'sips:a@192.0.2.9;transport=tcp', ['192.0.2.9', undefined, 'tls', true]],
    ['WebSocket of sips', 'sips:a@192.0.2.9;transport=ws', ['192.0.2.9', undefined, 'wss', true]],
    ['an unknown transport', 'sip:a@192.0.2.9;transport=sctp', ['192.0.2.9', undefined, undefined, false]],
    ['IPv6', 'sip:a@[2001:db8::9]:5061', ['2001:db8::9', 5061, undefined, false]],
    ['maddr', 'sip:a@example.org;maddr=192.0.2.9', ['192.0.2.9', undefined, undefined, false]],
  ] as const)('%s', (_name, uri, [host, port, transport, isSecure]) => {
    expect(hopOf(uri)).toEqual({ ok: true, value: { host, port, transport, isSecure } });
  });

  it('prefers the route of the target, then the first Route, then the Request-URI', () => {
    const routes = ['<sip:192.0.2.1;lr>', '<sip:192.0.2.8;lr>'];
    const hosts = [
      hopOf('sip:a@192.0.2.9', routes, 'sip:192.0.2.7'),
      hopOf('sip:a@192.0.2.9', routes),
      hopOf('sip:a@192.0.2.9', ['<sip:192.0.2.1;lr>']),
      hopOf('urn:service:sos', [], undefined, 'sip:a@192.0.2.6'),
    ].map((hop) => hop.ok && hop.value.host);
    expect(hosts).toEqual(['192.0.2.7', '192.0.2.8', '192.0.2.9', '192.0.2.6']);
  });

  it.each([
    ['without a transport', '<sip:192.0.2.8;lr>', undefined],
    ['of TCP', '<sip:192.0.2.8;transport=tcp;lr>', 'tls'],
    ['of WebSocket', '<sip:192.0.2.8;transport=ws;lr>', 'wss'],
  ] as const)(
    'makes the hop to a sip Route %s secure where the Request-URI is sips',
    (_name, route, transport) => {
      const hop = hopOf('sips:a@example.org', [route]);
      expect(hop).toEqual({
        ok: true,
        value: { host: '192.0.2.8', port: undefined, transport, isSecure: true },
      });
    },
  );

  it.each([
    ['urn:service:sos', undefined, 416, 'no way to reach a urn URI'],
    ['tel:+15551230000', undefined, 416, 'no way to reach a tel URI'],
    ['http://example.org', undefined, 416, 'no way to reach a http URI'],
    ['urn:service:sos', 'not a uri', 500, 'the next hop is no URI'],
  ] as const)('%s with route %s leads nowhere', (uri, routeUri, statusCode, detail) => {
    expect(hopOf(uri, [], routeUri)).toEqual({ ok: false, error: { statusCode, detail } });
  });
});
