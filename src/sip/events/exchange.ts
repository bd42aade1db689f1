import { after, type MonoMs } from '../../base/index.ts';
import type { SipResponse } from '../message/index.ts';
import {
  bareHost,
  type Destination,
  type Listener,
  type ResolveQuery,
  type Transport,
} from '../transaction/index.ts';
import { paramValue, parseSipUri } from '../uri/index.ts';
import { type ClientUse, newAlarm, type SubscriberPorts, type SubscribeTransaction } from './ports.ts';
import type { WrittenSubscribe } from './serialize.ts';

/** What came of one SUBSCRIBE. */
export type ExchangeOutcome =
  | { readonly kind: 'response'; readonly response: SipResponse; readonly destination: Destination }
  | { readonly kind: 'silent'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };

export interface ExchangeParts {
  /** The URI of the next hop. */
  readonly nextHop: string;
  /** About how large the request will be. */
  readonly sizeBytes: number;
  /** Tried where the next hop has no address. */
  readonly fallback: Destination | undefined;
  readonly write: (listener: Listener) => WrittenSubscribe;
  /** Called each time the request leaves. */
  readonly onSent: (now: MonoMs) => void;
  readonly onDone: (now: MonoMs, outcome: ExchangeOutcome) => void;
}

const serviceUnavailable = 503;

/**
 * One SUBSCRIBE on its way through the addresses of its next hop (RFC 3263 §4.3): the next one after a timeout, a failed
 * send, a 503, or silence. A silent address keeps its chance to answer.
 */
export class Exchange implements ClientUse {
  readonly #ports: SubscriberPorts;
  readonly #parts: ExchangeParts;
  readonly #patience = newAlarm((now) => this.#tryNext(now));
  /** Transactions without a final response. */
  readonly #open = new Set<SubscribeTransaction>();
  #destinations: readonly Destination[] = [];
  #failure: ExchangeOutcome = { kind: 'unreachable', detail: 'no address' };
  #isDone = false;

  constructor(ports: SubscriberPorts, parts: ExchangeParts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  start(now: MonoMs): void {
    const { nextHop, sizeBytes, fallback } = this.#parts;
    const query = hopOf(nextHop, sizeBytes);
    if (query === undefined) {
      this.#finish(now, { kind: 'unreachable', detail: `${nextHop} is no SIP URI` });
      return;
    }
    this.#ports.resolve(now, query, (later, found) => {
      if (this.#isDone) return;
      if (found.kind === 'addresses' && found.destinations.length > 0) {
        this.#destinations = found.destinations.slice(0, this.#ports.options.limits.addressesMax);
      } else if (fallback !== undefined) this.#destinations = [fallback];
      else if (found.kind === 'failed') this.#failure = { kind: 'unreachable', detail: found.error.message };
      this.#tryNext(later);
    });
  }

  /** Takes no outcome any more; transactions end by themselves. */
  abandon(): void {
    this.#isDone = true;
    this.#ports.clearAlarm(this.#patience);
  }

  /** Whether the request has left for somewhere and may still be answered. */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  onResponse(now: MonoMs, response: SipResponse, transaction: SubscribeTransaction): void {
    if (this.#isDone) return;
    // Whoever answers at all is waited for.
    this.#ports.clearAlarm(this.#patience);
    const { statusCode } = response;
    if (statusCode < 200) return;
    this.#open.delete(transaction);
    const outcome = { kind: 'response', response, destination: transaction.destination } as const;
    if (statusCode < 300) this.#finish(now, outcome);
    else {
      this.#failure = outcome;
      if (statusCode === serviceUnavailable) this.#tryNext(now);
      else if (this.#open.size === 0) this.#finish(now, outcome);
    }
  }

  onFailure(
    now: MonoMs,
    failure: 'timeout' | 'transport',
    detail: string,
    transaction: SubscribeTransaction,
  ): void {
    this.#open.delete(transaction);
    if (this.#isDone) return;
    if (this.#failure.kind !== 'response') {
      this.#failure = failure === 'timeout' ? { kind: 'silent', detail } : { kind: 'unreachable', detail };
    }
    this.#tryNext(now);
  }

  #tryNext(now: MonoMs): void {
    this.#ports.clearAlarm(this.#patience);
    for (;;) {
      const [destination, ...rest] = this.#destinations;
      this.#destinations = rest;
      if (destination === undefined) {
        if (this.#open.size === 0) this.#finish(now, this.#failure);
        return;
      }
      const listener = this.#ports.listenerFor(destination);
      if (listener !== undefined) {
        this.#send(now, destination, listener, rest.length > 0);
        return;
      }
      const { address } = destination.remote;
      const detail = `nothing of ours speaks ${destination.transport} to ${address}`;
      if (this.#failure.kind === 'unreachable') this.#failure = { kind: 'unreachable', detail };
    }
  }

  #send(now: MonoMs, destination: Destination, listener: Listener, hasMore: boolean): void {
    const { layer, options } = this.#ports;
    const { outgoing, bytes } = this.#parts.write(listener);
    const from = destination.transport === 'udp' ? { ...destination, local: listener.local } : destination;
    this.#ports.countSent();
    this.#parts.onSent(now);
    if (hasMore) this.#ports.setAlarm(this.#patience, after(now, options.nextAddressMs));
    this.#open.add(layer.request(now, outgoing, bytes, from, this));
  }

  #finish(now: MonoMs, outcome: ExchangeOutcome): void {
    if (this.#isDone) return;
    this.abandon();
    this.#parts.onDone(now, outcome);
  }
}

/** Where a SIP URI says that a request goes; undefined for what is no SIP URI. */
function hopOf(uriText: string, sizeBytes: number): ResolveQuery | undefined {
  const parsed = parseSipUri(uriText);
  if (!parsed.ok) return undefined;
  const uri = parsed.value;
  const named = paramValue(uri.params, 'transport')?.toLowerCase();
  return {
    host: bareHost(paramValue(uri.params, 'maddr') ?? uri.host),
    port: uri.port,
    transport: isTransport(named) ? named : undefined,
    isSecure: uri.scheme === 'sips',
    mayFallBack: false,
    sizeBytes,
  };
}

function isTransport(name: string | undefined): name is Transport {
  return name === 'udp' || name === 'tcp' || name === 'tls' || name === 'ws' || name === 'wss';
}
