import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEscapes,
  formatSipUri,
  parseParams,
  parseSipUri,
  parseUri,
  uriEquals,
} from '../../src/sip/index.ts';
import { mutated, settings } from '../support/sip-arbitraries.ts';

const word = fc.stringMatching(/^[A-Za-z0-9%!~*'()-]{1,10}$/);
const sipUri = fc
  .record({
    scheme: fc.constantFrom('sip' as const, 'sips' as const),
    user: fc.option(fc.stringMatching(/^[A-Za-z0-9%;?/&=+$,_.!~*'()-]{1,16}$/), { nil: undefined }),
    password: fc.option(word, { nil: undefined }),
    host: fc.constantFrom('example.com', '192.0.2.1', '[2001:db8::1]', 'a_b', 'h.'),
    port: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
    params: fc.array(fc.record({ name: word, value: fc.option(word, { nil: undefined }) }), { maxLength: 4 }),
    headers: fc.option(word, { nil: undefined }),
  })
  .map((parts) => (parts.user === undefined ? { ...parts, password: undefined } : parts));

const texts = [
  'sip:a:b@[::1]:5060;lr;x="y"?z=%20',
  'tel:+1-201;phone-context=+1',
  'urn:service:sos.fire#x',
  'a.b+c-d://x',
];
const near = fc
  .constantFrom(...texts)
  .chain((text) => mutated(Buffer.from(text)).map((bytes) => bytes.toString('latin1')));

describe('URIs', () => {
  it('of any parts are read back as they were written', () => {
    fc.assert(
      fc.property(sipUri, (parts) => {
        const text = formatSipUri(parts);
        const uri = parseSipUri(text);
        expect(uri.ok ? uri.value : uri.error).toEqual({ kind: 'sip', ...parts, raw: text });
      }),
      settings,
    );
  });

  it('take any text, equal themselves, and compare the same both ways', () => {
    const any = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string(), near);
    fc.assert(
      fc.property(any, any, (a, b) => {
        parseParams(a);
        decodeEscapes(a);
        const left = parseUri(a);
        const right = parseUri(b);
        if (!left.ok) return;
        const dense = (text: string): string => text.replace(/[ \t\r\n]/g, '');
        expect(dense(a)).toContain(dense(left.value.raw));
        expect(uriEquals(left.value, left.value)).toBe(true);
        if (right.ok) expect(uriEquals(left.value, right.value)).toBe(uriEquals(right.value, left.value));
      }),
      { ...settings, numRuns: 4 * settings.numRuns },
    );
  });

  it('hold nothing that ends a header or an address', () => {
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (text) => {
        const uri = parseUri(text);
        if (!uri.ok) return;
        expect(uri.value.raw).not.toMatch(/[<>"\u0000]/);
        if (uri.value.kind === 'sip') expect(`${uri.value.user}${uri.value.host}`).not.toMatch(/[\s<>"]/);
      }),
      { ...settings, numRuns: 4 * settings.numRuns },
    );
  });
});
