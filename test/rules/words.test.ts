import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './source.ts';

// What is committed must mean the same on every machine: no file names a folder of one developer's machine.

const ignored = new Set(['.git', 'node_modules', 'dist', '.firstline', 'coverage', 'out']);
const machineFolders = ['work', 'root', 'home', 'Users'].map((name) => `/${name}/`);
const pattern = new RegExp(`(?<![\\w.:/-])(?:${machineFolders.join('|')})`);

function committedFiles(): readonly string[] {
  if (existsSync(join(root, '.git')))
    return execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter((path) => path !== '' && existsSync(join(root, path)));
  return walk(root);
}

function walk(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (ignored.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [relative(root, path).split(sep).join('/')];
  });
}

function findings(path: string, text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : []));
}

describe('committed files', () => {
  const files = committedFiles();

  it('were looked at', () => {
    expect(files.length).toBeGreaterThan(60);
  });

  it('name no folder of a developer’s machine', () => {
    const found = files.flatMap((path) => findings(path, readFileSync(join(root, path), 'latin1')));
    expect(found).toEqual([]);
  });

  it.each(machineFolders)('would be found out for naming %s', (folder) => {
    expect(findings('a.ts', `const a = '${folder}b';`)).toEqual(['a.ts:1']);
  });
});
