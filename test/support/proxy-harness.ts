import { isIP } from 'node:net';
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
import {
  defaultProxyLimits,
  defaultProxyTimers,
  type EffectId,
  type HealthVerdict,
  ProxyCore,
  type ProxyCoreOptions,
  type ProxyCounts,
  type ProxyEffect,
  type ProxyEvent,
  type ProxyInput,
  type ProxyTarget,
  type RequestDecision,
  type ResolveQuery,
} from '../../src/sip/proxy/index.ts';
import type { Destination, Flow, Listener, Transport } from '../../src/sip/transaction/index.ts';
import { HeaderGuard } from './header-guard.ts';
import { ManualClock, SeededRandom } from './manual-clock.ts';

/** The proxy's listeners in tests: UDP and TCP, both families. */
export const testListeners: readonly [Listener, ...Listener[]] = [
  listener('udp', '192.0.2.1'),
  listener('tcp', '192.0.2.1'),
  listener('udp', '2001:db8::1'),
  listener('tcp', '2001:db8::1'),
];

function listener(transport: Transport, address: string): Listener {
  return {
    transport,
    local: { address, port: 5060 },
    announced: { host: address, port: 5060 },
    ingress: 'test',
  };
}

/** What `drain` gives when nothing was left behind. */
export const nothingOpen: ProxyCounts = {
  clientTransactions: 0,
  serverTransactions: 0,
  contexts: 0,
  questions: 0,
  deadlines: 0,
  dialogs: 0,
};

/** A decision to forward to these places (URIs, or whole targets), in order. */
export function forwardTo(
  places: readonly (string | Partial<ProxyTarget> | undefined)[],
  more: Partial<Extract<RequestDecision, { kind: 'forward' }>> = {},
): RequestDecision {
  const [first, ...rest] = places.map((place, index): ProxyTarget => {
    const base = { label: `target${index + 1}`, routeUri: undefined, timeoutMs: 60_000 };
    return typeof place === 'string' ? { ...base, routeUri: place } : { ...base, ...place };
  });
  if (first === undefined) throw new Error('a decision has a target');
  return {
    kind: 'forward',
    targets: [first, ...rest],
    requestUri: undefined,
    edits: [],
    failover: 'all',
    recordRoute: true,
    ...more,
  };
}

export interface Sent {
  readonly at: number;
  readonly id: EffectId;
  readonly bytes: Buffer;
  readonly destination: Destination;
}

/** The proxy core with peers around it, a link without delay, and time that only jumps. */
export class ProxyHarness {
  readonly clock = new ManualClock();
  readonly random = new SeededRandom(1);
  readonly core: ProxyCore;
  readonly listeners: readonly Listener[];
  readonly events: ProxyEvent[] = [];
  readonly sent: Sent[] = [];
  /** Questions asked and not answered yet, and those taken back. */
  readonly questions = new Map<EffectId, Extract<ProxyEffect, { kind: 'decide' | 'resolve' }>>();
  readonly forgotten: EffectId[] = [];
  /** What was said of addresses, in order. */
  readonly health: (readonly [place: string, verdict: HealthVerdict, retryAfterS?: number])[] = [];
  /** Answers `decide` at once; undefined leaves the question open. */
  decide: ((request: SipRequest, flow: Flow) => RequestDecision | undefined) | undefined;
  /** Addresses of names; a name that is missing leaves the question open, an empty list fails it. */
  readonly names = new Map<string, readonly string[]>();
  /** Answers a question for addresses in place of `names`; undefined leaves it to them. */
  resolve: ((query: ResolveQuery) => readonly Destination[] | undefined) | undefined;
  /** `address:port` places that refuse every send. */
  readonly broken = new Set<string>();
  /** Overlooks what the guard found, where a document lets a proxy do that in this one case. */
  mayDo: (violation: string) => boolean = () => false;
  /** Says which deliveries get lost; by default none. */
  lose: (message: SipMessage) => boolean = () => false;
  /** Every message that the proxy passes on is held against the one that came; decided edits are allowed. */
  readonly guard = new HeaderGuard((key) => this.#orderedKeys.has(key));
  readonly #orderedKeys = new Set<string>();
  readonly #peers: Peer[] = [];
  #isRunning = false;
  readonly #queue: ProxyInput[] = [];

  constructor(options: Partial<ProxyCoreOptions> = {}) {
    this.listeners = options.listeners ?? testListeners;
    this.core = new ProxyCore({
      listeners: testListeners,
      random: this.random,
      timers: defaultProxyTimers,
      limits: defaultProxyLimits,
      messageLimits: defaultMessageLimits,
      decideTimeoutMs: 3000,
      resolveTimeoutMs: 2000,
      serverName: undefined,
      fallbackDecision: () => forwardTo(['sip:192.0.2.99']),
      ...options,
    });
  }

  /** A peer at an address. */
  peer(address: string, port = 5060, transport: Transport = 'udp'): Peer {
    const peer = new Peer(this, address, port, transport);
    this.#peers.push(peer);
    return peer;
  }

  /** Gives the core an input and carries out all that follows from it. */
  input(input: ProxyInput): void {
    this.#watch(input);
    this.#queue.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#carryOut(this.core.handle(this.clock.mono(), next));
    }
    this.#isRunning = false;
  }

  /** Jumps to the core's next deadline; false where there is none. */
  jump(): boolean {
    const deadline = this.core.nextDeadline();
    if (deadline === undefined) return false;
    this.clock.advanceTo(deadline);
    this.#carryOut(this.core.advance(this.clock.mono()));
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#carryOut(this.core.handle(this.clock.mono(), next));
    }
    return true;
  }

  /** Lets time pass, deadline by deadline. */
  wait(durationMs: number): void {
    const until = this.clock.mono() + durationMs;
    for (let at = this.core.nextDeadline(); at !== undefined && at <= until; at = this.core.nextDeadline()) {
      this.jump();
    }
    this.clock.advanceTo(until);
  }

  /** Jumps until nothing is left, and says what is: all zero, or there is a leak. */
  drain(): ProxyCounts {
    for (let jumps = 0; jumps < 10_000 && this.jump(); jumps += 1);
    return this.core.counts();
  }

  /** Answers the only open question. */
  answer(decision: RequestDecision): void {
    const id = this.openQuestion('decide');
    this.questions.delete(id);
    this.input({ kind: 'decided', id, decision });
  }

  /** The id of the only open question of a kind. */
  openQuestion(kind: 'decide' | 'resolve'): EffectId {
    const open = [...this.questions.values()].filter((question) => question.kind === kind);
    const [only] = open;
    if (only === undefined || open.length > 1) throw new Error(`${open.length} open ${kind} questions`);
    return only.id;
  }

  /** Events of one kind. */
  eventsOf<Kind extends ProxyEvent['kind']>(kind: Kind): Extract<ProxyEvent, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<ProxyEvent, { kind: Kind }> => event.kind === kind);
  }

  #watch(input: ProxyInput): void {
    if (input.kind === 'message') this.guard.received(input.message);
    if (input.kind !== 'decided' || input.decision.kind !== 'forward') return;
    for (const edit of input.decision.edits) this.#orderedKeys.add(edit.name.toLowerCase());
  }

  #carryOut(effects: readonly ProxyEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#send(effect);
          break;
        case 'event':
          this.events.push(effect.event);
          break;
        case 'forget':
          this.forgotten.push(effect.id);
          this.questions.delete(effect.id);
          break;
        case 'decide': {
          const decision = this.decide?.(effect.request, effect.flow);
          if (decision === undefined) this.questions.set(effect.id, effect);
          else this.#queue.push({ kind: 'decided', id: effect.id, decision });
          break;
        }
        case 'resolve':
          this.#resolve(effect);
          break;
        case 'health': {
          const { destination, verdict, retryAfterS } = effect;
          const { address } = destination.remote;
          this.health.push(retryAfterS === undefined ? [address, verdict] : [address, verdict, retryAfterS]);
          break;
        }
      }
    }
  }

  #send(effect: Extract<ProxyEffect, { kind: 'send' }>): void {
    const { destination } = effect;
    const place = `${destination.remote.address}:${destination.remote.port}`;
    const violations = this.guard.sent(effect.bytes).filter((found) => !this.mayDo(found));
    if (violations.length > 0) throw new Error(`the proxy touched what it may not: ${violations.join('; ')}`);
    this.sent.push({ at: this.clock.mono(), id: effect.id, bytes: effect.bytes, destination });
    if (this.broken.has(place)) {
      const error = { code: 'net.refused', message: 'connection refused' };
      this.#queue.push({ kind: 'sendFailed', id: effect.id, error });
      return;
    }
    const message = parse(effect.bytes, destination.transport);
    if (this.lose(message)) return;
    const peer = this.#peers.find((each) => each.isAt(destination));
    if (peer !== undefined) peer.inbox.push(message);
    else if (this.listeners.some((each) => `${each.local.address}:${each.local.port}` === place)) {
      this.#loopBack(message, destination);
    }
  }

  /** A message that the proxy sends to itself. */
  #loopBack(message: SipMessage, destination: Destination): void {
    const flow: Flow = {
      transport: destination.transport,
      local: destination.remote,
      remote: { address: destination.remote.address, port: 5060 },
      connectionId: undefined,
    };
    this.#queue.push({ kind: 'message', message, flow });
  }

  #resolve(effect: Extract<ProxyEffect, { kind: 'resolve' }>): void {
    const given = this.resolve?.(effect.query);
    if (given !== undefined) {
      const result = { kind: 'addresses', destinations: given } as const;
      this.#queue.push({ kind: 'resolved', id: effect.id, result });
      return;
    }
    const { host } = effect.query;
    const addresses = isIP(host) === 0 ? this.names.get(host) : [host];
    if (addresses === undefined) {
      this.questions.set(effect.id, effect);
      return;
    }
    const { isSecure } = effect.query;
    const { transport = isSecure ? 'tls' : 'udp', port = transport === 'tls' ? 5061 : 5060 } = effect.query;
    const destinations = addresses.map((address) => ({
      transport,
      remote: { address, port },
      connectionId: undefined,
      local: undefined,
    }));
    this.#queue.push({ kind: 'resolved', id: effect.id, result: { kind: 'addresses', destinations } });
  }
}

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

function parse(bytes: Buffer, transport: Transport): SipMessage {
  const outcome = parseMessage(bytes, {
    framing: transport === 'udp' ? 'datagram' : 'stream',
    limits: defaultMessageLimits,
  });
  if (outcome.kind !== 'message') throw new Error(`not SIP: ${outcome.error.message}`);
  return outcome.message;
}
