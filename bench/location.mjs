#!/usr/bin/env node
// `npm run bench:location`: builds the program where it has changed and measures the readers as the server runs them. The
// measurement itself is TypeScript and comes through Vite, with the test runner; the readers do not: Vite turns each use of an
// import into a call, which would add a third.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const built = spawnSync(process.execPath, [join(root, 'deploy/prepare.mjs')], { stdio: 'inherit' });
if (built.status === 0) {
  const location = await import('../dist/src/location/index.js');
  const xml = await import('../dist/src/xml/index.js');
  const { module } = await runnerImport(join(here, 'location.ts'), { configFile: false, root });
  process.exitCode = await module.main(process.argv.slice(2), { ...location, ...xml });
} else process.exitCode = 1;
