import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { DependencyError, errorText, ok } from '../base/index.ts';
import type { NetErrorCode } from './errors.ts';
import { unlessAborted } from './http-abort.ts';
import type { AddressGuard } from './http-address-guard.ts';
import type { HttpAddresses } from './http-addresses.ts';
import { addressRefused, type HttpTarget } from './http-target.ts';

export interface HttpConnectorOptions {
  readonly addresses: HttpAddresses;
  readonly guard: AddressGuard;
  /** The context as it is now: certificates may be exchanged while this runs. */
  readonly secureContext: () => SecureContext | undefined;
  readonly timeoutMs: number;
}

/** Takes a connection, or why there is none. */
export type ConnectCallback = (...result: [null, Socket] | [Error, null]) => void;

/** RFC 8305 §5: how long one address is tried alone. */
const attemptDelayMs = 250;
/** Addresses of one host that are tried. */
const attemptsMax = 6;
/** What keeps idle connections alive through middleboxes. */
const keepAliveDelayMs = 30_000;

/**
 * Opens connections for HTTP. The address that was checked is the address that is connected to: there is no second look-up
 * in between that could say something else (DNS rebinding).
 */
export class HttpConnector {
  readonly #options: HttpConnectorOptions;
  readonly #opening = new Set<AbortController>();
  #count = 0;
  #isStopped = false;

  constructor(options: HttpConnectorOptions) {
    this.#options = options;
  }

  /** Connections opened so far. */
  get count(): number {
    return this.#count;
  }

  /** Connections being opened. */
  get size(): number {
    return this.#opening.size;
  }

  /** Opens a connection to a server; `isTrusted`: wherever it lies. Calls back once. */
  connect(target: HttpTarget, isTrusted: boolean, callback: ConnectCallback): void {
    const abort = new AbortController();
    this.#opening.add(abort);
    let step = 'no address was found';
    const timer = setTimeout(() => {
      const why = `${target.host} could not be connected to within ${this.#options.timeoutMs} ms: ${step}`;
      abort.abort(new DependencyError<NetErrorCode>('net.httpTimeout', why));
    }, this.#options.timeoutMs);
    if (this.#isStopped) abort.abort(stopped());
    const work = this.#open(target, { isTrusted, signal: abort.signal, onStep: (now) => (step = now) });
    work
      .then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(error instanceof Error ? error : new Error(errorText(error)), null),
      )
      .finally(() => {
        clearTimeout(timer);
        this.#opening.delete(abort);
      });
  }

  /** Ends what is being opened. May be called twice. */
  stop(): void {
    this.#isStopped = true;
    for (const abort of this.#opening) abort.abort(stopped());
  }

  async #open(
    target: HttpTarget,
    how: {
      readonly isTrusted: boolean;
      readonly signal: AbortSignal;
      readonly onStep: (step: string) => void;
    },
  ): Promise<Socket> {
    const { signal, onStep } = how;
    const addresses = await unlessAborted(this.#allowed(target, how.isTrusted), signal);
    onStep('no address took the connection');
    const socket = await raceAddresses(addresses, { target, signal });
    this.#count += 1;
    if (!target.isSecure) return socket;
    onStep('the TLS handshake did not end');
    return this.#secure(socket, target, signal);
  }

  async #allowed(target: HttpTarget, isTrusted: boolean): Promise<readonly string[]> {
    const { addresses, guard } = this.#options;
    const { host } = target;
    const found = target.isAddress ? ok([host]) : await addresses.of(host);
    if (!found.ok) throw new DependencyError(found.error.code, found.error.message);
    if (isTrusted) return found.value.slice(0, attemptsMax);
    const refused: string[] = [];
    const allowed = found.value.filter((address) => {
      const refusal = guard.refusal(address);
      if (refusal !== undefined) refused.push(`${address} (${refusal})`);
      return refusal === undefined;
    });
    if (allowed.length > 0) return allowed.slice(0, attemptsMax);
    const { code, message } = addressRefused(host, refused);
    throw new DependencyError(code, message);
  }

  #secure(socket: Socket, target: HttpTarget, signal: AbortSignal): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const context = this.#options.secureContext();
      const secured = connectTls({
        socket,
        // The host that the certificate is held against; a name is sent to the server too (RFC 6066 §3: an address is not).
        host: target.host,
        servername: target.isAddress ? '' : target.host,
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        ...(context !== undefined && { secureContext: context }),
      });
      const onAbort = (): void => void secured.destroy(signal.reason);
      const onError = (error: Error): void => {
        signal.removeEventListener('abort', onAbort);
        socket.destroy();
        const why = `${target.host} and we have no TLS session: ${errorText(error)}`;
        reject(signal.aborted ? signal.reason : new DependencyError<NetErrorCode>('net.httpTls', why, error));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      secured.once('error', onError);
      secured.once('secureConnect', () => {
        signal.removeEventListener('abort', onAbort);
        secured.removeListener('error', onError);
        resolve(secured);
      });
    });
  }
}

/** Tries addresses one after another, each a little after the one before, and keeps the first connection. */
function raceAddresses(
  addresses: readonly string[],
  at: { readonly target: HttpTarget; readonly signal: AbortSignal },
): Promise<Socket> {
  const { target, signal } = at;
  return new Promise((resolve, reject) => {
    const waiting = [...addresses];
    const trying = new Set<Socket>();
    const problems: string[] = [];
    let next: NodeJS.Timeout | undefined;
    const finish = (kept: Socket | undefined): void => {
      clearTimeout(next);
      signal.removeEventListener('abort', onAbort);
      for (const socket of trying) if (socket !== kept) socket.destroy();
      trying.clear();
    };
    const onAbort = (): void => {
      finish(undefined);
      reject(signal.reason);
    };
    const tryNext = (): void => {
      clearTimeout(next);
      const address = waiting.shift();
      if (address === undefined) return;
      const socket = connectTcp({ host: address, port: target.port });
      trying.add(socket);
      // Stays on for good: what becomes of the connection later is told to who uses it.
      socket.on('error', (error) => {
        if (!trying.delete(socket)) return;
        problems.push(errorText(error));
        if (waiting.length > 0) tryNext();
        else if (trying.size === 0) {
          finish(undefined);
          const why = `${target.host} could not be connected to: ${problems.join('; ')}`;
          reject(new DependencyError<NetErrorCode>('net.httpConnectFailed', why, error));
        }
      });
      socket.once('connect', () => {
        if (!trying.has(socket)) return;
        finish(socket);
        socket.setNoDelay(true).setKeepAlive(true, keepAliveDelayMs);
        resolve(socket);
      });
      if (waiting.length > 0) next = setTimeout(tryNext, attemptDelayMs);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else tryNext();
  });
}

function stopped(): DependencyError<NetErrorCode> {
  return new DependencyError('net.stopped', 'the server is stopping: nothing is fetched any more');
}
