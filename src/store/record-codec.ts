import { type CodedError, errorText } from '../base/index.ts';
import type { CallRecord } from '../esrp/index.ts';
import type { CallRecordRow } from './sql/call-record.ts';

/** A record's row as JSON text, ready for the database or the spill file. Never throws. */
export function encodeRecord(record: CallRecord, version: number): string {
  const row: CallRecordRow = {
    id: record.id,
    version,
    received_at: record.receivedAt,
    state: record.state,
    record,
  };
  try {
    const text = isPlain(record) ? JSON.stringify(row) : JSON.stringify(row, storable);
    return unstorable.test(text) ? JSON.stringify(row, storable) : text;
  } catch {
    // A cause that refers to itself; the codes and messages remain.
    return JSON.stringify(row, (key, value: unknown) =>
      key === 'cause' ? errorText(value) : storable(key, value),
    );
  }
}

/** A record as it was put in, from the JSON that the database keeps. */
export function decodeRecord(json: unknown): CallRecord {
  const record = json as CallRecord;
  const location = record.located?.location;
  if (location?.civic === undefined || record.located === undefined) return record;
  const elements = new Map(Object.entries(location.civic.elements as unknown as Record<string, string>));
  return {
    ...record,
    located: { ...record.located, location: { ...location, civic: { ...location.civic, elements } } },
  };
}

/** Escapes of what jsonb does not take, or text that looks like one. */
const unstorable = /\\u(?:0000|d[89a-f])/i;

/**
 * Whether JSON holds all of a record as it is, which spares looking at each of its fields: no civic address, whose
 * elements are a Map, and no warning with a cause, which may be an Error.
 */
function isPlain(record: CallRecord): boolean {
  const { located, warnings } = record;
  if (located?.location?.civic !== undefined) return false;
  return !warnings.some(hasCause) && located?.warnings.some(hasCause) !== true;
}

function hasCause(warning: CodedError): boolean {
  return warning.cause !== undefined;
}

// jsonb has no U+0000 and no lone surrogates, and a caller may send both: a record must not be lost over them.
function storable(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\0|\p{Surrogate}/gu, '\uFFFD');
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  if (typeof value === 'bigint') return String(value);
  return value;
}
