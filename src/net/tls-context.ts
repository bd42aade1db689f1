import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import {
  type CodedError,
  DependencyError,
  err,
  errorText,
  ok,
  type Result,
  type WallMs,
  wallMs,
} from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import type { TlsVersion } from './tls-profile.ts';

/** What one TLS context is made from. */
export interface TlsFiles {
  /** Both or neither. */
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The authorities that Node trusts where undefined. */
  readonly caFile?: string | undefined;
  readonly minVersion: TlsVersion;
}

/** A certificate in use, for people and for metrics. */
export interface CertificateInfo {
  readonly file: string;
  readonly subjectAltName: string | undefined;
  readonly validUntil: WallMs;
}

interface Loaded {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  readonly certificate: CertificateInfo | undefined;
}

/** Sessions that clients resume are ours only; OpenSSL wants this where client certificates are asked for. */
const sessionIdContext = 'firstline';

/**
 * A TLS context made from files and made anew when they change. New files that cannot be used leave the old context in
 * place; connections in progress keep the context that they began with.
 */
export class TlsContext {
  readonly #files: TlsFiles;
  readonly #paths: readonly string[];
  readonly #logger: Logger;
  readonly #now: () => WallMs;
  readonly #onChanged: () => void;
  #loaded: Loaded | undefined;
  /** The files as they were when they were last read, and what is wrong with them. */
  #stamp = '';
  #complaint: string | undefined;
  #loading: Promise<Result<boolean, CodedError>> | undefined;

  constructor(options: {
    readonly files: TlsFiles;
    readonly logger: Logger;
    readonly now: () => WallMs;
    readonly onChanged?: () => void;
  }) {
    this.#files = options.files;
    this.#logger = options.logger;
    this.#now = options.now;
    this.#onChanged = options.onChanged ?? (() => undefined);
    const { certificateFile, keyFile, caFile } = options.files;
    this.#paths = [certificateFile, keyFile, caFile].filter((path) => path !== undefined);
  }

  /** The context in use; there is one once `start` is done. */
  get context(): SecureContext | undefined {
    return this.#loaded?.context;
  }

  /** What it was made from, for servers that want that. Holds the private key. */
  get options(): SecureContextOptions {
    return this.#loaded?.options ?? {};
  }

  get certificate(): CertificateInfo | undefined {
    return this.#loaded?.certificate;
  }

  /** Reads the files for the first time; throws `net.tlsCertificate`. An expired certificate is used with a warning. */
  async start(): Promise<void> {
    const stamp = await this.#stampOfFiles();
    const loaded = await this.#load();
    if (!loaded.ok) throw new DependencyError(loaded.error.code, loaded.error.message, loaded.error.cause);
    this.#stamp = stamp;
    this.#loaded = loaded.value;
    const { certificate } = loaded.value;
    if (certificate !== undefined && certificate.validUntil <= this.#now()) {
      this.#logger.warn('net.certificateExpired', { file: certificate.file });
    }
  }

  /**
   * Reads the files again, changed or not. True: they are in use; an error `net.tlsCertificate`: the old ones still are.
   */
  async reload(): Promise<Result<boolean, CodedError>> {
    this.#loading ??= this.#replace().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Reads the files again where one of them has changed since, or could not be used. */
  async poll(): Promise<void> {
    const stamp = await this.#stampOfFiles();
    if (stamp !== this.#stamp || this.#complaint !== undefined) await this.reload();
  }

  async #replace(): Promise<Result<boolean, CodedError>> {
    this.#stamp = await this.#stampOfFiles();
    const loaded = this.#checkedForUse(await this.#load());
    if (!loaded.ok) {
      // A half-written pair is refused again at each poll until it is whole: one line in the log will do.
      if (loaded.error.message !== this.#complaint) {
        this.#logger.error('net.certificateRefused', { message: loaded.error.message, files: this.#paths });
      }
      this.#complaint = loaded.error.message;
      return loaded;
    }
    this.#complaint = undefined;
    this.#loaded = loaded.value;
    const { certificate } = loaded.value;
    this.#logger.info('net.certificateLoaded', {
      files: this.#paths,
      ...(certificate !== undefined && { validUntil: new Date(certificate.validUntil).toISOString() }),
    });
    this.#onChanged();
    return ok(true);
  }

  /** An expired certificate does not replace one that is still good. */
  #checkedForUse(loaded: Result<Loaded, CodedError>): Result<Loaded, CodedError> {
    if (!loaded.ok) return loaded;
    const now = this.#now();
    const { certificate } = loaded.value;
    const wasGood = (this.#loaded?.certificate?.validUntil ?? 0) > now;
    if (certificate === undefined || certificate.validUntil > now || !wasGood) return loaded;
    return err({ code: 'net.tlsCertificate', message: `${certificate.file} has expired` });
  }

  async #load(): Promise<Result<Loaded, CodedError>> {
    const { certificateFile, keyFile, caFile, minVersion } = this.#files;
    try {
      const [cert, key, ca] = await Promise.all([
        contents(certificateFile),
        contents(keyFile),
        contents(caFile),
      ]);
      const certificate =
        cert === undefined || certificateFile === undefined ? undefined : describe(cert, certificateFile);
      if (cert !== undefined && key !== undefined) assertPair(cert, key);
      if (ca !== undefined) new X509Certificate(ca);
      const options: SecureContextOptions = {
        minVersion,
        sessionIdContext,
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(ca !== undefined && { ca }),
      };
      return ok({ options, context: createSecureContext(options), certificate });
    } catch (cause) {
      const message = `cannot use ${this.#paths.join(', ')}: ${errorText(cause)}`;
      return err({ code: 'net.tlsCertificate', message, cause });
    }
  }

  async #stampOfFiles(): Promise<string> {
    const stamps = await Promise.all(
      this.#paths.map(async (path) => {
        try {
          const { mtimeMs, size, ino } = await stat(path);
          return `${mtimeMs} ${size} ${ino}`;
        } catch {
          // What is missing now is told about when it is read.
          return 'missing';
        }
      }),
    );
    return stamps.join('|');
  }
}

async function contents(path: string | undefined): Promise<Buffer | undefined> {
  return path === undefined ? undefined : readFile(path);
}

function describe(cert: Buffer, file: string): CertificateInfo {
  const { subjectAltName, validTo } = new X509Certificate(cert);
  return { file, subjectAltName, validUntil: wallMs(Date.parse(validTo)) };
}

/** Said here in words, since OpenSSL's are hard to understand. */
function assertPair(cert: Buffer, key: Buffer): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the key does not belong to the certificate');
  }
}
