import { describe, expect, it } from 'vitest';
import { civicAddress, isAreaOnly } from '../../../src/location/index.ts';
import { readInfo } from './support.ts';

function address(content: string, attributes = ''): string {
  return `<ca:civicAddress ${attributes}>${content}</ca:civicAddress>`;
}

describe('a civic address (RFC 5139)', () => {
  it.each<[string, string, Record<string, unknown>, readonly string[]]>([
    ['plain', address('<ca:country>US</ca:country><ca:A1>NY</ca:A1>'), { country: 'US', A1: 'NY' }, []],
    ['language', address('<ca:A1>NSW</ca:A1>', 'xml:lang="en-AU"'), { language: 'en-AU', A1: 'NSW' }, []],
    ['white space collapsed', address('<ca:A3>  New\n   York </ca:A3>'), { A3: 'New York' }, []],
    ['empty elements left out', address('<ca:A1/><ca:A2> </ca:A2><ca:A3>x</ca:A3>'), { A3: 'x' }, []],
    ['first of two', address('<ca:A1>a</ca:A1><ca:A1>b</ca:A1>'), { A1: 'a' }, []],
    ['markup as text', address('<ca:RD>&lt;b&gt; &amp; co</ca:RD>'), { RD: '<b> & co' }, []],
    [
      'extension by local name',
      address('<x:STP xmlns:x="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext">Av</x:STP>'),
      { STP: 'Av' },
      [],
    ],
    [
      'own element before a foreign one of the same name',
      address('<x:A1 xmlns:x="urn:x">no</x:A1><ca:A1>yes</ca:A1>'),
      { A1: 'yes' },
      [],
    ],
    [
      'names that are no names elsewhere',
      address('<ca:__proto__>a</ca:__proto__><ca:constructor>b</ca:constructor>'),
      { constructor: 'b' },
      [],
    ],
    [
      'country in small letters',
      address('<ca:country>us</ca:country>'),
      { country: 'US' },
      ['countryRepaired'],
    ],
    [
      'country in three letters',
      address('<ca:country>USA</ca:country><ca:A1>NY</ca:A1>'),
      { country: undefined, A1: 'NY' },
      ['countryRepaired'],
    ],
    [
      'the namespace of RFC 4119',
      '<c:civicAddress xmlns:c="urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc"><c:A1>NY</c:A1></c:civicAddress>',
      { A1: 'NY' },
      ['namespaceRepaired'],
    ],
    [
      'the name of old drafts',
      '<ca:civilAddress><ca:A1>NY</ca:A1></ca:civilAddress>',
      { A1: 'NY' },
      ['namespaceRepaired'],
    ],
    [
      'no namespace',
      '<civicAddress xmlns=""><A1>NY</A1></civicAddress>',
      { A1: 'NY' },
      ['namespaceRepaired'],
    ],
  ])('%s', (_name, info, expected, warnings) => {
    const read = readInfo(info);
    expect(read.civic).toMatchObject(expected);
    expect(read.warnings).toEqual(warnings);
  });

  it('without a value is rejected', () => {
    expect(readInfo(address('<ca:A1> </ca:A1>'))).toMatchObject({
      civic: undefined,
      rejected: ['unreadable location.civicEmpty'],
    });
  });
});

describe('civicAddress, for addresses that come as plain values', () => {
  it('collapses, leaves out what is empty, and puts the country in upper case', () => {
    const made = civicAddress({ country: 'us', A1: ' New  York ', A2: '', A3: undefined }, 'en');
    expect(made).toEqual({ country: 'US', elements: new Map([['A1', 'New York']]), language: 'en' });
  });

  it('is undefined where nothing is left', () => {
    expect(civicAddress({ A1: ' ', country: 'Germany' })).toBeUndefined();
  });
});

describe('isAreaOnly', () => {
  it.each([
    ['a county', { country: 'US', A1: 'NY', A2: 'Kings' }, true],
    ['a country alone', { country: 'US' }, true],
    ['a street', { country: 'US', A1: 'NY', RD: 'Broadway' }, false],
    ['a neighbourhood', { A1: 'NY', A4: 'SoHo' }, false],
  ])('%s', (_name, values, expected) => {
    const made = civicAddress(values);
    expect(made && isAreaOnly(made)).toBe(expected);
  });
});
