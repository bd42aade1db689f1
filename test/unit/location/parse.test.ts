import { describe, expect, it } from 'vitest';
import { chooseLocation, defaultLocationLimits, parsePidfLo } from '../../../src/location/index.ts';
import { dataModel, declarations, geopriv, point, presence, readDocument, tuple } from './support.ts';

function latitudes(text: string): readonly (number | undefined)[] {
  return readDocument(text).locations.map((location) =>
    location.shape?.kind === 'point' ? location.shape.position.lat : undefined,
  );
}

function chosenLatitude(text: string): number | undefined {
  const shape = chooseLocation(readDocument(text))?.shape;
  return shape?.kind === 'point' ? shape.position.lat : undefined;
}

describe('what stands around a location (RFC 4119 §2.2)', () => {
  it('is kept with it', () => {
    const rules =
      '<gp:usage-rules><gbp:retransmission-allowed>no</gbp:retransmission-allowed>' +
      '<gbp:retention-expiry>2027-01-01T00:00:00Z</gbp:retention-expiry></gp:usage-rules>' +
      '<gp:method> Device-Based_A-GPS </gp:method>';
    const text = presence(
      `<tuple id="t"><status>${geopriv(point('1 2'), rules)}</status><timestamp>2026-01-02T03:04:05Z</timestamp></tuple>`,
    );
    expect(readDocument(text)).toMatchObject({
      locations: [
        {
          method: 'Device-Based_A-GPS',
          entity: 'pres:caller@example.com',
          timestamp: '2026-01-02T03:04:05Z',
          isRetransmissionAllowed: false,
          retentionExpires: '2027-01-01T00:00:00Z',
          container: 'tuple',
        },
      ],
      warnings: [],
    });
  });

  it.each([
    ['true', true],
    ['1', true],
    ['yes', true],
    ['false', false],
    ['0', false],
    ['perhaps', undefined],
    ['', undefined],
  ])('reads retransmission-allowed %j', (text, expected) => {
    const rules = `<gp:usage-rules><gbp:retransmission-allowed>${text}</gbp:retransmission-allowed></gp:usage-rules>`;
    const [location] = readDocument(presence(tuple(geopriv(point('1 2'), rules)))).locations;
    expect(location?.isRetransmissionAllowed).toBe(expected);
  });

  it('may be missing', () => {
    const text = `<presence ${declarations}><tuple><status>${geopriv(point('1 2'), '')}</status></tuple></presence>`;
    expect(readDocument(text)).toMatchObject({
      locations: [
        {
          method: undefined,
          entity: undefined,
          timestamp: undefined,
          isRetransmissionAllowed: undefined,
          retentionExpires: undefined,
        },
      ],
      warnings: [],
    });
  });
});

describe('several locations (RFC 5491 §3.4 rule 8)', () => {
  const person = dataModel('person', geopriv(point('1 0')));
  const first = tuple(geopriv(point('2 0')));
  const second = tuple(geopriv(point('3 0')));
  const device = dataModel('device', geopriv(point('4 0')));
  const broken = dataModel('device', geopriv('<gml:Polygon/>'));
  it.each<[string, readonly string[], readonly number[], number]>([
    ['the device first', [person, first, device], [1, 2, 4], 4],
    ['else the first tuple', [person, first, second], [1, 2, 3], 2],
    ['a person as a last resort', [person], [1], 1],
    ['an unreadable device does not count', [broken, person, first], [1, 2], 2],
  ])('%s', (_name, children, all, chosen) => {
    const text = presence(...children);
    expect(latitudes(text)).toEqual(all);
    expect(chosenLatitude(text)).toBe(chosen);
  });

  it('keeps what could not be used among the entries, in document order', () => {
    const { entries, warnings } = readDocument(presence(first, broken, second));
    expect(entries.map(({ kind }) => kind)).toEqual(['location', 'rejected', 'location']);
    expect(entries[1]).toMatchObject({ rejected: { outcome: 'unreadable', container: 'device' } });
    expect(warnings.map(({ code }) => code)).toEqual(['location.srsNameMissing', 'location.positionMissing']);
  });
});

describe('one location-info (RFC 5491 §3 rules 6 and 7)', () => {
  const address = '<ca:civicAddress><ca:A1>NY</ca:A1></ca:civicAddress>';
  it('holds a shape and an address of the same place', () => {
    const { locations } = readDocument(presence(tuple(geopriv(point('1 2') + address))));
    expect(locations).toHaveLength(1);
    expect(locations[0]).toMatchObject({
      shape: { kind: 'point' },
      civic: { elements: new Map([['A1', 'NY']]) },
    });
  });

  it('gives the address where the shape cannot be read, and says so', () => {
    const { entries, locations } = readDocument(presence(tuple(geopriv(`<gml:Polygon/>${address}`))));
    expect(locations).toMatchObject([{ shape: undefined, civic: { elements: new Map([['A1', 'NY']]) } }]);
    expect(entries.map(({ kind }) => kind)).toEqual(['rejected', 'location']);
  });

  it('is the only one of its geopriv; a second is kept, warned of, and comes second', () => {
    const info = (pos: string) => `<gp:location-info>${point(pos)}</gp:location-info>`;
    const text = presence(tuple(`<gp:geopriv>${info('1 2')}${info('3 4')}</gp:geopriv>`));
    expect(latitudes(text)).toEqual([1, 3]);
    expect(chosenLatitude(text)).toBe(1);
    expect(readDocument(text).warnings.map(({ code }) => code)).toEqual(['location.extraLocation']);
  });

  it('with two shapes gives the first that can be used, never a mean', () => {
    expect(latitudes(presence(tuple(geopriv(point('1 2') + point('3 4')))))).toEqual([1]);
    expect(latitudes(presence(tuple(geopriv(point('x') + point('3 4')))))).toEqual([3]);
  });
});

describe('documents out of shape', () => {
  it.each([
    ['no status', presence(`<tuple>${geopriv(point('1 2'))}</tuple>`), []],
    ['geopriv at the top', presence(geopriv(point('1 2'))), []],
    [
      'geopriv as the document',
      geopriv(point('1 2')).replace('<gp:geopriv', `<gp:geopriv ${declarations}`),
      [],
    ],
    [
      'no usage rules',
      presence(tuple(`<gp:geopriv><gp:location-info>${point('1 2')}</gp:location-info></gp:geopriv>`)),
      [],
    ],
    [
      'no location-info',
      presence(tuple(`<gp:geopriv>${point('1 2')}</gp:geopriv>`)),
      ['location.infoMissing'],
    ],
    [
      'no namespace anywhere',
      '<presence><tuple><status><geopriv><location-info><Point srsName="urn:ogc:def:crs:EPSG::4326"><pos>1 2</pos></Point></location-info></geopriv></status></tuple></presence>',
      ['location.namespaceRepaired'],
    ],
    [
      'the presence format before RFC 3863',
      presence(tuple(geopriv(point('1 2')))).replace(
        '"urn:ietf:params:xml:ns:pidf"',
        '"urn:ietf:params:xml:ns:cpim-pidf:"',
      ),
      [],
    ],
    [
      'white space before the declaration',
      `\r\n<?xml version="1.0"?>${presence(tuple(geopriv(point('1 2'))))}`,
      ['xml.leadingSpace'],
    ],
  ])('%s', (_name, text, warnings) => {
    expect(latitudes(text)).toEqual([1]);
    expect([...new Set(readDocument(text).warnings.map(({ code }) => code))]).toEqual(warnings);
  });

  it.each([
    ['no XML', 'hello', 'location.xmlUnreadable'],
    ['XML that is not well-formed', '<presence>', 'location.xmlUnreadable'],
    ['a DOCTYPE', `<!DOCTYPE presence>${presence(tuple(geopriv(point('1 2'))))}`, 'location.xmlUnreadable'],
    [
      'presence without a location',
      presence('<tuple id="t"><status><basic>open</basic></status></tuple>'),
      'location.notPidfLo',
    ],
    [
      'geopriv of somebody else',
      '<a:geopriv xmlns:a="urn:evil"><a:location-info/></a:geopriv>',
      'location.notPidfLo',
    ],
  ])('%s is an error', (_name, text, code) => {
    expect(parsePidfLo(Buffer.from(text), { kind: 'query' }, defaultLocationLimits)).toMatchObject({
      ok: false,
      error: { code },
    });
  });
});

describe('limits', () => {
  it('reads so many locations and warns of the rest', () => {
    const text = presence(
      tuple(geopriv(point('1 2'))),
      tuple(geopriv(point('3 4'))),
      tuple(geopriv(point('5 6'))),
    );
    const read = readDocument(text, { ...defaultLocationLimits, locationsMax: 2 });
    expect(read.locations).toHaveLength(2);
    expect(read.warnings.map(({ code }) => code)).toEqual(['location.tooMany']);
  });

  it('keeps so many warnings', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      tuple(geopriv(`<gml:Polygon/><gs:Ellipse/><gml:Q${index}/>`)),
    );
    const read = readDocument(presence(...many), { ...defaultLocationLimits, warningsMax: 1 });
    expect(read.warnings).toHaveLength(1);
  });

  it('holds no place in its messages', () => {
    const text = presence(
      tuple(
        geopriv(
          `${point('40.7777 -273.9999')}<ca:civicAddress><ca:country>Secretland</ca:country><ca:A1>NY</ca:A1></ca:civicAddress>`,
        ),
      ),
    );
    const { warnings } = readDocument(text);
    expect(warnings).not.toHaveLength(0);
    for (const { message } of warnings) expect(message).not.toMatch(/40\.7|273|Secretland/);
  });
});
