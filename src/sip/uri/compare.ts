import { sameText } from './lexical.ts';
import { hasParam } from './params.ts';
import type { Param, SipUri, TelUri, Uri, UrnUri } from './types.ts';

/**
 * Whether two URIs are the same: RFC 3261 §19.1.4 for sip and sips, RFC 8141 §3 for URNs, RFC 3966 §4 for tel, else
 * letter by letter after the scheme.
 */
export function uriEquals(a: Uri, b: Uri): boolean {
  if (a.kind === 'sip' && b.kind === 'sip') return sipEquals(a, b);
  if (a.kind === 'urn' && b.kind === 'urn') return urnEquals(a, b);
  if (a.kind === 'tel' && b.kind === 'tel') return telEquals(a, b);
  return a.kind === 'other' && b.kind === 'other' && a.scheme === b.scheme && a.rest === b.rest;
}

/**
 * Undoes `%hh`; the result is latin1 text (its characters are bytes). A `%` that starts no escape stays. An escaped NUL
 * becomes a real one: compare with it, do not cut at it.
 */
export function decodeEscapes(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function sipEquals(a: SipUri, b: SipUri): boolean {
  return (
    a.scheme === b.scheme &&
    sameEscaped(a.user, b.user) &&
    sameEscaped(a.password, b.password) &&
    sameText(a.host, b.host) &&
    a.port === b.port &&
    sameParams(a.params, b.params) &&
    sameHeaders(a.headers, b.headers)
  );
}

function sameEscaped(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || normalEscapes(a) === normalEscapes(b);
}

/** Escapes of characters that need none are undone, the others get one spelling (RFC 3261 §19.1.4). */
function normalEscapes(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (written, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(character) ? character : written.toUpperCase();
  });
}

/** Parameters of which one side alone having it makes two URIs differ; `transport` by the examples of §19.1.4. */
const decisive = ['user', 'ttl', 'method', 'maddr', 'transport'];

function sameParams(a: readonly Param[], b: readonly Param[]): boolean {
  for (const name of decisive) if (hasParam(a, name) !== hasParam(b, name)) return false;
  const left = firstValues(a, normalEscapes);
  const right = firstValues(b, normalEscapes);
  for (const [name, value] of left) {
    const other = right.get(name);
    if (other !== undefined && other !== value) return false;
  }
  return true;
}

/** Values by name, without case; of a name that stands twice the first counts. */
function firstValues(
  params: readonly Param[],
  normal: (text: string) => string,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const param of params) {
    const name = normal(param.name).toLowerCase();
    if (!values.has(name)) values.set(name, normal(param.value ?? '').toLowerCase());
  }
  return values;
}

function sameHeaders(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  return sortedHeaders(a) === sortedHeaders(b);
}

function sortedHeaders(text: string | undefined): string {
  const fields = (text ?? '').split('&').map((field) => {
    const equals = field.indexOf('=');
    const name = equals < 0 ? field : field.slice(0, equals);
    return `${normalEscapes(name).toLowerCase()}=${equals < 0 ? '' : normalEscapes(field.slice(equals + 1))}`;
  });
  return fields.sort().join('&');
}

function urnEquals(a: UrnUri, b: UrnUri): boolean {
  return a.nid === b.nid && assignedName(a.nss) === assignedName(b.nss);
}

/** Without r-, q- and f-components; escapes in one spelling (RFC 8141 §3.1). */
function assignedName(nss: string): string {
  const cut = nss.search(/\?[+=]|#/);
  const name = cut < 0 ? nss : nss.slice(0, cut);
  return name.replace(/%[0-9A-Fa-f]{2}/g, (hex) => hex.toUpperCase());
}

function telEquals(a: TelUri, b: TelUri): boolean {
  if (bareNumber(a.number) !== bareNumber(b.number)) return false;
  const left = firstValues(a.params, bareNumber);
  const right = firstValues(b.params, bareNumber);
  if (left.size !== right.size) return false;
  for (const [name, value] of left) if (right.get(name) !== value) return false;
  return true;
}

function bareNumber(text: string): string {
  return text.replace(/[-.()]/g, '').toLowerCase();
}
