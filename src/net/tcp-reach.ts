import type { Clock } from '../base/index.ts';
import type { Destination, Endpoint } from '../sip/index.ts';
import { endpointText } from './addresses.ts';

/** Finds out whether a stream connection can be opened. Never takes long; a rejection counts as no. */
export type TcpProbe = (destination: Destination) => Promise<boolean>;

export interface TcpReachOptions {
  readonly clock: Clock;
  readonly probe: TcpProbe;
}

interface Closed {
  probeAt: number;
  waitMs: number;
  isProbing: boolean;
}

/** An address that refuses TCP today may take it after its next software: probes go on, ever more seldom. */
const firstProbeMs = 5_000;
const probeMaxMs = 300_000;
const addressesMax = 10_000;

/**
 * Addresses of UDP peers at which TCP could not be had, so that only the first large request waits for it (RFC 3261
 * §18.1.1). Probes run beside the calls, when one comes for such an address.
 */
export class TcpReach {
  readonly #options: TcpReachOptions;
  readonly #closed = new Map<string, Closed>();

  constructor(options: TcpReachOptions) {
    this.#options = options;
  }

  /** Addresses without TCP. */
  get size(): number {
    return this.#closed.size;
  }

  /** A connection could not be opened. */
  failed(remote: Endpoint): void {
    const key = endpointText(remote);
    if (this.#closed.has(key)) return;
    const oldest = this.#closed.size >= addressesMax ? this.#closed.keys().next().value : undefined;
    if (oldest !== undefined) this.#closed.delete(oldest);
    const probeAt = this.#options.clock.mono() + firstProbeMs;
    this.#closed.set(key, { probeAt, waitMs: firstProbeMs, isProbing: false });
  }

  /** A response came over TCP. */
  worked(remote: Endpoint): void {
    if (this.#closed.size > 0) this.#closed.delete(endpointText(remote));
  }

  /** Whether TCP is worth a call's time; begins a probe where one is due. */
  isOpen(destination: Destination): boolean {
    if (this.#closed.size === 0) return true;
    const key = endpointText(destination.remote);
    const closed = this.#closed.get(key);
    if (closed === undefined) return true;
    if (!closed.isProbing && this.#options.clock.mono() >= closed.probeAt)
      this.#probe(key, closed, destination);
    return false;
  }

  #probe(key: string, closed: Closed, destination: Destination): void {
    closed.isProbing = true;
    this.#options
      .probe(destination)
      .catch(() => false)
      .then((isReached) => {
        closed.isProbing = false;
        closed.waitMs = Math.min(probeMaxMs, closed.waitMs * 2);
        closed.probeAt = this.#options.clock.mono() + closed.waitMs;
        if (isReached && this.#closed.get(key) === closed) this.#closed.delete(key);
      });
  }
}
