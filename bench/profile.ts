import { openInspector } from '../test/support/inspector.ts';
import type { ServerProcess } from '../test/support/server-process.ts';

/** Where the main thread was while some work went on: shares of its samples, idle ones left out; the largest first. */
export interface ProfileShare {
  readonly room: string;
  readonly share: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const intervalUs = 500;

/** Samples a running server while `work` goes on. */
export async function profileDuring(
  server: Pick<ServerProcess, 'output'>,
  work: () => Promise<unknown>,
): Promise<readonly ProfileShare[]> {
  const inspector = await openInspector(server);
  await inspector.ask('Profiler.enable');
  await inspector.ask('Profiler.setSamplingInterval', { interval: intervalUs });
  await inspector.ask('Profiler.start');
  await work();
  const { profile } = await inspector.ask<{ readonly profile: CpuProfile }>('Profiler.stop');
  inspector.close();
  return sharesOf(profile);
}

function sharesOf({ nodes, samples, timeDeltas }: CpuProfile): readonly ProfileShare[] {
  const roomById = new Map(nodes.map(({ id, callFrame }) => [id, roomOf(callFrame)]));
  const spent = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const room = roomById.get(id);
    const delta = timeDeltas[index] ?? 0;
    if (room === undefined || room === '(idle)') continue;
    total += delta;
    spent.set(room, (spent.get(room) ?? 0) + delta);
  }
  return [...spent]
    .map(([room, us]) => ({ room, share: us / Math.max(1, total) }))
    .sort((a, b) => b.share - a.share);
}

/** `sip/proxy` for ours, the package's name for others', and what the engine calls it for its own work. */
function roomOf({ functionName, url }: { readonly functionName: string; readonly url: string }): string {
  const own = /\/dist\/src\/(?:(sip\/[a-z]+|store\/[a-z]+|[a-z]+)\/)?/.exec(url);
  if (own !== null) return own[1] ?? 'server';
  const other = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  if (other?.[1] !== undefined) return `package ${other[1]}`;
  if (url.startsWith('node:')) return 'Node.js';
  return functionName.startsWith('(') ? functionName : 'native code and system calls';
}
