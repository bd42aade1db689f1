import { afterEach, describe, expect, it } from 'vitest';
import type { ListenOptions, StreamLimits } from '../../../src/net/index.ts';
import { headerValue } from '../../../src/sip/index.ts';
import { destination, eventually, hasIpv6 } from '../../support/net-loopback.ts';
import {
  browserOptions,
  clientFrame,
  type PeerOptions,
  startWebSocket,
  type WebSocketHarness,
  type WebSocketPeer,
  webSocketPeer,
} from '../../support/websocket-peers.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(
  stream: Partial<StreamLimits> = {},
  listen: Partial<ListenOptions> = {},
): Promise<WebSocketHarness> {
  const harness = await startWebSocket({ stream, listen });
  open.push(() => harness.stop());
  return harness;
}

async function peer(harness: WebSocketHarness, options: PeerOptions = {}): Promise<WebSocketPeer> {
  const made = await webSocketPeer(harness.local, options);
  open.push(async () => made.socket.terminate());
  return made;
}

const calls = (harness: WebSocketHarness): readonly (string | undefined)[] =>
  harness.received.map(({ message }) => headerValue(message, 'call-id'));

describe('messages on a WebSocket', () => {
  it('come as text and as binary', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send(browserOptions({ callId: 'text' }));
    client.socket.send(Buffer.from(browserOptions({ callId: 'binary' })));
    await eventually(() => expect(calls(harness)).toEqual(['text', 'binary']));
    expect(harness.received[0]?.message.defects).toEqual([]);
  });

  it('come with the flow that they came on', async () => {
    const harness = await start();
    const [one, two] = [await peer(harness), await peer(harness)];
    one.socket.send(browserOptions({ callId: 'one' }));
    two.socket.send(browserOptions({ callId: 'two' }));
    await eventually(() => expect(harness.received).toHaveLength(2));
    const flows = harness.received.map(({ flow }) => flow);
    expect(flows[0]).toMatchObject({
      transport: 'ws',
      local: harness.local,
      remote: { address: '127.0.0.1' },
    });
    expect(new Set(flows.map((flow) => flow.connectionId)).size).toBe(2);
    expect(flows.every((flow) => /^ws-\d+$/.test(flow.connectionId ?? ''))).toBe(true);
  });

  it('come in fragments, with a ping between them', async () => {
    const harness = await start();
    const client = await peer(harness);
    const text = browserOptions({ callId: 'cut' });
    client.socket.send(text.slice(0, 40), { fin: false });
    client.socket.ping();
    client.socket.send(text.slice(40, 90), { fin: false });
    client.socket.send(text.slice(90), { fin: true });
    await eventually(() => expect(calls(harness)).toEqual(['cut']));
    expect(harness.received[0]?.message.bytes.toString('latin1')).toBe(text);
    expect(harness.transport.counts.pings).toBe(1);
  });

  it('keep each byte, also where text is no UTF-8', async () => {
    const harness = await start();
    const client = await peer(harness);
    const text = browserOptions({ callId: 'latin', from: '"J\xfcrgen" <sip:j@example.com>' });
    const bytes = Buffer.from(text, 'latin1');
    client.socket.send(bytes, { binary: false });
    await eventually(() => expect(calls(harness)).toEqual(['latin']));
    expect(harness.received[0]?.message.bytes.equals(bytes)).toBe(true);
  });

  it('a second one behind the Content-Length of the first is not read', async () => {
    const harness = await start();
    const client = await peer(harness);
    const one = browserOptions({ callId: 'one' }).replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n');
    client.socket.send(`${one}${browserOptions({ callId: 'two' })}`);
    client.socket.send(browserOptions({ callId: 'three' }));
    await eventually(() => expect(calls(harness)).toEqual(['one', 'three']));
    expect(harness.received[0]?.message.body).toHaveLength(0);
  });

  it.skipIf(!hasIpv6)('come over IPv6', async () => {
    const harness = await start({}, { address: '::1' });
    const client = await peer(harness);
    client.socket.send(browserOptions());
    await eventually(() => expect(harness.received[0]?.flow.remote.address).toBe('::1'));
  });
});

describe('sending', () => {
  it('answers on the connection that a request came on, as text', async () => {
    const harness = await start();
    const [one, two] = [await peer(harness), await peer(harness)];
    one.socket.send(browserOptions({ callId: 'one' }));
    await eventually(() => expect(harness.received).toHaveLength(1));
    harness.send('SIP/2.0 200 OK\r\n\r\n', harness.backTo(0));
    await eventually(() => expect(one.texts()).toEqual(['SIP/2.0 200 OK\r\n\r\n']));
    expect(one.heard[0]?.isBinary).toBe(false);
    expect(two.heard).toEqual([]);
  });

  it('a message with a byte that is no UTF-8 goes as binary, whole', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const bytes = Buffer.concat([Buffer.from('SIP/2.0 200 OK\r\n\r\n'), Buffer.from([0, 0xff, 0xfe, 0x80])]);
    harness.send(bytes, harness.backTo(0));
    await eventually(() => expect(client.heard).toHaveLength(1));
    expect(client.heard[0]).toEqual({ bytes, isBinary: true });
  });

  it('goes on no other connection, and opens none, where only one will do', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const back = harness.backTo(0);
    client.socket.terminate();
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
    harness.send('BYE sip:a@b SIP/2.0\r\n\r\n', back);
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectionGone']));
    expect(harness.transport.connectionCount).toBe(0);
  });

  it('a request to the address of a client does not go over its connection unless that is named', async () => {
    const harness = await start({ connectTimeoutMs: 500 });
    const client = await peer(harness);
    client.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const { remote } = harness.backTo(0);
    harness.send('OPTIONS sip:a@b SIP/2.0\r\n\r\n', destination({ transport: 'ws', remote }));
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.connectFailed']));
    expect(client.heard).toEqual([]);
  });

  it('to a client that does not read fills its queue to the limit, and then cuts it off', async () => {
    const harness = await start({ writeQueueBytesMax: 200_000, pauseReadingBytes: 100_000 });
    const client = await peer(harness);
    client.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    client.socket.pause();
    const back = harness.backTo(0);
    const message = `SIP/2.0 200 OK\r\n\r\n${'x'.repeat(50_000)}`;
    for (let sent = 0; sent < 400 && harness.failures.length === 0; sent += 1) {
      harness.send(message, back);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() =>
      expect(harness.failures.some(({ code }) => code === 'net.writeQueueFull')).toBe(true),
    );
    expect(harness.transport.counts.closed.writeQueueFull).toBe(1);
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
  });

  it('a client that leaves bytes unread for too long is cut off', async () => {
    const harness = await start({ writeStallMs: 80, pauseReadingBytes: 1_000 });
    const client = await peer(harness);
    client.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    client.socket.pause();
    harness.send(Buffer.alloc(4_000_000, 'x'), harness.backTo(0));
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
    expect(harness.transport.counts.closed.slowReader).toBe(1);
  });

  it('a client that does not read its answers is not read from, until it does', async () => {
    const harness = await start({ pauseReadingBytes: 1_000 });
    const client = await peer(harness);
    client.socket.send(browserOptions({ callId: 'first' }));
    await eventually(() => expect(harness.received).toHaveLength(1));
    client.socket.pause();
    harness.send(Buffer.alloc(4_000_000, 'x'), harness.backTo(0));
    client.socket.send(browserOptions({ callId: 'second' }));
    await new Promise((resolve) => client.socket.ping('', true, resolve));
    expect(calls(harness)).toEqual(['first']);
    client.socket.resume();
    await eventually(() => expect(calls(harness)).toEqual(['first', 'second']));
  });
});

describe('keepalive', () => {
  it('a ping frame gets a pong frame', async () => {
    const harness = await start();
    const client = await peer(harness);
    const pongs: string[] = [];
    client.socket.on('pong', (data: Buffer) => pongs.push(data.toString()));
    client.socket.ping('still there?');
    await eventually(() => expect(pongs).toEqual(['still there?']));
    expect(harness.transport.counts.pings).toBe(1);
  });

  it('a double line end is answered by a single one, and a single one by nothing', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send('\r\n');
    client.socket.send('\r\n\r\n');
    client.socket.send(Buffer.from('\r\n\r\n'));
    await eventually(() => expect(client.texts()).toEqual(['\r\n', '\r\n']));
    expect(client.closeCode()).toBeUndefined();
  });

  it('a silent client is asked once and given up when it does not answer', async () => {
    const harness = await start({ idleMs: 120 });
    const client = await peer(harness, { autoPong: false });
    let pings = 0;
    client.socket.on('ping', () => {
      pings += 1;
    });
    await eventually(() => expect(harness.transport.counts.closed.idle).toBe(1));
    await eventually(() => expect(client.closeCode()).toBe(1001));
    expect(pings).toBe(1);
  });

  it('a silent client that answers is kept', async () => {
    const harness = await start({ idleMs: 200 });
    const client = await peer(harness);
    let pings = 0;
    client.socket.on('ping', () => {
      pings += 1;
    });
    await eventually(() => expect(pings).toBeGreaterThan(3));
    expect(harness.transport.counts.closed.idle).toBe(0);
    expect(client.closeCode()).toBeUndefined();
  });
});

describe('the end', () => {
  it('says to the clients that the server goes away', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    harness.send('SIP/2.0 200 last\r\n\r\n', harness.backTo(0));
    await harness.stop(2_000);
    expect(client.texts()).toEqual(['SIP/2.0 200 last\r\n\r\n']);
    await eventually(() => expect(client.closeCode()).toBe(1001));
    expect(harness.transport.connectionCount).toBe(0);
    await expect(webSocketPeer(harness.local)).rejects.toThrow();
  });

  it('comes at the deadline for a client that does not answer', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.pause();
    await harness.stop(50);
    expect(harness.transport.connectionCount).toBe(0);
  });

  it('a client’s own close is answered and leaves nothing behind', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.close(1000, 'bye');
    await eventually(() => expect(client.closeCode()).toBe(1000));
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
  });

  it('a client that drops the TCP connection leaves nothing behind', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send(clientFrame('x').subarray(0, 2));
    client.socket.terminate();
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
  });
});
