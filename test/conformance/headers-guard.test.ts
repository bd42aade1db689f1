import { describe, expect, it } from 'vitest';
import { HeaderGuard, headerViolations, orderedNames } from '../support/header-guard.ts';
import { forwardTo, ProxyHarness } from '../support/proxy-harness.ts';
import { parsed } from '../support/sip-builders.ts';

// RFC 3261 §16.6 and §16.7: what a proxy leaves alone. The guard that holds every forwarded message of the scenarios to
// that, tried on messages that were tampered with.

const headers = [
  'Via: SIP/2.0/UDP 192.0.2.7:5080;branch=z9hG4bKa;rport',
  'Via: SIP/2.0/UDP 192.0.2.6;branch=z9hG4bKfirst',
  'Max-Forwards: 70',
  'Route: <sip:192.0.2.1;lr>',
  'Route: <sip:192.0.2.9;lr>',
  'f: "A" <sip:a@example.net>;tag=1',
  'To: <urn:service:sos>',
  'Call-ID: c1',
  'CSeq: 1 INVITE',
  'Contact: <sip:a@192.0.2.7:5080>',
  'Call-Info: <http://a.example/1>, <http://a.example/2>;purpose=x',
  'Call-Info: <http://a.example/3>',
  'Geolocation: <cid:loc@a.example>',
  'Content-ID: <loc@a.example>',
  'X-Own: one',
  'x-own:  two  ',
  'Content-Type: text/plain',
  'Content-Length: 4',
];
const received = request(headers);

function request(lines: readonly string[], body = 'body', startLine = 'INVITE urn:service:sos SIP/2.0') {
  return parsed(`${startLine}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** What a faultless proxy sends on. */
const forwardedLines = [
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport',
  'Via: SIP/2.0/UDP 192.0.2.7:5080;branch=z9hG4bKa;rport=5080;received=192.0.2.7',
  ...headers.slice(1, 2),
  'Max-Forwards: 69',
  'Record-Route: <sip:192.0.2.1;lr>',
  ...headers.slice(4),
];

function edited(edit: (lines: string[]) => void): readonly string[] {
  const lines = [...forwardedLines];
  edit(lines);
  return headerViolations(received, request(lines));
}

function replace(lines: string[], start: string, by: readonly string[]): void {
  const at = lines.findIndex((line) => line.startsWith(start));
  if (at < 0) throw new Error(`no line ${start}`);
  lines.splice(at, 1, ...by);
}

describe('RFC 3261 §16.6: the guard of forwarded requests', () => {
  it('lets a faultless one pass', () => {
    expect(headerViolations(received, request(forwardedLines))).toEqual([]);
  });

  it('lets a new Request-URI, a Geolocation and a Call-Info pass', () => {
    const lines = [...forwardedLines];
    replace(lines, 'Geolocation', [
      'Geolocation: <https://lis.example/1>',
      'Geolocation: <cid:loc@a.example>',
    ]);
    replace(lines, 'Call-Info: <http://a.example/3>', [
      'Call-Info: <http://a.example/3>',
      'Call-Info: <urn:emergency:uid:callid:1:b>;purpose=emergency-CallId',
    ]);
    expect(headerViolations(received, request(lines, 'body', 'INVITE sip:psap@b SIP/2.0'))).toEqual([]);
  });

  const rows: readonly (readonly [string, (lines: string[]) => void, string])[] = [
    ['an unknown header removed', (lines) => replace(lines, 'X-Own: one', []), 'x-own: 1 removed'],
    [
      'an unknown header changed',
      (lines) => replace(lines, 'X-Own: one', ['X-Own: three']),
      'x-own: 1 changed',
    ],
    ['an unknown header respelled', (lines) => replace(lines, 'x-own:', ['x-own: two']), 'x-own: 1 changed'],
    ['an unknown header added', (lines) => lines.push('X-New: 1'), 'x-new: 1 added'],
    [
      'a Contact changed',
      (lines) => replace(lines, 'Contact', ['Contact: <sip:b@192.0.2.7:5080>']),
      'Contact: 1 changed',
    ],
    ['a Contact added', (lines) => lines.push('Contact: <sip:b@c>'), 'Contact: 1 added'],
    [
      'a From spelled out',
      (lines) => replace(lines, 'f:', ['From: "A" <sip:a@example.net>;tag=1']),
      'From: 1 changed',
    ],
    ['a To tag given', (lines) => replace(lines, 'To:', ['To: <urn:service:sos>;tag=9']), 'To: 1 changed'],
    [
      'a Call-Info value dropped',
      (lines) => replace(lines, 'Call-Info: <http://a.example/3>', []),
      'Call-Info: 1 removed',
    ],
    [
      'a Geolocation changed',
      (lines) => replace(lines, 'Geolocation', ['Geolocation: <cid:other@a.example>']),
      'Geolocation: 1 changed',
    ],
    [
      'a Content-ID changed (RFC 8262 §3.4.2)',
      (lines) => replace(lines, 'Content-ID', ['Content-ID: <x@y>']),
      'Content-ID: 1 changed',
    ],
    [
      'the lower Via changed',
      (lines) =>
        replace(lines, 'Via: SIP/2.0/UDP 192.0.2.6', ['Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKfirst']),
      'Via: more than the top value',
    ],
    [
      'Call-Info lines reordered',
      (lines) => {
        replace(lines, 'Call-Info: <http://a.example/3>', []);
        replace(lines, 'Call-Info: <http://a.example/1>', [
          'Call-Info: <http://a.example/3>',
          'Call-Info: <http://a.example/1>, <http://a.example/2>;purpose=x',
        ]);
      },
      'Call-Info: values were reordered',
    ],
    [
      'lines of different names reordered',
      (lines) => {
        replace(lines, 'Content-Type', []);
        lines.splice(6, 0, 'Content-Type: text/plain');
      },
      'lines were reordered',
    ],
    [
      'unknown lines merged',
      (lines) => {
        replace(lines, 'x-own:', []);
        replace(lines, 'X-Own: one', ['X-Own: one, two']);
      },
      'x-own: 2 changed',
    ],
    [
      'a wrong Content-Length',
      (lines) => replace(lines, 'Content-Length', ['Content-Length: 9']),
      'Content-Length does not say',
    ],
  ];
  it.each(rows)('catches %s', (_name, edit, expected) => {
    const found = edited(edit);
    expect(found.join('; ')).toContain(expected);
  });

  it('catches a changed body, bytes that are no text included', () => {
    const before = parsed(Buffer.concat([received.bytes.subarray(0, -4), Buffer.of(0, 0xff, 0x0d, 1)]));
    const after = request(forwardedLines, '\0\xfe\r\x01');
    expect(headerViolations(before, after)).toEqual(['the body was changed']);
  });

  it('catches a changed method', () => {
    const after = request(forwardedLines, 'body', 'OPTIONS urn:service:sos SIP/2.0');
    expect(headerViolations(received, after)).toContain('the method was changed');
  });

  it('lets pass what was to be added by order, under any spelling', () => {
    const after = request([...forwardedLines, 'X-New: 1']);
    expect(headerViolations(received, after, orderedNames(['x-NEW']))).toEqual([]);
  });
});

describe('RFC 3261 §16.7: the guard of forwarded responses', () => {
  const lines = [
    'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours',
    'Via: SIP/2.0/UDP 192.0.2.7:5080;branch=z9hG4bKa',
    'From: <sip:a@example.net>;tag=1',
    'To: <urn:service:sos>;tag=2',
    'Call-ID: c1',
    'CSeq: 1 INVITE',
    'Contact: <sip:psap@192.0.2.20>',
    'WWW-Authenticate: Digest realm="a", nonce="1"',
    'X-Own: one',
    'Content-Length: 0',
  ];
  const response = (statusCode: number, kept: readonly string[]) =>
    parsed(`SIP/2.0 ${statusCode} As It Came\r\n${kept.join('\r\n')}\r\n\r\n`);

  it('lets a faultless one pass', () => {
    expect(headerViolations(response(401, lines), response(401, lines.slice(1)))).toEqual([]);
  });

  it.each([
    ['a Contact removed', 401, (kept: string[]) => replace(kept, 'Contact', []), 'Contact: 1 removed'],
    [
      'a challenge joined into one line',
      401,
      (kept: string[]) => replace(kept, 'WWW', ['WWW-Authenticate: Digest realm="b", nonce="1"']),
      'WWW-Authenticate: 1 changed',
    ],
    ['two Via values removed', 200, (kept: string[]) => kept.shift(), 'Via: more than the top'],
    ['an unknown header removed', 200, (kept: string[]) => replace(kept, 'X-Own', []), 'x-own: 1 removed'],
    ['a Record-Route added', 401, (kept: string[]) => kept.push('Route: <sip:x;lr>'), 'Route: 1 added'],
  ])('catches %s', (_name, statusCode, edit, expected) => {
    const kept = lines.slice(1);
    edit(kept);
    const found = headerViolations(response(statusCode, lines), response(statusCode, kept));
    expect(found.join('; ')).toContain(expected);
  });

  it('catches another status or phrase', () => {
    const after = parsed(`SIP/2.0 404 Not Found\r\n${lines.slice(1).join('\r\n')}\r\n\r\n`);
    expect(headerViolations(response(401, lines), after)).toContain('the status line was changed');
  });
});

describe('the guard of a proxy', () => {
  it('has compared every message of a call that went through', () => {
    const harness = new ProxyHarness();
    harness.decide = () => forwardTo(['sip:198.51.100.2:5070']);
    const caller = harness.peer('203.0.113.1', 5080);
    const psap = harness.peer('198.51.100.2', 5070);
    caller.request({ headers: ['X-Own: one'] });
    const invite = psap.takeRequest('INVITE');
    psap.respond(invite, 180);
    psap.respond(invite, 200);
    expect([harness.guard.compared, harness.guard.violations]).toEqual([3, []]);
    harness.drain();
  });

  it('compares what is forwarded and leaves the proxy its own messages', () => {
    const guard = new HeaderGuard();
    guard.received(received);
    expect(guard.sent(request(forwardedLines).bytes)).toEqual([]);
    const spoilt = forwardedLines.filter((line) => !line.startsWith('X-Own'));
    expect(guard.sent(request(spoilt).bytes)).toEqual(['x-own: 1 removed']);
    const cancel = request(forwardedLines.slice(0, 1), '', 'CANCEL urn:service:sos SIP/2.0');
    expect(guard.sent(cancel.bytes)).toEqual([]);
    expect([guard.compared, guard.violations]).toEqual([2, ['x-own: 1 removed']]);
  });
});
