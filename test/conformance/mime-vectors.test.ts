import { describe, expect, it } from 'vitest';
import { offersInWords, offersOfBytes } from '../support/location-offers.ts';
import { cpuMsOf, vectorFiles, vectorsFolder } from '../support/sip-builders.ts';

// Whole messages with multiparts of all sorts: what each offers as the caller's place.

const files = vectorFiles('fuzz/mime', '.sip');
const place = 'point 40.716683 -73.9906976';

const missing = 'unreadable location.partMissing';
const broken = 'unreadable location.xmlUnreadable';

/** What these offer; all others offer the place, and nothing else. */
const others: Readonly<Record<string, readonly string[]>> = {
  // The boundary, or text in its place, cuts the document in two.
  'boundary-inside-xml-cdata.sip': [broken],
  'boundary-prefix-clash.sip': [broken],
  'cid-case-differs.sip': [missing, place],
  'cid-duplicate-parts.sip': [place, 'point 10 -73.9906976'],
  'cid-mismatch.sip': [missing, place],
  'cte-base64-garbage.sip': [broken],
  'geoloc-header-no-body.sip': [missing],
  // Deeper, and more parts, than are opened.
  'nested-20.sip': [missing],
  'nested-500.sip': [missing],
  'parts-10k.sip': [missing],
  'sdp-only-multipart.sip': [],
  'two-geolocs-second-good.sip': [missing, place],
  'zero-parts.sip': [missing],
};

describe.skipIf(vectorsFolder === undefined)('multiparts (skipped where FIRSTLINE_VECTORS is unset)', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(files.map(([name]) => name)).toEqual(expect.arrayContaining(Object.keys(others)));
    expect(Object.keys(others).filter((name) => name.startsWith('ok-'))).toEqual([]);
  });

  it.each(files)('%s', (name, bytes) => {
    expect(offersInWords(offersOfBytes(bytes))).toEqual(others[name] ?? [place]);
    expect(cpuMsOf(() => offersOfBytes(bytes))).toBeLessThan(500);
  });
});
