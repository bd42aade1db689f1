import { afterEach, describe, expect, it } from 'vitest';
import { headerValue } from '../../../src/sip/index.ts';
import {
  destination,
  eventually,
  type Harness,
  hasIpv6,
  optionsRequest,
  rawUdp,
  startTransports,
} from '../../support/net-loopback.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(...addresses: string[]): Promise<Harness> {
  const harness = await startTransports({
    listen: addresses.map((address) => ({ transport: 'udp', address })),
  });
  open.push(() => harness.stop());
  return harness;
}

async function peer(address?: string) {
  const udp = await rawUdp(address);
  open.push(() => new Promise<void>((done) => udp.socket.close(() => done())));
  return udp;
}

describe('a UDP socket', () => {
  for (const address of ['127.0.0.1', '::1']) {
    it.skipIf(address === '::1' && !hasIpv6)(
      `receives messages and answers from its own port at ${address}`,
      async () => {
        const harness = await start(address);
        const { local } = harness.listener('udp');
        const remote = await peer(address);
        remote.socket.send(optionsRequest({ callId: 'udp-1' }), local.port, address);
        await eventually(() => expect(harness.received).toHaveLength(1));
        const [first] = harness.received;
        expect(first?.flow).toEqual({
          transport: 'udp',
          local,
          remote: remote.endpoint,
          connectionId: undefined,
        });
        expect(first && headerValue(first.message, 'call-id')).toBe('udp-1');
        harness.send(
          'SIP/2.0 200 OK\r\n\r\n',
          destination({ transport: 'udp', remote: remote.endpoint, local }),
        );
        await eventually(() => expect(remote.heard).toHaveLength(1));
        expect(remote.heard[0]?.from).toEqual(local);
        expect(harness.failures).toEqual([]);
      },
    );
  }

  it('takes and sends the largest datagrams whole', async () => {
    const harness = await start('127.0.0.1');
    const remote = await peer();
    const { local } = harness.listener('udp');
    const head = optionsRequest({ body: '' }).length;
    const text = optionsRequest({ body: 'x'.repeat(65_507 - head - 4) });
    expect(text.length).toBe(65_507);
    remote.socket.send(text, local.port, local.address);
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.received[0]?.message.bytes.length).toBe(65_507);
    expect(harness.received[0]?.message.defects).toEqual([]);
    harness.send(text, destination({ transport: 'udp', remote: remote.endpoint }));
    await eventually(() => expect(remote.heard[0]?.bytes.length).toBe(65_507));
  });

  it('says that a larger one does not fit', async () => {
    const harness = await start('127.0.0.1');
    harness.send(
      Buffer.alloc(65_508),
      destination({ transport: 'udp', remote: { address: '127.0.0.1', port: 9 } }),
    );
    await eventually(() =>
      expect(harness.failures.map(({ code }) => code)).toEqual(['net.datagramTooLarge']),
    );
  });

  it('sends from the listener that is named, else from the first of the family', async () => {
    const harness = await start('127.0.0.1', '127.0.0.2', '127.0.0.3');
    const remote = await peer('127.0.0.1');
    const [first, second] = harness.listeners;
    for (const local of [second?.local, undefined, { address: '127.0.0.9', port: 9 }]) {
      harness.send('x', destination({ transport: 'udp', remote: remote.endpoint, local }));
    }
    await eventually(() => expect(remote.heard).toHaveLength(3));
    expect(remote.heard.map(({ from }) => from)).toEqual([second?.local, first?.local, first?.local]);
  });

  it('counts strangers by kind and answers nothing', async () => {
    const harness = await start('127.0.0.1');
    const remote = await peer();
    const { local } = harness.listener('udp');
    const strangers = [
      Buffer.from('\r\n\r\n'),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from('160301020001000001fc0303', 'hex'),
      Buffer.from(`010100002112a442${'00'.repeat(12)}`, 'hex'),
      Buffer.from('hello'),
      Buffer.alloc(0),
    ];
    for (const bytes of strangers) remote.socket.send(bytes, local.port, local.address);
    remote.socket.send(optionsRequest(), local.port, local.address);
    await eventually(() => expect(harness.received).toHaveLength(1));
    const [udp] = harness.transports.counts().udp;
    expect(udp?.counts.strangers).toEqual({ keepalive: 2, http: 1, tls: 1, stun: 1, other: 1 });
    expect(udp?.counts.pings).toBe(0);
    expect(udp?.counts.messagesIn).toBe(1);
    expect(udp?.counts.messagesOut).toBe(0);
    expect(remote.heard).toEqual([]);
  });

  it('reports what the kernel refuses, each time', async () => {
    const harness = await start('127.0.0.1');
    // From a loopback address nothing leaves the machine: the kernel says so at once.
    const remote = { address: '192.0.2.1', port: 5060 };
    harness.send('x', destination({ transport: 'udp', remote }));
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.sendFailed']));
    harness.send('x', destination({ transport: 'udp', remote }));
    await eventually(() => expect(harness.failures).toHaveLength(2));
    expect(harness.transports.counts().udp[0]?.counts.sendFailures).toBe(2);
  });

  it('is one of a family that a destination needs, or the send fails', async () => {
    const harness = await start('127.0.0.1');
    const codes = async (): Promise<string | undefined> => {
      await eventually(() => expect(harness.failures).not.toEqual([]));
      return harness.failures.pop()?.code;
    };
    harness.send('x', destination({ transport: 'udp', remote: { address: '::1', port: 9 } }));
    expect(await codes()).toBe('net.noListener');
    harness.send('x', destination({ transport: 'udp', remote: { address: 'psap.example', port: 9 } }));
    expect(await codes()).toBe('net.noListener');
    harness.send('x', destination({ transport: 'wss', remote: { address: '127.0.0.1', port: 9 } }));
    expect(await codes()).toBe('net.unsupportedTransport');
  });
});

describe('starting and stopping', () => {
  it('announces what it is told to, else what is bound', async () => {
    const harness = await startTransports({
      listen: [
        { transport: 'udp', announcedHost: 'esrp.example.net', announcedPort: 5060 },
        { transport: 'tcp' },
        { transport: 'udp', address: '0.0.0.0' },
      ],
    });
    open.push(() => harness.stop());
    const [udp, tcp, anywhere] = harness.listeners;
    expect(udp?.announced).toEqual({ host: 'esrp.example.net', port: 5060 });
    expect(tcp?.announced).toEqual({ host: '127.0.0.1', port: tcp?.local.port });
    expect(anywhere?.announced.host).toMatch(/^[0-9.]+$/);
    expect(anywhere?.announced.host).not.toBe('0.0.0.0');
  });

  it('binds everything or nothing', async () => {
    const taken = await start('127.0.0.1');
    const { port } = taken.listener('udp').local;
    const free = await peer();
    await new Promise<void>((done) => free.socket.close(() => done()));
    open.pop();
    const wanted = [
      { transport: 'udp', port: free.endpoint.port },
      { transport: 'udp', port },
    ] as const;
    await expect(startTransports({ listen: wanted })).rejects.toMatchObject({ code: 'net.listenFailed' });
    const again = await startTransports({ listen: [{ transport: 'udp', port: free.endpoint.port }] });
    open.push(() => again.stop());
    expect(again.listener('udp').local.port).toBe(free.endpoint.port);
  });

  it('refuses a TLS listener without a certificate', async () => {
    await expect(startTransports({ listen: [{ transport: 'tls' }] })).rejects.toMatchObject({
      code: 'net.tlsCertificate',
    });
  });

  it('can be asked for twice, and then sends nothing', async () => {
    const harness = await start('127.0.0.1');
    expect(await harness.transports.start()).toBe(harness.listeners);
    const { local } = harness.listener('udp');
    await Promise.all([harness.stop(), harness.stop()]);
    harness.send('x', destination({ transport: 'udp', remote: local }));
    harness.send('x', destination({ transport: 'tcp', remote: local }));
    await eventually(() =>
      expect(harness.failures.map(({ code }) => code)).toEqual(['net.stopped', 'net.stopped']),
    );
  });
});
