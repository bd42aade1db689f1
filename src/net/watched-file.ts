import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../base/index.ts';

export interface WatchedFileOptions<Content> {
  readonly path: string;
  readonly clock: Clock;
  /** Of a missing or unreadable file the text is empty. */
  readonly parse: (text: string) => Content;
}

/** How often a file that is in use is looked at. */
const recheckMs = 5_000;

/** A small file of the system, read when first used and again when it changed. */
export class WatchedFile<Content> {
  readonly #options: WatchedFileOptions<Content>;
  #content: Content | undefined;
  #fileVersion: string | undefined;
  #version = 0;
  #recheckAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Content> | undefined;

  constructor(options: WatchedFileOptions<Content>) {
    this.#options = options;
  }

  /** Grows whenever the content was read anew. */
  get version(): number {
    return this.#version;
  }

  /** The content as last read, at once; a look at the file is begun where it is due. Undefined before the first read. */
  current(): Content | undefined {
    if (this.#options.clock.mono() >= this.#recheckAt) void this.refresh();
    return this.#content;
  }

  /** The content, after a look at the file where that is due. Never rejects. */
  refresh(): Promise<Content> {
    const now = this.#options.clock.mono();
    if (this.#reading !== undefined) return this.#reading;
    if (this.#content !== undefined && now < this.#recheckAt) return Promise.resolve(this.#content);
    this.#recheckAt = now + recheckMs;
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<Content> {
    const { path, parse } = this.#options;
    const status = await stat(path).catch(() => undefined);
    const fileVersion = status === undefined ? '' : `${status.mtimeMs} ${status.size} ${status.ino}`;
    if (this.#content !== undefined && fileVersion === this.#fileVersion) return this.#content;
    const text = status === undefined ? '' : await readFile(path, 'utf8').catch(() => '');
    const content = parse(text);
    this.#content = content;
    this.#fileVersion = fileVersion;
    this.#version += 1;
    return content;
  }
}
