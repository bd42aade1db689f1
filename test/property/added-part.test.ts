import { describe, expect, it } from 'vitest';
import { addPart, defaultBodyLimits, leaves, readBody } from '../../src/sip/body/index.ts';
import { MessageDraft } from '../../src/sip/message/index.ts';
import { SeededRandom } from '../support/manual-clock.ts';
import { parsed, sipBytes } from '../support/sip-builders.ts';

const seed = Number(process.env['FIRSTLINE_SEED'] ?? Math.floor(Math.random() * 1e9));
const runs = 1_500;

/** Bodies of pieces that mean something to a multipart, well made or not. */
function randomBody(random: SeededRandom): { readonly body: Buffer; readonly contentType: string } {
  const pick = <T>(list: readonly [T, ...T[]]): T =>
    list[Math.floor(random.fraction() * list.length)] ?? list[0];
  const end = pick(['\r\n', '\r\n', '\n']);
  const kind = pick(['multipart/mixed', 'multipart/mixed', 'multipart/related', 'application/sdp']);
  const pieces: string[] = [];
  for (let count = Math.floor(random.fraction() * 6); count > 0; count -= 1) {
    pieces.push(
      pick([
        `--b${end}`,
        `--b${end}Content-Type: text/plain${end}${end}hello`,
        `${end}--b${end}Content-Type: application/x${end}${end}\x00\xff--`,
        `${end}--b--${end}`,
        '--b--',
        'preamble',
        end,
        `--bb${end}`,
        `Content-Type: multipart/mixed;boundary=c${end}${end}--c${end}${end}in${end}--c--`,
        '\r',
      ]),
    );
  }
  if (random.fraction() < 0.7) pieces.push(`${end}--b--${end}`);
  const contentType = kind === 'application/sdp' ? kind : `${kind};boundary=b`;
  return { body: Buffer.from(pieces.join(''), 'latin1'), contentType };
}

describe(`adding a part (seed ${seed})`, () => {
  const ours = {
    headers: [['Content-Type', 'application/pidf+xml']],
    bytes: Buffer.from('<presence>x</presence>'),
  } as const;

  it('leaves the bytes that were there, in order, and can be read whenever it is done', () => {
    const random = new SeededRandom(seed);
    let done = 0;
    for (let run = 0; run < runs; run += 1) {
      const { body, contentType } = randomBody(random);
      const before = parsed(sipBytes({ body, extra: [`Content-Type: ${contentType}`] }));
      const added = addPart(before, ours);
      if (!added.ok) continue;
      done += 1;
      const { bytes } = added.value;
      const where = `seed ${seed}, run ${run}: ${JSON.stringify(body.toString('latin1'))}`;
      if (added.value.contentType === undefined) {
        const cut = body.lastIndexOf('--b--') < 0 ? 0 : prefix(body, bytes);
        const grown = bytes.length - body.length;
        const left = Buffer.concat([bytes.subarray(0, cut), bytes.subarray(cut + grown)]);
        expect(left.equals(body), where).toBe(true);
      } else expect(bytes.includes(body), where).toBe(true);
      const draft = new MessageDraft(before);
      if (added.value.contentType !== undefined) draft.set('Content-Type', added.value.contentType);
      draft.setBody(bytes);
      const tree = readBody(parsed(draft.toBytes()), defaultBodyLimits);
      const found = leaves(tree).filter((leaf) => leaf.mediaType.type === 'application/pidf+xml');
      expect(
        found.map((leaf) => leaf.bytes.toString()),
        where,
      ).toEqual(['<presence>x</presence>']);
    }
    expect(done).toBeGreaterThan(runs / 4);
  });
});

function prefix(a: Buffer, b: Buffer): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
