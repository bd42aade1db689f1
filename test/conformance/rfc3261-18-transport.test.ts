import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamLimits } from '../../src/net/index.ts';
import { type Destination, headerValue } from '../../src/sip/index.ts';
import {
  destination,
  eventually,
  type Harness,
  optionsRequest,
  rawClient,
  rawServer,
  startTransports,
} from '../support/net-loopback.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(stream: Partial<StreamLimits> = {}): Promise<Harness> {
  const harness = await startTransports({ listen: [{ transport: 'tcp' }], stream });
  open.push(() => harness.stop());
  return harness;
}

async function server(onConnection: (socket: Socket) => void = () => undefined) {
  const sockets: Socket[] = [];
  const texts: string[] = [];
  const made = await rawServer((socket) => {
    const index = sockets.push(socket) - 1;
    texts.push('');
    socket.on('data', (chunk: Buffer) => {
      texts[index] += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((done) => made.close(() => done()));
  });
  return { endpoint: made.endpoint, sockets, texts };
}

async function client(harness: Harness) {
  const made = await rawClient(harness.listener('tcp').local);
  open.push(async () => made.socket.destroy());
  return made;
}

/** A client that asked something, and where responses to it go while its sent-by is another port. */
async function asked(harness: Harness) {
  const peer = await client(harness);
  const sentBy = await server();
  await peer.write(optionsRequest());
  await eventually(() => expect(harness.received).toHaveLength(1));
  const back: Destination = {
    ...destination({ transport: 'tcp', remote: sentBy.endpoint }),
    connectionId: harness.received[0]?.flow.connectionId,
  };
  return { peer, sentBy, back };
}

const trying = 'SIP/2.0 100 Trying\r\nContent-Length: 0\r\n\r\n';
const fine = 'SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n';

describe('RFC 3261 §18.1.1: a request', () => {
  it('shares the connection to its address and port', async () => {
    const harness = await start();
    const peer = await server();
    const to = destination({ transport: 'tcp', remote: peer.endpoint });
    for (const text of ['one ', 'two ', 'three']) harness.send(text, to);
    await eventually(() => expect(peer.texts).toEqual(['one two three']));
  });

  it('shares the connection that came from its very address and port', async () => {
    const harness = await start();
    const peer = await client(harness);
    await peer.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const remote = { address: '127.0.0.1', port: peer.socket.localPort ?? 0 };
    harness.send('back', destination({ transport: 'tcp', remote }));
    await eventually(() => expect(peer.text()).toBe('back'));
    expect(harness.transports.counts().tcp.connected).toBe(0);
  });

  it('goes on no other connection than that of its flow where only that will do', async () => {
    const harness = await start();
    const { peer, sentBy, back } = await asked(harness);
    harness.send('on it', { ...back, onlyConnection: true });
    await eventually(() => expect(peer.text()).toBe('on it'));
    peer.socket.resetAndDestroy();
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(0));
    harness.failures.length = 0;
    harness.send('too late', { ...back, onlyConnection: true });
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectionGone']));
    expect(sentBy.texts).toEqual([]);
  });
});

describe('RFC 3261 §18.2.2: a response', () => {
  it('goes on the connection that its request came on', async () => {
    const harness = await start();
    const { peer, sentBy, back } = await asked(harness);
    harness.send(fine, back);
    await eventually(() => expect(peer.text()).toBe(fine));
    expect(sentBy.texts).toEqual([]);
  });

  it('goes to the source at the port of sent-by where that connection was reset', async () => {
    const harness = await start();
    const { peer, sentBy, back } = await asked(harness);
    peer.socket.resetAndDestroy();
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(0));
    harness.send(fine, back);
    await eventually(() => expect(sentBy.texts).toEqual([fine]));
  });

  it('goes on the connection of a peer that ended only its own side, which is then closed', async () => {
    const harness = await start();
    const { peer, sentBy, back } = await asked(harness);
    peer.socket.end();
    harness.send(trying, back);
    harness.send(fine, back);
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(peer.text().startsWith(trying + fine)).toBe(true);
    expect(
      peer
        .text()
        .slice((trying + fine).length)
        .trim(),
    ).toBe('');
    expect(sentBy.texts).toEqual([]);
    expect(harness.failures).toEqual([]);
  });

  it('goes to the port of sent-by too where the peer had closed without a word, the first one as well', async () => {
    const harness = await start();
    const { peer, sentBy, back } = await asked(harness);
    // A FIN like that of a half-close: only the reset that answers our first bytes tells the difference.
    peer.socket.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    harness.send(fine, back);
    await eventually(() => expect(sentBy.texts).toEqual([fine]));
    expect(harness.failures).toEqual([]);
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(1));
  });

  it('that cannot be sent there either is told as failed, once', async () => {
    const harness = await start();
    const { peer, back } = await asked(harness);
    const gone = await rawServer(() => undefined);
    await new Promise<void>((done) => gone.close(() => done()));
    peer.socket.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    harness.send(fine, { ...back, remote: gone.endpoint });
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectFailed']));
  });
});

describe('RFC 3261 §18.3: framing', () => {
  it('Content-Length ends a message, wherever segments end', async () => {
    const harness = await start();
    const peer = await client(harness);
    const texts = ['a', 'b', 'c'].map((callId) => optionsRequest({ callId, body: `${callId}\r\n\r\n` }));
    const all = texts.join('');
    for (let at = 0; at < all.length; at += 97) await peer.write(all.slice(at, at + 97));
    await eventually(() => expect(harness.received).toHaveLength(3));
    expect(harness.received.map(({ message }) => message.bytes.toString('latin1'))).toEqual(texts);
  });

  it('a body longer than said is the beginning of the next message, and no SIP: the connection ends', async () => {
    const harness = await start();
    const peer = await client(harness);
    await peer.write(`${optionsRequest()}left over, no SIP\r\n${optionsRequest({ callId: 'lost' })}`);
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(harness.received.map(({ message }) => headerValue(message, 'call-id'))).toEqual(['net-1']);
  });
});

describe('RFC 3261 §18.4: a lost connection', () => {
  const dying = (socket: Socket): void => void socket.once('data', () => socket.resetAndDestroy());

  it('fails the request that went into it without an answer, so that the next address is tried', async () => {
    const harness = await start();
    const peer = await server(dying);
    harness.send(optionsRequest(), destination({ transport: 'tcp', remote: peer.endpoint }));
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectionLost']));
  });

  it('fails it too where the peer just ends it', async () => {
    const harness = await start();
    const peer = await server((socket) => socket.once('data', () => socket.end()));
    harness.send(optionsRequest(), destination({ transport: 'tcp', remote: peer.endpoint }));
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectionLost']));
  });

  it('is nothing to tell of for a request that was followed by an answer', async () => {
    const harness = await start();
    const peer = await server((socket) => {
      socket.once('data', () => socket.write(optionsRequest({ callId: 'answer' })));
      socket.on('end', () => undefined);
    });
    harness.send(optionsRequest(), destination({ transport: 'tcp', remote: peer.endpoint }));
    await eventually(() => expect(harness.received).toHaveLength(1));
    peer.sockets[0]?.resetAndDestroy();
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(0));
    expect(harness.failures).toEqual([]);
  });

  it('is nothing to tell of for an ACK, after which many peers close', async () => {
    const harness = await start();
    const peer = await server((socket) => socket.once('data', () => socket.end()));
    const text = optionsRequest().replaceAll('OPTIONS', 'ACK');
    harness.send(text, destination({ transport: 'tcp', remote: peer.endpoint }));
    await eventually(() => expect(peer.texts).toEqual([text]));
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(0));
    expect(harness.failures).toEqual([]);
  });

  it('that only shows by silence gets no further requests, which open another', async () => {
    const harness = await start({ silentMs: 60 });
    const peer = await server();
    const to = destination({ transport: 'tcp', remote: peer.endpoint });
    harness.send(optionsRequest({ callId: 'one' }), to);
    await eventually(() => expect(peer.texts).toEqual([optionsRequest({ callId: 'one' })]));
    await eventually(() => {
      harness.send(optionsRequest({ callId: 'two' }), to);
      expect(peer.texts.length).toBeGreaterThan(1);
    });
    // What it may still say is heard.
    peer.sockets[0]?.write(optionsRequest({ callId: 'late' }));
    await eventually(() => expect(harness.received).toHaveLength(1));
  });
});
