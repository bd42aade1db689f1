import { type CodedError, errorText } from '../base/index.ts';
import type { CallRecord, Located } from '../esrp/index.ts';
import type { LocationValue } from '../location/index.ts';
import type { CallRecordRow } from './sql/call-record.ts';

/** A record's row as JSON text, ready for the database or the spill file. Never throws. */
export function encodeRecord(record: CallRecord, version: number): string {
  const row: CallRecordRow = {
    id: record.id,
    version,
    received_at: record.receivedAt,
    state: record.state,
    kept_until: record.locationKeptUntil ?? null,
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

/** A record as it was put in, from the JSON that the database keeps; one of an earlier version lacks some members. */
export function decodeRecord(json: unknown): CallRecord {
  const record = json as CallRecord & Partial<Pick<CallRecord, 'locationUpdates'>>;
  return {
    ...record,
    located: record.located === undefined ? undefined : decodeLocated(record.located),
    locationUpdates: (record.locationUpdates ?? []).map((update) => ({
      ...update,
      located: decodeLocated(update.located),
      mapping: update.mapping,
    })),
    locationKeptUntil: record.locationKeptUntil,
  };
}

function decodeLocated(json: Located & Partial<Pick<Located, 'alternatives' | 'additionalData'>>): Located {
  return {
    ...json,
    location: json.location === undefined ? undefined : decodeLocation(json.location),
    alternatives: (json.alternatives ?? []).map(decodeLocation),
    additionalData: json.additionalData ?? [],
  };
}

function decodeLocation(json: LocationValue): LocationValue {
  if (json.civic === undefined) return json;
  const elements = new Map(Object.entries(json.civic.elements as unknown as Record<string, string>));
  return { ...json, civic: { ...json.civic, elements } };
}

/** Escapes of what jsonb does not take, or text that looks like one. */
const unstorable = /\\u(?:0000|d[89a-f])/i;

/**
 * Whether JSON holds all of a record as it is, which spares looking at each of its fields: no civic address, whose
 * elements are a Map, and no warning with a cause, which may be an Error.
 */
function isPlain(record: CallRecord): boolean {
  const { located, locationUpdates, warnings } = record;
  if (warnings.some(hasCause)) return false;
  if (located !== undefined && !isPlainLocated(located)) return false;
  return locationUpdates.every((update) => isPlainLocated(update.located));
}

function isPlainLocated({ location, alternatives, warnings }: Located): boolean {
  if (location?.civic !== undefined || warnings.some(hasCause)) return false;
  return alternatives.every(({ civic }) => civic === undefined);
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
