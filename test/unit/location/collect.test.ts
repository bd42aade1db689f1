import { describe, expect, it } from 'vitest';
import type { LocationBodyPart, LocationLimits } from '../../../src/location/index.ts';
import { collectLocations, defaultLocationLimits } from '../../../src/location/index.ts';
import { dataModel, geopriv, point, presence, tuple } from './support.ts';

const pidf = 'application/pidf+xml';

/** A part whose location is known by its latitude. */
function part(
  path: string,
  latitude: number | string,
  rest: Partial<LocationBodyPart> = {},
): LocationBodyPart {
  const bytes = Buffer.from(presence(tuple(geopriv(point(`${latitude} 0`)))));
  return { contentType: pidf, contentId: undefined, path, bytes, ...rest };
}

const sdp: LocationBodyPart = {
  contentType: 'application/sdp',
  contentId: '<sdp@x>',
  path: '1',
  bytes: Buffer.from('v=0\r\ns=location-info presence\r\n'),
};

function collect(
  geolocationValues: readonly string[],
  parts: readonly LocationBodyPart[],
  limits: LocationLimits = defaultLocationLimits,
): {
  readonly latitude: number | undefined;
  readonly candidates: readonly string[];
  readonly warnings: readonly string[];
} {
  const found = collectLocations({ geolocationValues, parts }, limits);
  const shape = found.location?.shape;
  return {
    latitude: shape?.kind === 'point' ? shape.position.lat : undefined,
    candidates: found.candidates.map(({ outcome, origin }) => `${outcome} ${origin}`),
    warnings: found.warnings.map(({ code }) => code),
  };
}

describe('collectLocations: which location is chosen', () => {
  it.each<[string, readonly string[], readonly LocationBodyPart[], number | undefined]>([
    ['nothing at all', [], [], undefined],
    ['no location among the parts', [], [sdp], undefined],
    [
      'the part that the header names',
      ['<cid:b@x>'],
      [part('1', 1, { contentId: 'a@x' }), part('2', 2, { contentId: '<b@x>' })],
      2,
    ],
    [
      'the order of the header, not of the body',
      ['<cid:b@x>, <cid:a@x>'],
      [part('1', 1, { contentId: 'a@x' }), part('2', 2, { contentId: 'b@x' })],
      2,
    ],
    [
      'several header lines',
      ['<https://lis/x>', '<cid:b@x>'],
      [part('1', 1), part('2', 2, { contentId: 'b@x' })],
      2,
    ],
    ['a part that no header names', [], [sdp, part('2', 2)], 2],
    ['the first part that no header names', [], [part('1', 1), part('2', 2)], 1],
    ['a cid that matches nothing', ['<cid:nowhere@x>'], [sdp, part('2', 2, { contentId: 'b@x' })], 2],
    [
      'a referenced part that is broken',
      ['<cid:a@x>'],
      [part('1', 'x', { contentId: 'a@x' }), part('2', 2)],
      2,
    ],
    ['garbage in the header', ['<geo:1,2>, here'], [part('1', 1)], 1],
    ['a reference that is not fetched', ['<https://lis.example/loc>'], [part('1', 1)], 1],
    ['only a reference', ['<https://lis.example/loc>'], [sdp], undefined],
    ['the old type', [], [part('1', 1, { contentType: 'application/cpim-pidf+xml' })], 1],
    ['the mistaken type', [], [part('1', 1, { contentType: 'application/pidf-lo+xml' })], 1],
    ['plain XML', [], [part('1', 1, { contentType: 'text/xml' })], 1],
    ['other XML', [], [part('1', 1, { contentType: 'application/vnd.example+xml' })], 1],
    ['no type', [], [part('1', 1, { contentType: '' })], 1],
    ['a type that is no document', [], [part('1', 1, { contentType: 'image/png' })], undefined],
    [
      'a part of another type that the header names',
      ['<cid:a@x>'],
      [part('1', 1, { contentType: 'image/png', contentId: 'a@x' })],
      1,
    ],
    [
      'the device inside the document',
      [],
      [
        {
          ...part('1', 1),
          bytes: Buffer.from(
            presence(tuple(geopriv(point('1 0'))), dataModel('device', geopriv(point('2 0')))),
          ),
        },
      ],
      2,
    ],
  ])('%s', (_name, values, parts, latitude) => {
    expect(collect(values, parts).latitude).toBe(latitude);
  });
});

describe('collectLocations: what is said', () => {
  it('names every candidate and its fate, in order of preference', () => {
    const parts = [
      sdp,
      part('2', 1, { contentId: 'a@x' }),
      part('3.1', 'x', { contentId: 'b@x' }),
      { ...part('3.2', 0), bytes: Buffer.from(presence(tuple(geopriv('<gml:Polygon/>')))) },
      { ...part('4', 0), bytes: Buffer.from('<presence>') },
    ];
    expect(collect(['<https://lis/x>;a=b', '<cid:b@x>, <cid:a@x>, <cid:c@x>, <cid:a@x>'], parts)).toEqual({
      latitude: 1,
      candidates: [
        'unsupported Geolocation 1 <https://lis/x>',
        'unreadable Geolocation 2 <cid:b@x>, part 3.1, tuple',
        'chosen Geolocation 3 <cid:a@x>, part 2, tuple',
        'unreadable Geolocation 4 <cid:c@x>',
        'unsupported part 3.2, which no Geolocation value points at, tuple',
        'unreadable part 4, which no Geolocation value points at',
      ],
      warnings: [
        'location.referenceUnsupported',
        'location.positionMalformed',
        'location.partMissing',
        'location.shapeUnsupported',
        'location.xmlUnreadable',
      ],
    });
  });

  it('says that another was not chosen, and why', () => {
    const { candidates } = collectLocations(
      { geolocationValues: [], parts: [part('1', 1), part('2', 2)] },
      defaultLocationLimits,
    );
    expect(candidates.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['chosen', 'in the order of the body'],
      ['notChosen', 'another location comes first'],
    ]);
  });

  it('gives the chosen location its source', () => {
    const { location } = collectLocations(
      { geolocationValues: ['<cid:a@x>'], parts: [part('1.2', 1, { contentId: ' <a@x> ' })] },
      defaultLocationLimits,
    );
    expect(location?.source).toEqual({ kind: 'body', contentId: 'a@x', partPath: '1.2', isReferenced: true });
  });
});

describe('collectLocations: limits', () => {
  it('opens so many documents', () => {
    const parts = [part('1', 'x'), part('2', 'x'), part('3', 3)];
    const found = collect([], parts, { ...defaultLocationLimits, documentsMax: 2 });
    expect(found).toMatchObject({
      latitude: undefined,
      warnings: expect.arrayContaining(['location.tooMany']),
    });
  });

  it('looks at so many header values, and still at the body', () => {
    const values = Array.from({ length: 1000 }, () => '<cid:none@x>');
    const found = collect(values, [part('1', 1)], {
      ...defaultLocationLimits,
      headerValuesMax: 3,
      warningsMax: 2,
    });
    expect(found.latitude).toBe(1);
    expect(found.candidates).toHaveLength(4);
    expect(found.warnings).toHaveLength(2);
  });
});
