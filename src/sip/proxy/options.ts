import type { Random } from '../../base/index.ts';
import type { MessageLimits, SipRequest } from '../message/index.ts';
import {
  defaultTransactionTimers,
  type Flow,
  type Listener,
  type TransactionTimers,
} from '../transaction/index.ts';
import type { RequestDecision } from './types.ts';

/** Timers of the transactions, and timer C. */
export interface ProxyTimers extends TransactionTimers {
  /** How long a branch may stay without a response after its last 101 to 199; more than 3 minutes (RFC 3261 §16.6). */
  readonly timerCMs: number;
  /**
   * How long an address may stay wholly silent before the target's next address is tried beside it, where the target says
   * nothing of its own. Timers B and F end the wait in any case, so more than 64*T1 means: not beside.
   */
  readonly nextAddressMs: number;
}

export const defaultProxyTimers: ProxyTimers = {
  ...defaultTransactionTimers,
  timerCMs: 185_000,
  nextAddressMs: 4000,
};

/** Counts that bound what one core holds. */
export interface ProxyLimits {
  /** Open transactions at which requests that would be asked about get 503, save those of `mayExceedLimit`. */
  readonly transactionsMax: number;
  /**
   * Open transactions at which every new request gets 503; what goes on in an emergency call has a tenth more. Memory:
   * about 8 kB for one with an emergency call's bodies.
   */
  readonly transactionsHardMax: number;
  /** Targets of one decision; of more, the first ones and the last are kept, since the last is the default route. */
  readonly targetsMax: number;
  /** Addresses tried for one target; the rest is left out. */
  readonly destinationsMax: number;
  /** Contacts of 3xx responses that are tried for one request; the rest goes to the caller (RFC 3261 §16.7 item 4). */
  readonly recursionsMax: number;
  /** Branches that a request may have at once, here and further on; more is lowered to it (RFC 5393 §5.3.3). */
  readonly breadthMax: number;
  /** Provisional responses passed up for one request, and as many 2xx; more are dropped. */
  readonly responsesMax: number;
  /** Values of Via in one request; more get 483, since it has come too far. */
  readonly viasMax: number;
  /** Retry-After of a 503 of ours, in seconds. */
  readonly retryAfterS: number;
}

export const defaultProxyLimits: ProxyLimits = {
  transactionsMax: 100_000,
  transactionsHardMax: 150_000,
  targetsMax: 16,
  destinationsMax: 8,
  recursionsMax: 8,
  breadthMax: 60,
  responsesMax: 256,
  viasMax: 80,
  retryAfterS: 10,
};

export interface ProxyCoreOptions {
  readonly listeners: readonly [Listener, ...Listener[]];
  /** Other host names that stand for this element in Route and Request-URI, at any port of a listener. */
  readonly aliases?: readonly string[];
  readonly random: Random;
  readonly timers: ProxyTimers;
  readonly limits: ProxyLimits;
  /** For messages that the core itself reads again after a strict router's request was repaired. */
  readonly messageLimits: MessageLimits;
  /**
   * Secrets that sign what our Record-Route URIs carry (whether the call is an emergency, and the flow of a side that its
   * URI may not lead to); the first signs, all verify, so that they can be changed and shared by nodes. None: no tokens.
   */
  readonly recordRouteSecrets?: readonly Buffer[] | undefined;
  /** Dialogs remembered for peers that never learned the other side's Contact; undefined: none, and who decides is asked. */
  readonly dialogMemory?: { readonly dialogsMax: number; readonly ageMaxMs: number } | undefined;
  /** Session timers asked for on behalf of both sides (RFC 4028 §8); undefined: theirs pass unchanged. */
  readonly sessionTimer?: { readonly intervalS: number; readonly minSeS: number } | undefined;
  /** How long a `decide` question may stay open before `fallbackDecision` takes over. */
  readonly decideTimeoutMs: number;
  /** How long a `resolve` question may stay open before the target counts as unreachable. */
  readonly resolveTimeoutMs: number;
  /** Put into `Server` of responses of our own; undefined: none. */
  readonly serverName: string | undefined;
  /** What becomes of a request whose question was not answered in time. Pure; silence must never lose a call. */
  readonly fallbackDecision: (request: SipRequest, flow: Flow) => RequestDecision;
  /** Requests that are taken beyond `transactionsMax`. */
  readonly mayExceedLimit?: (request: SipRequest, flow: Flow) => boolean;
  /** Requests whose Proxy-Require is ignored instead of refused with 420. */
  readonly mayIgnoreProxyRequire?: (request: SipRequest, flow: Flow) => boolean;
}

/** What is open in a core; all zero when nothing is left. */
export interface ProxyCounts {
  readonly clientTransactions: number;
  readonly serverTransactions: number;
  readonly contexts: number;
  readonly questions: number;
  readonly deadlines: number;
  /** Dialogs in the memory; they leave with their BYE or by age. */
  readonly dialogs: number;
}
