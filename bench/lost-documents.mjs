#!/usr/bin/env node
// `npm run bench:lost-documents`: builds the program where it has changed and measures LoST's documents as the server reads
// and writes them; as location.mjs does for the location readers.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const built = spawnSync(process.execPath, [join(root, 'deploy/prepare.mjs')], { stdio: 'inherit' });
if (built.status === 0) {
  const lost = await import('../dist/src/lost/index.js');
  const xml = await import('../dist/src/xml/index.js');
  const { module } = await runnerImport(join(here, 'lost-documents.ts'), { configFile: false, root });
  process.exitCode = await module.main(process.argv.slice(2), { ...lost, ...xml });
} else process.exitCode = 1;
