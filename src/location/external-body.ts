import type { CodedError, Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import { readPartHead } from '../sip/index.ts';
import type { LocationErrorCode } from './errors.ts';
import { stripBrackets } from './geolocation-header.ts';
import type { LocationBodyPart } from './input.ts';
import type { LocationReference } from './types.ts';

/** A part whose content lies elsewhere (RFC 4483, RFC 2017 §3). */
export interface ExternalBody {
  readonly reference: LocationReference;
  /** Of the content that lies elsewhere, `type/subtype` in lower case; empty where it is not said. */
  readonly contentType: string;
  /** Of that content (RFC 4483 §5.6), without angle brackets. */
  readonly contentId: string | undefined;
  readonly warnings: readonly CodedError<LocationErrorCode>[];
}

/** Whether the content of a part lies elsewhere. */
export function isExternalBody(part: Pick<LocationBodyPart, 'contentType'>): boolean {
  return part.contentType === 'message/external-body';
}

/** The Content-ID of the content that lies elsewhere: of the headers in the part's own body (RFC 2046 §5.2.3). */
export function externalContentId(part: LocationBodyPart): string | undefined {
  const { contentId } = phantomHead(part);
  return contentId === undefined ? undefined : stripBrackets(contentId);
}

/**
 * Reads a `message/external-body` part with a URL (RFC 4483 §5.4, RFC 2017 §3). Parameters may lack their semicolons and quotes,
 * spaces inside the URL are taken out (RFC 2017 §3.1), a date may name its day as it likes. Errors:
 * `location.contentUnreadable`, `location.contentUnsupported`. Never throws.
 */
export function readExternalBody(
  part: LocationBodyPart,
): Result<ExternalBody, CodedError<LocationErrorCode>> {
  const params = readLooseParams(part.contentTypeValue ?? '');
  const accessType = params.get('access-type');
  const uri = (params.get('url') ?? params.get('uri') ?? '').replace(/[\s<>]+/g, '');
  if (uri === '' || uri.length > uriCharactersMax) {
    const isOther = accessType !== undefined && accessType.toLowerCase() !== 'url';
    return err(
      isOther
        ? { code: 'location.contentUnsupported', message: 'the content is not to be had by a URL' }
        : { code: 'location.contentUnreadable', message: 'the part names no URL' },
    );
  }
  const protocol = protocolOf(uri);
  if (protocol === undefined) {
    const message = 'the URL is not an https, http, sip, sips or pres URI';
    return err({ code: 'location.contentUnsupported', message });
  }
  const warnings: CodedError<LocationErrorCode>[] = [];
  const head = phantomHead(part);
  return ok({
    reference: { uri, protocol, ...readConditions(params, warnings) },
    contentType: bareType(head.contentType ?? part.laterContentType),
    contentId: head.contentId === undefined ? undefined : stripBrackets(head.contentId),
    warnings,
  });
}

/** The headers in the body of the part, which describe what lies elsewhere. */
function phantomHead(part: LocationBodyPart): {
  readonly contentType: string | undefined;
  readonly contentId: string | undefined;
} {
  const { buffer, byteOffset, byteLength } = part.bytes;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  let start = 0;
  while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++;
  const limits = { partHeadersMax: 100, partHeadBytesMax: 65_536, depthMax: 0, partsMax: 0 };
  return readPartHead(bytes, start, bytes.length, limits, () => undefined);
}

/** What is said beforehand of the content: until when, how long, and its hash. */
function readConditions(
  params: ReadonlyMap<string, string>,
  warnings: CodedError<LocationErrorCode>[],
): Pick<LocationReference, 'expiresAtMs' | 'sizeBytes' | 'sha1Hex'> {
  const warn = (message: string): undefined => {
    warnings.push({ code: 'location.contentCondition', message });
    return undefined;
  };
  const expiration = params.get('expiration');
  const size = params.get('size');
  const hash = params.get('hash')?.replace(/\s+/g, '').toLowerCase();
  return {
    expiresAtMs:
      expiration === undefined ? undefined : (readDate(expiration) ?? warn('the expiration is no date')),
    sizeBytes:
      size === undefined ? undefined : /^\d{1,12}$/.test(size) ? Number(size) : warn('the size is no number'),
    // RFC 4483 §5.12: SHA-1 in hex digits. Its own example has too few of them to be one.
    sha1Hex:
      hash === undefined ? undefined : /^[\da-f]{40}$/.test(hash) ? hash : warn('the hash is no SHA-1'),
  };
}

function protocolOf(uri: string): LocationReference['protocol'] | undefined {
  if (/^https?:\/\/./i.test(uri)) return 'content';
  return /^(?:sips?|pres):./i.test(uri) ? 'presence' : undefined;
}

/** Counted, so that a long word is not tried from each of its letters to its end. */
const looseParam = /([A-Za-z][\w-]{0,31})\s{0,16}=\s{0,16}(?:"([^"]*)"?|([^\s;"]*))/g;
/** Characters of a URL; a longer one is none. */
const uriCharactersMax = 8_192;

/** `name=value` pairs by lower-case name, whatever stands between them; the first of a name counts. */
function readLooseParams(value: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const match of value.matchAll(looseParam)) {
    const name = (match[1] ?? '').toLowerCase();
    if (!params.has(name)) params.set(name, (match[2] ?? match[3] ?? '').trim());
  }
  return params;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const datePattern = /(\d{1,2})[ -]+([A-Za-z]{3})[A-Za-z]*[ -]+(\d{4}) +(\d{1,2}):(\d{2})(?::(\d{2}))?/;

/** A date of RFC 1123 in GMT (RFC 4483 §5.7); the day of the week is not looked at, a month may be written out. */
function readDate(text: string): number | undefined {
  const match = datePattern.exec(text.slice(0, 100));
  if (match === null) return undefined;
  const month = months.indexOf((match[2] ?? '').toLowerCase());
  const [day, year, hours, minutes] = [match[1], match[3], match[4], match[5]].map(Number);
  if (month < 0 || day === undefined || year === undefined || hours === undefined) return undefined;
  return Date.UTC(year, month, day, hours, minutes, Number(match[6] ?? 0));
}

function bareType(value: string | undefined): string {
  return (value ?? '').split(/[;\s]/, 1)[0]?.trim().toLowerCase() ?? '';
}
