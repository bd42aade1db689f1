import { createReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { Presets, SingleBar } from 'cli-progress';
import { err, errorText, ok, type Result } from '../base/index.ts';
import type { CliDeps } from './deps.ts';
import type { CliError } from './errors.ts';

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
  const body = Readable.toWeb(Readable.from(progress.count(createReadStream(path)), { objectMode: false }));
  return ok({ path, body: body as ReadableStream<Uint8Array>, isGzip: /\.gz$/i.test(path), progress });
}

/** Shows how much of a file has been sent, on a terminal; then that the server is at work. */
class UploadProgress {
  readonly #bar: SingleBar | undefined;
  readonly #sizeBytes: number;

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
    let sentBytes = 0;
    for await (const chunk of chunks) {
      yield chunk;
      sentBytes += chunk.length;
      const phase = sentBytes < this.#sizeBytes ? 'sending' : 'the server is checking';
      this.#bar?.update(sentBytes, { phase: phase.padEnd(22) });
    }
  }

  end(): void {
    this.#bar?.stop();
  }
}
