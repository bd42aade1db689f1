import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import { defaultProxyLimits, type RequestDecision } from '../../src/sip/proxy/index.ts';
import type { Listener } from '../../src/sip/transaction/index.ts';
import { contactUris, forkSetting, redirectTo, forkUris as uris } from '../support/fork-setting.ts';
import { forwardTo, nothingOpen, type Peer, ProxyHarness } from '../support/proxy-harness.ts';

type Forward = Extract<RequestDecision, { kind: 'forward' }>;

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(...parts: Parameters<typeof forkSetting>): ReturnType<typeof forkSetting> {
  const setting = forkSetting(...parts);
  harness = setting.harness;
  return setting;
}

const recurse = { kind: 'recurse', keepsRequestUri: false } as const;

const secureListeners: readonly [Listener, ...Listener[]] = [
  {
    transport: 'udp',
    local: { address: '192.0.2.1', port: 5060 },
    announced: { host: '192.0.2.1', port: 5060 },
    ingress: 'test',
  },
  {
    transport: 'tls',
    local: { address: '192.0.2.1', port: 5061 },
    announced: { host: '192.0.2.1', port: 5061 },
    ingress: 'test',
  },
];

describe('RFC 3261 §16.5: determining request targets', () => {
  it('RFC 3261 §16.5: no target is tried twice, by the equality of URIs', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request({ requestUri: 'sip:help@example.org' });
    one.respond(
      one.takeRequest('INVITE'),
      302,
      redirectTo('<sip:198.51.100.3>', '<sip:198.51.100.2>', '<SIP:198.51.100.3>;q=0.4'),
    );
    one.takeRequest('ACK');
    two.respond(two.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.2>'));
    expect(one.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', '480']);
  });

  it('RFC 3261 §16.5: the Request-URI that was redirected is not tried again', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request({ requestUri: 'sip:help@198.51.100.3' });
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sip:help@198.51.100.3>'));
    expect([caller.waiting, two.waiting]).toEqual([['100', '480'], []]);
  });

  it('RFC 3261 §16.5: nothing is added for a Request-URI that is not ours to change: a 3xx passes', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]]));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.3>'));
    expect(two.waiting).toEqual([]);
    caller.takeResponse(100);
    expect(contactUris(caller.takeResponse(302))).toEqual(['sip:198.51.100.3']);
  });

  it('RFC 3261 §16.5: an empty target set is answered with 480', () => {
    const { caller, one } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.2>'));
    expect(caller.waiting).toEqual(['100', '480']);
  });
});

describe('RFC 3261 §16.7 item 4: recursion', () => {
  it('RFC 3261 §16.7 item 4: contacts are tried by q, the Request-URI replaced', () => {
    const { caller, one, two, three, four } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request({ requestUri: 'sip:help@example.org' });
    one.respond(
      one.takeRequest('INVITE'),
      300,
      redirectTo('<sip:c@198.51.100.3>;q=0.2', '<sip:a@198.51.100.4>;q=0.9, <sip:b@198.51.100.5>;q=0.5'),
    );
    const first = three.takeRequest('INVITE');
    expect([first.requestUri, headerValue(first, 'route')]).toEqual(['sip:a@198.51.100.4', undefined]);
    three.respond(first, 486);
    const second = four.takeRequest('INVITE');
    expect(second.requestUri).toBe('sip:b@198.51.100.5');
    four.respond(second, 480);
    two.respond(two.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3261 §16.7 item 4: with keepsRequestUri the contact is a route and the service URN stays', () => {
    const rule = { kind: 'recurse', keepsRequestUri: true } as const;
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: rule }));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sip:other@198.51.100.3?Subject=x>;q=1'));
    const next = two.takeRequest('INVITE');
    expect([next.requestUri, headerValue(next, 'route')]).toEqual([
      'urn:service:sos',
      '<sip:other@198.51.100.3;lr>',
    ]);
    two.respond(next, 200);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(harness.eventsOf('attempt').map(({ label, contact }) => [label, contact])).toEqual([
      ['target1', undefined],
      ['target1', 'sip:other@198.51.100.3'],
    ]);
  });

  it('RFC 3261 §16.7 item 4: contacts that are tried are taken off, the others left in the response', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request({ requestUri: 'sip:help@example.org' });
    one.respond(
      one.takeRequest('INVITE'),
      302,
      redirectTo('<sip:198.51.100.3>, <tel:+15551230000>;q=0.7', '<mailto:help@example.org>'),
    );
    two.respond(two.takeRequest('INVITE'), 404);
    caller.takeResponse(100);
    expect(contactUris(caller.takeResponse(302))).toEqual(['tel:+15551230000', 'mailto:help@example.org']);
  });

  it('RFC 3261 §16.7 item 4: a response left without contacts is no answer', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request({ requestUri: 'sip:help@example.org' });
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.3>'));
    two.respond(two.takeRequest('INVITE'), 486);
    expect(caller.waiting).toEqual(['100', '486']);
  });

  it.each([
    ['sips asked, sip given', 'sips:help@example.org', '<sip:198.51.100.3>'],
    ['sip asked, sips given (RFC 5630 §5.3)', 'sip:help@example.org', '<sips:198.51.100.3>'],
  ])('RFC 3261 §16.7 item 4: the scheme is kept: %s', (_name, requestUri, contact) => {
    const { caller, one, two } = setUp(forwardTo([{ routeUri: undefined }], { redirects: recurse }), {
      listeners: secureListeners,
    });
    harness.names.set('example.org', ['198.51.100.2']);
    const secure = harness.peer('198.51.100.2', 5061, 'tls');
    caller.request({ requestUri });
    const asked = requestUri.startsWith('sips') ? secure : one;
    const request = asked.takeRequest('INVITE');
    // The peer's answer comes by the plain listener: its branch is what counts.
    one.respond(request, 302, redirectTo(contact));
    expect(two.waiting).toEqual([]);
    caller.takeResponse(100);
    expect(contactUris(caller.takeResponse(302))).toEqual([contact.slice(1, -1)]);
  });

  it('RFC 3261 §16.7 item 4, RFC 5630 §5.3, deviation: an emergency call takes a contact of either scheme (RFC 6881 §9.1 SP-31)', () => {
    const more = { redirects: recurse, mayFallBackFromTls: true };
    const { caller, one } = setUp(forwardTo([uris[0]], more), { listeners: secureListeners });
    caller.request({ requestUri: 'sip:help@example.org' });
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sips:198.51.100.3>'));
    const [, second] = harness.eventsOf('attempt');
    expect(second?.destination).toMatchObject({ transport: 'tls', remote: { address: '198.51.100.3' } });
  });

  it('RFC 3261 §16.7 item 4: not more contacts than the limit; the others go to the caller', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }), {
      limits: { ...defaultProxyLimits, recursionsMax: 1 },
    });
    caller.request({ requestUri: 'sip:help@example.org' });
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.4>;q=0.1', '<sip:198.51.100.3>'));
    two.respond(two.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.5>'));
    caller.takeResponse(100);
    expect(contactUris(caller.takeResponse(302))).toEqual(['sip:198.51.100.4']);
  });

  it('RFC 3261 §16.7 item 4: a 416 to a service URN is tried again with the SIP URI that came', () => {
    const { caller, one } = setUp(forwardTo([uris[0]], { requestUri: 'urn:service:sos' }));
    caller.request({ requestUri: 'sip:911@example.net' });
    one.respond(one.takeRequest('INVITE'), 416);
    one.takeRequest('ACK');
    const again = one.takeRequest('INVITE');
    expect([again.requestUri, headerValue(again, 'route')]).toEqual([
      'sip:911@example.net',
      '<sip:198.51.100.2;lr>',
    ]);
    one.respond(again, 416);
    one.takeRequest('ACK');
    expect(one.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', '416']);
  });

  it('RFC 3261 §16.7 item 4: a 416 to a tel URI is tried again as a SIP URI of that host', () => {
    const { caller, one } = setUp(forwardTo([uris[0]], { requestUri: 'tel:+1-555-123' }));
    caller.request({ requestUri: 'sip:help@example.net' });
    one.respond(one.takeRequest('INVITE'), 416);
    one.takeRequest('ACK');
    const again = one.takeRequest('INVITE');
    expect(again.requestUri).toBe('sip:+1-555-123@198.51.100.2;user=phone');
    one.respond(again, 200);
  });

  it('RFC 3261 §21.3.4: the contact of a 305 is a proxy to go by, not a new Request-URI', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request({ requestUri: 'sip:help@example.org' });
    one.respond(one.takeRequest('INVITE'), 305, redirectTo('<sip:198.51.100.3>'));
    const next = two.takeRequest('INVITE');
    expect([next.requestUri, headerValue(next, 'route')]).toEqual([
      'sip:help@example.org',
      '<sip:198.51.100.3;lr>',
    ]);
    two.respond(next, 200);
  });

  it('RFC 3261 §21.3.5: a 380 is not followed', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 380, redirectTo('<sip:198.51.100.3>'));
    expect(two.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', '380']);
  });
});

describe('RFC 7044 §10.3: History-Info of a request that is redirected', () => {
  function redirected(headers: readonly string[], decision: Partial<Forward>, contact: string): Peer {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse, ...decision }));
    caller.request({ requestUri: 'sip:help@example.org', headers });
    one.respond(one.takeRequest('INVITE'), 302, redirectTo(contact));
    return two;
  }

  it('RFC 7044 §10.3 rule 4: the new entry has the next index, the redirected one its Reason', () => {
    const two = redirected(
      ['History-Info: <sip:help@example.org>;index=1'],
      {
        requestUri: 'sip:desk@example.org',
        edits: [
          { kind: 'append', name: 'History-Info', value: '<sip:desk@example.org>;index=1.1;mp=1' },
          { kind: 'append', name: 'Call-Info', value: '<urn:x>' },
        ],
      },
      '<sip:198.51.100.3>;mp=1',
    );
    const next = two.takeRequest('INVITE');
    expect(headerValues(next, 'history-info')).toEqual([
      '<sip:help@example.org>;index=1',
      '<sip:desk@example.org?Reason=SIP%3Bcause%3D302>;index=1.1;mp=1',
      '<sip:198.51.100.3>;index=1.2;mp=1.1',
    ]);
    expect(headerValue(next, 'call-info')).toBe('<urn:x>');
    two.respond(next, 200);
  });

  it('RFC 7044 §10.4: without rc or mp in the contact there is none in the entry', () => {
    const two = redirected(['History-Info: <sip:help@example.org>;index=1.3'], {}, '<sip:198.51.100.3>');
    const next = two.takeRequest('INVITE');
    expect(headerValues(next, 'history-info')).toEqual([
      '<sip:help@example.org>;index=1.3',
      '<sip:help@example.org?Reason=SIP%3Bcause%3D302>;index=1.3.1;np=1.3',
      '<sip:198.51.100.3>;index=1.3.2',
    ]);
    two.respond(next, 200);
  });

  it('RFC 7044 §9.1, §10.3 rule 6: a gap before us is filled, with the index 0', () => {
    const two = redirected(['History-Info: <sip:old@example.org>;index=1'], {}, '<sip:198.51.100.3>;rc=1');
    const next = two.takeRequest('INVITE');
    expect(headerValues(next, 'history-info').slice(1)).toEqual([
      '<sip:help@example.org>;index=1.0',
      '<sip:help@example.org?Reason=SIP%3Bcause%3D302>;index=1.0.1;np=1.0',
      '<sip:198.51.100.3>;index=1.0.2;rc=1.0.1',
    ]);
    two.respond(next, 200);
  });

  it('RFC 7044 §9.4: where nobody keeps a history none is begun', () => {
    const two = redirected([], {}, '<sip:198.51.100.3>;mp=1');
    const next = two.takeRequest('INVITE');
    expect(headerValues(next, 'history-info')).toEqual([]);
    two.respond(next, 200);
  });
});
