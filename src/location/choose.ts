import type { LocationContainer, LocationValue, PidfLo, PidfLoEntry } from './types.ts';

/** RFC 5491 §3.4 rule 8: the first device with a location, else the first tuple, persons last. */
const order: readonly LocationContainer[] = ['device', 'tuple', 'other', 'person'];

/** The entries of a document with the most preferred first; document order within one kind of container. */
export function preferredEntries(document: PidfLo): readonly PidfLoEntry[] {
  if (document.entries.length < 2) return document.entries;
  return order.flatMap((container) => document.entries.filter((entry) => containerOf(entry) === container));
}

/** The location of a document to route by; undefined where none could be read. */
export function chooseLocation(document: PidfLo): LocationValue | undefined {
  for (const entry of preferredEntries(document)) if (entry.kind === 'location') return entry.location;
  return undefined;
}

/**
 * Whether a location is to be used only where there is no other: one that was derived from another (RFC 6881 SP-21), and a
 * default (AN-24), which says where callers are when nobody knows where they are.
 */
export function isLastResort({ method }: LocationValue): boolean {
  return method !== undefined && /^(?:derived|default)$/i.test(method);
}

function containerOf(entry: PidfLoEntry): LocationContainer {
  return entry.kind === 'location' ? (entry.location.container ?? 'other') : entry.rejected.container;
}
