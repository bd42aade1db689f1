#!/usr/bin/env node
// Writes the table of keys in docs/configuration.md anew from the compiled schema (npm run build first).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configTable } from '../dist/src/config/index.js';

const file = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const text = readFileSync(file, 'utf8');
writeFileSync(
  file,
  text.replace(
    /<!-- keys:begin -->[\s\S]*<!-- keys:end -->/,
    () => `<!-- keys:begin -->\n${configTable()}\n<!-- keys:end -->`,
  ),
);
