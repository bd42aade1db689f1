import { writeFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { startDns, type TestDns } from '../support/net-dns.ts';
import { type Authority, type MadeCertificate, makeAuthority } from '../support/net-tls.ts';
import { api, count, eventually, type PageJson } from './api.ts';
import { type Dialog, type EstablishOptions, establish, established, hangUp, responseTo } from './dialog.ts';
import { bracketed, hostPort, type InviteOptions, invite, multipartBody, pointInfo } from './emergency.ts';
import { type Address, listed, type Peer, tcpPeer, udpPeer } from './peer.ts';
import { hopsOf, type RoutedServer, startRouted } from './routed.ts';
import { type ListeningPeer, listeningPeer, type TlsPeer, tlsPeer, webSocketPeer } from './stream-peers.ts';

// Calls over every transport through the whole server, from INVITE to BYE, and what happens to those for a PSAP whose
// TLS cannot be had.

/** What the tests read of a certificate in use. */
interface CertificateJson {
  readonly file: string;
  readonly subjectAltName?: string;
  readonly validUntil: string;
}

const portNames = ['plain', 'tls', 'mutual', 'ws', 'wss', 'announced', 'tls6', 'psap', 'closed'] as const;
const announced = { host: 'esrp.announced.test', port: 15_060 };

describe('by every transport', () => {
  let authority: Authority;
  let dns: TestDns;
  let routed: RoutedServer;
  let own: MadeCertificate;
  let psapCertificate: MadeCertificate;
  let phoneCertificate: MadeCertificate;
  const ports = new Map<string, number>();
  /** PSAPs that last, by the area that they serve. */
  const psaps = new Map<string, ListeningPeer>();
  let udpPsap: Peer;
  let udpPsap6: Peer;
  const open: Peer[] = [];

  const at = (name: (typeof portNames)[number], address = '127.0.0.1'): Address => ({
    address,
    port: ports.get(name) ?? 0,
  });
  const psapOf = (area: string): ListeningPeer => {
    const psap = psaps.get(area);
    if (psap === undefined) throw new Error(`no PSAP for ${area}`);
    return psap;
  };
  const opened = async <T extends Peer>(peer: Promise<T>): Promise<T> => {
    const made = await peer;
    open.push(made);
    return made;
  };
  const tls = (
    name: 'tls' | 'mutual' | 'wss' = 'tls',
    options: Parameters<typeof tlsPeer>[1] = {},
  ): Promise<TlsPeer> => opened(tlsPeer(at(name), { ca: authority.ca, servername: 'esrp.test', ...options }));
  const logged = (event: string) =>
    eventually(
      async () => routed.server.output().includes(`"${event}"`),
      (isThere) => isThere,
    );
  const from = (area: string): InviteOptions => ({
    body: multipartBody(pointInfo(routed.place(area))),
    headers: ['Geolocation: <cid:location@caller.example.org>'],
  });
  const call = (caller: Peer, psap: Peer, area: string, options: EstablishOptions = {}): Promise<Dialog> =>
    establish(caller, psap, { ...from(area), ...options });

  beforeAll(async () => {
    authority = await makeAuthority();
    own = await authority.issue({
      altNames: ['URI:sip:esrp.test', 'DNS:esrp.test', 'IP:127.0.0.1', 'IP:::1'],
    });
    const other = await authority.issue({ altNames: ['URI:sip:other.test', 'DNS:other.test'] });
    psapCertificate = await authority.issue({ altNames: ['URI:sip:psap.test', 'DNS:psap.test'] });
    phoneCertificate = await authority.issue({ altNames: ['URI:sip:phone.test', 'DNS:phone.test'] });
    const free = await freePorts(portNames.length);
    for (const [index, name] of portNames.entries()) ports.set(name, free[index] ?? 0);
    const shown: TlsOptions = {
      cert: psapCertificate.cert,
      key: psapCertificate.key,
      ca: authority.ca,
      requestCert: true,
      rejectUnauthorized: false,
    };
    psaps.set('secure', await listeningPeer({ tls: shown }));
    const { cert, key } = await authority.issue({ altNames: ['URI:sip:strict.test'] });
    psaps.set('strict', await listeningPeer({ tls: { ...shown, cert, key, rejectUnauthorized: true } }));
    psaps.set('impostor', await listeningPeer({ tls: shown }));
    psaps.set('plain', await listeningPeer());
    psaps.set('ipv6', await listeningPeer({ address: '::1' }));
    udpPsap = await udpPeer(at('plain'), { port: at('psap').port });
    udpPsap6 = await udpPeer(at('plain', '::1'), { address: '::1' });
    dns = await startDns(zone(ports, psaps));
    const chain = { certificateFile: own.certificateFile, keyFile: own.keyFile };
    routed = await startRouted(
      {
        secure: 'sips:psap@psap.test',
        plain: `sip:psap@127.0.0.1:${psapOf('plain').port};transport=tcp`,
        datagrams: `sip:psap@127.0.0.1:${udpPsap.port}`,
        datagrams6: `sip:psap@[::1]:${udpPsap6.port}`,
        ipv6: `sip:psap@[::1]:${psapOf('ipv6').port};transport=tcp`,
        strict: 'sips:psap@strict.test',
        noTls: 'sips:psap@no-tls.test',
        impostor: 'sips:psap@impostor.test',
        deaf: 'sips:psap@deaf.test',
      },
      {
        config: {
          sip: {
            t1Ms: 100,
            nameServers: [dns.address],
            listen: listeners(at),
            tlsClient: { ...chain, caFile: authority.caFile },
            tls: {
              main: {
                ...chain,
                caFile: authority.caFile,
                clientCertificate: 'request',
                serverNames: {
                  'other.test': { certificateFile: other.certificateFile, keyFile: other.keyFile },
                },
              },
              mutual: {
                ...chain,
                caFile: authority.caFile,
                clientCertificate: 'require',
                minVersion: 'TLSv1.3',
              },
            },
          },
          ingress: { default: { nonEmergency: 'proxy' } },
        },
      },
    );
  });

  afterAll(async () => {
    await routed?.stop();
    await Promise.all([...psaps.values(), udpPsap, udpPsap6].map((peer) => peer?.close()));
    await dns?.close();
    authority?.remove();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(routed.server.output().slice(-6_000));
    await Promise.all(open.splice(0).map((peer) => peer.close()));
  });

  describe('in and out', () => {
    const sides = ['caller', 'psap'] as const;
    const callers: readonly (readonly [name: string, connect: () => Promise<Peer>])[] = [
      ['UDP', () => opened(udpPeer(at('plain')))],
      ['TCP', () => opened(tcpPeer(at('plain')))],
      ['TLS', () => tls()],
      ['WebSocket', () => opened(webSocketPeer(at('ws')))],
      ['secure WebSocket', () => opened(webSocketPeer(at('wss'), { ca: authority.ca }))],
      ['UDP on IPv6', () => opened(udpPeer(at('plain', '::1'), { address: '::1' }))],
      ['TCP on IPv6', () => opened(tcpPeer(at('plain', '::1')))],
      [
        'TLS on IPv6',
        () => opened(tlsPeer(at('tls6', '::1'), { ca: authority.ca, servername: 'esrp.test' })),
      ],
    ];
    const called: readonly (readonly [name: string, area: string, hop: RegExp])[] = [
      ['UDP', 'datagrams', /^udp 127\.0\.0\.1:/],
      ['TCP', 'plain', /^tcp 127\.0\.0\.1:/],
      ['TLS', 'secure', /^tls 127\.0\.0\.1:/],
      ['UDP on IPv6', 'datagrams6', /^udp \[?::1\]?:/],
      ['TCP on IPv6', 'ipv6', /^tcp \[?::1\]?:/],
    ];
    const byUdp = new Map([
      ['datagrams', () => udpPsap],
      ['datagrams6', () => udpPsap6],
    ]);
    const rows = callers.flatMap(([name, connect]) =>
      called.flatMap(([to, area, hop]) =>
        sides.map((side) => ({ title: `${name} to ${to}, ended by the ${side}`, connect, area, hop, side })),
      ),
    );

    it.each(rows)('$title', async ({ connect, area, hop, side }) => {
      const caller = await connect();
      const psap = byUdp.get(area)?.() ?? psapOf(area);
      const isNamed = area === 'secure';
      const dialog = await call(caller, psap, area, {
        ...(isNamed ? { psapContact: `sips:calltaker@psap.test` } : {}),
      });
      expect(listed(dialog.request, 'Via')[0]).toContain(`SIP/2.0/${psap.transport} `);
      expect(Buffer.compare(dialog.request.body, dialog.call.body)).toBe(0);
      await hangUp(dialog, side);
      const record = await routed.record(dialog.call.callId, 'ended');
      expect(record.attempts).toHaveLength(1);
      expect(record.attempts[0]?.nextHop).toMatch(hop);
    });
  });

  describe('TLS', () => {
    it('shows the certificate for the name that is asked for, and its own for every other', async () => {
      const names = {
        'esrp.test': 'URI:sip:esrp.test',
        'other.test': 'URI:sip:other.test',
        'x.test': 'URI:sip:esrp.test',
      };
      for (const [servername, expected] of Object.entries(names)) {
        const peer = await tls('tls', { servername, checkServerIdentity: () => undefined });
        expect(peer.socket.getPeerCertificate().subjectaltname, servername).toContain(expected);
        expect(peer.socket.authorized).toBe(true);
      }
      const caller = await tls('tls', { servername: 'other.test' });
      await hangUp(await call(caller, udpPsap, 'datagrams'), 'caller');
    });

    it('takes calls on a mutual listener from clients that show a certificate, and no others', async () => {
      const before = await count(routed.server, routed.key, /net_tls_closed_client_certificate$/);
      const stranger = await tls('mutual').catch(() => undefined);
      if (stranger !== undefined && !stranger.socket.destroyed)
        await new Promise((resolve) => stranger.socket.once('close', resolve));
      expect(await count(routed.server, routed.key, /net_tls_closed_client_certificate$/)).toBe(before + 1);
      const { cert, key } = phoneCertificate;
      const caller = await tls('mutual', { cert, key });
      await hangUp(
        await call(caller, psapOf('secure'), 'secure', { psapContact: 'sips:c@psap.test' }),
        'psap',
      );
    });

    it('shows its own certificate to a PSAP that demands one', async () => {
      const dialog = await call(await tls(), psapOf('strict'), 'strict', {
        psapContact: 'sips:c@strict.test',
      });
      await hangUp(dialog, 'caller');
      expect(psapOf('strict').failures).toEqual([]);
    });

    it('goes on with a call while its certificate is replaced, and shows the new one afterwards', async () => {
      const caller = await tls();
      const dialog = await call(caller, psapOf('secure'), 'secure', { psapContact: 'sips:c@psap.test' });
      const validUntil = new Date(Math.floor(Date.now() / 1000) * 1000 + 5 * 86_400_000);
      const next = await authority.issue({
        altNames: ['URI:sip:esrp.test', 'DNS:esrp.test', 'IP:127.0.0.1'],
        validUntil,
      });
      const serialOf = (peer: TlsPeer) => peer.socket.getPeerCertificate().serialNumber;
      const shown = async () => [serialOf(await tls()), serialOf(await tls('wss'))];
      const [before] = await shown();
      authority.replace(own, next);
      routed.server.signal('SIGHUP');
      await logged('server.certificatesRead');
      const after = await shown();
      expect(after).not.toContain(before);
      expect(new Set(after).size).toBe(1);
      const { json } = await api<PageJson<CertificateJson>>(
        routed.server,
        routed.key,
        '/api/v1/certificates',
      );
      const inUse = json.items.filter(({ file }) => file === own.certificateFile);
      expect(inUse.length).toBeGreaterThan(0);
      for (const { validUntil: until } of inUse) expect(until).toBe(validUntil.toISOString());
      await hangUp(dialog, 'psap');
      await hangUp(await call(caller, udpPsap, 'datagrams'), 'caller');
    });

    it('keeps the certificate in use where the files are made unusable', async () => {
      const before = (await tls()).socket.getPeerCertificate().serialNumber;
      writeFileSync(own.certificateFile, 'no certificate');
      routed.server.signal('SIGHUP');
      await logged('server.certificateNotRead');
      const caller = await tls();
      expect(caller.socket.getPeerCertificate().serialNumber).toBe(before);
      await hangUp(await call(caller, udpPsap, 'datagrams'), 'caller');
    });
  });

  describe('where a PSAP’s TLS cannot be had (RFC 6881 §9.1 SP-31)', () => {
    it('an emergency call goes on by TCP where nothing listens for TLS', async () => {
      const dialog = await call(await tls(), psapOf('plain'), 'noTls');
      await hangUp(dialog, 'caller');
      const record = await routed.record(dialog.call.callId, 'ended');
      expect(record.attempts.map(({ nextHop }) => nextHop?.split(' ')[0])).toContain('tcp');
    });

    it('an emergency call goes on by UDP where TLS is another’s and nothing listens for TCP', async () => {
      const dialog = await call(await opened(udpPeer(at('plain'))), udpPsap, 'impostor');
      await hangUp(dialog, 'psap');
      expect(psapOf('impostor').all).toEqual([]);
      const record = await routed.record(dialog.call.callId, 'ended');
      expect(hopsOf(record).at(-1)).toBe('udp 200');
    });

    it('an emergency call goes on by TCP where whoever listens for TLS says nothing', async () => {
      const startedAt = performance.now();
      const dialog = await call(await tls(), psapOf('plain'), 'deaf');
      expect(performance.now() - startedAt).toBeLessThan(4_000);
      await hangUp(dialog, 'psap');
      expect(hopsOf(await routed.record(dialog.call.callId, 'ended')).at(-1)).toBe('tcp 200');
    });

    it.each([['no-tls.test'], ['impostor.test']])(
      'a call to sips:…@%s that is no emergency fails',
      async (domain) => {
        const before = [psapOf('plain').all.length, udpPsap.all.length];
        const caller = await tls();
        const sent = invite(caller, {
          requestUri: `sips:alice@${domain}`,
          replace: { Contact: `Contact: <sips:caller@${hostPort(caller)}>` },
        });
        caller.send(sent.bytes);
        const refusal = await responseTo(sent, caller);
        expect(refusal.startLine).toMatch(/^SIP\/2\.0 5/);
        expect([psapOf('plain').all.length, udpPsap.all.length]).toEqual(before);
        expect(psapOf('impostor').all).toEqual([]);
      },
    );

    it('a call to a sips URI that is no emergency goes by TLS where it can be had', async () => {
      const caller = await tls();
      const sent = invite(caller, {
        requestUri: 'sips:alice@psap.test',
        replace: { Contact: `Contact: <sips:caller@${hostPort(caller)}>` },
      });
      caller.send(sent.bytes);
      const dialog = await established(
        { call: sent, caller, psap: psapOf('secure') },
        { psapContact: 'sips:alice@psap.test' },
      );
      expect(dialog.request.startLine).toBe('INVITE sips:alice@psap.test SIP/2.0');
      await hangUp(dialog, 'psap');
    });
  });

  describe('with an announced address that is not the bound one', () => {
    it('peers see the announced one, and the call runs its course', async () => {
      const caller = await opened(udpPeer(at('announced')));
      const dialog = await call(caller, udpPsap, 'datagrams');
      const sentBy = `${announced.host}:${announced.port}`;
      expect(listed(dialog.request, 'Via')[0]).toMatch(new RegExp(`^SIP/2\\.0/UDP ${sentBy};`));
      for (const route of listed(dialog.request, 'Record-Route')) expect(bracketed(route)).toContain(sentBy);
      expect(dialog.request.source.port).toBe(at('announced').port);
      await hangUp(dialog, 'caller');
      await hangUp(await call(caller, udpPsap, 'datagrams'), 'psap');
    });
  });
});

function listeners(at: (name: (typeof portNames)[number], address?: string) => Address): readonly unknown[] {
  return [
    { transport: 'udp', ...at('plain') },
    { transport: 'tcp', ...at('plain') },
    { transport: 'udp', ...at('plain', '::1') },
    { transport: 'tcp', ...at('plain', '::1') },
    { transport: 'tls', ...at('tls'), tls: 'main' },
    { transport: 'tls', ...at('mutual'), tls: 'mutual' },
    { transport: 'tls', ...at('tls6', '::1'), tls: 'main' },
    { transport: 'ws', ...at('ws') },
    { transport: 'wss', ...at('wss'), tls: 'main' },
    {
      transport: 'udp',
      ...at('announced'),
      announcedHost: announced.host,
      announcedPort: announced.port,
    },
  ];
}

function zone(ports: ReadonlyMap<string, number>, psaps: ReadonlyMap<string, ListeningPeer>) {
  const srv = (port: number | undefined) => ({ srv: [`0 0 ${port ?? 0} host.test`] });
  const closed = ports.get('closed');
  return {
    'host.test': { a: ['127.0.0.1'] },
    '_sips._tcp.psap.test': srv(psaps.get('secure')?.port),
    '_sips._tcp.strict.test': srv(psaps.get('strict')?.port),
    '_sips._tcp.no-tls.test': srv(closed),
    '_sip._tcp.no-tls.test': srv(psaps.get('plain')?.port),
    '_sip._udp.no-tls.test': srv(ports.get('psap')),
    // What listens for plain TCP makes nothing of a ClientHello.
    '_sips._tcp.deaf.test': srv(psaps.get('plain')?.port),
    '_sip._tcp.deaf.test': srv(psaps.get('plain')?.port),
    '_sips._tcp.impostor.test': srv(psaps.get('impostor')?.port),
    '_sip._tcp.impostor.test': srv(closed),
    '_sip._udp.impostor.test': srv(ports.get('psap')),
  };
}
