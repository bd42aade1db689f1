import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../base/index.ts';

/** The folder of the package: where migrations/ is, from source and from dist alike. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isOurs(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    assert(parent !== folder, 'the store is not inside of its package');
    folder = parent;
  }
  return folder;
}

function isOurs(manifest: string): boolean {
  return existsSync(manifest) && /"name":\s*"firstline"/.test(readFileSync(manifest, 'utf8'));
}
