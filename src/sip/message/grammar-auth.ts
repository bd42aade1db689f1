import type { Param } from '../uri/index.ts';
import { defineHeader, type GrammarParts } from './grammar.ts';
import { type Scanner, writable } from './grammar-scanner.ts';

// Digest and other schemes (RFC 3261 §20.6, §20.7, §20.27, §20.28, §20.44; RFC 7616, RFC 8760 for longer digests).

/** A challenge or credentials: the scheme and its parameters in order. */
export interface AuthValue {
  readonly scheme: string;
  readonly params: readonly Param[];
}

/** Parameters that the grammar wants quoted; `qop` in a challenge alone. */
const quotedNames = [
  'realm',
  'nonce',
  'opaque',
  'domain',
  'uri',
  'username',
  'response',
  'cnonce',
  'nextnonce',
  'rspauth',
];

function authParts(role: 'challenge' | 'credentials'): GrammarParts<AuthValue> {
  const quoted = role === 'challenge' ? [...quotedNames, 'qop'] : quotedNames;
  return {
    read: (scanner) => {
      const scheme = scanner.token();
      if (scheme === undefined || !scanner.skip()) return undefined;
      const isDigest = scheme.toLowerCase() === 'digest';
      const params = readAuthParams(scanner, isDigest ? quoted : []);
      if (params === undefined) return undefined;
      return isDigest && !isDigestSound(params, role) ? undefined : { scheme, params };
    },
    write: ({ scheme, params }) => `${scheme} ${writeAuthParams(params, quoted)}`,
  };
}

/** `name=value` pairs with commas between them; one of `quoted` without its quotes does not fit. */
function readAuthParams(scanner: Scanner, quoted: readonly string[]): readonly Param[] | undefined {
  const params: Param[] = [];
  do {
    const name = scanner.token();
    if (name === undefined || !scanner.take('=')) return undefined;
    const isQuoted = scanner.text[scanner.pos] === '"';
    const value = isQuoted ? scanner.quoted() : scanner.token();
    if (value === undefined || (!isQuoted && quoted.includes(name.toLowerCase()))) return undefined;
    params.push({ name, value });
  } while (scanner.take(','));
  return params;
}

function writeAuthParams(params: readonly Param[], quoted: readonly string[]): string {
  return params
    .map((param) => writable(param, quoted))
    .map(({ name, value }) => `${name}=${value ?? ''}`)
    .join(', ');
}

/** The forms of single parameters: hexadecimal where it has to be, and no parameter twice. */
function isDigestSound(params: readonly Param[], role: 'challenge' | 'credentials'): boolean {
  const names = params.map((param) => param.name.toLowerCase());
  if (new Set(names).size < names.length) return false;
  for (const { name, value = '' } of params) {
    const pattern = formOf[name.toLowerCase()];
    if (pattern !== undefined && !pattern.test(value)) return false;
  }
  const needed =
    role === 'challenge' ? ['realm', 'nonce'] : ['username', 'realm', 'nonce', 'uri', 'response'];
  return needed.every((name) => names.includes(name));
}

const formOf: Readonly<Record<string, RegExp>> = {
  // 32 digits of MD5, 64 of SHA-256 and SHA-512/256 (RFC 8760 §2.4).
  response: /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/,
  nc: /^[0-9a-f]{8}$/i,
  stale: /^(?:true|false)$/i,
};

/** Authorization (RFC 3261 §20.7). */
export const authorization = defineHeader<AuthValue>('Authorization', authParts('credentials'));
/** Proxy-Authorization (§20.28). */
export const proxyAuthorization = defineHeader<AuthValue>('Proxy-Authorization', authParts('credentials'));
/** WWW-Authenticate (§20.44). */
export const wwwAuthenticate = defineHeader<AuthValue>('WWW-Authenticate', authParts('challenge'));
/** Proxy-Authenticate (§20.27). */
export const proxyAuthenticate = defineHeader<AuthValue>('Proxy-Authenticate', authParts('challenge'));

const infoNames = ['nextnonce', 'qop', 'rspauth', 'cnonce', 'nc'];

/** Authentication-Info (§20.6). */
export const authenticationInfo = defineHeader<readonly Param[]>('Authentication-Info', {
  read: (scanner) => {
    const params = readAuthParams(scanner, ['nextnonce', 'rspauth', 'cnonce']);
    return params?.every((param) => infoNames.includes(param.name.toLowerCase())) ? params : undefined;
  },
  write: (params) => writeAuthParams(params, ['nextnonce', 'rspauth', 'cnonce']),
});
