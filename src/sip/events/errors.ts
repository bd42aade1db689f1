import { type CodedError, defineErrors } from '../../base/index.ts';

/** Why a subscription cannot be asked for, or a NOTIFY cannot be taken. */
export const eventErrors = defineErrors({
  'events.target': { kind: 'parse', meaning: 'a URI that cannot be subscribed to' },
  'events.header': { kind: 'parse', meaning: 'an event header that is missing or cannot be read' },
  'events.noAddress': { kind: 'dependency', meaning: 'no answer in time about where a URI is' },
});

export type EventErrorCode = keyof typeof eventErrors;

/** The error value of a code, with where or what. */
export function eventError(code: EventErrorCode, detail: string): CodedError<EventErrorCode> {
  return { code, message: `${eventErrors[code].meaning}: ${detail}` };
}
