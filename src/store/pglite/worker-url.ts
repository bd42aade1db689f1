import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { storeError } from '../database/failures.ts';

/**
 * Where the worker's program is. Run from TypeScript source (under the test runner) that is the compiled one in
 * `dist/`: Node 20 cannot start a thread from TypeScript.
 */
export function workerUrl(): URL {
  const here = import.meta.url;
  const url = here.endsWith('.ts')
    ? new URL(here.replace(/\/src\/(?=store\/pglite\/[^/]+$)/, '/dist/src/').replace(/[^/]+$/, 'worker.js'))
    : new URL('worker.js', here);
  if (!existsSync(fileURLToPath(url))) {
    throw storeError('store.workerMissing', `${fileURLToPath(url)} is missing; run: node deploy/prepare.mjs`);
  }
  return url;
}
