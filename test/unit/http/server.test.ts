import { afterEach, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpPorts, type HttpServer } from '../../../src/http/index.ts';
import { RecordingRoutes, routeAnswer } from './memory-ports.ts';
import { startTestServer } from './test-server.ts';

const running: HttpServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop(0);
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };

function serverAt(listen: readonly { host: string; port: number }[]): HttpServer {
  const none = {} as HttpPorts;
  const server = createHttpServer({
    ...none,
    listen,
    logger: silent,
    health: () => ({ live: true, ready: true, checks: [] }),
    version: '0.1.0',
  });
  running.push(server);
  return server;
}

describe('starting and stopping', () => {
  it('listens at every address, and both methods may be called twice', async () => {
    const server = serverAt([
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 0 },
    ]);
    const bound = await server.start();
    expect(await server.start()).toEqual(bound);
    expect(new Set(bound.map(({ port }) => port)).size).toBe(2);
    for (const { port } of bound) expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
    await Promise.all([server.stop(100), server.stop(100)]);
    for (const { port } of bound) await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
  });

  it('opens nothing where one address is taken', async () => {
    const [taken] = await serverAt([{ host: '127.0.0.1', port: 0 }]).start();
    const port = taken?.port ?? 0;
    const second = serverAt([
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port },
    ]);
    await expect(second.start()).rejects.toMatchObject({
      code: 'http.listenFailed',
      message: expect.stringContaining(String(port)),
    });
  });

  it('may be stopped before it was started', async () => {
    await expect(serverAt([]).stop(10)).resolves.toBeUndefined();
  });

  it('lets an answer under way finish', async () => {
    let release: () => void = () => {};
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    class Slow extends RecordingRoutes {
      override async route() {
        asked();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return routeAnswer;
      }
    }
    const server = await startTestServer({ ports: { routes: new Slow() } });
    const answer = server.send('GET', '/api/v1/route?lat=1&lon=2');
    await isAsked;
    const stopped = server.stop();
    release();
    expect((await answer).status).toBe(200);
    await stopped;
  });
});
