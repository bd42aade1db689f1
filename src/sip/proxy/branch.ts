import type { CodedError, MonoMs } from '../../base/index.ts';
import { headerValues, type SipResponse } from '../message/index.ts';
import {
  type ClientTransaction,
  type DeadlineHeap,
  type Destination,
  TimedMachine,
} from '../transaction/index.ts';
import type { Attempt } from './attempt.ts';
import type { Forwarded } from './forward.ts';
import type { ProxyPorts } from './ports.ts';
import type { ResponseContext } from './response-context.ts';

/** One forwarded request: its client transaction, its CANCEL, how long it may stay silent, and timer C. */
export class Branch extends TimedMachine<'silence' | 'timerC'> {
  readonly context: ResponseContext;
  readonly attempt: Attempt;
  readonly #ports: ProxyPorts;
  /** Whether the record already knows that this attempt failed; a late answer is still told. */
  isReported = false;
  #client: ClientTransaction<Branch> | undefined;
  #isOpen = true;
  #cancelWanted = false;
  #cancelSent = false;
  #cancelHeaders = '';

  constructor(ports: ProxyPorts, context: ResponseContext, attempt: Attempt) {
    super();
    this.#ports = ports;
    this.context = context;
    this.attempt = attempt;
  }

  /** Whether a final response or a failure is still to come. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether we asked for its end; a 487 is then our own doing. */
  get isCancelled(): boolean {
    return this.#cancelWanted;
  }

  send(now: MonoMs, forwarded: Forwarded, destination: Destination): void {
    const { layer, options } = this.#ports;
    const { silenceTimeoutMs } = this.attempt.target;
    if (silenceTimeoutMs !== undefined) this.startRepeat('silence', now + silenceTimeoutMs);
    if (forwarded.outgoing.method === 'INVITE') this.startEnd('timerC', now + options.timers.timerCMs);
    this.#client = layer.request(now, forwarded.outgoing, forwarded.bytes, destination, this);
  }

  /** Any response of the client transaction. One without a Via below ours was meant for us and goes nowhere. */
  onResponse(now: MonoMs, response: SipResponse): void {
    const { statusCode } = response;
    if (!hasSecondVia(response)) {
      this.#ports.discard('no further via', String(statusCode));
      if (statusCode >= 200 && this.#isOpen) {
        this.close();
        this.context.onUnreachable(now, this, 'a final response without a Via below ours');
      }
      return;
    }
    this.stopRepeat();
    if (statusCode >= 200) {
      this.close();
      if (statusCode < 300) this.context.onSuccess(now, this, response);
      else this.context.onRefusal(now, this, response);
      return;
    }
    if (this.#cancelWanted) this.#sendCancel(now);
    if (statusCode === 100) return;
    // RFC 3261 §16.7 item 2: every 101 to 199 resets timer C.
    if (this.#isOpen && this.#client?.isInvite === true) {
      this.startEnd('timerC', now + this.#ports.options.timers.timerCMs);
    }
    this.context.onProvisional(now, response);
  }

  /** The client transaction ended without a final response. */
  onFailure(now: MonoMs, error: CodedError | undefined): void {
    if (!this.#isOpen) return;
    this.close();
    if (error === undefined) this.context.onSilence(now, this);
    else this.context.onUnreachable(now, this, error.message);
  }

  /**
   * Asks for the branch's end: a CANCEL as soon as there is a provisional response, since before that it could overtake
   * the INVITE (RFC 3261 §9.1). Other requests cannot be cancelled and run out.
   */
  cancel(now: MonoMs, headerLines = ''): void {
    if (!this.#isOpen) return;
    this.#cancelWanted = true;
    this.#cancelHeaders = headerLines;
    this.#sendCancel(now);
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
    if (event === 'silence') this.context.onQuiet(now, this);
    else this.context.onTimerC(now, this);
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
