import type { CodedError } from '../base/index.ts';
import { collectLocations, type LocationLimits } from '../location/index.ts';
import {
  type BodyLimits,
  decodePart,
  headerValues,
  leaves,
  readBody,
  type SipRequest,
} from '../sip/index.ts';
import type { Located } from './types.ts';

/** Bounds on what the stage reads. */
export interface LocateLimits {
  readonly body: BodyLimits;
  readonly location: LocationLimits;
}

/**
 * The second stage: every location that the request carries, and the one to route by (RFC 6442 §4, RFC 5491 §3.4).
 * Pure; what cannot be read is named in the result, never thrown.
 */
export function locate(request: SipRequest, limits: LocateLimits): Located {
  const tree = readBody(request, limits.body);
  const warnings: CodedError[] = [...tree.warnings];
  const parts = [];
  for (const leaf of leaves(tree)) {
    const decoded = decodePart(leaf);
    if (!decoded.ok) warnings.push(decoded.error);
    parts.push({
      contentType: leaf.mediaType.type,
      contentId: leaf.contentId,
      path: leaf.path,
      bytes: decoded.ok ? decoded.value : leaf.bytes,
    });
  }
  const found = collectLocations(
    { geolocationValues: headerValues(request, 'geolocation'), parts },
    limits.location,
  );
  return {
    location: found.location,
    alternatives: [],
    candidates: found.candidates,
    additionalData: [],
    warnings: warnings.concat(found.warnings),
  };
}
