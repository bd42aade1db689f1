import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/store/package-root.ts';

// The short form of `npm run chaos`: a kill of each kind.

describe('a kill of the process or of the database', () => {
  it('leaves whole datasets and nothing else, and lookups go on', async () => {
    const seed = process.env['FIRSTLINE_CHAOS_SEED'] ?? String(Date.now());
    const words = [join(packageRoot(), 'test', 'chaos', 'run.mjs'), '--rounds', '4', '--seed', seed];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(said).toMatch(/^4 kills, 0 faults$/m);
    expect(code, said).toBe(0);
  });
});
