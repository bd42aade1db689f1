import type { CodedError, MonoMs, Random } from '../../base/index.ts';
import type { SipMessage, SipRequest } from '../message/index.ts';
import type {
  Destination,
  EffectId,
  Endpoint,
  Flow,
  Listener,
  ResolveQuery,
  TransactionTimers,
  Transport,
} from '../transaction/index.ts';

/** How an incoming call is treated. Times count from the INVITE. */
export interface AnswerPlan {
  /** When the 180 goes out; undefined: none. */
  readonly ringAfterMs: number | undefined;
  readonly outcome:
    | {
        readonly kind: 'answer';
        readonly afterMs: number;
        /** From the answer to our BYE; undefined: we leave that to the caller. */
        readonly hangUpAfterMs: number | undefined;
      }
    | {
        readonly kind: 'reject';
        readonly afterMs: number;
        readonly statusCode: number;
        readonly headers?: readonly AgentHeader[];
      }
    | { readonly kind: 'neverAnswer' };
}

export interface AgentHeader {
  readonly name: string;
  readonly value: string;
}

/** The media that our session descriptions name. Nothing is sent or received there. */
export interface MediaSpec {
  /** An IP literal. */
  readonly address: string;
  readonly port: number;
  readonly direction: 'sendrecv' | 'inactive';
}

export interface UserAgentOptions {
  /** Where we can be reached; Via and Contact name the one that fits the peer. At least one. */
  readonly listeners: readonly Listener[];
  readonly random: Random;
  readonly timers: TransactionTimers;
  /** User part of our Contact. */
  readonly user: string;
  /** The value of Server and User-Agent. */
  readonly product: string;
  readonly media: MediaSpec;
  readonly answer: AnswerPlan | ((request: SipRequest) => AnswerPlan);
  /** Report each message that is sent or received, for a ladder. */
  readonly reportMessages: boolean;
}

/** Where a first hop is looked up. */
export type HopQuery = ResolveQuery;

/** A call to place. */
export interface CallRequest {
  /** The Call-ID, which names the call in events and later inputs. Unique. */
  readonly callId: string;
  readonly requestUri: string;
  /** The To URI where it is not the Request-URI. */
  readonly toUri?: string;
  readonly fromUri: string;
  readonly firstHop: HopQuery;
  /** More header lines, Route among them, in order. */
  readonly headers: readonly AgentHeader[];
  readonly body: { readonly contentType: string; readonly bytes: Buffer } | undefined;
  /** Without a final response for this long the call is cancelled. */
  readonly giveUpAfterMs: number | undefined;
  /** From the answer to our BYE; undefined: the callee or a `hangUp` ends the call. */
  readonly hangUpAfterMs: number | undefined;
}

/** A request to send inside of a call that was answered. */
export interface InDialogRequest {
  readonly callId: string;
  readonly method: string;
  readonly headers: readonly AgentHeader[];
  readonly body: { readonly contentType: string; readonly bytes: Buffer } | undefined;
}

/** What the driver tells the agent. */
export type AgentInput =
  | { readonly kind: 'message'; readonly message: SipMessage; readonly flow: Flow }
  | { readonly kind: 'resolved'; readonly id: EffectId; readonly result: ResolvedHop }
  | { readonly kind: 'sendFailed'; readonly id: EffectId; readonly error: CodedError }
  | { readonly kind: 'call'; readonly call: CallRequest }
  /** CANCEL before the answer, BYE after it; for incoming calls a 480 before it. */
  | { readonly kind: 'hangUp'; readonly callId: string }
  | { readonly kind: 'request'; readonly request: InDialogRequest };

export type ResolvedHop =
  | { readonly kind: 'addresses'; readonly destinations: readonly Destination[] }
  | { readonly kind: 'failed'; readonly error: CodedError };

/** What the driver is to do. */
export type AgentEffect =
  | {
      readonly kind: 'send';
      readonly id: EffectId;
      readonly bytes: Buffer;
      readonly destination: Destination;
    }
  | { readonly kind: 'resolve'; readonly id: EffectId; readonly query: HopQuery }
  | { readonly kind: 'event'; readonly event: AgentEvent };

/** How a call ended. */
export interface CallEnd {
  readonly reason:
    | 'hungUpByUs'
    | 'hungUpByPeer'
    | 'cancelled'
    /** A final response of 300 to 699, sent or received. */
    | 'refused'
    /** No final response to the INVITE. */
    | 'timedOut'
    /** No address, or nothing there. */
    | 'unreachable'
    /** Our 200 was never acknowledged; the call was hung up. */
    | 'notAcknowledged';
  readonly statusCode: number | undefined;
  readonly detail: string;
}

/** What happened, in order; `at` is the time of the input that made it happen. */
export type AgentEvent =
  | {
      readonly kind: 'message';
      readonly direction: 'in' | 'out';
      readonly at: MonoMs;
      readonly bytes: Buffer;
      /** As bytes in latin1. */
      readonly startLine: string;
      readonly transport: Transport;
      readonly peer: Endpoint;
    }
  | { readonly kind: 'incoming'; readonly callId: string; readonly at: MonoMs; readonly request: SipRequest }
  | {
      readonly kind: 'provisional';
      readonly callId: string;
      readonly at: MonoMs;
      readonly statusCode: number;
    }
  /** A 2xx was received or sent. */
  | { readonly kind: 'answered'; readonly callId: string; readonly at: MonoMs; readonly by: 'us' | 'peer' }
  /** Our 2xx was acknowledged. */
  | { readonly kind: 'confirmed'; readonly callId: string; readonly at: MonoMs }
  /** A request inside of the call got its final response, or none (408). */
  | {
      readonly kind: 'response';
      readonly callId: string;
      readonly at: MonoMs;
      readonly method: string;
      readonly statusCode: number;
    }
  | { readonly kind: 'ended'; readonly callId: string; readonly at: MonoMs; readonly end: CallEnd };
