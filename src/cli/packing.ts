import { createReadStream, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import yazl from 'yazl';
import { err, errorText, ok, type Result } from '../base/index.ts';
import type { CliDeps } from './deps.ts';
import type { CliError } from './errors.ts';

/** A file that goes to the server, under the name that it has there. */
export interface PackedFile {
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
}

/** The files of a shapefile that say something; its indexes are made anew. */
const shapefileParts = /\.(?:shp|dbf|prj|cpg)$/i;

/**
 * The files that a command line means: the folder of a File Geodatabase with all that is in it, and with a `.shp` file the
 * others of its shapefile. An error where one cannot be read, or two would have the same name.
 */
export function filesToSend(
  deps: CliDeps,
  words: readonly string[],
): Result<readonly PackedFile[], CliError> {
  const files = new Map<string, PackedFile>();
  const add = (path: string, name: string, { size }: Stats): CliError | undefined => {
    const before = files.get(name.toLowerCase());
    if (before !== undefined && before.path !== path) {
      return { code: 'cli.usage', message: `two of the files are named ${name}; load them one by one` };
    }
    files.set(name.toLowerCase(), { path, name, sizeBytes: size });
    return undefined;
  };
  for (const word of words) {
    const path = resolve(deps.cwd, word);
    try {
      const stat = statSync(path);
      // Any other folder may hold what was never meant to leave it.
      const isGeodatabase = stat.isDirectory() && /\.gdb$/i.test(path);
      if (!isGeodatabase && !stat.isFile()) throw new Error(`${word} is no file`);
      const found = isGeodatabase ? folderFiles(path) : [...withSiblings(path)];
      for (const each of found) {
        const name = isGeodatabase ? `${basename(path)}/${basename(each)}` : basename(each);
        const fault = add(each, name, statSync(each));
        if (fault !== undefined) return err(fault);
      }
    } catch (thrown) {
      return err({ code: 'cli.usage', message: `cannot read the file: ${errorText(thrown)}` });
    }
  }
  return ok([...files.values()]);
}

function folderFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(folder, entry.name));
}

function* withSiblings(path: string): Generator<string> {
  yield path;
  if (!/\.shp$/i.test(path)) return;
  const base = basename(path).slice(0, -4).toLowerCase();
  for (const name of readdirSync(dirname(path))) {
    const isSibling = shapefileParts.test(name) && name.slice(0, -4).toLowerCase() === base;
    if (isSibling && name !== basename(path)) yield join(dirname(path), name);
  }
}

/** Files as one zip file, made as it is read. `count` sees the bytes of the files go by. */
export function zipped(
  files: readonly PackedFile[],
  count: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  const zip = new yazl.ZipFile();
  for (const { path, name } of files) {
    const compress = !/\.(?:gz|zip|kmz)$/i.test(name);
    zip.addReadStreamLazy(name, { compress }, (give) => {
      give(null, Readable.from(count(createReadStream(path)), { objectMode: false }));
    });
  }
  zip.end();
  return zip.outputStream as unknown as AsyncIterable<Buffer>;
}
