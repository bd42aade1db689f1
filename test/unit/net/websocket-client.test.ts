import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamLimits } from '../../../src/net/index.ts';
import type { Destination, Endpoint } from '../../../src/sip/index.ts';
import { deafServer, destination, eventually, rawServer } from '../../support/net-loopback.ts';
import { browserOptions, startWebSocket, type WebSocketHarness } from '../../support/websocket-peers.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(stream: Partial<StreamLimits> = {}): Promise<WebSocketHarness> {
  const harness = await startWebSocket({ stream });
  open.push(() => harness.stop());
  return harness;
}

interface PeerServer {
  readonly endpoint: Endpoint;
  readonly sockets: WebSocket[];
  readonly heard: string[];
  readonly heads: { readonly url: string | undefined; readonly headers: Readonly<Record<string, unknown>> }[];
}

/** Another proxy that takes WebSocket connections; `subprotocol` false: without one. */
async function peerServer(subprotocol: string | false = 'sip'): Promise<PeerServer> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: true,
    handleProtocols: () => subprotocol,
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const peer: PeerServer = { endpoint: { address: '127.0.0.1', port }, sockets: [], heard: [], heads: [] };
  server.on('connection', (socket, request) => {
    peer.sockets.push(socket);
    peer.heads.push({ url: request.url, headers: request.headers });
    socket.on('message', (data) => peer.heard.push(String(data)));
    socket.on('error', () => undefined);
  });
  open.push(async () => {
    for (const socket of peer.sockets) socket.terminate();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return peer;
}

const to = (remote: Endpoint, parts: Partial<Destination> = {}): Destination =>
  destination({ transport: 'ws', remote, ...parts });

const codes = (harness: WebSocketHarness): readonly string[] => harness.failures.map(({ code }) => code);

describe('a connection of our own', () => {
  it('asks for the sub-protocol sip, without compression', async () => {
    const [harness, peer] = [await start(), await peerServer()];
    harness.send('OPTIONS sip:a@b SIP/2.0\r\n\r\n', to(peer.endpoint, { serverName: 'edge.example.com' }));
    await eventually(() => expect(peer.heard).toEqual(['OPTIONS sip:a@b SIP/2.0\r\n\r\n']));
    expect(peer.heads[0]).toMatchObject({
      url: '/',
      headers: {
        'sec-websocket-protocol': 'sip',
        'sec-websocket-version': '13',
        host: `edge.example.com:${peer.endpoint.port}`,
      },
    });
    expect(peer.heads[0]?.headers).not.toHaveProperty('sec-websocket-extensions');
    expect(harness.transport.counts).toMatchObject({ connected: 1, messagesOut: 1 });
  });

  it('carries what was sent before it was open, in order, and what comes back', async () => {
    const [harness, peer] = [await start(), await peerServer()];
    for (const name of ['one', 'two', 'three'])
      harness.send(browserOptions({ callId: name }), to(peer.endpoint));
    await eventually(() => expect(peer.heard).toHaveLength(3));
    expect(peer.heard.map((text) => /Call-ID: (.*)/.exec(text)?.[1])).toEqual(['one', 'two', 'three']);
    expect(peer.sockets).toHaveLength(1);
    peer.sockets[0]?.send(browserOptions({ callId: 'back' }));
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.received[0]?.flow).toMatchObject({
      transport: 'ws',
      remote: peer.endpoint,
      local: harness.local,
    });
  });

  it('is another one for another server name', async () => {
    const [harness, peer] = [await start(), await peerServer()];
    for (const serverName of ['a.example', 'A.example', 'b.example']) {
      harness.send(browserOptions({ callId: serverName }), to(peer.endpoint, { serverName }));
    }
    await eventually(() => expect(peer.heard).toHaveLength(3));
    expect(peer.sockets).toHaveLength(2);
  });

  it('is followed by a new one when it has closed', async () => {
    const [harness, peer] = [await start(), await peerServer()];
    harness.send('SIP/2.0 200 OK\r\n\r\n', to(peer.endpoint));
    await eventually(() => expect(peer.heard).toHaveLength(1));
    peer.sockets[0]?.close(1001);
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
    harness.send('SIP/2.0 200 again\r\n\r\n', to(peer.endpoint));
    await eventually(() => expect(peer.heard).toHaveLength(2));
    expect(harness.failures).toEqual([]);
  });

  it('is left alone for new requests where one was followed by silence', async () => {
    const [harness, peer] = [await start({ silentMs: 60 }), await peerServer()];
    harness.send(browserOptions({ callId: 'lost' }), to(peer.endpoint));
    await eventually(() => expect(peer.heard).toHaveLength(1));
    await eventually(() => {
      harness.send('ACK sip:a@b SIP/2.0\r\n\r\n', to(peer.endpoint));
      expect(peer.sockets).toHaveLength(2);
    });
    expect(peer.sockets[0]?.readyState).toBe(peer.sockets[0]?.OPEN);
  });

  it('stays when it is named, whatever address goes with the name', async () => {
    const [harness, peer] = [await start(), await peerServer()];
    harness.send(browserOptions(), to(peer.endpoint));
    await eventually(() => expect(peer.sockets).toHaveLength(1));
    peer.sockets[0]?.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const connectionId = harness.received[0]?.flow.connectionId;
    harness.send('SIP/2.0 200 OK\r\n\r\n', to({ address: '127.0.0.1', port: 9 }, { connectionId }));
    await eventually(() => expect(peer.heard).toHaveLength(2));
  });
});

describe('a connection that does not come about', () => {
  it('fails every message that waited for it, since nothing listens there', async () => {
    const harness = await start();
    const nobody = await rawServer(() => undefined);
    await new Promise<void>((resolve) => nobody.close(() => resolve()));
    harness.send(browserOptions({ callId: 'one' }), to(nobody.endpoint));
    harness.send(browserOptions({ callId: 'two' }), to(nobody.endpoint));
    await eventually(() => expect(codes(harness)).toEqual(['net.connectFailed', 'net.connectFailed']));
    expect(harness.transport.counts.connectFailures).toBe(1);
    expect(harness.transport.connectionCount).toBe(0);
  });

  for (const statusCode of [302, 401, 404, 503]) {
    it(`fails where the handshake is answered by ${statusCode} (RFC 7118 §4.1)`, async () => {
      const harness = await start();
      const server = createServer((_request, response) => {
        response.writeHead(statusCode, { Location: 'http://127.0.0.1:9/', Connection: 'close' }).end();
      });
      server.on('upgrade', (_request, socket) => {
        socket.end(`HTTP/1.1 ${statusCode} No\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n`);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      open.push(() => new Promise((resolve) => server.close(resolve)));
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      harness.send(browserOptions(), to({ address: '127.0.0.1', port }));
      await eventually(() => expect(codes(harness)).toEqual(['net.connectFailed']));
      expect(harness.failures[0]?.message).toContain(String(statusCode));
    });
  }

  it('fails where the server does not take the sub-protocol', async () => {
    const [harness, peer] = [await start(), await peerServer(false)];
    harness.send(browserOptions(), to(peer.endpoint));
    await eventually(() => expect(codes(harness)).toEqual(['net.connectFailed']));
    expect(peer.heard).toEqual([]);
  });

  it('fails in the time that the message has', async () => {
    const harness = await start();
    const deaf = await deafServer();
    open.push(() => deaf.close());
    const startedAt = performance.now();
    harness.send(browserOptions(), to(deaf.endpoint));
    harness.send(browserOptions(), to(deaf.endpoint, { connectTimeoutMs: 100 }));
    await eventually(() => expect(codes(harness)).toEqual(['net.connectFailed', 'net.connectFailed']));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('fails where a server takes the connection and says nothing', async () => {
    const harness = await start({ connectTimeoutMs: 80 });
    const silent = await rawServer((socket) => {
      socket.on('error', () => undefined);
      open.push(async () => socket.destroy());
    });
    open.push(() => new Promise((resolve) => silent.close(resolve)));
    harness.send(browserOptions(), to(silent.endpoint));
    await eventually(() => expect(codes(harness)).toEqual(['net.connectFailed']));
  });

  it('fails for a host that no URL can hold', async () => {
    const harness = await start();
    harness.send(browserOptions(), to({ address: '127.0.0.1', port: 9 }, { serverName: 'a b%' }));
    await eventually(() => expect(codes(harness)).toEqual(['net.connectFailed']));
  });

  it('fails where the queue for it is full', async () => {
    const harness = await start({ writeQueueBytesMax: 1_000 });
    const deaf = await deafServer();
    open.push(() => deaf.close());
    for (let sent = 0; sent < 5; sent += 1) harness.send(browserOptions(), to(deaf.endpoint));
    await eventually(() => expect(harness.failures.length).toBeGreaterThanOrEqual(4));
    expect(codes(harness)).toContain('net.writeQueueFull');
  });
});

describe('a connection that is lost', () => {
  it('fails the request that the peer gave no sign of', async () => {
    const [harness, peer] = [await start(), await peerServer()];
    harness.send(browserOptions(), to(peer.endpoint));
    await eventually(() => expect(peer.heard).toHaveLength(1));
    peer.sockets[0]?.terminate();
    await eventually(() => expect(codes(harness)).toEqual(['net.connectionLost']));
  });

  it('lets be what was heard of', async () => {
    const [harness, peer] = [await start(), await peerServer()];
    harness.send(browserOptions(), to(peer.endpoint));
    await eventually(() => expect(peer.heard).toHaveLength(1));
    peer.sockets[0]?.send(
      'SIP/2.0 100 Trying\r\nVia: SIP/2.0/WS a.invalid\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n',
    );
    await eventually(() => expect(harness.received).toHaveLength(1));
    peer.sockets[0]?.terminate();
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
    expect(harness.failures).toEqual([]);
  });
});
