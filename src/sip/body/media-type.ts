import { type CodedError, err, ok, type Result } from '../../base/index.ts';
import { excerpt, headerValue, type SipMessage } from '../message/index.ts';
import { isToken, noParams, type Param, readParams, SEMICOLON, SLASH, skipWhite } from '../uri/index.ts';
import { bodyError } from './errors.ts';
import type { MediaType } from './types.ts';

/** Reads a Content-Type value (RFC 3261 §25.1 media-type). White space around `/` is tolerated. Error: `body.media-type`. */
export function parseMediaType(text: string): Result<MediaType, CodedError> {
  const bytes = Buffer.from(text, 'latin1');
  const end = bytes.length;
  const typeStart = skipWhite(bytes, 0, end);
  const typeEnd = tokenEnd(bytes, typeStart, end);
  const slash = skipWhite(bytes, typeEnd, end);
  const subtypeStart = skipWhite(bytes, slash + 1, end);
  const subtypeEnd = tokenEnd(bytes, subtypeStart, end);
  if (typeEnd === typeStart || bytes[slash] !== SLASH || subtypeEnd <= subtypeStart) {
    return err(bodyError('body.media-type', excerpt(text)));
  }
  const type = `${text.slice(typeStart, typeEnd)}/${text.slice(subtypeStart, subtypeEnd)}`.toLowerCase();
  let params: readonly Param[] = noParams;
  let pos = skipWhite(bytes, subtypeEnd, end);
  while (pos < end && bytes[pos] !== SEMICOLON) pos++;
  if (pos < end) {
    const list: Param[] = [];
    readParams(bytes, text, pos, end, list);
    params = list;
  }
  return ok({ type, params });
}

/** The message's Content-Type; undefined where it has none. Error: `body.media-type`. */
export function contentType(message: SipMessage): Result<MediaType, CodedError> | undefined {
  const value = headerValue(message, 'content-type');
  return value === undefined ? undefined : parseMediaType(value);
}

function tokenEnd(bytes: Uint8Array, start: number, end: number): number {
  let pos = start;
  while (pos < end && isToken(bytes[pos])) pos++;
  return pos;
}
