import { describe, expect, it } from 'vitest';
import type { XmlElement, XmlLimits } from '../../../src/xml/index.ts';
import { attributeOf, childElements, defaultXmlLimits, parseXml, textOf } from '../../../src/xml/index.ts';

function read(text: string | Uint8Array, limits: Partial<XmlLimits> = {}): ReturnType<typeof parseXml> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return parseXml(bytes, { ...defaultXmlLimits, ...limits });
}

function rootOf(text: string | Uint8Array): XmlElement {
  const document = read(text);
  if (!document.ok) throw new Error(document.error.message);
  return document.value.root;
}

/** An element in a form that a table can hold: name with namespace in braces, then children. */
function sketch(element: XmlElement): unknown {
  const name = `{${element.namespaceUri ?? ''}}${element.localName}`;
  return [name, ...element.children.map((child) => (typeof child === 'string' ? child : sketch(child)))];
}

describe('the tree (XML 1.0, Namespaces in XML 1.0)', () => {
  it.each([
    ['default namespace', '<a xmlns="u"><b/></a>', ['{u}a', ['{u}b']]],
    ['prefix', '<p:a xmlns:p="u"><b/></p:a>', ['{u}a', ['{}b']]],
    [
      'rebound inside and back outside',
      '<p:a xmlns:p="u"><p:b xmlns:p="v"/><p:c/></p:a>',
      ['{u}a', ['{v}b'], ['{u}c']],
    ],
    ['default undone', '<a xmlns="u"><b xmlns=""/><c/></a>', ['{u}a', ['{}b'], ['{u}c']]],
    ['unbound prefix', '<a><q:b/></a>', ['{}a', ['{}b']]],
    ['text, elements and text', '<a>x<b>y</b>z</a>', ['{}a', 'x', ['{}b', 'y'], 'z']],
    ['empty element without attributes', '<p:a xmlns:p="u"><p:b/></p:a>', ['{u}a', ['{u}b']]],
    ['white space kept', '<a> <b/>\n</a>', ['{}a', ' ', ['{}b'], '\n']],
    ['numbers stay text', '<a>007</a>', ['{}a', '007']],
    ['predefined entities', '<a>&lt;&gt;&amp;&quot;&apos;</a>', ['{}a', '<>&"\'']],
    ['decoded once only', '<a>&amp;lt;</a>', ['{}a', '&lt;']],
    ['character references', '<a>&#65;&#x42;&#x1F600;</a>', ['{}a', 'AB\u{1F600}']],
    ['references in CDATA are none', '<a><![CDATA[&amp;<b>]]></a>', ['{}a', '&amp;<b>']],
    ['CDATA beside text', '<a>1<![CDATA[2]]>3</a>', ['{}a', '123']],
    ['CDATA beside elements', '<a><b/><![CDATA[2]]>&amp;<b/>3</a>', ['{}a', ['{}b'], '2&', ['{}b'], '3']],
    ['empty CDATA', '<a><![CDATA[]]></a>', ['{}a']],
    ['empty CDATA beside an element', '<a><![CDATA[]]><b/></a>', ['{}a', ['{}b']]],
    ['text before and after an element', '<a>1<b>2</b>3<b/></a>', ['{}a', '1', ['{}b', '2'], '3', ['{}b']]],
    ['a root without content', '<a/>', ['{}a']],
    ['comments alone', '<a><!-- - --><b><!-- - --></b></a>', ['{}a', ['{}b']]],
    ['comment inside text', '<a>1<!-- - -->2</a>', ['{}a', '12']],
    ['instruction with an apostrophe', "<a>1<?php don't ?>2</a>", ['{}a', '12']],
    ['> in text and attribute', '<a b="x>y">1>2</a>', ['{}a', '1>2']],
    [
      'prototype names',
      '<a><__proto__><constructor/></__proto__><toString/></a>',
      ['{}a', ['{}__proto__', ['{}constructor']], ['{}toString']],
    ],
    [
      'declaration, comment and instruction around',
      '<?xml version="1.0"?><!--a--><a/><?b?><!--c-->',
      ['{}a'],
    ],
    ['line ends become one', '<a>1\r\n2\r3</a>', ['{}a', '1\n2\n3']],
    ['names outside ASCII', '<é>1</é>', ['{}é', '1']],
  ])('%s', (_name, text, expected) => {
    expect(sketch(rootOf(text))).toEqual(expected);
  });

  it('keeps attributes in order with namespaces, declarations apart', () => {
    const root = rootOf(
      `<a xmlns:p="u" p:x="1" x='2' __proto__="3" constructor="4" xml:lang="en" q:y="&#10;a&lt;\n"/>`,
    );
    expect(
      root.attributes.map(({ namespaceUri, localName, value }) => [namespaceUri, localName, value]),
    ).toEqual([
      ['u', 'x', '1'],
      [undefined, 'x', '2'],
      [undefined, '__proto__', '3'],
      [undefined, 'constructor', '4'],
      ['http://www.w3.org/XML/1998/namespace', 'lang', 'en'],
      [undefined, 'y', '\na< '],
    ]);
    expect(attributeOf(root, 'x')).toBe('2');
    expect(attributeOf(root, 'x', 'u')).toBe('1');
    expect(attributeOf(root, 'toString')).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('records unbound prefixes once each', () => {
    const document = read('<gs:a><gs:b gp:c="1"/></gs:a>');
    expect(document.ok && document.value.unboundPrefixes).toEqual(['gs', 'gp']);
  });

  it('joins all text of an element', () => {
    const [only] = childElements(rootOf('<r><a>1<b>2<c>3</c></b><![CDATA[4]]></a></r>'));
    expect(only && textOf(only)).toBe('1234');
  });
});

describe('encodings (XML 1.0 appendix F)', () => {
  const text = '<?xml version="1.0" encoding="ENC"?><a>é</a>';
  const utf16 = (bigEndian: boolean, mark: boolean): Uint8Array => {
    const bytes = Buffer.from((mark ? '\ufeff' : '') + text.replace('ENC', 'UTF-16'), 'utf16le');
    return bigEndian ? bytes.swap16() : bytes;
  };
  it.each<[string, Uint8Array, readonly string[]]>([
    ['UTF-8 without a declaration', Buffer.from('<a>é</a>'), []],
    ['UTF-8 with a mark', Buffer.from('\ufeff<a>é</a>'), []],
    ['ISO-8859-1', Buffer.from(text.replace('ENC', 'ISO-8859-1'), 'latin1'), []],
    ['UTF-16 little-endian, marked', utf16(false, true), []],
    ['UTF-16 big-endian, marked', utf16(true, true), []],
    ['UTF-16 little-endian, by its declaration', utf16(false, false), []],
    ['UTF-16 big-endian, by its declaration', utf16(true, false), []],
    ['UTF-8 that says UTF-16', Buffer.from(text.replace('ENC', 'UTF-16')), ['xml.encodingMismatch']],
    [
      'white space before the declaration',
      Buffer.from(`\r\n${text.replace('ENC', 'utf-8')}`),
      ['xml.leadingSpace'],
    ],
  ])('%s', (_name, bytes, repairs) => {
    const document = read(bytes);
    expect(document.ok && textOf(document.value.root)).toBe('é');
    expect(document.ok && document.value.repairs.map(({ code }) => code)).toEqual(repairs);
  });

  it('takes 0x80 to 0x9f of ISO-8859-1 as control characters, not as windows-1252', () => {
    expect(
      textOf(rootOf(Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><a>\x85</a>', 'latin1'))),
    ).toBe('\x85');
  });

  it.each<[string, Uint8Array, string]>([
    ['UTF-7', Buffer.from(text.replace('ENC', 'UTF-7')), 'xml.encodingUnsupported'],
    ['bytes that are not UTF-8', Buffer.from('<a>é</a>', 'latin1'), 'xml.encodingInvalid'],
    ['half of a UTF-16 character', utf16(false, true).subarray(0, -1), 'xml.encodingInvalid'],
    ['nothing', new Uint8Array(), 'xml.empty'],
    ['a mark alone', Buffer.from('\ufeff'), 'xml.empty'],
    ['compressed', Buffer.from([0x1f, 0x8b, 8, 0, 0xff]), 'xml.encodingInvalid'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(read(bytes)).toMatchObject({ ok: false, error: { code } });
  });
});

describe('what is refused', () => {
  it.each([
    ['DOCTYPE', '<!DOCTYPE a><a/>', 'xml.doctype', 0],
    ['DOCTYPE in small letters', '<!doctype a><a/>', 'xml.doctype', 0],
    ['DOCTYPE inside', '<a><!DOCTYPE a></a>', 'xml.doctype', 3],
    ['an entity of HTML', '<a>&nbsp;</a>', 'xml.unknownEntity', 3],
    ['an entity named like a prototype', '<a>&__proto__;</a>', 'xml.unknownEntity', 3],
    ['an entity in an attribute', '<a b="&x;"/>', 'xml.unknownEntity', 6],
    ['a bare ampersand', '<a>a & b</a>', 'xml.notWellFormed', 5],
    ['an ampersand at the end', '<a>&</a>', 'xml.notWellFormed', 3],
    ['a reference to NUL', '<a>&#0;</a>', 'xml.notWellFormed', 3],
    ['a reference to a surrogate', '<a>&#xD800;</a>', 'xml.notWellFormed', 3],
    ['a reference beyond Unicode', '<a>&#x110000;</a>', 'xml.notWellFormed', 3],
    ['a control character', '<a>\u0001</a>', 'xml.notWellFormed', 3],
    ['tags that cross', '<a><b></a></b>', 'xml.notWellFormed', 6],
    ['an end tag with a longer name', '<a></ab>', 'xml.notWellFormed', 3],
    ['an end too many', '<a/></a>', 'xml.notWellFormed', 4],
    ['an end missing', '<a><b/>', 'xml.notWellFormed', 7],
    ['two roots', '<a/><b/>', 'xml.notWellFormed', 4],
    ['text before', 'x<a/>', 'xml.notWellFormed', 0],
    ['text after', '<a/>x', 'xml.notWellFormed', 4],
    ['a declaration inside', '<a><?xml version="1.0"?></a>', 'xml.notWellFormed', 3],
    ['an attribute twice', '<a b="1" b="2"/>', 'xml.notWellFormed', 9],
    ['an attribute without quotes', '<a b=1/>', 'xml.notWellFormed', 4],
    ['an attribute without a value', '<a b/>', 'xml.notWellFormed', 4],
    ['attributes without space', '<a b="1"c="2"/>', 'xml.notWellFormed', 8],
    ['< in an attribute', '<a b="<"/>', 'xml.notWellFormed', 5],
    ['a value that does not end', '<a b="1/>', 'xml.notWellFormed', 5],
    ['a tag that does not end', '<a b="1"', 'xml.notWellFormed', 8],
    ['a slash inside a tag', '<a / b="1"/>', 'xml.notWellFormed', 3],
    ['a comment that does not end', '<a><!-- </a>', 'xml.notWellFormed', 3],
    ['CDATA that does not end', '<a><![CDATA[ </a>', 'xml.notWellFormed', 3],
    ['CDATA outside', '<![CDATA[ ]]><a/>', 'xml.notWellFormed', 0],
    ['an instruction that does not end', '<a/><?b ', 'xml.notWellFormed', 4],
    ['a name that starts with a digit', '<1a/>', 'xml.notWellFormed', 0],
    ['a name with two colons', '<a:b:c/>', 'xml.notWellFormed', 0],
    ['a name that ends in a colon', '<a:/>', 'xml.notWellFormed', 0],
    ['a space after <', '< a/>', 'xml.notWellFormed', 0],
    ['JSON', '{"a":1}', 'xml.notWellFormed', 0],
    ['a comment alone', '<!-- -->', 'xml.empty', 0],
  ])('%s', (_name, text, code, offset) => {
    expect(read(text)).toMatchObject({ ok: false, error: { code, offset } });
  });

  it('quotes a printable excerpt apart from the message', () => {
    const document = read('<a>\u0001secret place</a>');
    expect(document).toMatchObject({ ok: false, error: { excerpt: '.secret place</a>' } });
    expect(!document.ok && document.error.message).not.toContain('secret');
  });
});

describe('limits: at each the document is read, one beyond it is refused', () => {
  it.each<[string, Partial<XmlLimits>, string, string, string]>([
    ['bytes', { bytesMax: 4 }, '<a/>', '<aa/>', 'xml.tooLarge'],
    ['depth', { depthMax: 2 }, '<a><b/></a>', '<a><b><c/></b></a>', 'xml.tooDeep'],
    ['elements', { elementsMax: 3 }, '<a><b/><b/></a>', '<a><b/><b/><b/></a>', 'xml.tooManyElements'],
    [
      'attributes',
      { attributesMax: 2 },
      '<a b="" c=""/>',
      '<a b="" c="" xmlns:d=""/>',
      'xml.tooManyAttributes',
    ],
    ['text', { textMax: 3 }, '<a>123</a>', '<a>1234</a>', 'xml.textTooLong'],
    ['CDATA', { textMax: 3 }, '<a><![CDATA[123]]></a>', '<a><![CDATA[1234]]></a>', 'xml.textTooLong'],
    ['attribute value', { textMax: 3 }, '<a b="123"/>', '<a b="1234"/>', 'xml.textTooLong'],
  ])('%s', (_name, limits, within, beyond, code) => {
    expect(read(within, limits).ok).toBe(true);
    expect(read(beyond, limits)).toMatchObject({ ok: false, error: { code } });
  });
});

describe('indentation', () => {
  const sketched = (text: string, whiteSpace: 'kept' | 'indentationDropped') => {
    const read = parseXml(Buffer.from(text), defaultXmlLimits, whiteSpace);
    if (!read.ok) throw new Error(read.error.message);
    return sketch(read.value.root);
  };
  it.each<[string, string, unknown]>([
    ['between tags', '<a>\n <b/>\r\n <c>\n  <d/>\n </c>\n</a>', ['{}a', ['{}b'], ['{}c', ['{}d']]]],
    ['all that an element holds', '<a>\n</a>', ['{}a', '\n']],
    ['beside text', '<a>x\n<b/>\ny</a>', ['{}a', 'x\n', ['{}b'], '\ny']],
    ['without a line end', '<a> <b/> </a>', ['{}a', ' ', ['{}b'], ' ']],
    ['around a comment', '<a>\n<!-- x -->\n<b/></a>', ['{}a', '\n', ['{}b']]],
    ['around CDATA', '<a>\n<![CDATA[x]]>\n</a>', ['{}a', '\nx\n']],
    ['in a tag', '<a\n b = "1"\n c="&lt;"\n/>', ['{}a']],
  ])('is left out where that is asked for: %s', (_name, text, expected) => {
    expect(sketched(text, 'indentationDropped')).toEqual(expected);
  });

  it('is kept otherwise', () => {
    expect(sketched('<a>\n <b/>\n</a>', 'kept')).toEqual(['{}a', '\n ', ['{}b'], '\n']);
  });
});

it('attributes keep their order, names and values, also of empty elements and beside slashes', () => {
  const read = parseXml(
    Buffer.from(`<p:a xmlns:p="urn:p" b='1/' p:c = "x&amp;\r\ny"><d e="/"/><f g=">"></f></p:a>`),
    defaultXmlLimits,
  );
  if (!read.ok) throw new Error(read.error.message);
  const [d, f] = read.value.root.children;
  expect(
    read.value.root.attributes.map(({ localName, value, namespaceUri }) => [localName, value, namespaceUri]),
  ).toEqual([
    ['b', '1/', undefined],
    ['c', 'x& y', 'urn:p'],
  ]);
  expect(typeof d === 'object' && d.attributes).toMatchObject([{ localName: 'e', value: '/' }]);
  expect(typeof f === 'object' && f.attributes).toMatchObject([{ localName: 'g', value: '>' }]);
});
