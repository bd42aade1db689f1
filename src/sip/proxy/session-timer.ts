import {
  headerValue,
  headerValues,
  type MessageDraft,
  type SipMessage,
  type SipRequest,
} from '../message/index.ts';

/** What a forwarded session refresh request is given; undefined values stay as they came. */
export interface SessionTimerEdits {
  readonly kind: 'forward';
  readonly sessionExpires: string | undefined;
  readonly minSe: string | undefined;
  /** The interval asked for, where the caller can keep it alone: for a 2xx that says nothing (RFC 4028 §8.2). */
  readonly promisedS: number | undefined;
}

export type SessionTimerOrder =
  | SessionTimerEdits
  /** 422 with this Min-SE. */
  | { readonly kind: 'refuse'; readonly minSeS: number };

/** Session-Expires and Min-SE are never below this (RFC 4028 §4, §5). */
const leastS = 90;

/**
 * What becomes of the session timer of a request (RFC 4028 §8.1): asked for where absent, lowered to our interval where
 * longer, and where it is shorter than we take refused, or raised where the caller could not act on a refusal. An
 * emergency call is never refused for it. Undefined: nothing is ours to do.
 */
export function sessionTimerOrder(
  request: SipRequest,
  rule: { readonly intervalS: number; readonly minSeS: number } | undefined,
  isEmergency: boolean,
): SessionTimerOrder | undefined {
  if (rule === undefined || (request.method !== 'INVITE' && request.method !== 'UPDATE')) return undefined;
  const text = headerValue(request, 'session-expires');
  const given = text === undefined ? undefined : secondsOf(text);
  // What cannot be read is between the endpoints.
  if (text !== undefined && given === undefined) return undefined;
  const isSupported = hasOption(request, 'supported') || hasOption(request, 'require');
  const minSe = secondsOf(headerValue(request, 'min-se') ?? '');
  const ourLeastS = Math.max(rule.minSeS, leastS);
  let floorS = Math.max(minSe ?? leastS, leastS);
  let isRaised = false;
  if (given !== undefined && given < ourLeastS) {
    if (isSupported && !isEmergency) return { kind: 'refuse', minSeS: ourLeastS };
    // RFC 4028 §8.1: the Min-SE of a caller that knows timers is not ours to change.
    isRaised = !isSupported && floorS < ourLeastS;
    if (isRaised) floorS = ourLeastS;
  }
  const intervalS = Math.max(Math.min(given ?? rule.intervalS, rule.intervalS), floorS);
  return {
    kind: 'forward',
    sessionExpires: intervalS === given ? undefined : `${intervalS}${paramsOf(text ?? '')}`,
    minSe: isRaised ? String(floorS) : undefined,
    promisedS: isSupported ? intervalS : undefined,
  };
}

/** Writes the edits into a request. */
export function editSessionTimer(draft: MessageDraft, edits: SessionTimerEdits): void {
  if (edits.sessionExpires !== undefined) draft.set('Session-Expires', edits.sessionExpires);
  if (edits.minSe !== undefined) draft.set('Min-SE', edits.minSe);
}

/**
 * Completes a 2xx of a called side that knows no timers: the caller, who does, refreshes (RFC 4028 §8.2). One that has a
 * Session-Expires stays as it is.
 */
export function promiseSessionTimer(draft: MessageDraft, response: SipMessage, intervalS: number): void {
  if (headerValue(response, 'session-expires') !== undefined) return;
  draft.addLast('Session-Expires', `${intervalS};refresher=uac`);
  if (!hasOption(response, 'require')) draft.addLast('Require', 'timer');
}

function hasOption(message: SipMessage, key: 'supported' | 'require'): boolean {
  return headerValues(message, key).some((value) => value.toLowerCase() === 'timer');
}

function secondsOf(value: string): number | undefined {
  const digits = /^\d{1,9}(?=\s*(?:;|$))/.exec(value)?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** The parameters as written: the refresher is not ours to choose. */
function paramsOf(value: string): string {
  const semicolon = value.indexOf(';');
  return semicolon < 0 ? '' : value.slice(semicolon);
}
