import { openInspector } from '../support/inspector.ts';
import type { ServerProcess } from '../support/server-process.ts';

/** Bytes on the server's heap that anything still refers to: what is left after a full collection. */
export async function liveHeapBytes(server: ServerProcess): Promise<number> {
  const inspector = await openInspector(server);
  await inspector.ask('HeapProfiler.collectGarbage');
  const { usedSize } = await inspector.ask<{ readonly usedSize?: number }>('Runtime.getHeapUsage');
  inspector.close();
  if (usedSize === undefined) throw new Error('the inspector does not tell how large the heap is');
  return usedSize;
}
