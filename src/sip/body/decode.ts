import { type CodedError, err, ok, type Result } from '../../base/index.ts';
import { bodyError } from './errors.ts';
import type { BodyPart } from './types.ts';

/**
 * A part's content without its transfer encoding (RFC 2045 §6): the part's own bytes where it has none. Errors:
 * `body.transferEncoding`, `body.encodedContent`.
 */
export function decodePart(part: BodyPart): Result<Buffer, CodedError> {
  const encoding = part.transferEncoding?.trim().toLowerCase() ?? 'binary';
  switch (encoding) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return ok(part.bytes);
    case 'base64':
      return decodeBase64(part);
    case 'quoted-printable':
      return decodeQuotedPrintable(part);
    default:
      return err(bodyError('body.transferEncoding', `part ${part.path}: ${printable(encoding)}`));
  }
}

/** RFC 2045 §6.8: line ends and blanks are left out; anything else outside of the alphabet is an error. */
function decodeBase64(part: BodyPart): Result<Buffer, CodedError> {
  const text = part.bytes.toString('latin1');
  const dense = text.replace(/[ \t\r\n]+/g, '');
  const data = dense.replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(data) || data.length % 4 === 1) {
    return err(bodyError('body.encodedContent', `part ${part.path} is no base64`));
  }
  return ok(Buffer.from(data, 'base64'));
}

/** RFC 2045 §6.7. An `=` that starts no escape stays as it is, as §6.7 advises. */
function decodeQuotedPrintable(part: BodyPart): Result<Buffer, CodedError> {
  const { bytes } = part;
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let pos = 0; pos < bytes.length; pos++) {
    const code = bytes[pos] ?? 0;
    if (code !== 0x3d) {
      out[length++] = code;
      continue;
    }
    const soft = softBreakEnd(bytes, pos + 1);
    if (soft > 0) {
      pos = soft - 1;
      continue;
    }
    const high = hexDigit(bytes[pos + 1]);
    const low = hexDigit(bytes[pos + 2]);
    if (high >= 0 && low >= 0) {
      out[length++] = high * 16 + low;
      pos += 2;
    } else out[length++] = code;
  }
  return ok(out.subarray(0, length));
}

/** After the line end of a soft line break whose `=` stands before `start`; 0 where it is none. */
function softBreakEnd(bytes: Buffer, start: number): number {
  let pos = start;
  while (bytes[pos] === 0x20 || bytes[pos] === 0x09) pos++;
  if (bytes[pos] === 0x0d && bytes[pos + 1] === 0x0a) return pos + 2;
  return bytes[pos] === 0x0a ? pos + 1 : 0;
}

function hexDigit(code: number | undefined): number {
  return code === undefined ? -1 : '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
}

function printable(text: string): string {
  return text.slice(0, 40).replace(/[^\x20-\x7e]/g, '?');
}
