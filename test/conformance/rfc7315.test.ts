import { describe, expect, it } from 'vitest';
import { offersOf } from '../support/location-offers.ts';

// What the access network says of itself (RFC 7315 §4.4, §5.4; cell identities by 3GPP TS 24.229 §7.2A.4.3).

describe('RFC 7315 §5.4: P-Access-Network-Info', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    [
      'RFC 7315 §5.4: E-UTRAN',
      ['P-Access-Network-Info: 3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=2341011abd9b71fd'],
      ['3gpp:2341011abd9b71fd', '3gpp-area:2341011ab'],
    ],
    [
      'RFC 7315 §5.4: GERAN',
      ['P-Access-Network-Info: 3GPP-GERAN;cgi-3gpp=234151D0FCE11'],
      ['3gpp:234151d0fce11', '3gpp-area:234151d0f'],
    ],
    [
      'RFC 7315 §5.4: an access type of later years',
      ['P-Access-Network-Info: 3GPP-NR-TDD;utran-cell-id-3gpp=0010100313200001c001'],
      ['3gpp:0010100313200001c001', '3gpp-area:00101003132'],
    ],
    [
      'RFC 7315 §5.4: lines and access points',
      [
        'P-Access-Network-Info: VDSL;dsl-location="ring 7/2", IEEE-802.3ab;eth-location="sw;3,1"',
        'P-Access-Network-Info: IEEE-802.11n;i-wlan-node-id=34A84EDC9615, 3GPP2-1X;ci-3gpp2=4d1f000b',
      ],
      ['dsl:ring 7/2', 'eth:sw;3,1', 'wlan:34:a8:4e:dc:96:15', 'cdma:4d1f000b'],
    ],
    [
      'RFC 7315 §4.4: what the network provides comes before what the device says',
      [
        'P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2341011abd9b71fd, 3GPP-E-UTRAN-FDD;"network-provided";utran-cell-id-3gpp=2341011abd9b71fe',
      ],
      ['3gpp:2341011abd9b71fe', '3gpp:2341011abd9b71fd', '3gpp-area:2341011ab'],
    ],
    [
      'RFC 7315 §5.4: the last cell of a device that calls by WLAN',
      [
        'Cellular-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2341011abd9b71fd;cell-info-age=300',
        'P-Access-Network-Info: IEEE-802.11;i-wlan-node-id=34a84edc9615',
      ],
      ['wlan:34:a8:4e:dc:96:15', '3gpp:2341011abd9b71fd', '3gpp-area:2341011ab'],
    ],
    [
      'RFC 7315 §5.4: an access without a place',
      ['P-Access-Network-Info: GSTN;local-time-zone="UTC+01:00"'],
      [],
    ],
  ])('%s', (_title, headers, keys) => {
    expect(offersOf({ headers }).cellKeys).toEqual(keys);
  });
});
