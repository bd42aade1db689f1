import type { TlsOptions } from 'node:tls';
import type { Clock, CodedError } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import { type CertificateInfo, TlsContext, type TlsFiles } from './tls-context.ts';
import { domainName } from './tls-identity.ts';
import type { TlsClientSettings, TlsProfile } from './tls-profile.ts';

/** The contexts of one listener: that of its own certificate, and those for other server names. */
export interface ServerCertificates {
  /** For `tls.createServer` and `https.createServer`; what it holds is looked up anew for each handshake. */
  readonly options: TlsOptions;
  /** Calls back when the listener's own certificate is another one, for `setSecureContext(options)`. */
  onChanged(callback: (options: TlsOptions) => void): void;
}

/** How often files are looked at. A look is one `stat` for each. */
const defaultPollMs = 5_000;

/** All certificates that the transports use. They follow their files while this is running. */
export class TlsCertificates {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #contexts: TlsContext[] = [];
  #timer: NodeJS.Timeout | undefined;
  #polling = false;

  constructor(options: {
    readonly logger: Logger;
    readonly clock: Clock;
    readonly pollMs?: number | undefined;
  }) {
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#pollMs = options.pollMs ?? defaultPollMs;
  }

  /** Reads a listener's certificates; throws `net.tlsCertificate`. */
  async forListener(profile: TlsProfile): Promise<ServerCertificates> {
    const { clientCertificate, caFile, minVersion } = profile;
    const callbacks: ((options: TlsOptions) => void)[] = [];
    const files = (own: { certificateFile: string; keyFile: string }): TlsFiles => ({
      certificateFile: own.certificateFile,
      keyFile: own.keyFile,
      caFile,
      minVersion,
    });
    const own = await this.#add(files(profile), () => {
      for (const callback of callbacks) callback(optionsNow());
    });
    const named = new Map<string, TlsContext>();
    for (const [name, pair] of Object.entries(profile.serverNames ?? {})) {
      named.set(domainName(name) ?? name, await this.#add(files(pair)));
    }
    const optionsNow = (): TlsOptions => ({
      ...own.options,
      requestCert: clientCertificate !== 'ignore',
      rejectUnauthorized: clientCertificate === 'require',
      SNICallback: (name, done) => done(null, named.get(domainName(name) ?? '')?.context ?? own.context),
    });
    return { options: optionsNow(), onChanged: (callback) => void callbacks.push(callback) };
  }

  /** Reads what connections of our own show and trust; throws `net.tlsCertificate`. */
  async forClient(settings: TlsClientSettings): Promise<TlsContext> {
    const { certificateFile, keyFile, caFile, minVersion } = settings;
    return this.#add({ certificateFile, keyFile, caFile, minVersion });
  }

  /** Reads all files again. What cannot be used is told, and what was in use stays in use. */
  async reload(): Promise<readonly CodedError[]> {
    const results = await Promise.all(this.#contexts.map((context) => context.reload()));
    return results.flatMap((result) => (result.ok ? [] : [result.error]));
  }

  /** Our own certificates as they are in use. */
  inUse(): readonly CertificateInfo[] {
    return this.#contexts.flatMap((context) => context.certificate ?? []);
  }

  /** Files are not looked at any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #add(files: TlsFiles, onChanged?: () => void): Promise<TlsContext> {
    const context = new TlsContext({
      files,
      logger: this.#logger,
      now: () => this.#clock.wall(),
      ...(onChanged !== undefined && { onChanged }),
    });
    await context.start();
    this.#contexts.push(context);
    this.#timer ??= setInterval(() => this.#poll(), this.#pollMs).unref();
    return context;
  }

  #poll(): void {
    if (this.#polling) return;
    this.#polling = true;
    Promise.all(this.#contexts.map((context) => context.poll()))
      .catch((error: unknown) => this.#logger.error('net.certificatePollFailed', { message: String(error) }))
      .finally(() => {
        this.#polling = false;
      });
  }
}
