import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { XmlElement } from '../../src/xml/index.ts';
import { defaultXmlLimits, parseXml, writeXml } from '../../src/xml/index.ts';
import { cpuMsOf } from '../unit/xml/support.ts';

// fast-check prints the seed of a run that fails; FIRSTLINE_SEED repeats it.
const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const settings = { seed, numRuns: 300 };

const names = fc.constantFrom('a', 'b-1', 'É', '_x.y', '__proto__', 'constructor', 'toString', 'xmlnsa');
/** Each prefix with a namespace of its own, so that what is written is what was meant. */
const space = fc.constantFrom(
  { prefix: undefined, namespaceUri: undefined },
  { prefix: 'p', namespaceUri: 'urn:p' },
  { prefix: 'q', namespaceUri: 'urn:q?a=1&b=<2>' },
  { prefix: 'unbound', namespaceUri: undefined },
);
/** Characters that XML can carry. */
const text = fc
  .string({ unit: 'binary', maxLength: 20 })
  .map((value) => value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/g, ''))
  .filter((value) => value !== '');

const attributes = fc.uniqueArray(
  fc
    .record({ at: space, localName: names, value: text })
    .map(({ at, localName, value }) => ({ ...at, localName, value })),
  { maxLength: 3, selector: ({ prefix, localName }) => `${prefix}:${localName}` },
);

const { element } = fc.letrec<{ element: XmlElement }>((tie) => ({
  element: fc
    .record({
      at: space,
      localName: names,
      attributes,
      children: fc.array(fc.oneof({ depthSize: 'small', withCrossShrink: true }, text, tie('element')), {
        maxLength: 4,
      }),
    })
    .map(({ at, children, ...rest }) => ({ ...at, ...rest, children: joinText(children) })),
}));

/** Two runs of text beside each other are one when they are read. */
function joinText(children: readonly (string | XmlElement)[]): readonly (string | XmlElement)[] {
  const joined: (string | XmlElement)[] = [];
  for (const child of children) {
    const last = joined.at(-1);
    if (typeof child === 'string' && typeof last === 'string') joined[joined.length - 1] = last + child;
    else joined.push(child);
  }
  return joined;
}

describe(`XML (seed ${seed})`, () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(element, (root) => {
        const read = parseXml(Buffer.from(writeXml(root)), { ...defaultXmlLimits, depthMax: 1000 });
        expect(read.ok ? read.value.root : read.error).toEqual(root);
      }),
      settings,
    );
  });

  it('never throws, whatever the bytes', () => {
    const markup = fc.constantFrom(
      '<',
      '>',
      '/',
      '<a',
      '</a>',
      '"',
      "'",
      '=',
      '&',
      ';',
      '&#',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      ' ',
      'xmlns',
      ':',
      '<!DOCTYPE',
      '\u0000',
      '\ufeff',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(markup, fc.string({ maxLength: 4 })), { maxLength: 30 }), (pieces) => {
        parseXml(Buffer.from(pieces.join('')), defaultXmlLimits);
        parseXml(Buffer.from(`<a>${pieces.join('')}</a>`), defaultXmlLimits);
      }),
      { ...settings, numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parseXml(bytes, defaultXmlLimits);
      }),
      { ...settings, numRuns: 1000 },
    );
  });

  // Each of these made some parser take time by the square of its length.
  const size = 100_000;
  it.each<[string, (length: number) => string]>([
    ['spaces in a tag', (n) => `<a ${' '.repeat(n)}/>`],
    ['spaces in a tag that does not end', (n) => `<a ${' '.repeat(n)}`],
    ['spaces between name and value', (n) => `<a b${' '.repeat(n)}="1"/>`],
    ['a long name', (n) => `<${'a'.repeat(n)}/>`],
    ['a long text', (n) => `<a>${'x'.repeat(n)}</a>`],
    ['ampersands', (n) => `<a>${'&'.repeat(n)}</a>`],
    ['references', (n) => `<a>${'&lt;'.repeat(n / 4)}</a>`],
    ['references in a value', (n) => `<a b="${'&lt;'.repeat(n / 4)}"/>`],
    ['an ampersand and no end', (n) => `<a>&${'x'.repeat(n)}`],
    ['comments', (n) => `<a>${'<!---->'.repeat(n / 7)}</a>`],
    ['a comment that does not end', (n) => `<a><!--${'-'.repeat(n)}`],
    ['brackets', (n) => '<'.repeat(n)],
    ['ends of CDATA', (n) => `<a><![CDATA[${']]'.repeat(n / 2)}]]></a>`],
    ['sections of CDATA', (n) => `<a>${'<![CDATA[x]]>'.repeat(n / 13)}</a>`],
    ['instructions', (n) => `<a>${'<?a?>'.repeat(n / 5)}</a>`],
    ['siblings', (n) => `<a>${'<b/>'.repeat(9_000)}${' '.repeat(n - 36_000)}</a>`],
    ['siblings with declarations', (n) => `<a>${'<b xmlns:c="d"/>'.repeat(n / 16)}</a>`],
    ['line ends', (n) => `<a>${'\r\n'.repeat(n / 2)}</a>`],
    ['quotes', (n) => `<a b='${'"'.repeat(n)}'/>`],
  ])('takes time by its length: %s', (_name, make) => {
    const time = (length: number): number => {
      const bytes = Buffer.from(make(length));
      const run = () => cpuMsOf(() => parseXml(bytes, { ...defaultXmlLimits, textMax: 1_000_000 }));
      return Math.min(run(), run(), run());
    };
    // 100 kB in a few milliseconds; by the square of the length the worst of these took seconds.
    expect(time(size)).toBeLessThan(300);
  });
});
