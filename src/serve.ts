import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import type { CodedError } from './base/index.ts';
import { DependencyError, errorText } from './base/index.ts';
import type { Config } from './config/index.ts';
import { loadConfig } from './config/index.ts';
import { startScreen } from './serve-screen.ts';
import { startServer } from './server.ts';
import { StartProgress } from './start-progress.ts';

/** sysexits.h EX_CONFIG: the configuration is wrong. */
const exitConfig = 78;
/** sysexits.h EX_UNAVAILABLE: something that is needed cannot be had, such as a port that is taken. */
const exitUnavailable = 69;
const defaultFile = 'firstline.yaml';

/**
 * Runs the server with the configuration file named, or with `firstline.yaml` where there is one, until SIGTERM or
 * SIGINT. SIGHUP reads the certificates again. The result is the exit code.
 */
export async function serve(configFile: string | undefined): Promise<number> {
  const loaded = readConfig(configFile);
  if (!loaded.ok) {
    process.stderr.write(`firstline: the configuration has ${loaded.problems.length} problem(s):\n`);
    for (const problem of loaded.problems) process.stderr.write(`  - ${problem.message}\n`);
    return exitConfig;
  }
  const progress = new StartProgress(process.stderr);
  const stopAsked = stopSignal();
  try {
    const server = await startServer(loaded.config, {
      onProgress: (step) => progress.show(step),
      logToFile: process.stderr.isTTY === true,
    });
    progress.end();
    process.on('uncaughtException', (error) => server.reportFault(error));
    process.on('unhandledRejection', (reason) => server.reportFault(reason));
    process.on('SIGHUP', () => void server.reloadCertificates().catch((error) => server.reportFault(error)));
    process.stdout.write(startScreen(server.description));
    const signal = await stopAsked;
    process.stderr.write(`firstline: ${signal}, finishing the calls in set-up (again to end at once)\n`);
    await server.stop();
    return 0;
  } catch (thrown) {
    progress.end();
    process.stderr.write(`firstline: cannot start: ${errorText(thrown)}${hintFor(thrown)}\n`);
    return exitUnavailable;
  }
}

/** What an operator can do about a failed start, where the error does not say it itself. */
function hintFor(thrown: unknown): string {
  if (!(thrown instanceof DependencyError)) return '';
  const keys: Record<string, string> = {
    'net.listenFailed': 'sip.listen (FIRSTLINE_SIP_LISTEN)',
    'http.listenFailed': 'http.listen (FIRSTLINE_HTTP_LISTEN)',
  };
  const key = keys[thrown.code];
  return key === undefined ? '' : `; end the program that has that address, or choose another by ${key}`;
}

type LoadedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly CodedError[] };

function readConfig(named: string | undefined): LoadedConfig {
  const name = named ?? (existsSync(defaultFile) ? defaultFile : undefined);
  try {
    const file = name === undefined ? undefined : { name, text: readFileSync(name, 'utf8') };
    const loaded = loadConfig({ file, environment: process.env });
    return loaded.ok ? { ok: true, config: loaded.value } : { ok: false, problems: loaded.error };
  } catch (thrown) {
    return { ok: false, problems: [{ code: 'config.unreadable', message: `${name}: ${errorText(thrown)}` }] };
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let isAsked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (isAsked) process.exit(1);
      isAsked = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
