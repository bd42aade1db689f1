import { describe, expect, it } from 'vitest';
import type { RequestDecision } from '../../../../src/sip/proxy/index.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../../../support/proxy-harness.ts';

const good = { kind: 'append', name: 'Call-Info', value: '<urn:x>;purpose=y' } as const;

function outcome(decision: RequestDecision) {
  const harness = new ProxyHarness();
  harness.decide = () => decision;
  const caller = harness.peer('203.0.113.1', 5080);
  const psap = harness.peer('198.51.100.2');
  const invite = caller.request();
  const forwarded = psap.inbox[0];
  if (forwarded?.kind === 'request') psap.respond(forwarded, 486);
  const last = caller.inbox.at(-1);
  if (last?.kind === 'response') caller.ackRefusal(invite, last);
  expect(harness.drain()).toEqual(nothingOpen);
  return { forwarded, last, unsound: harness.eventsOf('discarded').map((event) => event.detail) };
}

describe('a decision that would break a message', () => {
  it.each([
    [
      'a line break in an edit',
      { edits: [good, { kind: 'add', name: 'X', value: 'a\r\nb' }] },
      'a header edit',
    ],
    [
      'a character outside of latin1',
      { edits: [good, { kind: 'add', name: 'X', value: '\u20ac' }] },
      'a header edit',
    ],
    ['a name that is no token', { edits: [good, { kind: 'add', name: 'X Y', value: 'a' }] }, 'a header edit'],
    ['a space in the Request-URI', { requestUri: 'sip:a b@c', edits: [good] }, 'the Request-URI'],
  ] as const)('%s: that part is left out and the call goes on', (_name, more, what) => {
    const { forwarded, unsound } = outcome(forwardTo(['sip:198.51.100.2'], more));
    expect(unsound).toEqual([what]);
    expect(forwarded?.head).toContain('Call-Info: <urn:x>;purpose=y\r\n');
    expect(forwarded?.kind === 'request' && forwarded.requestUri).toBe('urn:service:sos');
    expect(forwarded?.head).not.toContain('\r\nX');
  });

  it.each([
    [
      'a status that is not final',
      { statusCode: 180, reasonPhrase: 'Ringing', headers: [] },
      500,
      'Server Internal Error',
    ],
    ['a broken reason', { statusCode: 403, reasonPhrase: 'a\nb', headers: [] }, 403, 'Server Internal Error'],
    [
      'a broken header',
      { statusCode: 403, reasonPhrase: 'No', headers: [{ name: 'X', value: 'a\rb' }] },
      403,
      'No',
    ],
  ])('%s in a reply: an answer is sent all the same', (_name, reply, statusCode, reasonPhrase) => {
    const { last, unsound } = outcome({ kind: 'reply', ...reply });
    expect(last).toMatchObject({ statusCode, reasonPhrase });
    expect(unsound).toEqual(['a reply']);
  });

  it.each([
    ['Via', 'SIP/2.0/UDP 198.51.100.9;branch=z9hG4bKx'],
    ['v', 'SIP/2.0/UDP 198.51.100.9;branch=z9hG4bKx'],
    ['Content-Length', '3'],
    ['CSeq', '5 INVITE'],
    ['Route', '<sip:198.51.100.9;lr>'],
    ['Max-Breadth', '70'],
  ])('an edit of %s, which the transaction hangs on, is left out', (name, value) => {
    const { forwarded, unsound } = outcome(
      forwardTo(['sip:198.51.100.2'], { edits: [good, { kind: 'add', name, value }] }),
    );
    expect(unsound).toEqual(['a header edit']);
    expect(forwarded?.head).toContain('Call-Info: <urn:x>;purpose=y\r\n');
    expect(forwarded?.head).not.toContain(`${name}: ${value}`);
  });
});

describe('targets that cannot be tried as they are', () => {
  it.each([
    ['angle brackets', '<sip:198.51.100.2>'],
    ['white space around it', ' sip:198.51.100.2\t'],
  ])('%s: repaired', (_name, routeUri) => {
    const { forwarded, unsound } = outcome(forwardTo([routeUri]));
    expect(unsound).toEqual(['a target']);
    expect(forwarded?.head).toContain('Route: <sip:198.51.100.2;lr>\r\n');
  });

  it.each([
    ['no number', Number.NaN],
    ['endless', Number.POSITIVE_INFINITY],
    ['negative', -1],
    ['zero', 0],
  ])('a time that is %s: the target is tried for the time of timer C', (_name, timeoutMs) => {
    const { forwarded, unsound } = outcome(
      forwardTo([{ routeUri: 'sip:198.51.100.2', timeoutMs, silenceTimeoutMs: timeoutMs }]),
    );
    expect(unsound).toEqual(['a target']);
    expect(forwarded?.kind).toBe('request');
  });

  it('one that is no URI is passed over, one that would break the message is left out', () => {
    const { forwarded, unsound } = outcome(
      forwardTo(['no uri', 'sip:198.51.100.9;x=\r\nX:y', 'sip:198.51.100.2']),
    );
    expect(unsound).toEqual(['a target']);
    expect(forwarded?.head).toContain('Route: <sip:198.51.100.2;lr>\r\n');
  });

  it.each([
    ['none is usable', forwardTo(['no uri', ''])],
    ['there is none', { ...forwardTo(['sip:198.51.100.2']), targets: [] } as unknown as RequestDecision],
  ])('where %s the fallback decision stands in', (_name, decision) => {
    const harness = new ProxyHarness({ fallbackDecision: () => forwardTo(['sip:198.51.100.7']) });
    harness.decide = () => decision;
    const caller = harness.peer('203.0.113.1', 5080);
    const last = harness.peer('198.51.100.7');
    caller.request();
    last.respond(last.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(harness.eventsOf('discarded').map(({ detail }) => detail)).toContain('no usable target');
    expect(harness.drain()).toEqual(nothingOpen);
  });

  it('where the fallback is no better an answer is sent all the same', () => {
    const harness = new ProxyHarness({ fallbackDecision: () => forwardTo(['']) });
    harness.decide = () => forwardTo(['no uri']);
    const caller = harness.peer('203.0.113.1', 5080);
    caller.request();
    expect(caller.waiting).toEqual(['100', '500']);
    expect(harness.drain()).toEqual(nothingOpen);
  });

  it('of too many the first ones and the last are kept', () => {
    const many = Array.from({ length: 20 }, (_, index) => `sip:198.51.100.${index + 100}`);
    const harness = new ProxyHarness();
    for (const uri of many) harness.broken.add(`${uri.slice(4)}:5060`);
    harness.decide = () => forwardTo(many);
    const caller = harness.peer('203.0.113.1', 5080);
    caller.request();
    expect(harness.eventsOf('attempt').map(({ destination }) => destination?.remote.address)).toEqual([
      ...many.slice(0, 15).map((uri) => uri.slice(4)),
      '198.51.100.119',
    ]);
    expect(harness.drain()).toEqual(nothingOpen);
  });
});
