import { err, ok, type Result } from '../base/index.ts';
import { isApiKey } from '../http/index.ts';
import { ApiClient } from './api-client.ts';
import type { CliDeps } from './deps.ts';
import type { CliError } from './errors.ts';
import { keyFilePath, readKeyFile } from './key-file.ts';

/** The options of every command that speaks to the server. */
export interface ServerOptions {
  readonly url?: string;
  readonly key?: string;
}

/** The server that a command speaks to, and where its key came from. */
export interface Session {
  readonly client: ApiClient;
  readonly key: string | undefined;
  readonly keySource: 'option' | 'environment' | 'file' | 'none';
  readonly keyFile: string;
}

/** Where the server is, unless told otherwise. */
export const defaultUrl = 'http://127.0.0.1:8080';

/** Finds the server and the key: option, then environment, then (the key) the file in the data folder. */
export function openSession(deps: CliDeps, options: ServerOptions): Result<Session, CliError> {
  const urlText = options.url ?? deps.environment['FIRSTLINE_URL'] ?? defaultUrl;
  const url = URL.canParse(urlText) ? new URL(urlText) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return err({ code: 'cli.badSetting', message: `not an http or https URL: ${urlText}` });
  }
  const keyFile = keyFilePath(deps.environment, deps.cwd);
  const found = findKey(deps, options, keyFile);
  if (!found.ok) return found;
  const { key, keySource } = found.value;
  if (key !== undefined && !isApiKey(key)) {
    const where = { option: '--key', environment: 'FIRSTLINE_API_KEY', file: keyFile, none: '' }[keySource];
    return err({
      code: 'cli.badSetting',
      message: `${where} holds no API key: one is fl_ and 43 characters`,
    });
  }
  return ok({ client: new ApiClient({ url, key, version: deps.version }), key, keySource, keyFile });
}

function findKey(
  deps: CliDeps,
  options: ServerOptions,
  keyFile: string,
): Result<Pick<Session, 'key' | 'keySource'>, CliError> {
  if (options.key !== undefined) return ok({ key: options.key, keySource: 'option' });
  const variable = deps.environment['FIRSTLINE_API_KEY'];
  if (variable !== undefined && variable !== '') return ok({ key: variable, keySource: 'environment' });
  const kept = readKeyFile(keyFile);
  if (!kept.ok) return kept;
  return ok({ key: kept.value, keySource: kept.value === undefined ? 'none' : 'file' });
}
