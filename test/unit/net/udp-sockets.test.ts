import { afterEach, describe, expect, it } from 'vitest';
import { loadUdpBatch } from '../../../src/net/udp-batch.ts';
import { openUdpSocket } from '../../../src/net/udp-open.ts';
import type { UdpBatchMode, UdpSocket } from '../../../src/net/udp-socket.ts';
import type { Endpoint } from '../../../src/sip/index.ts';
import { seededRandom } from '../../support/net-link.ts';
import { eventually, hasIpv6 } from '../../support/net-loopback.ts';

// Both kinds of UDP socket do the same: Node's own, and the one that batches system calls.

interface Opened {
  readonly socket: UdpSocket;
  readonly heard: { readonly bytes: Buffer; readonly remote: Endpoint }[];
  readonly problems: Error[];
}

const open: UdpSocket[] = [];

afterEach(async () => {
  for (const socket of open.splice(0)) await socket.close();
});

async function start(
  mode: UdpBatchMode,
  parts: { address?: string; port?: number; onDatagram?: (bytes: Buffer, remote: Endpoint) => void } = {},
): Promise<Opened> {
  const heard: Opened['heard'] = [];
  const problems: Error[] = [];
  const address = parts.address ?? '127.0.0.1';
  const socket = await openUdpSocket(mode, {
    address,
    port: parts.port ?? 0,
    family: address.includes(':') ? 'ipv6' : 'ipv4',
    receiveBufferBytes: 4 * 1024 * 1024,
    sendBufferBytes: 1024 * 1024,
    onDatagram: (bytes, remote) => {
      heard.push({ bytes, remote });
      parts.onDatagram?.(bytes, remote);
    },
    onProblem: (error) => problems.push(error),
  });
  open.push(socket);
  return { socket, heard, problems };
}

const unexpected = (error: Error): void => {
  throw error;
};

const kinds = [
  { mode: 'off', kind: 'dgram', isThere: true },
  { mode: 'auto', kind: 'batch', isThere: loadUdpBatch() !== undefined },
] as const;

describe.each(kinds)('a UDP socket of kind $kind', ({ mode, kind, isThere }) => {
  describe.skipIf(!isThere)('where the machine has it', () => {
    it('is of that kind and bound to the port that it names', async () => {
      const { socket } = await start(mode);
      expect(socket.kind).toBe(kind);
      expect(socket.local.address).toBe('127.0.0.1');
      expect(socket.local.port).toBeGreaterThan(0);
    });

    for (const address of ['127.0.0.1', '::1']) {
      it.skipIf(address === '::1' && !hasIpv6)(`tells who sent a datagram at ${address}`, async () => {
        const one = await start(mode, { address });
        const two = await start(mode, { address });
        one.socket.send(Buffer.from('hello'), two.socket.local, unexpected);
        await eventually(() => expect(two.heard).toHaveLength(1));
        expect(two.heard[0]?.remote).toEqual(one.socket.local);
        expect(two.heard[0]?.bytes.toString()).toBe('hello');
      });
    }

    it('hands over every datagram of a burst, in order, each with bytes of its own', async () => {
      const count = 500;
      const one = await start(mode);
      const two = await start(mode);
      for (let index = 0; index < count; index += 1) {
        one.socket.send(Buffer.from(`${index}:${'x'.repeat(index)}`), two.socket.local, unexpected);
      }
      await eventually(() => expect(two.heard).toHaveLength(count));
      two.heard.forEach(({ bytes }, index) => {
        expect(bytes.toString()).toBe(`${index}:${'x'.repeat(index)}`);
      });
    });

    it('answers from inside the callback', async () => {
      const echo: { socket?: UdpSocket } = {};
      const server = await start(mode, {
        onDatagram: (bytes, remote) => echo.socket?.send(bytes, remote, unexpected),
      });
      echo.socket = server.socket;
      const client = await start(mode);
      for (let index = 0; index < 100; index += 1) {
        client.socket.send(Buffer.from(`${index}`), server.socket.local, unexpected);
      }
      await eventually(() => expect(client.heard).toHaveLength(100));
    });

    it('takes an empty datagram and the largest one', async () => {
      const one = await start(mode);
      const two = await start(mode);
      for (const length of [0, 65_507])
        one.socket.send(Buffer.alloc(length, 7), two.socket.local, unexpected);
      await eventually(() => expect(two.heard.map(({ bytes }) => bytes.length)).toEqual([0, 65_507]));
      expect(two.heard[1]?.bytes.every((byte) => byte === 7)).toBe(true);
    });

    it('reports the datagrams that the kernel refuses, and sends the ones between them', async () => {
      const one = await start(mode);
      const two = await start(mode);
      const refused: string[] = [];
      const note = (name: string) => (error: Error) =>
        refused.push(`${name} ${/[A-Z]{4,}/.exec(error.message)}`);
      // From a loopback address nothing leaves the machine.
      one.socket.send(Buffer.from('1'), { address: '192.0.2.1', port: 5060 }, note('unroutable'));
      one.socket.send(Buffer.from('2'), two.socket.local, unexpected);
      one.socket.send(Buffer.alloc(65_508), { address: '127.0.0.2', port: 9 }, note('large'));
      one.socket.send(Buffer.from('3'), two.socket.local, unexpected);
      await eventually(() => expect(two.heard.map(({ bytes }) => bytes.toString())).toEqual(['2', '3']));
      await eventually(() => expect(refused.sort()).toEqual(['large EMSGSIZE', 'unroutable EINVAL']));
    });

    it('says so where the address is taken, or is none of this machine', async () => {
      const { socket } = await start(mode);
      const failure = { code: 'net.listenFailed' };
      await expect(start(mode, { port: socket.local.port })).rejects.toMatchObject(failure);
      await expect(start(mode, { port: socket.local.port })).rejects.toThrow(/EADDRINUSE/);
      await expect(start(mode, { address: '192.0.2.1' })).rejects.toThrow(/EADDRNOTAVAIL/);
    });

    it('sends what was given to it before it is closed, and its port is free then', async () => {
      const one = await start(mode);
      const two = await start(mode);
      one.socket.send(Buffer.from('last'), two.socket.local, unexpected);
      const { local } = one.socket;
      await one.socket.close();
      await eventually(() => expect(two.heard).toHaveLength(1));
      open.splice(open.indexOf(one.socket), 1);
      const again = await start(mode, { port: local.port });
      expect(again.socket.local).toEqual(local);
    });

    it('goes on after a callback that threw', async () => {
      const one = await start(mode, {
        onDatagram: (bytes) => {
          if (bytes.toString() === 'bad' && kind === 'batch') throw new Error('a fault of ours');
        },
      });
      const two = await start(mode);
      for (const text of ['good', 'bad', 'good again']) {
        two.socket.send(Buffer.from(text), one.socket.local, unexpected);
      }
      await eventually(() => expect(one.heard).toHaveLength(3));
      if (kind === 'batch') expect(one.problems.map(({ message }) => message)).toEqual(['a fault of ours']);
    });

    it('takes any bytes and any address without harm', async () => {
      const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
      console.info(`seed ${seed}`);
      const random = seededRandom(seed);
      const below = (limit: number) => Math.floor(random.fraction() * limit);
      const one = await start(mode);
      const two = await start(mode);
      const sent: string[] = [];
      const strange = [
        '',
        '0',
        '::ffff:1.2.3.4',
        'fe80::1%nowhere',
        'psap.example',
        '999.1.1.1',
        '1.2.3',
        '\0',
        '%',
        '%%1',
      ];
      for (let index = 0; index < 300; index += 1) {
        const bytes = Buffer.from(Array.from({ length: below(3_000) }, () => below(256)));
        sent.push(bytes.toString('latin1'));
        one.socket.send(bytes, two.socket.local, unexpected);
        const address = strange[below(strange.length)] ?? '';
        if (kind === 'batch') one.socket.send(bytes, { address, port: below(65_536) }, () => undefined);
      }
      await eventually(() => expect(two.heard).toHaveLength(300));
      expect(two.heard.map(({ bytes }) => bytes.toString('latin1'))).toEqual(sent);
    });
  });
});
