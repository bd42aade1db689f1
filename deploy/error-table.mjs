#!/usr/bin/env node
// Rewrites the error table of ARCHITECTURE.md from the tables that the modules own (every src/**/errors.ts).
// `--check` writes nothing and fails where the two differ.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const document = join(root, 'ARCHITECTURE.md');
const begin = '<!-- errors:begin -->';
const end = '<!-- errors:end -->';

const prepared = spawnSync(process.execPath, [join(root, 'deploy', 'prepare.mjs')], { stdio: 'inherit' });
if (prepared.status !== 0) process.exit(prepared.status ?? 1);

const rows = [];
for (const file of errorModules()) {
  for (const table of Object.values(await import(pathToFileURL(file).href))) {
    if (table === null || typeof table !== 'object') continue;
    for (const [code, row] of Object.entries(table)) {
      // An errors.ts may export other things too, such as exit codes.
      if (typeof row?.meaning === 'string') rows.push({ code, kind: row.kind, meaning: row.meaning });
    }
  }
}
rows.sort((a, b) => (a.code < b.code ? -1 : 1));

const text = readFileSync(document, 'utf8');
const from = text.indexOf(begin);
const to = text.indexOf(end);
if (from === -1 || to < from) fail(`ARCHITECTURE.md has no block between ${begin} and ${end}`);
const block = [
  begin,
  '| code | kind | meaning |',
  '| --- | --- | --- |',
  ...rows.map((row) => `| \`${row.code}\` | ${row.kind} | ${row.meaning.replaceAll('|', '\\|')} |`),
  end,
].join('\n');
const wanted = text.slice(0, from) + block + text.slice(to + end.length);

if (process.argv.includes('--check')) {
  if (wanted !== text) fail('the error table of ARCHITECTURE.md is out of date: node deploy/error-table.mjs');
} else writeFileSync(document, wanted);
console.log(`${rows.length} error codes`);

function errorModules() {
  return readdirSync(join(root, 'dist', 'src'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name === 'errors.js')
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== join(root, 'dist', 'src', 'base', 'errors.js'))
    .sort();
}

function fail(message) {
  console.error(`firstline: ${message}`);
  process.exit(1);
}
