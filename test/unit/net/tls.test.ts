import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StreamLimits, TlsProfile, TransportsOptions } from '../../../src/net/index.ts';
import {
  destination,
  eventually,
  type Harness,
  hasIpv6,
  optionsRequest,
  rawClient,
  rawServer,
  startTransports,
} from '../../support/net-loopback.ts';
import {
  type Authority,
  type MadeCertificate,
  makeAuthority,
  tlsClient,
  tlsServer,
} from '../../support/net-tls.ts';

let authority: Authority;
let own: MadeCertificate;
const open: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => authority.remove());

async function start(
  options: {
    readonly tls?: Partial<TlsProfile>;
    readonly stream?: Partial<StreamLimits>;
    readonly other?: Partial<TransportsOptions>;
  } = {},
): Promise<Harness> {
  own = await authority.issue({ altNames: ['URI:sip:us.example'] });
  const tls: TlsProfile = { ...own, clientCertificate: 'ignore', minVersion: 'TLSv1.2', ...options.tls };
  const harness = await startTransports({
    listen: [{ transport: 'tls', tls }],
    stream: options.stream ?? {},
    other: {
      tlsClient: { caFile: authority.caFile, minVersion: 'TLSv1.2', verify: 'always' },
      ...options.other,
    },
  });
  open.push(() => harness.stop());
  return harness;
}

async function client(harness: Harness, options: Parameters<typeof tlsClient>[1] = {}) {
  const peer = await tlsClient(harness.listener('tls').local, options);
  open.push(async () => peer.socket.destroy());
  return peer;
}

async function plain(harness: Harness) {
  const peer = await rawClient(harness.listener('tls').local);
  open.push(async () => peer.socket.destroy());
  return peer;
}

const codes = (harness: Harness): readonly string[] => harness.failures.map(({ code }) => code);
const shownBy = (peer: Awaited<ReturnType<typeof client>>) => peer.socket.getPeerCertificate().subjectaltname;

describe('messages over TLS', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('come and go with %s', async (version) => {
    const harness = await start();
    const peer = await client(harness, { minVersion: version, maxVersion: version });
    expect(peer.socket.getProtocol()).toBe(version);
    await peer.write(`${optionsRequest()}\r\n\r\n`);
    await eventually(() => expect(harness.received).toHaveLength(1));
    const { flow } = harness.received[0] ?? {};
    harness.send('SIP/2.0 200 OK\r\n\r\n', {
      ...destination({ transport: 'tls', remote: { address: '127.0.0.1', port: 9 } }),
      connectionId: flow?.connectionId,
    });
    await eventually(() => expect(peer.text()).toBe('\r\nSIP/2.0 200 OK\r\n\r\n'));
    const { tls, tlsConnectionsOpen, tcp } = harness.transports.counts();
    expect(tls).toMatchObject({ accepted: 1, messagesIn: 1, messagesOut: 1, pings: 1 });
    expect([tlsConnectionsOpen, tcp.accepted]).toEqual([1, 0]);
  });

  it('in records of one byte each are the same', async () => {
    const harness = await start();
    const peer = await client(harness);
    for (const byte of optionsRequest()) await peer.write(byte);
    await eventually(() => expect(harness.received).toHaveLength(1));
  });

  it.skipIf(!hasIpv6)('go over IPv6, to a server that proves its address', async () => {
    const shown = await authority.issue({ altNames: ['IP:::1'] });
    const tls: TlsProfile = { ...shown, clientCertificate: 'ignore', minVersion: 'TLSv1.2' };
    const server = await startTransports({ listen: [{ transport: 'tls', address: '::1', tls }] });
    open.push(() => server.stop());
    const harness = await start();
    harness.send(optionsRequest(), destination({ transport: 'tls', remote: server.listener('tls').local }));
    await eventually(() => expect(server.received[0]?.flow.remote.address).toBe('::1'));
    expect(harness.failures).toEqual([]);
  });

  it('a response finds its way where the peer has closed without a word', async () => {
    const harness = await start();
    const sentBy = await tlsServer(await authority.issue({ altNames: ['IP:127.0.0.1'] }));
    open.push(() => sentBy.close());
    const peer = await client(harness);
    await peer.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
    peer.socket.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    harness.send('SIP/2.0 200 OK\r\n\r\n', {
      ...destination({ transport: 'tls', remote: sentBy.endpoint }),
      connectionId: harness.received[0]?.flow.connectionId,
    });
    await eventually(() => expect(sentBy.peers[0]?.text()).toBe('SIP/2.0 200 OK\r\n\r\n'));
    expect(harness.failures).toEqual([]);
  });

  it('stopping ends connections and handshakes', async () => {
    const harness = await start();
    const peer = await client(harness);
    const silent = await plain(harness);
    await harness.stop();
    await eventually(() => expect([peer.isClosed(), silent.isClosed()]).toEqual([true, true]));
    expect(harness.transports.counts().tlsConnectionsOpen).toBe(0);
  });
});

describe('a handshake', () => {
  it('of a version older than the profile allows fails', async () => {
    const harness = await start({ tls: { minVersion: 'TLSv1.3' } });
    const peer = await client(harness, { maxVersion: 'TLSv1.2' });
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(peer.error()).toContain('PROTOCOL_VERSION');
    await eventually(() => expect(harness.transports.counts().tls.closed.tlsHandshake).toBe(1));
    await eventually(() => expect(harness.transports.counts().tlsConnectionsOpen).toBe(0));
  });

  it('that never begins is given up', async () => {
    const harness = await start({ stream: { handshakeMs: 60 } });
    const peer = await plain(harness);
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(harness.transports.counts().tls.closed.slowHandshake).toBe(1);
  });

  it('that stops half-way is given up, and others go on meanwhile', async () => {
    const harness = await start({ stream: { handshakeMs: 300, handshakesMax: 1 } });
    const stuck = await plain(harness);
    await stuck.write(Buffer.from('16030102000100', 'hex'));
    await eventually(() => expect(stuck.isClosed()).toBe(true));
    const peer = await client(harness);
    await peer.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.transports.counts().tls.closed).toMatchObject({ slowHandshake: 1, tlsHandshake: 0 });
  });

  it('gets its turn where stuck ones hold all places', async () => {
    const harness = await start({ stream: { handshakesMax: 2 } });
    for (let count = 0; count < 6; count += 1) {
      await (await plain(harness)).write(Buffer.from('16030102000100', 'hex'));
    }
    const peer = await client(harness);
    await peer.write(optionsRequest());
    await eventually(() => expect(harness.received).toHaveLength(1));
  });

  it('a hundred at once all come through', async () => {
    const harness = await start({ stream: { handshakesMax: 8 } });
    const peers = await Promise.all(Array.from({ length: 100 }, () => client(harness)));
    await Promise.all(peers.map((peer, index) => peer.write(optionsRequest({ callId: `${index}` }))));
    await eventually(() => expect(harness.received).toHaveLength(100));
    expect(harness.transports.counts().tlsConnectionsOpen).toBe(100);
  });
});

describe('strangers on a port for TLS', () => {
  it.each([
    { name: 'SIP without TLS', bytes: optionsRequest(), counted: 'plainSip' },
    { name: 'HTTP', bytes: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', counted: 'http' },
    { name: 'line ends', bytes: '\r\n\r\n', counted: 'keepalive' },
    { name: 'anything else', bytes: 'hello\r\n', counted: 'other' },
  ] as const)('$name: counted and cut off without a word', async ({ bytes, counted }) => {
    const harness = await start();
    const peer = await plain(harness);
    await peer.write(bytes);
    await eventually(() => expect(peer.isClosed()).toBe(true));
    expect(peer.text()).toBe('');
    const { tls } = harness.transports.counts();
    expect(counted === 'plainSip' ? tls.plainSip : tls.strangers[counted]).toBe(1);
    expect(tls.closed.notSip).toBe(1);
  });
});

describe('connections of our own', () => {
  it('to a port without TLS fail as a handshake', async () => {
    const harness = await start();
    const peer = await rawServer((socket) =>
      socket.once('data', () => socket.end('SIP/2.0 400 What\r\n\r\n')),
    );
    open.push(() => new Promise<void>((done) => peer.close(() => done())));
    harness.send('x', destination({ transport: 'tls', remote: peer.endpoint }));
    await eventually(() => expect(codes(harness)).toEqual(['net.tlsHandshake']));
  });

  it('to a port that accepts and keeps silent fail in the time that the destination gives', async () => {
    const harness = await start();
    const peer = await rawServer((socket) => open.push(async () => socket.destroy()));
    open.push(() => new Promise<void>((done) => peer.close(() => done())));
    harness.send('x', destination({ transport: 'tls', remote: peer.endpoint, connectTimeoutMs: 60 }));
    await eventually(() => expect(codes(harness)).toEqual(['net.tlsHandshake']));
    expect(harness.failures[0]?.message).toContain('timed out');
  });

  it('where nothing listens fail as any connection', async () => {
    const harness = await start();
    const gone = await rawServer(() => undefined);
    await new Promise<void>((done) => gone.close(() => done()));
    harness.send('x', destination({ transport: 'tls', remote: gone.endpoint }));
    await eventually(() => expect(codes(harness)).toEqual(['net.connectFailed']));
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'without the certificate that a server wants fail with %s',
    async (version) => {
      const harness = await start();
      const shown = await authority.issue({ altNames: ['IP:127.0.0.1'] });
      const peer = await tlsServer({ ...shown, ca: authority.ca, requestCert: true, maxVersion: version });
      open.push(() => peer.close());
      harness.send(optionsRequest(), destination({ transport: 'tls', remote: peer.endpoint }));
      await eventually(() => expect(codes(harness)).toEqual(['net.tlsHandshake']));
      expect(peer.peers.map((each) => each.text()).join('')).toBe('');
    },
  );

  it('are refused where TLS is not configured', async () => {
    const harness = await startTransports({ listen: [{ transport: 'tcp' }] });
    open.push(() => harness.stop());
    harness.send('x', destination({ transport: 'tls', remote: { address: '127.0.0.1', port: 9 } }));
    await eventually(() => expect(codes(harness)).toEqual(['net.unsupportedTransport']));
  });
});

describe('certificates', () => {
  it.each([
    {
      name: 'a file that is not there',
      spoil: (files: MadeCertificate) => ({ ...files, keyFile: '/nowhere/key.pem' }),
    },
    {
      name: 'the key of another',
      spoil: (files: MadeCertificate, other: MadeCertificate) => ({ ...files, keyFile: other.keyFile }),
    },
    {
      name: 'what is no certificate',
      spoil: (files: MadeCertificate) => ({ ...files, certificateFile: files.keyFile }),
    },
    {
      name: 'authorities that are none',
      spoil: (files: MadeCertificate) => ({ ...files, caFile: files.keyFile }),
    },
  ])('the start is refused with $name', async ({ spoil }) => {
    const [files, other] = [await authority.issue({}), await authority.issue({})];
    const tls: TlsProfile = { clientCertificate: 'ignore', minVersion: 'TLSv1.2', ...spoil(files, other) };
    await expect(startTransports({ listen: [{ transport: 'tls', tls }] })).rejects.toMatchObject({
      code: 'net.tlsCertificate',
    });
  });

  it('new ones are used when told to, and connections in progress go on', async () => {
    const harness = await start();
    const before = await client(harness);
    authority.replace(own, await authority.issue({ altNames: ['URI:sip:new.example'] }));
    expect(await harness.transports.reloadCertificates()).toEqual([]);
    const after = await client(harness);
    expect([shownBy(before), shownBy(after)]).toEqual(['URI:sip:us.example', 'URI:sip:new.example']);
    await before.write(optionsRequest({ callId: 'before' }));
    await after.write(optionsRequest({ callId: 'after' }));
    await eventually(() => expect(harness.received).toHaveLength(2));
    expect(harness.transports.certificates().map(({ subjectAltName }) => subjectAltName)).toEqual([
      'URI:sip:new.example',
    ]);
  });

  it('new ones are found by the time of their files, those of other server names too', async () => {
    const named = await authority.issue({ altNames: ['URI:sip:one.example'] });
    const harness = await start({
      tls: { serverNames: { 'one.example': named } },
      other: { certificatePollMs: 20 },
    });
    authority.replace(own, await authority.issue({ altNames: ['URI:sip:new.example'] }));
    authority.replace(
      named,
      await authority.issue({ altNames: ['URI:sip:one.example', 'DNS:newer.example'] }),
    );
    await eventually(() =>
      expect(harness.logged.filter((line) => line.includes('net.certificateLoaded'))).toHaveLength(2),
    );
    expect(shownBy(await client(harness))).toBe('URI:sip:new.example');
    const asked = await client(harness, { servername: 'one.example' });
    expect(shownBy(asked)).toBe('URI:sip:one.example, DNS:newer.example');
  });

  it.each([
    { name: 'no certificate', text: 'no certificate' },
    { name: 'nothing', text: '' },
  ])(
    'bad new ones leave the old in use, are told once, and good ones are found again: $name',
    async ({ text }) => {
      const harness = await start({ other: { certificatePollMs: 20 } });
      const { key } = own;
      writeFileSync(own.certificateFile, text);
      await eventually(() => expect(harness.logged.join('\n')).toContain('error net.certificateRefused'));
      expect(await harness.transports.reloadCertificates()).toMatchObject([{ code: 'net.tlsCertificate' }]);
      expect(shownBy(await client(harness))).toBe('URI:sip:us.example');
      const fresh = await authority.issue({ altNames: ['URI:sip:new.example'] });
      const refused = harness.logged.filter((line) => line.includes('net.certificateRefused'));
      expect(refused).toHaveLength(1);
      authority.replace(own, fresh);
      const isLoaded = (line: string) => line.includes('net.certificateLoaded') && line.includes(own.keyFile);
      await eventually(() => expect(harness.logged.filter(isLoaded)).toHaveLength(1));
      expect(shownBy(await client(harness))).toBe('URI:sip:new.example');
      const log = harness.logged.join('\n');
      for (const secret of [key, fresh.key]) expect(log).not.toContain(secret.split('\n')[1]);
      expect(log).not.toContain('PRIVATE KEY');
    },
  );

  it('a key that does not belong to the certificate is refused in words', async () => {
    const harness = await start();
    const other = await authority.issue({});
    writeFileSync(own.keyFile, readFileSync(other.keyFile));
    const [error] = await harness.transports.reloadCertificates();
    expect(error?.message).toContain('the key does not belong to the certificate');
    expect(shownBy(await client(harness))).toBe('URI:sip:us.example');
  });

  it('one that has expired does not replace one that has not', async () => {
    const harness = await start();
    authority.replace(own, await authority.issue({ validUntil: new Date(Date.now() - 1_000) }));
    expect(await harness.transports.reloadCertificates()).toMatchObject([{ code: 'net.tlsCertificate' }]);
    expect(shownBy(await client(harness))).toBe('URI:sip:us.example');
  });

  it('authorities for clients are followed too', async () => {
    const caFile = join(authority.folder, 'trusted.pem');
    writeFileSync(caFile, authority.ca);
    const harness = await start({ tls: { caFile, clientCertificate: 'request' } });
    const another = await makeAuthority('Another Authority');
    const shown = await another.issue({ altNames: ['URI:sip:carrier.example'] });
    const domains = async (): Promise<unknown> => {
      harness.received.length = 0;
      await (await client(harness, shown)).write(optionsRequest());
      await eventually(() => expect(harness.received).toHaveLength(1));
      return harness.received[0]?.flow.peerDomains;
    };
    expect(await domains()).toBeUndefined();
    writeFileSync(caFile, `${authority.ca}\n${another.ca}`);
    expect(await harness.transports.reloadCertificates()).toEqual([]);
    expect(await domains()).toEqual(['carrier.example']);
    another.remove();
  });
});
