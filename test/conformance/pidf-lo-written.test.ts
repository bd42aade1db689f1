import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Shape } from '../../src/geo/index.ts';
import type { LocationValue, PidfLoContent } from '../../src/location/index.ts';
import { defaultLocationLimits, parsePidfLo, writePidfLo } from '../../src/location/index.ts';
import type { XmlElement } from '../../src/xml/index.ts';
import { childElements, defaultXmlLimits, parseXml, writeXml } from '../../src/xml/index.ts';
import { arbitraryContent, civicNames, fullAddress } from '../support/location-contents.ts';
import { schemaErrors, schemasSkipped } from '../support/schemas.ts';

const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const settings = { seed, numRuns: 300 };
const source = { kind: 'query' } as const;

const base: PidfLoContent = {
  entity: 'pres:caller@example.com',
  id: 'caller',
  shape: { kind: 'point', position: { lon: -77.036_53, lat: 38.897_676 } },
  civic: undefined,
  method: 'Default',
  timestamp: '2026-11-23T20:00:00Z',
};

function read(xml: string): { location: LocationValue; warnings: readonly string[] } {
  const document = parsePidfLo(Buffer.from(xml), source, defaultLocationLimits);
  if (!document.ok) throw new Error(`${document.error.code} in ${xml}`);
  const { locations, warnings } = document.value;
  const [location, ...others] = locations;
  if (location === undefined || others.length > 0) throw new Error(`not one location in ${xml}`);
  return { location, warnings: warnings.map(({ code }) => code) };
}

function elementsOf(xml: string): readonly XmlElement[] {
  const document = parseXml(Buffer.from(xml), defaultXmlLimits);
  if (!document.ok) throw new Error(document.error.message);
  const found: XmlElement[] = [];
  const walk = (element: XmlElement): void => {
    found.push(element);
    for (const child of childElements(element)) walk(child);
  };
  walk(document.value.root);
  return found;
}

function named(xml: string, localName: string): XmlElement {
  const found = elementsOf(xml).find((element) => element.localName === localName);
  if (found === undefined) throw new Error(`there is no ${localName} in ${xml}`);
  return found;
}

const p = (lon: number, lat: number, altM?: number) =>
  altM === undefined ? { lon, lat } : { lon, lat, altM };
const square = (altM?: number) => [p(-77, 38, altM), p(-76, 38, altM), p(-76, 39, altM), p(-77, 38, altM)];
const m = 'uom="urn:ogc:def:uom:EPSG::9001"';
const deg = 'uom="urn:ogc:def:uom:EPSG::9102"';

/** RFC 5491 §5.2: the element as it stands in the document, name and reference system first. */
const shapes: readonly { name: string; shape: Shape; system: number; inner: string }[] = [
  {
    name: '§5.2.1 point in two dimensions',
    shape: { kind: 'point', position: p(150.883, -34.407) },
    system: 4326,
    inner: '<gml:pos>-34.407 150.883</gml:pos>',
  },
  {
    name: '§5.2.1 point in three dimensions',
    shape: { kind: 'point', position: p(150.883, -34.407, 24.8) },
    system: 4979,
    inner: '<gml:pos>-34.407 150.883 24.8</gml:pos>',
  },
  {
    name: '§5.2.2 polygon in two dimensions',
    shape: { kind: 'polygon', exterior: square(), interiors: [] },
    system: 4326,
    inner:
      '<gml:exterior><gml:LinearRing><gml:posList>38 -77 38 -76 39 -76 38 -77</gml:posList></gml:LinearRing></gml:exterior>',
  },
  {
    name: '§5.2.2 polygon in three dimensions',
    shape: { kind: 'polygon', exterior: square(9.5), interiors: [] },
    system: 4979,
    inner:
      '<gml:exterior><gml:LinearRing><gml:posList>38 -77 9.5 38 -76 9.5 39 -76 9.5 38 -77 9.5</gml:posList></gml:LinearRing></gml:exterior>',
  },
  {
    name: '§5.2.3 circle, which is flat although its centre has an altitude',
    shape: { kind: 'circle', center: p(150.883, -34.407, 3), radiusM: 850.24 },
    system: 4326,
    inner: `<gml:pos>-34.407 150.883</gml:pos><gs:radius ${m}>850.24</gs:radius>`,
  },
  {
    name: '§5.2.4 ellipse',
    shape: {
      kind: 'ellipse',
      center: p(-73.2512, 42.5463),
      semiMajorM: 1275,
      semiMinorM: 670,
      orientationDeg: 43.2,
    },
    system: 4326,
    inner: `<gml:pos>42.5463 -73.2512</gml:pos><gs:semiMajorAxis ${m}>1275</gs:semiMajorAxis><gs:semiMinorAxis ${m}>670</gs:semiMinorAxis><gs:orientation ${deg}>43.2</gs:orientation>`,
  },
  {
    name: '§5.2.5 arc band',
    shape: {
      kind: 'arcBand',
      center: p(153.2176, -43.5723),
      innerRadiusM: 3594,
      outerRadiusM: 4148,
      startAngleDeg: 20,
      openingAngleDeg: 25,
    },
    system: 4326,
    inner: `<gml:pos>-43.5723 153.2176</gml:pos><gs:innerRadius ${m}>3594</gs:innerRadius><gs:outerRadius ${m}>4148</gs:outerRadius><gs:startAngle ${deg}>20</gs:startAngle><gs:openingAngle ${deg}>25</gs:openingAngle>`,
  },
  {
    name: '§5.2.6 sphere',
    shape: { kind: 'sphere', center: p(-73.2512, 42.5463, 26.3), radiusM: 850.24 },
    system: 4979,
    inner: `<gml:pos>42.5463 -73.2512 26.3</gml:pos><gs:radius ${m}>850.24</gs:radius>`,
  },
  {
    name: '§5.2.7 ellipsoid',
    shape: {
      kind: 'ellipsoid',
      center: p(-73.2512, 42.5463, 26.3),
      semiMajorM: 7.7156,
      semiMinorM: 3.31,
      verticalM: 28.7,
      orientationDeg: 90,
    },
    system: 4979,
    inner: `<gml:pos>42.5463 -73.2512 26.3</gml:pos><gs:semiMajorAxis ${m}>7.7156</gs:semiMajorAxis><gs:semiMinorAxis ${m}>3.31</gs:semiMinorAxis><gs:verticalAxis ${m}>28.7</gs:verticalAxis><gs:orientation ${deg}>90</gs:orientation>`,
  },
  {
    name: '§5.2.8 prism, whose base has no system of its own',
    shape: { kind: 'prism', base: square(36.6), heightM: 2.4 },
    system: 4979,
    inner: `<gs:base><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>38 -77 36.6 38 -76 36.6 39 -76 36.6 38 -77 36.6</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gs:base><gs:height ${m}>2.4</gs:height>`,
  },
];

describe('RFC 5491 §5: shapes as they are written', () => {
  it.each(shapes)('$name', ({ shape, system, inner }) => {
    const xml = writePidfLo({ ...base, shape });
    expect(xml).toContain(` srsName="urn:ogc:def:crs:EPSG::${system}">${inner}</g`);
  });

  it.skipIf(schemasSkipped !== '').each(shapes)(`$name: valid${schemasSkipped}`, ({ shape }) => {
    expect(schemaErrors('pidfLo', writePidfLo({ ...base, shape }))).toEqual([]);
  });

  it('§5.2.2 lists positions one by one where that is asked for', () => {
    const shape: Shape = { kind: 'polygon', exterior: square(), interiors: [square()] };
    const xml = writePidfLo({ ...base, shape, ringForm: 'pos' });
    expect(elementsOf(xml).filter(({ localName }) => localName === 'pos')).toHaveLength(8);
    expect(xml).not.toContain('posList');
  });
});

describe('what is said beside the place', () => {
  it('RFC 7459 §4.1: a confidence stands in location-info, save for a point alone', () => {
    const confidence = { percent: 67.5, pdf: 'normal' } as const;
    const shape: Shape = { kind: 'circle', center: p(1, 2), radiusM: 3 };
    expect(writePidfLo({ ...base, shape, confidence })).toMatch(
      /<con:confidence [^>]*pdf="normal">67.5<\/con:confidence><\/gp:location-info>/,
    );
    expect(writePidfLo({ ...base, confidence })).not.toContain('confidence');
  });

  it.each([
    [undefined, 'unknown'],
    [1e-7, '0.0000001'],
    [2.5e-9, '0.0000000025'],
    [100, '99.9'],
    [95, '95'],
  ])('RFC 7459 §7: a confidence of %s is written %s', (percent, text) => {
    const shape: Shape = { kind: 'circle', center: p(1, 2), radiusM: 3 };
    const xml = writePidfLo({ ...base, shape, confidence: { percent, pdf: 'unknown' } });
    expect(named(xml, 'confidence').children).toEqual([text]);
  });

  it('RFC 4119 §2.2.5: usage rules are always there, their elements in order', () => {
    expect(named(writePidfLo(base), 'usage-rules').children).toEqual([]);
    const xml = writePidfLo({
      ...base,
      noteWell: 'for the call taker',
      rulesetReference: 'https://rules.example/1',
      retentionExpires: '2026-11-24T20:00:00Z',
      isRetransmissionAllowed: false,
    });
    expect(childElements(named(xml, 'usage-rules')).map(({ localName }) => localName)).toEqual([
      'retransmission-allowed',
      'retention-expiry',
      'external-ruleset',
      'note-well',
    ]);
  });

  it('RFC 5139 §4, RFC 6848 §2.2: the elements of an address in order, each in its namespace', () => {
    const xml = writePidfLo({ ...base, civic: fullAddress() });
    const children = childElements(named(xml, 'civicAddress'));
    const civic = 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr';
    const expected = [
      ...['country', ...civicNames.rfc5139].map((name) => [civic, name]),
      ...civicNames.rfc6848.map((name) => [`${civic}:ext`, name]),
      ...civicNames.nena.map((name) => ['urn:nena:xml:ns:pidf:nenaCivicAddr', name]),
      ...civicNames.nena2.map((name) => ['urn:nena:xml:ns:pidf:nenaCivicAddr2', name]),
    ];
    expect(children.map(({ namespaceUri, localName }) => [namespaceUri, localName])).toEqual(expected);
  });

  it('an element that XML has no name for is left out, the others stay', () => {
    const elements = new Map([
      ['A1', 'Wien'],
      ['1A', 'x'],
      ['A B', 'y'],
      ['', 'z'],
      ['a:b', 'w'],
    ]);
    const xml = writePidfLo({ ...base, civic: { country: undefined, elements, language: undefined } });
    expect(childElements(named(xml, 'civicAddress')).map(({ localName }) => localName)).toEqual(['A1']);
  });

  const providedBy = {
    name: 'Example ESInet <main>',
    reference: '7d1f@esrp.example',
    contactUri: 'sip:noc@esrp.example',
    id: { value: 'esrp.example', series: 'domain' },
  };

  it('RFC 7852 §6.2: who provided a location stands at the end of geopriv', () => {
    const geopriv = named(writePidfLo({ ...base, providedBy }), 'geopriv');
    expect(childElements(geopriv).map(({ localName }) => localName)).toEqual([
      'location-info',
      'usage-rules',
      'method',
      'provided-by',
    ]);
  });

  it.skipIf(schemasSkipped !== '')(
    `RFC 7852 §8.1, §8.6: the provider's data is valid${schemasSkipped}`,
    () => {
      const value = named(writePidfLo({ ...base, providedBy }), 'EmergencyCallDataValue');
      expect(schemaErrors('providedBy', writeXml(value))).toEqual([]);
    },
  );
});

/** What of a location comes out of what was written, as something that can be compared. */
function comparable(location: LocationValue): unknown {
  const { source: _, civic, providedBy, ...rest } = location;
  return {
    ...rest,
    civic: civic && { ...civic, elements: Object.fromEntries(civic.elements) },
    providedBy: providedBy?.map(({ block, form }) => ({ block, form })),
  };
}

/** The location that a content is read as. */
function expected(content: PidfLoContent): unknown {
  const { id: _, ringForm: __, providedBy, confidence, ...rest } = content;
  const isPointAlone = content.shape?.kind === 'point' && content.civic === undefined;
  return {
    ...rest,
    civic: content.civic && { ...content.civic, elements: Object.fromEntries(content.civic.elements) },
    confidence: isPointAlone ? undefined : confidence,
    container: content.deviceId === undefined ? 'tuple' : 'device',
    providedBy: providedBy && [{ block: 'ProviderInfo', form: 'value' }],
  };
}

describe(`documents of any content (seed ${seed})`, () => {
  it('are read as they were written, without a warning, digit for digit', () => {
    fc.assert(
      fc.property(arbitraryContent, (content) => {
        const { location, warnings } = read(writePidfLo(content));
        expect(warnings).toEqual([]);
        expect(comparable(location)).toEqual(expected(content));
      }),
      settings,
    );
  });

  it.skipIf(schemasSkipped !== '')(`are valid by the published schemas${schemasSkipped}`, () => {
    fc.assert(
      fc.property(arbitraryContent, (content) => {
        const xml = writePidfLo(content);
        expect(schemaErrors('pidfLo', xml)).toEqual([]);
        if (content.providedBy === undefined) return;
        expect(schemaErrors('providedBy', writeXml(named(xml, 'EmergencyCallDataValue')))).toEqual([]);
      }),
      settings,
    );
  });
});

describe('the schemas object', () => {
  it.skipIf(schemasSkipped !== '').each([
    ['pidfLo', (xml: string) => xml.replace('<gp:usage-rules/>', '')],
    ['pidfLo', (xml: string) => xml.replace('<gml:pos>', '<gml:pos>x ')],
    ['pidfLo', (xml: string) => xml.replace(' id="caller"', ' id="1"')],
    ['pidfLo', (xml: string) => xml.replace('<ca:A1>', '<ca:B1>').replace('</ca:A1>', '</ca:B1>')],
    ['pidfLo', (xml: string) => xml.replace('>90</con', '>190</con')],
    ['pidfLo', (xml: string) => xml.replaceAll('gs:radius', 'gs:diameter')],
  ] as const)(`%s to a fault %#${schemasSkipped}`, (name, spoil) => {
    const elements = new Map([['A1', 'Wien']]);
    const xml = writePidfLo({
      ...base,
      shape: { kind: 'circle', center: p(1, 2), radiusM: 3 },
      civic: { country: undefined, elements, language: undefined },
      confidence: { percent: 90, pdf: 'unknown' },
    });
    expect(spoil(xml)).not.toBe(xml);
    expect(schemaErrors(name, xml)).toEqual([]);
    expect(schemaErrors(name, spoil(xml))).not.toEqual([]);
  });
});
