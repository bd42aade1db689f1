import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateNames, domainName, parseAltNames, provesHost } from '../../src/net/tls-identity.ts';
import {
  destination,
  eventually,
  type Harness,
  optionsRequest,
  startTransports,
} from '../support/net-loopback.ts';
import { type Authority, makeAuthority, tlsClient, tlsServer } from '../support/net-tls.ts';

describe('RFC 5922 §7.1: the SIP domains of a certificate', () => {
  const rows: readonly {
    readonly name: string;
    readonly altNames?: string;
    readonly commonName?: string;
    readonly domains: readonly string[];
  }[] = [
    { name: 'the host of a sip URI', altNames: 'URI:sip:a.example', domains: ['a.example'] },
    { name: 'the scheme in any case', altNames: 'URI:SIP:a.example', domains: ['a.example'] },
    { name: 'the host in any case', altNames: 'URI:sip:A.Example', domains: ['a.example'] },
    {
      name: 'each of several',
      altNames: 'URI:sip:a.example, URI:sip:b.example',
      domains: ['a.example', 'b.example'],
    },
    {
      name: 'a port and parameters left out',
      altNames: 'URI:sip:a.example:5061;transport=tls',
      domains: ['a.example'],
    },
    { name: 'no URI with a user', altNames: 'URI:sip:alice@a.example', domains: [] },
    { name: 'no URI of another scheme', altNames: 'URI:sips:a.example, URI:https://b.example/', domains: [] },
    {
      name: 'no DNS name beside a sip URI',
      altNames: 'URI:sip:a.example, DNS:b.example',
      domains: ['a.example'],
    },
    {
      name: 'DNS names without a sip URI',
      altNames: 'DNS:b.example, DNS:c.example',
      domains: ['b.example', 'c.example'],
    },
    {
      name: 'DNS names beside a URI that is none',
      altNames: 'URI:sip:x@a.example, DNS:b.example',
      domains: ['b.example'],
    },
    { name: 'no wildcard', altNames: 'DNS:*.b.example', domains: [] },
    { name: 'the common name without subjectAltName', commonName: 'cn.example', domains: ['cn.example'] },
    {
      name: 'no common name beside one',
      altNames: 'email:a@a.example',
      commonName: 'cn.example',
      domains: [],
    },
    { name: 'no common name that is no DNS name', commonName: 'Test Holder', domains: [] },
    { name: 'no common name that is an address', commonName: '192.0.2.1', domains: [] },
    {
      name: 'nothing of a name with a comma in it',
      altNames: 'DNS:"x\\u002c DNS:good.example"',
      domains: [],
    },
    {
      name: 'nothing of a name that ends early',
      altNames: 'DNS:"good.example\\u0000.evil.example"',
      domains: [],
    },
    {
      name: 'an international name in its ASCII form',
      altNames: 'DNS:notruf-köln.example',
      domains: ['xn--notruf-kln-lcb.example'],
    },
  ];
  for (const { name, altNames, commonName, domains } of rows) {
    it(name, () => {
      expect(certificateNames({ subjectAltName: altNames, commonName }).domains).toEqual(domains);
    });
  }

  it('a quoted value is read as what it stands for', () => {
    expect(parseAltNames('DNS:"a\\u002cb", IP Address:2001:DB8:0:0:0:0:0:1')).toEqual([
      { kind: 'dns', value: 'a,b' },
      { kind: 'ip', value: '2001:DB8:0:0:0:0:0:1' },
    ]);
  });
});

describe('RFC 5922 §7.2: comparing identities', () => {
  const names = certificateNames({
    subjectAltName:
      'URI:sip:a.example, URI:sip:198.51.100.7, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
    commonName: undefined,
  });
  const rows: readonly { readonly host: string; readonly isProved: boolean; readonly why: string }[] = [
    { host: 'a.example', isProved: true, why: 'the same name' },
    { host: 'A.EXAMPLE', isProved: true, why: 'case does not count' },
    { host: 'a.example.', isProved: true, why: 'the root dot does not count' },
    { host: 'b.a.example', isProved: false, why: 'no suffixes' },
    { host: 'example', isProved: false, why: 'no parts' },
    { host: '*.example', isProved: false, why: 'no wildcards' },
    { host: '192.0.2.1', isProved: true, why: 'an address of the certificate' },
    { host: '192.0.2.2', isProved: false, why: 'another address' },
    { host: '2001:db8::1', isProved: true, why: 'an IPv6 address, however written' },
    { host: '[2001:DB8::0:1]', isProved: true, why: 'one with brackets' },
    { host: 'fe80::1%eth0', isProved: false, why: 'an address with a zone' },
    { host: '198.51.100.7', isProved: true, why: 'an address as host of a sip URI' },
    { host: '', isProved: false, why: 'nothing' },
  ];
  for (const { host, isProved, why } of rows) {
    it(`${why}: ${host}`, () => expect(provesHost(names, host)).toBe(isProved));
  }

  it('a wildcard in a certificate matches nothing', () => {
    const wild = certificateNames({ subjectAltName: 'DNS:*.a.example', commonName: 'b.a.example' });
    expect(provesHost(wild, 'b.a.example')).toBe(false);
    expect(domainName('*.a.example')).toBeUndefined();
  });
});

describe('over real connections', () => {
  let authority: Authority;
  let stranger: Authority;
  const open: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    authority = await makeAuthority();
    stranger = await makeAuthority('Another Authority');
  });
  afterAll(async () => {
    for (const close of open.reverse()) await close();
    authority.remove();
    stranger.remove();
  });

  async function harnessWith(verify: 'always' | 'whenNamed' | 'never'): Promise<Harness> {
    const own = await authority.issue({ altNames: ['URI:sip:us.example'] });
    const harness = await startTransports({
      listen: [{ transport: 'tls', tls: { ...own, clientCertificate: 'ignore', minVersion: 'TLSv1.2' } }],
      other: { tlsClient: { caFile: authority.caFile, minVersion: 'TLSv1.2', verify } },
    });
    open.push(() => harness.stop());
    return harness;
  }

  describe('RFC 5922 §7.3: a server is', () => {
    const rows = [
      {
        name: 'taken with the domain as URI',
        altNames: ['URI:sip:psap.example'],
        serverName: 'psap.example',
        verify: 'always',
        isTaken: true,
      },
      {
        name: 'taken with the domain as DNS name',
        altNames: ['DNS:psap.example'],
        serverName: 'PSAP.example',
        verify: 'always',
        isTaken: true,
      },
      {
        name: 'refused with another domain',
        altNames: ['URI:sip:other.example'],
        serverName: 'psap.example',
        verify: 'always',
        isTaken: false,
      },
      {
        name: 'refused with a wildcard',
        altNames: ['DNS:*.example'],
        serverName: 'psap.example',
        verify: 'always',
        isTaken: false,
      },
      {
        name: 'refused without an identity',
        altNames: ['URI:sips:psap.example'],
        serverName: 'psap.example',
        verify: 'always',
        isTaken: false,
      },
      {
        name: 'taken with the address that was asked for',
        altNames: ['IP:127.0.0.1'],
        serverName: undefined,
        verify: 'always',
        isTaken: true,
      },
      {
        name: 'refused without that address',
        altNames: ['DNS:psap.example'],
        serverName: '127.0.0.1',
        verify: 'always',
        isTaken: false,
      },
      {
        name: 'taken without it where only names are verified',
        altNames: ['DNS:psap.example'],
        serverName: '127.0.0.1',
        verify: 'whenNamed',
        isTaken: true,
      },
      {
        name: 'refused with another name where only names are',
        altNames: ['DNS:other.example'],
        serverName: 'psap.example',
        verify: 'whenNamed',
        isTaken: false,
      },
      {
        name: 'taken with any name where nothing is verified',
        altNames: ['DNS:other.example'],
        serverName: 'psap.example',
        verify: 'never',
        isTaken: true,
      },
    ] as const;
    for (const { name, altNames, serverName, verify, isTaken } of rows) {
      it(name, async () => {
        const harness = await harnessWith(verify);
        const peer = await tlsServer(await authority.issue({ altNames }));
        open.push(() => peer.close());
        harness.send(optionsRequest(), destination({ transport: 'tls', remote: peer.endpoint, serverName }));
        if (isTaken) {
          await eventually(() => expect(peer.peers[0]?.text()).toBe(optionsRequest()));
          expect(harness.failures).toEqual([]);
          return;
        }
        await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.tlsIdentity']));
        await eventually(() => expect(harness.transports.counts().tlsConnectionsOpen).toBe(0));
        expect(peer.peers.map((each) => each.text()).join('')).toBe('');
      });
    }

    it('refused where no known authority vouches for it, and named in the failure', async () => {
      const harness = await harnessWith('always');
      const peer = await tlsServer(await stranger.issue({ altNames: ['URI:sip:psap.example'] }));
      open.push(() => peer.close());
      const to = destination({ transport: 'tls', remote: peer.endpoint, serverName: 'psap.example' });
      for (const text of ['one', 'two']) harness.send(text, to);
      await eventually(() =>
        expect(harness.failures.map(({ code }) => code)).toEqual(['net.tlsIdentity', 'net.tlsIdentity']),
      );
      expect(harness.failures[0]?.message).toContain('psap.example');
      expect(harness.transports.counts().tls.connectFailures).toBe(1);
    });

    it('refused with an expired certificate', async () => {
      const harness = await harnessWith('always');
      const validUntil = new Date(Date.now() - 60_000);
      const peer = await tlsServer(await authority.issue({ altNames: ['URI:sip:psap.example'], validUntil }));
      open.push(() => peer.close());
      harness.send('x', destination({ transport: 'tls', remote: peer.endpoint, serverName: 'psap.example' }));
      await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.tlsIdentity']));
      expect(harness.failures[0]?.message).toContain('CERT_HAS_EXPIRED');
    });
  });

  describe('RFC 5922 §7.4: a client', () => {
    it.each([
      { clientCertificate: 'ignore', shows: 'valid', domains: undefined },
      { clientCertificate: 'request', shows: 'valid', domains: ['carrier.example'] },
      { clientCertificate: 'request', shows: 'none', domains: undefined },
      { clientCertificate: 'request', shows: 'foreign', domains: undefined },
      { clientCertificate: 'require', shows: 'valid', domains: ['carrier.example'] },
    ] as const)(
      '$clientCertificate, $shows certificate: $domains',
      async ({ clientCertificate, shows, domains }) => {
        const own = await authority.issue({ altNames: ['URI:sip:us.example'] });
        const harness = await startTransports({
          listen: [
            {
              transport: 'tls',
              tls: { ...own, caFile: authority.caFile, clientCertificate, minVersion: 'TLSv1.2' },
            },
          ],
        });
        open.push(() => harness.stop());
        const wish = { altNames: ['URI:sip:carrier.example', 'DNS:host.carrier.example'] };
        const shown = shows === 'none' ? {} : await (shows === 'valid' ? authority : stranger).issue(wish);
        const peer = await tlsClient(harness.listener('tls').local, shown);
        open.push(async () => peer.socket.destroy());
        await peer.write(optionsRequest());
        await eventually(() => expect(harness.received).toHaveLength(1));
        expect(harness.received[0]?.flow).toMatchObject({
          transport: 'tls',
          local: harness.listener('tls').local,
        });
        expect(harness.received[0]?.flow.peerDomains).toEqual(domains);
      },
    );

    it.each(['none', 'foreign'] as const)('require, %s certificate: is turned away', async (shows) => {
      const own = await authority.issue({ altNames: ['URI:sip:us.example'] });
      const tls = {
        ...own,
        caFile: authority.caFile,
        clientCertificate: 'require',
        minVersion: 'TLSv1.2',
      } as const;
      const harness = await startTransports({ listen: [{ transport: 'tls', tls }] });
      open.push(() => harness.stop());
      const shown = shows === 'none' ? {} : await stranger.issue({ altNames: ['URI:sip:carrier.example'] });
      const peer = await tlsClient(harness.listener('tls').local, shown);
      await peer.write(optionsRequest());
      await eventually(() => expect(peer.isClosed()).toBe(true));
      expect(harness.received).toEqual([]);
      expect(harness.transports.counts().tls.closed.clientCertificate).toBe(1);
      await eventually(() => expect(harness.transports.counts().tlsConnectionsOpen).toBe(0));
    });
  });

  describe('RFC 5922 §7.8: virtual servers', () => {
    it('each name is answered with its own certificate, in any case, and others with the first', async () => {
      const first = await authority.issue({ altNames: ['URI:sip:us.example'] });
      const one = await authority.issue({ altNames: ['URI:sip:one.example'] });
      const two = await authority.issue({ altNames: ['URI:sip:two.example'] });
      const tls = {
        ...first,
        clientCertificate: 'ignore',
        minVersion: 'TLSv1.2',
        serverNames: { 'one.example': one, 'Two.Example': two },
      } as const;
      const harness = await startTransports({ listen: [{ transport: 'tls', tls }] });
      open.push(() => harness.stop());
      const names = ['one.example', 'TWO.example', 'three.example', undefined];
      const shown: (string | undefined)[] = [];
      for (const servername of names) {
        const peer = await tlsClient(
          harness.listener('tls').local,
          servername === undefined ? {} : { servername },
        );
        shown.push(peer.socket.getPeerCertificate().subjectaltname);
        peer.socket.destroy();
      }
      expect(shown).toEqual([
        'URI:sip:one.example',
        'URI:sip:two.example',
        'URI:sip:us.example',
        'URI:sip:us.example',
      ]);
    });

    it('our client asks for the name that was resolved, and for none where that is an address', async () => {
      const harness = await harnessWith('never');
      const asked: (string | undefined)[] = [];
      const peer = await tlsServer({
        ...(await authority.issue({ altNames: ['DNS:psap.example'] })),
        SNICallback: (name, done) => {
          asked.push(name);
          done(null);
        },
      });
      open.push(() => peer.close());
      for (const serverName of ['psap.example', '127.0.0.1', undefined]) {
        harness.send('x', destination({ transport: 'tls', remote: peer.endpoint, serverName }));
      }
      await eventually(() => expect(peer.peers.map((each) => each.text())).toEqual(['x', 'x', 'x']));
      expect(asked).toEqual(['psap.example']);
    });
  });
});
