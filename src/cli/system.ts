import process from 'node:process';
import { placeCall } from '../net/index.ts';
import { version } from '../version.ts';
import type { CliDeps } from './deps.ts';

/** What the commands take of the world, taken from this process. */
export function systemDeps(): CliDeps {
  process.stdout.on('error', (error: Error & { readonly code?: string }) => {
    // A reader such as `head` has had enough; a server whose screen is gone must go on.
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    out: process.stdout,
    err: process.stderr,
    environment: process.env,
    cwd: process.cwd(),
    version: version(),
    placeCall,
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };
}
