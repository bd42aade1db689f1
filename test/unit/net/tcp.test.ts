import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamLimits } from '../../../src/net/index.ts';
import { headerValue } from '../../../src/sip/index.ts';
import {
  deafServer,
  destination,
  eventually,
  type Harness,
  hasIpv6,
  optionsRequest,
  type RawClient,
  rawClient,
  rawServer,
  startTransports,
} from '../../support/net-loopback.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(stream: Partial<StreamLimits> = {}, address = '127.0.0.1'): Promise<Harness> {
  const harness = await startTransports({ listen: [{ transport: 'tcp', address }], stream });
  open.push(() => harness.stop());
  return harness;
}

async function client(harness: Harness): Promise<RawClient> {
  const made = await rawClient(harness.listener('tcp').local);
  open.push(async () => made.socket.destroy());
  return made;
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
  return { server: made, endpoint: made.endpoint, sockets, texts };
}

const calls = (harness: Harness): readonly (string | undefined)[] =>
  harness.received.map(({ message }) => headerValue(message, 'call-id'));

describe('messages on a connection', () => {
  it('are the same however they are cut', async () => {
    const harness = await start();
    const peer = await client(harness);
    const text = optionsRequest({ callId: 'cut', body: 'some body\r\n' });
    for (const byte of text) await peer.write(byte);
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.received[0]?.message.bytes.toString('latin1')).toBe(text);
  });

  it('are told apart where several come at once', async () => {
    const harness = await start();
    const peer = await client(harness);
    const messages = ['a', 'b', 'c'].map((callId) => optionsRequest({ callId, body: callId.repeat(3) }));
    await peer.write(`${messages.join('')}\r\n${optionsRequest({ callId: 'd' })}`);
    await eventually(() => expect(calls(harness)).toEqual(['a', 'b', 'c', 'd']));
  });

  it.skipIf(!hasIpv6)('come over IPv6 too, with the flow that they came on', async () => {
    const harness = await start({}, '::1');
    const peer = await client(harness);
    await peer.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const { local } = harness.listener('tcp');
    const remote = { address: '::1', port: peer.socket.localPort };
    expect(harness.received[0]?.flow).toMatchObject({ transport: 'tcp', local, remote });
  });

  it('a double line end is answered by a single one', async () => {
    const harness = await start();
    const peer = await client(harness);
    await peer.write('\r\n\r\n');
    await eventually(() => expect(peer.text()).toBe('\r\n'));
    await peer.write(`${optionsRequest()}\r\n\r\n`);
    await eventually(() => expect(peer.text()).toBe('\r\n\r\n'));
    expect(harness.received).toHaveLength(1);
    expect(harness.transports.counts().tcp.pings).toBe(2);
  });

  it('without a Content-Length one is handed on with its defect, and can be answered before the end', async () => {
    const harness = await start({ halfClosedMs: 60 });
    const peer = await client(harness);
    await peer.write(optionsRequest().replace(/Content-Length: 0\r\n/, ''));
    await eventually(() => expect(harness.received).toHaveLength(1));
    const flow = harness.received[0]?.flow;
    expect(flow?.connectionId).toBeDefined();
    harness.send('SIP/2.0 400 No Content-Length\r\nContent-Length: 0\r\n\r\n', {
      ...destination({ transport: 'tcp', remote: { address: '127.0.0.1', port: 9 } }),
      connectionId: flow?.connectionId,
    });
    await eventually(() => expect(peer.text()).toContain('400 No Content-Length'));
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(harness.transports.counts().tcp.closed.badFraming).toBe(1);
  });
});

describe('strangers on a connection', () => {
  for (const [kind, bytes] of [
    ['http', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    ['tls', Buffer.from('160301020001000001fc0303', 'hex')],
    ['stun', Buffer.from(`000100002112a442${'00'.repeat(12)}`, 'hex')],
    ['other', 'hello, world\r\n'],
  ] as const) {
    it(`${kind} is counted and cut off without a word`, async () => {
      const harness = await start();
      const peer = await client(harness);
      await peer.write(bytes);
      await eventually(() => expect(peer.isClosed()).toBe(true));
      expect(peer.text()).toBe('');
      const { tcp } = harness.transports.counts();
      expect(tcp.strangers[kind]).toBe(1);
      expect(tcp.closed.notSip).toBe(1);
      expect(harness.received).toEqual([]);
    });
  }
});

describe('sending', () => {
  it('answers on the connection that a request came on', async () => {
    const harness = await start();
    const [one, two] = [await client(harness), await client(harness)];
    await one.write(optionsRequest({ callId: 'one' }));
    await two.write(optionsRequest({ callId: 'two' }));
    await eventually(() => expect(harness.received).toHaveLength(2));
    for (const { message, flow } of harness.received) {
      const remote = { address: '127.0.0.1', port: 9 };
      const text = `SIP/2.0 200 ${headerValue(message, 'call-id')}\r\n\r\n`;
      harness.send(text, { transport: 'tcp', remote, connectionId: flow.connectionId, local: undefined });
    }
    await eventually(() =>
      expect([one.text(), two.text()]).toEqual(['SIP/2.0 200 one\r\n\r\n', 'SIP/2.0 200 two\r\n\r\n']),
    );
    expect(harness.transports.counts().tcp.connected).toBe(0);
  });

  it('opens a connection for a response whose own one has gone (RFC 3261 §18.2.2)', async () => {
    const harness = await start();
    const peer = await client(harness);
    const sentBy = await server();
    await peer.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const connectionId = harness.received[0]?.flow.connectionId;
    peer.socket.resetAndDestroy();
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(0));
    harness.send('SIP/2.0 200 OK\r\n\r\n', {
      ...destination({ transport: 'tcp', remote: sentBy.endpoint }),
      connectionId,
    });
    await eventually(() => expect(sentBy.texts).toEqual(['SIP/2.0 200 OK\r\n\r\n']));
  });

  it('opens one connection to a peer and hears its responses there', async () => {
    const harness = await start();
    const peer = await server((socket) =>
      socket.once('data', () => socket.write(optionsRequest({ callId: 'back' }))),
    );
    harness.send('first\r\n', destination({ transport: 'tcp', remote: peer.endpoint }));
    harness.send('second\r\n', destination({ transport: 'tcp', remote: peer.endpoint }));
    await eventually(() => expect(peer.texts).toEqual(['first\r\nsecond\r\n']));
    harness.send('third\r\n', destination({ transport: 'tcp', remote: peer.endpoint }));
    await eventually(() => expect(peer.texts).toEqual(['first\r\nsecond\r\nthird\r\n']));
    await eventually(() => expect(calls(harness)).toEqual(['back']));
    expect(harness.received[0]?.flow).toMatchObject({
      local: harness.listener('tcp').local,
      remote: peer.endpoint,
    });
    expect(harness.transports.counts().tcp.connected).toBe(1);
  });

  it('opens a new connection once the peer has ended the old one', async () => {
    const harness = await start();
    const peer = await server();
    harness.send('first\r\n', destination({ transport: 'tcp', remote: peer.endpoint }));
    await eventually(() => expect(peer.texts).toEqual(['first\r\n']));
    peer.sockets[0]?.end();
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(0));
    harness.send('second\r\n', destination({ transport: 'tcp', remote: peer.endpoint }));
    await eventually(() => expect(peer.texts).toEqual(['first\r\n', 'second\r\n']));
  });

  it('tells of every message where nothing listens', async () => {
    const harness = await start();
    const gone = await rawServer(() => undefined);
    await new Promise<void>((done) => gone.close(() => done()));
    for (let count = 0; count < 3; count += 1) {
      harness.send('x', destination({ transport: 'tcp', remote: gone.endpoint }));
    }
    const codes = ['net.connectFailed', 'net.connectFailed', 'net.connectFailed'];
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(codes));
    expect(harness.transports.counts().tcp.connectFailures).toBe(1);
    expect(harness.transports.counts().tcpConnectionsOpen).toBe(0);
  });

  it('gives a connection up that does not come about', async () => {
    const harness = await start({ connectTimeoutMs: 100 });
    const deaf = await deafServer();
    open.push(() => deaf.close());
    for (const text of ['one', 'two'])
      harness.send(text, destination({ transport: 'tcp', remote: deaf.endpoint }));
    await eventually(() =>
      expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectFailed', 'net.connectFailed']),
    );
    expect(harness.failures[0]?.message).toContain('timed out');
    expect(harness.transports.counts().tcp.connectFailures).toBe(1);
    expect(harness.transports.counts().tcpConnectionsOpen).toBe(0);
  });

  it('to a peer that does not read ends with its connection, not with our memory', async () => {
    const harness = await start({ writeQueueBytesMax: 100_000 });
    const peer = await server((socket) => socket.pause());
    const block = Buffer.alloc(20_000, 'x');
    const remote = destination({ transport: 'tcp', remote: peer.endpoint });
    harness.send(block, remote);
    await eventually(() => expect(harness.transports.counts().tcp.connected).toBe(1));
    // The kernel takes some megabytes before anything waits with us.
    for (let count = 0; count < 5_000 && harness.failures.length === 0; count += 1) {
      harness.send(block, remote);
      await Promise.resolve();
    }
    expect(harness.transports.counts().tcp.closed.writeQueueFull).toBe(1);
    await eventually(() =>
      expect(new Set(harness.failures.map(({ code }) => code))).toEqual(
        new Set(['net.writeQueueFull', 'net.connectionLost']),
      ),
    );
  });

  it('stops at the limit of connections', async () => {
    const harness = await start({ connectionsMax: 1 });
    const [one, two] = [await server(), await server()];
    harness.send('x', destination({ transport: 'tcp', remote: one.endpoint }));
    harness.send('x', destination({ transport: 'tcp', remote: two.endpoint }));
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectionLimit']));
    await eventually(() => expect(one.texts).toEqual(['x']));
  });
});

describe('limits of accepted connections', () => {
  it('so many from one address', async () => {
    const harness = await start({ connectionsPerAddressMax: 2 });
    const peers = [await client(harness), await client(harness), await client(harness)];
    await eventually(() => expect(peers.map((peer) => peer.isClosed())).toEqual([false, false, true]));
    expect(harness.transports.counts().tcp.closed.addressLimit).toBe(1);
    peers[0]?.socket.destroy();
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(1));
    const another = await client(harness);
    await another.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
  });

  it('so many in all', async () => {
    const harness = await start({ connectionsMax: 1 });
    const [one, two] = [await client(harness), await client(harness)];
    await eventually(() => expect([one.isClosed(), two.isClosed()]).toEqual([false, true]));
    expect(harness.transports.counts().tcp.closed.totalLimit).toBe(1);
  });

  it('so long without a byte', async () => {
    const harness = await start({ idleMs: 40 });
    const peer = await client(harness);
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(harness.transports.counts().tcp.closed.idle).toBe(1);
  });

  it('so long for one message, however its bytes trickle', async () => {
    const harness = await start({ messageMs: 80 });
    const [slow, quiet] = [await client(harness), await client(harness)];
    await quiet.write(optionsRequest());
    const trickle = setInterval(() => slow.socket.write('O'), 10);
    open.push(async () => clearInterval(trickle));
    await eventually(() => expect(slow.isClosed()).toBe(true));
    expect(harness.transports.counts().tcp.closed.slowMessage).toBe(1);
    expect(quiet.isClosed()).toBe(false);
  });

  it('a peer that has ended its side still gets the answers that it is owed, and then the end', async () => {
    const harness = await start();
    const peer = await client(harness);
    peer.socket.end(optionsRequest({ callId: 'one' }) + optionsRequest({ callId: 'two' }));
    await eventually(() => expect(harness.received).toHaveLength(2));
    const answer = (status: string): void =>
      harness.send(`SIP/2.0 ${status}\r\n\r\n`, {
        ...destination({ transport: 'tcp', remote: { address: '127.0.0.1', port: 9 } }),
        connectionId: harness.received[0]?.flow.connectionId,
      });
    for (const status of ['100 Trying', '200 OK', '180 Ringing']) answer(status);
    await eventually(() => expect(peer.text()).toContain('180 Ringing'));
    expect(peer.isClosed()).toBe(false);
    answer('486 Busy Here');
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(peer.text()).toContain('486 Busy Here');
  });

  it('but not for longer than a transaction lasts', async () => {
    const harness = await start({ halfClosedMs: 60 });
    const peer = await client(harness);
    peer.socket.end(optionsRequest());
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(harness.received).toHaveLength(1);
    expect(harness.transports.counts().tcp.closed.halfClosed).toBe(1);
  });
});

describe('stopping', () => {
  it('writes what is queued and cuts off who does not end', async () => {
    const harness = await start();
    const peer = await rawClient(harness.listener('tcp').local);
    open.push(async () => peer.socket.destroy());
    peer.socket.removeAllListeners('end');
    await peer.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const flow = harness.received[0]?.flow;
    const text = `SIP/2.0 200 ${'x'.repeat(300_000)}\r\n\r\n`;
    harness.send(text, {
      ...destination({ transport: 'tcp', remote: { address: '127.0.0.1', port: 9 } }),
      connectionId: flow?.connectionId,
    });
    await Promise.all([harness.stop(300), harness.stop(300)]);
    await eventually(() => expect(peer.text()).toBe(text));
    expect(harness.transports.counts().tcpConnectionsOpen).toBe(0);
    await expect(rawClient(harness.listener('tcp').local)).rejects.toThrow('ECONNREFUSED');
  });
});
