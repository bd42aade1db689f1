import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerProcess } from '../support/server-process.ts';

/** Value of NODE_OPTIONS for a server whose live heap a test wants to know. */
export const inspectable = '--inspect=127.0.0.1:0';

/** Bytes on the server's heap that anything still refers to: what is left after a full collection. */
export async function liveHeapBytes(server: ServerProcess): Promise<number> {
  const url = /Debugger listening on (ws:\S+)/.exec(server.output())?.[1];
  if (url === undefined) throw new Error('the server was not started to be inspected');
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  let id = 0;
  const ask = (method: string): Promise<{ readonly usedSize?: number }> => {
    id += 1;
    const own = id;
    return new Promise((resolve) => {
      socket.on('message', (data) => {
        const reply = JSON.parse(String(data));
        if (reply.id === own) resolve(reply.result);
      });
      socket.send(JSON.stringify({ id: own, method }));
    });
  };
  await ask('HeapProfiler.collectGarbage');
  const { usedSize } = await ask('Runtime.getHeapUsage');
  socket.terminate();
  if (usedSize === undefined) throw new Error('the inspector does not tell how large the heap is');
  return usedSize;
}
