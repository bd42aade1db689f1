import { BugError, type Clock, type CodedError, errorText, type MonoMs } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import type {
  Destination,
  EffectId,
  Flow,
  HealthVerdict,
  ProxyEffect,
  ProxyInput,
  RequestDecision,
  SipMessage,
} from '../sip/index.ts';
import type { Resolved, Resolver } from './resolver.ts';
import type { Transports } from './transports.ts';

/** What every core is told by its driver: messages, addresses, and sends that failed. */
export type WireInput = Extract<ProxyInput, { readonly kind: 'message' | 'resolved' | 'sendFailed' }>;

/** What a core asks of its driver; `Event` is what it reports. */
export type CoreEffect<Event> =
  | Exclude<ProxyEffect, { readonly kind: 'event' }>
  | { readonly kind: 'event'; readonly event: Event };

/** A state machine without I/O: the proxy core or the user agent. */
export interface SipCore<Input, Event> {
  handle(now: MonoMs, input: Input | WireInput): readonly CoreEffect<Event>[];
  advance(now: MonoMs): readonly CoreEffect<Event>[];
  nextDeadline(): MonoMs | undefined;
}

type DecideEffect = Extract<ProxyEffect, { readonly kind: 'decide' }>;

export interface SipDriverOptions<Input, Event> {
  readonly core: SipCore<Input, Event>;
  readonly transports: Pick<Transports, 'send'>;
  readonly resolver: Pick<Resolver, 'resolve' | 'resolveNow'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onEvent: (event: Event) => void;
  /** A request to decide about; the answer goes to {@link SipDriver.answer}, now or later. */
  readonly onDecide?: (question: DecideEffect) => void;
  /** What a branch found out about an address. */
  readonly onHealth?: (
    destination: Destination,
    verdict: HealthVerdict,
    retryAfterS: number | undefined,
  ) => void;
  /** The answer to a question is no longer wanted. */
  readonly onForget?: (id: EffectId) => void;
}

/** What a driver went through. */
export interface DriverCounts {
  readonly inputs: number;
  readonly timerRuns: number;
  /** Errors thrown inside the core or by a callback; each cost one message. */
  readonly failures: number;
}

/** After an error in the core's timers, so that a deadline that stays due does not spin. */
const retryAfterFailureMs = 20;
const timerMaxMs = 0x7fff_ffff;

/**
 * Runs one core against the world: one input at a time, its effects in order and all of them before the next input,
 * and one real timer set to the core's earliest deadline.
 */
export class SipDriver<Input, Event> {
  readonly #options: SipDriverOptions<Input, Event>;
  readonly #queue: (Input | WireInput)[] = [];
  readonly #counts = { inputs: 0, timerRuns: 0, failures: 0 };
  #isRunning = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #timerDue: number = Number.POSITIVE_INFINITY;
  #notBefore = 0;

  constructor(options: SipDriverOptions<Input, Event>) {
    this.#options = options;
  }

  /** A message from a transport. */
  receive(message: SipMessage, flow: Flow): void {
    this.submit({ kind: 'message', message, flow });
  }

  /** Any input; from inside a callback it waits until the effects at hand have been carried out. */
  submit(input: Input | WireInput): void {
    if (this.#isStopped) return;
    this.#queue.push(input);
    if (!this.#isRunning) this.#run();
  }

  /** The answer to a `decide` question. */
  answer(this: SipDriver<ProxyInput, Event>, id: EffectId, decision: RequestDecision): void {
    this.submit({ kind: 'decided', id, decision });
  }

  /** No timer fires and no input is taken any more. May be called twice. */
  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  /** Counters so far. */
  counts(): DriverCounts {
    return { ...this.#counts };
  }

  #run(): void {
    const { core, clock } = this.#options;
    this.#isRunning = true;
    for (let input = this.#queue.shift(); input !== undefined; input = this.#queue.shift()) {
      this.#counts.inputs += 1;
      const current = input;
      this.#guarded('sip.inputFailed', () => this.#carryOut(core.handle(clock.mono(), current)));
    }
    this.#isRunning = false;
    this.#arm();
  }

  #carryOut(effects: readonly CoreEffect<Event>[]): void {
    for (const effect of effects) {
      // One effect's failure must not keep the others from being carried out.
      this.#guarded('sip.effectFailed', () => this.#perform(effect));
    }
  }

  #perform(effect: CoreEffect<Event>): void {
    const { transports, onDecide, onForget, onEvent } = this.#options;
    switch (effect.kind) {
      case 'send':
        transports.send(effect.bytes, effect.destination, (error) => this.#sendFailed(effect.id, error));
        return;
      case 'resolve':
        this.#resolve(effect);
        return;
      case 'health':
        this.#options.onHealth?.(effect.destination, effect.verdict, effect.retryAfterS);
        return;
      case 'decide':
        if (onDecide === undefined) throw new BugError('a core asks for decisions and nobody decides');
        onDecide(effect);
        return;
      case 'forget':
        onForget?.(effect.id);
        return;
      case 'event':
        onEvent(effect.event);
    }
  }

  #sendFailed(id: EffectId, error: CodedError): void {
    this.submit({ kind: 'sendFailed', id, error });
  }

  #resolve(effect: Extract<ProxyEffect, { readonly kind: 'resolve' }>): void {
    const { resolver } = this.#options;
    const known = resolver.resolveNow(effect.query);
    if (known !== undefined) {
      this.#resolved(effect.id, known);
      return;
    }
    resolver
      .resolve(effect.query)
      .catch((error: unknown): Resolved => {
        this.#report('sip.effectFailed', error);
        return { ok: false, error: { code: 'net.nameNotFound', message: errorText(error) } };
      })
      .then((resolved) => this.#resolved(effect.id, resolved))
      .catch((error: unknown) => this.#report('sip.effectFailed', error));
  }

  #resolved(id: EffectId, resolved: Resolved): void {
    this.submit({
      kind: 'resolved',
      id,
      result: resolved.ok
        ? { kind: 'addresses', destinations: resolved.value }
        : { kind: 'failed', error: resolved.error },
    });
  }

  /** Sets the timer where the earliest deadline became earlier. A timer that is early by then costs one idle run. */
  #arm(): void {
    if (this.#isStopped) return;
    const deadline = this.#options.core.nextDeadline();
    if (deadline === undefined) return;
    const due = Math.max(deadline, this.#notBefore);
    if (due >= this.#timerDue) return;
    clearTimeout(this.#timer);
    const waitMs = Math.ceil(due - this.#options.clock.mono());
    this.#timerDue = due;
    this.#timer = setTimeout(() => this.#wake(), Math.min(timerMaxMs, Math.max(1, waitMs)));
  }

  #wake(): void {
    const { core, clock } = this.#options;
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.#counts.timerRuns += 1;
    const now = clock.mono();
    this.#isRunning = true;
    const isDone = this.#guarded('sip.timerFailed', () => this.#carryOut(core.advance(now)));
    this.#isRunning = false;
    if (!isDone) this.#notBefore = now + retryAfterFailureMs;
    this.#run();
  }

  #guarded(event: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#report(event, error);
      return false;
    }
  }

  #report(event: string, error: unknown): void {
    this.#counts.failures += 1;
    const stack = error instanceof Error ? error.stack : undefined;
    this.#options.logger.error(event, { message: errorText(error), stack });
  }
}
