import { describe, expect, it } from 'vitest';
import { FrameProgress } from '../../../src/net/websocket-progress.ts';
import { clientFrame } from '../../support/websocket-peers.ts';

const first = (payload: string) => clientFrame(payload, { isFinal: false });
const more = (payload: string) => clientFrame(payload, { opcode: 0, isFinal: false });
const last = (payload: string) => clientFrame(payload, { opcode: 0 });
const ping = clientFrame('p', { opcode: 9 });

/** What ends in each: a whole message or none, and whether one is under way afterwards. */
const rows: readonly (readonly [name: string, bytes: Buffer, finishes: boolean, isUnfinished: boolean])[] = [
  ['a short message', clientFrame('abc'), true, false],
  ['an empty message', clientFrame(''), true, false],
  ['one with two bytes of length', clientFrame('x'.repeat(300)), true, false],
  ['one with eight bytes of length', clientFrame('x'.repeat(66_000)), true, false],
  ['one that a server sends, without a mask', clientFrame('abc', { isMasked: false }), true, false],
  ['two messages', Buffer.concat([clientFrame('a'), clientFrame('b', { opcode: 2 })]), true, false],
  ['three fragments', Buffer.concat([first('a'), more('b'), last('c')]), true, false],
  ['a fragment with more to come', first('a'), false, true],
  ['a ping', ping, false, false],
  ['a ping between fragments', Buffer.concat([first('a'), ping]), false, true],
  ['a ping between fragments, and the last one', Buffer.concat([first('a'), ping, last('b')]), true, false],
  ['a message and the beginning of another', Buffer.concat([clientFrame('a'), first('b')]), true, true],
];

describe('following frames', () => {
  it.each(rows)('%s', (_name, bytes, finishes, isUnfinished) => {
    const progress = new FrameProgress();
    expect(progress.push(bytes)).toBe(finishes);
    expect(progress.isUnfinished).toBe(isUnfinished);
  });

  it.each(rows.filter(([, bytes]) => bytes.length < 1_000))(
    '%s, cut at every byte',
    (_name, bytes, finishes, isUnfinished) => {
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const progress = new FrameProgress();
        const one = progress.push(bytes.subarray(0, cut));
        const other = progress.push(bytes.subarray(cut));
        expect({ cut, finishes: one || other, isUnfinished: progress.isUnfinished }).toEqual({
          cut,
          finishes,
          isUnfinished,
        });
      }
    },
  );

  it('is unfinished at each byte of a message but the last', () => {
    const bytes = Buffer.concat([first('ab'), ping, last('c'.repeat(130))]);
    const progress = new FrameProgress();
    for (let at = 0; at < bytes.length; at += 1) {
      const finishes = progress.push(bytes.subarray(at, at + 1));
      expect({ at, finishes, isUnfinished: progress.isUnfinished }).toEqual({
        at,
        finishes: at === bytes.length - 1,
        isUnfinished: at < bytes.length - 1,
      });
    }
  });
});
