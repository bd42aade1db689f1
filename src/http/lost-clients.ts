import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ServiceUrn } from '../base/index.ts';
import { serviceUrn } from '../base/index.ts';
import type { ApiKeyStore, Logger } from '../esrp/index.ts';
import { authenticate } from './api-key.ts';

/** A client of LoST as an operator lists it: what it is known by, and what it may. */
export interface LostClientRule {
  readonly name: string;
  /** DNS names and URIs of its TLS certificate. */
  readonly certificateNames: readonly string[];
  /** Names of API keys. */
  readonly apiKeys: readonly string[];
  readonly bearerTokens: readonly string[];
  /** In CIDR form. */
  readonly networks: readonly string[];
  /** Services that it is told of; empty: every one. */
  readonly services: readonly string[];
  readonly mayReadMappings: boolean;
  /** Names whose mappings it may push; undefined: it may not push. */
  readonly pushes: readonly string[] | undefined;
}

/** What a client may. */
export interface LostClientRights {
  readonly name: string | undefined;
  readonly services: readonly ServiceUrn[];
  readonly mayReadMappings: boolean;
  readonly pushes: readonly string[] | undefined;
}

/** Who a request comes from: a client with its rights, somebody known who is not listed, or nobody known. */
export type LostCaller =
  | { readonly kind: 'client'; readonly rights: LostClientRights; readonly isSecure: boolean }
  | { readonly kind: 'notListed' }
  | { readonly kind: 'unknown' };

export interface LostClientsOptions {
  /** Whether everybody is answered, without the rights that only listed clients can have. */
  readonly isOpen: boolean;
  readonly rules: readonly LostClientRule[];
  readonly apiKeys: ApiKeyStore;
  /** The values of a certificate's subjectAltName. */
  readonly altNames: (subjectAltName: string) => readonly string[];
  readonly logger: Logger;
}

interface KnownRule {
  readonly rule: LostClientRule;
  readonly rights: LostClientRights;
  readonly names: ReadonlySet<string>;
  readonly tokens: readonly Buffer[];
  readonly networks: BlockList;
}

const everybody: LostClientRights = {
  name: undefined,
  services: [],
  mayReadMappings: false,
  pushes: undefined,
};

/** Tells who asks LoST: by TLS certificate, else by bearer token or API key, else by address. */
export class LostClients {
  readonly #options: LostClientsOptions;
  readonly #rules: readonly KnownRule[];

  constructor(options: LostClientsOptions) {
    this.#options = options;
    this.#rules = options.rules.map(knownRule);
  }

  async callerOf(request: IncomingMessage): Promise<LostCaller> {
    const isSecure = isTls(request) || isLoopback(request.socket.remoteAddress);
    const names = this.#certificateNames(request);
    const byName = this.#rules.find((rule) => names.some((name) => rule.names.has(name)));
    if (byName !== undefined) return { kind: 'client', rights: byName.rights, isSecure };
    const token = bearerOf(request);
    const byToken = token && this.#rules.find(({ tokens }) => tokens.some((own) => isSame(own, token)));
    if (byToken) return { kind: 'client', rights: byToken.rights, isSecure };
    const key = await this.#apiKeyName(request);
    const byKey = this.#rules.find(({ rule }) => key !== undefined && rule.apiKeys.includes(key));
    if (byKey !== undefined) return { kind: 'client', rights: byKey.rights, isSecure };
    const address = plainAddress(request.socket.remoteAddress);
    const byAddress = this.#rules.find(({ networks }) => isIn(networks, address));
    if (byAddress !== undefined) return { kind: 'client', rights: byAddress.rights, isSecure };
    if (this.#options.isOpen) return { kind: 'client', rights: everybody, isSecure };
    return names.length > 0 || key !== undefined ? { kind: 'notListed' } : { kind: 'unknown' };
  }

  #certificateNames({ socket }: IncomingMessage): readonly string[] {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return [];
    const { subjectaltname: altNames, subject } = socket.getPeerCertificate(false);
    if (typeof altNames === 'string' && altNames !== '') {
      return this.#options.altNames(altNames).map((name) => name.toLowerCase());
    }
    // Without a subjectAltName the common name is all that there is.
    return typeof subject?.CN === 'string' ? [subject.CN.toLowerCase()] : [];
  }

  // What cannot be looked up is nobody's: who is answered without a key still is.
  async #apiKeyName({ headers }: IncomingMessage): Promise<string | undefined> {
    try {
      return (await authenticate(headers, this.#options.apiKeys))?.name;
    } catch (thrown) {
      this.#options.logger.warn('lost.keyNotRead', { error: String(thrown) });
      return undefined;
    }
  }
}

function knownRule(rule: LostClientRule): KnownRule {
  const networks = new BlockList();
  for (const network of rule.networks) {
    const [address = '', prefix = ''] = network.split('/');
    networks.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return {
    rule,
    rights: {
      name: rule.name,
      services: rule.services.map(serviceUrn),
      mayReadMappings: rule.mayReadMappings,
      pushes: rule.pushes,
    },
    names: new Set(rule.certificateNames.map((name) => name.toLowerCase())),
    tokens: rule.bearerTokens.map(hashOf),
    networks,
  };
}

function isTls({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket;
}

/** What ends TLS for us on the same machine comes from there. */
function isLoopback(address: string | undefined): boolean {
  const plain = plainAddress(address);
  return plain === '::1' || plain.startsWith('127.');
}

function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function isIn(networks: BlockList, address: string): boolean {
  return address !== '' && networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function bearerOf({ headers }: IncomingMessage): Buffer | undefined {
  const token = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : hashOf(token);
}

// Hashes have one length, and their comparison tells nothing of the token.
function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isSame(one: Buffer, other: Buffer): boolean {
  return timingSafeEqual(one, other);
}
