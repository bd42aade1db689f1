import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ErrorDefinition } from '../../src/base/index.ts';
import { readSources, root } from './source.ts';

// Every error code is owned by one module and has one row in ARCHITECTURE.md; `node deploy/error-table.mjs` writes it.

interface OwnedCode extends ErrorDefinition {
  readonly code: string;
  readonly file: string;
}

const kinds = ['parse', 'reject', 'dependency', 'config', 'bug'];

const modules = readSources('src').filter(
  (file) => file.path.endsWith('/errors.ts') && file.path !== 'src/base/errors.ts',
);

async function ownedCodes(): Promise<readonly OwnedCode[]> {
  const codes: OwnedCode[] = [];
  for (const { path } of modules) {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(root, path)).href);
    for (const table of Object.values(exported))
      if (isErrorTable(table))
        for (const [code, definition] of Object.entries(table))
          codes.push({ ...definition, code, file: path });
  }
  return codes;
}

function isErrorTable(value: unknown): value is Record<string, ErrorDefinition> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(
      (row) => typeof row === 'object' && row !== null && 'kind' in row && 'meaning' in row,
    )
  );
}

/** The rows of the block between the two marks, cells trimmed and without code marks. */
function documentedRows(): readonly (readonly string[])[] {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const block = text.split('<!-- errors:begin -->')[1]?.split('<!-- errors:end -->')[0] ?? '';
  return block
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`|`$/g, '').replaceAll('\\|', '|')),
    );
}

describe('error codes', () => {
  it('are read from every module that owns some', async () => {
    const files = new Set((await ownedCodes()).map((code) => code.file));
    expect([...files].sort()).toEqual(modules.map((file) => file.path).sort());
    expect(files.size).toBeGreaterThanOrEqual(8);
  });

  it('are declared by defineErrors in an errors.ts and nowhere else', () => {
    const strays = readSources('src').filter(
      (file) =>
        /\bdefineErrors\s*\(/.test(file.code) &&
        !file.path.endsWith('/errors.ts') &&
        !file.path.startsWith('src/base/'),
    );
    expect(strays.map((file) => file.path)).toEqual([]);
  });

  it('are unique, of a known kind, and say what they mean', async () => {
    const codes = await ownedCodes();
    const names = codes.map((code) => code.code);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    for (const { code, kind, meaning } of codes) {
      expect(code).toMatch(/^[a-z]+\.[a-z][a-zA-Z0-9]*$/);
      expect(kinds, code).toContain(kind);
      expect(meaning.trim(), code).not.toBe('');
    }
  });

  it('have exactly one row each in ARCHITECTURE.md, and no row is left over', async () => {
    const owned = (await ownedCodes()).map(({ code, kind, meaning }) => [code, kind, meaning]);
    expect([...documentedRows()].sort()).toEqual(owned.sort());
  });
});
