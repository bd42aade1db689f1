import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

const rule = { intervalS: 1800, minSeS: 120 };

function setUp(
  options: { readonly isEmergency?: boolean; readonly sessionTimer?: typeof rule | undefined } = {},
) {
  const { isEmergency = false } = options;
  const sessionTimer = 'sessionTimer' in options ? options.sessionTimer : rule;
  harness = new ProxyHarness({ sessionTimer, recordRouteSecrets: [Buffer.from('secret')] });
  const caller = harness.peer('203.0.113.1', 5080);
  const callee = harness.peer('198.51.100.2');
  harness.decide = () => forwardTo(['sip:198.51.100.2'], { isEmergency });
  return { caller, callee };
}

/** What the request says after it passed, or the status that it got. */
function forwarded(headers: readonly string[], isEmergency = false, method = 'INVITE') {
  const { caller, callee } = setUp({ isEmergency });
  caller.request({ method, headers });
  const request = callee.inbox.shift();
  if (request?.kind !== 'request') {
    const response = caller.inbox.at(-1);
    if (response?.kind !== 'response') throw new Error('nothing came of it');
    return [response.statusCode, headerValue(response, 'min-se')];
  }
  callee.respond(request, 486);
  return [headerValue(request, 'session-expires'), headerValue(request, 'min-se')];
}

const timer = 'Supported: 100rel, timer';

describe('RFC 4028 §8.1: requests', () => {
  it.each([
    ['none', [], ['1800', undefined]],
    ['none, of a caller that knows timers', [timer], ['1800', undefined]],
    ['none, and a Min-SE above our interval', ['Min-SE: 2000'], ['2000', '2000']],
    ['a longer one', ['Session-Expires: 4000'], ['1800', undefined]],
    [
      'a longer one with its refresher',
      [timer, 'Session-Expires: 4000;refresher=uac'],
      ['1800;refresher=uac', undefined],
    ],
    ['a longer one, in compact form', ['x: 4000; refresher=uas'], ['1800; refresher=uas', undefined]],
    [
      'a longer one, not below its Min-SE',
      [timer, 'Session-Expires: 4000', 'Min-SE: 3000'],
      ['3000', '3000'],
    ],
    [
      'a shorter one that we take',
      [timer, 'Session-Expires: 600;refresher=uas'],
      ['600;refresher=uas', undefined],
    ],
    ['one at our minimum', [timer, 'Session-Expires: 120'], ['120', undefined]],
    ['one below its own Min-SE', [timer, 'Session-Expires: 300', 'Min-SE: 400'], ['400', '400']],
    ['one that cannot be read', ['Session-Expires: soon'], ['soon', undefined]],
  ])('Session-Expires: %s', (_name, headers, expected) => {
    expect(forwarded(headers)).toEqual(expected);
  });

  it('too small: 422 with our Min-SE, where the caller knows what that means', () => {
    expect(forwarded([timer, 'Session-Expires: 100'])).toEqual([422, '120']);
    expect(forwarded(['Require: timer', 'Session-Expires: 100'])).toEqual([422, '120']);
  });

  it('too small: Min-SE and Session-Expires are raised, where the caller would not know', () => {
    expect(forwarded(['Session-Expires: 100'])).toEqual(['120', '120']);
    expect(forwarded(['Session-Expires: 100', 'Min-SE: 90'])).toEqual(['120', '120']);
    expect(forwarded(['Session-Expires: 100', 'Min-SE: 200'])).toEqual(['200', '200']);
  });

  it('RFC 4028 §8.1, deviation: too small in an emergency call, it is never refused, and the Min-SE of a caller that knows timers stays', () => {
    expect(forwarded([timer, 'Session-Expires: 100', 'Min-SE: 95'], true)).toEqual(['100', '95']);
    expect(forwarded([timer, 'Session-Expires: 60'], true)).toEqual(['90', undefined]);
    expect(forwarded(['Session-Expires: 100'], true)).toEqual(['120', '120']);
  });

  it('an UPDATE is a session refresh too, other methods are none', () => {
    expect(forwarded([], false, 'UPDATE')).toEqual(['1800', undefined]);
    for (const method of ['INFO', 'MESSAGE', 'OPTIONS']) {
      expect(forwarded(['Session-Expires: 60'], false, method)).toEqual(['60', undefined]);
    }
  });

  it('without a rule all passes unchanged', () => {
    const { caller, callee } = setUp({ sessionTimer: undefined });
    caller.request({ headers: [timer, 'Session-Expires: 30'] });
    const request = callee.takeRequest('INVITE');
    expect([headerValue(request, 'session-expires'), headerValue(request, 'min-se')]).toEqual([
      '30',
      undefined,
    ]);
    expect(headerValue(callee.respond(request, 200), 'session-expires')).toBeUndefined();
    caller.takeResponse(100);
    expect(headerValue(caller.takeResponse(200), 'session-expires')).toBeUndefined();
  });
});

describe('RFC 4028 §8.2: responses', () => {
  function answer(
    requestHeaders: readonly string[],
    responseHeaders: readonly (readonly [string, string])[],
    status = 200,
  ) {
    const { caller, callee } = setUp();
    caller.request({ headers: requestHeaders });
    callee.respond(callee.takeRequest('INVITE'), status, { headers: responseHeaders });
    caller.takeResponse(100);
    const response = caller.takeResponse(status);
    return [headerValues(response, 'session-expires'), headerValues(response, 'require')];
  }

  it.each([
    ['knows no timers: the caller refreshes', [timer], [], [['1800;refresher=uac'], ['timer']]],
    [
      'requires something else',
      [timer],
      [['Require', '100rel']],
      [['1800;refresher=uac'], ['100rel', 'timer']],
    ],
    ['requires timers all the same', [timer], [['Require', 'timer']], [['1800;refresher=uac'], ['timer']]],
    [
      'answered with its own',
      [timer],
      [
        ['Session-Expires', '900;refresher=uas'],
        ['Require', 'timer'],
      ],
      [['900;refresher=uas'], ['timer']],
    ],
    ['knows no timers, nor does the caller', [], [], [[], []]],
    [
      'knows no timers, and the caller asked for less',
      [timer, 'Session-Expires: 600'],
      [],
      [['600;refresher=uac'], ['timer']],
    ],
  ] as const)('a called side that %s', (_name, requestHeaders, responseHeaders, expected) => {
    expect(answer(requestHeaders, responseHeaders)).toEqual(expected);
  });

  it('a provisional or refusing response is left as it is', () => {
    for (const status of [183, 486]) {
      expect(answer([timer], [], status)).toEqual([[], []]);
      const invite = harness.sent.find((sent) => sent.bytes.toString('latin1').startsWith('INVITE'));
      expect(invite).toBeDefined();
      harness.wait(200_000);
    }
  });

  it('a retransmitted 2xx gets the same', () => {
    const { caller, callee } = setUp();
    caller.request({ headers: [timer] });
    const invite = callee.takeRequest('INVITE');
    callee.respond(invite, 200);
    callee.respond(invite, 200);
    caller.takeResponse(100);
    const [first, second] = [caller.takeResponse(200), caller.takeResponse(200)];
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect(headerValue(second, 'session-expires')).toBe('1800;refresher=uac');
  });

  it("within a dialog too; an emergency call's re-INVITE is never refused", () => {
    for (const isEmergency of [false, true]) {
      const { caller, callee } = setUp({ isEmergency });
      caller.request({ headers: [timer] });
      callee.respond(callee.takeRequest('INVITE'), 200);
      caller.takeResponse(100);
      const first = caller.takeResponse(200);
      caller.inDialog('INVITE', first, { headers: [timer, 'Session-Expires: 100'] });
      if (!isEmergency) {
        caller.takeResponse(100);
        expect(headerValue(caller.takeResponse(422), 'min-se')).toBe('120');
        continue;
      }
      callee.respond(callee.takeRequest('INVITE'), 200);
      caller.takeResponse(100);
      expect(headerValue(caller.takeResponse(200), 'session-expires')).toBe('100;refresher=uac');
    }
  });
});
