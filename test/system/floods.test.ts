import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CallStream, quantile, startCallStream } from '../support/call-stream.ts';
import { freePorts } from '../support/free-ports.ts';
import { inspectable } from '../support/inspector.ts';
import { type Authority, makeAuthority } from '../support/net-tls.ts';
import { count, eventually } from './api.ts';
import { callThrough } from './dialog.ts';
import { hostPort, type InviteOptions, invite, multipartBody, pidfLo, pointInfo } from './emergency.ts';
import {
  type Connections,
  clientHello,
  lostInvite,
  openMany,
  sendMany,
  strangerBytes,
  trickle,
} from './floods.ts';
import { liveHeapBytes } from './live-heap.ts';
import { type Address, type Peer, tcpPeer, udpPeer } from './peer.ts';
import { type RoutedServer, startRouted } from './routed.ts';
import { tlsPeer, webSocketPeer } from './stream-peers.ts';

// A steady stream of calls while others flood the same server. No call of the stream may fail, and afterwards nothing of
// the flood may be left.

const callsPerSecond = 25;
/** An INVITE is sent again after 0.5, 1.5 and 3.5 s: no call may need a fourth. */
const lateMaxMs = 3_500;
const t1Ms = 200;
const heapGrowthMaxBytes = 24 * 1024 * 1024;
const portNames = ['plain', 'tls', 'ws', 'psap', 'ringing'] as const;

describe('a stream of calls', () => {
  let authority: Authority;
  let routed: RoutedServer;
  let calls: CallStream;
  let ringing: Peer;
  let ports: readonly number[];
  let heapBefore = 0;
  const floods: Connections[] = [];

  const at = (name: (typeof portNames)[number]): Address => ({
    address: '127.0.0.1',
    port: ports[portNames.indexOf(name)] ?? 0,
  });

  beforeAll(async () => {
    ports = await freePorts(portNames.length);
    authority = await makeAuthority();
    const { certificateFile, keyFile } = await authority.issue({ altNames: ['DNS:esrp.test'] });
    routed = await startRouted(
      { town: `sip:psap@${hostPort(at('psap'))}`, ringing: `sip:psap@${hostPort(at('ringing'))}` },
      {
        defaultRouteUri: `sip:last-resort@${hostPort(at('ringing'))}`,
        config: {
          sip: {
            t1Ms,
            listen: [
              { transport: 'udp', ...at('plain') },
              { transport: 'tcp', ...at('plain') },
              { transport: 'tls', ...at('tls'), tls: 'main' },
              { transport: 'ws', ...at('ws') },
            ],
            tls: { main: { certificateFile, keyFile } },
          },
          log: { level: 'warn' },
        },
        environment: { NODE_OPTIONS: inspectable },
      },
    );
    calls = await startCallStream({ transport: 'udp', server: at('plain'), psapPort: at('psap').port });
    // Rings for ever, and answers nothing else.
    ringing = await udpPeer(at('plain'), { port: at('ringing').port });
    await stream('before any flood', async () => undefined);
    heapBefore = await liveHeapBytes(routed.server);
  });

  afterAll(async () => {
    for (const flood of floods) flood.close();
    await calls?.stop();
    await ringing?.close();
    await routed?.stop();
    authority?.remove();
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(routed.server.output().slice(-3_000));
  });

  const metric = (name: RegExp) => count(routed.server, routed.key, name);
  const fromTown = (): InviteOptions => ({
    body: multipartBody(pointInfo(routed.place('town'))),
    headers: ['Geolocation: <cid:location@caller.example.org>'],
  });
  /** A call on a connection of its own, while the flood lasts. */
  const probe = async (connecting: Promise<Peer>): Promise<number> => {
    const caller = await connecting;
    const tookMs = await callThrough(caller, { ...fromTown(), timeoutMs: lateMaxMs });
    await caller.close();
    return tookMs;
  };
  /** Calls by UDP for as long as the work takes, and for a moment at least; all of them must get through in time. */
  const stream = async (name: string, work: () => Promise<void>, seconds = 3): Promise<void> => {
    const count = callsPerSecond * seconds;
    const body = pidfLo(pointInfo(routed.place('town')));
    const contentType = 'application/pidf+xml';
    const [result] = await Promise.all([
      calls.run({ count, perSecond: callsPerSecond, body, contentType, giveUpMs: 20_000 }),
      work(),
    ]);
    const { failures, retransmissions, answeredMs } = result;
    const [median, last] = [quantile(answeredMs, 0.5), quantile(answeredMs, 1)];
    console.info(
      `${name}: ${answeredMs.length} of ${count} calls, ${retransmissions} retransmissions, answered after ${median.toFixed(1)} ms in the median, ${last.toFixed(0)} ms at most`,
    );
    expect(failures).toEqual([]);
    expect(answeredMs).toHaveLength(count);
    expect(last).toBeLessThan(lateMaxMs);
  };
  const flooding = async (connecting: Promise<Connections>): Promise<Connections> => {
    const flood = await connecting;
    floods.push(flood);
    return flood;
  };

  it('goes on beside 20,000 INVITEs that are never acknowledged or finished', async () => {
    const place = pidfLo(pointInfo(routed.place('ringing')));
    let most = 0;
    await stream(
      'lost INVITEs',
      async () => {
        await sendMany(at('plain'), {
          count: 20_000,
          perSecond: 2_000,
          from: '127.0.0.2',
          // Most are refused, and nobody takes note of that; some find a PSAP that never answers.
          datagram: (index) =>
            index % 20 === 0 ? lostInvite('urn:service:sos', place) : lostInvite('sip:nobody@example.net'),
        });
        most = await metric(/^firstline_proxy_server_transactions$/);
      },
      10,
    );
    expect(most).toBeGreaterThan(5_000);
  });

  it('goes on beside 2,000 idle TCP connections, and new ones are taken', async () => {
    await stream('idle TCP connections', async () => {
      for (const from of ['127.0.0.3', '127.0.0.4'])
        await flooding(openMany(at('plain'), { count: 1_000, from }));
      await probe(tcpPeer(at('plain')));
    });
    expect(await metric(/^firstline_net_tcp_connections_open$/)).toBeGreaterThanOrEqual(2_000);
    // The limit for one address holds, and holds for that one alone.
    const more = await flooding(openMany(at('plain'), { count: 50, from: '127.0.0.4' }));
    await eventually(
      async () => more.open(),
      (open) => open < 50,
    );
    await probe(tcpPeer(at('plain')));
  });

  it('goes on beside connections that send a byte a second', async () => {
    const text = invite(ringing, { requestUri: 'sip:nobody@example.net' }).bytes.toString('latin1');
    await stream('slow connections', async () => {
      await flooding(
        openMany(at('plain'), {
          count: 300,
          from: '127.0.0.5',
          begin: 'INVITE ',
          onOpen: trickle(text, 1_000),
        }),
      );
      await probe(tcpPeer(at('plain')));
    });
  });

  it('goes on beside TLS handshakes that are never finished', async () => {
    const hello = await clientHello();
    await stream('TLS handshakes', async () => {
      // Some say half of their first word, some all of it and then nothing, some nothing at all.
      for (const begin of [hello.subarray(0, 100), hello, undefined])
        await flooding(
          openMany(at('tls'), { count: 300, from: '127.0.0.6', ...(begin === undefined ? {} : { begin }) }),
        );
      await probe(tlsPeer(at('tls'), { ca: authority.ca, servername: 'esrp.test' }));
    });
  });

  it('goes on beside WebSocket upgrades that are never finished', async () => {
    const begin = 'GET / HTTP/1.1\r\nHost: esrp.test\r\nUpgrade: websocket\r\nConnection: Upgr';
    await stream('WebSocket upgrades', async () => {
      await flooding(openMany(at('ws'), { count: 400, from: '127.0.0.7', begin }));
      await probe(webSocketPeer(at('ws')));
    });
  });

  it('goes on beside datagrams and connections that are no SIP, and counts them', async () => {
    await stream('strangers', async () => {
      await sendMany(at('plain'), {
        count: 12_000,
        perSecond: 6_000,
        from: '127.0.0.8',
        datagram: strangerBytes,
      });
      for (const begin of ['GET / HTTP/1.1\r\n\r\n', Buffer.from('16030100a5010000a10303', 'hex')])
        await flooding(openMany(at('plain'), { count: 100, from: '127.0.0.8', begin }));
      await flooding(
        openMany(at('tls'), { count: 20, from: '127.0.0.8', begin: 'OPTIONS sip:x SIP/2.0\r\n' }),
      );
      await probe(tcpPeer(at('plain')));
    });
    for (const kind of ['http', 'stun', 'tls', 'other'])
      expect(await metric(new RegExp(`^firstline_net_udp_counts_strangers_${kind}$`)), kind).toBeGreaterThan(
        1_000,
      );
    await eventually(
      () => metric(/^firstline_net_tcp_strangers_http$/),
      (seen) => seen >= 100,
    );
    await eventually(
      () => metric(/^firstline_net_tcp_strangers_tls$/),
      (seen) => seen >= 100,
    );
    await eventually(
      () => metric(/^firstline_net_tls_plain_sip$/),
      (seen) => seen >= 20,
    );
  });

  it('goes on beside calls that come in fragments of one byte, which get through too', async () => {
    await stream('fragments', async () => {
      const callers = await Promise.all(Array.from({ length: 10 }, () => tcpPeer(at('plain'))));
      await Promise.all(
        callers.map(async (caller) => {
          await callThrough({ ...caller, send: bytewise(caller) }, fromTown());
          await caller.close();
        }),
      );
    });
  });

  it('goes on beside a peer that asks and never reads', async () => {
    const before = await metric(/^firstline_net_tcp_pauses$/);
    await stream(
      'deaf peer',
      async () => {
        const socket = await deafPeer(at('plain'));
        floods.push({ open: () => 1, close: () => socket.destroy() });
        const request = lostInvite(`sip:${hostPort(at('plain'))}`)
          .replaceAll('INVITE', 'OPTIONS')
          .replace('/UDP', '/TCP');
        // What it is sent fills the buffers of both ends before ours.
        const isPaused = async () => (await metric(/^firstline_net_tcp_pauses$/)) > before;
        for (let round = 0; round < 200 && !(await isPaused()); round += 1) {
          const branches = Array.from({ length: 500 }, (_, index) => `branch=z9hG4bK${round}x${index}`);
          socket.write(branches.map((branch) => request.replace(/branch=\w+/, branch)).join(''));
          if (socket.writableNeedDrain) await Promise.race([once(socket, 'drain'), delay(100)]);
        }
      },
      5,
    );
    await eventually(
      () => metric(/^firstline_net_tcp_pauses$/),
      (pauses) => pauses > before,
    );
  });

  it('leaves nothing behind when the floods are over', async () => {
    expect(await metric(/^firstline_net_tcp_closed_slow_message$/)).toBeGreaterThan(0);
    expect(await metric(/^firstline_net_tls_closed_slow_handshake$/)).toBeGreaterThan(0);
    for (const flood of floods.splice(0)) flood.close();
    await eventually(
      () => metric(/^firstline_net_\w+_connections_open$/),
      (open) => open === 0,
      20_000,
    );
    for (const name of ['server_transactions', 'client_transactions', 'contexts', 'questions'])
      await eventually(
        () => metric(new RegExp(`^firstline_proxy_${name}$`)),
        (open) => open === 0,
        40_000,
      );
    const after = await liveHeapBytes(routed.server);
    console.info(`heap ${Math.round(heapBefore / 1e6)} MB before, ${Math.round(after / 1e6)} MB after`);
    expect(after - heapBefore).toBeLessThan(heapGrowthMaxBytes);
    expect(await metric(/^firstline_driver_failures$/)).toBe(0);
    await stream('after all floods', async () => undefined);
  });
});

/** Sends one byte a turn, one message after the other. */
function bytewise(peer: Peer): Peer['send'] {
  let before: Promise<void> = Promise.resolve();
  return (message) => {
    before = before.then(async () => {
      for (const byte of Buffer.from(message)) {
        peer.send(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  };
}

/** A TCP connection whose other end is never read. */
async function deafPeer(to: Address): Promise<Socket> {
  const socket = connect({ host: to.address, port: to.port, localAddress: '127.0.0.9' });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  return socket;
}
