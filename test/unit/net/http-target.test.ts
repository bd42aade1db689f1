import { describe, expect, it } from 'vitest';
import { addressGuard } from '../../../src/net/http-address-guard.ts';
import { authorizationOf } from '../../../src/net/http-credentials.ts';
import {
  canonicalHost,
  type HttpTarget,
  hostMatcher,
  httpTarget,
  redirectUri,
  type TargetRules,
} from '../../../src/net/http-target.ts';

function rules(changes: Partial<TargetRules> = {}): TargetRules {
  const guard = addressGuard([]);
  if (!guard.ok) throw new Error('no guard');
  return { plainHttp: false, isHostListed: () => true, guard: guard.value, isTrusted: false, ...changes };
}

function target(uri: string): HttpTarget {
  const made = httpTarget(uri, rules());
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

const secret = 'w3g61nf5n66p0';

describe('URIs that are fetched', () => {
  it.each([
    ['https://lis.example.net/a?b=c', 'https://lis.example.net', '/a?b=c', 443],
    ['HTTPS://LIS.Example.NET:49152/uri/w3', 'https://lis.example.net:49152', '/uri/w3', 49_152],
    ['https://lis.example.net./a#part', 'https://lis.example.net', '/a', 443],
    ['https://203.0.113.7', 'https://203.0.113.7', '/', 443],
    ['https://[2600:0:0::1]:8443/x', 'https://[2600::1]:8443', '/x', 8_443],
    ['https://xn--bcher-kva.example/', 'https://xn--bcher-kva.example', '/', 443],
  ])('reads %s', (uri, origin, path, port) => {
    expect(target(uri)).toMatchObject({ origin, path, port, isSecure: true, uri: origin + path });
  });

  it.each([
    ['another scheme', `ftp://lis.example/${secret}`, 'net.httpUriRefused'],
    ['a file', `file:///${secret}`, 'net.httpUriRefused'],
    ['no TLS', `http://lis.example/${secret}`, 'net.httpUriRefused'],
    ['no URI', secret, 'net.httpUriRefused'],
    ['a user', `https://u@lis.example/${secret}`, 'net.httpUriRefused'],
    ['an empty user', `https://@lis.example/${secret}`, 'net.httpUriRefused'],
    ['a user that looks like the host', `https://lis.example:x@127.0.0.1/${secret}`, 'net.httpUriRefused'],
    ['a space', `https://lis.example/ ${secret}`, 'net.httpUriRefused'],
    ['a tab in the host', `https://lis\t.example/${secret}`, 'net.httpUriRefused'],
    ['a line end', `https://lis.example/\r\n${secret}`, 'net.httpUriRefused'],
    ['a backslash', `https://lis.example\\@evil.example/${secret}`, 'net.httpUriRefused'],
    ['letters beyond ASCII', `https://lis.example/ü${secret}`, 'net.httpUriRefused'],
    ['a zone', `https://[fe80::1%25eth0]/${secret}`, 'net.httpUriRefused'],
    ['empty labels', `https://lis..example/${secret}`, 'net.httpUriRefused'],
    ['port 0', `https://lis.example:0/${secret}`, 'net.httpUriRefused'],
    ['the port of SMTP', `https://lis.example:25/${secret}`, 'net.httpUriRefused'],
    ['the port of SIP', `https://lis.example:5060/${secret}`, 'net.httpUriRefused'],
    ['a port beyond', `https://lis.example:65536/${secret}`, 'net.httpUriRefused'],
    ['9,000 octets', `https://lis.example/${secret}${'a'.repeat(9_000)}`, 'net.httpUriRefused'],
    ['loopback', `https://127.0.0.1/${secret}`, 'net.httpAddressRefused'],
    ['loopback, decimal', `https://2130706433/${secret}`, 'net.httpAddressRefused'],
    ['loopback, octal', `https://0177.0.0.1/${secret}`, 'net.httpAddressRefused'],
    ['loopback, hexadecimal', `https://0x7f000001/${secret}`, 'net.httpAddressRefused'],
    ['loopback, short', `https://127.1/${secret}`, 'net.httpAddressRefused'],
    ['loopback, percent-encoded', `https://%31%32%37.0.0.1/${secret}`, 'net.httpAddressRefused'],
    ['loopback with a dot', `https://127.0.0.1./${secret}`, 'net.httpAddressRefused'],
    ['loopback on IPv6', `https://[::1]/${secret}`, 'net.httpAddressRefused'],
    ['loopback, mapped', `https://[::ffff:127.0.0.1]/${secret}`, 'net.httpAddressRefused'],
    ['metadata', `https://169.254.169.254/${secret}`, 'net.httpAddressRefused'],
    ['metadata on IPv6', `https://[fd00:ec2::254]/${secret}`, 'net.httpAddressRefused'],
  ])('refuses %s', (_, uri, code) => {
    const made = httpTarget(uri, rules());
    expect(made.ok ? 'read' : made.error.code).toBe(code);
    expect(made.ok ? secret : made.error.message).not.toContain(secret);
  });

  it('takes http: where that is allowed, at port 80 by default', () => {
    const made = httpTarget('http://lis.example/a', rules({ plainHttp: true }));
    expect(made.ok && made.value).toMatchObject({ port: 80, isSecure: false });
  });

  it('refuses hosts that are not listed, unless the operator wrote the URI', () => {
    const isHostListed = hostMatcher(['lis.example']);
    const code = (isTrusted: boolean, uri: string): string => {
      const made = httpTarget(uri, rules({ isHostListed, isTrusted }));
      return made.ok ? 'read' : made.error.code;
    };
    expect(code(false, 'https://lis.example/')).toBe('read');
    expect(code(false, 'https://other.example/')).toBe('net.httpHostRefused');
    expect(code(true, 'https://other.example/')).toBe('read');
    expect(code(true, 'https://127.0.0.1/')).toBe('read');
    expect(code(true, 'http://other.example/')).toBe('net.httpUriRefused');
  });
});

describe('lists of hosts', () => {
  it.each([
    ['lis.example', 'lis.example', true],
    ['LIS.Example.', 'lis.example', true],
    ['lis.example', 'a.lis.example', false],
    ['*.example', 'lis.example', true],
    ['*.example', 'a.b.example', true],
    ['*.example', 'example', false],
    ['*.example', 'badexample', false],
    ['*.example', 'lis.example.evil', false],
    ['[2600:0::1]', '2600::1', true],
    ['192.0.2.1', '192.0.2.1', true],
    ['*.2.1', '192.0.2.1', false],
  ])('%s and %s: %s', (pattern, host, isListed) => {
    expect(hostMatcher([pattern])(canonicalHost(host) ?? host)).toBe(isListed);
  });
});

describe('redirects', () => {
  it.each([
    ['/b?c', 'https://lis.example:8443/b?c'],
    ['b', 'https://lis.example:8443/uri/b'],
    ['?c', 'https://lis.example:8443/uri/a?c'],
    ['//other.example/b', 'https://other.example/b'],
    ['https://other.example:1/b', 'https://other.example:1/b'],
    ['//user@other.example/b', undefined],
    ['https://user:x@other.example/b', undefined],
    ['https://[::1', undefined],
    ['\\\\other.example\\b', undefined],
    ['/b c', undefined],
    ['', undefined],
  ])('%s leads to %s', (location, uri) => {
    expect(redirectUri(location, target('https://lis.example:8443/uri/a'))).toBe(uri);
  });
});

describe('credentials', () => {
  const find = authorizationOf({
    '*.example': { bearerToken: 'wide' },
    '*.lis.example': { bearerToken: 'narrow' },
    'lis.example': { username: 'né', password: 'a:b' },
  });

  it.each([
    ['lis.example', `Basic ${Buffer.from('né:a:b').toString('base64')}`],
    ['a.lis.example', 'Bearer narrow'],
    ['other.example', 'Bearer wide'],
    ['example', undefined],
    ['example.evil', undefined],
  ])('for %s: %s', (host, header) => {
    expect(find(host)).toBe(header);
  });
});
