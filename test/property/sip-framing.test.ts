import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  datagramKind,
  defaultMessageLimits,
  type FramedItem,
  parseMessage,
  StreamFramer,
} from '../../src/sip/index.ts';
import { chunked, mutated, settings } from '../support/sip-arbitraries.ts';
import { sipBytes } from '../support/sip-builders.ts';

const limits = { ...defaultMessageLimits, headBytesMax: 1_000, startLineBytesMax: 200, bodyBytesMax: 500 };

function framed(chunks: readonly Buffer[]): readonly FramedItem[] {
  const framer = new StreamFramer(limits);
  return chunks.flatMap((chunk) => framer.push(chunk));
}

/** Items with their bytes as text, to be compared. */
function inWords(items: readonly FramedItem[]): readonly string[] {
  return items.map((item) => {
    if (item.kind === 'message') return `message ${item.bytes.toString('latin1')}`;
    return item.kind === 'ping' ? 'ping' : `${item.error.code} ${item.head?.toString('latin1')}`;
  });
}

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }).map((body) => sipBytes({ body: Buffer.from(body, 'latin1') })),
  fc.constantFrom('\r\n', '\r\n\r\n', '\n').map((text) => Buffer.from(text)),
  fc.constant(sipBytes({ startLine: 'SIP/2.0 200 OK' })),
);
const good = fc.array(piece, { maxLength: 6 }).map((list) => Buffer.concat(list));
const stream = fc.oneof(
  good,
  good.chain((bytes) => (bytes.length === 0 ? fc.constant(bytes) : mutated(bytes))),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);
const cut = stream.chain((bytes) => fc.record({ bytes: fc.constant(bytes), chunks: chunked(bytes) }));

describe('framing', () => {
  it('does not depend on how the stream is cut', () => {
    fc.assert(
      fc.property(cut, ({ bytes, chunks }) => {
        const expected = inWords(framed([Buffer.from(bytes)]));
        expect(inWords(framed(chunks))).toEqual(expected);
        const single = Array.from(bytes, (byte) => Buffer.of(byte));
        expect(inWords(framed(single))).toEqual(expected);
      }),
      settings,
    );
  });

  it('gives all messages of a stream of nothing but messages and line ends', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const items = framed([Buffer.concat(pieces)]);
        const sent = pieces.filter((each) => each.length > 4).map((each) => each.toString('latin1'));
        const got = items.flatMap((item) => (item.kind === 'message' ? [item.bytes.toString('latin1')] : []));
        expect(got).toEqual(sent);
        expect(items.some((item) => item.kind === 'broken')).toBe(false);
      }),
      settings,
    );
  });

  it('and parser agree on where a message ends', () => {
    fc.assert(
      fc.property(cut, ({ chunks }) => {
        for (const item of framed(chunks)) {
          if (item.kind !== 'message') continue;
          const outcome = parseMessage(item.bytes, { framing: 'stream', limits });
          if (outcome.kind === 'notSip') continue;
          const { message } = outcome;
          expect(message.head.length + message.body.length).toBe(message.bytes.length);
          expect(message.defects.map((defect) => defect.code)).not.toContain('message.contentLength');
        }
      }),
      settings,
    );
  });

  it('keeps no more than its limits allow', () => {
    fc.assert(
      fc.property(cut, ({ chunks }) => {
        const framer = new StreamFramer(limits);
        for (const chunk of chunks) {
          framer.push(chunk);
          expect(framer.pendingBytes).toBeLessThanOrEqual(limits.headBytesMax + limits.bodyBytesMax);
        }
      }),
      settings,
    );
  });

  it('tells datagrams apart without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        expect(['sip', 'keepalive', 'stun', 'other']).toContain(datagramKind(Buffer.from(bytes)));
      }),
      settings,
    );
  });
});
