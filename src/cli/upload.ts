import { randomBytes } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { Presets, SingleBar } from 'cli-progress';
import { err, errorText, ok, type Result } from '../base/index.ts';
import type { CliDeps } from './deps.ts';
import type { CliError } from './errors.ts';
import { filesToSend, zipped } from './packing.ts';

/** A file on its way to the server. */
export interface Upload {
  readonly path: string;
  readonly body: ReadableStream<Uint8Array>;
  /** Whether its name says that it is gzip: it is sent as it is. */
  readonly isGzip: boolean;
  readonly progress: { end(): void };
}

/** Opens a file to be sent, with a progress bar on a terminal; an error where it cannot be read. */
export function openUpload(deps: CliDeps, file: string): Result<Upload, CliError> {
  const path = resolve(deps.cwd, file);
  let sizeBytes: number;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error(`${file} is no file`);
    sizeBytes = stat.size;
  } catch (thrown) {
    return err({ code: 'cli.usage', message: `cannot read the file: ${errorText(thrown)}` });
  }
  const progress = new UploadProgress(deps, sizeBytes);
  const body = streamOf(progress.count(createReadStream(path)));
  return ok({ path, body, isGzip: /\.gz$/i.test(path), progress });
}

/** GIS files on their way to the server, as the body of one request. */
export interface GisUpload {
  /** What the server is told that they are: the file's name, or that of a zip file of several. */
  readonly source: string;
  readonly body: ReadableStream<Uint8Array>;
  readonly contentType: string;
  readonly progress: {
    /** What the server does, once the files have been sent. */
    show(step: string): void;
    end(): void;
  };
}

/**
 * Opens GIS files to be sent: one as it is, several (or a folder, or a shapefile) in a zip file. A mapping goes before them in a
 * form.
 */
export function openGisUpload(
  deps: CliDeps,
  words: readonly string[],
  mapping: string | undefined,
): Result<GisUpload, CliError> {
  const files = filesToSend(deps, words);
  if (!files.ok) return files;
  const [first] = files.value;
  const [word = ''] = words;
  if (first === undefined) return err({ code: 'cli.usage', message: 'there are no files to load' });
  const progress = new UploadProgress(
    deps,
    files.value.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
  const isOne = files.value.length === 1 && !first.name.includes('/');
  const chunks = isOne
    ? progress.count(createReadStream(first.path))
    : zipped(files.value, (bytes) => progress.count(bytes));
  const zipName =
    words.length === 1 ? `${basename(resolve(deps.cwd, word)).replace(/\.shp$/i, '')}.zip` : 'files.zip';
  const source = isOne ? first.name : zipName;
  if (mapping === undefined) {
    const isJson = isOne && /\.(?:geo)?json$/i.test(first.name);
    const contentType = isJson ? 'application/geo+json' : 'application/octet-stream';
    return ok({ source, body: streamOf(chunks), contentType, progress });
  }
  const boundary = `firstline-${randomBytes(12).toString('hex')}`;
  const contentType = `multipart/form-data; boundary=${boundary}`;
  return ok({ source, body: streamOf(formOf(boundary, mapping, chunks)), contentType, progress });
}

/** A form of a mapping and a file (RFC 7578). The file's name goes by the query, where there is no quoting to it. */
async function* formOf(
  boundary: string,
  mapping: string,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const part = (name: string, more: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
  yield Buffer.from(`${part('mapping', '')}${mapping}\r\n${part('file', '')}`);
  yield* chunks;
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}

function streamOf(chunks: AsyncIterable<Buffer>): ReadableStream<Uint8Array> {
  return Readable.toWeb(Readable.from(chunks, { objectMode: false })) as ReadableStream<Uint8Array>;
}

/** Shows how much of a file has been sent, on a terminal; then that the server is at work. */
class UploadProgress {
  readonly #bar: SingleBar | undefined;
  readonly #sizeBytes: number;
  #sentBytes = 0;

  constructor(deps: CliDeps, sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    if (deps.err.isTTY !== true) return;
    this.#bar = new SingleBar(
      {
        format: '  {phase} {bar} {percentage}% of {size}',
        stream: deps.err,
        hideCursor: true,
        clearOnComplete: true,
      },
      Presets.shades_classic,
    );
    const size = `${(sizeBytes / 1e6).toFixed(1)} MB`;
    this.#bar.start(Math.max(1, sizeBytes), 0, { phase: 'sending '.padEnd(22), size });
  }

  async *count(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      yield chunk;
      this.#sentBytes += chunk.length;
      const phase = this.#sentBytes < this.#sizeBytes ? 'sending' : 'the server is loading';
      this.#bar?.update(this.#sentBytes, { phase: phase.padEnd(22) });
    }
  }

  show(step: string): void {
    if (this.#sentBytes >= this.#sizeBytes) this.#bar?.update(this.#sentBytes, { phase: step.padEnd(22) });
  }

  end(): void {
    this.#bar?.stop();
  }
}
