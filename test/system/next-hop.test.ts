import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { type DnsAnswer, startDns, type TestDns } from '../support/net-dns.ts';
import { api, eventually, type PageJson } from './api.ts';
import { established, hangUp, inviteOf, responseTo } from './dialog.ts';
import { type Call, invite, multipartBody, pointInfo } from './emergency.ts';
import { type Address, type Peer, type Received, response, udpPeer, value } from './peer.ts';
import { hopsOf, type RoutedServer, startRouted } from './routed.ts';
import { type ListeningPeer, listeningPeer } from './stream-peers.ts';

// PSAPs that are named by hosts: the whole server with a name server of the test's own, while addresses, PSAPs and the
// name server fail. All addresses are loopback ones.

/** What the tests read of an address that calls had trouble with. */
interface NextHopJson {
  readonly transport: string;
  readonly address: string;
  readonly port: number;
  readonly state: string;
  readonly forMs: number;
}

const silenceTimeoutMs = 600;
const nameTimeoutMs = 2_000;
/** A call that waited for nothing; the machine may have other work. */
const promptMs = 1_000;

describe('a PSAP that is named by a host', () => {
  let dns: TestDns;
  let routed: RoutedServer;
  let at: Address;
  let caller: Peer;
  let lastResort: Peer;
  /** By UDP at 127.0.0.11 and so on. */
  let psaps: readonly Peer[];
  let byTcp: ListeningPeer;
  let closedPort = 0;
  /** Whether the name server is there. */
  let isNamed = true;

  beforeAll(async () => {
    const [sipPort = 0, lastResortPort = 0, freePort = 0] = await freePorts(3);
    closedPort = freePort;
    at = { address: '127.0.0.1', port: sipPort };
    psaps = await Promise.all([11, 12, 13].map((host) => udpPeer(at, { address: `127.0.0.${host}` })));
    byTcp = await listeningPeer({ address: '127.0.0.22' });
    lastResort = await udpPeer(at, { port: lastResortPort });
    caller = await udpPeer(at);
    dns = await startDns(zone(psaps, byTcp, closedPort));
    const named = ['weighted', 'refused', 'mute', 'busy', 'old', 'lost', 'unknown'];
    const areas = named.map((name) => [name, `sip:psap@${name}.test`]);
    routed = await startRouted(
      { ...Object.fromEntries(areas), literal: `sip:psap@127.0.0.13:${psaps[2]?.port}` },
      {
        defaultRouteUri: `sip:last-resort@127.0.0.1:${lastResortPort}`,
        config: {
          sip: {
            t1Ms: 100,
            nameServers: [dns.address],
            nameTimeoutMs,
            listen: ['udp', 'tcp'].map((transport) => ({ transport, ...at })),
          },
          ingress: { default: { nonEmergency: 'proxy' } },
          routing: { silenceTimeoutMs },
        },
      },
    );
  });

  afterAll(async () => {
    await routed?.stop();
    await Promise.all([...psaps, byTcp, lastResort, caller].map((peer) => peer?.close()));
    if (isNamed) await dns?.close();
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(routed.server.output().slice(-3_000));
  });

  const psap = (index: number): Peer => {
    const peer = psaps[index];
    if (peer === undefined) throw new Error(`no PSAP ${index}`);
    return peer;
  };
  const place = (area: string): Call => {
    const call = invite(caller, { body: multipartBody(pointInfo(routed.place(area))) });
    caller.send(call.bytes);
    return call;
  };
  const nextHops = async (): Promise<readonly NextHopJson[]> =>
    (await api<PageJson<NextHopJson>>(routed.server, routed.key, '/api/v1/next-hops')).json.items;
  const refuse = (peer: Peer, request: Received, status: string, headers: readonly string[] = []): void =>
    peer.send(response(request, status, { toTag: 'refusing', headers }), request.source);
  /** Places a call that is answered at a peer and hung up; resolves to how long the INVITE took to get there. */
  const through = async (area: string, peer: Peer): Promise<number> => {
    const startedAt = performance.now();
    const call = place(area);
    const request = await inviteOf(call, peer);
    const tookMs = performance.now() - startedAt;
    refuse(peer, request, '600 Busy Everywhere');
    refuse(lastResort, await inviteOf(call, lastResort), '486 Busy Here');
    await responseTo(call, caller);
    return tookMs;
  };

  it('is one of several by their weights, and those of a lower rank get no call', async () => {
    const calls = 60;
    const seen = (index: number) =>
      psap(index).all.filter(({ startLine }) => startLine.startsWith('INVITE')).length;
    const before = [seen(0), seen(1), seen(2)];
    for (let count = 0; count < calls; count += 1) {
      const call = place('weighted');
      const arrival = await arrivalOf(call, [psap(0), psap(1), psap(2)]);
      refuse(arrival.peer, arrival.request, '486 Busy Here');
      refuse(lastResort, await inviteOf(call, lastResort), '486 Busy Here');
      await responseTo(call, caller);
    }
    const [heavy = 0, light = 0, lower = 0] = before.map((count, index) => seen(index) - count);
    // 3 to 1: of 60 calls, 20 or more at the lighter one is one chance in 300; none at all, one in 30 million.
    expect(heavy + light).toBe(calls);
    expect(heavy).toBeGreaterThan(light);
    expect(light).toBeGreaterThan(0);
    expect(lower).toBe(0);
  });

  it('answers at its second address in the same call where the first refuses connections', async () => {
    const call = place('refused');
    const dialog = await established({ call, caller, psap: byTcp });
    await hangUp(dialog, 'psap');
    const record = await routed.record(call.callId, 'ended');
    expect(hopsOf(record).at(-1)).toBe('tcp 200');
    const hop = (await nextHops()).find(({ address }) => address === '127.0.0.21');
    expect(hop).toMatchObject({ transport: 'tcp', port: closedPort, state: 'down' });
    expect(lastResort.all.filter((message) => value(message, 'Call-ID') === call.callId)).toEqual([]);
  });

  it('answers at its second address in the same call where the first is silent', async () => {
    const call = place('mute');
    const startedAt = performance.now();
    const dialog = await established({ call, caller, psap: psap(0) });
    expect(performance.now() - startedAt).toBeGreaterThan(silenceTimeoutMs / 2);
    await hangUp(dialog, 'caller');
  });

  it('that refuses with 503 and Retry-After leaves the call to its second address, and is spared for that time', async () => {
    const call = place('busy');
    refuse(psap(0), await inviteOf(call, psap(0)), '503 Service Unavailable', ['Retry-After: 60']);
    await hangUp(await established({ call, caller, psap: psap(1) }), 'caller');
    const hop = (await nextHops()).find(({ address, state }) => address === '127.0.0.11' && state !== 'up');
    expect(hop).toMatchObject({ transport: 'udp', state: 'refusing' });
    expect(hop?.forMs).toBeGreaterThan(30_000);
    expect(hop?.forMs).toBeLessThanOrEqual(60_000);
    const ordinary = invite(caller, { requestUri: 'sip:alice@busy.test' });
    caller.send(ordinary.bytes);
    refuse(psap(1), await inviteOf(ordinary, psap(1)), '486 Busy Here');
    await responseTo(ordinary, caller);
    // No emergency call is kept from the best address for what another call was told.
    const next = place('busy');
    await hangUp(await established({ call: next, caller, psap: psap(0) }), 'caller');
    expect((await nextHops()).filter(({ address }) => address === '127.0.0.11')).toEqual([]);
  });

  it('whose name has no answer leaves calls to others alone, and its own go to the last resort', async () => {
    const lost = Array.from({ length: 20 }, () => place('lost'));
    const took: number[] = [];
    for (let count = 0; count < 10; count += 1) {
      const call = place('literal');
      const startedAt = performance.now();
      const request = await inviteOf(call, psap(2));
      took.push(performance.now() - startedAt);
      psap(2).send(
        response(request, '200 OK', { toTag: 'x', headers: [`Contact: <sip:c@127.0.0.13>`] }),
        request.source,
      );
      await responseTo(call, caller);
    }
    expect(Math.max(...took)).toBeLessThan(promptMs);
    for (const call of lost) {
      const request = await inviteOf(call, lastResort);
      refuse(lastResort, request, '486 Busy Here');
    }
  });

  it('that does not exist costs a call nothing but the last resort', async () => {
    const call = place('unknown');
    const startedAt = performance.now();
    await hangUp(await established({ call, caller, psap: lastResort }), 'psap');
    expect(performance.now() - startedAt).toBeLessThan(promptMs);
  });

  it('is found by old answers when the name server is gone', async () => {
    await through('old', psap(1));
    await dns.close();
    isNamed = false;
    // Its records are good for one second; a second later nothing but old ones are left.
    const deadline = performance.now() + 2_000;
    const took: number[] = [];
    while (performance.now() < deadline) took.push(await through('old', psap(1)));
    await eventually(
      () => through('old', psap(1)),
      (tookMs) => tookMs < promptMs,
    );
    expect(took.length).toBeGreaterThan(0);
    expect(Math.max(...took)).toBeLessThan(nameTimeoutMs + promptMs);
  });
});

/** Which of the peers a call came to, without taking its INVITE from what the peer waits for. */
async function arrivalOf(
  call: Call,
  peers: readonly Peer[],
): Promise<{ readonly peer: Peer; readonly request: Received }> {
  const look = () =>
    peers.flatMap((peer) =>
      peer.all
        .filter(({ startLine }) => startLine.startsWith('INVITE'))
        .filter((request) => value(request, 'Call-ID') === call.callId)
        .map((request) => ({ peer, request })),
    );
  const [first] = await eventually(
    async () => look(),
    (found) => found.length > 0,
  );
  if (first === undefined) throw new Error('eventually there was one');
  return first;
}

function zone(
  psaps: readonly Peer[],
  byTcp: ListeningPeer,
  closedPort: number,
): Readonly<Record<string, DnsAnswer>> {
  const [one, two, three] = psaps.map(({ port }) => port);
  return {
    'one.test': { a: ['127.0.0.11'] },
    'two.test': { a: ['127.0.0.12'] },
    'three.test': { a: ['127.0.0.13'] },
    'closed.test': { a: ['127.0.0.21'] },
    'tcp.test': { a: ['127.0.0.22'] },
    'mute.test': {},
    'nobody.test': { a: ['127.0.0.31'] },
    '_sip._udp.weighted.test': {
      srv: [`10 3 ${one} one.test`, `10 1 ${two} two.test`, `20 0 ${three} three.test`],
    },
    '_sip._tcp.refused.test': { srv: [`10 0 ${closedPort} closed.test`, `20 0 ${byTcp.port} tcp.test`] },
    '_sip._udp.mute.test': { srv: [`10 0 ${closedPort} nobody.test`, `20 0 ${one} one.test`] },
    '_sip._udp.busy.test': { srv: [`10 0 ${one} one.test`, `20 0 ${two} two.test`] },
    '_sip._udp.old.test': { srv: [`10 0 ${two} two-old.test`], ttlS: 1 },
    'two-old.test': { a: ['127.0.0.12'], ttlS: 1 },
    'lost.test': { isSilent: true },
    '_sip._udp.lost.test': { isSilent: true },
    '_sip._tcp.lost.test': { isSilent: true },
  };
}
