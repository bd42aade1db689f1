import type { MonoMs } from '../../base/index.ts';
import type { ResponseChoice } from './response-choice.ts';
import type { Upstream } from './upstream.ts';

/** How a request ended without a 2xx. */
export interface Ending {
  readonly choice: ResponseChoice | undefined;
  /** The caller took it back. */
  readonly isCancelled: boolean;
  /** No INVITE, and its sender's timer F is over. */
  readonly isTooLate: boolean;
}

/** Sends the best final response, or what stands for it (RFC 3261 §16.7 item 6). */
export function answerFinally(now: MonoMs, upstream: Upstream, ending: Ending): void {
  const best = ending.choice?.best;
  if (ending.isCancelled && best?.kind !== 'response') {
    upstream.replyFinal(now, { statusCode: 487 });
    return;
  }
  const statusCode =
    best === undefined ? 408 : best.kind === 'none' ? best.statusCode : best.response.statusCode;
  if (!upstream.isInvite && (statusCode === 408 || ending.isTooLate)) {
    // RFC 4320 §4.2: who cannot answer before the transaction expires does not answer at all, least of all with a 408.
    upstream.stayingSilent(now);
  } else if (statusCode === 503) {
    // It would say that this proxy can serve nothing (RFC 3261 §16.7 item 6).
    upstream.replyFinal(now, { statusCode: 500 });
  } else if (best?.kind !== 'response') upstream.replyFinal(now, { statusCode });
  else {
    const isChallenge = statusCode === 401 || statusCode === 407;
    const { response } = best;
    upstream.passRefusal(now, response, isChallenge ? (ending.choice?.challengesBeside(response) ?? []) : []);
  }
}
