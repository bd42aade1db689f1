import {
  buildRequest,
  buildResponse,
  defaultMessageLimits,
  parseMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/sip/message/index.ts';
import {
  type ClientTransaction,
  type Destination,
  defaultTransactionTimers,
  type EffectId,
  type Flow,
  type ServerTransaction,
  type StepObserver,
  TransactionLayer,
  type TransactionTimers,
  type TransactionUser,
  type Transport,
} from '../../src/sip/transaction/index.ts';
import { ManualClock } from './manual-clock.ts';

export type Client = ClientTransaction<string>;
export type Server = ServerTransaction<string>;
export type Step = Parameters<StepObserver>[0];

/** One transaction layer with a user that writes everything down, and time that only jumps. */
export class TransactionBench implements TransactionUser<string, string> {
  readonly clock = new ManualClock(0);
  readonly layer: TransactionLayer<string, string>;
  readonly steps: Step[] = [];
  /** What happened, one word or a few each, such as `send INVITE`, `response 180`, `timeout`. */
  readonly log: string[] = [];
  readonly sends: { readonly at: number; readonly id: EffectId; readonly bytes: Buffer }[] = [];
  readonly #transport: Transport;

  constructor(transport: Transport = 'udp', timers: TransactionTimers = defaultTransactionTimers) {
    this.#transport = transport;
    this.layer = new TransactionLayer({ timers, user: this, observer: (step) => this.steps.push(step) });
  }

  get flow(): Flow {
    return {
      transport: this.#transport,
      local: { address: '192.0.2.1', port: 5060 },
      remote: { address: '192.0.2.7', port: 5060 },
      connectionId: this.#transport === 'udp' ? undefined : 'c1',
    };
  }

  /** Sends a request through a client transaction. */
  open(method: string): { readonly transaction: Client; readonly request: SipRequest } {
    const transport = this.#transport.toUpperCase();
    const via = `SIP/2.0/${transport} 192.0.2.1:5060;branch=z9hG4bKbench`;
    const request = buildRequest({
      method,
      requestUri: 'sip:psap@example.org',
      headers: [
        ['Via', via],
        ['Max-Forwards', '70'],
        ['Route', '<sip:192.0.2.7;lr>'],
        ['From', '<sip:a@example.org>;tag=a'],
        ['To', '<sip:b@example.org>'],
        ['Call-ID', 'c'],
        ['CSeq', `7 ${method}`],
      ],
    });
    const destination: Destination = { ...this.flow, local: this.flow.local };
    const transaction = this.layer.request(
      this.clock.mono(),
      {
        method,
        requestUri: request.requestUri,
        via,
        branch: 'z9hG4bKbench',
        sentByHost: '192.0.2.1',
        sentByPort: 5060,
        routes: ['<sip:192.0.2.7;lr>'],
        original: request,
      },
      request.bytes,
      destination,
      'client',
    );
    return { transaction, request };
  }

  /** Receives a request and opens its server transaction. */
  accept(method: string): { readonly transaction: Server; readonly request: SipRequest } {
    const request = this.incoming(method);
    const transaction = this.layer.accept(this.clock.mono(), request, this.flow, 'server');
    if (transaction === undefined) throw new Error('no transaction');
    return { transaction, request };
  }

  /** A request as it came from the peer. */
  incoming(method: string, cseqMethod = method): SipRequest {
    return buildRequest({
      method,
      requestUri: 'sip:psap@example.org',
      headers: [
        ['Via', `SIP/2.0/${this.#transport.toUpperCase()} 192.0.2.7:5060;branch=z9hG4bKpeer`],
        ['From', '<sip:a@example.org>;tag=a'],
        ['To', '<sip:b@example.org>'],
        ['Call-ID', 'c'],
        ['CSeq', `7 ${cseqMethod}`],
      ],
    });
  }

  /** Receives a message. */
  receive(message: SipRequest | SipResponse): void {
    this.layer.receive(this.clock.mono(), message, this.flow);
  }

  /** Receives a response to a request that we sent. */
  answer(request: SipRequest, statusCode: number): void {
    this.receive(buildResponse(request, { statusCode, ...(statusCode === 100 ? {} : { toTag: 'b' }) }));
  }

  /** Our user sends a response. */
  reply(transaction: Server, statusCode: number): void {
    const request = this.incoming(transaction.isInvite ? 'INVITE' : 'MESSAGE');
    const { bytes } = buildResponse(request, { statusCode });
    this.layer.respond(this.clock.mono(), transaction, statusCode, bytes);
  }

  /** The transport says that the last send failed. */
  failLastSend(): void {
    const last = this.sends.at(-1);
    if (last === undefined) throw new Error('nothing was sent');
    this.layer.sendFailed(this.clock.mono(), last.id, { code: 'net.refused', message: 'refused' });
  }

  /** Lets time pass, deadline by deadline. */
  wait(durationMs: number): void {
    const until = this.clock.mono() + durationMs;
    for (
      let at = this.layer.nextDeadline();
      at !== undefined && at <= until;
      at = this.layer.nextDeadline()
    ) {
      this.clock.advanceTo(at);
      this.layer.advance(this.clock.mono());
    }
    this.clock.advanceTo(until);
  }

  /** What was written down since the last call. */
  takeLog(): readonly string[] {
    return this.log.splice(0);
  }

  send(id: EffectId, bytes: Buffer): void {
    this.sends.push({ at: this.clock.mono(), id, bytes });
    const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
    if (outcome.kind !== 'message') throw new Error('we sent something that is not SIP');
    const { message } = outcome;
    this.log.push(`send ${message.kind === 'request' ? message.method : message.statusCode}`);
  }

  onRequest(_now: number, request: SipRequest): void {
    this.log.push(`request ${request.method}`);
  }

  onAck(): void {
    this.log.push('ack');
  }

  onResponse(_now: number, _transaction: Client, response: SipResponse): void {
    this.log.push(`response ${response.statusCode}`);
  }

  onClientFailure(_now: number, _transaction: Client, failure: { readonly kind: string }): void {
    this.log.push(failure.kind);
  }

  onServerFailure(_now: number, _transaction: Server, kind: string): void {
    this.log.push(kind);
  }

  onClientEnd(): void {
    this.log.push('end');
  }

  onServerEnd(): void {
    this.log.push('end');
  }

  onUnmatched(_now: number, _message: unknown, _flow: Flow, reason: string): void {
    this.log.push(reason);
  }
}
