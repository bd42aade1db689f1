import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamLimits } from '../../../src/net/index.ts';
import { defaultMessageLimits, headerValue, StreamFramer } from '../../../src/sip/index.ts';
import {
  destination,
  eventually,
  type Harness,
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

async function start(stream: Partial<StreamLimits> = {}): Promise<Harness> {
  const harness = await startTransports({ listen: [{ transport: 'tcp' }], stream });
  open.push(() => harness.stop());
  return harness;
}

async function client(harness: Harness): Promise<RawClient> {
  const made = await rawClient(harness.listener('tcp').local);
  open.push(async () => made.socket.destroy());
  return made;
}

async function server(onConnection: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const made = await rawServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((done) => made.close(() => done()));
  });
  return { endpoint: made.endpoint, sockets };
}

const calls = (harness: Harness): readonly (string | undefined)[] =>
  harness.received.map(({ message }) => headerValue(message, 'call-id'));

/** Answers whatever was received last, on its connection. */
function answer(harness: Harness): void {
  const flow = harness.received.at(-1)?.flow;
  harness.send('SIP/2.0 200 OK\r\n\r\n', {
    ...destination({ transport: 'tcp', remote: { address: '127.0.0.1', port: 9 } }),
    connectionId: flow?.connectionId,
  });
}

describe('a slow writer', () => {
  const text = optionsRequest({ body: 'x'.repeat(100) });
  for (const [part, at] of [
    ['start line', 10],
    ['head', 100],
    ['body', text.length - 50],
  ] as const) {
    it(`of the ${part} is cut off, and another connection is not`, async () => {
      const harness = await start({ messageMs: 80 });
      const [slow, other] = [await client(harness), await client(harness)];
      await slow.write(text.slice(0, at));
      await other.write(optionsRequest());
      await eventually(() => expect(slow.isClosed()).toBe(true));
      expect(harness.transports.counts().tcp.closed.slowMessage).toBe(1);
      expect(other.isClosed()).toBe(false);
    });
  }

  it('costs no more than its bytes: a megabyte in single bytes is read in no time', () => {
    const framer = new StreamFramer(defaultMessageLimits);
    const body = 'y'.repeat(1_000_000);
    const bytes = Buffer.from(optionsRequest({ body }));
    const startedAt = performance.now();
    let items = 0;
    for (let at = 0; at < bytes.length; at += 1) items += framer.push(bytes.subarray(at, at + 1)).length;
    expect(items).toBe(1);
    // Copying all that is held for each byte would take minutes.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a slow reader', () => {
  it('is not read from while bytes wait for it, and again once they have gone', async () => {
    const harness = await start({ pauseReadingBytes: 10_000 });
    const peer = await client(harness);
    await peer.write(optionsRequest({ callId: 'first' }));
    await eventually(() => expect(harness.received).toHaveLength(1));
    peer.socket.pause();
    const block = Buffer.from(`SIP/2.0 180 ${'x'.repeat(200_000)}\r\n\r\n`);
    const to = {
      ...destination({ transport: 'tcp', remote: { address: '127.0.0.1', port: 9 } }),
      connectionId: harness.received[0]?.flow.connectionId,
    };
    while (harness.transports.counts().tcp.pauses === 0) {
      harness.send(block, to);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.write(optionsRequest({ callId: 'held back' }));
    const other = await client(harness);
    await other.write(optionsRequest({ callId: 'another' }));
    await eventually(() => expect(calls(harness)).toEqual(['first', 'another']));
    peer.socket.resume();
    await eventually(() => expect(calls(harness)).toEqual(['first', 'another', 'held back']));
    expect(harness.failures).toEqual([]);
  });

  it('that takes nothing at all is cut off, and the requests for it are failed', async () => {
    const harness = await start({ writeStallMs: 80, writeQueueBytesMax: 64_000_000 });
    const peer = await server((socket) => socket.pause());
    const to = destination({ transport: 'tcp', remote: peer.endpoint });
    const block = Buffer.alloc(100_000, 'x');
    // The kernel takes some megabytes before anything waits with us.
    for (let count = 0; count < 200; count += 1) {
      harness.send(block, to);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => expect(harness.transports.counts().tcp.closed.slowReader).toBe(1));
    await eventually(() => expect(harness.failures).toHaveLength(200));
    expect(new Set(harness.failures.map(({ code }) => code))).toEqual(new Set(['net.connectionLost']));
  });
});

describe('at the limits of connections', () => {
  it('an idle one of the same address makes room, and a busy one stays', async () => {
    const harness = await start({ connectionsPerAddressMax: 2, evictUnusedMs: 40, evictIdleMs: 40 });
    const [busy, idle] = [await client(harness), await client(harness)];
    await idle.write(optionsRequest({ callId: 'idle' }));
    await eventually(() => expect(harness.received).toHaveLength(1));
    answer(harness);
    await busy.write(optionsRequest({ callId: 'busy' }));
    await eventually(() => expect(harness.received).toHaveLength(2));
    let another: RawClient | undefined;
    await eventually(() => expect(harness.transports.counts().tcpConnectionsOpen).toBe(2));
    for (let tries = 0; another === undefined && tries < 200; tries += 1) {
      const made = await client(harness);
      await made.write(optionsRequest({ callId: 'new' })).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (!made.isClosed()) another = made;
    }
    await eventually(() => expect(calls(harness)).toContain('new'));
    expect(idle.isClosed()).toBe(true);
    expect(busy.isClosed()).toBe(false);
    expect(harness.transports.counts().tcp.closed.madeRoom).toBe(1);
    answer({ ...harness, received: harness.received.slice(1, 2) });
    await eventually(() => expect(busy.text()).toContain('200 OK'));
  });

  it('a flood of silent connections leaves a connection with calls alone, and its messages through', async () => {
    const harness = await start({ connectionsMax: 50, connectionsPerAddressMax: 50, evictUnusedMs: 10 });
    const caller = await client(harness);
    await caller.write(optionsRequest({ callId: 'before' }));
    await eventually(() => expect(harness.received).toHaveLength(1));
    const flood: RawClient[] = [];
    for (let count = 0; count < 300; count += 1) {
      const made = await rawClient(harness.listener('tcp').local).catch(() => undefined);
      if (made !== undefined) flood.push(made);
      if (count % 50 === 0) await caller.write(optionsRequest({ callId: `during ${count}` }));
    }
    open.push(async () => flood.forEach(({ socket }) => void socket.destroy()));
    await eventually(() => expect(harness.received).toHaveLength(7));
    expect(caller.isClosed()).toBe(false);
    const { tcp, tcpConnectionsOpen } = harness.transports.counts();
    expect(tcpConnectionsOpen).toBeLessThanOrEqual(50);
    expect(tcp.closed.madeRoom + tcp.closed.totalLimit).toBeGreaterThan(200);
  });
});

describe('the time to open a connection', () => {
  it('is what the destination says', async () => {
    const harness = await start({ connectTimeoutMs: 60_000 });
    // An address of TEST-NET that nobody has: where it is refused at once instead the code is the same.
    const remote = { address: '192.0.2.1', port: 9 };
    harness.send('x', destination({ transport: 'tcp', remote, connectTimeoutMs: 50 }));
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectFailed']));
    expect(harness.transports.counts().tcpConnectionsOpen).toBe(0);
  });
});
