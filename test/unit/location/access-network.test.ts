import { describe, expect, it } from 'vitest';
import { accessNetworkKeys, normaliseCellKey, normaliseNumberKey } from '../../../src/location/index.ts';

describe('accessNetworkKeys', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['nothing', [], []],
    [
      'LTE: MCC, MNC of two digits, TAC, ECI',
      ['3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=2342000D0FCE110B'],
      ['3gpp:2342000d0fce110b', '3gpp-area:2342000d0'],
    ],
    [
      'LTE: MNC of three digits',
      ['3GPP-E-UTRAN-TDD;utran-cell-id-3gpp=310410000b0038000'],
      ['3gpp:310410000b0038000', '3gpp-area:310410000b'],
    ],
    [
      'NR: TAC of six and NCI of nine digits, under the name that UTRAN gave',
      ['3GPP-NR-TDD;utran-cell-id-3gpp=0010100313200001c001'],
      ['3gpp:0010100313200001c001', '3gpp-area:00101003132'],
    ],
    ['GSM', ['3GPP-GERAN; cgi-3gpp="234151D0FCE11"'], ['3gpp:234151d0fce11', '3gpp-area:234151d0f']],
    [
      'UMTS with a service area',
      ['3GPP-UTRAN-FDD;utran-cell-id-3gpp=26201000a0000b01;utran-sai-3gpp=26201000a0c01'],
      ['3gpp:26201000a0000b01', '3gpp-sai:26201000a0c01', '3gpp-area:26201000a'],
    ],
    ['an identity of another length has no area', ['X;utran-cell-id-3gpp=310260abc1'], ['3gpp:310260abc1']],
    ['CDMA', ['3GPP2-1X-HRPD; ci-3gpp2=4D1F000B0E21'], ['cdma:4d1f000b0e21']],
    ['a femto cell', ['3GPP2-1X-Femto;ci-3gpp2-femto="A1B2"'], ['cdma-femto:a1b2']],
    ['WLAN', ['IEEE-802.11;i-wlan-node-id=34a84edc9615'], ['wlan:34:a8:4e:dc:96:15']],
    [
      'WLAN in quotes and with colons',
      ['IEEE-802.11; I-WLAN-Node-Id="AA:bb:cc:dd:ee:ff"'],
      ['wlan:aa:bb:cc:dd:ee:ff'],
    ],
    ['WLAN that hides itself', ['IEEE-802.11;i-wlan-node-id=000000000000;country=US'], []],
    ['DSL', ['ADSL2+;dsl-location="DSLAM-7 Port 3/12";network-provided'], ['dsl:dslam-7 port 3/12']],
    ['Ethernet', ['IEEE-802.3;eth-location="sw1.example.net/ge-0/0/1"'], ['eth:sw1.example.net/ge-0/0/1']],
    ['fibre', ['GPON;fiber-location="olt1;1,2"'], ['fiber:olt1;1,2']],
    ['a satellite', ['DVB-RCS2;dvb-rcs2-node-id="12:34"'], ['dvb:12:34']],
    ['zeros that stand for nothing', ['ADSL;utran-cell-id-3gpp=00000000'], []],
    [
      'parameters without a name (RFC 7913)',
      ['3GPP-UTRAN-TDD; "ip=1.2.3.4"; [::1]; cgi-3gpp=234151D0FCE11'],
      ['3gpp:234151d0fce11', '3gpp-area:234151d0f'],
    ],
    ['an access and nothing else', ['3GPP-GERAN'], []],
    ['garbage', [';;,="', ',', 'a;utran-cell-id-3gpp=', `a;cgi-3gpp=${'1'.repeat(5000)}`], []],
  ])('%s', (_name, values, keys) => {
    expect(accessNetworkKeys(values)).toEqual(keys);
  });

  it('puts what the network says before what the device says, cells before areas, each once', () => {
    const values = [
      '3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=23420000a0000b01',
      'IEEE-802.11;i-wlan-node-id=34a84edc9615, 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=23420000a0000b02;network-provided',
      '3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=23420000a0000b02',
    ];
    expect(accessNetworkKeys(values)).toEqual([
      '3gpp:23420000a0000b02',
      '3gpp:23420000a0000b01',
      'wlan:34:a8:4e:dc:96:15',
      '3gpp-area:23420000a',
    ]);
  });

  it('looks at sixteen accesses at most', () => {
    const values = Array.from({ length: 5_000 }, (_, index) => `a;eth-location=p${index}`);
    expect(accessNetworkKeys([values.join(',')])).toHaveLength(16);
  });
});

describe('normaliseCellKey', () => {
  it.each<[string, string | undefined]>([
    ['3gpp:234151D0FCE11', '3gpp:234151d0fce11'],
    [' 3GPP : 234-15-1D0F-CE11 ', '3gpp:234151d0fce11'],
    ['234151D0FCE11', '3gpp:234151d0fce11'],
    ['3gpp-area:26201000A', '3gpp-area:26201000a'],
    ['3gpp-sai:26201000a0c01', '3gpp-sai:26201000a0c01'],
    ['wlan:34A84EDC9615', 'wlan:34:a8:4e:dc:96:15'],
    ['34-A8-4E-DC-96-15', 'wlan:34:a8:4e:dc:96:15'],
    ['34:a8:4e:dc:96:15', 'wlan:34:a8:4e:dc:96:15'],
    ['34a8.4edc.9615', 'wlan:34:a8:4e:dc:96:15'],
    ['dsl:  DSLAM-7   Port 3 ', 'dsl:dslam-7 port 3'],
    ['cdma:4D1F', 'cdma:4d1f'],
    ['wlan:nowhere', undefined],
    ['dsl:', undefined],
    ['3gpp:', undefined],
    ['', undefined],
    ['Main Street', undefined],
    [`dsl:${'x'.repeat(300)}`, undefined],
  ])('%s', (text, key) => {
    expect(normaliseCellKey(text)).toBe(key);
    if (key !== undefined) expect(normaliseCellKey(key)).toBe(key);
  });

  it('makes of a table key what the header makes of the same cell', () => {
    const [key = ''] = accessNetworkKeys(['IEEE-802.11;i-wlan-node-id=34A84EDC9615']);
    expect(normaliseCellKey('34-a8-4e-dc-96-15')).toBe(key);
  });
});

describe('normaliseNumberKey', () => {
  it.each<[string, string | undefined]>([
    ['+12025550123', '+12025550123'],
    ['+1 (202) 555-0123', '+12025550123'],
    ['tel:+1-202-555-0123', '+12025550123'],
    ['TEL:+12025550123;phone-context=example.com', '+12025550123'],
    ['sip:+12025550123@carrier.example;user=phone', '+12025550123'],
    ['sips:%2B12025550123;npdi@carrier.example', '+12025550123'],
    ['sip:+12025550123', undefined],
    ['sip:alice@example.com', undefined],
    ['tel:0123;phone-context=+1', undefined],
    ['12025550123', undefined],
    ['+0123456', undefined],
    ['+1234567890123456', undefined],
    ['+', undefined],
    ['', undefined],
    [`tel:+${'1 '.repeat(5_000)}`, undefined],
  ])('%s', (text, key) => {
    expect(normaliseNumberKey(text)).toBe(key);
  });
});
