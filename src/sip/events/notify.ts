import { callId, headerValue, headerValues, type SipRequest, toHeader } from '../message/index.ts';
import type { ResponseSpec } from '../transaction/index.ts';
import type { SubscriberLimits } from './limits.ts';
import { eventOf } from './parse.ts';
import { allowedMethods } from './serialize.ts';

/** A NOTIFY that is not taken, and what it is answered. */
export interface NotifyRefusal {
  readonly statusCode: number;
  readonly detail: string;
  readonly headers: NonNullable<ResponseSpec['headers']>;
}

/** A NOTIFY beyond the rate: the notifier keeps the subscription and comes again (RFC 6665 §4.2.2). */
export const retryLater: NotifyRefusal = {
  statusCode: 503,
  detail: 'more NOTIFYs than the limit',
  headers: [{ name: 'Retry-After', value: '1' }],
};

/** What is wrong with a request to our Contact, whatever subscription it is about; undefined: nothing. */
export function requestRefusal(request: SipRequest, packages: readonly string[]): NotifyRefusal | undefined {
  if (request.method !== 'NOTIFY') {
    return {
      statusCode: 405,
      detail: request.method,
      headers: [{ name: 'Allow', value: allowedMethods }],
    };
  }
  const required = headerValues(request, 'require').filter((value) => value !== '');
  if (required.length > 0) {
    const value = required.join(', ');
    return { statusCode: 420, detail: value, headers: [{ name: 'Unsupported', value }] };
  }
  const event = eventOf(request);
  if (!event.ok) return { statusCode: 400, detail: event.error.message, headers: [] };
  if (packages.some((name) => name.toLowerCase() === event.value.name)) return undefined;
  return {
    statusCode: 489,
    detail: event.value.name,
    headers: [{ name: 'Allow-Events', value: packages.join(', ') }],
  };
}

/** What is wrong with a NOTIFY's body; undefined: nothing. A body without a type is taken for what was asked for. */
export function bodyRefusal(
  request: SipRequest,
  accept: readonly string[],
  limits: SubscriberLimits,
): NotifyRefusal | undefined {
  if (request.body.length === 0) return undefined;
  if (request.body.length > limits.bodyBytesMax) {
    return { statusCode: 413, detail: `a body of ${request.body.length} bytes`, headers: [] };
  }
  const type = (headerValue(request, 'content-type')?.split(';')[0] ?? '').trim().toLowerCase();
  const isAccepted = accept.some((each) => each.split(';')[0]?.trim().toLowerCase() === type);
  if (type === '' || accept.length === 0 || isAccepted) return undefined;
  const value = accept.join(', ');
  return { statusCode: 415, detail: `a body of type ${type}`, headers: [{ name: 'Accept', value }] };
}

/** Call-ID and our tag, which name the subscription (RFC 6665 §4.4.1). */
export function namesOf(request: SipRequest): { readonly callId: string; readonly tag: string | undefined } {
  const to = toHeader(request);
  return { callId: callId(request) ?? '', tag: to.ok ? to.value.tag : undefined };
}
