import { crc32 } from 'node:zlib';
import { callId, headerValue, type SipRequest, type Via, vias } from '../message/index.ts';
import { bareHost, defaultPort, magicCookie } from '../transaction/index.ts';
import type { OwnAddresses } from './own-addresses.ts';
import type { RouteView } from './route-view.ts';

const separator = '-';

/**
 * The second part of our branch (RFC 5393 §4.2.1): a hash over all that decides where a request goes. The Request-URI and
 * the routes that are left, the dialog's names, every location that it carries, what else may mark it as an emergency or
 * keep it from passing, and the body, since a call is routed by the position in it. The method is left out, so that
 * CANCEL and ACK have their INVITE's.
 */
export function loopHash(request: SipRequest, view: RouteView): string {
  let hash = mixText(fnvOffset, request.requestUri);
  for (const route of view.routes) hash = mixText(hash, route.raw);
  for (const { key, valueStart, valueEnd } of request.headers) {
    if (routingHeaders.has(key)) hash = mixText(hash, request.head.slice(valueStart, valueEnd));
  }
  hash = mixText(hash, cseqNumber(request));
  if (request.body.length > 0) hash = crc32(request.body, hash >>> 0);
  return (hash >>> 0).toString(36);
}

/** Our branch: the cookie, something unique, and the hash. */
export function makeBranch(unique: string, hash: string): string {
  return `${magicCookie}${unique}${separator}${hash}`;
}

/**
 * A name for a request that is handled without a transaction, for its branch or tag: the same for each copy of it, made
 * of what tells transactions apart (RFC 3261 §16.11, §8.2.7).
 */
export function statelessUnique(request: SipRequest, topVia: Via | undefined): string {
  const via = topVia?.raw ?? '';
  const names = `${topVia?.branch ?? via}|${callId(request) ?? ''}|${headerValue(request, 'cseq') ?? ''}`;
  const first = mixText(fnvOffset, names) >>> 0;
  const second = mixText(first, via) >>> 0;
  return `s${first.toString(36)}${second.toString(36)}`;
}

/**
 * Whether the request went through us before with nothing changed that decides its way (RFC 5393 §4.2.2). A spiral, the
 * same call on another way, is none.
 */
export function hasLooped(request: SipRequest, view: RouteView, own: OwnAddresses): boolean {
  const all = vias(request);
  if (!all.ok) return false;
  let hash: string | undefined;
  for (const via of all.value) {
    const { branch } = via;
    if (branch === undefined) continue;
    if (!own.ownsSentBy(bareHost(via.host), via.port ?? portOf(via.transport))) continue;
    const cut = branch.lastIndexOf(separator);
    if (cut < 0) continue;
    hash ??= loopHash(request, view);
    if (branch.slice(cut + 1) === hash) return true;
  }
  return false;
}

/** The port of a sent-by that names none. */
function portOf(viaTransport: string): number {
  const name = viaTransport.toLowerCase();
  return defaultPort(name === 'tls' || name === 'ws' || name === 'wss' ? name : 'udp');
}

const routingHeaders = new Set([
  ...['call-id', 'from', 'to', 'geolocation', 'accept-contact', 'content-type', 'content-encoding'],
  ...['proxy-require', 'proxy-authorization'],
]);
const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

function mixText(start: number, text: string): number {
  let hash = Math.imul(start ^ 0xff, fnvPrime);
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), fnvPrime);
  }
  return hash;
}

function cseqNumber(request: SipRequest): string {
  return /^\d+/.exec(headerValue(request, 'cseq') ?? '')?.[0] ?? '';
}
