import { type Clock, type CodedError, DependencyError, type Result } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import type { NetErrorCode } from './errors.ts';
import { type AddressGuard, addressGuard } from './http-address-guard.ts';
import { HttpAddresses } from './http-addresses.ts';
import { HttpConnector } from './http-connector.ts';
import { authorizationOf } from './http-credentials.ts';
import { type ExchangeParts, HttpExchange } from './http-exchange.ts';
import { OriginPatience } from './http-patience.ts';
import { HttpPools } from './http-pools.ts';
import { type HttpTarget, hostMatcher, httpTarget } from './http-target.ts';
import type {
  HttpAnswer,
  HttpCounts,
  HttpCredentials,
  HttpLimits,
  HttpQuestion,
  HttpRules,
} from './http-types.ts';
import { TlsCertificates } from './tls-certificates.ts';
import type { CertificateInfo, TlsContext } from './tls-context.ts';
import type { TlsClientSettings } from './tls-profile.ts';

export interface HttpFetcherOptions {
  readonly rules: HttpRules;
  readonly limits: HttpLimits;
  /** By host: a name, an address, or `*.domain` for everything below it. Shown over TLS alone. */
  readonly credentials: Readonly<Record<string, HttpCredentials>>;
  /** Servers are always verified. */
  readonly tls: Pick<TlsClientSettings, 'caFile' | 'certificateFile' | 'keyFile'>;
  /** As `address`, `address:port` or `[address]:port`; the system's where undefined. */
  readonly nameServers?: readonly string[] | undefined;
  /** `/etc/hosts` where undefined. */
  readonly hostsPath?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Its parts, there once it has been started. */
interface Running {
  readonly pools: HttpPools;
  readonly exchange: ExchangeParts;
}

const refusals: ReadonlySet<string> = new Set<NetErrorCode>([
  'net.httpUriRefused',
  'net.httpHostRefused',
  'net.httpAddressRefused',
]);
/** Share of the places that is kept for servers which have few, so that one that stalls cannot take them all. */
const reservedShare = 0.25;
const fewShare = 0.125;

/**
 * Fetches documents by HTTP from servers that somebody else named: nothing leaves for an address that is not public unless
 * the operator listed it, whatever a name resolves to at that moment, and redirects go through the same rules. Each
 * document has a deadline and a size limit.
 */
export class HttpFetcher {
  readonly #options: HttpFetcherOptions;
  readonly #guard: AddressGuard;
  readonly #isHostListed: (host: string) => boolean;
  readonly #addresses: HttpAddresses;
  readonly #connector: HttpConnector;
  readonly #certificates: TlsCertificates;
  readonly #exchanges = new Set<HttpExchange>();
  readonly #underWay = new Map<string, number>();
  readonly #counts = { asked: 0, answered: 0, refused: 0, busy: 0, timedOut: 0, failed: 0, redirects: 0 };
  #tls: TlsContext | undefined;
  #running: Running | undefined;

  /** Throws `net.badNetwork`. */
  constructor(options: HttpFetcherOptions) {
    const { rules, limits, clock, logger } = options;
    this.#options = options;
    const guard = addressGuard(rules.networks);
    if (!guard.ok)
      throw new DependencyError('net.badNetwork', guard.error.map(({ message }) => message).join('; '));
    this.#guard = guard.value;
    const isListed = hostMatcher(rules.hosts);
    this.#isHostListed = rules.hosts.length === 0 ? () => true : isListed;
    this.#addresses = new HttpAddresses({
      clock,
      timeoutMs: limits.connectTimeoutMs,
      nameServers: options.nameServers,
      hostsPath: options.hostsPath,
    });
    this.#certificates = new TlsCertificates({ logger, clock });
    this.#connector = new HttpConnector({
      addresses: this.#addresses,
      guard: this.#guard,
      secureContext: () => this.#tls?.context,
      timeoutMs: limits.connectTimeoutMs,
    });
  }

  /** Reads the certificates (throws `net.tlsCertificate`) and the HTTP library. */
  async start(): Promise<void> {
    this.#tls = await this.#certificates.forClient({
      ...this.#options.tls,
      minVersion: 'TLSv1.2',
      verify: 'always',
    });
    // Here, since reading it takes a tenth of a second, which a server without references need not spend.
    const { Pool } = await import('undici');
    const { limits, credentials, clock } = this.#options;
    const pools = new HttpPools({
      make: (origin, options) => new Pool(origin, options),
      connector: this.#connector,
      limits,
    });
    const authorization = authorizationOf(credentials);
    const patience = new OriginPatience(limits.patience);
    this.#running = {
      pools,
      exchange: {
        pools,
        patience,
        clock,
        redirectsMax: limits.redirectsMax,
        target: (uri, isTrusted) => this.#target(uri, isTrusted),
        authorization: (target) => (target.isSecure ? authorization(target.host) : undefined),
        onRedirect: () => {
          this.#counts.redirects += 1;
        },
      },
    };
  }

  /** The answer, whatever its status. Rejects with a DependencyError that names the host and no more of the URI. */
  async fetch(question: HttpQuestion): Promise<HttpAnswer> {
    this.#counts.asked += 1;
    try {
      const answer = await this.#begin(question);
      this.#counts.answered += 1;
      return answer;
    } catch (error) {
      this.#countFailure(error);
      throw error;
    }
  }

  counts(): HttpCounts {
    return {
      ...this.#counts,
      connections: this.#connector.count,
      underWay: this.#exchanges.size,
      origins: this.#running?.pools.size ?? 0,
    };
  }

  /** The certificate that is shown to servers which ask for one. */
  certificates(): readonly CertificateInfo[] {
    return this.#certificates.inUse();
  }

  /** Reads the certificate files again; gives what cannot be used, which stays as it was. */
  reloadCertificates(): Promise<readonly CodedError[]> {
    return this.#certificates.reload();
  }

  /** Ends everything: questions under way fail with `net.stopped`. May be called twice. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    for (const exchange of this.#exchanges) exchange.stop(stopped());
    this.#connector.stop();
    this.#addresses.stop();
    this.#certificates.stop();
    await running?.pools.stop();
  }

  async #begin(question: HttpQuestion): Promise<HttpAnswer> {
    if (this.#running === undefined) throw stopped();
    const target = orThrow(this.#target(question.uri, question.isTrusted === true));
    const { origin } = target;
    const own = this.#underWay.get(origin) ?? 0;
    this.#refuseWhereFull(own, target.host);
    const exchange = new HttpExchange(question, target, this.#running.exchange);
    this.#exchanges.add(exchange);
    this.#underWay.set(origin, own + 1);
    return exchange.run(() => {
      this.#exchanges.delete(exchange);
      const left = (this.#underWay.get(origin) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(origin);
      else this.#underWay.set(origin, left);
    });
  }

  #target(uri: string, isTrusted: boolean): Result<HttpTarget, CodedError> {
    const { plainHttp } = this.#options.rules;
    return httpTarget(uri, { plainHttp, isTrusted, isHostListed: this.#isHostListed, guard: this.#guard });
  }

  #refuseWhereFull(own: number, host: string): void {
    const { concurrentMax } = this.#options.limits;
    const free = concurrentMax - this.#exchanges.size;
    const isKeptForOthers =
      own > concurrentMax * fewShare && free <= Math.floor(concurrentMax * reservedShare);
    if (free > 0 && !isKeptForOthers) return;
    const why = `${this.#exchanges.size} documents are being fetched, ${own} of them from ${host}: location.references.concurrentMax allows no more`;
    throw new DependencyError<NetErrorCode>('net.httpBusy', why);
  }

  #countFailure(error: unknown): void {
    const code = error instanceof DependencyError ? error.code : '';
    if (refusals.has(code)) this.#counts.refused += 1;
    else if (code === 'net.httpBusy') this.#counts.busy += 1;
    else if (code === 'net.httpTimeout' || code === 'net.nameTimeout') this.#counts.timedOut += 1;
    else this.#counts.failed += 1;
  }
}

function orThrow<Value>(result: Result<Value, CodedError>): Value {
  if (result.ok) return result.value;
  throw new DependencyError(result.error.code, result.error.message);
}

function stopped(): DependencyError<NetErrorCode> {
  return new DependencyError('net.stopped', 'the server is stopping: nothing is fetched any more');
}
