import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What is interrupted. */
export type Focus = 'load' | 'activate' | 'change' | 'remove';

/** A process at work on a store. */
export interface Victim {
  /** The first line from now on that begins so; rejects where the process ends before. */
  says(start: string): Promise<string>;
  /** Whether it is in the middle of its work. */
  isAtWork(): boolean;
  kill(): Promise<void>;
}

const here = dirname(fileURLToPath(import.meta.url));

/** Starts a process that does one kind of work again and again. */
export function startVictim(of: {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly focus: Focus;
  readonly seed: string;
}): Victim {
  const dist = join(dirname(dirname(here)), 'dist');
  const words = [join(here, 'victim.mjs'), dist, of.dataDir, of.databaseUrl ?? '', of.focus, of.seed];
  const child: ChildProcess = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const waiting = new Set<{ readonly start: string; readonly found: (line: string) => void }>();
  let last = '';
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = line;
      for (const each of waiting) if (line.startsWith(each.start)) each.found(line);
    });
  }
  return {
    says: (start) =>
      new Promise((resolve, reject) => {
        const entry = {
          start,
          found: (line: string) => {
            waiting.delete(entry);
            resolve(line);
          },
        };
        waiting.add(entry);
        void exited.then(() => reject(new Error(`the process ended; it said last: ${last}`)));
      }),
    isAtWork: () => last.startsWith('begin'),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
