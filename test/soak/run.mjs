#!/usr/bin/env node
// `npm run soak`: loads the soak, which is TypeScript and shares the tests' helpers, through Vite, which comes with the
// test runner. The server under test is a process of its own, compiled as for `npm start`.
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const { module } = await runnerImport(join(here, 'main.ts'), { configFile: false, root });
process.exitCode = await module.main(process.argv.slice(2));
