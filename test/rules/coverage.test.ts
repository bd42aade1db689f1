import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

it('the coverage table of the README says which sections have tests', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'deploy', 'coverage-table.mjs'), '--check'],
    {
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
