import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TlsProfile } from '../../src/net/index.ts';
import { headerValues } from '../../src/sip/message/index.ts';
import type { DnsAnswer } from '../support/net-dns.ts';
import {
  destination,
  eventually,
  type Harness,
  optionsRequest,
  startTransports,
} from '../support/net-loopback.ts';
import { startResolver } from '../support/net-resolver.ts';
import { type Authority, makeAuthority, tlsClient, tlsServer } from '../support/net-tls.ts';
import { forwardTo, ProxyHarness } from '../support/proxy-harness.ts';
import { allListeners } from '../support/routing-listeners.ts';

// What other stacks stumbled over in the field, between sockets, certificates and name servers.

let authority: Authority;
const open: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => authority.remove());

describe('case 35: name servers', () => {
  const zone: Readonly<Record<string, DnsAnswer>> = {
    'lower.example': { naptr: ['10 10 s sip+d2t - _sip._tcp.lower.example'] },
    '_sip._tcp.lower.example': { srv: ['0 0 5070 host.example'] },
    'secure.example': { naptr: ['10 10 s SIPS+D2T - _sips._tcp.secure.example'] },
    '_sips._tcp.secure.example': { srv: ['0 0 5071 host.example'] },
    'alias.example': { cname: 'lower.example' },
    '_sip._udp.dot.example': { srv: ['0 0 0 .'] },
    'dot.example': { a: ['192.0.2.8'] },
    '_sip._udp.light.example': { srv: ['0 0 5060 host.example', '0 0 5061 host2.example'] },
    'six.example': { aaaa: ['2001:db8::6'] },
    'brief.example': { a: ['192.0.2.3'], ttlS: 0 },
    'failing.example': { rcode: 2 },
    'host.example': { a: ['192.0.2.1'] },
    'host2.example': { a: ['192.0.2.2'] },
  };
  const ask = async (uri: string, listeners = 'udp4 tcp4 tls4 udp6'): Promise<string> => {
    const running = await startResolver({ zone, listeners });
    open.push(() => running.close());
    return running.ask(uri);
  };

  it.each([
    ['a NAPTR service in lower case', 'sip:lower.example', 'tcp 192.0.2.1:5070'],
    ['SIPS+D2T for a sips URI', 'sips:secure.example', 'tls 192.0.2.1:5071'],
    ['an alias in front of NAPTR', 'sip:alias.example', 'tcp 192.0.2.1:5070'],
    ['a name of IPv6 alone', 'sip:six.example:5080', 'udp [2001:db8::6]:5080'],
    ['a TTL of 0', 'sip:brief.example:5080', 'udp 192.0.2.3:5080'],
  ])('case 35: %s', async (_name, uri, tried) => {
    expect(await ask(uri)).toBe(tried);
  });

  it('case 35: weights of 0 leave no target out (RFC 2782)', async () => {
    const tried = await ask('sip:light.example');
    expect(tried.split(', ').sort()).toEqual(['udp 192.0.2.1:5060', 'udp 192.0.2.2:5061']);
  });

  it('case 35: a target of `.` says that there is no such service (RFC 2782), not that its name is to be tried', async () => {
    expect(await ask('sip:dot.example;transport=udp')).toBe('net.nameNotFound');
  });

  it('case 35: a name that does not exist and name servers that fail are two things', async () => {
    const missing = await ask('sip:nowhere.example');
    const failing = await ask('sip:failing.example');
    expect([missing, failing]).toEqual(['net.nameNotFound', 'net.nameServersFailed']);
  });

  it('case 35: one name that fails is no reason for another to fail', async () => {
    const running = await startResolver({ zone });
    open.push(() => running.close());
    const [bad, good] = await Promise.all([
      running.ask('sip:failing.example'),
      running.ask('sip:lower.example'),
    ]);
    expect([bad.startsWith('net.'), good]).toEqual([true, 'tcp 192.0.2.1:5070']);
    expect(await running.ask('sip:host.example:5060')).toBe('udp 192.0.2.1:5060');
  });
});

/** Our side, with certificates of our own towards both sides. */
async function start(tls: Partial<TlsProfile> = {}): Promise<Harness> {
  const own = await authority.issue({ altNames: ['URI:sip:us.example'] });
  const profile: TlsProfile = { ...own, clientCertificate: 'ignore', minVersion: 'TLSv1.2', ...tls };
  const harness = await startTransports({
    listen: [{ transport: 'tls', tls: profile }],
    other: { tlsClient: { ...own, caFile: authority.caFile, minVersion: 'TLSv1.2', verify: 'always' } },
  });
  open.push(() => harness.stop());
  return harness;
}

describe('case 41: names in TLS', () => {
  it('case 41: the server name sent is the host of the URI; an address is none (RFC 6066 §3, RFC 5922 §7.3)', async () => {
    const harness = await start();
    const shown = await authority.issue({ altNames: ['URI:sip:psap.example', 'IP:127.0.0.1'] });
    const server = await tlsServer(shown);
    open.push(() => server.close());
    harness.send(
      'named',
      destination({ transport: 'tls', remote: server.endpoint, serverName: 'psap.example' }),
    );
    await eventually(() => expect(server.peers.map((peer) => peer.text())).toEqual(['named']));
    expect(server.peers[0]?.socket.servername).toBe('psap.example');
    const other = await tlsServer(await authority.issue({ altNames: ['IP:127.0.0.1'] }));
    open.push(() => other.close());
    harness.send('bare', destination({ transport: 'tls', remote: other.endpoint }));
    await eventually(() => expect(other.peers.map((peer) => peer.text())).toEqual(['bare']));
    expect(other.peers[0]?.socket.servername).toBe(false);
  });

  it('case 41: two names at one address are two connections, each proved for itself (RFC 5923 §9.3)', async () => {
    const harness = await start();
    const server = await tlsServer(
      await authority.issue({ altNames: ['URI:sip:one.example', 'URI:sip:two.example'] }),
    );
    open.push(() => server.close());
    for (const serverName of ['one.example', 'two.example', 'one.example'])
      harness.send(`${serverName} `, destination({ transport: 'tls', remote: server.endpoint, serverName }));
    await eventually(() =>
      expect(server.peers.map((peer) => peer.text()).sort()).toEqual([
        'one.example one.example ',
        'two.example ',
      ]),
    );
  });

  it('case 41: we show the certificate of the name that is asked for, and our usual one for any other', async () => {
    const second = await authority.issue({ altNames: ['URI:sip:second.example'] });
    const harness = await start({ serverNames: { 'second.example': second } });
    const shown: (string | undefined)[] = [];
    for (const servername of ['second.example', 'other.example']) {
      const peer = await tlsClient(harness.listener('tls').local, { servername });
      open.push(async () => peer.socket.destroy());
      shown.push(peer.socket.getPeerCertificate().subjectaltname);
    }
    expect(shown).toEqual(['URI:sip:second.example', 'URI:sip:us.example']);
  });
});

describe('case 42: certificates of clients', () => {
  it('case 42: a peer that demands one gets ours', async () => {
    const harness = await start();
    const shown = await authority.issue({ altNames: ['URI:sip:psap.example'] });
    const server = await tlsServer({
      ...shown,
      ca: authority.ca,
      requestCert: true,
      rejectUnauthorized: true,
    });
    open.push(() => server.close());
    harness.send('x', destination({ transport: 'tls', remote: server.endpoint, serverName: 'psap.example' }));
    await eventually(() => expect(server.peers[0]?.text()).toBe('x'));
    expect(server.peers[0]?.socket.getPeerCertificate().subjectaltname).toBe('URI:sip:us.example');
  });

  it('case 42: bad ones in a crowd are turned away, the good one among them gets through', async () => {
    const harness = await start({ caFile: authority.caFile, clientCertificate: 'require' });
    const strangers = await makeAuthority('Somebody Else');
    open.push(async () => strangers.remove());
    const bad = await strangers.issue({ altNames: ['URI:sip:evil.example'] });
    const good = await authority.issue({ altNames: ['URI:sip:carrier.example'] });
    const to = harness.listener('tls').local;
    const crowd = await Promise.all(
      Array.from({ length: 20 }, (_, index) => tlsClient(to, index % 2 === 0 ? bad : {})),
    );
    const peer = await tlsClient(to, good);
    open.push(async () => peer.socket.destroy());
    await peer.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.received[0]?.flow.peerDomains).toEqual(['carrier.example']);
    await eventually(() => expect(crowd.every((each) => each.isClosed())).toBe(true));
  });
});

describe('case 43: what Record-Route says of the transport', () => {
  const recordedBetween = (from: 'udp' | 'tcp' | 'tls', to: 'udp' | 'tcp' | 'tls'): readonly string[] => {
    const harness = new ProxyHarness({ listeners: allListeners });
    const parameter = to === 'udp' ? '' : `;transport=${to}`;
    harness.decide = () => forwardTo([`sip:198.51.100.2:5070${parameter}`]);
    const caller = harness.peer('203.0.113.1', 5080, from);
    const psap = harness.peer('198.51.100.2', 5070, to);
    caller.request();
    return headerValues(psap.takeRequest('INVITE'), 'record-route');
  };

  it.each([
    ['udp', 'udp', 0],
    ['tcp', 'tcp', 0],
    ['udp', 'tcp', 0],
    ['tcp', 'udp', 0],
    ['tls', 'udp', 1],
    ['udp', 'tls', 1],
  ] as const)(
    'case 43: %s to %s: TLS is named for the sides alone that have it (RFC 5658 §5, RFC 5630 §3.1.3)',
    (from, to, secure) => {
      const recorded = recordedBetween(from, to);
      const isSecure = (value: string): boolean => /transport=tls|<sips:/.test(value);
      expect(recorded.filter(isSecure)).toHaveLength(secure);
      expect(recorded).toHaveLength(from === to ? 1 : 2);
    },
  );
});
