import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorText, ok, type Result } from './base/index.ts';
import type { Config } from './config/index.ts';
import {
  createDiscrepancyService,
  type DiscrepancyDocument,
  type DiscrepancyRefusal,
  defaultDiscrepancyTimes,
  isFlattenedJws,
  type JwsSigner,
  type Logger,
  readCertificates,
  readJwsSigner,
  signJws,
  verifyJws,
} from './esrp/index.ts';
import type { DiscrepancyDesk } from './http/index.ts';
import { HttpFetcher, systemClock, systemRandom } from './net/index.ts';
import { systemTimer } from './server-settings.ts';
import type { Store } from './store/index.ts';

/** Longest wait for the other side of a report. */
const postDeadlineMs = 20_000;
const answerBytesMax = 262_144;

/** Discrepancy reports as the rest of the server sees them. */
export interface RunningDiscrepancies {
  readonly desk: DiscrepancyDesk;
  /** Ends what is under way. May be called twice. */
  stop(): Promise<void>;
}

/** Starts taking and sending discrepancy reports. Rejects where a certificate or key cannot be used. */
export async function startDiscrepancies(
  config: Config,
  { store, logger }: { readonly store: Store; readonly logger: Logger },
): Promise<RunningDiscrepancies> {
  const { discrepancy } = config;
  const agencyName = discrepancy.agencyName ?? config.identity.domain ?? hostname();
  const signer = readSigner(config);
  const fetcher = makeFetcher(config, logger);
  await fetcher.start();
  const service = createDiscrepancyService(
    {
      ...defaultDiscrepancyTimes,
      agencyName,
      contactJcard: discrepancy.contactJcard ?? plainJcard(agencyName),
      resolutionUri: discrepancy.resolutionUri,
    },
    {
      store: store.discrepancies,
      post: (uri, document, isTrusted) => post(fetcher, { uri, document, isTrusted, signer }),
      clock: systemClock,
      random: systemRandom(),
      timer: systemTimer,
      logger,
    },
  );
  void store.prepared.then(() => service.start());
  return {
    desk: { service, store: store.discrepancies, open: makeOpener(config) },
    stop: async () => {
      await service.stop();
      await fetcher.stop();
    },
  };
}

/** A jCard (RFC 7095) that has a name alone. */
function plainJcard(name: string): string {
  return JSON.stringify([
    'vcard',
    [
      ['version', {}, 'text', '4.0'],
      ['fn', {}, 'text', name],
      ['kind', {}, 'text', 'org'],
    ],
  ]);
}

function readSigner({ discrepancy: { signing } }: Config): JwsSigner | undefined {
  if (signing === undefined) return undefined;
  const signer = readJwsSigner({
    key: readFileSync(signing.keyFile, 'utf8'),
    certificates: readFileSync(signing.certificateFile, 'utf8'),
  });
  if (!signer.ok) throw new Error(`discrepancy.signing: ${signer.error}`);
  return signer.value;
}

function makeFetcher({ discrepancy: { outbound }, sip }: Config, logger: Logger): HttpFetcher {
  const { caFile, certificateFile, keyFile } = outbound;
  return new HttpFetcher({
    rules: { hosts: [], networks: outbound.networks, plainHttp: outbound.plainHttp },
    limits: {
      redirectsMax: 2,
      concurrentMax: 8,
      connectTimeoutMs: 5_000,
      headerBytesMax: 16_384,
      originsMax: 64,
      idleMs: 10_000,
      patience: { timeoutsMax: 3, shortMs: 5_000, provingMs: 5_000, memoryMs: 60_000, originsMax: 64 },
    },
    credentials: {},
    tls: { caFile, certificateFile, keyFile },
    nameServers: sip.nameServers.length === 0 ? undefined : sip.nameServers,
    clock: systemClock,
    logger,
  });
}

async function post(
  fetcher: HttpFetcher,
  of: {
    readonly uri: string;
    readonly document: DiscrepancyDocument;
    readonly isTrusted: boolean;
    readonly signer: JwsSigner | undefined;
  },
) {
  const text = JSON.stringify(of.document);
  const body = of.signer === undefined ? text : JSON.stringify(signJws(text, of.signer));
  const answer = await fetcher.fetch({
    uri: of.uri,
    method: 'POST',
    body,
    contentType: 'application/json',
    accept: 'application/json',
    deadlineMs: postDeadlineMs,
    bytesMax: answerBytesMax,
    isTrusted: of.isTrusted,
  });
  return {
    statusCode: answer.statusCode,
    document: readDocument(Buffer.from(answer.bytes).toString('utf8')),
  };
}

function readDocument(text: string): DiscrepancyDocument | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as DiscrepancyDocument)
      : undefined;
  } catch {
    return undefined; // An answer that is not JSON says nothing more than its status.
  }
}

/** Takes a document out of its signature, where it has one, and holds it to what the configuration wants. */
function makeOpener({ discrepancy: { verification } }: Config): DiscrepancyDesk['open'] {
  const authorities =
    verification === undefined ? [] : readCertificates(readFileSync(verification.caFile, 'utf8'));
  return (document): Result<DiscrepancyDocument, DiscrepancyRefusal> => {
    if (!isFlattenedJws(document)) {
      return verification?.isRequired === true ? unauthorized('the document is not signed') : ok(document);
    }
    if (verification === undefined)
      return payloadOf(Buffer.from(document.payload, 'base64url').toString('utf8'));
    const verified = verifyJws(document, { authorities, at: systemClock.wall() });
    return verified.ok ? payloadOf(verified.value.payload) : unauthorized(verified.error);
  };
}

function payloadOf(text: string): Result<DiscrepancyDocument, DiscrepancyRefusal> {
  const document = readDocument(text);
  return document === undefined
    ? { ok: false, error: { fault: 'badDocument', reason: 'what is signed is no JSON object' } }
    : ok(document);
}

function unauthorized(reason: string): Result<never, DiscrepancyRefusal> {
  return { ok: false, error: { fault: 'reporterUnauthorized', reason: errorText(reason) } };
}
