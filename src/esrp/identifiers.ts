import type { Random } from '../base/index.ts';

/** The emergency identifiers of a call: NENA-STA-010.3 §2.1.6 and §2.1.7. */
export interface EmergencyIdentifiers {
  /** As in Call-Info, without angle brackets. */
  readonly callId: string;
  readonly incidentId: string;
  /** Call-Info values to add: those of the identifiers that the request did not bring. */
  readonly added: readonly string[];
}

// Both the present spelling and the older one of version 2 count as present.
const purposePattern = /;\s*purpose\s*=\s*"?(?:emergency|nena)-(callid|incidentid)\b/i;

/** Keeps the identifiers that the Call-Info values bring and makes those that are missing, with `domain` as their maker. */
export function emergencyIdentifiers(
  callInfoValues: readonly string[],
  maker: { readonly random: Random; readonly domain: string },
): EmergencyIdentifiers {
  const brought = new Map<string, string>();
  for (const value of callInfoValues) {
    const purpose = purposePattern.exec(value)?.[1]?.toLowerCase();
    const uri = /<\s*([^>]+?)\s*>/.exec(value)?.[1];
    if (purpose !== undefined && uri !== undefined && !brought.has(purpose)) brought.set(purpose, uri);
  }
  const added: string[] = [];
  const identifier = (kind: 'callid' | 'incidentid', purpose: string) => {
    const known = brought.get(kind);
    if (known !== undefined) return known;
    const made = `urn:emergency:uid:${kind}:${maker.random.token(20)}:${maker.domain}`;
    added.push(`<${made}>;purpose=${purpose}`);
    return made;
  };
  return {
    callId: identifier('callid', 'emergency-CallId'),
    incidentId: identifier('incidentid', 'emergency-IncidentId'),
    added,
  };
}
