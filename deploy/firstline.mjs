#!/usr/bin/env node
// The executable. In a checkout it first brings dependencies and build up to date, which does nothing where both are.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (existsSync(join(root, 'src'))) await import('./prepare.mjs');
await import(pathToFileURL(join(root, 'dist', 'src', 'main.js')).href);
