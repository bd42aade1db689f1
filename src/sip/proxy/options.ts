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
}

export const defaultProxyTimers: ProxyTimers = { ...defaultTransactionTimers, timerCMs: 185_000 };

/** Counts that bound what one core holds. */
export interface ProxyLimits {
  /** Open transactions at which requests that would be asked about get 503, save those of `mayExceedLimit`. */
  readonly transactionsMax: number;
  /** Open transactions at which every new request gets 503. Memory: about 8 kB for one with an emergency call's bodies. */
  readonly transactionsHardMax: number;
  /** Targets of one decision; of more, the first ones and the last are kept, since the last is the default route. */
  readonly targetsMax: number;
  /** Addresses tried for one target; the rest is left out. */
  readonly destinationsMax: number;
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
}
