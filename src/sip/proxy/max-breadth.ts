import type { SipRequest } from '../message/index.ts';
import type { Attempt } from './attempt.ts';
import type { Branch } from './branch.ts';

/**
 * The Incoming Max-Breadth of a request: how many branches it may have at once (RFC 5393 §5.3.3). The maximum stands in
 * for a header that is absent or no number; of several the lowest counts. Zero is no positive integer and counts as one,
 * which allows no parallel forking.
 */
export function incomingBreadth(request: SipRequest, breadthMax: number): number {
  let breadth = breadthMax;
  for (const span of request.headers) {
    if (span.key !== 'max-breadth') continue;
    const value = request.head.slice(span.valueStart, span.valueEnd);
    if (/^\d+$/.test(value)) breadth = Math.min(breadth, Number(value));
  }
  return Math.max(1, breadth);
}

/** What a new branch's share depends on. */
export interface ShareOrder {
  /** What no open branch holds: Incoming less Outgoing Max-Breadth (RFC 5393 §5.3.2). */
  readonly available: number;
  /** Targets that are about to open a branch, this one included. */
  readonly waiting: number;
  /** Whether a further branch may be opened beside this one when it stays silent. */
  readonly leavesRoom: boolean;
}

/**
 * The Max-Breadth of a new branch: an even part of what is available, so that the sum over all open branches never
 * exceeds what came in, and half of that where a silent branch may get company, which shall be able to fork too. At
 * least 1: that there is room, the caller sees to.
 */
export function breadthShare({ available, waiting, leavesRoom }: ShareOrder): number {
  const part = Math.floor(available / Math.max(1, waiting));
  return Math.max(1, leavesRoom ? Math.floor(part / 2) : part);
}

/** How many live attempts, save one, are about to open a branch; those that wait for breadth themselves do not count. */
export function waitingAttempts(
  attempts: readonly Attempt[],
  open: readonly Branch[],
  except: Attempt | undefined,
): number {
  let count = 0;
  for (const attempt of attempts) {
    const { isLive, isHeld, latest } = attempt;
    if (!isLive || isHeld || attempt === except) continue;
    if (latest === undefined || !open.includes(latest)) count += 1;
  }
  return count;
}
