import type { CodedError, MonoMs } from '../../base/index.ts';
import { headerValue, headerValues, type SipResponse } from '../message/index.ts';
import {
  type ClientTransaction,
  type DeadlineHeap,
  type Destination,
  TimedMachine,
} from '../transaction/index.ts';
import { withoutConcealed } from './addition.ts';
import type { Attempt } from './attempt.ts';
import type { Forwarded } from './forward.ts';
import { isReplaceable } from './next-hop.ts';
import type { ProxyPorts } from './ports.ts';
import type { ResponseContext } from './response-context.ts';
import type { Search } from './search.ts';
import type { HealthVerdict } from './types.ts';

/** One forwarded request: its client transaction, its CANCEL, how long it may stay silent, and timer C. */
export class Branch extends TimedMachine<'silence' | 'timerC'> {
  readonly attempt: Attempt;
  /** The Max-Breadth that it took along. */
  readonly breadth: number;
  readonly #ports: ProxyPorts;
  readonly #search: Search;
  readonly #destination: Destination;
  #client: ClientTransaction<Branch> | undefined;
  #isReported = false;
  #isOpen = true;
  #hasHeard = false;
  #isSilenceTold = false;
  #cancelWanted = false;
  #cancelSent = false;
  #cancelHeaders = '';

  constructor(
    ports: ProxyPorts,
    attempt: Attempt,
    parts: {
      readonly search: Search;
      readonly destination: Destination;
      readonly breadth: number;
    },
  ) {
    super();
    this.#ports = ports;
    this.attempt = attempt;
    this.#search = parts.search;
    this.breadth = parts.breadth;
    this.#destination = parts.destination;
  }

  /** The context that it counts for. */
  get context(): ResponseContext {
    return this.#search.context;
  }

  /** Whether we asked for its end; a 487 is then our own doing. */
  get isCancelled(): boolean {
    return this.#cancelWanted;
  }

  /** Whether nothing else leads to the peer: its flow is all there is (RFC 5626 §5.3.1). */
  get isOnlyWay(): boolean {
    return this.#destination.onlyConnection === true && !isReplaceable(this.#destination);
  }

  /** Whether there was any response. */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  /** Sends the request; `patienceMs` is how long there may be no response at all. */
  send(now: MonoMs, forwarded: Forwarded, patienceMs: number | undefined): void {
    const { layer, options } = this.#ports;
    if (patienceMs !== undefined) this.startRepeat('silence', now + patienceMs);
    if (forwarded.outgoing.method === 'INVITE') this.startEnd('timerC', now + options.timers.timerCMs);
    this.#client = layer.request(now, forwarded.outgoing, forwarded.bytes, this.#destination, this);
  }

  /** Any response of the client transaction. One without a Via below ours was meant for us and goes nowhere. */
  onResponse(now: MonoMs, received: SipResponse): void {
    const { addition } = this.attempt.target;
    const response = withoutConcealed(received, addition, this.#ports.options.messageLimits);
    const { statusCode } = response;
    const isFirst = !this.#hasHeard;
    this.#hasHeard = true;
    if (statusCode === 503) this.#tellHealth('refusing', retryAfterOf(response));
    else if (isFirst) this.#tellHealth('alive');
    if (!hasSecondVia(response)) {
      this.#ports.discard('no further via', String(statusCode));
      if (statusCode >= 200 && this.#isOpen) {
        this.close();
        this.#search.onUnreachable(now, this, 'a final response without a Via below ours');
      }
      return;
    }
    if (isFirst) this.stopRepeat();
    if (statusCode >= 200) {
      this.close();
      if (statusCode < 300) this.#search.onSuccess(now, this, response);
      else this.#search.onRefusal(now, this, response);
      return;
    }
    if (this.#cancelWanted) this.#sendCancel(now);
    else {
      if (isFirst) this.#search.onHeard(this);
      // RFC 3261 §16.7 item 2: every 101 to 199 resets timer C. A cancelled branch has 64*T1 left and no timer C.
      if (statusCode !== 100 && this.#isOpen && this.#client?.isInvite === true) {
        this.startEnd('timerC', now + this.#ports.options.timers.timerCMs);
      }
    }
    if (statusCode !== 100) this.#search.onProvisional(now, response);
  }

  /** The client transaction ended without a final response, or its ACK could not be sent. */
  onFailure(now: MonoMs, error: CodedError | undefined): void {
    if (error !== undefined) this.#tellHealth('unreachable');
    else if (!this.#hasHeard) this.#tellSilence();
    if (!this.#isOpen) return;
    this.close();
    if (error === undefined) this.#search.onSilence(now, this);
    else this.#search.onUnreachable(now, this, error.message);
  }

  /**
   * Asks for the branch's end: a CANCEL as soon as there is a provisional response, since before that it could overtake
   * the INVITE (RFC 3261 §9.1). Other requests cannot be cancelled and run out.
   */
  cancel(now: MonoMs, headerLines = ''): void {
    if (!this.#isOpen || this.#cancelWanted) return;
    this.#cancelWanted = true;
    this.#cancelHeaders = headerLines;
    // From here on timers B and F, or 64*T1 after the CANCEL, end the branch.
    this.stopTimers();
    this.#sendCancel(now);
  }

  /** Tells how it ended, once; an answer after that is news. */
  report(statusCode: number, detail: string): void {
    if (this.#isReported && statusCode >= 300) return;
    this.#isReported = true;
    const { label } = this.attempt.target;
    const destination = this.#destination;
    this.context.upstream.tell((decideId) => ({
      kind: 'attemptEnded',
      decideId,
      label,
      destination,
      statusCode,
      detail,
    }));
  }

  /** No more timers; what the transaction still brings are 2xx. */
  close(): void {
    this.#isOpen = false;
    this.stopTimers();
  }

  protected heap(): DeadlineHeap<TimedMachine<string>> {
    return this.#ports.heap;
  }

  protected onTimer(now: MonoMs, event: 'silence' | 'timerC'): void {
    if (event === 'timerC') {
      this.#search.onTimerC(now, this);
      return;
    }
    this.#tellSilence();
    this.#search.onQuiet(now, this);
  }

  #tellSilence(): void {
    if (this.#isSilenceTold) return;
    this.#isSilenceTold = true;
    this.#tellHealth('silent');
  }

  #tellHealth(verdict: HealthVerdict, retryAfterS?: number): void {
    this.#ports.emit({ kind: 'health', destination: this.#destination, verdict, retryAfterS });
  }

  #sendCancel(now: MonoMs): void {
    if (this.#cancelSent || this.#client === undefined) return;
    const cancelled = this.#ports.layer.cancel(now, this.#client, this, this.#cancelHeaders);
    if (cancelled === undefined) return;
    this.#cancelSent = true;
    this.context.retain();
  }
}

/** RFC 3261 §16.7 item 3. */
function hasSecondVia(response: SipResponse): boolean {
  let lines = 0;
  for (const span of response.headers) if (span.key === 'via') lines += 1;
  return lines > 1 || headerValues(response, 'via').length > 1;
}

/** How long a 503 says to stay away, in seconds (RFC 3261 §20.33); undefined where it does not say. */
function retryAfterOf(response: SipResponse): number | undefined {
  const digits = /^\d+/.exec(headerValue(response, 'retry-after') ?? '')?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** The Reason of a CANCEL of ours: why this branch need not go on (RFC 3326 §2). */
export function reasonLine(statusCode: number, text: string): string {
  const plain = text.replace(/[^\x20-\x7e]|["\\]/g, '').slice(0, 80);
  return `Reason: SIP;cause=${statusCode};text="${plain}"\r\n`;
}
