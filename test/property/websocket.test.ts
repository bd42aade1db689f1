import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FrameProgress } from '../../src/net/websocket-progress.ts';
import { eventually, rawClient } from '../support/net-loopback.ts';
import { settings } from '../support/sip-arbitraries.ts';
import {
  browserOptions,
  clientFrame,
  startWebSocket,
  upgradeText,
  type WebSocketHarness,
  webSocketPeer,
} from '../support/websocket-peers.ts';

// Whatever a peer writes: the server counts it, answers or cuts it off, keeps nothing of it and goes on.

const frames = fc.record({
  payload: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(Buffer.from(browserOptions()))),
  opcode: fc.constantFrom(0, 1, 1, 1, 2, 2, 8, 9, 10, 3, 11),
  isFinal: fc.boolean(),
  isMasked: fc.constantFrom(true, true, true, false),
});
const written = fc.array(
  fc.oneof(
    frames.map(({ payload, ...parts }) => clientFrame(Buffer.from(payload), parts)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  ),
  { maxLength: 8 },
);

describe('any bytes', () => {
  let harness: WebSocketHarness;

  beforeAll(async () => {
    harness = await startWebSocket({ stream: { messageMs: 100, handshakeMs: 100 } });
  });

  afterAll(() => harness.stop());

  async function survives(first: string | Buffer, rest: readonly Buffer[]): Promise<void> {
    const client = await rawClient(harness.local);
    client.socket.on('error', () => undefined);
    client.socket.write(first);
    for (const bytes of rest) client.socket.write(bytes);
    await new Promise<void>((done) => client.socket.end(() => done()));
    await eventually(() => expect(harness.transport.connectionCount).toBe(0));
    client.socket.destroy();
  }

  it('after the handshake', async () => {
    await fc.assert(
      fc.asyncProperty(written, (chunks) => survives(upgradeText(), chunks)),
      { ...settings, numRuns: 60 },
    );
  });

  it('in place of the handshake', async () => {
    const heads = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ maxLength: 60 }).map((line) => Buffer.from(upgradeText({}, line))),
      fc
        .record({ name: fc.string({ maxLength: 20 }), value: fc.string({ maxLength: 40 }) })
        .map(({ name, value }) => Buffer.from(upgradeText({ [name]: value }))),
    );
    await fc.assert(
      fc.asyncProperty(heads, (head) => survives(head, [])),
      { ...settings, numRuns: 60 },
    );
  });

  it('and a call gets through afterwards', async () => {
    const before = harness.received.length;
    const peer = await webSocketPeer(harness.local);
    peer.socket.send(browserOptions({ callId: 'afterwards' }));
    await eventually(() => expect(harness.received).toHaveLength(before + 1));
    peer.socket.terminate();
    expect(harness.problems).toEqual([]);
  });
});

describe('following frames', () => {
  it('comes to the same however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 6 }), fc.array(fc.nat({ max: 2_000 })), (parts, cuts) => {
        const bytes = Buffer.concat(
          parts.map(({ payload, ...part }) => clientFrame(Buffer.from(payload), part)),
        );
        const whole = new FrameProgress();
        const finishes = whole.push(bytes);
        const cut = new FrameProgress();
        const places = [0, ...cuts.map((place) => place % (bytes.length + 1)), bytes.length].sort(
          (a, b) => a - b,
        );
        const results = places.slice(1).map((end, index) => cut.push(bytes.subarray(places[index], end)));
        expect(cut.isUnfinished).toBe(whole.isUnfinished);
        expect(results.includes(true)).toBe(finishes);
      }),
      settings,
    );
  });
});
