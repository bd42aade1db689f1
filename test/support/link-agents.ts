import type { MonoMs } from '../../src/base/index.ts';
import {
  buildRequest,
  contacts,
  headerValue,
  headerValues,
  recordRoutes,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/sip/message/index.ts';
import {
  type ClientTransaction,
  type Destination,
  defaultTransactionTimers,
  type Endpoint,
  type Flow,
  type ServerTransaction,
  TransactionLayer,
  type TransactionUser,
  writeResponse,
} from '../../src/sip/transaction/index.ts';
import type { LinkSimulation, Station } from './link-simulation.ts';

/** What a called station does with a call. */
export interface Behaviour {
  /** Provisional responses before the final one. */
  readonly ringings: number;
  /** Undefined: it never ends by itself. */
  readonly finalStatus: number | undefined;
  readonly pauseMs: number;
  /** It does not hear anything at all. */
  readonly isDead: boolean;
  /** Where a 3xx of it leads. */
  readonly contact?: string | undefined;
}

interface Call {
  readonly request: SipRequest;
  readonly transaction: ServerTransaction<Callee>;
  answer: Buffer | undefined;
  isAcknowledged: boolean;
  isOver: boolean;
}

/** A simple called user agent, with real server transactions. */
export class Callee implements Station, TransactionUser<Callee, Callee> {
  readonly place: Endpoint;
  readonly layer: TransactionLayer<Callee, Callee>;
  readonly #link: LinkSimulation;
  readonly #behave: () => Behaviour;
  readonly #calls: Call[] = [];

  constructor(link: LinkSimulation, place: Endpoint, behave: () => Behaviour) {
    this.place = place;
    this.#link = link;
    this.#behave = behave;
    this.layer = new TransactionLayer({ timers: defaultTransactionTimers, user: this });
    link.join(this);
  }

  /** How many INVITEs it heard. */
  get callCount(): number {
    return this.#calls.length;
  }

  receive(now: MonoMs, message: SipMessage, flow: Flow): void {
    this.layer.receive(now, message, flow);
  }

  advance(now: MonoMs): void {
    this.layer.advance(now);
  }

  nextDeadline(): number | undefined {
    return this.layer.nextDeadline();
  }

  send(_id: unknown, bytes: Buffer, destination: Destination): void {
    this.#link.carry(this.place, bytes, destination.remote);
  }

  onRequest(now: MonoMs, request: SipRequest, flow: Flow): void {
    if (request.method === 'CANCEL') {
      const invite = this.layer.cancelled(request);
      const transaction = this.layer.accept(now, request, flow, this);
      if (transaction !== undefined) {
        this.layer.reply(now, transaction, { statusCode: invite === undefined ? 481 : 200, toTag: 'c' });
      }
      const call = this.#calls.find((each) => each.transaction === invite);
      if (call !== undefined) this.#finish(now, call, 487);
      return;
    }
    if (request.method !== 'INVITE') {
      const transaction = this.layer.accept(now, request, flow, this);
      if (transaction !== undefined) this.layer.reply(now, transaction, { statusCode: 200, toTag: 'c' });
      return;
    }
    const behaviour = this.#behave();
    if (behaviour.isDead) return;
    const transaction = this.layer.accept(now, request, flow, this);
    if (transaction === undefined) return;
    this.layer.deferTrying(now, transaction);
    const call: Call = { request, transaction, answer: undefined, isAcknowledged: false, isOver: false };
    this.#calls.push(call);
    this.#ring(call, behaviour, behaviour.ringings);
  }

  onAck(_now: MonoMs, ack: SipRequest): void {
    const callId = headerValue(ack, 'call-id');
    for (const call of this.#calls) {
      if (call.answer !== undefined && headerValue(call.request, 'call-id') === callId)
        call.isAcknowledged = true;
    }
  }

  onResponse(): void {}
  onClientFailure(): void {}
  onServerFailure(): void {}
  onClientEnd(): void {}
  onServerEnd(): void {}
  onUnmatched(): void {}

  #ring(call: Call, behaviour: Behaviour, left: number): void {
    this.#link.at(this.#link.now + behaviour.pauseMs, (now) => {
      if (call.isOver) return;
      if (left > 0) {
        this.layer.reply(now, call.transaction, { statusCode: 180, toTag: `t${this.place.address}` });
        this.#ring(call, behaviour, left - 1);
      } else if (behaviour.finalStatus !== undefined) this.#finish(now, call, behaviour.finalStatus);
    });
  }

  #finish(now: MonoMs, call: Call, statusCode: number): void {
    if (call.isOver) return;
    call.isOver = true;
    const { request } = call;
    const headers = [
      ...headerValues(request, 'record-route').map((value) => ({ name: 'Record-Route', value })),
      { name: 'Contact', value: `<sip:callee@${this.place.address}:${this.place.port}>` },
    ];
    const toTag = `t${this.place.address}`;
    if (statusCode >= 300) {
      const contact = statusCode < 400 ? this.#behave().contact : undefined;
      const named = contact === undefined ? [] : [{ name: 'Contact', value: contact }];
      this.layer.reply(now, call.transaction, { statusCode, toTag, headers: named });
      return;
    }
    const bytes = writeResponse(request, call.transaction.stampedVia, { statusCode, toTag, headers });
    call.answer = bytes;
    this.layer.respond(now, call.transaction, statusCode, bytes);
    this.#repeat(call, bytes, 500, now + 32_000);
  }

  /** RFC 3261 §13.3.1.4: the 200 is repeated until its ACK comes. */
  #repeat(call: Call, bytes: Buffer, intervalMs: number, endsAt: number): void {
    this.#link.at(this.#link.now + intervalMs, (now) => {
      if (call.isAcknowledged || now >= endsAt) return;
      this.layer.respond(now, call.transaction, 200, bytes);
      this.#repeat(call, bytes, Math.min(2 * intervalMs, 4000), endsAt);
    });
  }
}

/** One call of a caller: what it was told. */
export interface PlacedCall {
  readonly callId: string;
  readonly finals: number[];
  heardAnything: boolean;
  timedOut: boolean;
  wantsCancel: boolean;
}

/** A simple calling user agent, with real client transactions. */
export class Caller implements Station, TransactionUser<PlacedCall, Caller> {
  readonly place: Endpoint;
  readonly layer: TransactionLayer<PlacedCall, Caller>;
  readonly calls: PlacedCall[] = [];
  readonly #link: LinkSimulation;
  readonly #proxy: Endpoint;
  readonly #sent = new Map<
    PlacedCall,
    { readonly client: ClientTransaction<PlacedCall>; readonly invite: SipRequest }
  >();

  constructor(link: LinkSimulation, place: Endpoint, proxy: Endpoint) {
    this.place = place;
    this.#link = link;
    this.#proxy = proxy;
    this.layer = new TransactionLayer({ timers: defaultTransactionTimers, user: this });
    link.join(this);
  }

  /** Places a call, and cancels it after a while where that is asked for. */
  placeCall(now: MonoMs, cancelAfterMs: number | undefined): void {
    const call: PlacedCall = {
      callId: this.#link.random.token(12),
      finals: [],
      heardAnything: false,
      timedOut: false,
      wantsCancel: false,
    };
    this.calls.push(call);
    const { client, request } = this.#request(
      now,
      call,
      'INVITE',
      'urn:service:sos',
      '<urn:service:sos>',
      [],
    );
    this.#sent.set(call, { client, invite: request });
    if (cancelAfterMs === undefined) return;
    this.#link.at(now + cancelAfterMs, (later) => {
      call.wantsCancel = true;
      this.layer.cancel(later, client, call);
    });
  }

  receive(now: MonoMs, message: SipMessage, flow: Flow): void {
    this.layer.receive(now, message, flow);
  }

  advance(now: MonoMs): void {
    this.layer.advance(now);
  }

  nextDeadline(): number | undefined {
    return this.layer.nextDeadline();
  }

  send(_id: unknown, bytes: Buffer, destination: Destination): void {
    this.#link.carry(this.place, bytes, destination.remote);
  }

  onRequest(now: MonoMs, request: SipRequest, flow: Flow): void {
    const transaction = this.layer.accept(now, request, flow, this);
    if (transaction !== undefined) this.layer.reply(now, transaction, { statusCode: 200, toTag: 'c' });
  }

  onAck(): void {}

  onResponse(now: MonoMs, transaction: ClientTransaction<PlacedCall>, response: SipResponse): void {
    const call = transaction.owner;
    if (!transaction.isInvite) return;
    call.heardAnything = true;
    const sent = this.#sent.get(call);
    if (response.statusCode < 200) {
      if (call.wantsCancel && sent !== undefined) this.layer.cancel(now, sent.client, call);
      return;
    }
    call.finals.push(response.statusCode);
    if (response.statusCode >= 300) return;
    const isFirst = call.finals.length === 1;
    this.#inDialog(now, call, 'ACK', response);
    if (isFirst) this.#link.at(now + 5000, (later) => this.#inDialog(later, call, 'BYE', response));
  }

  onClientFailure(_now: MonoMs, transaction: ClientTransaction<PlacedCall>): void {
    if (transaction.isInvite) transaction.owner.timedOut = true;
  }

  onServerFailure(): void {}
  onClientEnd(): void {}
  onServerEnd(): void {}
  onUnmatched(): void {}

  #inDialog(now: MonoMs, call: PlacedCall, method: string, answer: SipResponse): void {
    const recorded = recordRoutes(answer);
    const contact = contacts(answer);
    const target = (contact.ok ? contact.value[0]?.uriText : undefined) ?? 'sip:nobody@invalid';
    const routes = recorded.ok ? recorded.value.map((route) => route.raw).reverse() : [];
    const to = headerValue(answer, 'to') ?? '';
    if (method !== 'ACK') {
      this.#request(now, call, method, target, to, routes);
      return;
    }
    const { bytes } = this.#build(call, method, target, to, routes, this.#link.random.token(12));
    this.#link.carry(this.place, bytes, this.#proxy);
  }

  #request(
    now: MonoMs,
    call: PlacedCall,
    method: string,
    uri: string,
    to: string,
    routes: readonly string[],
  ) {
    const token = this.#link.random.token(12);
    const request = this.#build(call, method, uri, to, routes, token);
    const client = this.layer.request(
      now,
      {
        method,
        requestUri: uri,
        via: headerValue(request, 'via') ?? '',
        branch: `z9hG4bK${token}`,
        sentByHost: this.place.address,
        sentByPort: this.place.port,
        routes,
        original: request,
      },
      request.bytes,
      { transport: 'udp', remote: this.#proxy, connectionId: undefined, local: this.place },
      call,
    );
    return { client, request };
  }

  #build(
    call: PlacedCall,
    method: string,
    uri: string,
    to: string,
    routes: readonly string[],
    token: string,
  ): SipRequest {
    const { address, port } = this.place;
    return buildRequest({
      method,
      requestUri: uri,
      headers: [
        ['Via', `SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${token};rport`],
        ['Max-Forwards', '70'],
        ...routes.map((route) => ['Route', route] as const),
        ['From', '<sip:caller@example.net>;tag=f'],
        ['To', to],
        ['Call-ID', call.callId],
        ['CSeq', `${method === 'BYE' ? 2 : 1} ${method}`],
        ['Contact', `<sip:caller@${address}:${port}>`],
      ],
    });
  }
}
