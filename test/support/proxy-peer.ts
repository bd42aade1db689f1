import {
  buildResponse,
  contacts,
  defaultMessageLimits,
  headerValue,
  headerValues,
  parseMessage,
  recordRoutes,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  toHeader,
} from '../../src/sip/message/index.ts';
import type { Destination, Flow, Transport } from '../../src/sip/transaction/index.ts';
import type { ProxyHarness } from './proxy-harness.ts';

/** What a request of a peer may differ in. */
export interface RequestParts {
  readonly method?: string;
  readonly requestUri?: string;
  readonly branch?: string;
  readonly via?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly fromTag?: string;
  readonly to?: string;
  readonly routes?: readonly string[];
  readonly maxForwards?: number | null;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** What a response of a peer may differ in. */
export interface ResponseParts {
  readonly toTag?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly reasonPhrase?: string;
}

/** Somebody who talks to the proxy, by hand. */
export class Peer {
  readonly inbox: SipMessage[] = [];
  readonly #harness: ProxyHarness;
  readonly #address: string;
  readonly #port: number;
  readonly #transport: Transport;
  #branches = 0;

  constructor(harness: ProxyHarness, address: string, port: number, transport: Transport) {
    this.#harness = harness;
    this.#address = address;
    this.#port = port;
    this.#transport = transport;
  }

  /** `host:port` as it stands in URIs. */
  get place(): string {
    const host = this.#address.includes(':') ? `[${this.#address}]` : this.#address;
    return `${host}:${this.#port}`;
  }

  get contact(): string {
    const transport = this.#transport === 'udp' ? '' : `;transport=${this.#transport}`;
    return `<sip:peer@${this.place}${transport}>`;
  }

  get flow(): Flow {
    const isIpv6 = this.#address.includes(':');
    const own = this.#harness.listeners.find(
      (each) => each.transport === this.#transport && each.local.address.includes(':') === isIpv6,
    );
    if (own === undefined) throw new Error('no such listener');
    return {
      transport: this.#transport,
      local: own.local,
      remote: { address: this.#address, port: this.#port },
      connectionId: this.#connectionId,
    };
  }

  isAt(destination: Destination): boolean {
    if (destination.transport !== this.#transport) return false;
    if (destination.connectionId !== undefined) return destination.connectionId === this.#connectionId;
    return destination.remote.address === this.#address && destination.remote.port === this.#port;
  }

  /** Sends bytes as they are. */
  send(text: string | Buffer): SipMessage {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
    const message = parse(bytes, this.#transport);
    this.#harness.input({ kind: 'message', message, flow: this.flow });
    return message;
  }

  /** Sends a request. */
  request(parts: RequestParts = {}): SipRequest {
    const message = this.send(this.requestText(parts));
    if (message.kind !== 'request') throw new Error('not a request');
    return message;
  }

  /** The text of a request. */
  requestText(parts: RequestParts = {}): string {
    const method = parts.method ?? 'INVITE';
    this.#branches += 1;
    const branch = parts.branch ?? `z9hG4bKpeer${this.#port}x${this.#branches}`;
    const via = parts.via ?? `SIP/2.0/${this.#transport.toUpperCase()} ${this.place};branch=${branch};rport`;
    const body = parts.body ?? '';
    const lines = [
      `${method} ${parts.requestUri ?? 'urn:service:sos'} SIP/2.0`,
      `Via: ${via}`,
      ...(parts.maxForwards === null ? [] : [`Max-Forwards: ${parts.maxForwards ?? 70}`]),
      ...(parts.routes ?? []).map((route) => `Route: ${route}`),
      `From: <sip:caller@example.net>;tag=${parts.fromTag ?? 'caller'}`,
      `To: ${parts.to ?? '<urn:service:sos>'}`,
      `Call-ID: ${parts.callId ?? 'call-1'}`,
      `CSeq: ${parts.cseq ?? 1} ${method}`,
      `Contact: ${this.contact}`,
      ...(parts.headers ?? []),
      `Content-Length: ${body.length}`,
    ];
    return `${lines.join('\r\n')}\r\n\r\n${body}`;
  }

  /** Sends a response to a request that this peer took. */
  respond(request: SipRequest, statusCode: number, parts: ResponseParts = {}): SipResponse {
    const recorded = headerValues(request, 'record-route').map((value) => ['Record-Route', value] as const);
    const isDialog = statusCode > 100 && statusCode < 300;
    const response = buildResponse(request, {
      statusCode,
      ...(parts.reasonPhrase === undefined ? {} : { reasonPhrase: parts.reasonPhrase }),
      ...(statusCode === 100 ? {} : { toTag: parts.toTag ?? `tag${this.#port}` }),
      headers: [
        ...(isDialog ? [...recorded, ['Contact', this.contact] as const] : []),
        ...(parts.headers ?? []),
      ],
    });
    this.send(response.bytes);
    return response;
  }

  /** The ACK for a refusal of a request that this peer sent. */
  ackRefusal(request: SipRequest, response: SipResponse): void {
    const to = headerValue(response, 'to') ?? '';
    const text = request.head;
    const ack = text
      .replace(/^INVITE /, 'ACK ')
      .replace(/CSeq: (\d+) INVITE/, 'CSeq: $1 ACK')
      .replace(/^To: .*$/m, `To: ${to}`)
      .replace(/Content-Length: \d+/, 'Content-Length: 0');
    this.send(ack);
  }

  /** A CANCEL of a request that this peer sent. */
  cancel(request: SipRequest, headers: readonly string[] = []): void {
    const text = request.head;
    const more = headers.map((line) => `${line}\r\n`).join('');
    this.send(
      text
        .replace(/^INVITE /, 'CANCEL ')
        .replace(/CSeq: (\d+) INVITE/, 'CSeq: $1 CANCEL')
        .replace(/Content-Length: \d+/, `${more}Content-Length: 0`),
    );
  }

  /** A request within the dialog that a response to an INVITE of this peer made. */
  inDialog(method: string, response: SipResponse, parts: RequestParts = {}): SipRequest {
    const routes = recordRoutes(response);
    const contact = contacts(response);
    const target = contact.ok ? contact.value[0]?.uriText : undefined;
    return this.request({
      method,
      requestUri: target ?? 'sip:nobody@invalid',
      routes: routes.ok ? routes.value.map((route) => route.raw).reverse() : [],
      to: headerValue(response, 'to') ?? '',
      cseq: method === 'ACK' ? 1 : 2,
      ...parts,
    });
  }

  /** A request from the called side, within the dialog of an INVITE that this peer answered. */
  inDialogBack(
    method: string,
    invite: SipRequest,
    response: SipResponse,
    parts: RequestParts = {},
  ): SipRequest {
    const routes = recordRoutes(invite);
    const contact = contacts(invite);
    const target = contact.ok ? contact.value[0]?.uriText : undefined;
    const text = this.requestText({
      method,
      requestUri: target ?? 'sip:nobody@invalid',
      routes: routes.ok ? routes.value.map((route) => route.raw) : [],
      to: headerValue(invite, 'from') ?? '',
      cseq: 1,
      ...parts,
    }).replace(/^From: .*$/m, `From: ${headerValue(response, 'to')}`);
    const message = this.send(text);
    if (message.kind !== 'request') throw new Error('not a request');
    return message;
  }

  /** The next message that came, which must be a request of this method. */
  takeRequest(method: string): SipRequest {
    const message = this.inbox.shift();
    if (message?.kind !== 'request' || message.method !== method) {
      throw new Error(`expected ${method}, got ${describe(message)}`);
    }
    return message;
  }

  /** The next message that came, which must be a response of this status. */
  takeResponse(statusCode: number): SipResponse {
    const message = this.inbox.shift();
    if (message?.kind !== 'response' || message.statusCode !== statusCode) {
      throw new Error(`expected ${statusCode}, got ${describe(message)}`);
    }
    return message;
  }

  /** What lies in the inbox, in words. */
  get waiting(): readonly string[] {
    return this.inbox.map(describe);
  }

  get #connectionId(): string | undefined {
    return this.#transport === 'udp' ? undefined : `connection-${this.place}`;
  }
}

/** A message in a word: method or status. */
export function describe(message: SipMessage | undefined): string {
  if (message === undefined) return 'nothing';
  return message.kind === 'request' ? message.method : `${message.statusCode}`;
}

/** The tag of To. */
export function toTagOf(message: SipMessage): string | undefined {
  const to = toHeader(message);
  return to.ok ? to.value.tag : undefined;
}

/** Reads bytes as a peer would. */
export function parse(bytes: Buffer, transport: Transport): SipMessage {
  const outcome = parseMessage(bytes, {
    framing: transport === 'udp' ? 'datagram' : 'stream',
    limits: defaultMessageLimits,
  });
  if (outcome.kind !== 'message') throw new Error(`not SIP: ${outcome.error.message}`);
  return outcome.message;
}
