import { ProblemError, problem } from './problem.ts';

/** A form with a file in it, as far as it has been read: what came before the file, and the file as it arrives. */
export interface FormUpload {
  /** The fields before the file, by name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly fileName: string | undefined;
  /** The file; rejects with ProblemError where the form goes on behind it, or ends before it. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** What a form may have. */
export interface FormLimits {
  /** Of all fields together. */
  readonly fieldBytesMax: number;
}

/** The Content-Type of forms with files. */
export const formMediaType = 'multipart/form-data';

const headerBytesMax = 8_192;
const partsMax = 20;

/**
 * Reads a form (RFC 7578) up to its file, whose part is named `file`. Fields come before the file, since the file is not kept:
 * curl sends them in the order in which they are given. Rejects with ProblemError.
 */
export async function readForm(
  chunks: AsyncIterable<Uint8Array>,
  contentType: string,
  limits: FormLimits,
): Promise<FormUpload> {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) throw malformed('the Content-Type names no boundary');
  const reader = new FormReader(chunks, boundary);
  await reader.skipPreamble();
  const fields = new Map<string, string>();
  let leftBytes = limits.fieldBytesMax;
  for (let parts = 0; parts < partsMax; parts += 1) {
    const part = await reader.nextPart();
    if (part === undefined) throw malformed('the form has no part named file');
    if (part.name === 'file') return { fields, fileName: part.fileName, chunks: reader.lastPart() };
    const bytes: Uint8Array[] = [];
    for await (const chunk of reader.part()) {
      leftBytes -= chunk.length;
      if (leftBytes < 0) {
        throw new ProblemError(
          problem('http.bodyTooLarge', `the fields of the form are over ${limits.fieldBytesMax} bytes`),
        );
      }
      bytes.push(chunk);
    }
    if (fields.has(part.name)) throw malformed(`the form has two parts named ${part.name.slice(0, 40)}`);
    fields.set(part.name, Buffer.concat(bytes).toString('utf8'));
  }
  throw malformed(`the form has more than ${partsMax} parts before its file`);
}

interface Part {
  readonly name: string;
  readonly fileName: string | undefined;
}

class FormReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  /** Starts with a line break, so that a delimiter at the very beginning is found as the others are. */
  #held: Buffer = Buffer.from('\r\n');
  #isEnded = false;

  constructor(chunks: AsyncIterable<Uint8Array>, boundary: string) {
    this.#iterator = chunks[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  async skipPreamble(): Promise<void> {
    for await (const chunk of this.part()) void chunk;
  }

  /** The header of the next part; undefined where the form ends. */
  async nextPart(): Promise<Part | undefined> {
    await this.#atLeast(2);
    if (this.#held.subarray(0, 2).toString('latin1') === '--') return undefined;
    let end = this.#held.indexOf('\r\n\r\n');
    while (end < 0) {
      if (this.#held.length > headerBytesMax) throw malformed('the header of a part is too long');
      if (!(await this.#more())) throw malformed('the form ends inside a header');
      end = this.#held.indexOf('\r\n\r\n');
    }
    const header = this.#held.subarray(0, end).toString('utf8');
    this.#held = this.#held.subarray(end + 4);
    const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(header)?.[1];
    const name = disposition === undefined ? undefined : parameterOf(disposition, 'name');
    if (disposition === undefined || name === undefined) throw malformed('a part has no name');
    return { name, fileName: parameterOf(disposition, 'filename') };
  }

  /** The bytes of the present part, up to its delimiter, which is taken too. */
  async *part(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const end = this.#held.indexOf(this.#delimiter);
      if (end >= 0) {
        if (end > 0) yield this.#held.subarray(0, end);
        this.#held = this.#held.subarray(end + this.#delimiter.length);
        return;
      }
      // What may be the beginning of a delimiter waits for the rest of it.
      const safe = this.#held.length - this.#delimiter.length + 1;
      if (safe > 0) {
        const given = this.#held.subarray(0, safe);
        this.#held = this.#held.subarray(safe);
        yield given;
      }
      if (!(await this.#more())) throw malformed('the form ends inside a part; it may have been cut off');
    }
  }

  /** The bytes of the present part, which has to be the last. */
  async *lastPart(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.part();
      const next = await this.nextPart();
      if (next !== undefined) {
        const what =
          next.name === 'file' ? 'a second file: pack them into one zip file' : next.name.slice(0, 40);
        throw malformed(`behind the file comes ${what}; fields stand before the file, and one file is taken`);
      }
    } finally {
      await this.#iterator.return?.();
    }
  }

  async #atLeast(sizeBytes: number): Promise<void> {
    while (this.#held.length < sizeBytes) {
      if (!(await this.#more())) throw malformed('the form ends without its last delimiter');
    }
  }

  async #more(): Promise<boolean> {
    if (this.#isEnded) return false;
    const next = await this.#iterator.next();
    if (next.done === true) {
      this.#isEnded = true;
      return false;
    }
    this.#held = this.#held.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#held, next.value]);
    return true;
  }
}

/** RFC 2046 §5.1.1: up to 70 characters. */
function boundaryOf(contentType: string): string | undefined {
  const match = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}

/** Quotes in a name are written `%22` (RFC 7578 §4.2) or with a backslash. */
function parameterOf(disposition: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|;)\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`, 'i').exec(
    disposition,
  );
  return (match?.[1] ?? match?.[2])?.replaceAll('%22', '"').replace(/\\(.)/g, '$1');
}

function malformed(why: string): ProblemError {
  return new ProblemError(problem('http.invalidRequest', `the form cannot be read: ${why}`));
}
