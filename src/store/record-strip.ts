import type { CallRecord, Located, LocationUpdate } from '../esrp/index.ts';

/**
 * A record without positions, addresses and references. What was decided and why stays: the candidates without their URIs,
 * the names of the additional data, the boundary. A warning on each location tells that it was there.
 */
export function withoutLocations(record: CallRecord): CallRecord {
  return {
    ...record,
    located: record.located === undefined ? undefined : stripLocated(record.located),
    locationUpdates: record.locationUpdates.map(stripUpdate),
    locationKeptUntil: undefined,
    // The other stages name the places that the call was sent to, not the one that it came from.
    stages: record.stages.map((trace) =>
      trace.stage === 'locate' ? { ...trace, summary: withoutUris(trace.summary) } : trace,
    ),
    warnings: record.warnings.map(({ code, message }) => ({ code, message: withoutUris(message) })),
  };
}

function stripUpdate(update: LocationUpdate): LocationUpdate {
  return { ...update, located: stripLocated(update.located) };
}

function stripLocated(located: Located): Located {
  const note = {
    code: 'store.locationRemoved',
    message: 'positions, addresses and references were removed when the time to keep them was over',
  };
  return {
    location: undefined,
    alternatives: [],
    candidates: located.candidates.map(({ origin, reason, ...rest }) => ({
      ...rest,
      origin: withoutUris(origin),
      reason: withoutUris(reason),
    })),
    // What is underneath a warning may quote the document.
    warnings: [
      ...located.warnings.map(({ code, message }) => ({ code, message: withoutUris(message) })),
      note,
    ],
    additionalData: located.additionalData.map(({ uri: _gone, origin, ...rest }) => ({
      ...rest,
      origin: withoutUris(origin),
    })),
  };
}

// Whatever stands in angle brackets, and absolute URIs without them. Service URNs name nobody's place.
const uris = /<[^<>]*>|\b(?:https?|sips?|pres|geo|cid|tel|held|ftps?|file|xmpp|data|coap)s?:[^\s<>",;]+/gi;

function withoutUris(text: string): string {
  return text.replace(uris, '(removed)');
}
