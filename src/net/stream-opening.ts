import { after, type Clock, type CodedError, type MonoMs, type Result } from '../base/index.ts';
import type { Endpoint } from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import type { OpeningSocket } from './stream-wire.ts';

export interface StreamOpeningOptions {
  readonly opening: OpeningSocket;
  readonly remote: Endpoint;
  readonly kind: 'tcp' | 'tls';
  readonly clock: Clock;
  readonly onOpen: (peerDomains: readonly string[] | undefined) => void;
  readonly onTimeout: (error: Error) => void;
  readonly onRefused: (error: CodedError) => void;
}

/** A connection of ours on its way: held to a time, and judged when it is there. */
export class StreamOpening {
  readonly #options: StreamOpeningOptions;
  #timer: NodeJS.Timeout | undefined;
  #due: MonoMs | undefined;
  /** TCP is there; with TLS there is more to come. */
  #isConnected = false;

  constructor(options: StreamOpeningOptions) {
    this.#options = options;
    const { opening } = options;
    opening.socket.once('connect', () => {
      this.#isConnected = true;
    });
    opening.socket.once(opening.readyEvent, () => this.#judge(opening.judge()));
  }

  /** The shortest wait that was asked for counts: a message that may not wait goes to its next address then. */
  hasten(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    const { clock, onTimeout } = this.#options;
    const due = after(clock.mono(), timeoutMs);
    if (this.#due !== undefined && this.#due <= due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => onTimeout(new Error(`timed out after ${timeoutMs} ms`)), timeoutMs);
    this.#timer.unref();
  }

  /** No timer is left behind. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Why nothing came of it, by how far it got. */
  failure(cause: Error | undefined): CodedError {
    const { kind, remote } = this.#options;
    const why = cause?.message ?? 'the peer closed it';
    const where = `${endpointText(remote)} by ${kind.toUpperCase()}`;
    return this.#isConnected
      ? { code: 'net.tlsHandshake', message: `no TLS session with ${where}: ${why}`, cause }
      : { code: 'net.connectFailed', message: `no connection to ${where}: ${why}`, cause };
  }

  #judge(judged: Result<readonly string[] | undefined, CodedError>): void {
    this.stop();
    if (judged.ok) this.#options.onOpen(judged.value);
    else this.#options.onRefused(judged.error);
  }
}
