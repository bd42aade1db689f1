import { createServer as createHttpsServer } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  defaultTlsClient,
  type StreamLimits,
  systemClock,
  type TlsClientSettings,
  type TlsProfile,
} from '../../../src/net/index.ts';
import { TlsCertificates } from '../../../src/net/tls-certificates.ts';
import type { TlsContext } from '../../../src/net/tls-context.ts';
import type { Destination, Endpoint } from '../../../src/sip/index.ts';
import {
  destination,
  eventually,
  rawClient,
  rawServer,
  recordingLogger,
} from '../../support/net-loopback.ts';
import { type Authority, type MadeCertificate, makeAuthority } from '../../support/net-tls.ts';
import {
  browserOptions,
  startWebSocket,
  upgradeText,
  type WebSocketHarness,
  webSocketPeer,
} from '../../support/websocket-peers.ts';

let authority: Authority;
let own: MadeCertificate;
let second: MadeCertificate;
let client: MadeCertificate;
const open: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
  own = await authority.issue({ altNames: ['DNS:edge.example.com', 'IP:127.0.0.1'] });
  second = await authority.issue({ altNames: ['DNS:second.example.com', 'IP:127.0.0.1'] });
  client = await authority.issue({ altNames: ['URI:sip:carrier.example.net'] });
});

afterAll(() => authority.remove());

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Wish {
  readonly profile?: Partial<TlsProfile>;
  readonly settings?: Partial<TlsClientSettings>;
  readonly stream?: Partial<StreamLimits>;
}

async function start(
  wish: Wish = {},
): Promise<WebSocketHarness & { readonly certificates: TlsCertificates }> {
  const certificates = new TlsCertificates({ logger: recordingLogger(), clock: systemClock, pollMs: 20 });
  const settings = { ...defaultTlsClient, caFile: authority.caFile, ...wish.settings };
  const context: TlsContext = await certificates.forClient(settings);
  const tls: TlsProfile = {
    certificateFile: own.certificateFile,
    keyFile: own.keyFile,
    caFile: authority.caFile,
    clientCertificate: 'request',
    minVersion: 'TLSv1.2',
    ...wish.profile,
  };
  const harness = await startWebSocket({
    kind: 'wss',
    ...(wish.stream === undefined ? {} : { stream: wish.stream }),
    listen: { tls },
    tls: { certificates, client: () => ({ settings, context }) },
  });
  open.push(async () => {
    certificates.stop();
    await harness.stop();
  });
  return { ...harness, certificates };
}

const trusting = (): { scheme: 'wss'; ca: string } => ({ scheme: 'wss', ca: authority.ca });

/** A WebSocket server behind HTTPS, with the subject names that are asked for. */
async function peerServer(
  altNames: readonly string[],
): Promise<{ readonly endpoint: Endpoint; readonly heard: string[]; readonly names: (string | false)[] }> {
  const made = await authority.issue({ altNames });
  const heard: string[] = [];
  const names: (string | false)[] = [];
  const server = createHttpsServer({ key: made.key, cert: made.cert });
  server.on('secureConnection', (socket) => names.push(socket.servername ?? false));
  const upgrader = new WebSocketServer({ server });
  upgrader.on('connection', (socket) => {
    socket.on('message', (data) => heard.push(String(data)));
    open.push(async () => socket.terminate());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => server.close(resolve)));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return { endpoint: { address: '127.0.0.1', port }, heard, names };
}

describe('a wss listener', () => {
  it('carries messages both ways, on a flow of its own kind', async () => {
    const harness = await start();
    const peer = await webSocketPeer(harness.local, trusting());
    open.push(async () => peer.socket.terminate());
    peer.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
    const flow = harness.received[0]?.flow;
    expect(flow).toMatchObject({ transport: 'wss', local: harness.local, remote: { address: '127.0.0.1' } });
    expect(flow?.connectionId).toMatch(/^wss-\d+$/);
    expect(flow?.peerDomains).toBeUndefined();
    harness.send('SIP/2.0 200 OK\r\n\r\n', harness.backTo(0));
    await eventually(() => expect(peer.texts()).toEqual(['SIP/2.0 200 OK\r\n\r\n']));
  });

  it('knows a client by its certificate', async () => {
    const harness = await start({ profile: { clientCertificate: 'require' } });
    const socket = connectTls({
      port: harness.local.port,
      host: '127.0.0.1',
      ca: authority.ca,
      cert: client.cert,
      key: client.key,
      servername: 'edge.example.com',
    });
    open.push(async () => socket.destroy());
    const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.write(upgradeText());
    expect((await answer).toString()).toMatch(/^HTTP\/1\.1 101 /);
    const text = browserOptions();
    socket.write(
      Buffer.concat([
        Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 0xff, 0, 0, 0, 0]),
        Buffer.from(text),
      ]),
    );
    await eventually(() => expect(harness.received[0]?.flow.peerDomains).toEqual(['carrier.example.net']));
  });

  it('turns a client without a certificate away where it asks for one', async () => {
    const harness = await start({ profile: { clientCertificate: 'require' } });
    await expect(webSocketPeer(harness.local, trusting())).rejects.toThrow();
    await eventually(() => expect(harness.transport.counts.closed.clientCertificate).toBe(1));
  });

  it('shows the certificate of the name that is asked for', async () => {
    const { certificateFile, keyFile } = second;
    const harness = await start({
      profile: { serverNames: { 'second.example.com': { certificateFile, keyFile } } },
    });
    for (const [servername, subject] of [
      ['second.example.com', 'DNS:second.example.com, IP Address:127.0.0.1'],
      ['other.example.com', 'DNS:edge.example.com, IP Address:127.0.0.1'],
    ] as const) {
      const socket = connectTls({
        port: harness.local.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        servername,
      });
      await new Promise((resolve) => socket.once('secureConnect', resolve));
      expect(socket.getPeerCertificate().subjectaltname).toBe(subject);
      socket.destroy();
    }
  });

  it('takes a new certificate without an end to what is open', async () => {
    const files = await authority.issue({ altNames: ['DNS:old.example.com', 'IP:127.0.0.1'] });
    const { certificateFile, keyFile } = files;
    const harness = await start({ profile: { certificateFile, keyFile } });
    const peer = await webSocketPeer(harness.local, trusting());
    open.push(async () => peer.socket.terminate());
    authority.replace(files, second);
    expect(await harness.certificates.reload()).toEqual([]);
    const socket = connectTls({ port: harness.local.port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    expect(socket.getPeerCertificate().subjectaltname).toContain('second.example.com');
    socket.destroy();
    peer.socket.send(browserOptions());
    await eventually(() => expect(harness.received).toHaveLength(1));
  });

  it('does not start without a certificate', async () => {
    await expect(startWebSocket({ kind: 'wss' })).rejects.toMatchObject({ code: 'net.tlsCertificate' });
  });

  for (const [name, text] of [
    ['a handshake in the clear', upgradeText()],
    ['SIP in the clear', browserOptions()],
  ] as const) {
    it(`${name} is counted and cut off`, async () => {
      const harness = await start();
      const peer = await rawClient(harness.local);
      await peer.write(text);
      await eventually(() => expect(peer.isClosed()).toBe(true));
      expect(harness.transport.counts.closed.notSip).toBe(1);
      expect(harness.transport.connectionCount).toBe(0);
    });
  }

  for (const [name, bytes] of [
    ['that says nothing', ''],
    ['that stops inside of the TLS handshake', '160301020001000001fc0303'],
  ] as const) {
    it(`a client ${name} is cut off in time`, async () => {
      const harness = await start({ stream: { handshakeMs: 80 } });
      const peer = await rawClient(harness.local);
      await peer.write(Buffer.from(bytes, 'hex'));
      await eventually(() => expect(peer.isClosed()).toBe(true));
      await eventually(() => expect(harness.transport.counts.closed.slowHandshake).toBe(1));
      expect(harness.transport.connectionCount).toBe(0);
    });
  }

  it('a client that stops between TLS and HTTP is cut off in time', async () => {
    const harness = await start({ stream: { handshakeMs: 150 } });
    const socket = connectTls({ port: harness.local.port, host: '127.0.0.1', rejectUnauthorized: false });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    socket.write('GET / HTTP/1.1\r\n');
    await closed;
    expect(harness.transport.counts.closed.slowHandshake).toBe(1);
  });
});

describe('a wss connection of our own', () => {
  type Row = readonly [
    name: string,
    altNames: readonly string[],
    serverName: string | undefined,
    verify: TlsClientSettings['verify'],
    error: string | undefined,
  ];
  const rows: readonly Row[] = [
    ['a server of that name', ['DNS:ws.example.com'], 'ws.example.com', 'always', undefined],
    [
      'a server with a wildcard, as HTTPS allows',
      ['DNS:*.example.com'],
      'ws.example.com',
      'always',
      undefined,
    ],
    ['a server of another name', ['DNS:other.example.com'], 'ws.example.com', 'always', 'net.tlsIdentity'],
    ['a server with the address in its certificate', ['IP:127.0.0.1'], undefined, 'always', undefined],
    ['a server at a literal that its certificate holds', ['IP:127.0.0.1'], '127.0.0.1', 'always', undefined],
    [
      'a server at an address that it does not prove',
      ['DNS:ws.example.com'],
      undefined,
      'always',
      'net.tlsIdentity',
    ],
    ['the same where only names are verified', ['DNS:ws.example.com'], undefined, 'whenNamed', undefined],
    [
      'another name where names are verified',
      ['DNS:other.example.com'],
      'ws.example.com',
      'whenNamed',
      'net.tlsIdentity',
    ],
    ['any server where nothing is verified', ['DNS:other.example.com'], 'ws.example.com', 'never', undefined],
  ];
  it.each(rows)('to %s', async (_name, altNames, serverName, verify, error) => {
    const harness = await start({ settings: { verify } });
    const peer = await peerServer(altNames);
    const to: Destination = destination({ transport: 'wss', remote: peer.endpoint, serverName });
    harness.send(browserOptions(), to);
    await eventually(() => expect(peer.heard.length + harness.failures.length).toBe(1));
    expect(harness.failures.map(({ code }) => code)).toEqual(error === undefined ? [] : [error]);
    const isName = serverName !== undefined && !/^\d/.test(serverName);
    if (error === undefined) expect(peer.names[0]).toBe(isName ? serverName : false);
  });

  it('is refused by an authority that is not known', async () => {
    const harness = await start();
    const foreign = await makeAuthority('Somebody Else');
    const made = await foreign.issue({ altNames: ['DNS:ws.example.com'] });
    foreign.remove();
    const server = createHttpsServer({ key: made.key, cert: made.cert });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(() => new Promise((resolve) => server.close(resolve)));
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const remote = { address: '127.0.0.1', port };
    harness.send(browserOptions(), destination({ transport: 'wss', remote, serverName: 'ws.example.com' }));
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.tlsIdentity']));
  });

  it('fails as a TLS session where the server speaks no TLS', async () => {
    const harness = await start();
    const plain = await rawServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    open.push(() => new Promise((resolve) => plain.close(resolve)));
    harness.send(browserOptions(), destination({ transport: 'wss', remote: plain.endpoint }));
    await eventually(() => expect(harness.failures.map(({ code }) => code)).toEqual(['net.tlsHandshake']));
  });

  it('is never made in the clear where TLS is not configured', async () => {
    const certificates = new TlsCertificates({ logger: recordingLogger(), clock: systemClock });
    const tls: TlsProfile = {
      certificateFile: own.certificateFile,
      keyFile: own.keyFile,
      clientCertificate: 'ignore',
      minVersion: 'TLSv1.2',
    };
    const harness = await startWebSocket({
      kind: 'wss',
      listen: { tls },
      tls: { certificates, client: () => undefined },
    });
    open.push(async () => {
      certificates.stop();
      await harness.stop();
    });
    harness.send(
      browserOptions(),
      destination({ transport: 'wss', remote: { address: '127.0.0.1', port: 9 } }),
    );
    await eventually(() =>
      expect(harness.failures.map(({ code }) => code)).toEqual(['net.unsupportedTransport']),
    );
  });
});
