import { describe, expect, it } from 'vitest';
import { headerValue, headerValues, type SipRequest } from '../../src/sip/message/index.ts';
import {
  nothingOpen,
  notifierAddress,
  ownAddress,
  SubscriberHarness,
} from '../support/subscriber-harness.ts';

// The subscriber's half of RFC 6665, seen from the wire.

const timerNMs = 32_000;

function subscribed(state = 'active;expires=600'): SubscriberHarness {
  const at = new SubscriberHarness();
  at.subscribe();
  at.accept();
  at.notify({ state });
  return at;
}

function expiresOf(request: SipRequest): string | undefined {
  return headerValue(request, 'expires');
}

describe('RFC 6665 §4.1.2.1 requesting a subscription', () => {
  it('sends what a request outside of a dialog needs, and what the package is told by', () => {
    const at = new SubscriberHarness();
    const body = { contentType: 'application/simple-filter+xml', bytes: Buffer.from('<filter-set/>') };
    at.subscribe({ event: 'presence;id=7', body, headers: [['Resource-Priority', 'esnet.1']] });
    const request = at.lastSubscribe();
    expect(request.requestUri).toBe(`sip:caller@${notifierAddress}`);
    const shown = [
      'to',
      'cseq',
      'event',
      'accept',
      'expires',
      'max-forwards',
      'allow-events',
      'content-type',
    ];
    expect(Object.fromEntries(shown.map((key) => [key, headerValue(request, key)]))).toEqual({
      to: `<sip:caller@${notifierAddress}>`,
      cseq: '1 SUBSCRIBE',
      event: 'presence;id=7',
      accept: 'application/pidf+xml',
      expires: '600',
      'max-forwards': '70',
      'allow-events': 'presence, dialog',
      'content-type': 'application/simple-filter+xml',
    });
    expect(headerValue(request, 'resource-priority')).toBe('esnet.1');
    expect(headerValue(request, 'contact')).toMatch(new RegExp(`^<sip:ev\\w+@${ownAddress}:5060>$`));
    expect(request.body.toString()).toBe('<filter-set/>');
    expect(request.defects).toEqual([]);
  });

  it.each([403, 404, 406, 489, 500, 600])('takes a %d as: no subscription', (statusCode) => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.respond(statusCode);
    expect(at.lastEvent()).toMatchObject({ kind: 'failed', failure: { kind: 'refused', statusCode } });
    at.passAll();
    expect(at.open()).toEqual(nothingOpen);
  });

  it.each([401, 407])('has no credentials for a %d', (statusCode) => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.respond(statusCode);
    expect(at.lastEvent()).toMatchObject({ kind: 'failed', failure: { statusCode } });
    expect(at.subscribes()).toHaveLength(1);
  });

  it('asks once more, for as long as a 423 wants it', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.respond(423, [['Min-Expires', '3600']]);
    expect(at.subscribes().map(({ message }) => expiresOf(message))).toEqual(['600', '3600']);
    expect(headerValue(at.lastSubscribe(), 'cseq')).toBe('2 SUBSCRIBE');
    at.respond(423, [['Min-Expires', '7200']]);
    expect(at.lastEvent()).toMatchObject({ kind: 'failed', failure: { statusCode: 423 } });
  });

  it('follows a redirect, and a bounded number of them', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    const first = at.lastSubscribe();
    for (const host of ['198.51.100.21', '198.51.100.22', '198.51.100.23']) {
      at.respond(302, [['Contact', `<sip:caller@${host}>`]]);
    }
    expect(at.subscribes().map(({ destination }) => destination.remote.address)).toEqual([
      notifierAddress,
      '198.51.100.21',
      '198.51.100.22',
    ]);
    expect(headerValue(at.lastSubscribe(), 'call-id')).toBe(headerValue(first, 'call-id'));
    expect(headerValue(at.lastSubscribe(), 'to')).toBe(headerValue(first, 'to'));
    expect(at.lastEvent()).toMatchObject({ kind: 'failed', failure: { statusCode: 302 } });
  });

  it('does not follow a redirect to where it may not ask, nor from SIPS to SIP (RFC 5630 §5.3)', () => {
    const at = new SubscriberHarness({ mayFollow: ({ host }) => host !== '10.0.0.1' });
    at.subscribe();
    at.respond(302, [['Contact', '<sip:caller@10.0.0.1>']]);
    expect(at.lastEvent()).toMatchObject({ kind: 'failed' });
    expect(at.subscribes()).toHaveLength(1);
  });

  it('goes to the next address when one is silent, refuses to be reached or says 503 (RFC 3263 §4.3)', () => {
    const at = new SubscriberHarness();
    at.addresses.set('presence.example.net', ['198.51.100.1', '198.51.100.2', '198.51.100.3']);
    at.subscribe({ target: 'sip:caller@presence.example.net' });
    at.pass(500);
    const [, second] = at.subscribes();
    expect(second?.destination.remote.address).toBe('198.51.100.2');
    at.respond(503);
    expect(at.subscribes().at(-1)?.destination.remote.address).toBe('198.51.100.3');
    const failed = at.sent.at(-1);
    if (failed !== undefined) {
      at.submit({ kind: 'sendFailed', id: failed.id, error: { code: 'net.sendFailed', message: 'gone' } });
    }
    // The first one may still answer.
    at.respond(200, [['Expires', '600']], { to: at.subscribes()[0]?.message ?? at.lastSubscribe() });
    at.notify();
    expect(at.kinds()).toEqual(['notify']);
  });

  it('says so where there is no address', () => {
    const at = new SubscriberHarness();
    at.subscribe({ target: 'sip:caller@nowhere.example.net' });
    at.resolve([]);
    expect(at.lastEvent()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
    at.subscribe({ id: 's2', target: 'sip:caller@nowhere.example.net' });
    at.pass(3_000);
    expect(at.lastEvent()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
    at.passAll();
    expect(at.open()).toEqual(nothingOpen);
  });
});

describe('RFC 6665 §4.1.2.2 refreshing', () => {
  it('comes by itself before the subscription expires, in its dialog', () => {
    const at = subscribed();
    at.pass((600 - 64) * 1_000);
    expect(at.subscribes()).toHaveLength(1);
    at.pass(32_000);
    expect(at.subscribes()).toHaveLength(2);
    const refresh = at.lastSubscribe();
    expect(headerValue(refresh, 'to')).toMatch(/;tag=notifier$/);
    expect(headerValue(refresh, 'cseq')).toBe('2 SUBSCRIBE');
    expect(refresh.requestUri).toBe(`sip:notifier@${notifierAddress}`);
    expect(expiresOf(refresh)).toBe('600');
    at.accept();
    at.notify();
    expect(at.kinds()).toEqual(['notify', 'notify']);
  });

  it.each([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604])(
    'takes a %d as the end',
    (statusCode) => {
      const at = subscribed();
      at.submit({ kind: 'refresh', id: 's1' });
      at.respond(statusCode);
      expect(at.lastEvent()).toMatchObject({ kind: 'ended', end: 'refused' });
      at.passAll();
      expect(at.open()).toEqual(nothingOpen);
    },
  );

  it.each([400, 403, 500, 503, 600])('keeps the subscription for its time after a %d', (statusCode) => {
    const at = subscribed('active;expires=100');
    at.submit({ kind: 'refresh', id: 's1' });
    at.respond(statusCode);
    at.pass(40_000);
    expect(at.kinds()).toEqual(['notify']);
    at.notify();
    expect(at.kinds()).toEqual(['notify', 'notify']);
  });

  it('ends when Timer N fires without a NOTIFY', () => {
    const at = subscribed();
    at.submit({ kind: 'refresh', id: 's1' });
    at.accept();
    at.pass(timerNMs - 1);
    expect(at.kinds()).toEqual(['notify']);
    at.pass(1);
    expect(at.lastEvent()).toMatchObject({ kind: 'ended', end: 'silent' });
  });

  it('waits for no NOTIFY after a 204 (RFC 5839)', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.accept();
    at.notify({ headers: [['SIP-ETag', 'a1']] });
    at.submit({ kind: 'refresh', id: 's1' });
    expect(headerValue(at.lastSubscribe(), 'suppress-if-match')).toBe('a1');
    at.respond(204, [['Expires', '600']]);
    at.pass(2 * timerNMs);
    expect(at.kinds()).toEqual(['notify']);
  });
});

describe('RFC 6665 §4.1.2.3 unsubscribing', () => {
  it('is a refresh with Expires 0 that is over with the last NOTIFY', () => {
    const at = subscribed();
    at.unsubscribe();
    expect(expiresOf(at.lastSubscribe())).toBe('0');
    at.accept(0);
    expect(at.kinds()).toEqual(['notify']);
    at.notify({ state: 'terminated;reason=timeout' });
    expect(at.kinds()).toEqual(['notify', 'notify', 'ended']);
    expect(at.lastEvent()).toMatchObject({ end: 'unsubscribed' });
    at.passAll();
    expect(at.open()).toEqual(nothingOpen);
  });

  it('waits for the first NOTIFY where none has come yet', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.accept();
    at.unsubscribe();
    expect(at.subscribes()).toHaveLength(1);
    at.notify();
    expect(expiresOf(at.lastSubscribe())).toBe('0');
    at.notify({ state: 'terminated' });
    expect(at.lastEvent()).toMatchObject({ kind: 'ended', end: 'unsubscribed' });
  });

  it('is over by itself where the notifier is silent', () => {
    const at = subscribed();
    at.unsubscribe();
    at.passAll();
    expect(at.lastEvent()).toMatchObject({ kind: 'ended', end: 'unsubscribed' });
    expect(at.open()).toEqual(nothingOpen);
  });
});

describe('RFC 6665 §4.1.2.4 confirmation of subscription creation', () => {
  it('takes a NOTIFY that comes before the 200', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.notify({ body: '<presence/>' });
    expect(at.answers()).toEqual([200]);
    expect(at.lastEvent()).toMatchObject({ kind: 'notify', state: { state: 'active' } });
    at.accept();
    at.notify();
    expect(at.answers()).toEqual([200, 200]);
  });

  it('fails when Timer N fires before a NOTIFY, and answers later ones with 481', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.accept();
    at.pass(timerNMs - 1);
    expect(at.events).toEqual([]);
    at.pass(1);
    expect(at.lastEvent()).toMatchObject({ kind: 'failed', failure: { kind: 'silent' } });
    at.notify();
    expect(at.answers()).toEqual([481]);
  });

  it('does not let a refusal that comes late undo what a NOTIFY has made', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.notify();
    at.respond(500);
    expect(at.kinds()).toEqual(['notify']);
  });
});

describe('RFC 6665 §4.1.3 receiving and processing state information', () => {
  const wrong: readonly (readonly [
    name: string,
    parts: Parameters<SubscriberHarness['notify']>[0],
    statusCode: number,
    header?: readonly [string, string],
  ])[] = [
    ['an unknown Call-ID', { callId: 'other' }, 481],
    ['another To tag', { toTag: 'other' }, 481],
    ['no To tag', { toTag: undefined }, 481],
    ['another id of Event', { event: 'presence;id=2' }, 481],
    ['another known package', { event: 'dialog' }, 481],
    ['an unknown package', { event: 'weather' }, 489, ['allow-events', 'presence, dialog']],
    ['no Event', { event: undefined }, 400],
    ['an Event that cannot be read', { event: ';;' }, 400],
    ['no Subscription-State', { state: undefined }, 400],
    ['a Subscription-State that cannot be read', { state: 'active;expires=soon' }, 400],
    [
      'a type that was not asked for',
      { body: 'x', contentType: 'image/gif' },
      415,
      ['accept', 'application/pidf+xml'],
    ],
    ['too large a body', { body: Buffer.alloc(140_000) }, 413],
    ['an extension that is required', { headers: [['Require', 'magic']] }, 420, ['unsupported', 'magic']],
    ['another method', { method: 'MESSAGE' }, 405, ['allow', 'NOTIFY']],
  ];
  it.each(wrong.map(([name, parts, statusCode, header]) => ({ name, parts, statusCode, header })))(
    'answers $statusCode to $name, and goes on',
    ({ parts, statusCode, header }) => {
      const at = new SubscriberHarness();
      at.subscribe();
      at.notify(parts);
      expect(at.answers()).toEqual([statusCode]);
      if (header !== undefined) expect(headerValues(at.lastAnswer(), header[0]).join(', ')).toBe(header[1]);
      expect(at.kinds()).not.toContain('notify');
      at.notify();
      expect(at.answers()).toEqual([statusCode, 200]);
    },
  );

  it('answers 500 to a NOTIFY that is older than the last one (RFC 3261 §12.2.2)', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.notify({ sequence: 5 });
    at.notify({ sequence: 4 });
    at.notify({ sequence: 6 });
    expect(at.answers()).toEqual([200, 500, 200]);
    expect(at.kinds()).toEqual(['notify', 'notifyRefused', 'notify']);
  });

  it('answers a repeated NOTIFY again and tells of it once', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    const notify = at.notify();
    at.receive(notify);
    expect(at.answers()).toEqual([200, 200]);
    expect(at.kinds()).toEqual(['notify']);
  });

  it('answers 503 with a Retry-After to more NOTIFYs than the limit', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    for (let count = 0; count < 12; count += 1) at.notify();
    expect(at.answers()).toEqual([...Array(10).fill(200), 503, 503]);
    expect(headerValue(at.lastAnswer(), 'retry-after')).toBe('1');
    at.pass(1_000);
    at.notify();
    expect(at.answers().at(-1)).toBe(200);
  });

  it('takes the duration of a NOTIFY for the one that counts', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.accept(600);
    at.notify({ state: 'active;expires=20' });
    at.pass(10_000);
    expect(at.subscribes()).toHaveLength(2);
  });

  it('takes a state that it does not know for pending, and no expires from terminated', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.notify({ state: 'waiting;expires=60' });
    expect(at.lastEvent()).toMatchObject({ state: { state: 'pending', expiresS: 60 } });
    at.notify({ state: 'terminated;expires=60;reason=GiveUp;retry-after=9' });
    expect(at.events.at(-2)).toMatchObject({
      state: { state: 'terminated', expiresS: undefined, reason: 'giveup', retryAfterS: 9 },
    });
  });

  const reasons: readonly (readonly [state: string, waitS: number | undefined])[] = [
    ['reason=deactivated', 0],
    ['reason=deactivated;retry-after=99', 0],
    ['reason=probation', 30],
    ['reason=probation;retry-after=7', 7],
    ['reason=rejected;retry-after=7', undefined],
    ['reason=timeout;retry-after=99', 0],
    ['reason=giveup', 0],
    ['reason=giveup;retry-after=7', 7],
    ['reason=noresource', undefined],
    ['reason=invariant;retry-after=31536000', undefined],
    ['reason=badfilter', undefined],
    ['reason=unheard-of;retry-after=7', 7],
    ['retry-after=7', 7],
  ];
  it.each(reasons)('subscribes anew after terminated;%s as its reason says', (state, waitS) => {
    const at = new SubscriberHarness();
    at.subscribe({ resubscribes: true });
    at.notify({ state: `terminated;${state}` });
    if (waitS === undefined) {
      expect(at.lastEvent()).toMatchObject({ kind: 'ended', end: 'terminated' });
      expect(at.subscribes()).toHaveLength(1);
      return;
    }
    if (waitS > 0) {
      at.pass(waitS * 1_000 - 1);
      expect(at.subscribes()).toHaveLength(1);
    }
    at.pass(1);
    const [first, second] = at.subscribes();
    expect(second).toBeDefined();
    for (const key of ['call-id', 'from'] as const) {
      expect(second && headerValue(second.message, key)).not.toBe(first && headerValue(first.message, key));
    }
  });

  it('does not subscribe anew without end and without pause', () => {
    const at = new SubscriberHarness();
    at.subscribe({ resubscribes: true });
    for (let time = 0; time < 60; time += 1) {
      if (at.subscribes().length > at.answers().length) at.notify({ state: 'terminated;reason=deactivated' });
      at.pass(1_000);
    }
    expect(at.subscribes().length).toBeLessThan(9);
  });
});

describe('RFC 6665 §4.1.4 forking of SUBSCRIBE requests', () => {
  it('takes the first dialog alone where the package wants one (§5.4.9)', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.notify({ tag: 'one' });
    at.notify({ tag: 'two' });
    expect(at.answers()).toEqual([200, 481]);
    expect(at.open()['dialogs']).toBe(1);
  });

  it('makes a subscription of each where the package wants all, until Timer N fires', () => {
    const at = new SubscriberHarness();
    at.subscribe({ forks: 'all' });
    at.accept();
    at.notify({ tag: 'one' });
    at.notify({ tag: 'two' });
    expect(at.open()['dialogs']).toBe(2);
    at.pass(timerNMs);
    at.notify({ tag: 'three' });
    expect(at.answers()).toEqual([200, 200, 481]);
    at.notify({ tag: 'one', state: 'terminated;reason=noresource' });
    expect(at.kinds()).not.toContain('ended');
    at.unsubscribe();
    at.notify({ tag: 'two', state: 'terminated;reason=timeout' });
    expect(at.lastEvent()).toMatchObject({ kind: 'ended', end: 'unsubscribed' });
  });

  it('has a limit on dialogs', () => {
    const at = new SubscriberHarness();
    at.subscribe({ forks: 'all' });
    for (let count = 0; count < 9; count += 1) at.notify({ tag: `n${count}` });
    expect(at.answers()).toEqual([...Array(8).fill(200), 481]);
  });
});

describe('RFC 6665 §4.4.1 dialog creation and termination', () => {
  it('has the route set of the NOTIFY, and the target of the last one', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.respond(200, [
      ['Expires', '600'],
      ['Record-Route', '<sip:203.0.113.99;lr>'],
    ]);
    at.notify({ recordRoutes: ['<sip:203.0.113.1;lr>', '<sip:203.0.113.2;lr>'] });
    at.notify({ contact: '<sip:moved@198.51.100.8>', recordRoutes: ['<sip:203.0.113.9;lr>'] });
    at.unsubscribe();
    const last = at.subscribes().at(-1);
    expect(last?.message.requestUri).toBe('sip:moved@198.51.100.8');
    expect(last && headerValues(last.message, 'route')).toEqual([
      '<sip:203.0.113.1;lr>',
      '<sip:203.0.113.2;lr>',
    ]);
    expect(last?.destination.remote.address).toBe('203.0.113.1');
  });

  it('makes none of a NOTIFY that is terminated', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.notify({ state: 'terminated;reason=rejected' });
    expect(at.kinds()).toEqual(['notify', 'ended']);
    at.passAll();
    expect(at.open()).toEqual(nothingOpen);
  });
});

describe('RFC 6665 §4.4.3 polling resource state', () => {
  it('is a SUBSCRIBE with Expires 0, over with its NOTIFY', () => {
    const at = new SubscriberHarness();
    at.subscribe({ expiresS: 0 });
    expect(expiresOf(at.lastSubscribe())).toBe('0');
    at.accept(0);
    at.notify({ state: 'terminated;reason=timeout', body: '<presence/>' });
    expect(at.kinds()).toEqual(['notify', 'ended']);
    expect(at.subscribes()).toHaveLength(1);
    at.passAll();
    expect(at.open()).toEqual(nothingOpen);
  });

  it('is over by itself where the NOTIFY does not say that it is', () => {
    const at = new SubscriberHarness();
    at.subscribe({ expiresS: 0 });
    at.notify({ state: 'active' });
    at.passAll();
    expect(at.kinds()).toEqual(['notify', 'ended']);
    expect(at.open()).toEqual(nothingOpen);
  });
});

describe('RFC 6665 §4.6 CANCEL', () => {
  it('is answered, and changes nothing', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    at.notify({ branch: 'z9hG4bKone' });
    at.notify({ method: 'CANCEL', branch: 'z9hG4bKone' });
    at.notify({ method: 'CANCEL', branch: 'z9hG4bKtwo' });
    expect(at.answers()).toEqual([200, 200, 481]);
    expect(at.kinds()).toEqual(['notify']);
  });
});

describe('messages that are not the subscriber’s', () => {
  it('are told from its own by branch, Contact and Call-ID', () => {
    const at = new SubscriberHarness();
    at.subscribe();
    const own = at.makeNotify();
    const other = { requestUri: 'urn:service:sos', callId: 'other', toTag: undefined };
    expect(at.subscriber.isForSubscriber(own)).toBe(true);
    expect(at.subscriber.isForSubscriber(at.makeNotify({ requestUri: 'sip:firstline@example.org' }))).toBe(
      true,
    );
    expect(at.subscriber.isForSubscriber(at.makeNotify({ ...other, requestUri: own.requestUri }))).toBe(true);
    expect(at.subscriber.isForSubscriber(at.makeNotify(other))).toBe(false);
    expect(at.subscriber.isForSubscriber(at.makeNotify({ ...other, method: 'INVITE' }))).toBe(false);
  });
});
