import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accessNetworkKeys,
  defaultLocationLimits,
  type LocationBodyPart,
  type LocationInput,
  normaliseCellKey,
  offeredLocations,
  readFetched,
} from '../../src/location/index.ts';
import { cpuMsOf } from '../support/sip-builders.ts';

// fast-check prints the seed of a run that fails; FIRSTLINE_SEED repeats it.
const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const settings = { seed, numRuns: 1_000 };

const piece = fc.constantFrom(
  ...[
    '<',
    '>',
    ',',
    ';',
    '=',
    '"',
    ' ',
    '\r\n',
    '%41',
    '@',
    'a',
    '1',
    '.',
    '-',
    'cid:a@b',
    'geo:1,2',
    'https://h/',
  ],
  ...[
    'message/external-body',
    'URL=',
    'expiration=',
    'size=',
    'hash=',
    'purpose=EmergencyCallData.',
    'loc-src=',
  ],
  ...[
    '<alert>',
    '</alert>',
    '<info>',
    '<area>',
    '<polygon>',
    '</polygon>',
    '<circle>',
    '1,2 ',
    '--b',
    '<presence>',
  ],
  ...['3gpp-e-utran;', 'utran-cell-id-3gpp=', 'network-provided', '310410000b0038000'],
);
const text = fc.array(piece, { maxLength: 20 }).map((all) => all.join(''));
const contentType = fc.constantFrom(
  ...[
    '',
    'application/pidf+xml',
    'application/common-alerting-protocol+xml',
    'message/external-body',
    'text/xml',
  ],
  ...['application/emergencycalldata.x+xml', 'application/pkcs7-mime', 'multipart/mixed'],
);
const part: fc.Arbitrary<LocationBodyPart> = fc
  .tuple(contentType, text, fc.option(text, { nil: undefined }), text)
  .map(([type, contentTypeValue, contentId, content]) => ({
    contentType: type,
    contentTypeValue,
    contentId,
    path: '1',
    bytes: Buffer.from(content),
  }));

const empty: LocationInput = {
  geolocationValues: [],
  parts: [],
  callInfoValues: [],
  geolocationRouting: undefined,
  accessNetworkValues: [],
};

describe('what a request offers', () => {
  it('is read of anything, without a throw and within the limits', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), fc.array(part, { maxLength: 4 }), (values, parts) => {
        const input = {
          ...empty,
          geolocationValues: values,
          parts,
          callInfoValues: values,
          accessNetworkValues: values,
        };
        const { offers, warnings } = offeredLocations({ ...input, nowMs: 0 }, defaultLocationLimits);
        expect(warnings.length).toBeLessThanOrEqual(defaultLocationLimits.warningsMax);
        for (const offer of offers) if (offer.kind === 'reference') expect(offer.reference.uri).not.toBe('');
      }),
      settings,
    );
  });

  it('is read of anything that was fetched', () => {
    fc.assert(
      fc.property(part, ({ bytes, contentType: type }) => {
        const reference = { uri: 'https://h/', protocol: 'held', sizeBytes: 1 } as const;
        const source = { kind: 'reference', uri: reference.uri, protocol: 'held' } as const;
        const read = readFetched({ bytes, contentType: type }, reference, source, defaultLocationLimits);
        if (read.ok) expect(read.value.locations).not.toHaveLength(0);
      }),
      settings,
    );
  });

  it('has keys of cells in the form in which tables have them', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), (values) => {
        for (const key of accessNetworkKeys(values)) expect(normaliseCellKey(key)).toBe(key);
      }),
      settings,
    );
  });

  const manyParts = Array.from({ length: 1_000 }, (_, index) => ({
    contentType: 'message/external-body',
    contentTypeValue: 'message/external-body',
    contentId: `p${index}@x`,
    enclosingIds: ['a@x', 'b@x', 'c@x'],
    path: String(index),
    bytes: Buffer.from('Content-ID: <q@x>\r\n'),
  }));
  const alertOf = (content: string): LocationBodyPart => ({
    contentType: 'application/common-alerting-protocol+xml',
    contentId: undefined,
    path: '1',
    bytes: Buffer.from(`<alert><info><area>${content}</area></info></alert>`),
  });
  it.each<[string, Partial<LocationInput>]>([
    ['cids of many parts', { geolocationValues: Array(100).fill('<cid:a@x>'), parts: manyParts }],
    [
      'Call-Info of many parts',
      { callInfoValues: Array(300).fill('<cid:b@x>;purpose=EmergencyCallData.x'), parts: manyParts },
    ],
    ['a polygon without end', { parts: [alertOf(`<polygon>${'1.5,2.5 '.repeat(15_000)}</polygon>`)] }],
    [
      'a polygon as large as may be',
      {
        parts: [
          alertOf(
            `<polygon>${Array.from({ length: 4_900 }, (_, i) => `${Math.sin(i / 780).toFixed(6)},${Math.cos(i / 780).toFixed(6)}`).join(' ')}</polygon>`,
          ),
        ],
      },
    ],
    ['accesses without end', { accessNetworkValues: [';,'.repeat(100_000), 'a;b="'.repeat(50_000)] }],
    [
      'a header without end',
      { geolocationValues: ['<geo:1,2;u='.repeat(20_000)], callInfoValues: [';purpose='.repeat(50_000)] },
    ],
  ])('takes time by its size: %s', (_name, input) => {
    const read = () => offeredLocations({ ...empty, ...input }, defaultLocationLimits);
    read();
    expect(cpuMsOf(read)).toBeLessThan(150);
  });
});
