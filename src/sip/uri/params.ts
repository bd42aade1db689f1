import {
  closingQuote,
  EQUALS,
  find,
  isWhite,
  QUOTE,
  SEMICOLON,
  sameText,
  skipWhite,
  unquote,
} from './lexical.ts';
import type { Param } from './types.ts';

/** No parameters: shared, so that most values allocate none. */
export const noParams: readonly Param[] = Object.freeze([]);

/** A parameter's value, its name compared without case: '' for a flag, undefined where it is absent. */
export function paramValue(params: readonly Param[], name: string): string | undefined {
  for (const param of params) {
    if (sameText(param.name, name)) return param.value ?? '';
  }
  return undefined;
}

/** Whether a parameter is present, with or without a value. */
export function hasParam(params: readonly Param[], name: string): boolean {
  return paramValue(params, name) !== undefined;
}

/**
 * Parameters of the form `;name=value;flag` from `start` on. White space around `;` and `=` is skipped; quoted values
 * come without their quotes, escapes undone. What does not fit is left out.
 */
export function parseParams(text: string, start = 0): readonly Param[] {
  const out: Param[] = [];
  readParams(Buffer.from(text, 'latin1'), text, start, text.length, out);
  return out;
}

/** Reads parameters into `out`; false where something did not fit (an empty parameter, text without a `;`). */
export function readParams(
  bytes: Uint8Array,
  text: string,
  start: number,
  end: number,
  out: Param[],
): boolean {
  let clean = true;
  let pos = skipWhite(bytes, start, end);
  while (pos < end) {
    if (bytes[pos] !== SEMICOLON) {
      clean = false;
      const next = find(bytes, SEMICOLON, pos, end);
      if (next < 0) return false;
      pos = next;
    }
    const nameStart = skipWhite(bytes, pos + 1, end);
    const nameEnd = wordEnd(bytes, nameStart, end, true);
    pos = skipWhite(bytes, nameEnd, end);
    if (nameEnd === nameStart) clean = false;
    if (pos >= end || bytes[pos] !== EQUALS) {
      if (nameEnd > nameStart) out.push({ name: text.slice(nameStart, nameEnd), value: undefined });
      continue;
    }
    const valueStart = skipWhite(bytes, pos + 1, end);
    let valueEnd: number;
    let value: string;
    if (bytes[valueStart] === QUOTE && valueStart < end) {
      const close = closingQuote(bytes, valueStart, end);
      if (close < 0) clean = false;
      valueEnd = close < 0 ? end : close + 1;
      value = unquote(text.slice(valueStart + 1, close < 0 ? end : close));
    } else {
      valueEnd = wordEnd(bytes, valueStart, end, false);
      value = text.slice(valueStart, valueEnd);
    }
    if (nameEnd > nameStart) out.push({ name: text.slice(nameStart, nameEnd), value });
    pos = skipWhite(bytes, valueEnd, end);
  }
  return clean;
}

/** A quoted-string of `text` (RFC 3261 §25.1). */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function wordEnd(bytes: Uint8Array, start: number, end: number, stopAtEquals: boolean): number {
  let pos = start;
  while (pos < end) {
    const code = bytes[pos] ?? 0;
    if (code === SEMICOLON || isWhite(code)) break;
    if (code === EQUALS && stopAtEquals) break;
    pos++;
  }
  return pos;
}
