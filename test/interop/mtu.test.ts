import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { describeInNamespace, namespaceAddress } from '../support/namespace.ts';
import { inviteOf, responseTo } from '../system/dialog.ts';
import { type Call, invite, multipartBody, pointInfo } from '../system/emergency.ts';
import { type Peer, type Received, response, udpPeer } from '../system/peer.ts';
import { type RoutedServer, startRouted } from '../system/routed.ts';
import { type ListeningPeer, listeningPeer } from '../system/stream-peers.ts';

// Requests that may be too large for a datagram on the way (RFC 3261 §18.1.1), through the whole server to an address that
// is not loopback, so that nothing is known of the path's MTU.

const address = namespaceAddress.ipv4;
/** How long a call may wait for TCP; the server's own limit is one second, and the machine may have other work. */
const waitMaxMs = 1_800;
const promptMs = 700;

describeInNamespace('an INVITE of more than 1,300 bytes', () => {
  let routed: RoutedServer;
  let caller: Peer;
  let both: { readonly udp: Peer; readonly tcp: ListeningPeer };
  let refusing: Peer;
  let deaf: Peer;
  let blackHole: BlackHole;

  beforeAll(async () => {
    const [sipPort = 0, bothPort = 0, deafPort = 0, lastResortPort = 0] = await freePorts(4);
    const at = { address, port: sipPort };
    caller = await udpPeer(at, { address });
    both = {
      udp: await udpPeer(at, { address, port: bothPort }),
      tcp: await listeningPeer({ address, port: bothPort }),
    };
    refusing = await udpPeer(at, { address });
    deaf = await udpPeer(at, { address, port: deafPort });
    blackHole = await digBlackHole(deafPort);
    routed = await startRouted(
      {
        both: `sip:psap@${address}:${bothPort}`,
        refusing: `sip:psap@${address}:${refusing.port}`,
        deaf: `sip:psap@${address}:${deafPort}`,
      },
      {
        defaultRouteUri: `sip:last-resort@${address}:${lastResortPort}`,
        config: { sip: { listen: ['udp', 'tcp'].map((transport) => ({ transport, ...at })) } },
      },
    );
  });

  afterAll(async () => {
    await routed?.stop();
    await blackHole?.close();
    await Promise.all([caller, both?.udp, both?.tcp, refusing, deaf].map((peer) => peer?.close()));
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(routed.server.output().slice(-3_000));
  });

  /** Calls of that many bytes of body; resolves to the time until the PSAP had each. */
  const times = async (area: string, psap: Peer, options: { calls: number; bodyBytes: number }) => {
    const took: number[] = [];
    for (let count = 0; count < options.calls; count += 1) {
      const call = callOf(area, options.bodyBytes);
      const startedAt = performance.now();
      caller.send(call.bytes);
      const request = await inviteOf(call, psap);
      took.push(performance.now() - startedAt);
      await answered(call, psap, request);
    }
    return took;
  };
  const callOf = (area: string, bodyBytes: number): Call => {
    const body = multipartBody(pointInfo(routed.place(area)));
    const padding = Buffer.alloc(Math.max(0, bodyBytes - body.length), 'x');
    return invite(caller, { body: Buffer.concat([body, padding]) });
  };
  const answered = async (call: Call, psap: Peer, request: Received): Promise<void> => {
    const headers = [`Contact: <sip:c@${address}:${psap.port}>`];
    psap.send(response(request, '200 OK', { toTag: 'x', headers }), request.source);
    await responseTo(call, caller);
  };
  const invites = (peer: Peer) => peer.all.filter(({ startLine }) => startLine.startsWith('INVITE')).length;

  it('goes by TCP where the PSAP listens for it, though its URI says UDP', async () => {
    const took = await times('both', both.tcp, { calls: 3, bodyBytes: 1_500 });
    expect(Math.max(...took)).toBeLessThan(waitMaxMs);
    expect(invites(both.udp)).toBe(0);
    expect(both.tcp.connections()).toBe(1);
    const [largest] = both.tcp.all;
    expect(largest?.bytes.length).toBeGreaterThan(1_300);
  });

  it('goes by UDP at once where TCP is refused', async () => {
    const took = await times('refusing', refusing, { calls: 5, bodyBytes: 1_500 });
    expect(Math.max(...took)).toBeLessThan(waitMaxMs);
  });

  it('waits once for a PSAP at which TCP connections get no answer, and the calls after it do not wait', async () => {
    const [first = 0, ...later] = await times('deaf', deaf, { calls: 6, bodyBytes: 1_500 });
    console.info(
      `first call after ${Math.round(first)} ms, later ones after ${later.map(Math.round).join(', ')} ms`,
    );
    expect(first).toBeGreaterThan(500);
    expect(first).toBeLessThan(waitMaxMs);
    expect(Math.max(...later)).toBeLessThan(promptMs);
  });

  it('keeps to UDP for a body of 60,000 bytes where there is nothing else', async () => {
    const [took = 0] = await times('refusing', refusing, { calls: 1, bodyBytes: 60_000 });
    expect(took).toBeLessThan(waitMaxMs);
  });
});

/** A port at which SYNs get no answer: its queue of connections is full, and its process does not run. */
interface BlackHole {
  close(): Promise<void>;
}

async function digBlackHole(port: number): Promise<BlackHole> {
  const program = `require('net').createServer().listen({ port: ${port}, host: '${address}', backlog: 1 }, () => console.log('listening'))`;
  const child: ChildProcess = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('its output is piped');
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  while (await connects(port, fillers)) {
    if (fillers.length > 64) throw new Error('the queue of connections does not fill');
  }
  return {
    async close() {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** Whether one more connection is taken in within a moment; it stays open either way. */
function connects(port: number, fillers: Socket[]): Promise<boolean> {
  const socket = connect(port, address);
  fillers.push(socket);
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 300);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
