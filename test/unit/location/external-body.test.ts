import { describe, expect, it } from 'vitest';
import { externalContentId, readExternalBody } from '../../../src/location/external-body.ts';
import type { LocationBodyPart } from '../../../src/location/index.ts';

function part(contentTypeValue: string, content = ''): LocationBodyPart {
  return {
    contentType: 'message/external-body',
    contentTypeValue,
    contentId: undefined,
    path: '1',
    bytes: Buffer.from(content),
  };
}

const phantom = 'Content-Type: application/pidf+xml\r\nContent-ID: <loc@a.example>\r\n\r\n';

function read(value: string, content = phantom) {
  const result = readExternalBody(part(value, content));
  if (!result.ok) return result.error.code;
  const { reference, contentType, contentId, warnings } = result.value;
  return { ...reference, contentType, contentId, warnings: warnings.map(({ code }) => code) };
}

const plain = {
  uri: 'https://lis.example/x',
  protocol: 'content',
  expiresAtMs: undefined,
  sizeBytes: undefined,
  sha1Hex: undefined,
  contentType: 'application/pidf+xml',
  contentId: 'loc@a.example',
  warnings: [],
};
const type = 'message/external-body; access-type="URL"; URL="https://lis.example/x"';

describe('readExternalBody', () => {
  it.each<[string, string, string, unknown]>([
    ['all as it should be', type, phantom, plain],
    [
      'all parameters',
      `${type}; expiration="Mon, 24 Jun 2002 09:00:00 GMT"; size=4123; hash=DA39A3EE5E6B4B0D3255BFEF95601890AFD80709`,
      phantom,
      {
        ...plain,
        expiresAtMs: Date.UTC(2002, 5, 24, 9),
        sizeBytes: 4123,
        sha1Hex: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
      },
    ],
    [
      'the form of the deck: no semicolons, a day named Thurs',
      'message/external-body\taccess-type="URL"; expiration="Thurs, 22 July 2004 09:00:00 GMT"; URL="https://lis.example/x" size=2344228',
      phantom,
      { ...plain, expiresAtMs: Date.UTC(2004, 6, 22, 9), sizeBytes: 2344228 },
    ],
    [
      'no quotes',
      'message/external-body;ACCESS-TYPE=URL;url=https://lis.example/x;size=1',
      phantom,
      { ...plain, sizeBytes: 1 },
    ],
    [
      'spaces inside the URL',
      'message/external-body; access-type=URL; URL="https://lis.exa mple/ x"',
      phantom,
      plain,
    ],
    ['brackets around the URL', 'message/external-body; URL="<https://lis.example/x>"', phantom, plain],
    ['the name URI', 'message/external-body; access-type=URL; URI="https://lis.example/x"', phantom, plain],
    ['a quote that is not closed', 'message/external-body; URL="https://lis.example/x', phantom, plain],
    [
      'a presence URI',
      'message/external-body; access-type=URL; URL="sips:loc@lis.example"',
      phantom,
      { ...plain, uri: 'sips:loc@lis.example', protocol: 'presence' },
    ],
    ['blank lines before the phantom headers', type, `\r\n\r\n${phantom}`, plain],
    ['phantom headers without a blank line', type, phantom.slice(0, -2), plain],
    ['no phantom headers', type, '', { ...plain, contentType: '', contentId: undefined }],
    [
      'conditions that cannot be read',
      `${type}; expiration=soon; size=big; hash=10AB568E91245681AC1B`,
      phantom,
      { ...plain, warnings: Array(3).fill('location.contentCondition') },
    ],
    ['no URL', 'message/external-body; access-type=URL', phantom, 'location.contentUnreadable'],
    ['an empty URL', 'message/external-body; access-type=URL; URL=""', phantom, 'location.contentUnreadable'],
    [
      'a URL without end',
      `message/external-body; URL="https://${'a'.repeat(9_000)}"`,
      phantom,
      'location.contentUnreadable',
    ],
    [
      'an FTP site',
      'message/external-body; access-type=anon-ftp; site=a; name=b',
      phantom,
      'location.contentUnsupported',
    ],
    [
      'a URL of FTP',
      'message/external-body; access-type=URL; URL="ftp://a/b"',
      phantom,
      'location.contentUnsupported',
    ],
    [
      'a file',
      'message/external-body; access-type=URL; URL="file:///etc/passwd"',
      phantom,
      'location.contentUnsupported',
    ],
  ])('%s', (_name, value, content, expected) => {
    expect(read(value, content)).toEqual(expected);
  });

  it('takes the type of the second Content-Type where the blank line is missing', () => {
    const given = { ...part(type), laterContentType: 'application/pidf+xml; charset=utf-8' };
    const result = readExternalBody(given);
    expect(result.ok && result.value.contentType).toBe('application/pidf+xml');
  });

  it('is fast for words without end', () => {
    const start = process.cpuUsage();
    for (const filler of ['a', 'a=', '=', '"', ' ', ';', 'a ']) readExternalBody(part(filler.repeat(60_000)));
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  it('names the Content-ID of what lies elsewhere', () => {
    expect(externalContentId(part(type, phantom))).toBe('loc@a.example');
    expect(externalContentId(part(type))).toBeUndefined();
  });
});
