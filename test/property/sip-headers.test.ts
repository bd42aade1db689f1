import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeaderGrammar, headerGrammars, headers, type NameAddr } from '../../src/sip/message/index.ts';
import { type Param, parseUri } from '../../src/sip/uri/index.ts';
import { mutated, settings } from '../support/sip-arbitraries.ts';
import { coreRows } from '../unit/sip/message/header-rows.ts';
import { extensionRows } from '../unit/sip/message/header-rows-extensions.ts';

const tokenChars = "abcXYZ019-.!%*_+`'~";
const token = fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 12 });
/** Text that may stand between quotes: anything of latin1 but line ends and NUL. */
const quotable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
});
const param: fc.Arbitrary<Param> = fc.record({
  name: token,
  value: fc.option(fc.oneof(token, quotable), { nil: undefined }),
});
/** Names that mean nothing to any header, so that no rule about their values applies. */
const params = fc
  .array(param, { maxLength: 4 })
  .map((list) => list.map(({ name, value }) => ({ name: `x${name}`, value })));
const uriText = fc.constantFrom(
  'sip:a@b.example',
  'sips:%61:p@[2001:db8::1]:5061;transport=tcp?x=y',
  'tel:+1-201-555-0123;phone-context=+1',
  'urn:service:sos',
  'https://a.example/b?c=d#e',
);

const uriValue = fc.record({ uriText, params }).map(({ uriText: text, params: list }) => {
  const uri = parseUri(text);
  if (!uri.ok) throw new Error(text);
  return { uriText: text, uri: uri.value, params: list };
});

function expectRoundTrip<T>(grammar: HeaderGrammar<T>, value: T): void {
  const parsed = grammar.parse(grammar.write(value));
  expect(parsed.ok ? parsed.value : parsed.error.message).toEqual(value);
}

describe('what is written is read again as it was', () => {
  it('tokens with parameters', () => {
    fc.assert(
      fc.property(fc.record({ token, params }), (value) => {
        for (const grammar of [headers.event, headers.securityClient, headers.infoPackage, headers.reason])
          expectRoundTrip(grammar, value);
      }),
      settings,
    );
  });

  it('URIs with parameters', () => {
    fc.assert(
      fc.property(uriValue, (value) => {
        for (const grammar of [headers.callInfo, headers.geolocation, headers.alertInfo, headers.errorInfo])
          expectRoundTrip(grammar, value);
      }),
      settings,
    );
  });

  it('addresses, whatever the name holds', () => {
    const address = fc.record({ value: uriValue, displayName: fc.option(quotable, { nil: undefined }) });
    fc.assert(
      fc.property(address, ({ value, displayName }) => {
        const parts: NameAddr = { ...value, displayName, tag: undefined, raw: '' };
        const raw = headers.to.write(parts);
        for (const grammar of [headers.to, headers.from, headers.replyTo, headers.route])
          expectRoundTrip(grammar, { ...parts, raw });
      }),
      settings,
    );
  });

  it('challenges', () => {
    const challenge = fc.record({ realm: quotable, nonce: quotable, more: params });
    fc.assert(
      fc.property(challenge, ({ realm, nonce, more }) => {
        const unique = new Map(more.map((each) => [each.name.toLowerCase(), each]));
        const others = [...unique.values()].map(({ name, value }) => ({ name, value: value ?? '' }));
        const list = [{ name: 'realm', value: realm }, { name: 'nonce', value: nonce }, ...others];
        expectRoundTrip(headers.wwwAuthenticate, { scheme: 'Digest', params: list });
      }),
      settings,
    );
  });

  it('dates, sequence numbers, warnings', () => {
    const parts = fc.record({
      seconds: fc.integer({ min: 0, max: 253_402_300_799 }),
      sequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      method: token,
      code: fc.integer({ min: 100, max: 999 }),
      text: quotable,
    });
    fc.assert(
      fc.property(parts, ({ seconds, sequence, method, code, text }) => {
        expectRoundTrip(headers.date, seconds * 1_000);
        expectRoundTrip(headers.cseqHeader, { sequence, method });
        expectRoundTrip(headers.warning, { code, agent: method, text });
      }),
      settings,
    );
  });
});

describe('any value', () => {
  const rows = [...coreRows, ...extensionRows].flatMap(({ name, valid }) =>
    valid.map((value) => [name, value]),
  );

  it('is taken or refused, and what is taken has one canonical form', () => {
    const changed = fc
      .constantFrom(...rows)
      .chain(([name = '', value = '']) =>
        mutated(Buffer.from(value, 'latin1')).map((bytes) => [name, bytes.toString('latin1')] as const),
      );
    let taken = 0;
    fc.assert(
      fc.property(changed, ([name, value]) => {
        const grammar = headerGrammars.get(name.toLowerCase());
        const canonical = grammar?.canonical(value);
        if (grammar === undefined || canonical === undefined || !canonical.ok) return;
        taken += 1;
        const again = grammar.canonical(canonical.value);
        expect(again).toEqual(canonical);
        // `raw` of a Via is as written; everything else of a value is in its canonical form.
        if (name !== 'Via') expect(grammar.parse(canonical.value)).toEqual(grammar.parse(value));
      }),
      { ...settings, numRuns: 4_000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
