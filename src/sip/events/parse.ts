import { type CodedError, err, ok, type Result } from '../../base/index.ts';
import { headers, type SipMessage } from '../message/index.ts';
import { formatSipUri, paramValue, parseSipUri, type SipUri } from '../uri/index.ts';
import { eventError } from './errors.ts';
import type { RetryRule, SubscriptionState } from './types.ts';

/** An Event value, as far as it says which subscription is meant. */
export interface EventName {
  /** In lower case, templates after dots included. */
  readonly name: string;
  readonly id: string | undefined;
}

/** Reads an Event value. Error: `events.header`. */
export function parseEvent(text: string): Result<EventName, CodedError> {
  const read = headers.event.parse(text);
  if (!read.ok) return err(eventError('events.header', read.error.message));
  return ok(eventName(read.value));
}

/** The Event of a message. Error: `events.header`. */
export function eventOf(message: SipMessage): Result<EventName, CodedError> {
  const read = headers.event.first(message);
  if (!read.ok) return err(eventError('events.header', read.error.message));
  if (read.value === undefined) return err(eventError('events.header', 'no Event'));
  return ok(eventName(read.value));
}

/** Whether two Event values mean the same subscription: package and `id`, no other parameter (RFC 6665 §8.2.1). */
export function isSameEvent(one: EventName, other: EventName): boolean {
  return one.name === other.name && one.id === other.id;
}

/** The Subscription-State of a NOTIFY, which must have one (RFC 6665 §4.1.3). Error: `events.header`. */
export function subscriptionStateOf(message: SipMessage): Result<SubscriptionState, CodedError> {
  const read = headers.subscriptionState.first(message);
  if (!read.ok) return err(eventError('events.header', read.error.message));
  if (read.value === undefined) return err(eventError('events.header', 'no Subscription-State'));
  const { token, params } = read.value;
  const named = token.toLowerCase();
  const number = (name: string): number | undefined => {
    const value = paramValue(params, name);
    return value === undefined || value === '' ? undefined : Number(value);
  };
  if (named === 'terminated') {
    const reason = paramValue(params, 'reason')?.toLowerCase();
    return ok({ state: 'terminated', expiresS: undefined, reason, retryAfterS: number('retry-after') });
  }
  return ok({
    state: named === 'active' ? 'active' : 'pending',
    expiresS: number('expires'),
    reason: undefined,
    retryAfterS: undefined,
  });
}

/**
 * Whether and when RFC 6665 §4.1.3 would have a terminated subscription made anew. With `badfilter` (RFC 4660) the same
 * request would fare no better.
 */
export function retryRule({ reason, retryAfterS }: SubscriptionState): RetryRule {
  switch (reason) {
    case 'rejected':
    case 'noresource':
    case 'invariant':
    case 'badfilter':
      return { kind: 'never' };
    case 'deactivated':
    case 'timeout':
      return { kind: 'after', seconds: 0 };
    case 'probation':
      return { kind: 'after', seconds: retryAfterS ?? probationS };
    default:
      return { kind: 'after', seconds: retryAfterS ?? 0 };
  }
}

/** "At some later time", where the notifier does not say when. */
const probationS = 30;

/** The seconds that an Expires or Min-Expires header gives; undefined where it gives none. */
export function secondsOf(message: SipMessage, name: 'expires' | 'minExpires'): number | undefined {
  const read = headers[name].first(message);
  return read.ok ? read.value : undefined;
}

/**
 * The SIP URI that a SUBSCRIBE for `uriText` goes to. A `pres` URI becomes the `sip` URI of the same user and domain
 * (RFC 3856 §5, RFC 3861); headers and a method that a URI asks for are left out (RFC 3261 §19.1.5). Error:
 * `events.target`.
 */
export function subscriptionTarget(uriText: string): Result<SipUri, CodedError> {
  const pres = /^pres:([^?;]+)/i.exec(uriText)?.[1];
  const parsed = parseSipUri(pres === undefined ? uriText : `sip:${pres}`);
  if (!parsed.ok) return err(eventError('events.target', parsed.error.message));
  if (pres !== undefined && parsed.value.user === undefined) {
    return err(eventError('events.target', 'a pres URI without a user'));
  }
  const params = parsed.value.params.filter(({ name }) => name.toLowerCase() !== 'method');
  const plain = { ...parsed.value, params, headers: undefined };
  if (/[\s<>"]/.test(plain.raw)) return err(eventError('events.target', 'white space or brackets'));
  return ok({ ...plain, raw: formatSipUri(plain) });
}

function eventName(value: {
  readonly token: string;
  readonly params: Parameters<typeof paramValue>[0];
}): EventName {
  return { name: value.token.toLowerCase(), id: paramValue(value.params, 'id') };
}
