import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerProcess } from './server-process.ts';

/** Value of NODE_OPTIONS for a server that is to be looked into while it runs. */
export const inspectable = '--inspect=127.0.0.1:0';

/** The inspector of a running server (Chrome DevTools protocol). */
export interface Inspector {
  ask<Answer>(method: string, params?: Readonly<Record<string, unknown>>): Promise<Answer>;
  close(): void;
}

/** Connects to the inspector of a server that was started {@link inspectable}. */
export async function openInspector(server: Pick<ServerProcess, 'output'>): Promise<Inspector> {
  const url = /Debugger listening on (ws:\S+)/.exec(server.output())?.[1];
  if (url === undefined) throw new Error('the server was not started to be inspected');
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1 << 30 });
  await once(socket, 'open');
  const waiting = new Map<number, (answer: never) => void>();
  let lastId = 0;
  socket.on('message', (data) => {
    const { id, result } = JSON.parse(String(data));
    waiting.get(id)?.(result as never);
    waiting.delete(id);
  });
  return {
    ask(method, params = {}) {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve) => {
        waiting.set(id, resolve as (answer: never) => void);
        socket.send(JSON.stringify({ id, method, params }));
      });
    },
    close: () => socket.terminate(),
  };
}
