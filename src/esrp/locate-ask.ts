import type { CodedError } from '../base/index.ts';
import { DependencyError, errorText } from '../base/index.ts';
import {
  type LocationLimits,
  type LocationReference,
  type LocationSource,
  type LocationValue,
  readFetched,
} from '../location/index.ts';
import type { Ask, SourceAnswer } from './locate-source.ts';
import type {
  CallerIdentity,
  FetchedLocation,
  LocationFetch,
  LocationTableName,
  LocationTables,
  TableLocation,
} from './ports.ts';

/** What `readFetched` says of an answer that is an error of the location server's. */
const heldErrorCode = 'location.heldError';

/** What a document that was fetched is read by. */
export interface FetchedReading {
  readonly limits: LocationLimits;
  /** The moment of the call, milliseconds since 1970. */
  readonly nowMs: number;
}

// How each source of a location is asked. Nothing here rejects: what a port throws becomes an answer.

/** Follows a reference. */
export function askReference(
  reference: LocationReference,
  fetch: LocationFetch,
  reading: FetchedReading,
): Ask {
  const { uri, protocol } = reference;
  return safely(async (deadlineMs) => {
    const document = await fetch.dereference(reference, deadlineMs);
    const source = { kind: 'reference', uri, protocol } as const;
    return readAnswer(document, {
      ...reading,
      reference,
      source,
      reason: 'fetched, and comes first of what there is',
    });
  });
}

/** Asks the location server by who the caller is (RFC 6155). */
export function askServer(
  identity: CallerIdentity,
  ask: NonNullable<LocationFetch['askByIdentity']>,
  reading: FetchedReading,
): Ask {
  return safely(async (deadlineMs) => {
    const document = await ask(identity, deadlineMs);
    const source = { kind: 'locationServer', identity: identity.uris[0] ?? identity.ip ?? '' } as const;
    const reference = { uri: document.uri, protocol: 'held' } as const;
    const answer = readAnswer(document, {
      ...reading,
      reference,
      source,
      reason: 'known to the location server',
    });
    // A server that answers by an error is at work, and has no location of this caller.
    const isUnknown = answer.kind === 'none' && answer.outcome === 'notFetched';
    return isUnknown ? { ...answer, outcome: 'unknown', isFailure: false } : answer;
  });
}

/** Looks the first known of these keys up in a table. */
export function askTable(table: LocationTableName, keys: readonly string[], tables: LocationTables): Ask {
  return async (deadlineMs) => {
    try {
      const row = await tables.find(table, keys, deadlineMs);
      if (row === undefined || (row.shape === undefined && row.civic === undefined)) {
        return { kind: 'none', outcome: 'unknown', reason: 'no row for this caller', isFailure: false };
      }
      const location = tableLocation(table, row);
      return { kind: 'locations', locations: [location], reason: 'has a row for this caller', warnings: [] };
    } catch (thrown) {
      // The text may hold the key, and that may be the caller's number.
      const reason = thrown instanceof DependencyError ? thrown.code : 'the lookup failed';
      return { kind: 'none', outcome: 'notFetched', reason, isFailure: true };
    }
  };
}

function tableLocation(table: LocationTableName, row: TableLocation): LocationValue {
  return {
    ...unknownRest,
    source: { kind: 'table', table, key: row.key },
    shape: row.shape,
    civic: row.civic,
    method: table === 'cell' ? cellMethod(row.key) : 'Manual',
  };
}

// Method tokens of the IANA registry (RFC 4119 §2.2.3, §6.1): how the network knows where the caller is attached.
function cellMethod(key: string): string {
  if (key.startsWith('wlan:')) return '802.11';
  return key.startsWith('dsl:') || key.startsWith('eth:') ? 'Wiremap' : 'Cell';
}

/** What is not known of a location that came without a document. */
const unknownRest = {
  entity: undefined,
  timestamp: undefined,
  isRetransmissionAllowed: undefined,
  retentionExpires: undefined,
} as const;

interface ReadParts extends FetchedReading {
  readonly reference: LocationReference;
  readonly source: LocationSource;
  /** Why its first location is taken, where it is. */
  readonly reason: string;
}

function readAnswer(document: FetchedLocation, parts: ReadParts): SourceAnswer {
  const read = readFetched(document, parts.reference, parts.source, parts.limits, parts.nowMs);
  if (!read.ok) return refused(read.error);
  const [first, ...rest] = read.value.locations;
  if (first === undefined)
    return { kind: 'none', outcome: 'unreadable', reason: 'holds no location', isFailure: true };
  return {
    kind: 'locations',
    locations: [first, ...rest],
    reason: parts.reason,
    warnings: read.value.warnings,
  };
}

function refused({ code, message }: CodedError): SourceAnswer {
  return {
    kind: 'none',
    outcome: code === heldErrorCode ? 'notFetched' : 'unreadable',
    reason: withoutUris(`${code}: ${message}`),
    isFailure: true,
  };
}

function safely(ask: Ask): Ask {
  return async (deadlineMs) => {
    try {
      return await ask(deadlineMs);
    } catch (thrown) {
      const code = thrown instanceof DependencyError ? `${thrown.code}: ` : '';
      const reason = withoutUris(code + errorText(thrown));
      return { kind: 'none', outcome: 'notFetched', reason, isFailure: true };
    }
  };
}

/** Who has the URI of a location may have the location, and a URI may hold the caller's number: neither is for a reason. */
function withoutUris(text: string): string {
  return text.replace(/\b(?:https?|sips?|pres|tel):[^\s"'<>)]+/gi, 'its URI');
}
