import { describe, expect, it } from 'vitest';
import type { AgentEvent, AnswerPlan } from '../../../../src/sip/agent/index.ts';
import { SimulatedLink } from '../../../support/net-link.ts';

// The peer's messages are written out: what the agent makes of requests that no agent of ours would send.

const peer = { address: '192.0.2.99', port: 5060 };
const quick: AnswerPlan = {
  ringAfterMs: 10,
  outcome: { kind: 'answer', afterMs: 20, hangUpAfterMs: undefined },
};

interface Parts {
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly toTag?: string | undefined;
  readonly headers?: readonly string[];
  readonly body?: string;
}

function request(method: string, parts: Parts = {}): string {
  const body = parts.body ?? '';
  return [
    `${method} sip:agent@192.0.2.2 SIP/2.0`,
    `Via: SIP/2.0/UDP 192.0.2.99:5060;branch=z9hG4bK${parts.branch ?? `${method}${parts.cseq ?? 1}`}`,
    'Max-Forwards: 70',
    'From: <sip:peer@192.0.2.99>;tag=peer',
    `To: <sip:agent@192.0.2.2>${parts.toTag === undefined ? '' : `;tag=${parts.toTag}`}`,
    `Call-ID: ${parts.callId ?? 'c1'}`,
    `CSeq: ${parts.cseq ?? 1} ${method}`,
    'Contact: <sip:peer@192.0.2.99:5060>',
    ...(parts.headers ?? []),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

function setUp(answer: AnswerPlan = quick) {
  const link = new SimulatedLink({ seed: 3 });
  const agent = link.add({ name: 'agent', address: '192.0.2.2', answer });
  return {
    link,
    agent,
    /** Delivers a message and lets things happen for so long. */
    say: (text: string, forMs = 0): void => {
      link.inject('agent', text, peer);
      link.run(link.now + forMs);
    },
    statuses: (): readonly string[] =>
      link.sent.map((bytes) => bytes.toString('latin1', 0, bytes.indexOf('\r\n')).replace('SIP/2.0 ', '')),
    header: (name: string, index = -1): string | undefined =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(link.sent.at(index)?.toString('latin1') ?? '')?.[1]?.trimEnd(),
    tag: (): string | undefined =>
      /^To: .*;tag=(.*)$/m.exec(link.sent.at(-1)?.toString('latin1') ?? '')?.[1]?.trimEnd(),
    ends: (): readonly string[] =>
      agent.events.flatMap((event: AgentEvent) => (event.kind === 'ended' ? [event.end.reason] : [])),
  };
}

describe('a request outside of a dialog', () => {
  it('OPTIONS tells what we take', () => {
    const { say, statuses, header } = setUp();
    say(request('OPTIONS'));
    expect(statuses()).toEqual(['200 OK']);
    expect(header('Allow')).toBe('INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, MESSAGE');
    expect(header('Accept')).toContain('application/sdp');
    expect(header('Supported')).toBe('');
    expect(header('To')).toContain(';tag=');
  });

  for (const [method, status] of [
    ['MESSAGE', '200 OK'],
    ['BYE', '481 Call/Transaction Does Not Exist'],
    ['UPDATE', '481 Call/Transaction Does Not Exist'],
    ['CANCEL', '481 Call/Transaction Does Not Exist'],
    ['NOTIFY', '481 Call/Transaction Does Not Exist'],
    ['REGISTER', '405 Method Not Allowed'],
    ['FROBNICATE', '405 Method Not Allowed'],
  ] as const) {
    it(`${method} gets ${status}`, () => {
      const { say, statuses, link } = setUp();
      say(request(method));
      expect(statuses()).toEqual([status]);
      link.run();
      expect(link.remains()).toBe(0);
    });
  }

  it('with a tag that is not ours gets 481, and an ACK nothing', () => {
    const { say, statuses } = setUp();
    say(request('INFO', { toTag: 'unknown' }));
    say(request('ACK', { toTag: 'unknown' }));
    say(request('ACK'));
    expect(statuses()).toEqual(['481 Call/Transaction Does Not Exist']);
  });

  it('that requires extensions is told which ones are missing', () => {
    const { say, statuses, header, agent } = setUp();
    say(request('INVITE', { headers: ['Require: 100rel, timer', 'Require: foo'] }));
    expect(statuses()).toEqual(['420 Bad Extension']);
    expect(header('Unsupported')).toBe('100rel, timer, foo');
    expect(agent.events).toEqual([]);
  });
});

describe('an INVITE', () => {
  it('is answered with our Contact and the recorded route', () => {
    const { say, statuses, header } = setUp();
    const recorded = ['<sip:192.0.2.50;lr>', '<sip:192.0.2.51;lr>'];
    say(request('INVITE', { headers: [`Record-Route: ${recorded.join(', ')}`] }), 15);
    expect(statuses()).toEqual(['180 Ringing']);
    expect(header('Contact')).toBe('<sip:agent@192.0.2.2:5060>');
    expect(header('Record-Route')).toBe(recorded[0]);
  });

  it('without an offer gets one', () => {
    const { say, link } = setUp();
    say(request('INVITE'), 25);
    expect(link.sent.at(-1)?.toString('latin1')).toContain('m=audio 9 RTP/AVP 0');
  });

  it('that comes again by another way is refused as merged while the call is there (RFC 3261 §8.2.2.2)', () => {
    const { say, statuses } = setUp();
    say(request('INVITE', { branch: 'one' }));
    say(request('INVITE', { branch: 'two' }));
    expect(statuses()).toEqual(['482 Loop Detected']);
  });

  it('that is sent again gets the same response again, not a second call', () => {
    const { say, statuses, agent } = setUp();
    say(request('INVITE'), 15);
    say(request('INVITE'), 1);
    expect(statuses()).toEqual(['180 Ringing', '180 Ringing']);
    expect(agent.events.filter((event) => event.kind === 'incoming')).toHaveLength(1);
  });

  it('is taken back by CANCEL, which is answered itself', () => {
    const { say, statuses, ends, link } = setUp();
    say(request('INVITE', { branch: 'same' }), 15);
    say(request('CANCEL', { branch: 'same' }));
    expect(statuses()).toEqual(['180 Ringing', '200 OK', '487 Request Terminated']);
    say(request('ACK', { branch: 'same' }));
    expect(ends()).toEqual(['cancelled']);
    link.run();
    expect(link.remains()).toBe(0);
  });

  it('is not taken back once it was answered', () => {
    const { say, statuses, ends } = setUp();
    say(request('INVITE', { branch: 'same' }), 25);
    say(request('CANCEL', { branch: 'same' }));
    expect(statuses()).toEqual(['180 Ringing', '200 OK', '200 OK']);
    expect(ends()).toEqual([]);
  });
});

describe('inside of a dialog', () => {
  function answered() {
    const made = setUp();
    made.say(request('INVITE'), 25);
    const toTag = made.tag();
    made.say(request('ACK', { toTag, branch: 'ack' }));
    return { ...made, toTag };
  }

  it('a number that is not higher than the one before is refused with 500', () => {
    const { say, statuses, toTag } = answered();
    say(request('INFO', { toTag, cseq: 5 }));
    say(request('INFO', { toTag, cseq: 4 }));
    say(request('INFO', { toTag, cseq: 6 }));
    expect(statuses().slice(2)).toEqual(['200 OK', '500 CSeq out of order', '200 OK']);
  });

  it('an ACK of another number does not stop the repetitions', () => {
    const { say, link, statuses, tag } = setUp();
    say(request('INVITE'), 25);
    say(request('ACK', { toTag: tag(), branch: 'ack', cseq: 2 }));
    link.run(link.now + 600);
    expect(statuses()).toEqual(['180 Ringing', '200 OK', '200 OK']);
  });

  it('a BYE ends the call, before the answer too', () => {
    const { say, statuses, ends, tag, link } = setUp();
    say(request('INVITE'), 15);
    say(request('BYE', { toTag: tag(), cseq: 2 }));
    expect(statuses()).toEqual(['180 Ringing', '200 OK', '487 Request Terminated']);
    expect(ends()).toEqual(['hungUpByPeer']);
    say(request('ACK', { branch: 'INVITE1' }));
    link.run();
    expect(link.remains()).toBe(0);
  });

  it('an INVITE before the first is answered gets 500 with Retry-After', () => {
    const { say, statuses, header, tag } = setUp();
    say(request('INVITE'), 15);
    say(request('INVITE', { toTag: tag(), cseq: 2 }));
    expect(statuses().at(-1)).toBe('500 Server Internal Error');
    expect(header('Retry-After')).toBe('5');
  });

  it('our BYE waits for the ACK (RFC 3261 §15)', () => {
    const { say, link, statuses, tag } = setUp();
    say(request('INVITE'), 25);
    const toTag = tag();
    link.submit('agent', { kind: 'hangUp', callId: 'c1' });
    expect(statuses()).toEqual(['180 Ringing', '200 OK']);
    say(request('ACK', { toTag, branch: 'ack' }));
    expect(statuses().at(-1)).toBe('BYE sip:peer@192.0.2.99:5060 SIP/2.0');
  });

  const routes: readonly {
    readonly name: string;
    readonly recorded: readonly string[];
    readonly requestUri: string;
    readonly route: readonly string[];
    readonly to: string;
  }[] = [
    {
      name: 'no route',
      recorded: [],
      requestUri: 'sip:peer@192.0.2.99:5060',
      route: [],
      to: '192.0.2.99:5060',
    },
    {
      name: 'loose routers, in the order that the callee sees',
      recorded: ['<sip:192.0.2.50;lr>', '<sip:192.0.2.51:5070;lr>'],
      requestUri: 'sip:peer@192.0.2.99:5060',
      route: ['<sip:192.0.2.50;lr>', '<sip:192.0.2.51:5070;lr>'],
      to: '192.0.2.50:5060',
    },
    {
      name: 'a strict router, which gets the Request-URI (RFC 3261 §12.2.1.1)',
      recorded: ['<sip:192.0.2.50:5080>', '<sip:192.0.2.51;lr>'],
      requestUri: 'sip:192.0.2.50:5080',
      route: ['<sip:192.0.2.51;lr>', '<sip:peer@192.0.2.99:5060>'],
      to: '192.0.2.50:5080',
    },
    {
      name: 'a name that the resolver knows',
      recorded: ['<sip:proxy.example;lr>'],
      requestUri: 'sip:peer@192.0.2.99:5060',
      route: ['<sip:proxy.example;lr>'],
      to: '192.0.2.77:5060',
    },
    {
      name: 'a name that it does not: back to where the INVITE came from',
      recorded: ['<sip:nowhere.example;lr>'],
      requestUri: 'sip:peer@192.0.2.99:5060',
      route: ['<sip:nowhere.example;lr>'],
      to: '192.0.2.99:5060',
    },
  ];
  for (const row of routes) {
    it(`a request of ours goes by ${row.name}`, () => {
      const { say, link, tag } = setUp();
      link.hosts.set('proxy.example', '192.0.2.77');
      const headers = row.recorded.map((value) => `Record-Route: ${value}`);
      say(request('INVITE', { headers }), 25);
      say(request('ACK', { toTag: tag(), branch: 'ack' }));
      link.submit('agent', { kind: 'hangUp', callId: 'c1' });
      link.run(link.now + 50);
      const bye = link.sent.at(-1)?.toString('latin1') ?? '';
      expect(bye.split('\r\n')[0]).toBe(`BYE ${row.requestUri} SIP/2.0`);
      expect([...bye.matchAll(/^Route: (.*)\r$/gm)].map((match) => match[1])).toEqual(row.route);
      expect(link.sentTo.at(-1)).toBe(row.to);
      expect(bye).toContain('To: <sip:peer@192.0.2.99>;tag=peer\r\n');
    });
  }
});

describe('a response to a call of ours', () => {
  function placed() {
    const made = setUp();
    made.link.submit('agent', {
      kind: 'call',
      call: {
        callId: 'out-1',
        requestUri: 'urn:service:sos',
        fromUri: 'sip:agent@192.0.2.2',
        firstHop: { host: '192.0.2.99', port: 5060, transport: 'udp' },
        headers: [],
        body: undefined,
        giveUpAfterMs: undefined,
        hangUpAfterMs: undefined,
      },
    });
    const invite = made.link.sent.at(-1)?.toString('latin1') ?? '';
    const line = (name: string): string => new RegExp(`^${name}: .*\r$`, 'm').exec(invite)?.[0] ?? '';
    const respond = (status: string, tag: string, headers: readonly string[] = []): void =>
      made.say(
        [
          `SIP/2.0 ${status}`,
          line('Via').trim(),
          line('From').trim(),
          `To: <urn:service:sos>;tag=${tag}`,
          line('Call-ID').trim(),
          line('CSeq').trim(),
          ...headers,
          'Content-Length: 0',
          '',
          '',
        ].join('\r\n'),
        1,
      );
    const starts = (): readonly string[] =>
      made.link.sent.slice(1).map((bytes) => bytes.toString('latin1', 0, bytes.indexOf(' SIP/2.0')));
    return { ...made, respond, starts };
  }

  it('of several callees makes several early dialogs, and the answer belongs to one', () => {
    const { respond, starts, agent } = placed();
    respond('180 Ringing', 'a', ['Contact: <sip:a@192.0.2.10>']);
    respond('183 Session Progress', 'b', ['Contact: <sip:b@192.0.2.11>']);
    respond('200 OK', 'b', ['Contact: <sip:b@192.0.2.11>']);
    expect(starts()).toEqual(['ACK sip:b@192.0.2.11']);
    expect(agent.events.map((event) => event.kind)).toEqual(['provisional', 'provisional', 'answered']);
  });

  it('that comes again is acknowledged again, with the same ACK', () => {
    const { respond, link } = placed();
    respond('200 OK', 'a', ['Contact: <sip:a@192.0.2.10>']);
    respond('200 OK', 'a', ['Contact: <sip:a@192.0.2.10>']);
    const [, first, second] = link.sent;
    expect(first?.toString('latin1')).toMatch(/^ACK sip:a@192\.0\.2\.10 /);
    expect(second).toEqual(first);
  });

  it('of a second callee that answers too is acknowledged and hung up (RFC 3261 §13.2.2.4)', () => {
    const { respond, starts, ends } = placed();
    respond('200 OK', 'a', ['Contact: <sip:a@192.0.2.10>']);
    respond('200 OK', 'b', ['Contact: <sip:b@192.0.2.11>']);
    expect(starts()).toEqual(['ACK sip:a@192.0.2.10', 'ACK sip:b@192.0.2.11', 'BYE sip:b@192.0.2.11']);
    expect(ends()).toEqual([]);
  });

  it('carries the route of our requests in reverse (RFC 3261 §12.1.2)', () => {
    const { respond, link } = placed();
    respond('200 OK', 'a', [
      'Contact: <sip:a@192.0.2.10>',
      'Record-Route: <sip:192.0.2.51;lr>, <sip:192.0.2.50;lr>',
    ]);
    const ack = link.sent.at(-1)?.toString('latin1') ?? '';
    expect([...ack.matchAll(/^Route: (.*)\r$/gm)].map((match) => match[1])).toEqual([
      '<sip:192.0.2.50;lr>',
      '<sip:192.0.2.51;lr>',
    ]);
    expect(link.sentTo.at(-1)).toBe('192.0.2.50:5060');
    expect(ack).toContain('CSeq: 1 ACK\r\n');
  });

  it('of 300 to 699 ends the call', () => {
    const { respond, ends, starts } = placed();
    respond('302 Moved Temporarily', 'a', ['Contact: <sip:a@192.0.2.10>']);
    expect(ends()).toEqual(['refused']);
    expect(starts()).toEqual(['ACK urn:service:sos']);
  });
});
