import { describe, expect, it } from 'vitest';
import { cidMatches, parseGeolocationHeader } from '../../../src/location/index.ts';

describe('parseGeolocationHeader (RFC 6442 §4.1)', () => {
  it.each<[string, readonly string[], readonly (readonly [string, string])[]]>([
    ['one value', ['<cid:a@b.c>'], [['cid', 'cid:a@b.c']]],
    [
      'several in one line',
      ['<cid:a@b.c>, <https://lis.example/x?y=1,2>;p=1,<sips:l@h>'],
      [
        ['cid', 'cid:a@b.c'],
        ['https', 'https://lis.example/x?y=1,2'],
        ['sips', 'sips:l@h'],
      ],
    ],
    [
      'several lines keep their order',
      ['<http://h/>', '<pres:a@b>,<cid:x>'],
      [
        ['http', 'http://h/'],
        ['pres', 'pres:a@b'],
        ['cid', 'cid:x'],
      ],
    ],
    ['no brackets', ['cid:a@b.c;inserted-by="x"'], [['cid', 'cid:a@b.c']]],
    [
      'no brackets, several',
      ['cid:a@b.c, https://h/p?q=1,2, <sip:x@y>'],
      [
        ['cid', 'cid:a@b.c'],
        ['https', 'https://h/p?q=1,2'],
        ['sip', 'sip:x@y'],
      ],
    ],
    ['bracket left open', ['<cid:a@b.c'], [['cid', 'cid:a@b.c']]],
    ['white space in brackets', ['  <  CID:a@b.c >'], [['cid', 'CID:a@b.c']]],
    [
      'a comma in a quoted parameter',
      ['<cid:a>;p="x,y",<cid:b>'],
      [
        ['cid', 'cid:a'],
        ['cid', 'cid:b'],
      ],
    ],
    ['a geo URI', ['<geo:1,2>'], [['geo', 'geo:1,2']]],
    ['an unknown scheme', ['<tel:911>'], [['other', 'tel:911']]],
    ['garbage', ['where I am'], [['other', 'where I am']]],
    ['a name like a prototype', ['<constructor:x>'], [['other', 'constructor:x']]],
    ['nothing', ['', ' , ,', '<>', '< >'], []],
  ])('%s', (_name, values, expected) => {
    expect(parseGeolocationHeader(values).map(({ scheme, uri }) => [scheme, uri])).toEqual(expected);
  });

  it('gives parameters by lower-case name, first come first taken, and the text as received', () => {
    const [value] = parseGeolocationHeader([' <cid:a>;Loc-Src="lis.example.com"; x ;x=2 ']);
    expect(value?.params).toEqual(
      new Map([
        ['loc-src', 'lis.example.com'],
        ['x', ''],
      ]),
    );
    expect(value?.raw).toBe('<cid:a>;Loc-Src="lis.example.com"; x ;x=2');
  });
});

describe('cidMatches (RFC 2392 §2)', () => {
  it.each([
    ['as written', 'cid:a@b.c', 'a@b.c', true],
    ['brackets in the Content-ID', 'cid:a@b.c', ' <a@b.c> ', true],
    ['brackets in the URL', '<cid:a@b.c>', 'a@b.c', true],
    ['scheme in capitals', 'CID:a@b.c', 'a@b.c', true],
    ['percent signs', 'cid:foo4%25foo1@bar.net', '<foo4%foo1@bar.net>', true],
    ['an encoded @', 'cid:a%40b.c', 'a@b.c', true],
    ['encoded brackets', 'cid:%3Ca@b.c%3E', '<a@b.c>', true],
    ['percent signs that encode nothing', 'cid:a%zz@b', 'a%zz@b', true],
    ['domain in another case', 'cid:a@B.C', 'a@b.c', true],
    ['local part in another case', 'cid:A@b.c', 'a@b.c', false],
    ['no domain in the URL', 'cid:a', 'a@b.c', true],
    ['no domain in the Content-ID', 'cid:a@b.c', 'a', true],
    ['another local part', 'cid:a@b.c', 'aa@b.c', false],
    ['another domain', 'cid:a@b.c', 'a@b.d', false],
    ['nothing to match', 'cid:', '', false],
    ['an @ in the local part', 'cid:"a@x"@b.c', '"a@x"@b.c', true],
  ])('%s', (_name, uri, contentId, expected) => {
    expect(cidMatches(uri, contentId)).toBe(expected);
  });
});
