import { DependencyError, errorText } from '../base/index.ts';
import type { NetErrorCode } from './errors.ts';

/** Why a request came to nothing, as one of our codes: with the host and never with what was asked of it. */
export function httpFailure(thrown: unknown, host: string): DependencyError {
  if (thrown instanceof DependencyError) return thrown;
  const code = codeOf(thrown);
  if (code === 'UND_ERR_HEADERS_OVERFLOW')
    return failure('net.httpTooLarge', `${host} answered with larger headers than the limit`);
  // TLS 1.3: a server says only after the handshake that it wanted a certificate (RFC 8446 §4.4.2.4).
  if (/^(ERR_SSL|ERR_TLS)/.test(code))
    return failure('net.httpTls', `${host} ended the TLS session: ${errorText(thrown)}`, thrown);
  // Without the cause: it holds bytes of the answer.
  if (code.startsWith('HPE_')) return failure('net.httpBroken', `${host} does not speak HTTP: ${code}`);
  return failure(
    'net.httpBroken',
    `${host} broke off before the answer was whole: ${errorText(thrown)}`,
    thrown,
  );
}

/**
 * Whether asking again may help: the connection ended before any answer, as idle ones do in the very moment that they are
 * used again. What is fetched here may be asked twice (RFC 6753 §3.2: safe and idempotent).
 */
export function isWorthAnother(thrown: unknown): boolean {
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(thrown));
}

function failure(code: NetErrorCode, message: string, cause?: unknown): DependencyError<NetErrorCode> {
  return new DependencyError(code, message, cause);
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}
