#!/usr/bin/env node
// `npm run bench`: loads the benchmark, which is TypeScript and shares the tests' helpers, through Vite, which comes
// with the test runner. What is measured runs in processes of its own and is not touched by this.
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const { module } = await runnerImport(join(here, 'main.ts'), { configFile: false, root: dirname(here) });
process.exitCode = await module.main(process.argv.slice(2));
