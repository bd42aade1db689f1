import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TlsProfile } from '../../src/net/index.ts';
import {
  destination,
  eventually,
  type Harness,
  optionsRequest,
  startTransports,
} from '../support/net-loopback.ts';
import { type Authority, makeAuthority, type TlsPeer, tlsClient, tlsServer } from '../support/net-tls.ts';

let authority: Authority;
const open: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => authority.remove());

async function start(clientCertificate: TlsProfile['clientCertificate'] = 'request'): Promise<Harness> {
  const own = await authority.issue({ altNames: ['URI:sip:us.example'] });
  const tls = { ...own, caFile: authority.caFile, clientCertificate, minVersion: 'TLSv1.2' } as const;
  const harness = await startTransports({
    listen: [{ transport: 'tls', tls }],
    other: { tlsClient: { ...own, caFile: authority.caFile, minVersion: 'TLSv1.2', verify: 'always' } },
  });
  open.push(() => harness.stop());
  return harness;
}

/** A peer whose sent-by is the port of a server of its own, where requests go that do not share its connection. */
async function peerOf(harness: Harness, domains: readonly string[] | undefined, viaParams: string) {
  const altNames = domains?.map((domain) => `URI:sip:${domain}`);
  const shown = await authority.issue({ altNames: altNames ?? ['URI:sip:carrier.example'] });
  const server = await tlsServer(shown);
  open.push(() => server.close());
  const client = await tlsClient(harness.listener('tls').local, domains === undefined ? {} : shown);
  open.push(async () => client.socket.destroy());
  const sentBy = `127.0.0.1:${server.endpoint.port};branch=z9hG4bKa1${viaParams}`;
  await client.write(optionsRequest().replace(/(Via: SIP\/2.0\/)TCP .*/, `$1TLS ${sentBy}`));
  await eventually(() => expect(harness.received).toHaveLength(1));
  const heardByServer = (): readonly string[] => server.peers.map((peer: TlsPeer) => peer.text());
  return { client, server, heardByServer };
}

describe('RFC 5923 §8.2: a request goes on a connection that the peer opened', () => {
  const rows = [
    {
      name: 'where it proved the domain and offered it by alias',
      domains: ['carrier.example'],
      alias: ';alias',
      to: 'carrier.example',
      isShared: true,
    },
    {
      name: 'whatever the case of the domain',
      domains: ['carrier.example'],
      alias: ';Alias',
      to: 'CARRIER.example',
      isShared: true,
    },
    {
      name: 'where it proved several domains and this is one',
      domains: ['a.example', 'carrier.example'],
      alias: ';alias',
      to: 'a.example',
      isShared: true,
    },
    {
      name: 'but not without alias',
      domains: ['carrier.example'],
      alias: '',
      to: 'carrier.example',
      isShared: false,
    },
    {
      name: 'but not without a certificate (§9.2)',
      domains: undefined,
      alias: ';alias',
      to: 'carrier.example',
      isShared: false,
    },
  ] as const;
  for (const { name, domains, alias, to, isShared } of rows) {
    it(name, async () => {
      const harness = await start();
      const { client, server, heardByServer } = await peerOf(harness, domains, alias);
      harness.send('back', destination({ transport: 'tls', remote: server.endpoint, serverName: to }));
      await eventually(() => expect([client.text(), ...heardByServer()]).toContain('back'));
      expect(client.text()).toBe(isShared ? 'back' : '');
      expect(heardByServer()).toEqual(isShared ? [] : ['back']);
    });
  }

  it('but not for a domain that it did not prove (§9.3)', async () => {
    const harness = await start();
    const { client, server, heardByServer } = await peerOf(harness, ['carrier.example'], ';alias');
    const to = destination({ transport: 'tls', remote: server.endpoint, serverName: 'other.example' });
    harness.send('back', to);
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.tlsIdentity']));
    expect([client.text(), ...heardByServer()].join('')).toBe('');
  });

  it('but not for another port of the same address', async () => {
    const harness = await start();
    const { client } = await peerOf(harness, ['carrier.example'], ';alias');
    const other = await tlsServer(await authority.issue({ altNames: ['URI:sip:carrier.example'] }));
    open.push(() => other.close());
    const to = destination({ transport: 'tls', remote: other.endpoint, serverName: 'carrier.example' });
    harness.send('back', to);
    await eventually(() => expect(other.peers[0]?.text()).toBe('back'));
    expect(client.text()).toBe('');
  });

  it('and on a new one once that has gone', async () => {
    const harness = await start();
    const { client, server, heardByServer } = await peerOf(harness, ['carrier.example'], ';alias');
    const connectionId = harness.received[0]?.flow.connectionId;
    harness.send('SIP/2.0 200 OK\r\n\r\n', {
      ...destination({ transport: 'tls', remote: server.endpoint }),
      connectionId,
    });
    await eventually(() => expect(client.text()).toContain('200 OK'));
    client.socket.destroy();
    await eventually(() => expect(harness.transports.counts().tlsConnectionsOpen).toBe(0));
    const to = destination({ transport: 'tls', remote: server.endpoint, serverName: 'carrier.example' });
    harness.send('back', to);
    await eventually(() => expect(heardByServer()).toEqual(['back']));
  });
});

describe('RFC 5923 §8.1: a connection of our own', () => {
  it('is used again for the same address and domain, and brings requests of the proven peer', async () => {
    const harness = await start();
    const shown = await authority.issue({ altNames: ['URI:sip:psap.example'] });
    const server = await tlsServer(shown, (peer) => peer.socket.write(optionsRequest()));
    open.push(() => server.close());
    const to = destination({ transport: 'tls', remote: server.endpoint, serverName: 'psap.example' });
    harness.send('one ', to);
    await eventually(() => expect(harness.received).toHaveLength(1));
    harness.send('two', { ...to, serverName: 'PSAP.EXAMPLE' });
    await eventually(() => expect(server.peers.map((peer) => peer.text())).toEqual(['one two']));
    expect(harness.received[0]?.flow).toMatchObject({
      transport: 'tls',
      remote: server.endpoint,
      peerDomains: ['psap.example'],
    });
  });

  it('is not used for another domain at the same address, even one that its certificate names (§9.3)', async () => {
    const harness = await start();
    const altNames = ['URI:sip:one.example', 'URI:sip:two.example'];
    const server = await tlsServer(await authority.issue({ altNames }));
    open.push(() => server.close());
    for (const serverName of ['one.example', 'two.example']) {
      harness.send(serverName, destination({ transport: 'tls', remote: server.endpoint, serverName }));
    }
    await eventually(() =>
      expect(new Set(server.peers.map((peer) => peer.text()))).toEqual(
        new Set(['one.example', 'two.example']),
      ),
    );
  });

  it('shows our certificate to a server that asks for it', async () => {
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
});
