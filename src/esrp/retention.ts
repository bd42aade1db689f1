import { type WallMs, wallMs } from '../base/index.ts';
import type { LocationValue } from '../location/index.ts';
import type { Located } from './types.ts';

/** How long locations stay on call records. */
export interface RetentionRules {
  /** Whether the documents' own wishes hold (RFC 4119 §2.2.2). */
  readonly keepsDocumentRetention: boolean;
  /** Longest time in any case. */
  readonly locationRetentionMs: number;
}

/** RFC 4119 §2.2.2: without a `retention-expiry` a recipient may keep the location for 24 hours from its timestamp. */
const unsaidRetentionMs = 24 * 3_600_000;

/**
 * Until when the positions, addresses and references of what was located may be kept: by the documents and by our own
 * rules, whichever ends first. The moment of receipt means "no longer than the call". Undefined: there is nothing to keep.
 */
export function keptUntil(
  located: Located | undefined,
  receivedAt: WallMs,
  rules: RetentionRules,
): WallMs | undefined {
  if (located === undefined || !holdsPlace(located)) return undefined;
  let until = receivedAt + rules.locationRetentionMs;
  if (rules.keepsDocumentRetention) {
    for (const location of locationsOf(located)) {
      if (hasOwnRules(location)) until = Math.min(until, documentExpiry(location, receivedAt));
    }
  }
  return wallMs(Math.max(until, receivedAt));
}

// Where no location could be had, the URI of one may still stand in what was looked at.
function holdsPlace(located: Located): boolean {
  return located.location !== undefined || located.candidates.some(({ origin }) => origin.includes('<'));
}

function locationsOf({ location, alternatives }: Located): readonly LocationValue[] {
  return location === undefined ? alternatives : [location, ...alternatives];
}

/** Tables and default places are our own, and an alert is for whoever gets it. */
function hasOwnRules({ source: { kind } }: LocationValue): boolean {
  return kind !== 'table' && kind !== 'default' && kind !== 'alert' && kind !== 'query';
}

// A date that cannot be read may have been any: the shortest time is the one that breaks no rule.
function documentExpiry({ retentionExpires, timestamp }: LocationValue, receivedAt: WallMs): number {
  if (retentionExpires !== undefined) return readDate(retentionExpires) ?? receivedAt;
  const since = timestamp === undefined ? undefined : readDate(timestamp);
  return (since ?? receivedAt) + unsaidRetentionMs;
}

/** Milliseconds since 1970 of an XML Schema dateTime; one without a zone is taken for UTC. */
function readDate(text: string): number | undefined {
  const found = /^\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:)(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?\s*$/i.exec(text);
  if (found === null) return undefined;
  const [, upToMinutes, seconds, , zone = 'Z'] = found;
  // A leap second has no number of its own.
  const at = Date.parse(`${upToMinutes}${seconds === '60' ? '59' : seconds}${zone.toUpperCase()}`);
  return Number.isNaN(at) ? undefined : at;
}
