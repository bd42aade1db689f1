import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { err, errorText, ok, type Result } from '../base/index.ts';
import type { CliError } from './errors.ts';

/** The file that keeps the local user's API key: `api-key` in the data folder. */
export function keyFilePath(environment: Readonly<Record<string, string | undefined>>, cwd: string): string {
  const named = environment['FIRSTLINE_DATA_DIR'] || environment['FIRSTLINE_DATA'];
  return join(resolve(cwd, named || '.firstline'), 'api-key');
}

/** The key that the file keeps; undefined where there is no file. */
export function readKeyFile(path: string): Result<string | undefined, CliError> {
  try {
    return ok(readFileSync(path, 'utf8').trim());
  } catch (thrown) {
    if (
      thrown instanceof Error &&
      'code' in thrown &&
      (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
    ) {
      return ok(undefined);
    }
    return err({ code: 'cli.noPermission', message: `cannot read the key file: ${errorText(thrown)}` });
  }
}

/** Writes the key so that only its user can read it, and in one step: no reader sees half of it. */
export function writeKeyFile(path: string, key: string): Result<void, CliError> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const draft = `${path}.new`;
    writeFileSync(draft, `${key}\n`, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
    return ok(undefined);
  } catch (thrown) {
    return err({ code: 'cli.noPermission', message: `cannot write the key file: ${errorText(thrown)}` });
  }
}
