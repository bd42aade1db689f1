import { afterEach, describe, expect, it } from 'vitest';
import { ordinaryDecision } from '../../src/esrp/ordinary.ts';
import { headerValue, headerValues, type SipMessage, type SipResponse } from '../../src/sip/message/index.ts';
import { forwardTo, nothingOpen, type Peer, ProxyHarness, toTagOf } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp() {
  harness = new ProxyHarness();
  harness.decide = () => forwardTo(['sip:198.51.100.2'], { isEmergency: true });
  return { caller: harness.peer('203.0.113.1', 5080), callee: harness.peer('198.51.100.2') };
}

/** A call that both sides are in. */
function inCall() {
  const { caller, callee } = setUp();
  caller.request();
  const invite = callee.takeRequest('INVITE');
  const ok = callee.respond(invite, 200);
  caller.takeResponse(100);
  return { caller, callee, invite, ok, answer: caller.takeResponse(200) };
}

/** The lines that a proxy writes (RFC 3261 §16.6, §16.7; RFC 5393 §5.3.3). */
const ours = /^(?:Via|Max-Forwards|Max-Breadth|Route|Record-Route): .*\r\n/gm;

/** Head and body without what is a proxy's to write. */
function untouched(message: SipMessage): string {
  return message.bytes
    .toString('latin1')
    .replace(ours, '')
    .replace(/^\S+ \S+ SIP\/2\.0\r\n/, '');
}

/** Sends the response back and holds it to the same measure. */
function answerWith(
  callee: Peer,
  caller: Peer,
  statusCode: number,
  headers: readonly (readonly [string, string])[] = [],
) {
  const request = callee.inbox.at(-1);
  if (request?.kind !== 'request') throw new Error('no request');
  const sent = callee.respond(request, statusCode, { headers });
  const got = caller.inbox.at(-1);
  expect(got === undefined ? '' : untouched(got)).toBe(untouched(sent));
}

const rows: readonly (readonly [
  string,
  string,
  { readonly headers: readonly string[]; readonly body?: string },
  number,
])[] = [
  ['RFC 3262 §5', 'PRACK', { headers: ['RAck: 776656 1 INVITE', 'Require: 100rel'] }, 200],
  [
    'RFC 3311 §6',
    'UPDATE',
    { headers: ['Content-Type: application/sdp', 'Geolocation: <cid:a@b>'], body: 'v=0\r\n' },
    200,
  ],
  ['RFC 3311 §5.2', 'UPDATE', { headers: [] }, 491],
  [
    'RFC 6086 §4.2.3',
    'INFO',
    {
      headers: ['Info-Package: EmergencyCallData.eCall.MSD', 'Content-Disposition: Info-Package'],
      body: '\x00\x01\xff\r\n\x00',
    },
    200,
  ],
  ['RFC 6086 §4.2.2', 'INFO', { headers: ['Info-Package: dtmf'] }, 469],
  [
    'RFC 3428 §6',
    'MESSAGE',
    { headers: ['Content-Type: text/plain;charset=utf-8'], body: 'caf\xc3\xa9' },
    202,
  ],
  [
    'RFC 8876 §5',
    'MESSAGE',
    { headers: ['Content-Type: application/EmergencyCallData.cap+xml'], body: '<alert/>' },
    425,
  ],
  [
    'RFC 3515 §2.6',
    'REFER',
    { headers: ['Refer-To: <sips:psap@example.org?Replaces=a%40b%3Bto-tag%3D1>', 'Referred-By: <sip:a@b>'] },
    202,
  ],
  [
    'RFC 6665 §4.1',
    'SUBSCRIBE',
    { headers: ['Event: dialog', 'Expires: 0', 'Accept: application/dialog-info+xml'] },
    200,
  ],
  [
    'RFC 6665 §4.1.3',
    'NOTIFY',
    {
      headers: [
        'Event: refer;id=93809824',
        'Subscription-State: active;expires=60',
        'Content-Type: message/sipfrag',
      ],
      body: 'SIP/2.0 100 Trying\r\n',
    },
    200,
  ],
  ['RFC 3261 §11', 'OPTIONS', { headers: ['Accept: application/sdp'] }, 200],
  ['RFC 3261 §15', 'BYE', { headers: ['Reason: Q.850;cause=16;text="Terminated"'] }, 200],
];

describe('FIELD §1.2: requests within a dialog pass as they came, both ways', () => {
  it.each(rows)('%s: %s %#', (_section, method, parts, statusCode) => {
    const { caller, callee, invite, ok, answer } = inCall();
    for (const isFromCaller of [true, false]) {
      const [from, to] = isFromCaller ? [caller, callee] : [callee, caller];
      const sent = isFromCaller
        ? caller.inDialog(method, answer, parts)
        : callee.inDialogBack(method, invite, ok, parts);
      const got = to.inbox.at(-1);
      expect(got?.kind === 'request' && got.method).toBe(method);
      expect(got === undefined ? '' : untouched(got)).toBe(untouched(sent));
      answerWith(to, from, statusCode);
    }
    expect(harness.questions.size).toBe(0);
  });
});

describe('FIELD §1.2: requests outside of a dialog pass as they came', () => {
  it.each([
    ['RFC 3428 §6: MESSAGE', 'MESSAGE', ['Content-Type: text/plain'], 200],
    ['RFC 6665 §4.1.2: SUBSCRIBE', 'SUBSCRIBE', ['Event: presence', 'Expires: 600'], 200],
    ['RFC 6665 §4.4.1: NOTIFY', 'NOTIFY', ['Event: presence', 'Subscription-State: terminated'], 481],
    ['RFC 3515 §2.4: REFER', 'REFER', ['Refer-To: <urn:service:sos>'], 202],
    ['RFC 3903 §6: PUBLISH', 'PUBLISH', ['Event: presence', 'SIP-If-Match: dx200xyz', 'Expires: 1800'], 412],
    ['RFC 3903 §5: PUBLISH', 'PUBLISH', ['Event: presence', 'Expires: 1'], 423],
    ['RFC 3261 §11: OPTIONS', 'OPTIONS', ['Accept: application/sdp', 'Max-Forwards: 5'], 200],
    ['RFC 3261 §8.1: an unknown method', 'CHAT', ['X-Any: thing'], 501],
  ] as const)('%s', (_section, method, headers, statusCode) => {
    const { caller, callee } = setUp();
    const sent = caller.request({ method, requestUri: 'sip:bob@example.com', headers, body: '\x00x' });
    const got = callee.inbox[0];
    expect(got === undefined ? '' : untouched(got)).toBe(untouched(sent));
    const events =
      method === 'PUBLISH'
        ? ([
            ['SIP-ETag', 'kwj449x'],
            ['Min-Expires', '60'],
          ] as const)
        : [];
    answerWith(callee, caller, statusCode, events);
  });

  it('RFC 3428 §8: a long MESSAGE asks for a way with congestion control', () => {
    const { caller, callee } = setUp();
    const sizes: (number | undefined)[] = [];
    harness.resolve = (query) => {
      sizes.push(query.sizeBytes);
      return [
        {
          transport: 'tcp',
          remote: { address: '198.51.100.2', port: 5060 },
          connectionId: undefined,
          local: undefined,
        },
      ];
    };
    const long = harness.peer('198.51.100.2', 5060, 'tcp');
    caller.request({ method: 'MESSAGE', body: 'x'.repeat(2000) });
    long.respond(long.takeRequest('MESSAGE'), 200);
    expect(callee.inbox).toEqual([]);
    expect(sizes[0]).toBeGreaterThan(2000);
  });
});

describe('RFC 3262 §3, RFC 3261 §16.7 item 5: reliable provisional responses', () => {
  it('all pass, in order, with their RSeq, Require and To tags; two early dialogs may have one RSeq (FIELD case 37)', () => {
    const { caller, callee } = setUp();
    caller.request({ headers: ['Supported: 100rel'] });
    const invite = callee.takeRequest('INVITE');
    const rows = [
      [183, 'a', '1'],
      [180, 'b', '1'],
      [180, 'a', '2'],
    ] as const;
    for (const [status, toTag, rseq] of rows) {
      callee.respond(invite, status, {
        toTag,
        headers: [
          ['Require', '100rel'],
          ['RSeq', rseq],
        ],
      });
    }
    caller.takeResponse(100);
    const got = rows.map(([status]) => caller.takeResponse(status));
    expect(
      got.map((response) => [response.statusCode, toTagOf(response), headerValue(response, 'rseq')]),
    ).toEqual(rows);
    expect(got.map((response) => headerValues(response, 'require'))).toEqual([
      ['100rel'],
      ['100rel'],
      ['100rel'],
    ]);
    expect(harness.eventsOf('provisional')).toHaveLength(3);
    for (const response of got.slice(0, 2)) prack(caller, callee, response);
    callee.respond(invite, 200, { toTag: 'b' });
  });

  it('PRACK goes to the Contact of the 18x that it acknowledges', () => {
    const { caller, callee } = setUp();
    const gateway = harness.peer('198.51.100.77', 5099);
    caller.request({ headers: ['Require: 100rel'] });
    const invite = callee.takeRequest('INVITE');
    const early = callee.respond(invite, 183, {
      headers: [
        ['RSeq', '7'],
        ['Require', '100rel'],
      ],
    });
    expect(early.statusCode).toBe(183);
    caller.takeResponse(100);
    const got = caller.takeResponse(183);
    caller.inDialog('PRACK', got, {
      requestUri: `sip:early@${gateway.place}`,
      headers: ['RAck: 7 1 INVITE'],
    });
    const request = gateway.takeRequest('PRACK');
    expect(headerValue(request, 'rack')).toBe('7 1 INVITE');
    gateway.respond(request, 200);
    callee.respond(invite, 486);
  });

  it('a PRACK that came late gets its 481 through (RFC 3262 §3)', () => {
    const { caller, callee } = setUp();
    caller.request();
    const invite = callee.takeRequest('INVITE');
    callee.respond(invite, 183, { headers: [['RSeq', '7']] });
    caller.takeResponse(100);
    const early = caller.takeResponse(183);
    callee.respond(invite, 486);
    caller.takeResponse(486);
    callee.takeRequest('ACK');
    caller.inDialog('PRACK', early, { headers: ['RAck: 7 1 INVITE'] });
    callee.respond(callee.takeRequest('PRACK'), 481);
    caller.takeResponse(481);
  });

  function prack(caller: Peer, callee: Peer, response: SipResponse): void {
    const rseq = headerValue(response, 'rseq') ?? '';
    caller.inDialog('PRACK', response, {
      headers: [`RAck: ${rseq} 1 INVITE`],
      branch: `z9hG4bKp${toTagOf(response)}`,
    });
    const request = callee.takeRequest('PRACK');
    expect([toTagOf(request), headerValue(request, 'rack')]).toEqual([toTagOf(response), `${rseq} 1 INVITE`]);
    callee.respond(request, 200);
    caller.takeResponse(200);
  }
});

describe('RFC 6665 §4.1.2.4, §4.4.1: a NOTIFY before the 2xx of its SUBSCRIBE', () => {
  it('finds its way by the Record-Route of the SUBSCRIBE (FIELD case 53)', () => {
    const { caller, callee } = setUp();
    caller.request({ method: 'SUBSCRIBE', headers: ['Event: presence'] });
    const subscribe = callee.takeRequest('SUBSCRIBE');
    expect(headerValues(subscribe, 'record-route')).toEqual(['<sip:192.0.2.1:5060;lr>']);
    const early = callee.respond(subscribe, 100);
    const text = callee
      .requestText({
        method: 'NOTIFY',
        requestUri: 'sip:peer@203.0.113.1:5080',
        routes: headerValues(subscribe, 'record-route'),
        to: headerValue(subscribe, 'from') ?? '',
        headers: ['Event: presence', 'Subscription-State: active'],
      })
      .replace(/^From: .*$/m, `From: ${headerValue(subscribe, 'to')};tag=notifier`);
    expect(early.statusCode).toBe(100);
    callee.send(text);
    const notify = caller.takeRequest('NOTIFY');
    expect(headerValues(notify, 'record-route')).toEqual(['<sip:192.0.2.1:5060;lr>']);
    caller.respond(notify, 200);
    callee.takeResponse(200);
    callee.respond(subscribe, 200, { toTag: 'notifier' });
    caller.takeResponse(200);
  });
});

describe('bodies and options that a proxy leaves alone', () => {
  const boundary = '----7D1=_(x)';
  const signed = [
    `--${boundary}`,
    'Content-Type: application/sdp',
    '',
    'v=0\r\na=curr:qos e2e none\r\na=des:qos mandatory e2e sendrecv\r\n',
    `--${boundary}`,
    'Content-Type: application/pkcs7-signature; name=smime.p7s',
    'Content-Transfer-Encoding: binary',
    '',
    '0\x82\x01\x00\xff\xfe\n\r\x00',
    `--${boundary}--`,
    '',
  ].join('\r\n');

  it.each([
    [
      'RFC 3312 §5: preconditions',
      ['Require: precondition, 100rel', 'Content-Type: application/sdp'],
      'v=0\r\na=curr:qos local none\r\na=conf:qos remote sendrecv\r\n',
    ],
    [
      'RFC 3261 §23.3: multipart/signed',
      [
        `Content-Type: multipart/signed;protocol="application/pkcs7-signature";micalg=sha-256;boundary="${boundary}"`,
        'MIME-Version: 1.0',
      ],
      signed,
    ],
    [
      'RFC 3261 §23.4.3: enveloped',
      [
        'Content-Type: application/pkcs7-mime;smime-type=enveloped-data;name=smime.p7m',
        'Content-Disposition: attachment;handling=required',
      ],
      '0\x80\x06\x09\x2a\x86H\x86\xf7\x0d\x01\x07\x03',
    ],
    [
      'RFC 8262 §3.4.2: Content-ID',
      [
        'Content-ID: <target123@example.com>',
        'Geolocation: <cid:target123@example.com>',
        'Content-Type: application/pidf+xml',
      ],
      '<presence/>',
    ],
    [
      'RFC 3261 §7.3.1: folded, odd and unknown headers',
      [
        'Subject: first line,\r\n second line',
        'X-Unknown:   spaced   ',
        'Call-Info: <http://a>, <http://b>;purpose=info',
        'call-info: <http://c>',
        'Geolocation: <geo:1,2>;loc-src=x',
      ],
      'x',
    ],
  ])('%s: byte for byte, in the request and in its answer', (_name, headers, body) => {
    const { caller, callee } = setUp();
    const sent = caller.request({ headers, body });
    const got = callee.takeRequest('INVITE');
    expect(untouched(got)).toBe(untouched(sent));
    expect(got.body.equals(sent.body)).toBe(true);
    const failure = callee.respond(got, 580, {
      headers: [['Content-Type', 'application/sdp']],
      reasonPhrase: 'Precondition Failure',
    });
    caller.takeResponse(100);
    expect(untouched(caller.takeResponse(580))).toBe(untouched(failure));
  });
});

describe('RFC 3261 §11.2, RFC 4412 §3.2: OPTIONS for us', () => {
  it.each([
    ['by address', 'sip:192.0.2.1:5060', 70],
    ['by address without a port', 'sip:192.0.2.1', 70],
    ['by address with a user, as some probes write it', 'sip:ping@192.0.2.1', 70],
    ['without hops left (RFC 3261 §16.3 item 3)', 'sip:192.0.2.1', 0],
  ])('%s: 200 with what we take, and nothing else', (_name, requestUri, maxForwards) => {
    const { caller } = setUp();
    harness.decide = (request) =>
      ordinaryDecision(request, { nonEmergency: 'refuse' }, ({ host }) => host === '192.0.2.1');
    caller.request({ method: 'OPTIONS', requestUri, maxForwards });
    const response = caller.takeResponse(200);
    for (const name of ['accept', 'accept-encoding', 'accept-language', 'supported']) {
      expect(headerValues(response, name), name).not.toEqual([]);
    }
    // A proxy takes any method: Allow would be ambiguous.
    expect(headerValues(response, 'allow')).toEqual([]);
    expect(headerValues(response, 'accept-resource-priority')).toContain('esnet.1');
    expect(response.body).toHaveLength(0);
    expect(toTagOf(response)).toBeDefined();
    expect(caller.waiting).toEqual([]);
  });

  it('for somebody else passes, save without hops left', () => {
    const { caller, callee } = setUp();
    caller.request({ method: 'OPTIONS', requestUri: 'sip:bob@198.51.100.2', maxForwards: 1 });
    const request = callee.takeRequest('OPTIONS');
    expect(headerValue(request, 'max-forwards')).toBe('0');
    callee.respond(request, 486);
    caller.takeResponse(486);
    caller.request({
      method: 'OPTIONS',
      requestUri: 'sip:bob@198.51.100.2',
      maxForwards: 0,
      callId: 'call-2',
    });
    caller.takeResponse(483);
  });
});

describe('RFC 3261 §14, RFC 3311 §5: glare is between the endpoints', () => {
  it.each([491, 500])('a re-INVITE or UPDATE that meets %s gets it with its Retry-After', (status) => {
    const { caller, callee, answer } = inCall();
    for (const method of ['INVITE', 'UPDATE']) {
      caller.inDialog(method, answer, { headers: ['Content-Type: application/sdp'], body: 'v=0\r\n' });
      callee.respond(callee.takeRequest(method), status, { headers: [['Retry-After', '3']] });
      if (method === 'INVITE') {
        caller.takeResponse(100);
        callee.takeRequest('ACK');
      }
      expect(headerValue(caller.takeResponse(status), 'retry-after')).toBe('3');
    }
  });

  it('a BYE passes while a re-INVITE is open, and neither waits for the other', () => {
    const { caller, callee, invite, ok, answer } = inCall();
    caller.inDialog('INVITE', answer);
    const again = callee.takeRequest('INVITE');
    callee.inDialogBack('BYE', invite, ok);
    caller.takeResponse(100);
    caller.respond(caller.takeRequest('BYE'), 200);
    callee.takeResponse(200);
    callee.respond(again, 487);
    caller.takeResponse(487);
  });
});
