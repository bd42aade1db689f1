import { afterEach, describe, expect, it } from 'vitest';
import type { EffectId, ProxyTarget } from '../../../src/sip/proxy/index.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

const there: ProxyTarget = { label: '2 there', routeUri: 'sip:198.51.100.4', timeoutMs: 60_000 };

function setUp() {
  harness = new ProxyHarness();
  harness.decide = () => forwardTo(['sip:198.51.100.2', 'sip:198.51.100.3']);
  return {
    caller: harness.peer('203.0.113.1', 5080),
    psap: harness.peer('198.51.100.2'),
    next: harness.peer('198.51.100.3'),
    elsewhere: harness.peer('198.51.100.4'),
  };
}

function retarget(...more: readonly ProxyTarget[]): void {
  harness.input({ kind: 'retarget', id: questionId(), targets: [there, ...more] });
}

function questionId(): EffectId {
  const [attempt] = harness.eventsOf('attempt');
  if (attempt === undefined) throw new Error('nothing was tried');
  return attempt.decideId;
}

describe('a call that shall go elsewhere', () => {
  it('leaves the place where it rings and rings at the new one', () => {
    const { caller, psap, next, elsewhere } = setUp();
    caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    retarget();
    psap.takeRequest('CANCEL');
    const moved = elsewhere.takeRequest('INVITE');
    psap.respond(ringing, 487);
    psap.takeRequest('ACK');
    elsewhere.respond(moved, 180);
    elsewhere.respond(moved, 200);
    expect(caller.waiting).toEqual(['100', '180', '180', '200']);
    expect(next.waiting).toEqual([]);
    expect(harness.eventsOf('attempt').map(({ label }) => label)).toEqual(['target1', '2 there']);
  });

  it('is answered by the first place where that was faster than its CANCEL', () => {
    const { caller, psap, elsewhere } = setUp();
    caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    retarget();
    const moved = elsewhere.takeRequest('INVITE');
    elsewhere.respond(moved, 180);
    psap.respond(ringing, 200);
    elsewhere.takeRequest('CANCEL');
    elsewhere.respond(moved, 487);
    elsewhere.takeRequest('ACK');
    expect(caller.waiting).toEqual(['100', '180', '180', '200']);
  });

  it('cancels a place that has not responded as soon as it does', () => {
    const { caller, psap, elsewhere } = setUp();
    caller.request();
    const sent = psap.takeRequest('INVITE');
    retarget();
    expect(psap.waiting).toEqual([]);
    elsewhere.respond(elsewhere.takeRequest('INVITE'), 200);
    psap.respond(sent, 180);
    psap.takeRequest('CANCEL');
    psap.respond(sent, 487);
    psap.takeRequest('ACK');
    expect(caller.waiting.at(-1)).toBe('200');
  });

  it('goes on to the targets behind the new one, and not to the old ones', () => {
    const { caller, psap, next, elsewhere } = setUp();
    const last = harness.peer('198.51.100.5');
    caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    retarget({ ...there, label: '3 last', routeUri: 'sip:198.51.100.5' });
    psap.takeRequest('CANCEL');
    psap.respond(ringing, 487);
    psap.takeRequest('ACK');
    elsewhere.respond(elsewhere.takeRequest('INVITE'), 486);
    elsewhere.takeRequest('ACK');
    last.respond(last.takeRequest('INVITE'), 200);
    expect(next.waiting).toEqual([]);
    expect(caller.waiting.at(-1)).toBe('200');
  });

  it.each([
    ['was answered', 200, '200'],
    ['was refused for good', 603, '603'],
  ])('stays where it %s', (_, status, seen) => {
    const { caller, psap, elsewhere } = setUp();
    harness.decide = () => forwardTo(['sip:198.51.100.2'], { failover: 'none' });
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), status);
    if (status >= 300) psap.takeRequest('ACK');
    retarget();
    expect(elsewhere.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', seen]);
  });

  it('ends where the caller gave up', () => {
    const { caller, psap, elsewhere } = setUp();
    const invite = caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    caller.cancel(invite);
    retarget();
    psap.takeRequest('CANCEL');
    psap.respond(ringing, 487);
    psap.takeRequest('ACK');
    expect(elsewhere.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', '180', '200', '487']);
  });

  it('stays where the new place cannot be tried at all', () => {
    const { caller, psap } = setUp();
    caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    harness.input({ kind: 'retarget', id: questionId(), targets: [{ ...there, routeUri: 'sip:a b\r\nc' }] });
    expect(psap.waiting).toEqual([]);
    psap.respond(ringing, 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });
});
