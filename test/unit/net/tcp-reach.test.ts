import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { tcpProbe } from '../../../src/net/tcp-probe.ts';
import { TcpReach } from '../../../src/net/tcp-reach.ts';
import type { Destination } from '../../../src/sip/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function tcpTo(address: string, port = 5060): Destination {
  return { transport: 'tcp', remote: { address, port }, connectionId: undefined, local: undefined };
}

describe('a probe', () => {
  it('says whether a connection can be opened', async () => {
    let connections = 0;
    const server = createServer((connection) => {
      connections += 1;
      connection.on('error', () => connection.destroy());
      connection.resume();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const probe = tcpProbe({ timeoutMs: 5_000 });
    expect(await probe(tcpTo('127.0.0.1', port))).toBe(true);
    await expect.poll(() => connections).toBe(1);
    await new Promise<void>((done) => server.close(() => done()));
    expect(await probe(tcpTo('127.0.0.1', port))).toBe(false);
  });
});

describe('addresses without TCP', () => {
  it('are probed ever more seldom, one probe at a time, and only when a call comes by', async () => {
    const clock = new ManualClock();
    const answers: ((isReached: boolean) => void)[] = [];
    const reach = new TcpReach({ clock, probe: () => new Promise((resolve) => answers.push(resolve)) });
    const destination = tcpTo('192.0.2.1');
    reach.failed(destination.remote);
    const waits: number[] = [];
    for (let probe = 1; probe <= 8; probe += 1) {
      let waitedMs = 0;
      while (answers.length < probe) {
        clock.advanceBy(1_000);
        waitedMs += 1_000;
        expect(reach.isOpen(destination)).toBe(false);
        expect(reach.isOpen(destination)).toBe(false);
      }
      waits.push(waitedMs);
      answers[probe - 1]?.(false);
      await new Promise(setImmediate);
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  });

  it('a probe that throws counts as no', async () => {
    const clock = new ManualClock();
    const reach = new TcpReach({ clock, probe: () => Promise.reject(new Error('no socket')) });
    reach.failed(tcpTo('192.0.2.1').remote);
    clock.advanceBy(5_000);
    expect(reach.isOpen(tcpTo('192.0.2.1'))).toBe(false);
    await new Promise(setImmediate);
    expect(reach.isOpen(tcpTo('192.0.2.1'))).toBe(false);
    expect(reach.size).toBe(1);
  });

  it('are bounded', () => {
    const reach = new TcpReach({ clock: new ManualClock(), probe: async () => true });
    for (let index = 0; index < 10_050; index += 1) {
      reach.failed({ address: `10.0.${index >> 8}.${index & 255}`, port: 5060 });
    }
    expect(reach.size).toBe(10_000);
  });
});
