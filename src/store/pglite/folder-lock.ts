import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, mkdir, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sqlState, storeError } from '../database/failures.ts';

// Two processes on one database folder corrupt it without an error, so a lock file names its holder. It outlives a
// kill -9: a holder counts as gone when no process has its pid and its start time. A holder in another pid namespace
// (a container) cannot be looked up; it is alive while it keeps touching the file.

const beatEveryMs = 1_000;
const foreignSilenceMs = 4_000;
const attemptsMax = 20;

interface Holder {
  readonly token: string;
  readonly pid: number;
  /** When the process started, in the kernel's ticks since boot; '' where the system does not tell. */
  readonly startTicks: string;
  readonly bootId: string;
  readonly pidNamespace: string;
}

/** A lock on a data folder; `release` may be called twice. */
export interface FolderLock {
  release(): Promise<void>;
}

/** Locks `folder` for this process. Throws `store.folderLocked`, naming the holder's pid, where it is in use. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'store.lock');
  const own = describeSelf();
  await acquire(path, own, folder);
  const beat = setInterval(
    () => void utimes(path, new Date(), new Date()).catch(() => undefined),
    beatEveryMs,
  );
  beat.unref();
  let isHeld = true;
  return {
    release: async () => {
      if (!isHeld) return;
      isHeld = false;
      clearInterval(beat);
      if ((await readHolder(path))?.token === own.token) await unlink(path);
    },
  };
}

// A left-over lock is replaced under a second lock of the same kind, so that of two that find it only one does; and
// that one looks again before it replaces anything. Each level is needed only after a crash in the level above.
async function acquire(path: string, own: Holder, folder: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    if (await created(path, own)) return;
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    if (await isAlive(holder, path)) throw lockedBy(holder, folder);
    if (attempt > attemptsMax) throw lockedBy(holder, folder);
    const takeover = `${path}.takeover`;
    try {
      await acquire(takeover, own, folder);
    } catch {
      await delay(10 * attempt); // Another process replaces it at this moment.
      continue;
    }
    try {
      if ((await readHolder(path))?.token === holder.token) await unlink(path);
    } finally {
      await unlink(takeover);
    }
  }
}

/** Makes the lock file whole or not at all; false where there is one. */
async function created(path: string, own: Holder): Promise<boolean> {
  const temporary = `${path}.${own.token}`;
  await writeFile(temporary, JSON.stringify(own));
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (sqlState(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    if (sqlState(error) === 'ENOENT') return undefined;
    if (error instanceof SyntaxError)
      return { ...describeSelf(), token: '', pid: 0, startTicks: 'unreadable' };
    throw error;
  }
}

async function isAlive(holder: Holder, path: string): Promise<boolean> {
  const self = describeSelf();
  if (holder.bootId !== self.bootId && holder.bootId !== '') return false;
  if (holder.pidNamespace !== self.pidNamespace) return await isTouched(path);
  if (holder.pid === 0) return false;
  if (holder.startTicks !== '') return startTicks(holder.pid) === holder.startTicks;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return sqlState(error) === 'EPERM';
  }
}

async function isTouched(path: string): Promise<boolean> {
  const touched = async () => (await stat(path).catch(() => undefined))?.mtimeMs;
  const before = await touched();
  await delay(foreignSilenceMs);
  return (await touched()) !== before;
}

function lockedBy(holder: Holder, folder: string): Error {
  const who = holder.pid === process.pid ? 'this process' : `the process ${holder.pid}`;
  return storeError(
    'store.folderLocked',
    `the data folder ${folder} is in use by ${who}; stop it first, or give this one another folder (FIRSTLINE_DATA)`,
  );
}

function describeSelf(): Holder {
  return {
    token: randomUUID(),
    pid: process.pid,
    startTicks: startTicks(process.pid),
    bootId: firstLine('/proc/sys/kernel/random/boot_id'),
    pidNamespace: pidNamespace(),
  };
}

// proc(5): field 22 of stat, counted after the command's closing parenthesis, which may itself hold anything.
function startTicks(pid: number): string {
  const line = firstLine(`/proc/${pid}/stat`);
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return ''; // No such process, or no /proc on this system.
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
