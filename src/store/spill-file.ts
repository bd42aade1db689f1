import { appendFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Rows that found no room in memory while the database was away, one JSON text a line. */
export interface SpillFile {
  append(rows: readonly string[]): Promise<void>;
  /** Takes all rows out; `done` removes them for good, and without it they are found again later. */
  take(): Promise<{ readonly rows: readonly string[]; done(): Promise<void> } | undefined>;
}

/**
 * A spill file of this process in `folder`. What earlier processes left there is taken too, once they are gone.
 * Lines are whole or, after a crash, cut at the end of the file: a cut line is dropped.
 */
export function openSpillFile(folder: string): SpillFile {
  const own = `calls-${process.pid}.ndjson`;
  let mayHaveRows = true;
  // One after the other: a file must not be taken while rows are being added to it.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    append: (rows) =>
      inTurn(async () => {
        mayHaveRows = true;
        await mkdir(folder, { recursive: true });
        await appendFile(join(folder, own), rows.map((row) => `${row}\n`).join(''));
      }),
    take: () =>
      inTurn(async () => {
        if (!mayHaveRows) return undefined;
        const taken = await claim(folder, own);
        if (taken.length === 0) {
          mayHaveRows = false;
          return undefined;
        }
        const texts = await Promise.all(taken.map((path) => readFile(path, 'utf8')));
        return {
          rows: texts.flatMap((text) => text.split('\n').filter(isWhole)),
          done: async () => {
            await Promise.all(taken.map((path) => rm(path, { force: true })));
          },
        };
      }),
  };
}

// Renamed before it is read, so that rows which are appended meanwhile go to a new file.
async function claim(folder: string, own: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const claimed: string[] = [];
  for (const name of names) {
    const match = /^(calls|taken)-(\d+)(-\d+)?\.ndjson$/.exec(name);
    if (match === null) continue;
    const pid = Number(match[2]);
    if (pid !== process.pid && isRunning(pid)) continue;
    if (match[1] === 'taken' && pid === process.pid) {
      claimed.push(join(folder, name));
      continue;
    }
    const target = join(
      folder,
      `taken-${process.pid}-${Date.now()}${name === own ? 0 : claimed.length + 1}.ndjson`,
    );
    await rename(join(folder, name), target);
    claimed.push(target);
  }
  return claimed;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isWhole(line: string): boolean {
  if (line === '') return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
