import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import type { Transport } from '../../src/sip/transaction/index.ts';
import { forwardTo, nothingOpen, ProxyHarness, type RequestParts } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(address = '203.0.113.1', port = 5080, transport: Transport = 'udp') {
  harness = new ProxyHarness();
  harness.decide = () => forwardTo(['sip:198.51.100.2'], { failover: 'none' });
  return { caller: harness.peer(address, port, transport), callee: harness.peer('198.51.100.2') };
}

/** Sends a request with this Via, refuses it, and gives the Via as it was forwarded and where the refusal went. */
function passage(via: string, ...from: Parameters<typeof setUp>) {
  const { caller, callee } = setUp(...from);
  caller.request({ method: 'MESSAGE', via });
  const request = callee.takeRequest('MESSAGE');
  callee.respond(request, 486);
  const answer = harness.sent.at(-1);
  if (answer === undefined) throw new Error('nothing was sent');
  const { destination } = answer;
  return {
    via: headerValues(request, 'via')[1] ?? '',
    destination,
    to: `${destination.remote.address}:${destination.remote.port}`,
  };
}

const branch = 'branch=z9hG4bKv';

describe('RFC 3261 §18.1.2: receiving responses', () => {
  it.each([
    ['another host', 'SIP/2.0/UDP 192.0.2.66:5060'],
    ['another port', 'SIP/2.0/UDP 192.0.2.1:5099'],
    ['a name that is not ours', 'SIP/2.0/UDP us.example.org:5060'],
  ])('RFC 3261 §18.1.2: a response whose top Via has %s is dropped without a word', (_name, sentBy) => {
    const { caller, callee } = setUp();
    caller.request();
    const request = callee.takeRequest('INVITE');
    const text = callee.respond(request, 100).bytes.toString('latin1');
    const before = harness.sent.length;
    callee.send(text.replace('100 Trying', '200 OK').replace('SIP/2.0/UDP 192.0.2.1:5060', sentBy));
    expect(harness.sent).toHaveLength(before);
    callee.respond(request, 486);
  });

  it('RFC 3261 §18.1.2: a response that came by another way than the request went is taken', () => {
    const { caller, callee } = setUp();
    const elsewhere = harness.peer('198.51.100.77', 5099);
    caller.request();
    elsewhere.respond(callee.takeRequest('INVITE'), 486);
    expect(caller.waiting).toEqual(['100', '486']);
  });
});

describe('RFC 3261 §18.2.1: receiving requests', () => {
  it.each([
    ['a name', `SIP/2.0/UDP phone.example.org:5080;${branch}`, ';received=203.0.113.1'],
    ['another address', `SIP/2.0/UDP 10.0.0.7;${branch}`, ';received=203.0.113.1'],
    ['its own address', `SIP/2.0/UDP 203.0.113.1:5080;${branch}`, ''],
  ])('RFC 3261 §18.2.1: received is added where sent-by has %s', (_name, via, added) => {
    expect(passage(via).via).toBe(via + added);
  });

  it('RFC 3261 §18.2.1: an IPv6 address is compared without its brackets', () => {
    const via = `SIP/2.0/UDP [2001:db8::7]:5080;${branch}`;
    expect(passage(via, '2001:db8::7').via).toBe(via);
    expect(passage(via, '2001:db8::8').via).toBe(`${via};received=2001:db8::8`);
  });

  it('RFC 3261 §18.2.1: a received that the sender wrote itself is replaced', () => {
    const via = `SIP/2.0/UDP 10.0.0.7;received=192.0.2.99;${branch}`;
    expect(passage(via).via).toBe(`SIP/2.0/UDP 10.0.0.7;${branch};received=203.0.113.1`);
  });
});

describe('RFC 3261 §18.2.2: sending responses', () => {
  it.each([
    ['to received, at the port of sent-by', 'SIP/2.0/UDP 10.0.0.7:5070', '203.0.113.1:5070'],
    ['to received, at 5060 without a port', 'SIP/2.0/UDP 10.0.0.7', '203.0.113.1:5060'],
    [
      'to the address of sent-by where that is the source',
      'SIP/2.0/UDP 203.0.113.1:5070',
      '203.0.113.1:5070',
    ],
    ['to maddr, at the port of sent-by', 'SIP/2.0/UDP 10.0.0.7:5070;maddr=203.0.113.9', '203.0.113.9:5070'],
    ['to a multicast maddr', 'SIP/2.0/UDP 10.0.0.7;maddr=224.0.1.75;ttl=1', '224.0.1.75:5060'],
  ])('RFC 3261 §18.2.2: by UDP %s', (_name, via, to) => {
    expect(passage(`${via};${branch}`).to).toBe(to);
  });

  it('RFC 3261 §18.2.2: by TCP on the connection of the request, and for a new one to the port of sent-by', () => {
    const { destination, to } = passage(`SIP/2.0/TCP 10.0.0.7:5070;${branch}`, '203.0.113.1', 40_000, 'tcp');
    expect([destination.transport, destination.connectionId, to]).toEqual([
      'tcp',
      'connection-203.0.113.1:40000',
      '203.0.113.1:5070',
    ]);
  });

  it('RFC 3261 §18.2.2: the transport is that by which the request came, whatever its Via says', () => {
    expect(
      passage(`SIP/2.0/UDP 10.0.0.7:5070;${branch}`, '203.0.113.1', 40_000, 'tcp').destination.transport,
    ).toBe('tcp');
  });
});

describe('RFC 3581 §4: symmetric responses', () => {
  const natted = { via: `SIP/2.0/UDP 10.0.0.7:5070;rport;${branch}` } satisfies RequestParts;

  it('RFC 3581 §4: rport gets the source port, and received is added even where it is the same address', () => {
    expect(passage(natted.via).via).toBe(
      `SIP/2.0/UDP 10.0.0.7:5070;${branch};received=203.0.113.1;rport=5080`,
    );
    const same = `SIP/2.0/UDP 203.0.113.1:5080;rport;${branch}`;
    expect(passage(same).via).toBe(`SIP/2.0/UDP 203.0.113.1:5080;${branch};received=203.0.113.1;rport=5080`);
  });

  it('RFC 3581 §4: the response goes to the address and port that the request came from', () => {
    expect(passage(natted.via).to).toBe('203.0.113.1:5080');
  });

  it('RFC 3581 §4: the response leaves from the address and port that the request came to', () => {
    expect(passage(natted.via).destination.local).toEqual({ address: '192.0.2.1', port: 5060 });
    expect(passage(natted.via, '2001:db8::7').destination.local).toEqual({
      address: '2001:db8::1',
      port: 5060,
    });
  });

  it('RFC 3581 §4: so do a response of our own, and its repetitions', () => {
    const { caller } = setUp();
    harness.decide = () => ({ kind: 'reply', statusCode: 404, reasonPhrase: 'Not Found', headers: [] });
    caller.request(natted);
    harness.wait(1_000);
    const answers = harness.sent.map(
      ({ destination }) => `${destination.remote.address}:${destination.remote.port}`,
    );
    expect(answers.length).toBeGreaterThan(2);
    expect(new Set(answers)).toEqual(new Set(['203.0.113.1:5080']));
  });

  it('RFC 3581 §3: our own Via asks for it', () => {
    const { caller, callee } = setUp();
    caller.request({ method: 'MESSAGE' });
    const request = callee.takeRequest('MESSAGE');
    expect(headerValue(request, 'via')).toMatch(/;rport$/);
    callee.respond(request, 200);
  });
});

describe('RFC 3261 §18.3: bodies of datagrams', () => {
  const text = (length: string, body: string) => {
    const { caller } = setUp();
    return {
      caller,
      bytes: `${caller.requestText({ method: 'MESSAGE' }).replace('Content-Length: 0', length)}${body}`,
    };
  };

  it('RFC 3261 §18.3: what is longer than its Content-Length ends there', () => {
    const { caller, bytes } = text('Content-Length: 3', 'abcdef');
    const callee = harness.peer('198.51.100.3');
    harness.decide = () => forwardTo(['sip:198.51.100.3'], { failover: 'none' });
    caller.send(bytes);
    const request = callee.takeRequest('MESSAGE');
    expect(request.body.toString()).toBe('abc');
    callee.respond(request, 200);
  });

  it('RFC 3261 §18.3: without a Content-Length the body ends with the datagram', () => {
    const { caller, bytes } = text('X: y', 'abcdef');
    const callee = harness.peer('198.51.100.3');
    harness.decide = () => forwardTo(['sip:198.51.100.3'], { failover: 'none' });
    caller.send(bytes);
    const request = callee.takeRequest('MESSAGE');
    expect(request.body.toString()).toBe('abcdef');
    callee.respond(request, 200);
  });

  // A PSAP that counts its body wrong would else never be heard: the call is lost, where its answer can be understood.
  it('RFC 3261 §18.3, deviation: a response shorter than its Content-Length goes up with the right one', () => {
    const { caller, callee } = setUp();
    caller.request();
    const request = callee.takeRequest('INVITE');
    const answer = callee.respond(request, 100).bytes.toString('latin1');
    callee.send(
      answer.replace('100 Trying', '183 Progress').replace('Content-Length: 0', 'Content-Length: 9'),
    );
    caller.takeResponse(100);
    expect(headerValues(caller.takeResponse(183), 'content-length')).toEqual(['0']);
    callee.respond(request, 486);
  });
});
