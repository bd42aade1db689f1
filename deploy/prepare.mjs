#!/usr/bin/env node
// Brings a checkout to the state that `npm start` and `npm test` need, doing only what is missing:
// dependencies as the lock file names them, then the compiled program in dist/. Needs Node.js and npm alone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockStamp = join(root, 'node_modules', '.firstline-lock.sha256');
const buildStamp = join(root, 'dist', '.build.sha256');
const isForced = process.argv.includes('--force');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`firstline: Node.js 20.19 or newer is needed, this is ${process.versions.node}`);
  process.exit(1);
}

ensureDependencies();
ensureBuild();

function ensureDependencies() {
  const wanted = sha256(['package-lock.json']);
  if (existsSync(lockStamp) && readFileSync(lockStamp, 'utf8') === wanted) return;
  console.error('firstline: installing dependencies (npm ci) ...');
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', [
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--progress=true',
  ]);
  writeFileSync(lockStamp, wanted);
}

function ensureBuild() {
  const wanted = sha256([
    'tsconfig.json',
    'package-lock.json',
    'deploy/tsconfig.build.json',
    ...filesBelow('src'),
    ...filesBelow('data'),
  ]);
  if (!isForced && existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === wanted) return;
  console.error('firstline: building ...');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(process.execPath, [tscPath(), '-p', 'deploy/tsconfig.build.json']);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, wanted);
}

function tscPath() {
  const pkg = JSON.parse(readFileSync(join(root, 'node_modules', 'typescript', 'package.json'), 'utf8'));
  const bin = typeof pkg.bin === 'string' ? pkg.bin : pkg.bin.tsc;
  return join(root, 'node_modules', 'typescript', bin);
}

function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}

function sha256(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

function run(command, args) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status === 0) return;
  console.error(
    `firstline: ${command} ${args.join(' ')} failed${done.error ? `: ${done.error.message}` : ''}`,
  );
  process.exit(done.status ?? 1);
}
