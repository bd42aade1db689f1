import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Actor, ApiKeyStore } from '../esrp/index.ts';

/** Bytes of randomness in an API key. */
export const apiKeyRandomBytes = 32;

const keyForm = /^fl_[A-Za-z0-9_-]{43}$/;

/** Makes an API key, `fl_` and 43 base64url characters, of {@link apiKeyRandomBytes} unpredictable bytes. */
export function newApiKey(randomBytes: Uint8Array): string {
  if (randomBytes.length !== apiKeyRandomBytes)
    throw new RangeError(`an API key is made of ${apiKeyRandomBytes} bytes`);
  return `fl_${Buffer.from(randomBytes).toString('base64url')}`;
}

/** Whether a text has the form of an API key. */
export function isApiKey(text: string): boolean {
  return keyForm.test(text);
}

/**
 * SHA-256 of an API key in lower-case hex: the only form that is stored or compared. A plain hash is enough because the
 * key has 256 bits of its own, and a comparison of hashes tells nothing of the key by its timing: who does not have the
 * key cannot choose the bits of its hash.
 */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The user agent by which our own command line names itself, so that the audit trail tells it from other programs. */
export const cliUserAgent = 'firstline-cli';

/** Who a request comes from: the key named by `Authorization: Bearer` (RFC 6750 §2.1) or `X-API-Key`, if it is in force. */
export async function authenticate(
  headers: IncomingHttpHeaders,
  apiKeys: ApiKeyStore,
): Promise<Actor | undefined> {
  const key = keyFrom(headers);
  if (key === undefined || !isApiKey(key)) return undefined;
  const found = await apiKeys.find(hashApiKey(key));
  if (found === undefined) return undefined;
  const isCli = (headers['user-agent'] ?? '').startsWith(`${cliUserAgent}/`);
  return { name: found.name, via: isCli ? 'cli' : 'api' };
}

function keyFrom(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '');
  if (bearer !== null) return bearer[1];
  const header = headers['x-api-key'];
  return typeof header === 'string' ? header.trim() : undefined;
}
