import { afterEach, describe, expect, it } from 'vitest';
import { headerValue } from '../../src/sip/index.ts';
import {
  eventually,
  type Harness,
  optionsRequest,
  type RawClient,
  rawClient,
  startTransports,
} from '../support/net-loopback.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(): Promise<Harness> {
  const harness = await startTransports({ listen: [{ transport: 'tcp' }] });
  open.push(() => harness.stop());
  return harness;
}

async function client(harness: Harness): Promise<RawClient> {
  const made = await rawClient(harness.listener('tcp').local);
  open.push(async () => made.socket.destroy());
  return made;
}

const calls = (harness: Harness): readonly (string | undefined)[] =>
  harness.received.map(({ message }) => headerValue(message, 'call-id'));

describe('RFC 5626 §4.4.1: keepalive by line ends', () => {
  it('a ping that comes in pieces is answered once it is whole', async () => {
    const harness = await start();
    const peer = await client(harness);
    for (const piece of ['\r', '\n', '\r']) await peer.write(piece);
    await peer.write('\n');
    await eventually(() => expect(peer.text()).toBe('\r\n'));
    expect(harness.transports.counts().tcp.pings).toBe(1);
  });

  it('single ones between messages are passed over in silence', async () => {
    const harness = await start();
    const peer = await client(harness);
    await peer.write(`\r\n${optionsRequest({ callId: 'a' })}\r\n`);
    await peer.write(optionsRequest({ callId: 'b' }));
    await eventually(() => expect(calls(harness)).toEqual(['a', 'b']));
    expect(peer.text()).toBe('');
  });

  it('that end a header or a head are not taken for keepalives, though they come alone', async () => {
    const harness = await start();
    const peer = await client(harness);
    for (const piece of optionsRequest({ callId: 'a' }).split(/(\r\n)/)) {
      if (piece !== '') await peer.write(piece);
    }
    await eventually(() => expect(calls(harness)).toEqual(['a']));
    expect(harness.transports.counts().tcp.pings).toBe(0);
  });
});
