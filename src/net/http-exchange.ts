import type { Dispatcher } from 'undici';
import { after, type Clock, DependencyError, type MonoMs, type Result } from '../base/index.ts';
import type { NetErrorCode } from './errors.ts';
import { unlessAborted } from './http-abort.ts';
import { first, mediaType, readBody } from './http-body.ts';
import { httpFailure, isWorthAnother } from './http-failure.ts';
import type { OriginPatience } from './http-patience.ts';
import type { HttpPools } from './http-pools.ts';
import { canonicalHost, type HttpTarget, redirectUri } from './http-target.ts';
import type { HttpAnswer, HttpQuestion } from './http-types.ts';

/** What an exchange works with. */
export interface ExchangeParts {
  readonly pools: HttpPools;
  readonly patience: OriginPatience;
  readonly clock: Clock;
  readonly redirectsMax: number;
  /** Holds a URI against the rules. */
  target(
    uri: string,
    isTrusted: boolean,
  ): Result<HttpTarget, { readonly code: string; readonly message: string }>;
  /** The Authorization header for a host. */
  authorization(target: HttpTarget): string | undefined;
  onRedirect(): void;
}

type Response = Dispatcher.ResponseData;

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Octets of a redirect's body that are read so that its connection can be used again. */
const redirectBodyMax = 4_096;

/**
 * Fetches one document: through redirects, within one deadline. The caller may be let go before that deadline where the
 * server has been silent lately (see {@link OriginPatience}).
 */
export class HttpExchange {
  readonly #question: HttpQuestion;
  readonly #parts: ExchangeParts;
  readonly #abort = new AbortController();
  readonly #startedAt: MonoMs;
  readonly #firstHost: string;
  #target: HttpTarget;
  #hopStartedAt: MonoMs;
  #early: NodeJS.Timeout | undefined;
  #probed: string | undefined;
  #step = 'no connection came about';

  constructor(question: HttpQuestion, target: HttpTarget, parts: ExchangeParts) {
    this.#question = question;
    this.#target = target;
    this.#firstHost = target.host;
    this.#parts = parts;
    this.#startedAt = parts.clock.mono();
    this.#hopStartedAt = this.#startedAt;
  }

  /** Ends it; the answer is rejected with the reason. */
  stop(reason: DependencyError): void {
    this.#abort.abort(reason);
  }

  /** Begins; `onEnd` is told when nothing is left of it, which may be later than the answer. */
  run(onEnd: () => void): Promise<HttpAnswer> {
    const { deadlineMs } = this.#question;
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => this.#abort.abort(this.#timeout(deadlineMs)), deadlineMs);
      this.#hops(reject)
        .then(resolve, (thrown: unknown) => {
          const { reason } = this.#abort.signal;
          const error = reason instanceof DependencyError ? reason : httpFailure(thrown, this.#target.host);
          this.#noteFailure(error);
          reject(error);
        })
        .finally(() => {
          clearTimeout(deadline);
          clearTimeout(this.#early);
          if (this.#probed !== undefined) this.#parts.patience.releaseProbe(this.#probed);
          // What is left of it, such as the body of a redirect, goes too.
          this.#abort.abort();
          onEnd();
        });
    });
  }

  async #hops(letGo: (error: DependencyError) => void): Promise<HttpAnswer> {
    let request: Pick<HttpQuestion, 'method' | 'body' | 'contentType'> = this.#question;
    for (let redirects = 0; ; redirects += 1) {
      this.#enter(letGo);
      const { pool, done } = this.#parts.pools.take(this.#target, this.#isTrusted(this.#target.host));
      try {
        const response = await this.#send(pool, request);
        if (!redirectStatuses.has(response.statusCode)) return await this.#read(response);
        this.#parts.patience.answered(this.#target.origin);
        this.#discard(response);
        const next = this.#next(response, redirects);
        await this.#observeDelay(response);
        // RFC 9110 §15.4.4: 303 is to be followed by GET. The others keep the method: HELD is spoken by POST.
        if (response.statusCode === 303) request = { method: 'GET' };
        this.#target = next;
        this.#parts.onRedirect();
      } finally {
        done();
      }
    }
  }

  #enter(letGo: (error: DependencyError) => void): void {
    const { patience, clock } = this.#parts;
    const now = clock.mono();
    this.#hopStartedAt = now;
    this.#step = 'no connection came about';
    const { origin } = this.#target;
    const shortMs = patience.shortWaitMs(origin, now);
    if (shortMs === undefined || after(now, shortMs) >= after(this.#startedAt, this.#question.deadlineMs))
      return;
    clearTimeout(this.#early);
    this.#early = setTimeout(() => {
      const error = this.#timeout(shortMs, ', and was silent several times before');
      if (patience.takeProbe(origin)) {
        this.#probed = origin;
        letGo(error);
      } else this.#abort.abort(error);
    }, shortMs);
  }

  async #send(
    pool: Dispatcher,
    request: Pick<HttpQuestion, 'method' | 'body' | 'contentType'>,
  ): Promise<Response> {
    const authorization = this.#parts.authorization(this.#target);
    const asked = (): Promise<Response> =>
      pool.request({
        path: this.#target.path,
        method: request.method,
        headers: {
          accept: this.#question.accept,
          'accept-encoding': 'identity',
          'user-agent': 'Firstline',
          ...(this.#question.isUncached === true && { 'cache-control': 'no-cache' }),
          ...(request.contentType !== undefined && { 'content-type': request.contentType }),
          ...(authorization !== undefined && { authorization }),
        },
        body: request.body ?? null,
        signal: this.#abort.signal,
      });
    // A request that waits for its connection does not hear of the signal before that is there.
    const ask = (): Promise<Response> => unlessAborted(asked(), this.#abort.signal);
    try {
      return await ask();
    } catch (thrown) {
      if (this.#abort.signal.aborted || !isWorthAnother(thrown)) throw thrown;
      return await ask();
    }
  }

  async #read(response: Response): Promise<HttpAnswer> {
    this.#step = 'the answer began and did not end';
    const { statusCode, headers, body } = response;
    // Told to the loop that reads; nobody else listens once that has ended.
    body.on('error', () => undefined);
    const { bytesMax } = this.#question;
    const bytes = await readBody(body, headers, { bytesMax, host: this.#target.host });
    this.#parts.patience.answered(this.#target.origin);
    return { statusCode, contentType: mediaType(headers['content-type']), bytes, uri: this.#target.uri };
  }

  #discard({ body }: Response): void {
    body.on('error', () => undefined);
    body.dump({ limit: redirectBodyMax, signal: this.#abort.signal }).catch(() => undefined);
  }

  /** Where a redirect leads: through all rules again, never from TLS to none. */
  #next({ statusCode, headers }: Response, redirects: number): HttpTarget {
    const { host, isSecure } = this.#target;
    const location = first(headers['location']);
    if (location === undefined) throw badRedirect(`${host} answers ${statusCode} without saying where to`);
    if (redirects >= this.#parts.redirectsMax)
      throw badRedirect(`${host} redirects, after ${redirects} redirects that were followed`);
    const uri = redirectUri(location, this.#target);
    if (uri === undefined) throw badRedirect(`${host} redirects to what is no URI that can be fetched`);
    const next = this.#parts.target(uri, this.#isTrusted(canonicalHost(new URL(uri).hostname)));
    if (isSecure && uri.startsWith('http:')) throw badRedirect(`${host} redirects to where there is no TLS`);
    if (!next.ok) {
      const { code, message } = next.error;
      throw new DependencyError(code, `${host} redirects to where nothing is fetched: ${message}`);
    }
    if (this.#question.staysOnHost === true && next.value.host !== this.#firstHost)
      throw badRedirect(`${host} redirects to another host, which shall not learn what is asked`);
    return next.value;
  }

  /** RFC 5985 §8: a redirect's Retry-After is to be observed. */
  async #observeDelay({ headers }: Response): Promise<void> {
    const seconds = Number(first(headers['retry-after']) ?? 0);
    if (!(seconds > 0)) return;
    const { clock } = this.#parts;
    const { host } = this.#target;
    if (after(clock.mono(), seconds * 1_000) >= after(this.#startedAt, this.#question.deadlineMs))
      throw badRedirect(`${host} redirects with a delay of ${seconds} s, which is too long`);
    const { signal } = this.#abort;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, seconds * 1_000);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  }

  /** Trust in what the operator wrote goes as far as that host. */
  #isTrusted(host: string | undefined): boolean {
    return this.#question.isTrusted === true && host === this.#firstHost;
  }

  #noteFailure({ code }: DependencyError): void {
    if (code !== 'net.httpTimeout' && code !== 'net.nameTimeout') return;
    const now = this.#parts.clock.mono();
    this.#parts.patience.timedOut(this.#target.origin, now - this.#hopStartedAt, now);
  }

  #timeout(waitedMs: number, history = ''): DependencyError<NetErrorCode> {
    const what = `${this.#target.host} did not answer within ${waitedMs} ms${history}: ${this.#step}`;
    return new DependencyError('net.httpTimeout', what);
  }
}

function badRedirect(why: string): DependencyError<NetErrorCode> {
  return new DependencyError('net.httpRedirect', why);
}
