import { assert, BugError } from '../../base/index.ts';

/** A part to write: its headers (without Content-Length: RFC 2045 knows none) and its content. */
export interface PartToWrite {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bytes: Buffer;
}

/**
 * Writes a multipart body (RFC 2046 §5.1.1). Content goes in byte for byte, so the boundary must not occur in it: one that
 * does, or that the grammar does not allow, is a {@link BugError}.
 */
export function writeMultipart(parts: readonly PartToWrite[], boundary: string): Buffer {
  assert(/^[0-9A-Za-z'()+_,./:=?-]{1,70}$/.test(boundary), 'a boundary of 1 to 70 allowed characters');
  const pieces: Buffer[] = [];
  for (const part of parts) {
    if (part.bytes.includes(`--${boundary}`)) throw new BugError('the boundary occurs in a part');
    let head = `--${boundary}\r\n`;
    for (const [name, value] of part.headers) {
      assert(
        !/[\r\n]/.test(name + value) && !/[^\u0000-\u00ff]/.test(value),
        'a header value in one latin1 line',
      );
      head += `${name}: ${value}\r\n`;
    }
    pieces.push(Buffer.from(`${head}\r\n`, 'latin1'), part.bytes, Buffer.from('\r\n', 'latin1'));
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`, 'latin1'));
  return Buffer.concat(pieces);
}
