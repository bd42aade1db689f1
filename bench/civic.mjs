#!/usr/bin/env node
// `npm run bench:civic`: builds the program where it has changed (the embedded database runs in a thread of it) and measures
// lookups of addresses. The measurement is TypeScript and comes through Vite, with the test runner.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const built = spawnSync(process.execPath, [join(root, 'deploy/prepare.mjs')], { stdio: 'inherit' });
if (built.status === 0) {
  const { module } = await runnerImport(join(here, 'civic.ts'), { configFile: false, root });
  process.exitCode = await module.main(process.argv.slice(2));
} else process.exitCode = 1;
