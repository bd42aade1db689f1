import { readdirSync, readFileSync } from 'node:fs';

// CPU time as the kernel's scheduler counts it, to the nanosecond, for every thread of a process and its children.

/** A process and all that descend from it, now. */
export function processTree(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  for (let open = [pid]; open.length > 0; ) {
    found.push(...open);
    open = open.flatMap((parent) => children.get(parent) ?? []);
  }
  return found;
}

/** CPU seconds that a process and its descendants have used; of those that have ended nothing is counted. */
export function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const process of processTree(pid))
    for (const thread of list(`/proc/${process}/task`))
      nanoseconds += Number(read(`/proc/${process}/task/${thread}/schedstat`).split(' ')[0] ?? 0);
  return nanoseconds / 1e9;
}

/**
 * Seconds that the machine's processors together were idle since it started. What is not idle is busy, time that a
 * hypervisor took included: the kernel's ticks of the busy kinds miss most of a task that runs in short spells.
 */
export function machineIdleSeconds(): number {
  const [, ...ticks] = (read('/proc/stat').split('\n')[0] ?? '').trim().split(/\s+/).map(Number);
  const [, , , idle = 0, ioWait = 0] = ticks;
  return (idle + ioWait) / 100;
}

/** Resident memory of a process and its descendants in MB, shared pages counted in part (PSS). */
export function memoryMb(pid: number): number {
  const kilobytes = processTree(pid).map((process) =>
    Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${process}/smaps_rollup`))?.[1] ?? 0),
  );
  return kilobytes.reduce((sum, size) => sum + size, 0) / 1_024;
}

function parentOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  return stat === '' || Number.isNaN(parent) ? undefined : parent;
}

/** A file below /proc; empty where its process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
