import fc from 'fast-check';
import { pieces } from './sip-pieces.ts';

// fast-check prints the seed of a run that fails; FIRSTLINE_SEED repeats it.
const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);

/** Settings of every random test of the SIP core. */
export const settings = { seed, numRuns: 500 } as const;

/** Bytes with one to six changes: a piece put in, some bytes taken out, one replaced, or a stretch said again. */
export function mutated(original: Buffer): fc.Arbitrary<Buffer> {
  const change = fc.record({
    kind: fc.constantFrom('insert', 'delete', 'replace', 'repeat'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 1, max: 40 }),
    piece: fc.constantFrom(...pieces),
    byte: fc.integer({ min: 0, max: 255 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) => {
    let bytes = original;
    for (const { kind, at, length, piece, byte } of changes) {
      const from = Math.floor(at * bytes.length);
      const before = bytes.subarray(0, from);
      const after = bytes.subarray(from);
      if (kind === 'insert') bytes = Buffer.concat([before, Buffer.from(piece, 'latin1'), after]);
      else if (kind === 'delete') bytes = Buffer.concat([before, after.subarray(length)]);
      else if (kind === 'replace') bytes = Buffer.concat([before, Buffer.of(byte), after.subarray(1)]);
      else bytes = Buffer.concat([before, after.subarray(0, length), after]);
    }
    return bytes;
  });
}

/** A Buffer cut into chunks at random places. */
export function chunked(bytes: Buffer): fc.Arbitrary<readonly Buffer[]> {
  return fc.array(fc.nat({ max: bytes.length }), { maxLength: 20 }).map((cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return places.slice(1).map((end, index) => Buffer.from(bytes.subarray(places[index], end)));
  });
}
