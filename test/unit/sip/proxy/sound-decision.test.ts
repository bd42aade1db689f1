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
});
