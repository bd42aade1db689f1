import { headerValues, type SipResponse } from '../message/index.ts';

/**
 * The status that stands for a branch without a response: silence (408), a scheme that cannot be routed (416), a flow that
 * is gone (430), too little Max-Breadth (440), a redirect that leads nowhere new (480), a target that is no URI (500), a
 * broken path (503).
 */
export type OwnStatus = 408 | 416 | 430 | 440 | 480 | 500 | 503;

/** What a branch that failed has left. */
export type BranchOutcome =
  | { readonly kind: 'response'; readonly response: SipResponse }
  | { readonly kind: 'none'; readonly statusCode: OwnStatus };

/** Statuses of class 4 that tell the caller how to ask again (RFC 3261 §16.7 item 6). */
const instructive = new Set([401, 407, 415, 420, 484]);

/** The final responses of a request's branches, and the best of them (RFC 3261 §16.7 items 6 and 7). */
export class ResponseChoice {
  #best: BranchOutcome | undefined;
  #bestRank = Number.POSITIVE_INFINITY;
  readonly #challenges: { readonly from: SipResponse; readonly name: string; readonly value: string }[] = [];

  /** Takes the outcome of one branch. The first one of a rank is kept. */
  add(outcome: BranchOutcome): void {
    const rank = rankOf(outcome);
    if (rank < this.#bestRank) {
      this.#best = outcome;
      this.#bestRank = rank;
    }
    if (outcome.kind !== 'response') return;
    const { response } = outcome;
    if (response.statusCode !== 401 && response.statusCode !== 407) return;
    for (const name of ['WWW-Authenticate', 'Proxy-Authenticate']) {
      for (const value of headerValues(response, name.toLowerCase())) {
        this.#challenges.push({ from: response, name, value });
      }
    }
  }

  /** The best outcome; undefined where no branch ended. */
  get best(): BranchOutcome | undefined {
    return this.#best;
  }

  /** The challenges of all other 401 and 407 responses, to go with a chosen one. */
  challengesBeside(chosen: SipResponse): readonly { readonly name: string; readonly value: string }[] {
    return this.#challenges.filter((challenge) => challenge.from !== chosen);
  }
}

/** Lower is better: class 6, then the lowest class; in class 4 what instructs first and a timeout last; a 503 last of all. */
function rankOf(outcome: BranchOutcome): number {
  const statusCode = outcome.kind === 'response' ? outcome.response.statusCode : outcome.statusCode;
  if (statusCode >= 600) return 0;
  if (statusCode === 503) return 599;
  if (instructive.has(statusCode)) return 400;
  if (statusCode === 408) return outcome.kind === 'response' ? 498 : 499;
  // RFC 3261 §16.5: what an empty target set comes to; a real answer of another target tells more.
  if (statusCode === 480 && outcome.kind === 'none') return 497;
  return Math.floor(statusCode / 100) * 100 + 1;
}
