import { afterEach, describe, expect, it } from 'vitest';
import type { CallRecord } from '../../../src/esrp/index.ts';
import { bareRecord, callRecord } from './memory-ports.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function follow(key?: string) {
  const running = await startTestServer({ limits: { eventStreamsMax: 2, eventBacklogBytesMax: 100_000 } });
  server = running;
  const open = async () => {
    const response = await fetch(`${running.url}/api/v1/call-events`, {
      headers: { authorization: `Bearer ${key ?? running.key}` },
    });
    return { response, reader: response.body?.pipeThrough(new TextDecoderStream()).getReader() };
  };
  return { running, open };
}

type Reader = ReadableStreamDefaultReader<string>;

/** Reads until the text holds as many events. */
async function events(reader: Reader | undefined, count: number): Promise<readonly [string, unknown][]> {
  let text = '';
  while (
    text.split('\nevent: ').length + Number(text.startsWith('event: ')) - 1 < count ||
    !text.endsWith('\n\n')
  ) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    if (done) break;
    text += value;
  }
  return [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map((match) => [
    match[1] ?? '',
    JSON.parse(match[2] ?? 'null'),
  ]);
}

describe('the stream of calls as they change', () => {
  it('tells each reader of each change, with the record as it stands', async () => {
    const { running, open } = await follow();
    const first = await open();
    const second = await open();
    expect(first.response.headers.get('content-type')).toBe('text/event-stream');
    running.callChanges.tell('started', bareRecord('call-0009'));
    running.callChanges.tell('location', callRecord('call-0009'));
    for (const { reader } of [first, second]) {
      const seen = await events(reader, 2);
      expect(seen.map(([name]) => name)).toEqual(['started', 'location']);
      expect(seen[1]?.[1]).toMatchObject({ id: 'call-0009' });
    }
  });

  it('wants a key', async () => {
    const { open } = await follow('fl_wrong');
    expect((await open()).response.status).toBe(401);
  });

  it('lets no more read than may at one time, and another one once a reader is gone', async () => {
    const { running, open } = await follow();
    const { reader } = await open();
    await open();
    const third = await open();
    expect(third.response.status).toBe(503);
    await reader?.cancel();
    await untilTrue(() => running.callChanges.listenerCount === 1);
    expect((await open()).response.status).toBe(200);
  });

  it('cuts off a reader that does not read', async () => {
    const { running, open } = await follow();
    await open();
    expect(running.callChanges.listenerCount).toBe(1);
    const large: CallRecord = { ...bareRecord('call-0009'), from: 'x'.repeat(1_000_000) };
    for (let count = 0; count < 40 && running.callChanges.listenerCount > 0; count += 1) {
      running.callChanges.tell('state', large);
      await new Promise(setImmediate);
    }
    await untilTrue(() => running.callChanges.listenerCount === 0);
  });

  it('ends with the server', async () => {
    const { running, open } = await follow();
    const { reader } = await open();
    await running.stop();
    server = undefined;
    for (let end = false; !end; ) end = (await reader?.read())?.done ?? true;
    expect(running.callChanges.listenerCount).toBe(0);
  });
});

/** Fails by the test's own time limit. */
async function untilTrue(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}
