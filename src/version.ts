import { readFileSync } from 'node:fs';

/** The program's version, from its package.json. */
export function version(): string {
  // Compiled, this file is dist/src/version.js; run from source, src/version.ts.
  for (const place of ['../../package.json', '../package.json']) {
    try {
      const value: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (typeof value === 'object' && value !== null && 'version' in value) return String(value.version);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return 'unknown';
}
