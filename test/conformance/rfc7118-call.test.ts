import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  buildResponse,
  contacts,
  defaultMessageLimits,
  headerValue,
  headerValues,
  parseMessage,
  recordRoutes,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/sip/index.ts';
import type { RequestDecision } from '../../src/sip/proxy/index.ts';
import { type LiveProxy, startLiveProxy } from '../support/live-proxy.ts';
import { eventually, rawUdp } from '../support/net-loopback.ts';
import { type Authority, type MadeCertificate, makeAuthority } from '../support/net-tls.ts';
import { forwardTo } from '../support/proxy-harness.ts';
import { webSocketPeer } from '../support/websocket-peers.ts';

// RFC 7118 §8.2 on real sockets: a script in a browser calls through the proxy core, its driver and the transports.

const open: (() => Promise<unknown>)[] = [];
let authority: Authority;
let certificate: MadeCertificate;

beforeAll(async () => {
  authority = await makeAuthority();
  certificate = await authority.issue({ altNames: ['IP:127.0.0.1'] });
});

afterAll(() => authority.remove());

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function startProxy(decide: (request: SipRequest) => RequestDecision): Promise<LiveProxy> {
  const proxy = await startLiveProxy(certificate, decide);
  open.push(async () => expect(await proxy.stop()).toEqual([]));
  return proxy;
}

/** Somebody who speaks SIP by hand, over whatever carries it. */
interface Speaker {
  readonly inbox: SipMessage[];
  readonly contact: string;
  readonly viaStart: string;
  send(text: string | Buffer): void;
}

async function bobByUdp(proxy: LiveProxy): Promise<Speaker & { readonly uri: string }> {
  const udp = await rawUdp();
  open.push(async () => udp.socket.close());
  const inbox: SipMessage[] = [];
  // A copy that was sent again, because the machine was slow, says nothing new.
  const seen = new Set<string>();
  udp.socket.on('message', (bytes) => {
    const text = bytes.toString('latin1');
    if (!seen.has(text)) inbox.push(read(bytes));
    seen.add(text);
  });
  const { address, port } = proxy.listener('udp').local;
  const place = `127.0.0.1:${udp.endpoint.port}`;
  return {
    inbox,
    uri: `sip:${place}`,
    contact: `<sip:bob@${place}>`,
    viaStart: `SIP/2.0/UDP ${place}`,
    send: (text) => udp.socket.send(text, port, address),
  };
}

async function browser(
  proxy: LiveProxy,
  scheme: 'ws' | 'wss',
  host: string,
): Promise<Speaker & { close(): void }> {
  const peer = await webSocketPeer(proxy.listener(scheme).local, { scheme, ca: authority.ca });
  open.push(async () => peer.socket.terminate());
  const inbox: SipMessage[] = [];
  peer.socket.on('message', (bytes) => {
    if (Buffer.isBuffer(bytes)) inbox.push(read(bytes));
  });
  return {
    inbox,
    contact: `<sip:alice@${host};transport=ws>`,
    viaStart: `SIP/2.0/${scheme.toUpperCase()} ${host}`,
    send: (text) => peer.socket.send(text, { binary: false }),
    close: () => peer.socket.close(),
  };
}

function read(bytes: Buffer): SipMessage {
  const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
  if (outcome.kind !== 'message') throw new Error(bytes.toString('latin1'));
  expect(outcome.message.defects).toEqual([]);
  return outcome.message;
}

/** The next message of a speaker: a request of this method, or a response of this status. */
async function next(speaker: Speaker, what: string | number): Promise<SipMessage> {
  await eventually(() => expect(speaker.inbox.length).toBeGreaterThan(0));
  const message = speaker.inbox.shift();
  const name = message?.kind === 'request' ? message.method : message?.statusCode;
  expect(name).toBe(what);
  if (message === undefined) throw new Error('nothing came');
  return message;
}

async function nextRequest(speaker: Speaker, method: string): Promise<SipRequest> {
  const message = await next(speaker, method);
  if (message.kind !== 'request') throw new Error('no request');
  return message;
}

async function nextResponse(speaker: Speaker, statusCode: number): Promise<SipResponse> {
  const message = await next(speaker, statusCode);
  if (message.kind !== 'response') throw new Error('no response');
  return message;
}

let branches = 0;

/** A request without a Content-Length, as RFC 7118 §8.2 shows it. */
function requestText(
  speaker: Speaker,
  parts: {
    readonly method: string;
    readonly uri: string;
    readonly callId: string;
    readonly from?: string;
    readonly to?: string;
    readonly routes?: readonly string[];
  },
): string {
  const {
    method,
    uri,
    callId,
    from = '<sip:alice@example.com>;tag=a1',
    to = '<sip:bob@example.com>',
  } = parts;
  branches += 1;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: ${speaker.viaStart};branch=z9hG4bK7118x${branches}`,
    'Max-Forwards: 70',
    ...(parts.routes ?? []).map((route) => `Route: ${route}`),
    `From: ${from}`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: ${method === 'BYE' ? 2 : 1} ${method}`,
    `Contact: ${speaker.contact}`,
    '',
    '',
  ].join('\r\n');
}

function respond(speaker: Speaker, request: SipRequest, statusCode: number): SipResponse {
  const recorded = headerValues(request, 'record-route').map((value) => ['Record-Route', value] as const);
  const response = buildResponse(request, {
    statusCode,
    toTag: 'b1',
    headers: [...recorded, ['Contact', speaker.contact]],
  });
  speaker.send(response.bytes);
  return response;
}

interface Call {
  readonly invite: SipRequest;
  readonly answer: SipResponse;
}

/** INVITE, 180, 200 and ACK between two speakers. */
async function call(
  caller: Speaker,
  callee: Speaker,
  callId: string,
  parts: { readonly uri?: string; readonly routes?: readonly string[] } = {},
): Promise<Call> {
  caller.send(requestText(caller, { method: 'INVITE', uri: 'sip:bob@example.com', callId, ...parts }));
  const invite = await nextRequest(callee, 'INVITE');
  await nextResponse(caller, 100);
  respond(callee, invite, 180);
  await nextResponse(caller, 180);
  respond(callee, invite, 200);
  const answer = await nextResponse(caller, 200);
  caller.send(inDialog(caller, answer, 'ACK'));
  await nextRequest(callee, 'ACK');
  return { invite, answer };
}

function uriIn(message: SipMessage): string {
  const contact = contacts(message);
  return (contact.ok ? contact.value[0]?.uriText : undefined) ?? '';
}

function routesIn(message: SipMessage): readonly string[] {
  const routes = recordRoutes(message);
  return routes.ok ? routes.value.map(({ raw }) => raw) : [];
}

function inDialog(caller: Speaker, answer: SipResponse, method: string): string {
  return requestText(caller, {
    method,
    uri: uriIn(answer),
    callId: headerValue(answer, 'call-id') ?? '',
    to: headerValue(answer, 'to') ?? '',
    routes: routesIn(answer).toReversed(),
  });
}

function inDialogBack(callee: Speaker, { invite, answer }: Call, method: string): string {
  return requestText(callee, {
    method,
    uri: uriIn(invite),
    callId: headerValue(invite, 'call-id') ?? '',
    from: headerValue(answer, 'to') ?? '',
    to: headerValue(invite, 'from') ?? '',
    routes: routesIn(invite),
  });
}

async function nothingLeft(proxy: LiveProxy): Promise<void> {
  await eventually(() => expect(Object.values(proxy.counts()).every((count) => count === 0)).toBe(true));
}

describe('RFC 7118 §8.2: a call through a proxy', () => {
  it('from wss to UDP, ended by the called side', async () => {
    const decision: { value?: RequestDecision } = {};
    const proxy = await startProxy(() => decision.value ?? forwardTo([undefined]));
    const bob = await bobByUdp(proxy);
    decision.value = forwardTo([bob.uri]);
    const alice = await browser(proxy, 'wss', 'df7jal23ls0d.invalid');
    const made = await call(alice, bob, 'f1');
    const [own, below] = headerValues(made.invite, 'via');
    expect(own).toMatch(/^SIP\/2\.0\/UDP 127\.0\.0\.1:/);
    expect(below).toMatch(/^SIP\/2\.0\/WSS df7jal23ls0d\.invalid;branch=/);
    expect(headerValue(made.invite, 'content-length')).toBe('0');
    bob.send(inDialogBack(bob, made, 'BYE'));
    const bye = await nextRequest(alice, 'BYE');
    expect(headerValues(bye, 'via')[0]).toMatch(/^SIP\/2\.0\/WSS 127\.0\.0\.1:/);
    respond(alice, bye, 200);
    await nextResponse(bob, 200);
    await nothingLeft(proxy);
  });

  it('two browsers at once, one by ws and one by wss, each ended by itself', async () => {
    const decision: { value?: RequestDecision } = {};
    const proxy = await startProxy(() => decision.value ?? forwardTo([undefined]));
    const bob = await bobByUdp(proxy);
    decision.value = forwardTo([bob.uri]);
    const alice = await browser(proxy, 'wss', 'alice.invalid');
    const carol = await browser(proxy, 'ws', 'carol.invalid');
    const ofAlice = await call(alice, bob, 'of-alice');
    const ofCarol = await call(carol, bob, 'of-carol');
    for (const [speaker, made] of [
      [carol, ofCarol],
      [alice, ofAlice],
    ] as const) {
      speaker.send(inDialog(speaker, made.answer, 'BYE'));
      respond(bob, await nextRequest(bob, 'BYE'), 200);
      await nextResponse(speaker, 200);
    }
    expect([alice.inbox, carol.inbox, bob.inbox]).toEqual([[], [], []]);
    await nothingLeft(proxy);
  });

  it('back to a browser by the flow of its call, and from browser to browser', async () => {
    const decision: { value?: RequestDecision } = {};
    const proxy = await startProxy(() => decision.value ?? forwardTo([undefined]));
    const bob = await bobByUdp(proxy);
    decision.value = forwardTo([bob.uri]);
    const alice = await browser(proxy, 'wss', 'alice.invalid');
    const carol = await browser(proxy, 'ws', 'carol.invalid');
    const first = await call(alice, bob, 'first');
    decision.value = forwardTo([undefined]);
    const routes = routesIn(first.invite).slice(1);
    const back = await call(bob, alice, 'back', { uri: uriIn(first.invite), routes });
    expect(routesIn(back.answer).length).toBeGreaterThan(1);
    const across = await call(carol, alice, 'across', { uri: uriIn(first.invite), routes });
    alice.send(inDialogBack(alice, across, 'BYE'));
    respond(carol, await nextRequest(carol, 'BYE'), 200);
    await nextResponse(alice, 200);
    bob.send(inDialog(bob, back.answer, 'BYE'));
    respond(alice, await nextRequest(alice, 'BYE'), 200);
    await nextResponse(bob, 200);
    await nothingLeft(proxy);
  });

  it('RFC 5626 §5.3: a request to a browser that has gone is answered by 430', async () => {
    const decision: { value?: RequestDecision } = {};
    const proxy = await startProxy(() => decision.value ?? forwardTo([undefined]));
    const bob = await bobByUdp(proxy);
    decision.value = forwardTo([bob.uri]);
    const alice = await browser(proxy, 'wss', 'alice.invalid');
    const made = await call(alice, bob, 'gone');
    alice.close();
    bob.send(inDialogBack(bob, made, 'BYE'));
    await nextResponse(bob, 430);
    await nothingLeft(proxy);
  });
});
