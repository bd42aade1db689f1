import { readFileSync } from 'node:fs';
import process from 'node:process';
import { placeCall } from '../net/index.ts';
import type { CliDeps } from './deps.ts';

/** What the commands take of the world, taken from this process. */
export function systemDeps(): CliDeps {
  return {
    out: process.stdout,
    err: process.stderr,
    environment: process.env,
    cwd: process.cwd(),
    version: packageVersion(),
    placeCall,
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };
}

function packageVersion(): string {
  // From source this file is two folders below package.json, compiled (dist/src/cli) three.
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
        return String(manifest.version);
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
    }
  }
  return 'unknown';
}
