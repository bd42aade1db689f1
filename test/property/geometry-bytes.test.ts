import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { polygonsOfRings } from '../../src/load/rings.ts';
import { readGpkgGeometry, readWkb } from '../../src/load/wkb.ts';

// fast-check prints the seed of a run that fails; FIRSTLINE_SEED repeats it.
const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const settings = { seed, numRuns: 500 };

type Pair = readonly [number, number];
interface Geometry {
  readonly type: keyof typeof codes;
  readonly coordinates: unknown;
}
/** How a geometry is written: byte order, further ordinates, and how these are said. */
interface Form {
  readonly isLittle: boolean;
  readonly hasZ: boolean;
  readonly hasM: boolean;
  readonly isFlagged: boolean;
  readonly srid: number | undefined;
}

const codes = {
  Point: 1,
  LineString: 2,
  Polygon: 3,
  MultiPoint: 4,
  MultiLineString: 5,
  MultiPolygon: 6,
} as const;

const pair: fc.Arbitrary<Pair> = fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }));
const line = fc.array(pair, { maxLength: 6 });
const rings = fc.array(line, { maxLength: 4 });
const geometry: fc.Arbitrary<Geometry> = fc.oneof(
  pair.map((coordinates) => ({ type: 'Point' as const, coordinates })),
  line.map((coordinates) => ({ type: 'LineString' as const, coordinates })),
  rings.map((coordinates) => ({ type: 'Polygon' as const, coordinates })),
  line.map((coordinates) => ({ type: 'MultiPoint' as const, coordinates })),
  rings.map((coordinates) => ({ type: 'MultiLineString' as const, coordinates })),
  fc.array(rings, { maxLength: 3 }).map((coordinates) => ({ type: 'MultiPolygon' as const, coordinates })),
);
const form: fc.Arbitrary<Form> = fc.record({
  isLittle: fc.boolean(),
  hasZ: fc.boolean(),
  hasM: fc.boolean(),
  isFlagged: fc.boolean(),
  srid: fc.option(fc.nat(), { nil: undefined }),
});

/** Writes well-known binary, by a way of its own. */
function wkb({ type, coordinates }: Geometry, given: Form, isInner = false): Buffer {
  const { isLittle, hasZ, hasM, isFlagged } = given;
  const srid = isInner || !isFlagged ? undefined : given.srid;
  const word = (value: number) => {
    const bytes = Buffer.alloc(4);
    if (isLittle) bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  const position = ([x, y]: Pair) => {
    const all = [x, y, ...(hasZ ? [7] : []), ...(hasM ? [8] : [])];
    const bytes = Buffer.alloc(8 * all.length);
    all.forEach((value, index) => {
      if (isLittle) bytes.writeDoubleLE(value, index * 8);
      else bytes.writeDoubleBE(value, index * 8);
    });
    return bytes;
  };
  const list = <T>(items: readonly T[], write: (item: T) => Buffer) =>
    Buffer.concat([word(items.length), ...items.map(write)]);
  const positions = (items: readonly Pair[]) => list(items, position);
  const inner = (part: Geometry['type']) => (each: unknown) =>
    wkb({ type: part, coordinates: each }, given, true);
  const bodies: Readonly<Record<Geometry['type'], (value: never) => Buffer>> = {
    Point: (value: Pair) => position(value),
    LineString: (value: readonly Pair[]) => positions(value),
    Polygon: (value: readonly (readonly Pair[])[]) => list(value, positions),
    MultiPoint: (value: readonly unknown[]) => list(value, inner('Point')),
    MultiLineString: (value: readonly unknown[]) => list(value, inner('LineString')),
    MultiPolygon: (value: readonly unknown[]) => list(value, inner('Polygon')),
  };
  const extra = (hasZ ? 1 : 0) + (hasM ? 2 : 0);
  const flags = (hasZ ? 0x8000_0000 : 0) + (hasM ? 0x4000_0000 : 0) + (srid === undefined ? 0 : 0x2000_0000);
  const code = codes[type] + (isFlagged ? flags : extra * 1000);
  return Buffer.concat([
    Buffer.from([isLittle ? 1 : 0]),
    word(code),
    ...(srid === undefined ? [] : [word(srid)]),
    bodies[type](coordinates as never),
  ]);
}

function gpkg(body: Buffer, envelope: number): Buffer {
  const sizes = [0, 32, 48, 48, 64];
  const head = Buffer.from([0x47, 0x50, 0, 1 | (envelope << 1), 0xe6, 0x10, 0, 0]);
  return Buffer.concat([head, Buffer.alloc(sizes[envelope] ?? 0), body]);
}

describe(`well-known binary (seed ${seed})`, () => {
  it('gives back what was written, in every form of it', () => {
    fc.assert(
      fc.property(geometry, form, fc.nat(4), (written, given, envelope) => {
        const bytes = wkb(written, given);
        expect(readWkb(bytes)).toEqual({ ok: true, value: written });
        expect(readGpkgGeometry(gpkg(bytes, envelope))).toEqual({ ok: true, value: written });
      }),
      settings,
    );
  });

  it('cut off anywhere is refused', () => {
    fc.assert(
      fc.property(geometry, form, fc.nat(), (written, given, at) => {
        const bytes = wkb(written, given);
        expect(readWkb(bytes.subarray(0, at % bytes.length)).ok).toBe(false);
      }),
      settings,
    );
  });

  it('with bytes behind it is refused', () => {
    fc.assert(
      fc.property(geometry, form, (written, given) => {
        expect(readWkb(Buffer.concat([wkb(written, given), Buffer.from([0])])).ok).toBe(false);
      }),
      settings,
    );
  });

  it('changed anywhere never throws, and gives no more positions than there are bytes', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff) });
    fc.assert(
      fc.property(
        geometry,
        form,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (written, given, changes) => {
          const bytes = wkb(written, given);
          for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
          const read = readWkb(bytes);
          const size = read.ok ? JSON.stringify(read.value).length : 0;
          expect(size).toBeLessThan(200 + bytes.length * 8);
        },
      ),
      { ...settings, numRuns: 2000 },
    );
  });

  it('any bytes at all never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        readWkb(bytes);
        expect(readGpkgGeometry(bytes).ok && bytes[0] !== 0x47).toBe(false);
      }),
      settings,
    );
  });

  it.each<[string, string, string]>([
    ['a circular string', '0108000000', 'curves'],
    ['a curved polygon', '010a000000', 'curves'],
    ['a TIN', '0110000000', 'surface'],
  ])('%s is told how to be made straight', (_name, hex, word) => {
    const read = readWkb(Buffer.from(hex, 'hex'));
    expect(read).toMatchObject({
      ok: false,
      error: { code: 'load.geometryType', reason: expect.stringContaining(word) },
    });
  });

  it('an empty geometry of a GeoPackage is none', () => {
    expect(readGpkgGeometry(Buffer.from([0x47, 0x50, 0, 0x11, 0, 0, 0, 0]))).toEqual({
      ok: true,
      value: undefined,
    });
  });
});

describe(`rings of a shapefile (seed ${seed})`, () => {
  const square = (x: number, y: number, size: number, isClockwise: boolean): readonly Pair[] => {
    const corners: Pair[] = [
      [x, y],
      [x, y + size],
      [x + size, y + size],
      [x + size, y],
      [x, y],
    ];
    return isClockwise ? corners : corners.reverse();
  };

  it('in any order give the same polygons, each hole in the smallest ring around it', () => {
    // Rings in rings, outer and hole by turns, and a second group beside it.
    const all = [0, 10].flatMap((x) =>
      [0, 1, 2, 3, 4].map((depth) => square(x + depth, depth, 9 - 2 * depth, depth % 2 === 0)),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), fc.boolean(), (shuffled, isTurned) => {
        const given = isTurned ? shuffled.map((ring) => [...ring].reverse()) : shuffled;
        const polygons = polygonsOfRings(given).map((polygon) =>
          polygon.map((ring) => Math.max(...ring.map(([x]) => x)) - Math.min(...ring.map(([x]) => x))),
        );
        expect(polygons.map((sizes) => sizes.join(' ')).sort()).toEqual([
          '1',
          '1',
          '5 3',
          '5 3',
          '9 7',
          '9 7',
        ]);
      }),
      settings,
    );
  });

  it('keep every ring, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (given) => {
        const polygons = polygonsOfRings(given);
        expect(polygons.flat()).toHaveLength(given.length);
        expect(new Set(polygons.flat())).toEqual(new Set(given));
      }),
      settings,
    );
  });
});
