import { afterEach, describe, expect, it } from 'vitest';
import { naptrServices } from '../../src/net/naptr-services.ts';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import { defaultPort } from '../../src/sip/transaction/index.ts';
import { parseUri } from '../../src/sip/uri/index.ts';
import { eventually, rawClient } from '../support/net-loopback.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../support/proxy-harness.ts';
import { allListeners, secrets } from '../support/routing-listeners.ts';
import {
  browserOptions,
  startWebSocket,
  upgradeText,
  type WebSocketHarness,
  webSocketPeer,
} from '../support/websocket-peers.ts';

// RFC 7118 section by section: sections 3 to 6 on real sockets where bytes matter, on the proxy core where timers do.

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function started(): Promise<WebSocketHarness> {
  const harness = await startWebSocket();
  open.push(() => harness.stop());
  return harness;
}

async function peerOf(harness: WebSocketHarness) {
  const peer = await webSocketPeer(harness.local);
  open.push(async () => peer.socket.terminate());
  return peer;
}

/** A proxy with listeners of every transport, a browser in front and a UDP peer behind it. */
function proxied(from: 'ws' | 'wss' = 'wss') {
  const harness = new ProxyHarness({ listeners: allListeners, recordRouteSecrets: secrets });
  const browser = harness.peer('203.0.113.1', 40_001, from);
  const bob = harness.peer('198.51.100.2', 5070);
  harness.decide = () => forwardTo([`sip:${bob.place}`]);
  return { harness, browser, bob };
}

const invented = 'SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks';

describe('RFC 7118 §4.1: the handshake', () => {
  it('the example of the section is answered by 101 with the sub-protocol sip', async () => {
    const harness = await started();
    const client = await rawClient(harness.local);
    open.push(async () => client.socket.destroy());
    await client.write(upgradeText({ Host: 'sip-ws.example.com', Origin: 'http://www.example.com' }));
    await eventually(() => expect(client.text()).toContain('\r\n\r\n'));
    expect(client.text()).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(client.text()).toContain('\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
    expect(client.text()).toContain('\r\nSec-WebSocket-Protocol: sip\r\n');
  });

  it('a client that does not offer sip is refused', async () => {
    const harness = await started();
    await expect(webSocketPeer(harness.local, { protocols: ['chat'] })).rejects.toThrow('400');
    await expect(webSocketPeer(harness.local, { protocols: [] })).rejects.toThrow('400');
  });

  it('no 101 is a transport error of the transaction, and the next address is tried', () => {
    const { harness, bob } = proxied();
    const caller = harness.peer('203.0.113.5');
    const gone = harness.peer('198.51.100.9', 5090, 'ws');
    harness.broken.add(gone.place);
    harness.decide = () => forwardTo([`sip:${gone.place};transport=ws`, `sip:${bob.place}`]);
    caller.request();
    expect(bob.takeRequest('INVITE').method).toBe('INVITE');
  });

  it('what is no SIP message ends the connection', async () => {
    const harness = await started();
    const peer = await peerOf(harness);
    peer.socket.send('GET / HTTP/1.1\r\n\r\n');
    await eventually(() => expect(peer.closeCode()).toBe(1008));
    expect(harness.received).toEqual([]);
  });
});

describe('RFC 7118 §4.2: encoding', () => {
  it('text and binary frames are both taken', async () => {
    const harness = await started();
    const peer = await peerOf(harness);
    peer.socket.send(browserOptions({ callId: 'text' }), { binary: false });
    peer.socket.send(browserOptions({ callId: 'binary' }), { binary: true });
    await eventually(() => expect(harness.received).toHaveLength(2));
    expect(harness.received.map(({ message }) => message.defects)).toEqual([[], []]);
  });

  it.each([
    ['ASCII', Buffer.from('SIP/2.0 200 OK\r\n\r\n'), false],
    ['UTF-8', Buffer.from('SIP/2.0 200 très bien ☎\r\n\r\n'), false],
    ['a header that is no UTF-8', Buffer.from('SIP/2.0 200 tr\xe8s bien\r\n\r\n', 'latin1'), true],
    ['a body that is no UTF-8', Buffer.from('SIP/2.0 200 OK\r\n\r\n\xff\x00', 'latin1'), true],
    ['a body cut inside of a character', Buffer.from('SIP/2.0 200 OK\r\n\r\n\xe2\x98', 'latin1'), true],
  ] as const)('a message with %s leaves whole', async (_name, bytes, isBinary) => {
    const harness = await started();
    const peer = await peerOf(harness);
    peer.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    harness.send(bytes, harness.backTo(0));
    await eventually(() => expect(peer.heard).toEqual([{ bytes, isBinary }]));
  });
});

describe('RFC 7118 §5: a reliable transport that keeps messages apart', () => {
  it('requests to a WebSocket are not sent again', () => {
    const { harness } = proxied();
    const caller = harness.peer('203.0.113.5');
    const server = harness.peer('198.51.100.9', 5090, 'wss');
    harness.decide = () => forwardTo([`sips:${server.place};transport=ws`]);
    caller.request({ method: 'MESSAGE' });
    caller.request({ callId: 'call-2', branch: 'z9hG4bKother' });
    harness.wait(15_000);
    expect(server.waiting).toEqual(['MESSAGE', 'INVITE']);
  });

  it('final responses to a WebSocket are not sent again, and the transactions end at once', () => {
    const { harness, browser, bob } = proxied();
    const invite = browser.request({ via: invented });
    bob.respond(bob.takeRequest('INVITE'), 486);
    browser.takeResponse(100);
    const busy = browser.takeResponse(486);
    harness.wait(10_000);
    expect(browser.waiting).toEqual([]);
    browser.ackRefusal(invite, busy);
    expect(harness.core.counts().serverTransactions).toBe(0);
    expect(harness.drain()).toEqual(nothingOpen);
  });

  it('a message without Content-Length is whole, and gets one where it is needed', () => {
    const { browser, bob } = proxied();
    const text = browser.requestText({ via: invented, body: 'v=0\r\n' });
    browser.send(text.replace(/Content-Length: \d+\r\n/, ''));
    const request = bob.takeRequest('INVITE');
    expect(headerValue(request, 'content-length')).toBe('5');
    expect(request.body.toString()).toBe('v=0\r\n');
    expect(request.defects).toEqual([]);
  });

  it('so does a response', () => {
    const { harness, bob } = proxied();
    const caller = harness.peer('203.0.113.5');
    const server = harness.peer('198.51.100.9', 5090, 'ws');
    harness.decide = () => forwardTo([`sip:${server.place};transport=ws`]);
    caller.request();
    const request = server.takeRequest('INVITE');
    const copied = ['via', 'from', 'call-id', 'cseq'].flatMap((key) =>
      headerValues(request, key).map((value) => `${key}: ${value}`),
    );
    server.send(
      [
        'SIP/2.0 200 OK',
        ...copied,
        'To: <urn:service:sos>;tag=x',
        'Contact: <sip:x@y.invalid;transport=ws>',
        '',
        '',
      ].join('\r\n'),
    );
    caller.takeResponse(100);
    expect(headerValue(caller.takeResponse(200), 'content-length')).toBe('0');
    expect(bob.waiting).toEqual([]);
  });

  it('only the first message of a WebSocket message is read', async () => {
    const harness = await started();
    const peer = await peerOf(harness);
    const one = browserOptions({ callId: 'one' }).replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n');
    peer.socket.send(`${one}${browserOptions({ callId: 'two' })}`);
    peer.socket.send(browserOptions({ callId: 'three' }));
    await eventually(() => expect(harness.received).toHaveLength(2));
    expect(harness.received.map(({ message }) => headerValue(message, 'call-id'))).toEqual(['one', 'three']);
  });
});

describe('RFC 7118 §5.1, §5.2: what the transport is called', () => {
  it.each([
    ['ws', 'sip', 'SIP/2.0/WS 192.0.2.1:5062'],
    ['wss', 'sips', 'SIP/2.0/WSS 192.0.2.1:5063'],
  ] as const)('§5.1: a request by %s says so in its Via', (transport, scheme, sentBy) => {
    const { harness } = proxied();
    const caller = harness.peer('203.0.113.5');
    const server = harness.peer('198.51.100.9', 5090, transport);
    harness.decide = () => forwardTo([`${scheme}:${server.place};transport=ws`]);
    caller.request();
    expect(headerValues(server.takeRequest('INVITE'), 'via')[0]).toContain(`${sentBy};branch=`);
  });

  it('§5.2: transport=ws in a URI is one of its parameters', () => {
    const uri = parseUri('sip:proxy.example.com;transport=ws');
    expect(uri).toMatchObject({ ok: true, value: { params: [{ name: 'transport', value: 'ws' }] } });
  });

  it('§5.2: our Record-Route towards a WebSocket says transport=ws', () => {
    const { browser, bob } = proxied();
    browser.request({ via: invented });
    const [, below] = headerValues(bob.takeRequest('INVITE'), 'record-route');
    expect(below).toMatch(/^<sips?:[\w-]+@192\.0\.2\.1:5063;transport=ws;lr>$/);
  });
});

describe('RFC 7118 §5.3: the way of responses', () => {
  it('a response to an invented sent-by goes by the connection that the request came on', () => {
    const { harness, browser, bob } = proxied();
    browser.request({ via: invented });
    bob.respond(bob.takeRequest('INVITE'), 200);
    browser.takeResponse(100);
    expect(browser.takeResponse(200).statusCode).toBe(200);
    const answers = harness.sent.filter(({ destination }) => destination.transport === 'wss');
    expect(answers.map(({ destination }) => destination.onlyConnection)).toEqual([true, true]);
  });

  it('a response of a server that adds no received is taken', () => {
    const { harness } = proxied();
    const caller = harness.peer('203.0.113.5');
    const server = harness.peer('198.51.100.9', 5090, 'ws');
    harness.decide = () => forwardTo([`sip:${server.place};transport=ws`]);
    caller.request();
    const request = server.takeRequest('INVITE');
    expect(headerValues(request, 'via')[0]).not.toContain('received');
    server.respond(request, 200);
    caller.takeResponse(100);
    expect(caller.takeResponse(200).statusCode).toBe(200);
  });
});

describe('RFC 7118 §5.5: locating a server', () => {
  it('the default port is 80 for ws and 443 for wss', () => {
    expect([defaultPort('ws'), defaultPort('wss')]).toEqual([80, 443]);
  });

  it('NAPTR services SIP+D2W and SIPS+D2W lead to ws and wss', () => {
    const record = { order: 1, flags: 's', regexp: '' };
    const services = naptrServices(
      [
        { ...record, preference: 1, services: 'SIPS+D2W', replacement: '_sips._ws.example.com' },
        { ...record, preference: 2, services: 'SIP+D2W', replacement: '_sip._ws.example.com' },
      ],
      { speaks: () => true, isSecure: false },
    );
    expect(services.map(({ transport }) => transport)).toEqual(['wss', 'ws']);
  });
});

describe('RFC 7118 §6: keeping a connection open', () => {
  it('a ping of WebSocket gets its pong', async () => {
    const harness = await started();
    const peer = await peerOf(harness);
    const answered = new Promise<string>((resolve) => {
      peer.socket.once('pong', (data: Buffer) => resolve(data.toString()));
    });
    peer.socket.ping('7118');
    expect(await answered).toBe('7118');
  });

  it('RFC 5626 §3.5.1: a double CRLF in a message gets a single one', async () => {
    const harness = await started();
    const peer = await peerOf(harness);
    peer.socket.send('\r\n\r\n');
    await eventually(() => expect(peer.texts()).toEqual(['\r\n']));
  });
});

describe('RFC 7118 §9.2: sips', () => {
  it('a sips URI with transport=ws goes by wss only', () => {
    const { harness } = proxied();
    const caller = harness.peer('203.0.113.5');
    const plain = harness.peer('198.51.100.9', 5090, 'ws');
    const secure = harness.peer('198.51.100.9', 5090, 'wss');
    harness.decide = () => forwardTo(['sips:198.51.100.9:5090;transport=ws']);
    caller.request();
    expect(secure.takeRequest('INVITE').method).toBe('INVITE');
    expect(plain.waiting).toEqual([]);
  });

  it('a sips Request-URI makes a Route with transport=ws secure too', () => {
    const { harness } = proxied();
    const caller = harness.peer('203.0.113.5', 5061, 'tls');
    const secure = harness.peer('198.51.100.9', 5090, 'wss');
    harness.decide = () => forwardTo(['sip:198.51.100.9:5090;transport=ws']);
    caller.request({ requestUri: 'sips:bob@example.com' });
    expect(secure.takeRequest('INVITE').requestUri).toBe('sips:bob@example.com');
  });
});
