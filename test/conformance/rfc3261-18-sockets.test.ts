import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TlsClientSettings } from '../../src/net/index.ts';
import { headerValue } from '../../src/sip/index.ts';
import {
  destination,
  eventually,
  hasIpv6,
  optionsRequest,
  rawClient,
  rawUdp,
  startTransports,
} from '../support/net-loopback.ts';
import { type Authority, makeAuthority, tlsClient, tlsServer } from '../support/net-tls.ts';

let open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.reverse()) await close();
  open = [];
});

async function start(...parts: Parameters<typeof startTransports>) {
  const harness = await startTransports(...parts);
  open.push(() => harness.stop());
  return harness;
}

async function udpPeer(address?: string) {
  const peer = await rawUdp(address);
  open.push(() => peer.socket.close());
  return peer;
}

describe('RFC 3261 §18: UDP and TCP', () => {
  it('RFC 3261 §18: both are there, on the same address, and take the same message', async () => {
    const harness = await start({ listen: [{ transport: 'udp' }, { transport: 'tcp' }] });
    const udp = await udpPeer();
    const tcp = await rawClient(harness.listener('tcp').local);
    open.push(() => tcp.socket.destroy());
    const { port, address } = harness.listener('udp').local;
    udp.socket.send(optionsRequest({ callId: 'by-udp' }), port, address);
    await tcp.write(optionsRequest({ callId: 'by-tcp' }));
    await eventually(() => expect(harness.received).toHaveLength(2));
    const seen = harness.received.map(
      ({ message, flow }) => `${flow.transport} ${headerValue(message, 'call-id')}`,
    );
    expect(seen.sort()).toEqual(['tcp by-tcp', 'udp by-udp']);
  });

  it('RFC 3261 §18.1.1: a datagram of 65,507 bytes, the most that there can be, is taken whole', async () => {
    const harness = await start({ listen: [{ transport: 'udp' }] });
    const peer = await udpPeer();
    const head = optionsRequest().length;
    // The length of Content-Length itself grows by four digits.
    const text = optionsRequest({ body: 'x'.repeat(65_507 - head - 4) });
    expect(text).toHaveLength(65_507);
    const { port, address } = harness.listener('udp').local;
    peer.socket.send(text, port, address);
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.received[0]?.message.bytes).toHaveLength(65_507);
  });

  it('RFC 3261 §18.1.1: a response comes back on the connection that the request went by', async () => {
    const harness = await start({ listen: [{ transport: 'tcp' }] });
    const server = await start({ listen: [{ transport: 'tcp' }] });
    harness.send(optionsRequest(), destination({ transport: 'tcp', remote: server.listener('tcp').local }));
    await eventually(() => expect(server.received).toHaveLength(1));
    const flow = server.received[0]?.flow;
    if (flow === undefined) throw new Error('nothing came');
    server.send(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bKnet1\r\nFrom: <sip:a@b>;tag=1\r\n' +
        'To: <sip:a@b>;tag=2\r\nCall-ID: net-1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
      destination({ transport: 'tcp', remote: flow.remote, connectionId: flow.connectionId }),
    );
    await eventually(() => expect(harness.received).toHaveLength(1));
    expect(harness.received[0]?.message.kind).toBe('response');
  });

  it.runIf(hasIpv6)(
    'RFC 3261 §18.2.1, RFC 3581 §4: what came to a port is answered from it, IPv6 too',
    async () => {
      for (const address of ['127.0.0.1', '::1']) {
        const harness = await start({
          listen: [
            { transport: 'udp', address },
            { transport: 'udp', address },
          ],
        });
        const peer = await udpPeer(address);
        for (const { local } of harness.listeners) {
          peer.socket.send(optionsRequest(), local.port, address);
          await eventually(() => expect(harness.received.at(-1)?.flow.local).toEqual(local));
          harness.send(
            'SIP/2.0 200 OK\r\n\r\n',
            destination({ transport: 'udp', remote: peer.endpoint, local }),
          );
          await eventually(() => expect(peer.heard.at(-1)?.from).toEqual(local));
        }
      }
    },
  );

  it('RFC 3261 §18.3: several messages in one segment, and one in many, are taken apart', async () => {
    const harness = await start({ listen: [{ transport: 'tcp' }] });
    const peer = await rawClient(harness.listener('tcp').local);
    open.push(() => peer.socket.destroy());
    const messages = ['one', 'two', 'three'].map((callId) => optionsRequest({ callId, body: 'v=0\r\n\r\n' }));
    const text = messages.join('');
    const cut = (messages[0]?.length ?? 0) + 40;
    await peer.write(text.slice(0, cut));
    await peer.write(text.slice(cut));
    await eventually(() => expect(harness.received).toHaveLength(3));
    expect(harness.received.map(({ message }) => headerValue(message, 'call-id'))).toEqual([
      'one',
      'two',
      'three',
    ]);
  });

  it('RFC 3261 §18.4: a stream that cannot be opened is told to who sends', async () => {
    const harness = await start({ listen: [{ transport: 'tcp' }] });
    const gone = await start({ listen: [{ transport: 'tcp' }] });
    const remote = gone.listener('tcp').local;
    await gone.stop();
    harness.send(optionsRequest(), destination({ transport: 'tcp', remote }));
    await eventually(() => expect(harness.failures).toHaveLength(1));
  });
});

describe('RFC 3261 §26: TLS', () => {
  let authority: Authority;

  beforeAll(async () => {
    authority = await makeAuthority();
  });
  afterAll(() => authority.remove());

  const settings = (more: Partial<TlsClientSettings> = {}): TlsClientSettings => ({
    caFile: authority.caFile,
    minVersion: 'TLSv1.2',
    verify: 'always',
    ...more,
  });

  async function listening(clientCertificate: 'ignore' | 'require', tlsClientSettings = settings()) {
    const own = await authority.issue({ altNames: ['URI:sip:us.example', 'IP:127.0.0.1'] });
    const tls = { ...own, caFile: authority.caFile, clientCertificate, minVersion: 'TLSv1.2' } as const;
    const harness = await start({
      listen: [{ transport: 'tls', tls }],
      other: { tlsClient: tlsClientSettings },
    });
    return { harness, own };
  }

  it('RFC 3261 §26.3.1: one-way and mutual authentication, as the server', async () => {
    for (const clientCertificate of ['ignore', 'require'] as const) {
      const { harness } = await listening(clientCertificate);
      const shown = await authority.issue({ altNames: ['URI:sip:peer.example'] });
      const peer = await tlsClient(
        harness.listener('tls').local,
        clientCertificate === 'require' ? shown : {},
      );
      open.push(() => peer.socket.destroy());
      await peer.write(optionsRequest());
      await eventually(() => expect(harness.received).toHaveLength(1));
      const domains = clientCertificate === 'require' ? ['peer.example'] : undefined;
      expect(harness.received[0]?.flow.peerDomains).toEqual(domains);
    }
  });

  it('RFC 3261 §26.3.1: one-way and mutual authentication, as the client', async () => {
    const theirs = await authority.issue({ altNames: ['URI:sip:peer.example'] });
    for (const requestCert of [false, true]) {
      const server = await tlsServer({
        key: theirs.key,
        cert: theirs.cert,
        ca: authority.ca,
        requestCert,
        rejectUnauthorized: requestCert,
      });
      open.push(() => server.close());
      const own = await authority.issue({ altNames: ['URI:sip:us.example'] });
      const { certificateFile, keyFile } = own;
      const { harness } = await listening(
        'ignore',
        settings(requestCert ? { certificateFile, keyFile } : {}),
      );
      const to = { transport: 'tls', remote: server.endpoint, serverName: 'peer.example' } as const;
      harness.send(optionsRequest({ callId: 'to-them' }), destination(to));
      await eventually(() => expect(server.peers[0]?.text()).toContain('to-them'));
      expect(harness.failures).toEqual([]);
    }
  });

  it('RFC 3261 §26.3.2.2: a server that is not who it should be gets nothing', async () => {
    const theirs = await authority.issue({ altNames: ['URI:sip:else.example'] });
    const server = await tlsServer({ key: theirs.key, cert: theirs.cert });
    open.push(() => server.close());
    const { harness } = await listening('ignore');
    const to = { transport: 'tls', remote: server.endpoint, serverName: 'peer.example' } as const;
    harness.send(optionsRequest(), destination(to));
    await eventually(() => expect(harness.failures).toHaveLength(1));
    expect(server.peers.map((peer) => peer.text()).join('')).toBe('');
  });

  it('RFC 3261 §26.2.1: TLS_RSA_WITH_AES_128_CBC_SHA is spoken, by a server whose key is RSA', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'us.example' }], {
      keySize: 2048,
    });
    const files = {
      certificateFile: join(authority.folder, 'rsa.crt.pem'),
      keyFile: join(authority.folder, 'rsa.key.pem'),
    };
    authority.replace(files, { cert, key });
    const tls = { ...files, clientCertificate: 'ignore', minVersion: 'TLSv1.2' } as const;
    const harness = await start({ listen: [{ transport: 'tls', tls }] });
    const old = { ciphers: 'AES128-SHA', maxVersion: 'TLSv1.2' } as const;
    const peer = await tlsClient(harness.listener('tls').local, old);
    open.push(() => peer.socket.destroy());
    expect(peer.socket.getCipher().standardName).toBe('TLS_RSA_WITH_AES_128_CBC_SHA');
  });
});
