#!/usr/bin/env node
// `npm run bench:location`: loads the measurement of the location readers as run.mjs does the benchmark: through Vite, which
// comes with the test runner.
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const file = join(here, 'location.ts');
const { module } = await runnerImport(file, { configFile: false, root: dirname(here) });
process.exitCode = await module.main(process.argv.slice(2));
