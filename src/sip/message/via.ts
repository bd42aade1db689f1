import {
  COLON,
  find,
  isWhite,
  noParams,
  type Param,
  readHost,
  readNumber,
  readParams,
  SEMICOLON,
  SLASH,
  sameText,
  skipWhite,
  trimWhite,
} from '../uri/index.ts';
import { withoutBrackets } from './name-addr.ts';
import type { Reading, Via } from './types.ts';

const flaw = 'message.via';
const unusable: Reading<Via> = { value: undefined, flaw };

/**
 * Reads one Via value from `start` to `end` (RFC 3261 §25.1): white space may stand around `/`, `:`, `;` and `=`. A value
 * whose protocol and sent-by can be made out is given even when something in it is wrong.
 */
export function readVia(bytes: Uint8Array, text: string, start: number, end: number): Reading<Via> {
  const from = skipWhite(bytes, start, end);
  const to = trimWhite(bytes, from, end);
  const nameSlash = find(bytes, SLASH, from, to);
  const versionSlash = nameSlash < 0 ? -1 : find(bytes, SLASH, nameSlash + 1, to);
  if (versionSlash < 0) return unusable;
  const transportStart = skipWhite(bytes, versionSlash + 1, to);
  let transportEnd = transportStart;
  while (transportEnd < to && !isWhite(bytes[transportEnd]) && bytes[transportEnd] !== SEMICOLON)
    transportEnd++;
  const sentByStart = skipWhite(bytes, transportEnd, to);
  if (transportEnd === transportStart || sentByStart >= to) return unusable;
  const semicolon = find(bytes, SEMICOLON, sentByStart, to);
  const paramsStart = semicolon < 0 ? to : semicolon;
  const sentByEnd = trimWhite(bytes, sentByStart, paramsStart);
  if (sentByEnd === sentByStart) return unusable;

  const protocol = readProtocol(bytes, text, from, nameSlash, versionSlash);
  const hostEnd = readHost(bytes, sentByStart, sentByEnd);
  let host = text.slice(sentByStart, hostEnd);
  let port: number | undefined;
  let clean = protocol === 'SIP/2.0' || sameText(protocol, 'SIP/2.0');
  if (hostEnd !== sentByEnd) {
    port = readPort(bytes, hostEnd, sentByEnd);
    if (port === undefined || hostEnd === sentByStart) {
      // Not a host and port (`sip:alice@host`, an IPv6 address without brackets): keep what stands there.
      clean = false;
      port = undefined;
      host = text.slice(sentByStart, sentByEnd);
    }
  }
  let params: readonly Param[] = noParams;
  if (paramsStart < to) {
    const list: Param[] = [];
    if (!readParams(bytes, text, paramsStart, to, list)) clean = false;
    params = list;
  }
  const transport = text.slice(transportStart, transportEnd).toUpperCase();
  return withParams(protocol, transport, host, port, params, text.slice(from, to), clean);
}

function withParams(
  protocol: string,
  transport: string,
  host: string,
  port: number | undefined,
  params: readonly Param[],
  raw: string,
  cleanSoFar: boolean,
): Reading<Via> {
  let clean = cleanSoFar;
  let branch: string | undefined;
  let received: string | undefined;
  let rport: Via['rport'];
  for (const { name, value } of params) {
    // Tested by length first: there are many parameters and few that matter.
    if (name.length === 6 && branch === undefined && sameText(name, 'branch')) branch = value || undefined;
    else if (name.length === 5 && sameText(name, 'rport')) {
      rport = value === undefined || value === '' ? 'empty' : portNumber(value);
      if (rport === undefined) clean = false;
    } else if (name.length === 8 && sameText(name, 'received') && value) received = withoutBrackets(value);
  }
  return {
    value: { protocol, transport, host, port, params, branch, received, rport, raw },
    flaw: clean ? undefined : flaw,
  };
}

function readProtocol(
  bytes: Uint8Array,
  text: string,
  from: number,
  nameSlash: number,
  versionSlash: number,
): string {
  const nameEnd = trimWhite(bytes, from, nameSlash);
  const versionStart = skipWhite(bytes, nameSlash + 1, versionSlash);
  const versionEnd = trimWhite(bytes, versionStart, versionSlash);
  if (nameEnd === nameSlash && versionStart === nameSlash + 1) return text.slice(from, versionEnd);
  return `${text.slice(from, nameEnd)}/${text.slice(versionStart, versionEnd)}`;
}

/** The port after a host: white space, a colon, white space, digits up to `end`. */
function readPort(bytes: Uint8Array, hostEnd: number, end: number): number | undefined {
  const colon = skipWhite(bytes, hostEnd, end);
  if (bytes[colon] !== COLON || colon >= end) return undefined;
  const port = readNumber(bytes, skipWhite(bytes, colon + 1, end), end, 65_535);
  return port < 0 ? undefined : port;
}

function portNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
