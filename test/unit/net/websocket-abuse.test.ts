import { afterEach, describe, expect, it } from 'vitest';
import { defaultNetLimits, type ListenOptions, type StreamLimits } from '../../../src/net/index.ts';
import { eventually, type RawClient, rawClient } from '../../support/net-loopback.ts';
import {
  browserOptions,
  clientFrame,
  startWebSocket,
  upgradeText,
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

async function raw(harness: WebSocketHarness): Promise<RawClient> {
  const made = await rawClient(harness.local);
  open.push(async () => made.socket.destroy());
  return made;
}

async function peer(harness: WebSocketHarness): Promise<WebSocketPeer> {
  const made = await webSocketPeer(harness.local);
  open.push(async () => made.socket.terminate());
  return made;
}

/** A raw connection that has shaken hands, so that any frame can be written. */
async function upgraded(harness: WebSocketHarness): Promise<RawClient> {
  const client = await raw(harness);
  await client.write(upgradeText());
  await eventually(() => expect(client.text()).toContain('101 Switching Protocols'));
  return client;
}

/** The code of the close frame at the end of what a raw client heard. */
function closeCodeIn(client: RawClient): number | undefined {
  const bytes = Buffer.from(client.text().slice(client.text().indexOf('\r\n\r\n') + 4), 'latin1');
  const at = bytes.indexOf(0x88);
  return at < 0 || bytes.length < at + 4 ? undefined : bytes.readUInt16BE(at + 2);
}

describe('HTTP that is no handshake', () => {
  const get = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
  const rows: readonly (readonly [name: string, text: string, statusCode: number])[] = [
    ['a request of a browser', get, 426],
    ['a HEAD', get.replace('GET', 'HEAD'), 426],
    ['a POST with a body', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc', 426],
    [
      'a POST that waits to be told to go on',
      'POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n',
      426,
    ],
    ['a CONNECT', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n', 426],
    ['an upgrade to HTTP/2', upgradeText({ Upgrade: 'h2c' }), 426],
    ['an upgrade without a sub-protocol', upgradeText({ 'Sec-WebSocket-Protocol': undefined }), 400],
    ['an upgrade to another sub-protocol', upgradeText({ 'Sec-WebSocket-Protocol': 'chat' }), 400],
    [
      'an upgrade with a sub-protocol that is no token',
      upgradeText({ 'Sec-WebSocket-Protocol': 'sip, a b' }),
      400,
    ],
    ['an upgrade without a key', upgradeText({ 'Sec-WebSocket-Key': undefined }), 400],
    ['an upgrade to an old version', upgradeText({ 'Sec-WebSocket-Version': '8' }), 426],
    ['an upgrade by POST', upgradeText({}, 'POST / HTTP/1.1'), 405],
    ['a head that is no HTTP further down', `GET / HTTP/1.1\r\nHost: a\r\nbad header line\r\n\r\n`, 400],
    ['a head that is too long', `GET / HTTP/1.1\r\nHost: a\r\nCookie: ${'x'.repeat(20_000)}\r\n\r\n`, 400],
  ];
  it.each(rows)('%s is answered, counted and ended', async (_name, text, statusCode) => {
    const harness = await start();
    const client = await raw(harness);
    await client.write(text);
    await eventually(() => expect(client.text()).toMatch(new RegExp(`^HTTP/1\\.1 ${statusCode} `)));
    await eventually(() => expect(client.isClosed()).toBe(true));
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
    const { counts } = harness.transport;
    expect(counts.strangers.http + counts.strangers.other).toBe(1);
    expect(counts.closed.notSip).toBe(1);
    expect(harness.received).toEqual([]);
  });

  it('says what is spoken here', async () => {
    const harness = await start();
    const client = await raw(harness);
    await client.write(get);
    await eventually(() => expect(client.isClosed()).toBe(true));
    expect(client.text()).toMatch(/\r\nUpgrade: websocket\r\n/i);
    expect(client.text()).toContain('SIP over WebSocket');
  });

  it('another origin is refused', async () => {
    const harness = await start({}, { origins: ['https://www.example.com'] });
    const client = await raw(harness);
    await client.write(upgradeText({ Origin: 'https://evil.example' }));
    await eventually(() => expect(client.text()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/));
    await expect(webSocketPeer(harness.local, { origin: 'https://www.example.com' })).resolves.toBeDefined();
  });

  it('a query and a path are nobody’s business', async () => {
    const harness = await start();
    const client = await webSocketPeer(harness.local, { path: '/sip/ws?token=1' });
    expect(client.socket.protocol).toBe('sip');
    client.socket.terminate();
  });
});

describe('what is no HTTP at all', () => {
  for (const [kind, bytes] of [
    ['tls', Buffer.from('160301020001000001fc0303', 'hex')],
    ['other', `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n`],
    ['other', 'INVITE urn:service:sos SIP/2.0\r\n\r\n'],
    ['other', 'hello, world\r\n'],
    ['stun', Buffer.from(`000100002112a442${'00'.repeat(12)}`, 'hex')],
  ] as const) {
    it(`${kind}: ${bytes
      .toString('latin1')
      .slice(0, 12)
      .replace(/[^ -~]/g, '.')} is counted and cut off`, async () => {
      const harness = await start();
      const client = await raw(harness);
      await client.write(bytes);
      await eventually(() => expect(client.isClosed()).toBe(true));
      expect(client.text()).toBe('');
      expect(harness.transport.counts.strangers[kind]).toBe(1);
    });
  }
});

describe('slow peers', () => {
  it('one that says nothing is cut off', async () => {
    const harness = await start({ handshakeMs: 60 });
    const client = await raw(harness);
    await eventually(() => expect(client.isClosed()).toBe(true));
    expect(harness.transport.counts.closed.slowHandshake).toBe(1);
    expect(harness.transport.connectionCount).toBe(0);
  });

  it('one that writes its handshake byte by byte is cut off', async () => {
    const harness = await start({ handshakeMs: 100 });
    const client = await raw(harness);
    await client.write('GET / HTTP/1.1\r\nX-Slow: ');
    while (!client.isClosed()) {
      client.socket.write('x');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => expect(client.isClosed()).toBe(true));
    expect(client.text()).toBe('');
    expect(harness.transport.counts.closed.slowHandshake).toBe(1);
  });

  it('one that stops inside of a frame is cut off', async () => {
    const harness = await start({ messageMs: 60 });
    const client = await upgraded(harness);
    await client.write(clientFrame(browserOptions()).subarray(0, 50));
    await eventually(() => expect(closeCodeIn(client)).toBe(1008));
    expect(harness.transport.counts.closed.slowMessage).toBe(1);
  });

  it('one that never ends its fragments is cut off, pings or not', async () => {
    const harness = await start({ messageMs: 80 });
    const client = await upgraded(harness);
    await client.write(clientFrame('OPTIONS ', { isFinal: false }));
    while (closeCodeIn(client) === undefined) {
      client.socket.write(clientFrame('', { opcode: 9 }));
      client.socket.write(clientFrame('x', { opcode: 0, isFinal: false }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(closeCodeIn(client)).toBe(1008);
    expect(harness.transport.counts.closed.slowMessage).toBe(1);
  });

  it('one that is idle between messages is not', async () => {
    const harness = await start({ messageMs: 40 });
    const client = await peer(harness);
    const slow = await upgraded(harness);
    await slow.write(clientFrame(browserOptions()).subarray(0, 50));
    await eventually(() => expect(harness.transport.counts.closed.slowMessage).toBe(1));
    client.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.transport.counts.closed.slowMessage).toBe(1);
  });
});

describe('frames that break the rules', () => {
  const { headBytesMax, bodyBytesMax } = defaultNetLimits.message;
  const hugeHead = Buffer.alloc(14);
  hugeHead[0] = 0x82;
  hugeHead[1] = 0xff;
  hugeHead.writeBigUInt64BE(BigInt(headBytesMax + 2 * bodyBytesMax + 1), 2);
  const rows: readonly (readonly [name: string, bytes: Buffer, code: number])[] = [
    ['one without a mask', clientFrame('x', { isMasked: false }), 1002],
    [
      'one with a reserved bit',
      Buffer.concat([Buffer.from([0xc1, 0x81, 0, 0, 0, 0]), Buffer.from('x')]),
      1002,
    ],
    ['one with a reserved opcode', clientFrame('x', { opcode: 3 }), 1002],
    ['a continuation of nothing', clientFrame('x', { opcode: 0 }), 1002],
    ['a ping in fragments', clientFrame('x', { opcode: 9, isFinal: false }), 1002],
    ['a ping that is too long', clientFrame('x'.repeat(126), { opcode: 9 }), 1002],
    ['one that announces more than a message may have', hugeHead, 1009],
    [
      'a message in too many fragments',
      Buffer.concat([
        clientFrame('', { isFinal: false }),
        ...Array.from({ length: 5_000 }, () => clientFrame('x', { opcode: 0, isFinal: false })),
      ]),
      1008,
    ],
  ];
  it.each(rows)('%s', async (_name, bytes, code) => {
    const harness = await start();
    const client = await upgraded(harness);
    await client.write(bytes);
    await eventually(() => expect(closeCodeIn(client)).toBe(code));
    expect(harness.transport.counts.closed.badFraming).toBe(1);
    client.socket.destroy();
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
    expect(harness.received).toEqual([]);
  });

  it('a body that is somewhat too large still comes, with its defect', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send(`${browserOptions()}${'x'.repeat(bodyBytesMax + 10)}`);
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.received[0]?.message.defects.map(({ statusCode }) => statusCode)).toEqual([513]);
  });
});

describe('frames that hold no SIP', () => {
  it('end a connection that never spoke SIP', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send('{"hello":"world"}');
    await eventually(() => expect(client.closeCode()).toBe(1008));
    expect(harness.transport.counts.strangers.other).toBe(1);
    expect(harness.transport.counts.closed.notSip).toBe(1);
  });

  it('end it with the code for text that is none, where that is so', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send(Buffer.from([0x78, 0xff]), { binary: false });
    await eventually(() => expect(client.closeCode()).toBe(1007));
  });

  it('are counted and passed over on a connection with calls', async () => {
    const harness = await start();
    const client = await peer(harness);
    client.socket.send(browserOptions());
    client.socket.send('ping');
    client.socket.send(browserOptions({ callId: 'after' }));
    await eventually(() => expect(harness.received).toHaveLength(2));
    expect(harness.transport.counts.strangers.other).toBe(1);
    expect(client.closeCode()).toBeUndefined();
  });
});

describe('limits of connections', () => {
  it('more of them than one address may have are cut off', async () => {
    const harness = await start({ connectionsPerAddressMax: 2 });
    await peer(harness);
    await peer(harness);
    await expect(webSocketPeer(harness.local)).rejects.toThrow();
    expect(harness.transport.counts.closed.addressLimit).toBe(1);
    expect(harness.transport.connectionCount).toBe(2);
  });

  it('a place is free again when a client has gone', async () => {
    const harness = await start({ connectionsPerAddressMax: 1 });
    const client = await peer(harness);
    client.socket.close();
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
    const next = await peer(harness);
    expect(next.socket.readyState).toBe(next.socket.OPEN);
  });

  it('at the limit one that never shook hands makes room', async () => {
    const harness = await start({ connectionsPerAddressMax: 1, evictUnusedMs: 0 });
    const silent = await raw(harness);
    await eventually(() => expect(harness.transport.connectionCount).toBe(1));
    const client = await peer(harness);
    await eventually(() => expect(silent.isClosed()).toBe(true));
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('a flood of pings to a server whose answers nobody reads ends', async () => {
    const harness = await start({ pauseReadingBytes: 10_000 });
    const client = await upgraded(harness);
    client.socket.pause();
    const burst = Buffer.concat(
      Array.from({ length: 20_000 }, () => clientFrame('x'.repeat(100), { opcode: 9 })),
    );
    for (let round = 0; round < 30 && !client.isClosed(); round += 1) {
      client.socket.write(burst);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
  });
});
