import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/base/index.ts';
import type { Shape } from '../../src/geo/index.ts';
import { areaM2, centerOf } from '../../src/geo/index.ts';
import type { CivicAddress, LocationError, PidfLo } from '../../src/location/index.ts';
import { chooseLocation, defaultLocationLimits, parsePidfLo } from '../../src/location/index.ts';
import { defaultXmlLimits, parseXml, textOf } from '../../src/xml/index.ts';
import { cpuMsOf } from '../unit/xml/support.ts';
import { sampleRows } from './pidf-lo-samples.ts';

const vectors = process.env['FIRSTLINE_VECTORS'];
const skipped = vectors === undefined ? ' (skipped: FIRSTLINE_VECTORS is not set)' : '';

/** What an independent table expects of a document. */
interface Expectation {
  readonly usable: string;
  readonly shape?: string;
  readonly lat?: number;
  readonly lon?: number;
  readonly tol?: number;
  readonly radius?: number;
  readonly civic?: Readonly<Record<string, string>>;
  readonly also_civic?: boolean;
}

/** What an independent script read in the standards' own examples: texts, in the order of the document. */
interface AutoParse {
  readonly locations: readonly {
    readonly shape?: string;
    readonly ordinates?: readonly string[];
    readonly civic?: Readonly<Record<string, string>>;
    readonly [measure: string]: unknown;
  }[];
  readonly method?: readonly string[];
}

interface Vector {
  readonly expect?: Expectation;
  readonly auto_parse?: AutoParse;
}

/** Documents that are read although the independent table would rather not, and why. */
const readAllTheSame: Readonly<Record<string, string>> = {
  'malformed/pos-swapped-detectable.xml': 'the value proves the order; a warning says so',
  'malformed/pos-degree-sign.xml': 'a number with a degree sign means one thing only',
  'malformed/pos-unicode-minus.xml': 'a typographic minus means one thing only',
};

/** Measures of the independent script's reading by the names that we have for them. */
const measures: readonly (readonly [theirs: string, ours: string])[] = [
  ['radius', 'radiusM'],
  ['semiMajorAxis', 'semiMajorM'],
  ['semiMinorAxis', 'semiMinorM'],
  ['verticalAxis', 'verticalM'],
  ['orientation', 'orientationDeg'],
  ['innerRadius', 'innerRadiusM'],
  ['outerRadius', 'outerRadiusM'],
  ['startAngle', 'startAngleDeg'],
  ['openingAngle', 'openingAngleDeg'],
  ['height', 'heightM'],
];

function read(folder: string, name: string): Result<PidfLo, LocationError> {
  return parsePidfLo(readFileSync(join(folder, name)), { kind: 'query' }, defaultLocationLimits);
}

function plainCivic(civic: CivicAddress | undefined): Readonly<Record<string, string>> | undefined {
  if (civic === undefined) return undefined;
  const plain: Record<string, string> = Object.fromEntries(civic.elements);
  if (civic.country !== undefined) plain['country'] = civic.country;
  if (civic.language !== undefined) plain['language'] = civic.language;
  return plain;
}

function expectAsTable(document: PidfLo | undefined, expected: Expectation): void {
  const location = document && chooseLocation(document);
  if (expected.usable === 'no') {
    expect(location).toBeUndefined();
    return;
  }
  // "or reject" leaves it open, "ambiguous" too: the rows of our own table say what is done.
  if (document === undefined || location === undefined) {
    expect(expected.usable).toMatch(/reject|ambiguous/);
    return;
  }
  const at = location.shape && centerOf(location.shape);
  const tolerance = expected.shape === 'ArcBand' ? 0.1 : (expected.tol ?? 2e-9);
  if (expected.lat !== undefined)
    expect(Math.abs((at?.lat ?? Number.NaN) - expected.lat)).toBeLessThanOrEqual(tolerance);
  if (expected.lon !== undefined)
    expect(Math.abs((at?.lon ?? Number.NaN) - expected.lon)).toBeLessThanOrEqual(tolerance);
  if (expected.radius !== undefined) expect(location.shape).toMatchObject({ radiusM: expected.radius });
  if (expected.shape === 'civic' || expected.also_civic) expect(location.civic).toBeDefined();
  expect(plainCivic(location.civic) ?? {}).toMatchObject(expected.civic ?? {});
  // Whatever had to be repaired is told.
  if (expected.usable === 'lenient') expect(document.warnings.length).toBeGreaterThan(0);
  if (expected.usable === 'yes' && expected.radius !== 30.48) expect(document.warnings).toEqual([]);
}

/** All positions of a shape as the text has them: latitude, longitude, altitude. */
function ordinatesOf(shape: Shape | undefined): readonly number[] {
  if (shape === undefined) return [];
  const positions =
    shape.kind === 'point'
      ? [shape.position]
      : shape.kind === 'polygon'
        ? shape.exterior
        : shape.kind === 'prism'
          ? shape.base
          : [shape.center];
  return positions.flatMap(({ lon, lat, altM }) => (altM === undefined ? [lat, lon] : [lat, lon, altM]));
}

/** The places of the standards' examples, in document order, against what the independent script read. */
function expectAsExample(document: PidfLo, expected: AutoParse): void {
  expect(document.locations).toHaveLength(expected.locations.length);
  expect(document.locations.map(({ method }) => method)).toEqual(expected.method ?? [undefined]);
  for (const [index, wanted] of expected.locations.entries()) {
    const location = document.locations[index];
    expect(location?.shape?.kind.toLowerCase()).toBe(wanted.shape?.toLowerCase());
    expect(ordinatesOf(location?.shape)).toEqual((wanted.ordinates ?? []).map(Number));
    for (const [theirs, ours] of measures) {
      const [value, unit] = (wanted[theirs] as readonly string[] | undefined) ?? [];
      if (value === undefined) continue;
      expect(unit).toMatch(/^urn:ogc:def:uom:EPSG::(?:9001|9102)$/);
      expect(location?.shape).toMatchObject({ [ours]: Number(value) });
    }
    const { language: _language, ...civic } = plainCivic(location?.civic) ?? {};
    expect(civic).toEqual(wanted.civic ?? {});
  }
}

describe.skipIf(vectors === undefined)(`PIDF-LO documents (RFC 4119, 5139, 5491)${skipped}`, () => {
  const folder = join(vectors ?? '.', 'pidf-lo');
  const table =
    vectors === undefined
      ? {}
      : (
          JSON.parse(readFileSync(join(folder, 'expectations.json'), 'utf8')) as {
            readonly files: Readonly<Record<string, Vector>>;
          }
        ).files;
  const names = Object.keys(table);

  it('are all there, each with a row', () => {
    expect(names.length).toBeGreaterThanOrEqual(112);
    expect(sampleRows.map(({ name }) => name).sort()).toEqual([...names].sort());
    for (const name of Object.keys(readAllTheSame)) expect(table[name]?.expect?.usable).toBe('no');
  });

  it.each(sampleRows)('$name', (row) => {
    const document = read(folder, row.name);
    if (!document.ok) {
      expect(document.error.code).toBe(row.failure);
      return;
    }
    expect(row.failure).toBeUndefined();
    const location = chooseLocation(document.value);
    expect(location?.shape).toEqual(row.shape);
    expect(plainCivic(location?.civic)).toEqual(row.civic);
    expect(location?.method).toBe(row.method);
    expect(document.value.warnings.map(({ code }) => code.replace(/^location\./, ''))).toEqual(
      row.warnings ?? [],
    );
    expect(document.value.locations).toHaveLength(row.count ?? 1);
  });

  it.each(names.filter((name) => !(name in readAllTheSame) && table[name]?.expect !== undefined))(
    '%s as the independent table has it',
    (name) => {
      const expected = table[name]?.expect;
      const document = read(folder, name);
      if (expected !== undefined) expectAsTable(document.ok ? document.value : undefined, expected);
    },
  );

  it.each(names.filter((name) => name.startsWith('rfc5491/')))('%s as the standard has it', (name) => {
    const document = read(folder, name);
    const expected = table[name]?.auto_parse;
    if (!document.ok || expected === undefined) throw new Error('there is a document and its reading');
    expect(document.value.warnings).toEqual([]);
    expectAsExample(document.value, expected);
  });

  it('RFC 4119 §2.3: degrees, minutes and seconds', () => {
    const document = read(folder, 'rfc4119/s2.3-gml-point.xml');
    const location = document.ok ? chooseLocation(document.value) : undefined;
    expect(location).toMatchObject({
      shape: { position: { lat: 37 + 46 / 60 + 30 / 3600, lon: -(122 + 25 / 60 + 10 / 3600) } },
      isRetransmissionAllowed: false,
      retentionExpires: '2003-06-23T04:57:29Z',
    });
  });

  it('a polygon over the antimeridian is the strip of two degrees, not the rest of the globe', () => {
    const document = read(folder, 'malformed/polygon-antimeridian.xml');
    const shape = document.ok ? document.value.locations[0]?.shape : undefined;
    if (shape === undefined) throw new Error('there is a shape');
    expect(centerOf(shape)).toEqual({ lon: 180, lat: 52 });
    expect(areaM2(shape) / 1e6).toBeCloseTo(30_522, -2);
  });
});

describe.skipIf(vectors === undefined)(`hostile XML: nothing expanded, fetched or slow${skipped}`, () => {
  const folder = join(vectors ?? '.', 'fuzz', 'xml');
  const names = vectors === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.xml'));
  /** Well-formed documents without a DOCTYPE: read. All others are refused. */
  const readable: ReadonlySet<string> = new Set([
    'cdata-nested.xml',
    'lost-1000-locations.xml',
    'lost-location-id-xss.xml',
    'lost-path-loop-500.xml',
    'lost-root-unknown.xml',
    'lost-unknown-profile.xml',
    'lost-unknown-service.xml',
    'pi-stylesheet.xml',
    'proto-names.xml',
    'schemaLocation-ssrf.xml',
    'xinclude.xml',
    'xml11-decl.xml',
  ]);

  it('is all there', () => {
    expect(names.length).toBeGreaterThanOrEqual(36);
    for (const name of readable) expect(names).toContain(name);
  });

  it.each(names)('%s', (name) => {
    const bytes = readFileSync(join(folder, name));
    // Generous: the slowest takes some tens of milliseconds. What is slow by the square of its length takes seconds.
    expect(cpuMsOf(() => parseXml(bytes, defaultXmlLimits))).toBeLessThan(400);
    const read = parseXml(bytes, defaultXmlLimits);
    expect(read.ok).toBe(readable.has(name));
    if (read.ok) expect(textOf(read.value.root)).not.toMatch(/root:|lol/);
    const located = parsePidfLo(bytes, { kind: 'query' }, defaultLocationLimits);
    for (const location of located.ok ? located.value.locations : []) {
      expect(location.shape).toMatchObject({ kind: 'point' });
    }
  });

  it('prototype names change nothing', () => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
