import { assert, assertNever, type CodedError, type MonoMs } from '../../base/index.ts';
import type { SipResponse } from '../message/index.ts';
import {
  type ClientEvent,
  type ClientState,
  inviteClientTable,
  nonInviteClientTable,
} from './client-tables.ts';
import type { DeadlineHeap } from './deadline-heap.ts';
import type { Destination } from './flow.ts';
import { writeAck } from './own-requests.ts';
import type { ClientAction } from './table.ts';
import { TimedMachine } from './timed-machine.ts';
import { type TransactionTimers, transactionTimeoutMs } from './timers.ts';
import type { OutgoingRequest } from './types.ts';

/** What a client transaction needs of the layer that holds it. */
export interface ClientPorts<Owner> {
  readonly timers: TransactionTimers;
  readonly heap: DeadlineHeap<TimedMachine<string>>;
  send(transaction: ClientTransaction<Owner>, bytes: Buffer): void;
  passUp(now: MonoMs, transaction: ClientTransaction<Owner>, response: SipResponse): void;
  failed(now: MonoMs, transaction: ClientTransaction<Owner>, error: CodedError | undefined): void;
  ended(now: MonoMs, transaction: ClientTransaction<Owner>): void;
  observe(transaction: ClientTransaction<Owner>, event: ClientEvent, next: ClientState | undefined): void;
}

/** One client transaction: the machine of an INVITE or of another request that we sent (RFC 3261 §17.1). */
export class ClientTransaction<Owner> extends TimedMachine<ClientEvent> {
  /** Whose transaction this is. */
  readonly owner: Owner;
  readonly isInvite: boolean;
  readonly method: string;
  /** The host (no brackets) and port in our Via. */
  readonly sentByHost: string;
  readonly sentByPort: number;
  readonly destination: Destination;
  /** The key in the layer's table. */
  readonly key: string;
  /** The high part of the ids of its sends. */
  readonly serial: number;
  readonly #ports: ClientPorts<Owner>;
  readonly #isReliable: boolean;
  #state: ClientState = 'initial';
  #intervalMs: number;
  #request: OutgoingRequest | undefined;
  #bytes: Buffer | undefined;
  #ack: Buffer | undefined;
  #response: SipResponse | undefined;
  #error: CodedError | undefined;

  constructor(
    ports: ClientPorts<Owner>,
    parts: {
      readonly owner: Owner;
      readonly request: OutgoingRequest;
      readonly bytes: Buffer;
      readonly destination: Destination;
      readonly key: string;
      readonly serial: number;
    },
  ) {
    super();
    this.#ports = ports;
    this.owner = parts.owner;
    this.method = parts.request.method;
    this.sentByHost = parts.request.sentByHost;
    this.sentByPort = parts.request.sentByPort;
    this.#request = parts.request;
    this.#bytes = parts.bytes;
    this.destination = parts.destination;
    this.key = parts.key;
    this.serial = parts.serial;
    this.isInvite = parts.request.method === 'INVITE';
    this.#isReliable = parts.destination.transport !== 'udp';
    this.#intervalMs = ports.timers.t1Ms;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** What was sent; let go once a final response came, since tens of thousands of ended calls wait for their last timer. */
  get request(): OutgoingRequest {
    assert(this.#request !== undefined, 'the request of an answered transaction is gone');
    return this.#request;
  }

  /** Takes one step. Called by the layer. */
  step(now: MonoMs, event: ClientEvent, response?: SipResponse, error?: CodedError): void {
    const table = this.isInvite ? inviteClientTable : nonInviteClientTable;
    const cell = table[this.#state][event];
    this.#ports.observe(this, event, cell?.next);
    if (cell === undefined) return;
    this.#state = cell.next;
    this.#response = response;
    this.#error = error;
    for (const action of cell.actions) this.#run(now, action);
    this.#response = undefined;
    if (cell.next === 'completed' || cell.next === 'accepted') {
      this.#request = undefined;
      this.#bytes = undefined;
    }
    if (cell.next === 'terminated') {
      this.stopTimers();
      this.#ports.ended(now, this);
    }
  }

  protected heap(): DeadlineHeap<TimedMachine<string>> {
    return this.#ports.heap;
  }

  protected onTimer(now: MonoMs, event: ClientEvent): void {
    this.step(now, event);
  }

  #run(now: MonoMs, action: ClientAction): void {
    const { timers } = this.#ports;
    switch (action) {
      case 'sendRequest':
        if (this.#bytes !== undefined) this.#ports.send(this, this.#bytes);
        break;
      case 'acknowledge':
        if (this.#response !== undefined && this.#request !== undefined) {
          this.#ack = writeAck(this.#request, this.#response);
        }
        this.#sendAck();
        break;
      case 'repeatAck':
        this.#sendAck();
        break;
      case 'passUp':
        if (this.#response !== undefined) this.#ports.passUp(now, this, this.#response);
        break;
      case 'failTimeout':
      case 'failTransport':
        this.#ports.failed(now, this, this.#error);
        break;
      case 'startTimerA':
      case 'startTimerE':
        if (!this.#isReliable) this.startRepeat(this.isInvite ? 'timerA' : 'timerE', now + this.#intervalMs);
        break;
      case 'doubleTimerA':
        this.#intervalMs *= 2;
        this.startRepeat('timerA', now + this.#intervalMs);
        break;
      case 'doubleTimerE':
        this.#intervalMs = Math.min(2 * this.#intervalMs, timers.t2Ms);
        this.startRepeat('timerE', now + this.#intervalMs);
        break;
      case 'startTimerEAtT2':
        this.startRepeat('timerE', now + timers.t2Ms);
        break;
      case 'startTimerB':
        this.startEnd('timerB', now + transactionTimeoutMs(timers));
        break;
      case 'startTimerF':
        this.startEnd('timerF', now + transactionTimeoutMs(timers));
        break;
      case 'startTimerM':
        this.startEnd('timerM', now + transactionTimeoutMs(timers));
        break;
      case 'startTimerD':
        this.#linger(now, 'timerD', timers.timerDMs);
        break;
      case 'startTimerK':
        this.#linger(now, 'timerK', timers.t4Ms);
        break;
      case 'stopTimers':
        this.stopTimers();
        break;
      default:
        assertNever(action);
    }
  }

  /** Timers D and K are zero on reliable transports, and fire at once then. */
  #linger(now: MonoMs, event: 'timerD' | 'timerK', durationMs: number): void {
    if (this.#isReliable) this.step(now, event);
    else this.startEnd(event, now + durationMs);
  }

  #sendAck(): void {
    if (this.#ack !== undefined) this.#ports.send(this, this.#ack);
  }
}
