import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centerOf } from '../../src/geo/index.ts';
import type { CivicAddress, PidfLoContent } from '../../src/location/index.ts';
import {
  cidMatches,
  civicAddress,
  defaultLocationLimits,
  offeredLocations,
  parseGeolocationHeader,
  parsePidfLo,
  writePidfLo,
} from '../../src/location/index.ts';
import { defaultXmlLimits } from '../../src/xml/index.ts';
import { cpuMsOf } from '../unit/xml/support.ts';

// fast-check prints the seed of a run that fails; FIRSTLINE_SEED repeats it.
const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const settings = { seed, numRuns: 300 };

/** Zero has one sign on the wire. */
const number = (min: number, max: number) =>
  fc.double({ min, max, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const lonLat = { lon: number(-180, 180), lat: number(-90, 90) };
const shape = fc.oneof(
  fc.record({ kind: fc.constant('point' as const), position: fc.record(lonLat) }),
  fc.record({
    kind: fc.constant('point' as const),
    position: fc.record({ ...lonLat, altM: number(-500, 20_000) }),
  }),
  fc.record({
    kind: fc.constant('circle' as const),
    center: fc.record(lonLat),
    radiusM: number(0, 2_000_000),
  }),
);
const words = fc
  .string({ unit: 'binary', maxLength: 20 })
  .map((value) => value.replace(/[\u0000-\u0020\ud800-\udfff\ufffe\uffff]+/g, ' ').trim())
  .filter((value) => value !== '');
const elementNames = ['A1', 'A2', 'A3', 'RD', 'HNO', 'STP', 'SITE', 'STPS', 'NAM', 'XYZ'];
const civic = fc
  .record(
    {
      country: fc.constantFrom('US', 'DE'),
      ...Object.fromEntries(elementNames.map((name) => [name, words])),
    },
    { requiredKeys: [] },
  )
  .chain((values) =>
    fc
      .option(fc.constantFrom('en', 'de-AT'), { nil: undefined })
      .map((language) => civicAddress(values, language)),
  );
const flag = fc.option(fc.boolean(), { nil: undefined });
const content: fc.Arbitrary<PidfLoContent> = fc
  .record({
    entity: words.map((value) => `pres:${value}`),
    id: fc.constantFrom('t1', 'device-2'),
    deviceId: fc.option(fc.constant('urn:uuid:48662e19-5fbf-43fc-a2fd-d23002787599'), { nil: undefined }),
    shape: fc.option(shape, { nil: undefined }),
    civic,
    method: fc.option(fc.constantFrom('GPS', 'Manual'), { nil: undefined }),
    timestamp: fc.option(fc.constant('2026-01-02T03:04:05Z'), { nil: undefined }),
    isRetransmissionAllowed: flag,
    retentionExpires: fc.option(fc.constant('2027-01-01T00:00:00Z'), { nil: undefined }),
  })
  .filter((made) => made.shape !== undefined || made.civic !== undefined);

/** An address as something that can be compared whatever the order of its elements. */
function plain(address: CivicAddress | undefined): unknown {
  return (
    address && {
      country: address.country,
      language: address.language,
      ...Object.fromEntries(address.elements),
    }
  );
}

const source = { kind: 'query' } as const;
const document = writePidfLo({
  entity: 'pres:caller@example.com',
  id: 't1',
  shape: { kind: 'circle', center: { lon: -73.99, lat: 40.71 }, radiusM: 30 },
  civic: civicAddress({ country: 'US', A1: 'NY', RD: 'Broadway' }),
  method: 'GPS',
  timestamp: '2026-01-02T03:04:05Z',
});

describe(`PIDF-LO (seed ${seed})`, () => {
  it('is read as it was written, without a warning', () => {
    fc.assert(
      fc.property(content, (made) => {
        const read = parsePidfLo(Buffer.from(writePidfLo(made)), source, defaultLocationLimits);
        expect(read.ok && read.value.warnings).toEqual([]);
        const [location, ...others] = read.ok ? read.value.locations : [];
        expect(others).toEqual([]);
        expect(location?.shape).toEqual(made.shape);
        expect(plain(location?.civic)).toEqual(plain(made.civic));
        expect(location).toMatchObject({
          entity: made.entity,
          method: made.method,
          timestamp: made.timestamp,
          isRetransmissionAllowed: made.isRetransmissionAllowed,
          retentionExpires: made.retentionExpires,
          container: made.deviceId === undefined ? 'tuple' : 'device',
        });
      }),
      settings,
    );
  });

  it('cut at any byte never throws and gives no location', () => {
    const bytes = Buffer.from(document);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(parsePidfLo(bytes.subarray(0, length), source, defaultLocationLimits).ok).toBe(false);
    }
  });

  it('changed anywhere never throws, and a position that comes out is on Earth', () => {
    const change = fc.record({
      at: fc.nat(document.length),
      drop: fc.nat(8),
      put: fc.oneof(
        fc.constantFrom(
          '<',
          '>',
          '&',
          '"',
          ',',
          ' ',
          '-',
          '1e999',
          'NaN',
          '0x1',
          '&#0;',
          'xmlns=""',
          '<gml:pos>1 2</gml:pos>',
        ),
        fc.string({ maxLength: 4 }),
      ),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let text = document;
        for (const { at, drop, put } of changes) text = text.slice(0, at) + put + text.slice(at + drop);
        const read = parsePidfLo(Buffer.from(text), source, defaultLocationLimits);
        for (const { shape: place } of read.ok ? read.value.locations : []) {
          if (place === undefined) continue;
          const position = centerOf(place);
          expect(Math.abs(position.lat)).toBeLessThanOrEqual(90);
          expect(Math.abs(position.lon)).toBeLessThanOrEqual(180);
        }
      }),
      { ...settings, numRuns: 3000 },
    );
  });

  it('a position of any text is two finite numbers on Earth or none', () => {
    const piece = fc.constantFrom(
      '1',
      '-',
      '+',
      '.',
      ',',
      ' ',
      'e',
      '90',
      '180',
      '°',
      ':',
      'N',
      'W',
      '\t',
      '0',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = document.replace('40.71 -73.99', pieces.join(''));
        const read = parsePidfLo(Buffer.from(text), source, defaultLocationLimits);
        const place = read.ok ? read.value.locations[0]?.shape : undefined;
        const position = place?.kind === 'circle' ? place.center : undefined;
        if (position !== undefined) {
          expect(Number.isFinite(position.lat) && Math.abs(position.lat) <= 90).toBe(true);
          expect(Number.isFinite(position.lon) && Math.abs(position.lon) <= 180).toBe(true);
        }
      }),
      { ...settings, numRuns: 3000 },
    );
  });
});

describe(`Geolocation (seed ${seed})`, () => {
  it('never throws, and what is found has a text', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      ',',
      ';',
      '=',
      '"',
      ' ',
      'cid:',
      'https://h/',
      '%',
      '%41',
      '@',
      'a',
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
          { maxLength: 3 },
        ),
        (values) => {
          for (const { uri } of parseGeolocationHeader(values)) expect(uri.trim()).not.toBe('');
          const parts = [
            { contentType: 'text/xml', contentId: values[0], path: '1', bytes: Buffer.from(document) },
          ];
          // Whatever the header says, a document in the body is used.
          const input = {
            geolocationValues: values,
            parts,
            callInfoValues: values,
            geolocationRouting: values[0],
            accessNetworkValues: values,
          };
          const { offers } = offeredLocations(input, defaultLocationLimits);
          expect(offers.some(({ kind }) => kind === 'value')).toBe(true);
        },
      ),
      { ...settings, numRuns: 2000 },
    );
  });

  it('finds any identifier that is percent-encoded as RFC 2392 asks', () => {
    const id = fc
      .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }), fc.domain())
      .filter(([local]) => !/[@<>\s]/.test(local) && !/[\ud800-\udfff]/u.test(local));
    fc.assert(
      fc.property(id, ([local, domain]) => {
        expect(
          cidMatches(`cid:${encodeURIComponent(local)}@${domain.toUpperCase()}`, `<${local}@${domain}>`),
        ).toBe(true);
      }),
      settings,
    );
  });

  it.each<[string, string]>([
    ['spaces', `<cid:a${' '.repeat(200_000)}b>`],
    ['commas', ','.repeat(200_000)],
    ['commas and spaces', ', '.repeat(100_000)],
    ['brackets', '<>'.repeat(100_000)],
    ['a bare value', `cid:${','.repeat(100_000)}x`],
    ['semicolons', `<cid:a>${';'.repeat(200_000)}`],
    ['quotes', `<cid:a>;${'"'.repeat(200_000)}`],
    ['percent signs', `<cid:${'%41'.repeat(60_000)}>`],
  ])('takes time by its length: %s', (_name, value) => {
    const work = () => {
      for (const { uri } of parseGeolocationHeader([value])) cidMatches(uri, `a${' '.repeat(100)}b`);
    };
    expect(cpuMsOf(work)).toBeLessThan(500);
  });

  it.each<[string, string]>([
    ['digits', `${'1'.repeat(200_000)}x 1`],
    ['spaces', `1${' '.repeat(200_000)}x`],
    ['commas', `1${' ,'.repeat(100_000)}x`],
    ['fraction', `1.${'1'.repeat(32_000)}x 1`],
    ['digits within the limit', `${'1'.repeat(32_000)}x 1`],
  ])('reads a position in time by its length: %s', (_name, pos) => {
    const bytes = Buffer.from(document.replace('40.71 -73.99', pos));
    const limits = { ...defaultLocationLimits, xml: defaultXmlLimits };
    expect(cpuMsOf(() => parsePidfLo(bytes, source, limits))).toBeLessThan(300);
  });
});
