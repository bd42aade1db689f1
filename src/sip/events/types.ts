import type { CodedError, MonoMs, Random } from '../../base/index.ts';
import type { HeaderLine, SipMessage, SipRequest } from '../message/index.ts';
import type {
  Destination,
  EffectId,
  Flow,
  Listener,
  ResolveQuery,
  TransactionTimers,
} from '../transaction/index.ts';
import type { SipUri } from '../uri/index.ts';
import type { SubscriberLimits } from './limits.ts';
import type { UsageEvent, UsageState } from './table.ts';

export interface SubscriberOptions {
  /** Where we can be reached; Via and Contact name the one that fits the peer. At least one. */
  readonly listeners: readonly Listener[];
  readonly random: Random;
  readonly timers: TransactionTimers;
  readonly limits: SubscriberLimits;
  /** From of our requests: a SIP URI. */
  readonly fromUri: string;
  /** The value of User-Agent. */
  readonly product: string;
  /** Event packages that are known here: a NOTIFY about another one gets 489 (RFC 6665 §4.1.3). At least one. */
  readonly packages: readonly string[];
  /** An address that is silent for this long does not keep the next one from being tried. */
  readonly nextAddressMs: number;
  /** Longest wait for the answer to a `resolve` question. */
  readonly resolveTimeoutMs: number;
  /** Whether a redirect may lead to this URI; every one where absent. */
  readonly mayFollow?: ((target: SipUri) => boolean) | undefined;
  /** Told of each step of a subscription, empty cells too. For tests and traces. */
  readonly onStep?: ((step: UsageStep) => void) | undefined;
}

/** One step of the machine in table.ts. */
export interface UsageStep {
  readonly state: UsageState;
  readonly event: UsageEvent;
  readonly next: UsageState | undefined;
}

/** A subscription to make. */
export interface SubscriptionRequest {
  /** Names the subscription in events and later inputs. Unique. */
  readonly id: string;
  /** A `sip`, `sips` or `pres` URI. */
  readonly target: string;
  /** The Event value: the package with its parameters, `id` among them, such as `presence;min-rate=2`. */
  readonly event: string;
  /** Media types that a NOTIFY may bring; any where empty. */
  readonly accept: readonly string[];
  /** Duration to ask for; 0 asks once for the present state (RFC 6665 §4.4.3). */
  readonly expiresS: number;
  /** A filter, as the package says (RFC 6665 §3.1.3). */
  readonly body: { readonly contentType: string; readonly bytes: Buffer } | undefined;
  /** More header lines. */
  readonly headers: readonly HeaderLine[];
  /** What a forked SUBSCRIBE leads to (RFC 6665 §5.4.9): the first dialog alone, or one for each notifier. */
  readonly forks: 'first' | 'all';
  /** Whether a subscription that the notifier ended is made anew where RFC 6665 §4.1.3 says that it may be. */
  readonly resubscribes: boolean;
}

/** What the driver tells the subscriber. */
export type SubscriberInput =
  | { readonly kind: 'message'; readonly message: SipMessage; readonly flow: Flow }
  | { readonly kind: 'resolved'; readonly id: EffectId; readonly result: ResolvedDestinations }
  | { readonly kind: 'sendFailed'; readonly id: EffectId; readonly error: CodedError }
  | { readonly kind: 'subscribe'; readonly subscription: SubscriptionRequest }
  /** Asks for the present state again and for the duration anew. */
  | { readonly kind: 'refresh'; readonly id: string }
  /** Ends the subscription; an `ended` follows when the notifier has said so, or too long did not. */
  | { readonly kind: 'unsubscribe'; readonly id: string };

export type ResolvedDestinations =
  | { readonly kind: 'addresses'; readonly destinations: readonly Destination[] }
  | { readonly kind: 'failed'; readonly error: CodedError };

/** What the driver is to do. */
export type SubscriberEffect =
  | {
      readonly kind: 'send';
      readonly id: EffectId;
      readonly bytes: Buffer;
      readonly destination: Destination;
    }
  | { readonly kind: 'resolve'; readonly id: EffectId; readonly query: ResolveQuery }
  | { readonly kind: 'event'; readonly event: SubscriberEvent };

/** What RFC 6665 §4.1.3 says about asking again after `terminated`. */
export type RetryRule =
  | { readonly kind: 'never' }
  /** Not before this many seconds; 0: at once. */
  | { readonly kind: 'after'; readonly seconds: number };

/** A Subscription-State value, read. */
export interface SubscriptionState {
  /** A state that RFC 6665 does not know counts as `pending`: it promises nothing. */
  readonly state: 'active' | 'pending' | 'terminated';
  readonly expiresS: number | undefined;
  /** In lower case; of `terminated` only. */
  readonly reason: string | undefined;
  readonly retryAfterS: number | undefined;
}

/** Why a subscription never came to be. */
export type SubscriptionFailure =
  /** `target` is no URI that can be asked, or `event` no Event value. */
  | { readonly kind: 'unusable'; readonly detail: string }
  | { readonly kind: 'overload'; readonly detail: string }
  /** A final response. */
  | { readonly kind: 'refused'; readonly statusCode: number; readonly detail: string }
  /** No address, or nothing there. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** No final response, or no NOTIFY within Timer N (RFC 6665 §4.1.2.4). */
  | { readonly kind: 'silent'; readonly detail: string };

/** How a subscription ended that was, or that we gave up. */
export type SubscriptionEnd = 'unsubscribed' | 'terminated' | 'expired' | 'refused' | 'silent';

/** What happened, in order. Each subscription ends with one `failed` or one `ended`. */
export type SubscriberEvent =
  | {
      readonly kind: 'notify';
      readonly id: string;
      readonly at: MonoMs;
      /** The notifier's tag: tells the dialogs of a forked subscription apart. */
      readonly remoteTag: string;
      readonly state: SubscriptionState;
      /** For `terminated`. */
      readonly retry: RetryRule | undefined;
      /** `type/subtype` in lower case; '' where it was not said. */
      readonly contentType: string;
      readonly body: Buffer;
      readonly request: SipRequest;
    }
  /** A NOTIFY of this subscription that was not taken, and what it was answered. */
  | {
      readonly kind: 'notifyRefused';
      readonly id: string;
      readonly at: MonoMs;
      readonly statusCode: number;
      readonly detail: string;
    }
  | {
      readonly kind: 'failed';
      readonly id: string;
      readonly at: MonoMs;
      readonly failure: SubscriptionFailure;
    }
  | {
      readonly kind: 'ended';
      readonly id: string;
      readonly at: MonoMs;
      readonly end: SubscriptionEnd;
      readonly detail: string;
    };

/** What a subscriber holds and did. All of the first six are zero once everything has ended. */
export interface SubscriberCounts {
  readonly subscriptions: number;
  readonly dialogs: number;
  readonly transactions: number;
  readonly timers: number;
  readonly questions: number;
  readonly alarms: number;
  readonly subscribesSent: number;
  readonly notifiesTaken: number;
  readonly notifiesRefused: number;
  readonly strangers: number;
}
