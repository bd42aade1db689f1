#!/usr/bin/env node
// `npm run fuzz:lost`: loads the fuzzer of the documents of LoST as run.mjs does the other one, through Vite. The readers
// run in this process, and need no server.
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const { module } = await runnerImport(join(here, 'lost.ts'), { configFile: false, root });
process.exitCode = await module.main(process.argv.slice(2));
