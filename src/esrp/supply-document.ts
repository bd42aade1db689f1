import { createHash } from 'node:crypto';
import type { WallMs } from '../base/index.ts';
import type { LocationValue, PidfLoContent } from '../location/index.ts';
import { callId, fromHeader, headerValue, headerValues, type SipRequest, topVia } from '../sip/index.ts';

/** What a document about a caller says beside the place. */
export interface DocumentFrame {
  /** Who provides the location, a domain name. */
  readonly provider: string;
  /** Of the document, where the location itself has no time. */
  readonly now: WallMs | undefined;
}

/**
 * The document for a location that we supply (NENA-STA-010.3 §3.2: a new one with a provided-by of its own), and an
 * identifier that no other request's document has.
 */
export function supplyDocument(
  request: SipRequest,
  location: LocationValue,
  { provider, now }: DocumentFrame,
): { readonly id: string; readonly content: PidfLoContent } {
  const domain = domainOf(provider);
  const id = identifierOf(request, location);
  const content: PidfLoContent = {
    entity: callerEntity(request) ?? `pres:${identifierOf(request, undefined)}@${domain}`,
    id: `loc-${id}`,
    shape: location.shape,
    civic: location.civic,
    confidence: location.confidence,
    method: methodOf(location),
    providedBy: {
      name: provider,
      reference: `${id}@${domain}`,
      contactUri: `sip:${domain}`,
      id: { value: domain, series: 'domain' },
    },
    timestamp: location.timestamp ?? (now === undefined ? undefined : new Date(now).toISOString()),
    isRetransmissionAllowed: location.isRetransmissionAllowed,
    retentionExpires: location.retentionExpires,
    rulesetReference: location.rulesetReference,
    noteWell: location.noteWell,
  };
  return { id: `${id}@${domain}`, content };
}

/** A name of this server as it may stand in identifiers. */
function domainOf(provider: string): string {
  const domain = provider.replace(/[^A-Za-z0-9.-]+/g, '-');
  return domain === '' ? 'localhost' : domain;
}

/**
 * Twenty hexadecimal digits out of what makes the request the only one of its kind (RFC 3261 §8.1.1.7, §19.3), so that a
 * stage without chance can make them; nobody finds a caller by them who does not have the call already.
 */
function identifierOf(request: SipRequest, location: LocationValue | undefined): string {
  const via = topVia(request);
  const from = fromHeader(request);
  const parts = [
    callId(request) ?? '',
    via.ok ? (via.value.branch ?? '') : '',
    from.ok ? (from.value.tag ?? '') : '',
    headerValue(request, 'cseq') ?? '',
    location === undefined ? '' : JSON.stringify([location.source, location.shape]),
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 20);
}

/**
 * The caller by an identity that somebody vouches for, else by From; undefined for one who does not want to be named, or
 * has no name: an unlinked pseudonym takes its place (RFC 3863 §4.1.1, RFC 3323 §4.2, RFC 6280 §6.2.1).
 */
function callerEntity(request: SipRequest): string | undefined {
  const privacy = headerValues(request, 'privacy').join(';').toLowerCase();
  if (/\b(?:id|user|header)\b/.test(privacy)) return undefined;
  const from = fromHeader(request);
  const asserted = headerValues(request, 'p-asserted-identity').map((value) => uriIn(value));
  const uris = [...asserted, from.ok ? from.value.uri.raw : undefined];
  return uris.flatMap((uri) => entityOf(uri) ?? [])[0];
}

function uriIn(nameAddr: string): string {
  return /<\s*([^>]*?)\s*>/.exec(nameAddr)?.[1] ?? nameAddr.trim();
}

/** The address of record in a URI; undefined where there is none that names anybody. */
function entityOf(uri: string | undefined): string | undefined {
  const bare = /^(sips?|pres|tel):([A-Za-z0-9_.!~*'()%&=+$,/:@[\]-]+)/i.exec(uri ?? '');
  const [, scheme = '', rest = ''] = bare ?? [];
  if (rest === '' || /anonymous|\.invalid$/i.test(rest)) return undefined;
  if (scheme.toLowerCase() === 'tel') return /^\+?[0-9.()-]+$/.test(rest) ? `tel:${rest}` : undefined;
  return /^[^@]+@[^@]+$/.test(rest) ? `${scheme.toLowerCase()}:${rest}` : undefined;
}

/** The method as the location has it, else by where it was found (RFC 4119 §2.2.3's registry; `Default`: NENA-STA-010.3 §4.2.1.7). */
function methodOf({ method, source }: LocationValue): string | undefined {
  if (method !== undefined) return method;
  switch (source.kind) {
    case 'default':
      return 'Default';
    case 'table':
      if (source.table === 'number') return 'Manual';
      return source.key.startsWith('wlan:') ? '802.11' : /^(?:dsl|eth):/.test(source.key) ? 'Manual' : 'Cell';
    default:
      return undefined;
  }
}
