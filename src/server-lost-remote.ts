import { type Clock, type CodedError, DependencyError, errorText } from './base/index.ts';
import type { Config } from './config/index.ts';
import type { EcrfErrorCode, LostPurpose, LostRemote } from './ecrf/index.ts';
import type { Logger } from './esrp/index.ts';
import {
  defaultLostAnswerLimits,
  type LostAnswer,
  type LostRequest,
  lostMediaType,
  lostSyncMediaType,
  readLostAnswer,
  writeLostRequest,
} from './lost/index.ts';
import {
  type CertificateInfo,
  type HttpCounts,
  HttpFetcher,
  type HttpLimits,
  LostDiscovery,
} from './net/index.ts';

/** Other LoST servers by HTTP, with what the rest of the server needs of it. */
export interface RunningLostRemote extends LostRemote {
  counts(): HttpCounts;
  certificates(): readonly CertificateInfo[];
  reloadCertificates(): Promise<readonly CodedError[]>;
  /** Ends all that is under way. May be called twice. */
  stop(): Promise<void>;
}

/** URIs of one server that are tried for one question. */
const urisMax = 3;
/** Of the time that is left, what a URI before the last may take. */
const timeShare = 0.6;

/**
 * Asks LoST servers by HTTP: at their configured URIs, else at those that the DNS names for them. Where the DNS or a redirect
 * leads is held to `lost.outbound`. Rejects with `net.tlsCertificate` where its certificates cannot be used.
 */
export async function startLostRemote(
  config: Config,
  parts: { readonly clock: Clock; readonly logger: Logger },
): Promise<RunningLostRemote> {
  const { outbound } = config.lost;
  const nameServers = config.sip.nameServers.length === 0 ? undefined : config.sip.nameServers;
  const http = new HttpFetcher({
    // Where the operator wrote http: it is spoken; what the DNS tells is held to the rule before it comes here.
    rules: { ...outbound, plainHttp: outbound.plainHttp || hasPlainUri(config) },
    limits: httpLimits(config),
    credentials: outbound.credentials,
    tls: outbound.tls,
    nameServers,
    clock: parts.clock,
    logger: parts.logger,
  });
  await http.start();
  const discovery = new LostDiscovery({
    clock: parts.clock,
    timeoutMs: Math.min(config.sip.nameTimeoutMs, config.lost.deadlineMs),
    nameServers,
    plainHttp: outbound.plainHttp,
  });
  const asker = new LostAsker(config, { http, discovery, clock: parts.clock });
  return {
    ask: (server, request, how) => asker.ask(server, request, how),
    counts: () => http.counts(),
    certificates: () => http.certificates(),
    reloadCertificates: () => http.reloadCertificates(),
    stop: async () => {
      discovery.stop();
      await http.stop();
    },
  };
}

function hasPlainUri({ lost }: Config): boolean {
  return Object.values(lost.servers).some(({ uri, validationUri }) =>
    [uri, validationUri].some((each) => each !== undefined && /^http:/i.test(each)),
  );
}

interface AskerParts {
  readonly http: HttpFetcher;
  readonly discovery: LostDiscovery;
  readonly clock: Clock;
}

interface Target {
  readonly uri: string;
  /** The operator wrote it. */
  readonly isTrusted: boolean;
}

class LostAsker {
  readonly #config: Config;
  readonly #parts: AskerParts;

  constructor(config: Config, parts: AskerParts) {
    this.#config = config;
    this.#parts = parts;
  }

  async ask(
    server: string,
    request: LostRequest,
    { purpose, deadlineMs }: { readonly purpose: LostPurpose; readonly deadlineMs: number },
  ): Promise<LostAnswer> {
    const { clock } = this.#parts;
    const endsAt = clock.mono() + deadlineMs;
    const targets = (await this.#targetsOf(server, purpose, deadlineMs)).slice(0, urisMax);
    const body = writeLostRequest(request);
    let failure: unknown;
    for (const [place, target] of targets.entries()) {
      const leftMs = endsAt - clock.mono();
      if (leftMs < 1) break;
      const isLast = place === targets.length - 1;
      try {
        return await this.#post(target, body, { purpose, deadlineMs: isLast ? leftMs : leftMs * timeShare });
      } catch (thrown) {
        failure = thrown;
      }
    }
    throw failure ?? late();
  }

  async #targetsOf(server: string, purpose: LostPurpose, deadlineMs: number): Promise<readonly Target[]> {
    const known = Object.entries(this.#config.lost.servers).find(
      ([name]) => name.toLowerCase() === server.toLowerCase(),
    )?.[1];
    const uri = (purpose === 'validation' ? known?.validationUri : undefined) ?? known?.uri;
    if (uri !== undefined) return [{ uri, isTrusted: true }];
    const sought = this.#parts.discovery.urisOf(server, purpose === 'validation' ? 'validation' : 'mapping');
    const found = await within(sought, deadlineMs);
    if (found === undefined) throw late();
    if (!found.ok) throw unreachable(found.error.message);
    return found.value.map((each) => ({ uri: each, isTrusted: false }));
  }

  async #post(
    { uri, isTrusted }: Target,
    body: string,
    { purpose, deadlineMs }: { readonly purpose: LostPurpose; readonly deadlineMs: number },
  ): Promise<LostAnswer> {
    const isSync = purpose === 'sync';
    const contentType = isSync ? lostSyncMediaType : lostMediaType;
    const { sync } = this.#config.lost;
    try {
      const answer = await this.#parts.http.fetch({
        uri,
        method: 'POST',
        body,
        contentType,
        accept: isSync ? `${lostSyncMediaType}, ${lostMediaType}` : lostMediaType,
        isUncached: true,
        deadlineMs,
        bytesMax: isSync ? sync.bytesMax : answerBytesMax,
        isTrusted,
      });
      // RFC 5222 §14: LoST stands in 2xx answers alone.
      if (answer.statusCode < 200 || answer.statusCode > 299) {
        throw unreachable(`${new URL(answer.uri).host} answered ${answer.statusCode}`);
      }
      return understood(answer.bytes, answer.uri);
    } catch (thrown) {
      throw asEcrfError(thrown);
    }
  }
}

/** Boundaries come by value in answers. */
const answerBytesMax = 4_000_000;

function understood(bytes: Uint8Array, uri: string): LostAnswer {
  const read = readLostAnswer(bytes, defaultLostAnswerLimits);
  if (read.ok) return read.value;
  const { host } = new URL(uri);
  throw new DependencyError<EcrfErrorCode>(
    'ecrf.serverUnreadable',
    `the answer of ${host} cannot be read: ${read.error.message}`,
  );
}

const lateCodes: ReadonlySet<string> = new Set(['net.httpTimeout', 'net.nameTimeout']);

function asEcrfError(thrown: unknown): DependencyError {
  if (!(thrown instanceof DependencyError)) return unreachable(errorText(thrown));
  if (thrown.code.startsWith('ecrf.')) return thrown;
  const message = thrown.message
    .replaceAll('location.references.concurrentMax', 'lost.concurrentMax')
    .replaceAll('location.references', 'lost.outbound');
  const code: EcrfErrorCode = lateCodes.has(thrown.code) ? 'ecrf.serverTimeout' : 'ecrf.serverUnreachable';
  return new DependencyError(code, `${thrown.code}: ${message}`, thrown);
}

function unreachable(message: string): DependencyError<EcrfErrorCode> {
  return new DependencyError('ecrf.serverUnreachable', message);
}

function late(): DependencyError<EcrfErrorCode> {
  return new DependencyError('ecrf.serverTimeout', 'no time was left to ask');
}

async function within<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}

function httpLimits({ lost, routing }: Config): HttpLimits {
  return {
    redirectsMax: 2,
    concurrentMax: lost.concurrentMax,
    connectTimeoutMs: lost.deadlineMs,
    headerBytesMax: 16_384,
    originsMax: 256,
    idleMs: 60_000,
    // A server that was silent several times is waited for as little as a call would.
    patience: {
      timeoutsMax: 3,
      shortMs: Math.min(100, routing.lookupDeadlineMs / 4),
      provingMs: Math.min(100, routing.lookupDeadlineMs / 4),
      memoryMs: 30_000,
      originsMax: 1_000,
    },
  };
}
