import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collection, feature, readAll } from '../unit/load/support.ts';

// fast-check prints the seed of a run that fails; FIRSTLINE_SEED repeats it.
const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const settings = { seed, numRuns: 200 };

const features = fc
  .uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { maxLength: 5 })
  .map((ids) => ids.map((id) => feature({ NGUID: id, note: `${id}"]}{[\\` })));
/** A source in one of its forms. */
const source = fc
  .tuple(features, fc.constantFrom('collection', 'pretty', 'lines', 'sequence'))
  .map(([all, form]) => {
    if (form === 'collection') return collection(all, { name: 'ü' });
    if (form === 'pretty')
      return JSON.stringify({ type: 'FeatureCollection', features: all, name: 'x' }, undefined, '\t');
    return all.map((item) => `${form === 'sequence' ? '\u001e' : ''}${JSON.stringify(item)}\n`).join('');
  });

function cut(bytes: Uint8Array, at: readonly number[]): readonly Uint8Array[] {
  const places = [...new Set([0, ...at.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe(`GeoJSON (seed ${seed})`, () => {
  it('cut at any byte gives the same features', async () => {
    const bytes = Buffer.from(
      collection([feature({ NGUID: 'ä"\\]' }), feature({ NGUID: 'b' })], { crs: null }),
    );
    const whole = await readAll([bytes]);
    expect(whole).toHaveLength(2);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(await readAll([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
  });

  it('in any form and any pieces gives the same features', async () => {
    await fc.assert(
      fc.asyncProperty(source, fc.array(fc.nat(), { maxLength: 12 }), async (text, places) => {
        const bytes = Buffer.from(text);
        expect(await readAll(cut(bytes, places))).toEqual(await readAll([bytes]));
      }),
      settings,
    );
  });

  it('changed anywhere never throws, and numbers what it gives from 1', async () => {
    const change = fc.record({
      at: fc.nat(),
      drop: fc.nat(6),
      put: fc.oneof(
        fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'null', '1e999', '\u001e'),
        fc.string({ maxLength: 3 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(source, fc.array(change, { minLength: 1, maxLength: 4 }), async (text, changes) => {
        let changed = text;
        for (const { at, drop, put } of changes) {
          const place = at % (changed.length + 1);
          changed = changed.slice(0, place) + put + changed.slice(place + drop);
        }
        const items = await readAll([changed]);
        const ordinals = items.map((item) =>
          item.kind === 'refused' ? item.refused.ordinal : item.feature.ordinal,
        );
        expect(ordinals).toEqual(items.map((_item, index) => index + 1));
      }),
      { ...settings, numRuns: 1000 },
    );
  });

  it('any bytes at all are refused, not thrown at', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async (bytes) => {
        const items = await readAll([bytes]);
        expect(items.every(({ kind }) => kind === 'refused')).toBe(true);
      }),
      settings,
    );
  });
});
