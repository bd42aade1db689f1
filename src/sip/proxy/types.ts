import type { CodedError, MonoMs } from '../../base/index.ts';
import type { BodyReplacement } from '../body/index.ts';
import type { SipMessage, SipRequest } from '../message/index.ts';
import type { Destination, EffectId, Flow, ResolveQuery } from '../transaction/index.ts';

export type { EffectId, ResolveQuery } from '../transaction/index.ts';

// The proxy core's conversation with its driver. `handle(now, input)` and `advance(now)` return effects in order; the
// driver carries all of them out before the next input. Questions that take time carry an id; the answer is a later
// input with that id, and a deadline inside the core covers silence.

/** A header to write into the forwarded request. */
export interface HeaderEdit {
  /** `add`: as the first of its name (before other values); `addIfAbsent`: only where no header of that name is; `append`: after the last of its name. */
  readonly kind: 'add' | 'addIfAbsent' | 'append';
  readonly name: string;
  readonly value: string;
}

/** What one target gets that the others do not. */
export interface TargetAddition {
  /** After the decision's own. */
  readonly edits: readonly HeaderEdit[];
  /** In place of the body that came; undefined: that one, byte for byte. */
  readonly body?: BodyReplacement | undefined;
  /**
   * Final statuses that refuse the addition rather than the request: the target is tried once more without it, and such a
   * response goes no further up (RFC 6442 §4.3). Best with the `failover` of `all`.
   */
  readonly refusedBy: readonly number[];
  /** Headers of responses that speak of the addition, which the other side knows nothing of: they do not go up. */
  readonly concealed: readonly string[];
}

/** One place to forward to. The core tries targets in order; those with `withPrevious` at the same time as the one before. */
export interface ProxyTarget {
  /** Handed back in events, so that the asker can tell which target is meant. */
  readonly label: string;
  /** A SIP URI that becomes the top Route with `;lr`; undefined: the Request-URI (or the next Route) decides. */
  readonly routeUri: string | undefined;
  /** How long to wait for a final response of this target before the next one is tried (INVITE: ring time; others: timer F). */
  readonly timeoutMs: number;
  /**
   * How long the target may stay wholly silent (not even a 100) before the next one is tried; the transaction goes on
   * and its late response still counts. Undefined: timer B or F alone.
   */
  readonly silenceTimeoutMs?: number | undefined;
  /**
   * Started together with the target before it (parallel forking, RFC 3261 §16.6). Targets that stand together so are a
   * group; the next group waits until every target of this one refused, had its time or is silent. Not for requests whose
   * session needs one leg only, such as those with SDP preconditions (RFC 3312): who decides must know.
   */
  readonly withPrevious?: boolean | undefined;
  /** For this target, and the contacts that it redirects to. */
  readonly addition?: TargetAddition | undefined;
}

/**
 * What becomes of a 300, 301, 302 or 305: one failure among others, which the caller gets where no target does better; or
 * its contacts are tried as further targets, best q first, one after the other (RFC 3261 §16.7 item 4).
 */
export type RedirectRule =
  | { readonly kind: 'pass' }
  | {
      readonly kind: 'recurse';
      /** The contact becomes the top Route and the Request-URI stays (an emergency call's service URN); else it replaces it. */
      readonly keepsRequestUri: boolean;
    };

/** What to do with a new request. */
export type RequestDecision =
  | {
      readonly kind: 'forward';
      readonly targets: readonly [ProxyTarget, ...ProxyTarget[]];
      /** Replaces the Request-URI where given. */
      readonly requestUri: string | undefined;
      readonly edits: readonly HeaderEdit[];
      /**
       * Which final responses send the call on to the next target. `transportFailure` and timeouts always do.
       * `all`: every final response of 300 to 699 save 487 after our own CANCEL; a 6xx too, against RFC 3261 §16.7 item
       * 5, since one PSAP's refusal must not end an emergency call. With the others a 6xx ends all.
       */
      readonly failover: 'none' | 'serverErrors' | 'all';
      /** Passed on where undefined. */
      readonly redirects?: RedirectRule | undefined;
      /**
       * Targets with `withPrevious` must be started together: where the request's Max-Breadth does not suffice it gets 440,
       * instead of a try one after the other (RFC 5393 §5.3.3).
       */
      readonly parallelOnly?: boolean | undefined;
      /** Where TLS cannot be had the request goes by TCP, then UDP (RFC 6881 §9.1 SP-31). For emergency calls. */
      readonly mayFallBackFromTls?: boolean | undefined;
      /** Whether to stay in the path of the dialog (INVITE, SUBSCRIBE, REFER and others that make one). */
      readonly recordRoute: boolean;
      /** An emergency call: the dialog's later requests are marked as such in our Record-Route, and never get 422. */
      readonly isEmergency?: boolean | undefined;
    }
  | {
      readonly kind: 'reply';
      readonly statusCode: number;
      readonly reasonPhrase: string;
      readonly headers: readonly { readonly name: string; readonly value: string }[];
    };

/** What the driver tells the core. */
export type ProxyInput =
  | { readonly kind: 'message'; readonly message: SipMessage; readonly flow: Flow }
  /** Answer to a `decide` question. */
  | { readonly kind: 'decided'; readonly id: EffectId; readonly decision: RequestDecision }
  /**
   * A request that was decided about shall go elsewhere: what is open is cancelled, and these targets take the place of
   * those that are left. No effect once it has its final response or was given up.
   */
  | {
      readonly kind: 'retarget';
      readonly id: EffectId;
      readonly targets: readonly [ProxyTarget, ...ProxyTarget[]];
    }
  /** Answer to a `resolve` question: addresses in order of trial, or none. */
  | {
      readonly kind: 'resolved';
      readonly id: EffectId;
      readonly result:
        | { readonly kind: 'addresses'; readonly destinations: readonly Destination[] }
        | { readonly kind: 'failed'; readonly error: CodedError };
    }
  /** A send that failed: no route, refused, connection lost before the bytes were handed over. */
  | { readonly kind: 'sendFailed'; readonly id: EffectId; readonly error: CodedError };

/** What a branch found out about the address that it was sent to. Health is kept by address and transport, never by call. */
export type HealthVerdict =
  /** A response came. */
  | 'alive'
  /** No response at all in the time that the transaction or the target's patience allows. */
  | 'silent'
  /** The transport could not hand the request over. */
  | 'unreachable'
  /** A 503; `retryAfterS` where it said so (RFC 3261 §21.5.4). */
  | 'refusing';

/** What the driver is to do. */
export type ProxyEffect =
  | {
      readonly kind: 'send';
      readonly id: EffectId;
      readonly bytes: Buffer;
      readonly destination: Destination;
    }
  /** A new request outside of a dialog (or one that no route of ours carries): what shall become of it? */
  | {
      readonly kind: 'decide';
      readonly id: EffectId;
      readonly request: SipRequest;
      readonly flow: Flow;
      readonly deadline: MonoMs;
    }
  /** The request of an open `decide` or `resolve` question ended or took its fallback; an answer is no longer needed. */
  | { readonly kind: 'forget'; readonly id: EffectId }
  | { readonly kind: 'resolve'; readonly id: EffectId; readonly query: ResolveQuery }
  | {
      readonly kind: 'health';
      readonly destination: Destination;
      readonly verdict: HealthVerdict;
      readonly retryAfterS: number | undefined;
    }
  | { readonly kind: 'event'; readonly event: ProxyEvent };

/** What happened to a request that was asked about: `decideId` is the id of its question. For records and metrics. */
export type ProxyEvent =
  | {
      readonly kind: 'attempt';
      readonly decideId: EffectId;
      readonly label: string;
      readonly destination: Destination | undefined;
      /** The contact of a 3xx that is tried in the target's place. */
      readonly contact?: string | undefined;
    }
  | {
      readonly kind: 'attemptEnded';
      readonly decideId: EffectId;
      readonly label: string;
      /** As the attempt's; undefined for a target that was not sent to at all. */
      readonly destination?: Destination | undefined;
      /** Final status of the branch; 408 for silence, 503 for a transport failure. */
      readonly statusCode: number;
      readonly detail: string;
    }
  | { readonly kind: 'provisional'; readonly decideId: EffectId; readonly statusCode: number }
  /** The final response that the caller was sent. 2xx may occur more than once. */
  | {
      readonly kind: 'final';
      readonly decideId: EffectId;
      readonly statusCode: number;
      readonly reasonPhrase: string;
    }
  | { readonly kind: 'cancelled'; readonly decideId: EffectId }
  /** Nothing is left of the request in the core. */
  | { readonly kind: 'done'; readonly decideId: EffectId }
  /** Something dropped or refused before a decision: for counters and logs. */
  | { readonly kind: 'discarded'; readonly reason: string; readonly detail: string }
  /** An in-dialog request passed through (BYE ends a call's record). */
  | {
      readonly kind: 'inDialog';
      readonly method: string;
      readonly callId: string;
      readonly fromTag: string | undefined;
      readonly toTag: string | undefined;
      /** Whether our own Route marks the dialog as an emergency call's. */
      readonly isEmergency?: boolean | undefined;
      /** As it came, and from where. */
      readonly request: SipRequest;
      readonly flow: Flow;
    };
