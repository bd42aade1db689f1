import { DependencyError, err, errorText, ok, type Result } from '../base/index.ts';
import {
  defaultLostAnswerLimits,
  type LostAnswer,
  type LostRequest,
  lostMediaType,
  readLostAnswer,
  writeLostRequest,
} from '../lost/index.ts';
import { HttpFetcher, LostDiscovery, systemClock } from '../net/index.ts';
import type { CliError } from './errors.ts';

/** The LoST server that a command asks, and what it shows it. */
export interface LostTarget {
  /** Name, whose URI the DNS tells; `uri` where undefined. */
  readonly server?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly token?: string;
  /** Seconds. */
  readonly timeout: number;
}

/** An answer, and the document that it came in. */
export interface LostReply {
  readonly answer: LostAnswer;
  readonly xml: string;
}

const answerBytesMax = 64_000_000;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Asks a LoST server by HTTP, wherever it lies: whoever runs the command has named it. */
export async function askLost(
  request: LostRequest,
  target: LostTarget & { readonly uri: string; readonly isValidation: boolean },
): Promise<Result<LostReply, CliError>> {
  const deadlineMs = (target.timeout > 0 ? target.timeout : 10) * 1_000;
  const found =
    target.server === undefined ? ok(target.uri) : await discover(target.server, target, deadlineMs);
  if (!found.ok) return found;
  const uri = found.value;
  if (!URL.canParse(uri)) return err({ code: 'cli.badSetting', message: `not an http or https URL: ${uri}` });
  try {
    const http = fetcherFor(uri, target, deadlineMs);
    try {
      await http.start();
      const answer = await http.fetch({
        uri,
        method: 'POST',
        body: writeLostRequest(request),
        contentType: lostMediaType,
        accept: lostMediaType,
        isUncached: true,
        deadlineMs,
        bytesMax: answerBytesMax,
        isTrusted: true,
      });
      return understood(answer, uri);
    } finally {
      await http.stop();
    }
  } catch (thrown) {
    return err(failureOf(thrown, uri));
  }
}

async function discover(
  name: string,
  { isValidation }: { readonly isValidation: boolean },
  timeoutMs: number,
): Promise<Result<string, CliError>> {
  const discovery = new LostDiscovery({ clock: systemClock, timeoutMs, plainHttp: true });
  try {
    const uris = await discovery.urisOf(name, isValidation ? 'validation' : 'mapping');
    if (!uris.ok) return err({ code: 'cli.unreachable', message: uris.error.message });
    const [first] = uris.value;
    return first === undefined ? err({ code: 'cli.unreachable', message: `${name} has no URI` }) : ok(first);
  } finally {
    discovery.stop();
  }
}

function fetcherFor(uri: string, { ca, cert, certKey, token }: LostTarget, timeoutMs: number): HttpFetcher {
  return new HttpFetcher({
    rules: { hosts: [], networks: [], plainHttp: true },
    limits: {
      redirectsMax: 5,
      concurrentMax: 8,
      connectTimeoutMs: timeoutMs,
      headerBytesMax: 16_384,
      originsMax: 4,
      idleMs: 1_000,
      patience: {
        timeoutsMax: 100,
        shortMs: timeoutMs,
        provingMs: timeoutMs,
        memoryMs: timeoutMs,
        originsMax: 4,
      },
    },
    credentials: token === undefined ? {} : { [new URL(uri).hostname]: { bearerToken: token } },
    tls: {
      ...(ca === undefined ? {} : { caFile: ca }),
      ...(cert === undefined ? {} : { certificateFile: cert }),
      ...(certKey === undefined ? {} : { keyFile: certKey }),
    },
    clock: systemClock,
    logger: silent,
  });
}

function understood(
  { statusCode, bytes }: { readonly statusCode: number; readonly bytes: Uint8Array },
  uri: string,
): Result<LostReply, CliError> {
  const { host } = new URL(uri);
  if (statusCode === 401 || statusCode === 403) {
    return err({
      code: 'cli.noPermission',
      message: `${host} answers ${statusCode}: show a certificate or a token`,
    });
  }
  if (statusCode < 200 || statusCode > 299) {
    return err({ code: 'cli.badAnswer', message: `${host} answers ${statusCode}` });
  }
  const read = readLostAnswer(bytes, defaultLostAnswerLimits);
  return read.ok
    ? ok({ answer: read.value, xml: Buffer.from(bytes).toString('utf8') })
    : err({ code: 'cli.badAnswer', message: `${host} does not answer LoST: ${read.error.message}` });
}

function failureOf(thrown: unknown, uri: string): CliError {
  const { host } = new URL(uri);
  if (thrown instanceof DependencyError && thrown.code === 'net.tlsCertificate') {
    return { code: 'cli.badSetting', message: thrown.message };
  }
  return { code: 'cli.unreachable', message: `${host} was not asked: ${errorText(thrown)}` };
}

function nothing(): void {
  // A command says itself what went wrong.
}
