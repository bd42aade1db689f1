import { describe, expect, it } from 'vitest';
import { BugError } from '../../../src/base/index.ts';
import { defaultXmlLimits, parseXml, textOf, writeXml, xmlElement } from '../../../src/xml/index.ts';

const bare = { hasDeclaration: false };

describe('writeXml', () => {
  it.each([
    ['an empty element', xmlElement({ name: 'a' }), '<a/>'],
    ['markup in text', xmlElement({ name: 'a', children: ['<&>"\r'] }), '<a>&lt;&amp;&gt;"&#13;</a>'],
    [
      'markup in an attribute',
      xmlElement({ name: 'a', attributes: { b: '<&>"\n\t' } }),
      '<a b="&lt;&amp;&gt;&quot;&#10;&#9;"/>',
    ],
    ['an attribute that is absent', xmlElement({ name: 'a', attributes: { b: undefined } }), '<a/>'],
    [
      'characters that XML cannot carry',
      xmlElement({ name: 'a', children: ['\u0000\ud800x'] }),
      '<a>\ufffd\ufffdx</a>',
    ],
    ['a pair of surrogates', xmlElement({ name: 'a', children: ['\u{1F600}'] }), '<a>\u{1F600}</a>'],
    [
      'xml:lang without a declaration',
      xmlElement({ name: 'a', attributes: { 'xml:lang': 'en' } }),
      '<a xml:lang="en"/>',
    ],
    [
      'a namespace where it starts',
      xmlElement({ name: 'a', namespaceUri: 'u', children: [xmlElement({ name: 'b', namespaceUri: 'u' })] }),
      '<a xmlns="u"><b/></a>',
    ],
    [
      'no namespace inside a default one',
      xmlElement({ name: 'a', namespaceUri: 'u', children: [xmlElement({ name: 'b' })] }),
      '<a xmlns="u"><b xmlns=""/></a>',
    ],
  ])('%s', (_name, element, expected) => {
    expect(writeXml(element, bare)).toBe(expected);
  });

  it('declares given namespaces on the root and leaves the others to where they are used', () => {
    const root = xmlElement({
      name: 'a',
      namespaceUri: 'u',
      children: [
        xmlElement({ name: 'p:b', namespaceUri: 'v' }),
        xmlElement({ name: 'q:c', namespaceUri: 'w' }),
      ],
    });
    const namespaces = new Map([
      ['', 'u'],
      ['p', 'v'],
    ]);
    expect(writeXml(root, { ...bare, namespaces })).toBe(
      '<a xmlns="u" xmlns:p="v"><p:b/><q:c xmlns:q="w"/></a>',
    );
  });

  it('puts the declaration first', () => {
    expect(writeXml(xmlElement({ name: 'a' }))).toBe('<?xml version="1.0" encoding="UTF-8"?>\n<a/>');
  });

  it('refuses a name with markup in it', () => {
    expect(() => writeXml(xmlElement({ name: 'a><b' }))).toThrow(BugError);
  });

  it('is read back as it was', () => {
    const text = ' <a>&amp;"\'\t\n]]> é\u{1F600} ';
    const document = parseXml(
      Buffer.from(writeXml(xmlElement({ name: 'a', children: [text] }))),
      defaultXmlLimits,
    );
    expect(document.ok && textOf(document.value.root)).toBe(text);
  });
});
