import { describe, expect, it } from 'vitest';
import { defaultLocationLimits, parsePidfLo } from '../../../src/location/index.ts';
import { dataModel, geopriv, point, presence, readDocument, readInfo, tuple, wgs84 } from './support.ts';

const place = point('1 2');
const conf = 'xmlns:c="urn:ietf:params:xml:ns:geopriv:conf"';
const codes = (text: string) =>
  readDocument(text).warnings.map(({ code }) => code.replace(/^location\./, ''));

describe('confidence (RFC 7459 §4.1)', () => {
  it.each<[string, string, unknown, readonly string[]]>([
    ['none', '', undefined, []],
    ['plain', `<c:confidence ${conf}>67</c:confidence>`, { percent: 67, pdf: 'unknown' }, []],
    [
      'with its distribution',
      `<c:confidence ${conf} pdf="normal"> 38.5 </c:confidence>`,
      { percent: 38.5, pdf: 'normal' },
      [],
    ],
    [
      'rectangular',
      `<c:confidence ${conf} pdf="rectangular">95</c:confidence>`,
      { percent: 95, pdf: 'rectangular' },
      [],
    ],
    ['unknown', `<c:confidence ${conf}>unknown</c:confidence>`, { percent: undefined, pdf: 'unknown' }, []],
    ['nothing', `<c:confidence ${conf}/>`, undefined, ['confidenceUnusable']],
    ['zero', `<c:confidence ${conf}>0</c:confidence>`, undefined, ['confidenceUnusable']],
    ['over a hundred', `<c:confidence ${conf}>101</c:confidence>`, undefined, ['confidenceUnusable']],
    [
      'a percent sign',
      `<c:confidence ${conf}>90%</c:confidence>`,
      { percent: 90, pdf: 'unknown' },
      ['confidenceUnusable'],
    ],
    [
      'a distribution that is none',
      `<c:confidence ${conf} pdf="gauss">90</c:confidence>`,
      { percent: 90, pdf: 'unknown' },
      ['confidenceUnusable'],
    ],
    [
      'without its namespace',
      '<gp:confidence>90</gp:confidence>',
      { percent: 90, pdf: 'unknown' },
      ['namespaceRepaired'],
    ],
    ['of somebody else', '<x:confidence xmlns:x="urn:x">90</x:confidence>', undefined, []],
  ])('%s', (_name, element, confidence, warnings) => {
    const text = presence(tuple(geopriv(place + element)));
    expect(readDocument(text).locations[0]?.confidence).toEqual(confidence);
    expect(codes(text)).toEqual(warnings);
  });
});

describe('usage rules (RFC 4119 §2.2.2)', () => {
  const rules = (content: string) =>
    presence(tuple(geopriv(place, `<gp:usage-rules>${content}</gp:usage-rules>`)));
  it('in full, under the names of the schema', () => {
    const text = rules(
      '<gbp:retransmission-allowed> true </gbp:retransmission-allowed>' +
        '<gbp:retention-expiry>2026-12-10T20:00:00Z</gbp:retention-expiry>' +
        '<gbp:external-ruleset>https://rules.example.com/1</gbp:external-ruleset>' +
        '<gbp:note-well xml:lang="en">Be   careful</gbp:note-well>',
    );
    expect(readDocument(text).locations[0]).toMatchObject({
      isRetransmissionAllowed: true,
      retentionExpires: '2026-12-10T20:00:00Z',
      rulesetReference: 'https://rules.example.com/1',
      noteWell: 'Be careful',
    });
    expect(codes(text)).toEqual([]);
  });

  it.each<[string, string, object, readonly string[]]>([
    [
      'the other spelling of the expiry',
      '<gbp:retention-expires>2026-12-10T20:00:00Z</gbp:retention-expires>',
      { retentionExpires: '2026-12-10T20:00:00Z' },
      ['usageRuleRepaired'],
    ],
    [
      'the other spelling of the rule set',
      '<gp:ruleset-reference>cid:rules@example.com</gp:ruleset-reference>',
      { rulesetReference: 'cid:rules@example.com' },
      ['usageRuleRepaired'],
    ],
    [
      'in the namespace of geopriv, as in RFC 4119',
      '<gp:retransmission-allowed>no</gp:retransmission-allowed>',
      { isRetransmissionAllowed: false },
      [],
    ],
    [
      'a flag that is none',
      '<gbp:retransmission-allowed>maybe</gbp:retransmission-allowed>',
      { isRetransmissionAllowed: undefined },
      ['usageRuleRepaired'],
    ],
    ['of somebody else', '<x:note-well xmlns:x="urn:x">no</x:note-well>', { noteWell: undefined }, []],
    ['empty', '<gbp:note-well/>', { noteWell: undefined }, []],
  ])('%s', (_name, content, expected, warnings) => {
    expect(readDocument(rules(content)).locations[0]).toMatchObject(expected);
    expect(codes(rules(content))).toEqual(warnings);
  });

  it.each<[string, string]>([
    [
      'in the location-info',
      tuple(
        geopriv(
          `${place}<gp:usage-rules><gbp:retention-expiry>2026-01-01T00:00:00Z</gbp:retention-expiry></gp:usage-rules>`,
          '',
        ),
      ),
    ],
    [
      'in the device',
      dataModel(
        'device',
        `${geopriv(place, '')}<gp:usage-rules><gbp:retention-expiry>2026-01-01T00:00:00Z</gbp:retention-expiry></gp:usage-rules>`,
      ),
    ],
  ])('out of place: %s', (_name, content) => {
    const text = presence(content);
    expect(readDocument(text).locations[0]?.retentionExpires).toBe('2026-01-01T00:00:00Z');
    expect(codes(text)).toEqual(['usageRuleRepaired']);
  });
});

describe('who provided it (RFC 7852 §6.2, RFC 4119 §2.2.4)', () => {
  const provided = `<gp:usage-rules/><gp:method>802.11</gp:method>
    <gp:provided-by xmlns="urn:ietf:params:xml:ns:EmergencyCallData">
      <EmergencyCallDataReference purpose="EmergencyCallData.ServiceInfo" ref=" https://example.com/ref2 "/>
      <EmergencyCallDataValue>
        <EmergencyCallData.ProviderInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo"><ProviderID>x</ProviderID></EmergencyCallData.ProviderInfo>
        <EmergencyCallData.Comment xmlns="urn:ietf:params:xml:ns:EmergencyCallData:Comment"/>
      </EmergencyCallDataValue>
      <dp:nena xmlns:dp="urn:ietf:params:xml:ns:pidf:geopriv10:dataProvider"/>
    </gp:provided-by>`;
  it('lists the blocks by reference and by value', () => {
    const [location] = readDocument(presence(tuple(geopriv(place, provided)))).locations;
    const origin = 'provided-by';
    expect(location?.method).toBe('802.11');
    expect(location?.providedBy).toEqual([
      { block: 'ServiceInfo', form: 'reference', origin, uri: 'https://example.com/ref2' },
      { block: 'ProviderInfo', form: 'value', origin },
      { block: 'Comment', form: 'value', origin },
      { block: 'nena', form: 'value', origin },
    ]);
  });

  it('says in which part it stood', () => {
    const read = parsePidfLo(
      Buffer.from(presence(tuple(geopriv(place, provided)))),
      { kind: 'body', contentId: undefined, partPath: '1.2', isReferenced: true },
      defaultLocationLimits,
    );
    expect(read.ok && read.value.locations[0]?.providedBy?.[0]?.origin).toBe('provided-by in part 1.2');
  });

  it('lists no more than a handful', () => {
    const many = '<x:y xmlns:x="urn:x"/>'.repeat(500);
    const text = presence(tuple(geopriv(place, `<gp:provided-by>${many}</gp:provided-by>`)));
    expect(readDocument(text).locations[0]?.providedBy).toHaveLength(32);
  });
});

describe('the rest of a document', () => {
  it('tells the device, its time and its method', () => {
    const device = dataModel(
      'device',
      `${geopriv(place, '<gp:usage-rules/><gp:method>GPS</gp:method>')}<dm:deviceID>mac:1234567890ab</dm:deviceID><dm:timestamp> 2026-01-02T03:04:05Z </dm:timestamp>`,
    );
    expect(readDocument(presence(device)).locations[0]).toMatchObject({
      container: 'device',
      deviceId: 'mac:1234567890ab',
      timestamp: '2026-01-02T03:04:05Z',
      method: 'GPS',
    });
  });

  it('gives each location what stands around it', () => {
    const second = `<gp:geopriv><gp:location-info>${point('3 4')}</gp:location-info><gp:usage-rules/><gp:method>Cell</gp:method></gp:geopriv>`;
    const text = presence(
      tuple(geopriv(place, '<gp:usage-rules/><gp:method>GPS</gp:method>') + second),
      dataModel('person', geopriv(point('5 6'))),
    );
    expect(readDocument(text).locations.map(({ method, container }) => [method, container])).toEqual([
      ['GPS', 'tuple'],
      ['Cell', 'tuple'],
      [undefined, 'person'],
    ]);
  });

  it('uses the baseline of a relative location and passes over the rest (RFC 7035)', () => {
    const relative = `<rel:relative-location xmlns:rel="urn:ietf:params:xml:ns:pidf:geopriv10:relative">
      <rel:reference>${point('7 8')}</rel:reference><rel:offset>${point('1 1')}</rel:offset></rel:relative-location>`;
    expect(readInfo(place + relative)).toMatchObject({
      shape: { position: { lat: 1, lon: 2 } },
      rejected: [],
      warnings: [],
    });
  });

  it('passes over measurements and other elements that nobody here knows (RFC 7105)', () => {
    const strange =
      '<lm:measurements xmlns:lm="urn:ietf:params:xml:ns:geopriv:lm"><lm:wifi><lm:ap/></lm:wifi></lm:measurements>';
    const text = presence(tuple(geopriv(strange + place, `<gp:usage-rules/>${strange}`)), strange);
    expect(readDocument(text).locations).toHaveLength(1);
    expect(codes(text)).toEqual([]);
  });
});

describe('addresses in several languages (RFC 5139 §3.5)', () => {
  const address = (language: string, content: string) =>
    `<ca:civicAddress${language === '' ? '' : ` xml:lang="${language}"`}>${content}</ca:civicAddress>`;
  const dutch = address('nl', '<ca:country>BE</ca:country><ca:A3>Brussel</ca:A3><ca:RD>Wetstraat</ca:RD>');
  const french = address('fr', '<ca:A3>Bruxelles</ca:A3><ca:HNO>16</ca:HNO>');
  it.each<[string, string, unknown, readonly string[]]>([
    [
      'the first, and what only the other has',
      dutch + french,
      { country: 'BE', language: 'nl', A3: 'Brussel', RD: 'Wetstraat', HNO: '16' },
      [],
    ],
    [
      'in the same language, the first',
      dutch + address('nl', '<ca:A3>Gent</ca:A3><ca:HNO>1</ca:HNO>'),
      { country: 'BE', language: 'nl', A3: 'Brussel', RD: 'Wetstraat' },
      ['extraLocation'],
    ],
    ['an empty one beside it', dutch + address('fr', ''), { language: 'nl' }, ['extraLocation']],
  ])('%s', (_name, info, civic, warnings) => {
    expect(readInfo(info)).toMatchObject({ civic, warnings });
  });
});

describe('every element of an address', () => {
  const spaces: Readonly<Record<string, string>> = {
    ca: 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr',
    cae: 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext',
    cdx1: 'urn:nena:xml:ns:pidf:nenaCivicAddr',
    cdx2: 'urn:nena:xml:ns:pidf:nenaCivicAddr2',
  };
  const names: readonly (readonly [string, string])[] = [
    ['ca', 'A1 A2 A3 A4 A5 A6 PRM PRD RD STS POD POM RDSEC RDBR RDSUBBR HNO HNS LMK LOC FLR NAM PC BLD'],
    ['ca', 'UNIT ROOM SEAT PLC PCN POBOX ADDCODE'],
    ['cae', 'STP HNP MP PN'],
    ['cdx1', 'STPS'],
    ['cdx2', 'SITE SUBSITE WING UNIT_PRETYPE UNIT_VALUE SECTION ROW PCE DT HNC'],
  ];
  const all = names.flatMap(([prefix, list]) => list.split(' ').map((name) => [prefix, name] as const));
  it.each(all)('%s:%s', (prefix, name) => {
    const element = `<x:${name} xmlns:x="${spaces[prefix] ?? ''}"> a  b </x:${name}>`;
    expect(readInfo(`<ca:civicAddress>${element}</ca:civicAddress>`)).toMatchObject({
      civic: { [name]: 'a b' },
      warnings: [],
    });
  });

  it.each<[string, string, string]>([
    ['ZIP', 'PC', '10027'],
    ['zip', 'PC', '10027'],
    ['rd', 'RD', 'Broadway'],
    ['Hno', 'HNO', '1'],
    ['Country', 'country', 'US'],
    ['City', 'A3', 'New York'],
  ])('%s is read as %s', (name, known, value) => {
    expect(readInfo(`<ca:civicAddress><ca:${name}>${value}</ca:${name}></ca:civicAddress>`)).toMatchObject({
      civic: { [known]: value },
      warnings: ['civicNameRepaired'],
    });
  });

  it("registered extensions come before anybody else's", () => {
    const other = '<x:STP xmlns:x="urn:x">no</x:STP>';
    const registered = `<x:STP xmlns:x="${spaces['cae'] ?? ''}">yes</x:STP>`;
    expect(readInfo(`<ca:civicAddress>${other}${registered}</ca:civicAddress>`)).toMatchObject({
      civic: { STP: 'yes' },
    });
  });

  it('A6 stays A6: a street in RFC 4119, a part of a town since', () => {
    const info = `<c:civilAddress xmlns:c="urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc"><c:A6>Broadway</c:A6></c:civilAddress>`;
    expect(readInfo(info).civic).toMatchObject({ A6: 'Broadway' });
  });
});

it('says each fault once, however often it occurs', () => {
  const faults = `<gs:Circle ${wgs84}><gml:pos>1 2</gml:pos></gs:Circle>`.repeat(600);
  expect(readDocument(presence(tuple(geopriv(faults)))).warnings.length).toBeLessThanOrEqual(3);
});
