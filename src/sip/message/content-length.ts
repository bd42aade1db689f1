import { readNumber } from '../uri/index.ts';
import type { HeaderSpan } from './types.ts';

/** How long a head says that its body is. */
export type DeclaredLength =
  | { readonly kind: 'absent' }
  | { readonly kind: 'bytes'; readonly length: number; readonly isRepeated: boolean }
  /** Not a number, or several that differ. */
  | { readonly kind: 'invalid' };

const absent: DeclaredLength = { kind: 'absent' };
const invalid: DeclaredLength = { kind: 'invalid' };

/**
 * Reads Content-Length. `index` is that of the first one, `isRepeated` whether more may follow. The same number said twice
 * is one number that must not be forwarded twice; two numbers are a contradiction (RFC 4475 §3.3.9).
 */
export function declaredLength(
  bytes: Uint8Array,
  headers: readonly HeaderSpan[],
  index: number,
  isRepeated: boolean,
): DeclaredLength {
  const first = headers[index];
  if (first === undefined) return absent;
  const length = readLength(bytes, first);
  if (length < 0) return invalid;
  if (isRepeated) {
    for (let next = index + 1; next < headers.length; next++) {
      const span = headers[next];
      if (span?.key === 'content-length' && readLength(bytes, span) !== length) return invalid;
    }
  }
  return { kind: 'bytes', length, isRepeated };
}

function readLength(bytes: Uint8Array, span: HeaderSpan): number {
  return readNumber(bytes, span.valueStart, span.valueEnd);
}
