import { type CodedError, defineErrors } from '../../base/index.ts';

/** Why a subscription cannot be asked for, or a NOTIFY cannot be taken. */
export const eventErrors = defineErrors({
  'events.target': { kind: 'parse', meaning: 'a URI that cannot be subscribed to' },
  'events.header': { kind: 'parse', meaning: 'an event header that is missing or cannot be read' },
  'events.noAddress': { kind: 'dependency', meaning: 'no answer in time about where a URI is' },
  'events.hostRefused': {
    kind: 'reject',
    meaning: 'The host of a presence reference is not one of those that may be asked.',
  },
  'events.addressRefused': {
    kind: 'reject',
    meaning: 'A presence server lies at addresses that are not public and that no listed network has.',
  },
  'events.busy': {
    kind: 'reject',
    meaning: 'As many presence references are being followed as the limits allow.',
  },
  'events.subscribeFailed': {
    kind: 'dependency',
    meaning: 'A presence server refused a subscription, or could not be reached.',
  },
  'events.notifyRefused': {
    kind: 'dependency',
    meaning: 'A presence server notified of what cannot be taken.',
  },
  'events.noLocation': {
    kind: 'dependency',
    meaning: 'A presence server told of no location in time, or ended the subscription before.',
  },
});

export type EventErrorCode = keyof typeof eventErrors;

/** The error value of a code, with where or what. */
export function eventError(code: EventErrorCode, detail: string): CodedError<EventErrorCode> {
  return { code, message: `${eventErrors[code].meaning}: ${detail}` };
}
