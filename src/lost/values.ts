import type { Result, WallMs } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { LostErrors } from './answers.ts';
import type { LostFault, LostLocation, LostMoment, UsableLocation } from './types.ts';

/** The moment as a document has it: UTC, to the millisecond where it is none of a whole second (RFC 5222 §5.1). */
export function lostMoment(ms: WallMs): LostMoment {
  return { ms, text: new Date(ms).toISOString().replace('.000Z', 'Z') };
}

/**
 * The location to answer by: the first whose profile is read (RFC 5222 §12.1 rule 7). One that is broken is passed over as
 * long as there is another, because a call may wait for the answer; else its fault is the answer.
 */
export function chooseLocation(locations: readonly LostLocation[]): Result<UsableLocation, LostFault> {
  const faults: LostFault[] = [];
  for (const location of locations) {
    if (isUsable(location)) return ok(location);
    if (location.value.kind === 'unusable') faults.push(location.value.fault);
  }
  const broken = faults.find((fault) => fault.type !== 'locationProfileUnrecognized');
  if (broken !== undefined) return err(broken);
  if (faults.length === 0) {
    return err({
      code: 'lost.locationMissing',
      message: 'there is no location in the request',
      type: 'badRequest',
    });
  }
  const profiles = faults.flatMap((fault) => fault.unsupportedProfiles ?? []);
  return err({
    code: 'lost.profileUnrecognized',
    message: 'no location has a profile that is read: send geodetic-2d or civic',
    type: 'locationProfileUnrecognized',
    unsupportedProfiles: [...new Set(profiles)],
  });
}

/** The answer to a request with a fault (RFC 5222 §13.1); `source` is the server that found it. */
export function faultAnswer(fault: LostFault, source: string): LostErrors {
  const { type, message, unsupportedProfiles } = fault;
  return { kind: 'errors', source, exceptions: [{ type, message, unsupportedProfiles }] };
}

function isUsable(location: LostLocation): location is UsableLocation {
  return location.value.kind !== 'unusable';
}
