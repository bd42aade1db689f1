import { type CodedError, err, ok, type Result } from '../../base/index.ts';
import { excerpt, headerValue, type SipMessage } from '../message/index.ts';
import { isToken, isWhite, noParams, parseParams } from '../uri/index.ts';
import { bodyError } from './errors.ts';
import type { MediaType } from './types.ts';

/** Reads a Content-Type value (RFC 3261 §25.1 media-type). White space around `/` is tolerated. Error: `body.mediaType`. */
export function parseMediaType(text: string): Result<MediaType, CodedError> {
  const semicolon = text.indexOf(';');
  const name = semicolon < 0 ? text : text.slice(0, semicolon);
  const slash = name.indexOf('/');
  const type = trimBlanks(name.slice(0, Math.max(slash, 0)));
  // What follows the subtype after a space is left out: some senders forget the `;`.
  const subtype = firstWord(trimBlanks(name.slice(slash + 1)));
  if (!isTokenText(type) || !isTokenText(subtype)) {
    return err(bodyError('body.mediaType', excerpt(text)));
  }
  const params = semicolon < 0 ? noParams : parseParams(text, semicolon);
  return ok({ type: `${type}/${subtype}`.toLowerCase(), params });
}

/** The message's Content-Type; undefined where it has none. Error: `body.mediaType`. */
export function contentType(message: SipMessage): Result<MediaType, CodedError> | undefined {
  const value = headerValue(message, 'content-type');
  return value === undefined ? undefined : parseMediaType(value);
}

function isTokenText(text: string): boolean {
  if (text === '') return false;
  for (let index = 0; index < text.length; index++) if (!isToken(text.charCodeAt(index))) return false;
  return true;
}

function firstWord(text: string): string {
  for (let index = 0; index < text.length; index++) {
    if (isWhite(text.charCodeAt(index))) return text.slice(0, index);
  }
  return text;
}

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhite(text.charCodeAt(start))) start++;
  while (end > start && isWhite(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
