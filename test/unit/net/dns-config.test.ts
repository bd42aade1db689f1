import { describe, expect, it } from 'vitest';
import { fixedDnsConfig, parseResolvConf } from '../../../src/net/dns-config.ts';
import { dnsName, isReservedAbsent, searchNames } from '../../../src/net/dns-name.ts';

describe('resolv.conf', () => {
  it('names servers, the search list and ndots', () => {
    const config = parseResolvConf(
      [
        '# made by hand',
        'domain old.example',
        'search Lab.Example. corp.example ; the last line counts',
        'nameserver 192.0.2.53',
        '  nameserver 2001:db8::53 # second',
        'nameserver fe80::1%eth0',
        'nameserver not-an-address',
        'options rotate ndots:3 timeout:1',
        'sortlist 192.0.2.0',
      ].join('\n'),
    );
    expect(config).toEqual({
      servers: [
        { address: '192.0.2.53', port: 53 },
        { address: '2001:db8::53', port: 53 },
        { address: 'fe80::1%eth0', port: 53 },
      ],
      search: ['lab.example', 'corp.example'],
      ndots: 3,
    });
  });

  it('where nothing is said, the server is the machine itself', () => {
    expect(parseResolvConf('')).toEqual({
      servers: [{ address: '127.0.0.1', port: 53 }],
      search: [],
      ndots: 1,
    });
  });

  it('keeps to limits', () => {
    const many = Array.from({ length: 30 }, (_, index) => `nameserver 192.0.2.${index}`).join('\n');
    expect(parseResolvConf(`${many}\noptions ndots:99`).servers).toHaveLength(8);
    expect(parseResolvConf('options ndots:99').ndots).toBe(15);
    expect(parseResolvConf(`search ${'a.example '.repeat(30)}`).search).toHaveLength(6);
  });
});

describe('servers from the configuration', () => {
  it('with and without ports; what is none is left out', () => {
    const config = fixedDnsConfig([
      '192.0.2.1',
      '192.0.2.2:5353',
      '2001:db8::1',
      '[2001:db8::2]:53',
      'x:1',
      '192.0.2.3:0',
    ]);
    expect(config.current()?.servers).toEqual([
      { address: '192.0.2.1', port: 53 },
      { address: '192.0.2.2', port: 5353 },
      { address: '2001:db8::1', port: 53 },
      { address: '2001:db8::2', port: 53 },
    ]);
  });
});

describe('names', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Psap.Example', 'psap.example'],
    ['psap.example.', 'psap.example'],
    ['_sips._tcp.psap.example', '_sips._tcp.psap.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['', undefined],
    ['.', undefined],
    ['a..b', undefined],
    ['.a', undefined],
    ['a b', undefined],
    ['a\0b', undefined],
    ['bücher.example', undefined],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
    [`${'a'.repeat(64)}.example`, undefined],
    [`${'a.'.repeat(126)}a`, `${'a.'.repeat(126)}a`],
    [`${'a.'.repeat(127)}a`, undefined],
  ];
  for (const [text, name] of rows) {
    it(`${JSON.stringify(text.slice(0, 40))} is ${name === undefined ? 'no name' : 'a name'}`, () => {
      expect(dnsName(text)).toBe(name);
    });
  }

  it('under invalid none exists (RFC 6761 §6.4)', () => {
    expect(['invalid', 'x9f.invalid', 'invalid.example', 'notinvalid'].map(isReservedAbsent)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('are tried under the search list where they have few dots', () => {
    const search = ['a.example', 'b.example'];
    expect(searchNames('psap', { search, ndots: 1 })).toEqual(['psap.a.example', 'psap.b.example', 'psap']);
    expect(searchNames('psap.lab', { search, ndots: 1 })).toEqual(['psap.lab']);
    expect(searchNames('psap.lab', { search, ndots: 2 })).toEqual([
      'psap.lab.a.example',
      'psap.lab.b.example',
      'psap.lab',
    ]);
    expect(searchNames('psap.', { search, ndots: 5 })).toEqual(['psap']);
    expect(searchNames('a..b', { search, ndots: 5 })).toEqual([]);
  });
});
