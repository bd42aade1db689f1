import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ConnectionOptions,
  connect,
  createServer,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { generate } from 'selfsigned';
import type { CertificateFiles } from '../../src/net/index.ts';
import type { Endpoint } from '../../src/sip/index.ts';

/** What a certificate of a test says. */
export interface CertificateWish {
  /** `URI:sip:a.example`, `DNS:a.example`, `IP:127.0.0.1`; none: a certificate without subjectAltName. */
  readonly altNames?: readonly string[];
  readonly commonName?: string;
  readonly validUntil?: Date;
}

/** A certificate with its key, in memory and in files. */
export interface MadeCertificate extends CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test's own, whose files go with it. */
export interface Authority {
  readonly caFile: string;
  readonly ca: string;
  issue(wish: CertificateWish): Promise<MadeCertificate>;
  /** Puts another certificate into the files of one. */
  replace(files: CertificateFiles, other: { readonly cert: string; readonly key: string }): void;
  folder: string;
  remove(): void;
}

const kinds: Readonly<Record<string, 2 | 6 | 7>> = { DNS: 2, URI: 6, IP: 7 };

/** Makes an authority; its certificates have keys on P-256. */
export async function makeAuthority(name = 'Test Authority'): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'firstline-tls-'));
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { key: made.private, cert: made.cert };
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, ca.cert);
  let count = 0;
  return {
    folder,
    caFile,
    ca: ca.cert,
    issue: async (wish) => {
      count += 1;
      const files = {
        certificateFile: join(folder, `${count}.crt.pem`),
        keyFile: join(folder, `${count}.key.pem`),
      };
      const { cert, private: key } = await generate(
        [{ name: 'commonName', value: wish.commonName ?? 'Test Holder' }],
        {
          keyType: 'ec',
          algorithm: 'sha256',
          ca,
          notBeforeDate: new Date(Date.now() - 2 * 86_400_000),
          notAfterDate: wish.validUntil ?? new Date(Date.now() + 86_400_000),
          extensions: [
            { name: 'basicConstraints', cA: false },
            ...(wish.altNames === undefined
              ? []
              : [{ name: 'subjectAltName' as const, altNames: wish.altNames.map(altName) }]),
          ],
        },
      );
      writeFileSync(files.certificateFile, cert);
      writeFileSync(files.keyFile, key);
      return { ...files, cert, key };
    },
    replace: (files, other) => {
      writeFileSync(files.keyFile, other.key);
      writeFileSync(files.certificateFile, other.cert);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function altName(text: string): { type: 2 | 6; value: string } | { type: 7; ip: string } {
  const colon = text.indexOf(':');
  const type = kinds[text.slice(0, colon)];
  const value = text.slice(colon + 1);
  if (type === undefined) throw new Error(`no kind of name: ${text}`);
  return type === 7 ? { type, ip: value } : { type, value };
}

/** A TLS connection of a peer that keeps what it hears. */
export interface TlsPeer {
  readonly socket: TLSSocket;
  text(): string;
  isClosed(): boolean;
  /** Why it failed, as OpenSSL says it. */
  error(): string | undefined;
  write(text: string | Buffer): Promise<void>;
}

/** Connects to a TLS listener; resolves when the handshake is done on this side, or has failed. */
export function tlsClient(to: Endpoint, options: ConnectionOptions = {}): Promise<TlsPeer> {
  return new Promise((resolve) => {
    const socket = connect({ host: to.address, port: to.port, rejectUnauthorized: false, ...options });
    const peer = heardBy(socket);
    socket.once('secureConnect', () => resolve(peer));
    socket.once('close', () => resolve(peer));
  });
}

/** A TLS server of a peer, with what came on each of its connections. */
export async function tlsServer(
  options: TlsOptions,
  onConnection: (peer: TlsPeer) => void = () => undefined,
): Promise<{
  readonly endpoint: Endpoint;
  readonly peers: TlsPeer[];
  readonly server: Server;
  close(): Promise<void>;
}> {
  const peers: TlsPeer[] = [];
  const server = createServer(options, (socket) => {
    const peer = heardBy(socket);
    peers.push(peer);
    onConnection(peer);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    endpoint: { address: '127.0.0.1', port },
    peers,
    server,
    close: async () => {
      for (const { socket } of peers) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

function heardBy(socket: TLSSocket): TlsPeer {
  let heard = '';
  let isClosed = false;
  let error: string | undefined;
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
  });
  socket.on('error', (thrown: Error & { code?: string }) => {
    error = thrown.code ?? thrown.message;
  });
  socket.on('close', () => {
    isClosed = true;
  });
  return {
    socket,
    text: () => heard,
    isClosed: () => isClosed,
    error: () => error,
    write: (text) => new Promise((done) => socket.write(text, () => done())),
  };
}
