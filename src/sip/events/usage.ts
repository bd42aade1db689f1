import { after, assertNever, type MonoMs } from '../../base/index.ts';
import type { Dialog } from '../agent/index.ts';
import { transactionTimeoutMs } from '../transaction/index.ts';
import type { Exchange } from './exchange.ts';
import { type Alarm, newAlarm, type SubscriberPorts } from './ports.ts';
import { type UsageAction, type UsageEvent, type UsageState, usageTable } from './table.ts';
import type { RetryRule, SubscriptionFailure } from './types.ts';

/** What came with a step. */
export interface StepDetail {
  readonly durationS?: number | undefined;
  /** Why it failed. */
  readonly failure?: SubscriptionFailure | undefined;
  /** How it ended, for people. */
  readonly text?: string | undefined;
  readonly retry?: RetryRule | undefined;
}

/** The subscription that a usage is one dialog of. */
export interface UsageOwner {
  readonly requestedS: number;
  sendSubscribe(now: MonoMs, usage: Usage): void;
  sendInDialog(now: MonoMs, usage: Usage, expiresS: number): void;
  onFailed(now: MonoMs, usage: Usage, failure: SubscriptionFailure): void;
  onEnded(now: MonoMs, usage: Usage, event: UsageEvent, detail: StepDetail): void;
}

/** A refresh follows another one, or the NOTIFY that asks for it, no sooner than this. */
const refreshMinMs = 1_000;

/** One dialog usage of a subscription, or the wait for one: the machine of table.ts with its timers. */
export class Usage {
  /** Undefined until the first NOTIFY. */
  dialog: Dialog | undefined;
  /** The SUBSCRIBE under way. */
  exchange: Exchange | undefined;
  /** The entity tag of the last NOTIFY (RFC 5839). */
  entityTag: string | undefined;
  readonly #ports: SubscriberPorts;
  readonly #owner: UsageOwner;
  readonly #timerN = newAlarm((now) => this.step(now, 'timerN', noNotify));
  readonly #refresh = newAlarm((now) => this.step(now, 'refreshDue'));
  readonly #expiry = newAlarm((now) => this.step(now, 'expired', { text: 'not refreshed in time' }));
  readonly #rest = newAlarm((now) => this.step(now, 'retryDue'));
  #state: UsageState = 'init';
  #endsAt: number | undefined;
  #durationS: number | undefined;

  constructor(ports: SubscriberPorts, owner: UsageOwner) {
    this.#ports = ports;
    this.#owner = owner;
  }

  get state(): UsageState {
    return this.#state;
  }

  /** Takes one event: the cell's state first, then its actions in order. */
  step(now: MonoMs, event: UsageEvent, detail: StepDetail = {}): void {
    const cell = usageTable[this.#state][event];
    this.#ports.options.onStep?.({ state: this.#state, event, next: cell?.next });
    if (cell === undefined) return;
    this.#state = cell.next;
    for (const action of cell.actions) this.#perform(now, action, event, detail);
  }

  /** A SUBSCRIBE has left (again): Timer N counts from here (RFC 6665 §4.1.2.4). */
  restartTimerN(now: MonoMs): void {
    if (this.#state === 'terminated') return;
    this.#ports.setAlarm(this.#timerN, after(now, transactionTimeoutMs(this.#ports.options.timers)));
  }

  #perform(now: MonoMs, action: UsageAction, event: UsageEvent, detail: StepDetail): void {
    switch (action) {
      case 'sendSubscribe':
        this.#owner.sendSubscribe(now, this);
        return;
      case 'sendRefresh':
        this.#owner.sendInDialog(now, this, this.#owner.requestedS);
        return;
      case 'sendUnsubscribe':
        this.#ports.clearAlarm(this.#refresh);
        this.#owner.sendInDialog(now, this, 0);
        return;
      case 'startTimerN':
        this.restartTimerN(now);
        return;
      case 'stopTimerN':
        this.#ports.clearAlarm(this.#timerN);
        return;
      case 'noteDuration':
        this.#durationS = detail.durationS;
        return;
      case 'schedule':
        this.#schedule(now, detail.durationS);
        return;
      case 'scheduleRetry':
        if (this.#endsAt !== undefined) this.#refreshIn(now, (this.#endsAt - now) / 2);
        return;
      case 'startRest':
        this.#ports.setAlarm(this.#rest, after(now, restMs(detail.retry)));
        return;
      case 'stop':
        this.#stop();
        return;
      case 'fail':
        this.#owner.onFailed(now, this, detail.failure ?? { kind: 'silent', detail: noNotify.text });
        return;
      case 'end':
        this.#owner.onEnded(now, this, event, detail);
        return;
      default:
        assertNever(action);
    }
  }

  /** The end, from what the notifier said last, and a refresh early enough for it to fail once in silence. */
  #schedule(now: MonoMs, saidS: number | undefined): void {
    if (saidS === undefined && this.#endsAt !== undefined) return;
    const durationMs = (saidS ?? this.#durationS ?? this.#owner.requestedS) * 1_000;
    const marginMs = transactionTimeoutMs(this.#ports.options.timers);
    this.#endsAt = after(now, durationMs);
    this.#ports.setAlarm(this.#expiry, this.#endsAt);
    this.#refreshIn(now, durationMs > 2 * marginMs ? durationMs - marginMs : durationMs / 2);
  }

  #refreshIn(now: MonoMs, waitMs: number): void {
    this.#ports.setAlarm(this.#refresh, after(now, Math.max(refreshMinMs, waitMs)));
  }

  #stop(): void {
    for (const alarm of this.#alarms()) this.#ports.clearAlarm(alarm);
    this.exchange?.abandon();
  }

  #alarms(): readonly Alarm[] {
    return [this.#timerN, this.#refresh, this.#expiry, this.#rest];
  }
}

const noNotify = { text: 'no NOTIFY in time' };

function restMs(retry: RetryRule | undefined): number {
  return retry?.kind === 'after' ? retry.seconds * 1_000 : 0;
}
