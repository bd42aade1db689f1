#!/usr/bin/env node
// `npm run chaos`: loads the chaos test, which is TypeScript and shares the tests' helpers, through Vite, which comes with
// the test runner. The process that is killed runs the compiled program, as for `npm start`.
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const { module } = await runnerImport(join(here, 'main.ts'), { configFile: false, root });
process.exitCode = await module.main(process.argv.slice(2));
