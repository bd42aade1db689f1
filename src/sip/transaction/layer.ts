import { type CodedError, type MonoMs, monoMs } from '../../base/index.ts';
import { cseq, type SipMessage, type SipRequest, type SipResponse, topVia } from '../message/index.ts';
import { type ClientPorts, ClientTransaction } from './client-transaction.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import type { Destination, Flow } from './flow.ts';
import { clientKey, serverKey } from './keys.ts';
import { writeCancel } from './own-requests.ts';
import { writeResponse } from './respond.ts';
import { type ServerPorts, ServerTransaction } from './server-transaction.ts';
import type { TimedMachine } from './timed-machine.ts';
import type { TransactionTimers } from './timers.ts';
import type { EffectId, OutgoingRequest, ResponseSpec, StepObserver, TransactionUser } from './types.ts';
import { bareHost, defaultPort, responseDestination, stampVia } from './via.ts';

/**
 * What a CANCEL may be about. It does not say, and only an INVITE should get one (RFC 3261 §9.1): methods that are not here
 * are not looked for.
 */
const cancellable = [
  ...['INVITE', 'MESSAGE', 'OPTIONS', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REFER', 'REGISTER'],
  ...['INFO', 'UPDATE', 'PRACK', 'BYE'],
];

/** Sends of one transaction have ids that differ in the low byte only. */
const idsPerSerial = 256;

/**
 * All transactions of one core: finds the one that a message belongs to, steps its machine, and keeps every timer in one
 * heap. Time comes in with each call; bytes leave through `user.send`.
 */
export class TransactionLayer<ClientOwner, ServerOwner> {
  readonly #user: TransactionUser<ClientOwner, ServerOwner>;
  readonly #heap = new DeadlineHeap<TimedMachine<string>>();
  readonly #clients = new Map<string, ClientTransaction<ClientOwner>>();
  readonly #servers = new Map<string, ServerTransaction<ServerOwner>>();
  readonly #bySerial = new Map<number, ClientTransaction<ClientOwner> | ServerTransaction<ServerOwner>>();
  readonly #clientPorts: ClientPorts<ClientOwner>;
  readonly #serverPorts: ServerPorts<ServerOwner>;
  #nextSerial = 1;
  #sends = 0;

  constructor(options: {
    readonly timers: TransactionTimers;
    readonly user: TransactionUser<ClientOwner, ServerOwner>;
    readonly observer?: StepObserver;
  }) {
    this.#user = options.user;
    this.#clientPorts = this.#makeClientPorts(options.timers, options.observer);
    this.#serverPorts = this.#makeServerPorts(options.timers, options.observer);
  }

  /** How many transactions are open. */
  get size(): number {
    return this.#clients.size + this.#servers.size;
  }

  /** What is open, by kind: all zero once the last timer of the last transaction has fired. */
  counts(): { readonly clients: number; readonly servers: number; readonly timers: number } {
    return { clients: this.#clients.size, servers: this.#servers.size, timers: this.#heap.size };
  }

  /** A fresh effect id for a question, or for a send outside of any transaction. */
  newId(): EffectId {
    return this.#idOf(this.#takeSerial(), 0);
  }

  /** Takes a message from the transport. */
  receive(now: MonoMs, message: SipMessage, flow: Flow): void {
    if (message.kind === 'request') this.#receiveRequest(now, message, flow);
    else this.#receiveResponse(now, message, flow);
  }

  /** Opens a server transaction for a request that `onRequest` gave; undefined where its top Via cannot be read. */
  accept(
    now: MonoMs,
    request: SipRequest,
    flow: Flow,
    owner: ServerOwner,
  ): ServerTransaction<ServerOwner> | undefined {
    const via = topVia(request);
    if (!via.ok) return undefined;
    const transaction = new ServerTransaction<ServerOwner>(this.#serverPorts, {
      owner,
      request,
      flow,
      stampedVia: stampVia(via.value, flow),
      destination: responseDestination(via.value, flow),
      key: serverKey(request, via.value),
      serial: this.#takeSerial(),
    });
    this.#servers.set(transaction.key, transaction);
    this.#bySerial.set(transaction.serial, transaction);
    transaction.step(now, 'accept');
    return transaction;
  }

  /** Lets the layer send a 100 to an INVITE when nothing else was sent within 200 ms (RFC 3261 §17.2.1). */
  deferTrying(now: MonoMs, transaction: ServerTransaction<ServerOwner>): void {
    transaction.step(now, 'deferTrying');
  }

  /** Sends a response as it is given: its Via values are those of the request, the top one as stamped. */
  respond(now: MonoMs, transaction: ServerTransaction<ServerOwner>, statusCode: number, bytes: Buffer): void {
    const event = statusCode < 200 ? 'provisional' : statusCode < 300 ? 'success' : 'failure';
    transaction.step(now, event, bytes);
  }

  /** Sends a response of our own to the transaction's request. */
  reply(now: MonoMs, transaction: ServerTransaction<ServerOwner>, spec: ResponseSpec): void {
    const bytes = writeResponse(transaction.request, transaction.stampedVia, spec);
    this.respond(now, transaction, spec.statusCode, bytes);
  }

  /** Says that a non-INVITE request will get no final response (RFC 4320 §4.2). */
  abandon(now: MonoMs, transaction: ServerTransaction<ServerOwner>): void {
    transaction.step(now, 'abandon');
  }

  /** The transaction that a CANCEL means (RFC 3261 §9.2): an INVITE's, else one that it has no effect on. */
  cancelled(cancel: SipRequest): ServerTransaction<ServerOwner> | undefined {
    const via = topVia(cancel);
    if (!via.ok) return undefined;
    for (const method of cancellable) {
      const transaction = this.#servers.get(serverKey(cancel, via.value, method));
      if (transaction !== undefined) return transaction;
    }
    return undefined;
  }

  /** Sends a request through a new client transaction. `bytes` belong to the layer from now on. */
  request(
    now: MonoMs,
    request: OutgoingRequest,
    bytes: Buffer,
    destination: Destination,
    owner: ClientOwner,
  ): ClientTransaction<ClientOwner> {
    const transaction = new ClientTransaction<ClientOwner>(this.#clientPorts, {
      owner,
      request,
      bytes,
      destination,
      key: clientKey(request.branch, request.method),
      serial: this.#takeSerial(),
    });
    this.#clients.set(transaction.key, transaction);
    this.#bySerial.set(transaction.serial, transaction);
    transaction.step(now, 'start');
    return transaction;
  }

  /**
   * Sends the CANCEL of an INVITE that has a provisional response and no final one (RFC 3261 §9.1), and gives the
   * INVITE 64*T1 to end; undefined in any other state. `headerLines` are whole lines to carry on.
   */
  cancel(
    now: MonoMs,
    transaction: ClientTransaction<ClientOwner>,
    owner: ClientOwner,
    headerLines?: string,
  ): ClientTransaction<ClientOwner> | undefined {
    if (!transaction.isInvite || transaction.state !== 'proceeding') return undefined;
    const { request } = transaction;
    transaction.step(now, 'cancelSent');
    return this.request(
      now,
      { ...request, method: 'CANCEL' },
      writeCancel(request, headerLines),
      transaction.destination,
      owner,
    );
  }

  /** Takes the transport's word that a send failed; false where the transaction of that send is gone. */
  sendFailed(now: MonoMs, id: EffectId, error: CodedError): boolean {
    const transaction = this.#bySerial.get(Math.floor(id / idsPerSerial));
    if (transaction === undefined) return false;
    if (transaction instanceof ClientTransaction) {
      transaction.step(now, 'transportError', undefined, error);
    } else transaction.step(now, 'transportError');
    return true;
  }

  /** Lets every timer fire that is due by `dueBy`, in order. */
  advance(now: MonoMs, dueBy: MonoMs = now): void {
    for (;;) {
      const first = this.#heap.peek();
      if (first === undefined || first.dueAt > dueBy) return;
      first.fireDue(now);
    }
  }

  /** When `advance` has something to do next. */
  nextDeadline(): MonoMs | undefined {
    const first = this.#heap.peek();
    return first === undefined ? undefined : monoMs(first.dueAt);
  }

  #receiveRequest(now: MonoMs, request: SipRequest, flow: Flow): void {
    const via = topVia(request);
    if (!via.ok) {
      this.#user.onUnmatched(now, request, flow, 'malformed via');
      return;
    }
    const transaction = this.#servers.get(serverKey(request, via.value));
    if (request.method === 'ACK') {
      if (transaction === undefined) this.#user.onAck(now, request, flow);
      else transaction.stepAck(now, request, flow);
    } else if (transaction === undefined) this.#user.onRequest(now, request, flow);
    else transaction.step(now, 'request');
  }

  #receiveResponse(now: MonoMs, response: SipResponse, flow: Flow): void {
    const via = topVia(response);
    if (!via.ok) {
      this.#user.onUnmatched(now, response, flow, 'malformed via');
      return;
    }
    const sequence = cseq(response);
    if (!sequence.ok) {
      this.#user.onUnmatched(now, response, flow, 'malformed cseq');
      return;
    }
    const transaction = this.#clients.get(clientKey(via.value.branch ?? '', sequence.value.method));
    if (transaction === undefined) {
      this.#user.onUnmatched(now, response, flow, 'no transaction');
      return;
    }
    const port = via.value.port ?? defaultPort(transaction.destination.transport);
    const isOurs =
      port === transaction.sentByPort &&
      bareHost(via.value.host).toLowerCase() === transaction.sentByHost.toLowerCase();
    if (!isOurs) {
      this.#user.onUnmatched(now, response, flow, 'foreign via');
      return;
    }
    const { statusCode } = response;
    const event = statusCode < 200 ? 'provisional' : statusCode < 300 ? 'success' : 'failure';
    transaction.step(now, event, response);
  }

  #takeSerial(): number {
    const serial = this.#nextSerial;
    this.#nextSerial += 1;
    return serial;
  }

  #idOf(serial: number, ordinal: number): EffectId {
    return (serial * idsPerSerial + (ordinal % idsPerSerial)) as EffectId;
  }

  #send(serial: number, bytes: Buffer, destination: Destination): void {
    this.#sends += 1;
    this.#user.send(this.#idOf(serial, this.#sends), bytes, destination);
  }

  #makeClientPorts(timers: TransactionTimers, observer: StepObserver | undefined): ClientPorts<ClientOwner> {
    const user = this.#user;
    return {
      timers,
      heap: this.#heap,
      send: (transaction, bytes) => this.#send(transaction.serial, bytes, transaction.destination),
      passUp: (now, transaction, response) => user.onResponse(now, transaction, response),
      failed: (now, transaction, error) =>
        user.onClientFailure(
          now,
          transaction,
          error === undefined ? { kind: 'timeout' } : { kind: 'transport', error },
        ),
      ended: (now, transaction) => {
        this.#clients.delete(transaction.key);
        this.#bySerial.delete(transaction.serial);
        user.onClientEnd(now, transaction);
      },
      observe: (transaction, event, next) => {
        if (observer === undefined) return;
        const machine = transaction.isInvite ? 'inviteClient' : 'nonInviteClient';
        observer({ machine, state: transaction.state, event, next });
      },
    };
  }

  #makeServerPorts(timers: TransactionTimers, observer: StepObserver | undefined): ServerPorts<ServerOwner> {
    const user = this.#user;
    return {
      timers,
      heap: this.#heap,
      send: (transaction, bytes) => this.#send(transaction.serial, bytes, transaction.destination),
      passAck: (now, ack, flow) => user.onAck(now, ack, flow),
      failed: (now, transaction, kind) => user.onServerFailure(now, transaction, kind),
      ended: (now, transaction) => {
        this.#servers.delete(transaction.key);
        this.#bySerial.delete(transaction.serial);
        user.onServerEnd(now, transaction);
      },
      observe: (transaction, event, next) => {
        if (observer === undefined) return;
        const machine = transaction.isInvite ? 'inviteServer' : 'nonInviteServer';
        observer({ machine, state: transaction.state, event, next });
      },
    };
  }
}
