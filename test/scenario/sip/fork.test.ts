import { afterEach, describe, expect, it } from 'vitest';
import { forkSetting, redirectTo, together, forkUris as uris } from '../../support/fork-setting.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(...parts: Parameters<typeof forkSetting>): ReturnType<typeof forkSetting> {
  const setting = forkSetting(...parts);
  harness = setting.harness;
  return setting;
}

const recurse = { kind: 'recurse', keepsRequestUri: true } as const;

function ended(): unknown[] {
  return harness.eventsOf('attemptEnded').map(({ label, statusCode }) => [label, statusCode]);
}

describe('a call that rings at several places', () => {
  it('and is answered at two: the caller acknowledges both and hangs up on one', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 180, { toTag: 'one' });
    two.respond(second, 180, { toTag: 'two' });
    one.respond(first, 200, { toTag: 'one' });
    two.respond(second, 200, { toTag: 'two' });
    // The second answer came before its CANCEL could do anything.
    two.respond(two.takeRequest('CANCEL'), 481);
    for (const status of [100, 180, 180]) caller.takeResponse(status);
    const [kept, unwanted] = [caller.takeResponse(200), caller.takeResponse(200)];
    caller.inDialog('ACK', kept);
    one.takeRequest('ACK');
    caller.inDialog('ACK', unwanted);
    two.takeRequest('ACK');
    caller.inDialog('BYE', unwanted);
    two.respond(two.takeRequest('BYE'), 200);
    caller.takeResponse(200);
    caller.inDialog('INFO', kept, { cseq: 3 });
    one.respond(one.takeRequest('INFO'), 200);
    expect([caller.waiting, one.waiting, two.waiting]).toEqual([['200'], [], []]);
    expect(ended()).toEqual([
      ['target1', 200],
      ['target2', 200],
    ]);
  });

  it('and is redirected at one of them: its contacts are tried beside the other', () => {
    const { caller, one, two, three, four } = setUp(
      forwardTo([{ routeUri: uris[0] }, { routeUri: uris[1], withPrevious: true }, { routeUri: uris[3] }], {
        redirects: recurse,
      }),
    );
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    two.respond(second, 180);
    one.respond(first, 302, redirectTo('<sip:198.51.100.4>'));
    const third = three.takeRequest('INVITE');
    two.respond(second, 486);
    expect(four.waiting).toEqual([]);
    three.respond(third, 480);
    four.respond(four.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });

  it('and the time of one is over: the others ring on, the next group waits for them', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([
        { routeUri: uris[0], timeoutMs: 5000 },
        { routeUri: uris[1], timeoutMs: 20_000, withPrevious: true },
        { routeUri: uris[2] },
      ]),
    );
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 180);
    two.respond(second, 180);
    harness.wait(5001);
    one.takeRequest('CANCEL');
    one.respond(first, 487);
    one.takeRequest('ACK');
    expect([two.waiting, three.waiting]).toEqual([[], []]);
    harness.wait(15_000);
    two.takeRequest('CANCEL');
    const third = three.takeRequest('INVITE');
    two.respond(second, 487);
    three.respond(third, 200);
    expect(caller.waiting).toEqual(['100', '180', '180', '200']);
  });

  it('and one is silent: the next group starts when the other refused, and the late answer still wins', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([
        { routeUri: uris[0], silenceTimeoutMs: 3000 },
        { routeUri: uris[1], silenceTimeoutMs: 3000, withPrevious: true },
        { routeUri: uris[2] },
      ]),
    );
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    two.respond(second, 180);
    harness.wait(3001);
    expect(three.waiting).toEqual([]);
    two.respond(second, 486);
    const third = three.takeRequest('INVITE');
    three.respond(third, 180);
    one.respond(first, 200);
    three.takeRequest('CANCEL');
    three.respond(third, 487);
    expect(caller.waiting).toEqual(['100', '180', '180', '200']);
  });

  it('and without failover: a refusal does not end the others, nor start the next group', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([{ routeUri: uris[0] }, { routeUri: uris[1], withPrevious: true }, { routeUri: uris[2] }], {
        failover: 'none',
      }),
    );
    caller.request();
    const second = two.takeRequest('INVITE');
    one.respond(one.takeRequest('INVITE'), 486);
    expect(two.waiting).toEqual([]);
    two.respond(second, 404);
    expect([caller.waiting, three.waiting]).toEqual([['100', '486'], []]);
  });

  it('a sibling whose name has no address does not hold up the next group', () => {
    const { caller, one, three } = setUp(
      forwardTo([
        { routeUri: uris[0] },
        { routeUri: 'sip:none.example.org', withPrevious: true },
        { routeUri: uris[2] },
      ]),
    );
    harness.names.set('none.example.org', []);
    caller.request();
    one.respond(one.takeRequest('INVITE'), 486);
    three.respond(three.takeRequest('INVITE'), 200);
    expect(ended()).toEqual([
      ['target2', 503],
      ['target1', 486],
      ['target3', 200],
    ]);
  });

  it('MESSAGE to several: the first 2xx is the answer', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request({ method: 'MESSAGE' });
    const [first, second] = [one.takeRequest('MESSAGE'), two.takeRequest('MESSAGE')];
    one.respond(first, 486);
    expect(caller.waiting).toEqual([]);
    two.respond(second, 202);
    expect(caller.waiting).toEqual(['202']);
  });
});

describe('a redirected call', () => {
  const two302 = redirectTo('<sip:198.51.100.3>;q=0.9', '<sip:198.51.100.4>;q=0.5');

  it('goes to the next contact beside a silent one, before the next target', () => {
    const { caller, one, two, three, four } = setUp(
      forwardTo([{ routeUri: uris[0], silenceTimeoutMs: 2000 }, { routeUri: uris[3] }], {
        redirects: recurse,
      }),
    );
    caller.request();
    one.respond(one.takeRequest('INVITE'), 302, two302);
    harness.wait(2001);
    expect(two.waiting.length).toBeGreaterThan(1);
    const third = three.takeRequest('INVITE');
    three.respond(third, 180);
    expect(four.waiting).toEqual([]);
    three.respond(third, 503);
    four.respond(four.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });

  it('and redirected again: the new contacts come before those that are left', () => {
    const { caller, one, two, three, four } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 302, two302);
    two.respond(two.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.5>'));
    four.respond(four.takeRequest('INVITE'), 486);
    three.respond(three.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(harness.eventsOf('attempt').map(({ contact }) => contact)).toEqual([
      undefined,
      'sip:198.51.100.3',
      'sip:198.51.100.5',
      'sip:198.51.100.4',
    ]);
  });

  it('and cancelled while a contact rings: no other contact', () => {
    const { caller, one, two, three } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    const invite = caller.request();
    one.respond(one.takeRequest('INVITE'), 302, two302);
    const second = two.takeRequest('INVITE');
    two.respond(second, 180);
    caller.cancel(invite);
    two.takeRequest('CANCEL');
    two.respond(second, 487);
    expect([caller.waiting, three.waiting]).toEqual([['100', '180', '200', '487'], []]);
  });

  it('whose contacts all point back at each other ends', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.3>'));
    two.respond(two.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.2>', '<sip:198.51.100.3>'));
    expect(caller.waiting).toEqual(['100', '480']);
  });

  it('to a place in the plan: it is tried once, in its turn', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0], uris[1]], { redirects: recurse }));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 302, redirectTo('<sip:198.51.100.3>'));
    two.respond(two.takeRequest('INVITE'), 486);
    expect(two.waiting).toEqual(['ACK']);
    expect(caller.waiting).toEqual(['100', '486']);
  });

  it('without any contact, or with one that cannot be read: the 3xx is an answer like another', () => {
    for (const contact of [[], ['<>']]) {
      const { caller, one } = setUp(forwardTo([uris[0]], { redirects: recurse }));
      caller.request();
      one.respond(one.takeRequest('INVITE'), 302, redirectTo(...contact));
      expect(caller.waiting).toEqual(['100', '302']);
      harness.drain();
    }
  });

  it('MESSAGE is redirected too', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0]], { redirects: recurse }));
    caller.request({ method: 'MESSAGE' });
    one.respond(one.takeRequest('MESSAGE'), 302, redirectTo('<sip:198.51.100.3>'));
    two.respond(two.takeRequest('MESSAGE'), 200);
    expect(caller.waiting).toEqual(['200']);
  });
});
