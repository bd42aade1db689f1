import { assert, assertNever, type MonoMs } from '../../base/index.ts';
import type { SipRequest } from '../message/index.ts';
import type { DeadlineHeap } from './deadline-heap.ts';
import type { Destination, Flow } from './flow.ts';
import { writeResponse } from './respond.ts';
import {
  inviteServerTable,
  nonInviteServerTable,
  type ServerEvent,
  type ServerState,
} from './server-tables.ts';
import type { ServerAction } from './table.ts';
import { TimedMachine } from './timed-machine.ts';
import { nonInviteTryingMs, type TransactionTimers, transactionTimeoutMs } from './timers.ts';

/** What a server transaction needs of the layer that holds it. */
export interface ServerPorts<Owner> {
  readonly timers: TransactionTimers;
  readonly heap: DeadlineHeap<TimedMachine<string>>;
  send(transaction: ServerTransaction<Owner>, bytes: Buffer): void;
  passAck(now: MonoMs, ack: SipRequest, flow: Flow): void;
  failed(now: MonoMs, transaction: ServerTransaction<Owner>, kind: 'ackMissing' | 'transport'): void;
  ended(now: MonoMs, transaction: ServerTransaction<Owner>): void;
  observe(transaction: ServerTransaction<Owner>, event: ServerEvent, next: ServerState | undefined): void;
}

/** One server transaction: the machine of an INVITE or of another request that we received (RFC 3261 §17.2). */
export class ServerTransaction<Owner> extends TimedMachine<ServerEvent> {
  /** Whose transaction this is. */
  readonly owner: Owner;
  readonly isInvite: boolean;
  readonly flow: Flow;
  /** Where responses go (RFC 3261 §18.2.2, RFC 3581 §4). */
  readonly destination: Destination;
  readonly key: string;
  readonly serial: number;
  readonly #ports: ServerPorts<Owner>;
  readonly #isReliable: boolean;
  #state: ServerState = 'initial';
  #intervalMs: number;
  #request: SipRequest | undefined;
  #stampedVia: string | undefined;
  #lastResponse: Buffer | undefined;
  #ack: { readonly request: SipRequest; readonly flow: Flow } | undefined;

  constructor(
    ports: ServerPorts<Owner>,
    parts: {
      readonly owner: Owner;
      readonly request: SipRequest;
      readonly flow: Flow;
      readonly stampedVia: string | undefined;
      readonly destination: Destination;
      readonly key: string;
      readonly serial: number;
    },
  ) {
    super();
    this.#ports = ports;
    this.owner = parts.owner;
    this.#request = parts.request;
    this.flow = parts.flow;
    this.#stampedVia = parts.stampedVia;
    this.destination = parts.destination;
    this.key = parts.key;
    this.serial = parts.serial;
    this.isInvite = parts.request.method === 'INVITE';
    this.#isReliable = parts.flow.transport !== 'udp';
    this.#intervalMs = ports.timers.t1Ms;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** What came; let go with the final response, since tens of thousands of ended calls wait for their last timer. */
  get request(): SipRequest {
    assert(this.#request !== undefined, 'the request of an answered transaction is gone');
    return this.#request;
  }

  /** The request's top Via with received and rport as RFC 3261 §18.2.1 and RFC 3581 §4 want; undefined: as it came. */
  get stampedVia(): string | undefined {
    return this.#stampedVia;
  }

  /** Takes one step; `response` goes with the user's three events. Called by the layer. */
  step(now: MonoMs, event: ServerEvent, response?: Buffer): void {
    const table = this.isInvite ? inviteServerTable : nonInviteServerTable;
    const cell = table[this.#state][event];
    this.#ports.observe(this, event, cell?.next);
    if (cell === undefined) return;
    this.#state = cell.next;
    if (response !== undefined) this.#lastResponse = response;
    for (const action of cell.actions) this.#run(now, action);
    if (cell.next === 'completed' || cell.next === 'accepted') this.#letGo();
    if (cell.next === 'terminated') {
      this.stopTimers();
      this.#ports.ended(now, this);
    }
  }

  /** An ACK for this INVITE: absorbed, or passed up where the INVITE was accepted. Called by the layer. */
  stepAck(now: MonoMs, ack: SipRequest, flow: Flow): void {
    this.#ack = { request: ack, flow };
    this.step(now, 'ack');
    this.#ack = undefined;
  }

  protected heap(): DeadlineHeap<TimedMachine<string>> {
    return this.#ports.heap;
  }

  protected onTimer(now: MonoMs, event: ServerEvent): void {
    this.step(now, event);
  }

  /** An accepted INVITE repeats nothing by itself (RFC 6026 §8.7). */
  #letGo(): void {
    this.#request = undefined;
    this.#stampedVia = undefined;
    if (this.#state === 'accepted') this.#lastResponse = undefined;
  }

  #run(now: MonoMs, action: ServerAction): void {
    const { timers } = this.#ports;
    switch (action) {
      case 'sendResponse':
      case 'repeatResponse':
        if (this.#lastResponse !== undefined) this.#ports.send(this, this.#lastResponse);
        break;
      case 'sendTrying':
        this.#lastResponse = writeResponse(this.request, this.stampedVia, { statusCode: 100 });
        this.#ports.send(this, this.#lastResponse);
        break;
      case 'passAck':
        if (this.#ack !== undefined) this.#ports.passAck(now, this.#ack.request, this.#ack.flow);
        break;
      case 'tellTransport':
        this.#ports.failed(now, this, 'transport');
        break;
      case 'failAckMissing':
        this.#ports.failed(now, this, 'ackMissing');
        break;
      case 'startTimer100':
        this.startRepeat('timer100', now + (this.isInvite ? timers.tryingMs : nonInviteTryingMs(timers)));
        break;
      case 'startTimerG':
        if (!this.#isReliable) this.startRepeat('timerG', now + this.#intervalMs);
        break;
      case 'doubleTimerG':
        this.#intervalMs = Math.min(2 * this.#intervalMs, timers.t2Ms);
        this.startRepeat('timerG', now + this.#intervalMs);
        break;
      case 'startTimerH':
        this.startEnd('timerH', now + transactionTimeoutMs(timers));
        break;
      case 'startTimerI':
        this.#linger(now, 'timerI', timers.t4Ms);
        break;
      case 'startTimerJ':
        this.#linger(now, 'timerJ', transactionTimeoutMs(timers));
        break;
      case 'startTimerL':
        this.startEnd('timerL', now + transactionTimeoutMs(timers));
        break;
      case 'stopTimers':
        this.stopTimers();
        break;
      default:
        assertNever(action);
    }
  }

  /** Timers I and J are zero on reliable transports, and fire at once then. */
  #linger(now: MonoMs, event: 'timerI' | 'timerJ', durationMs: number): void {
    if (this.#isReliable) this.step(now, event);
    else this.startEnd(event, now + durationMs);
  }
}
