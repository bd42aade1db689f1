import { describe, expect, it } from 'vitest';
import { addPart, defaultBodyLimits, leaves, readBody } from '../../../../src/sip/body/index.ts';
import { MessageDraft } from '../../../../src/sip/message/index.ts';
import { parsed, sipBytes } from '../../../support/sip-builders.ts';

const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nt=0 0\r\n';
const binary = Buffer.from([0, 1, 0x0d, 0x0a, 0x2d, 0x2d, 0xff, 0, 0x0a]);
const ours = {
  headers: [
    ['Content-Type', 'application/pidf+xml'],
    ['Content-ID', '<new@esrp.example>'],
    ['Content-Disposition', 'by-reference;handling=optional'],
  ],
  bytes: Buffer.from('<presence/>', 'utf8'),
} as const;

function message(body: string | Buffer, extra: readonly string[]) {
  return parsed(sipBytes({ body, extra }));
}

/** The message with the part, as it leaves. */
function extended(body: string | Buffer, extra: readonly string[]) {
  const before = message(body, extra);
  const added = addPart(before, ours);
  if (!added.ok) throw new Error(added.error);
  const draft = new MessageDraft(before);
  for (const name of added.value.removed) draft.removeAll(name);
  if (added.value.contentType !== undefined) draft.set('Content-Type', added.value.contentType);
  draft.setBody(added.value.bytes);
  const after = parsed(draft.toBytes(), 'stream');
  return { before, after, tree: readBody(after, defaultBodyLimits), replacement: added.value };
}

const mixed = ['Content-Type: multipart/mixed;boundary=b1'];
const multipart = (end = '\r\n') =>
  `--b1${end}Content-Type: application/sdp${end}${end}${sdp}${end}--b1${end}Content-Type: application/x${end}${end}X${end}--b1--${end}`;

describe('a part is added to', () => {
  it.each<[string, string | Buffer, readonly string[], readonly string[]]>([
    ['no body', '', [], ['application/pidf+xml']],
    ['an empty body with a type', '', ['Content-Type: application/sdp'], ['application/pidf+xml']],
    [
      'a session description',
      sdp,
      ['Content-Type: application/sdp'],
      ['application/sdp', 'application/pidf+xml'],
    ],
    ['a compact Content-Type', sdp, ['c: application/sdp'], ['application/sdp', 'application/pidf+xml']],
    [
      'a folded Content-Type',
      sdp,
      ['Content-Type:\r\n  application/sdp'],
      ['application/sdp', 'application/pidf+xml'],
    ],
    [
      'binary content',
      binary,
      ['Content-Type: application/octet-stream'],
      ['application/octet-stream', 'application/pidf+xml'],
    ],
    ['multipart/mixed', multipart(), mixed, ['application/sdp', 'application/x', 'application/pidf+xml']],
    [
      'multipart/mixed in lone LF',
      multipart('\n'),
      mixed,
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
    [
      'one with preamble and epilogue',
      `before\r\n${multipart()}after\r\n`,
      mixed,
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
    [
      'one without a line end at its end',
      multipart().slice(0, -2),
      mixed,
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
    [
      'one with blanks after its boundaries',
      multipart().replaceAll('--b1', '--b1').replace('--b1--', '--b1-- \t'),
      mixed,
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
    ['one without parts', '--b1--\r\n', mixed, ['application/pidf+xml']],
    [
      'a quoted boundary with odd characters',
      multipart().replaceAll('b1', "a b'()+_,-./:=?z"),
      [`Content-Type: multipart/mixed; boundary="a b'()+_,-./:=?z"`],
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
    [
      'multipart/alternative, whole',
      multipart(),
      ['Content-Type: multipart/alternative;boundary=b1'],
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
    [
      'multipart/related, whole',
      multipart(),
      ['Content-Type: multipart/related;boundary=b1;type="application/sdp"'],
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
    [
      'multipart/signed, whole',
      multipart(),
      ['Content-Type: multipart/signed;boundary=b1;protocol="application/pkcs7-signature"'],
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
    [
      'one whose boundary occurs in ours',
      multipart().replaceAll('--b1', '--presence/>').replaceAll('<presence/>', ''),
      ['Content-Type: multipart/mixed;boundary="presence/>"'],
      ['application/sdp', 'application/x', 'application/pidf+xml'],
    ],
  ])('%s', (_name, body, extra, types) => {
    const { before, after, tree } = extended(body, extra);
    expect(leaves(tree).map((leaf) => leaf.mediaType.type)).toEqual(types);
    const last = leaves(tree).at(-1);
    expect(last).toMatchObject({
      contentId: 'new@esrp.example',
      disposition: 'by-reference;handling=optional',
      bytes: ours.bytes,
    });
    expect(tree.warnings).toEqual([]);
    expect(after.head).toContain(`\r\nContent-Length: ${after.body.length}\r\n`);
    // What was there is there, in one piece, save that ours stands before the closing boundary of a multipart/mixed.
    const isInside = tree.root.parts.length > 1 && !after.body.includes(before.body);
    if (!isInside) expect(after.body.includes(before.body)).toBe(true);
    else {
      const start = commonPrefix(before.body, after.body);
      const added = after.body.length - before.body.length;
      const without = Buffer.concat([after.body.subarray(0, start), after.body.subarray(start + added)]);
      expect(without.equals(before.body)).toBe(true);
    }
    const parts = leaves(readBody(before, defaultBodyLimits))
      .filter(({ mediaType }) => !mediaType.type.startsWith('multipart/'))
      .map(({ bytes }) => bytes.toString('latin1'));
    expect(
      leaves(tree)
        .slice(0, -1)
        .map(({ bytes }) => bytes.toString('latin1')),
    ).toEqual(parts);
  });
});

function commonPrefix(a: Buffer, b: Buffer): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}

describe('the headers of the body', () => {
  it('go with it into its part, and no other does', () => {
    const { after, tree } = extended(sdp, [
      'Content-Type: application/sdp;x=1',
      'Content-Disposition: session;handling=required',
      'Content-Language: en, fr',
      'Content-Encoding: identity',
      'MIME-Version: 1.0',
      'X-Other: kept',
    ]);
    expect(after.head).not.toMatch(/^Content-(?:Disposition|Language|Encoding)/im);
    expect(after.head).toMatch(/^MIME-Version: 1\.0\r\nX-Other: kept\r\n/m);
    expect(after.body.toString('latin1')).toContain(
      'Content-Type: application/sdp;x=1\r\nContent-Disposition: session;handling=required\r\nContent-Encoding: identity\r\nContent-Language: en\r\nContent-Language: fr\r\n\r\nv=0',
    );
    expect(tree.root.parts[0]?.disposition).toBe('session;handling=required');
  });

  it('stay with a multipart/mixed', () => {
    const { after, replacement } = extended(multipart(), [
      ...mixed,
      'Content-Disposition: x;handling=optional',
    ]);
    expect(replacement).toMatchObject({ contentType: undefined, removed: [] });
    expect(after.head).toContain('Content-Disposition: x;handling=optional\r\n');
  });

  it('say that a multipart is packed: then it is a single body', () => {
    const { tree } = extended(multipart(), [...mixed, 'Content-Encoding: gzip']);
    expect(tree.root.parts.map((part) => part.mediaType.type)).toEqual([
      'multipart/mixed',
      'application/pidf+xml',
    ]);
  });
});

describe('the boundary', () => {
  it('is the same for the same content, and another for another', () => {
    const type = (body: string) => extended(body, ['Content-Type: application/sdp']).replacement.contentType;
    expect(type(sdp)).toBe(type(sdp));
    expect(type(sdp)).not.toBe(type(`${sdp}a=x\r\n`));
  });
});

describe('a body is left alone', () => {
  const broken = 'the multipart is broken';
  it.each<[string, string, readonly string[], string]>([
    ['whose closing boundary is missing', multipart().replace('--b1--\r\n', ''), mixed, broken],
    ['whose closing boundary is cut', multipart().slice(0, -3), mixed, broken],
    ['whose boundary is not declared', multipart(), ['Content-Type: multipart/mixed'], broken],
    ['whose boundary is another', multipart(), ['Content-Type: multipart/mixed;boundary=b2'], broken],
    ['whose first part comes after its end', `--b1--\r\n${multipart()}`, mixed, broken],
    [
      'of a broken multipart/related',
      multipart().slice(0, -8),
      ['Content-Type: multipart/related;boundary=b1'],
      broken,
    ],
    ['without a Content-Type', sdp, [], 'the body has no Content-Type that can be read'],
    [
      'with two',
      sdp,
      ['Content-Type: application/sdp', 'Content-Type: text/plain'],
      'the body has no Content-Type that can be read',
    ],
    ['with one that is none', sdp, ['Content-Type: ???'], 'the body has no Content-Type that can be read'],
    [
      'that a Content-ID of the message names (RFC 8262 §3.4.2)',
      sdp,
      ['Content-Type: application/sdp', 'Content-ID: <a@b>'],
      'a Content-ID stands among the headers of the message',
    ],
  ])('%s', (_name, body, extra, reason) => {
    expect(addPart(message(body, extra), ours)).toEqual({ ok: false, error: reason });
  });
});
