import { headerValues, type SipRequest } from '../message/index.ts';
import { parseUri } from '../uri/index.ts';
import type { HeaderEdit } from './types.ts';

/** A request that was answered with a 3xx, and where it goes now. */
export interface Retargeting {
  readonly request: SipRequest;
  /** The edits that the redirected request was sent with. */
  readonly edits: readonly HeaderEdit[];
  /** Its Request-URI as sent. */
  readonly sentUri: string;
  readonly statusCode: number;
  readonly newUri: string;
  /** The contact's own `rc` or `mp`: only the redirect server knows how the target was found (RFC 7044 §10.4). */
  readonly mechanism: 'rc' | 'mp' | undefined;
  /** The how-many-th target that this request is redirected to, from 1. */
  readonly ordinal: number;
}

/**
 * The edits of a request that is sent again to a contact of a 3xx (RFC 7044 §9.3, §10.2, §10.3 rule 4): its entry gets the
 * Reason, the new one the next index beside it. Without History-Info in the request or the edits, the edits as they are.
 */
export function retargetedEdits(retargeting: Retargeting): readonly HeaderEdit[] {
  const { request, edits, newUri, mechanism, ordinal } = retargeting;
  const received = headerValues(request, 'history-info');
  const own = edits.filter(isEntry).map((edit) => edit.value);
  if (own.length === 0 && received.length === 0) return edits;
  const known = own.length > 0 ? own : entriesOfPlainForwarding(retargeting, received);
  const before = known.slice(0, -1);
  const sent = known.at(-1) ?? '';
  const index = indexOf(sent);
  const target = mechanism === undefined ? '' : `;${mechanism}=${index}`;
  const next = `<${newUri}>;index=${siblingIndex([...before, sent], ordinal)}${target}`;
  const entries = [...before, withReason(sent, retargeting.statusCode), next];
  return [
    ...edits.filter((edit) => !isEntry(edit)),
    ...entries.map((value): HeaderEdit => ({ kind: 'append', name: 'History-Info', value })),
  ];
}

/**
 * The entry that the redirected request would have had, one level below the last that came (RFC 7044 §10.3 rule 1); above
 * it the one that the sender of the request left out, where that is so (§9.1, §10.3 rule 6).
 */
function entriesOfPlainForwarding(
  { request, sentUri }: Retargeting,
  received: readonly string[],
): readonly string[] {
  const last = received.at(-1) ?? '';
  const isGap = uriTextOf(last) !== request.requestUri;
  const parent = isGap ? `${indexOf(last)}.0` : indexOf(last);
  const mechanism = sentUri === request.requestUri ? 'np' : 'mp';
  const sent = `<${sentUri}>;index=${parent}.1;${mechanism}=${parent}`;
  return isGap ? [`<${request.requestUri}>;index=${parent}`, sent] : [sent];
}

function isEntry(edit: HeaderEdit): boolean {
  return edit.kind === 'append' && edit.name.toLowerCase() === 'history-info';
}

function indexOf(entry: string): string {
  return /;\s*index\s*=\s*(\d+(?:\.\d+)*)/i.exec(entry)?.[1] ?? '1';
}

/** The index `ordinal` places after the first of our own entries on the last one's level: unique for each target. */
function siblingIndex(entries: readonly string[], ordinal: number): string {
  const indexes = entries.map(indexOf);
  const last = indexes.at(-1) ?? '1';
  const level = last.slice(0, last.lastIndexOf('.') + 1);
  let first = Number(last.slice(level.length));
  for (const index of indexes) {
    const number = index.startsWith(level) ? Number(index.slice(level.length)) : first;
    if (number < first) first = number;
  }
  return `${level}${first + ordinal}`;
}

function uriTextOf(entry: string): string {
  return /<([^>]*)>/.exec(entry)?.[1] ?? '';
}

/** RFC 7044 §10.2: as a header of the entry's URI, which only SIP URIs can have. */
function withReason(entry: string, statusCode: number): string {
  const text = uriTextOf(entry);
  const uri = parseUri(text);
  if (!uri.ok || uri.value.kind !== 'sip' || /reason=/i.test(uri.value.headers ?? '')) return entry;
  const joint = uri.value.headers === undefined ? '?' : '&';
  return entry.replace(`<${text}>`, () => `<${text}${joint}Reason=SIP%3Bcause%3D${statusCode}>`);
}
