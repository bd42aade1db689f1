import { describe, expect, it } from 'vitest';
import {
  type BodyPart,
  type BodyTree,
  contentType,
  decodePart,
  defaultBodyLimits,
  leaves,
  parseMediaType,
  readBody,
  readMultipart,
  writeMultipart,
} from '../../../../src/sip/index.ts';
import { cpuMsOf, requestOf } from '../../../support/sip-builders.ts';

function treeOf(
  body: string | Buffer,
  type = 'multipart/mixed;boundary=b1',
  extra: readonly string[] = [],
): BodyTree {
  return readBody(requestOf({ body, extra: [`Content-Type: ${type}`, ...extra] }), defaultBodyLimits);
}

/** `path type content` of every leaf. */
function contents(tree: BodyTree): readonly string[] {
  return leaves(tree).map((leaf) => `${leaf.path} ${leaf.mediaType.type} ${leaf.bytes.toString('latin1')}`);
}

function codes(tree: BodyTree): readonly string[] {
  return tree.warnings.map((warning) => warning.code);
}

const sdpPart = '--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n';
const xmlPart = '--b1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <loc@x>\r\n\r\n<p/>\r\n';

describe('bodies of one part', () => {
  it('are the root', () => {
    const tree = treeOf('v=0\r\n', 'application/sdp', [
      'Content-ID: <a@b>',
      'Content-Disposition: session;handling=required',
      'Content-Transfer-Encoding: binary',
    ]);
    expect(tree.root).toMatchObject({
      path: '0',
      mediaType: { type: 'application/sdp' },
      contentId: 'a@b',
      disposition: 'session;handling=required',
      transferEncoding: 'binary',
      parts: [],
    });
    expect(contents(tree)).toEqual(['0 application/sdp v=0\r\n']);
    expect(tree.warnings).toEqual([]);
  });

  it('may be absent', () => {
    const tree = readBody(requestOf(), defaultBodyLimits);
    expect(leaves(tree)).toEqual([]);
    expect(tree.warnings).toEqual([]);
  });

  it.each([
    ['no type', [] as readonly string[]],
    ['an unreadable type', ['Content-Type: /']],
  ])('of %s are octets, with a warning', (_name, extra) => {
    const tree = readBody(requestOf({ body: 'x', extra }), defaultBodyLimits);
    expect(contents(tree)).toEqual(['0 application/octet-stream x']);
    expect(codes(tree)).toEqual(['body.noContentType']);
  });
});

describe('multiparts (RFC 2046 §5.1)', () => {
  it('share the bytes of the message', () => {
    const request = requestOf({
      body: `${sdpPart}${xmlPart}--b1--\r\n`,
      extra: ['Content-Type: multipart/mixed;boundary=b1'],
    });
    for (const leaf of leaves(readBody(request, defaultBodyLimits))) {
      expect(leaf.bytes.buffer).toBe(request.bytes.buffer);
    }
  });

  const both = ['1 application/sdp v=0', '2 application/pidf+xml <p/>'];
  it.each<readonly [string, string, string, readonly string[], readonly string[]]>([
    ['two parts', 'multipart/mixed;boundary=b1', `${sdpPart}${xmlPart}--b1--\r\n`, both, []],
    [
      'nothing after the closing boundary',
      'multipart/mixed;boundary=b1',
      `${sdpPart}${xmlPart}--b1--`,
      both,
      [],
    ],
    ['a quoted boundary', 'multipart/mixed; boundary="b1"', `${sdpPart}${xmlPart}--b1--\r\n`, both, []],
    [
      'names in capitals',
      'Multipart/Mixed; BOUNDARY=b1; charset=utf-8',
      `${sdpPart}${xmlPart}--b1--\r\n`,
      both,
      [],
    ],
    [
      'preamble and epilogue',
      'multipart/mixed;boundary=b1',
      `pre\r\n--not-b1\r\n${sdpPart}${xmlPart}--b1--\r\nepi --b1 logue\r\n--b1\r\n\r\nno part`,
      both,
      [],
    ],
    [
      'blanks after the boundary',
      'multipart/mixed;boundary=b1',
      `${sdpPart}${xmlPart}--b1-- \t\r\n`.replaceAll('--b1\r', '--b1 \t\r'),
      both,
      [],
    ],
    [
      'LF as line end',
      'multipart/mixed;boundary=b1',
      `${sdpPart}${xmlPart}--b1--\r\n`.replaceAll('\r\n', '\n'),
      both,
      [],
    ],
    [
      'no closing boundary',
      'multipart/mixed;boundary=b1',
      `${sdpPart}${xmlPart}`,
      ['1 application/sdp v=0', '2 application/pidf+xml <p/>\r\n'],
      ['body.unterminated'],
    ],
    [
      'an opening boundary at the end',
      'multipart/mixed;boundary=b1',
      `${sdpPart}${xmlPart}--b1`,
      [...both, '3 text/plain '],
      ['body.unterminated'],
    ],
    [
      'no boundary in the type',
      'multipart/mixed',
      `${sdpPart}${xmlPart}--b1--\r\n`,
      both,
      ['body.noBoundary'],
    ],
    [
      'no boundary in the type, and a preamble',
      'multipart/mixed',
      `pre\r\n${sdpPart}${xmlPart}--b1--\r\n`,
      both,
      ['body.noBoundary'],
    ],
    [
      'an empty boundary',
      'multipart/mixed;boundary=""',
      `${sdpPart}${xmlPart}--b1--\r\n`.replaceAll('--b1', '--'),
      both,
      ['body.noBoundary'],
    ],
    [
      'another boundary than declared',
      'multipart/mixed;boundary=other',
      `${sdpPart}${xmlPart}--b1--\r\n`,
      both,
      ['body.wrongBoundary'],
    ],
    [
      'a longer boundary in a part',
      'multipart/mixed;boundary=b1',
      `${sdpPart}--b1x\r\nmore\r\n${xmlPart}--b1--\r\n`,
      ['1 application/sdp v=0\r\n--b1x\r\nmore', '2 application/pidf+xml <p/>'],
      [],
    ],
    [
      'a closing boundary with something after it',
      'multipart/mixed;boundary=b1',
      `${sdpPart}--b1--x\r\n${xmlPart}--b1--\r\n`,
      ['1 application/sdp v=0\r\n--b1--x', '2 application/pidf+xml <p/>'],
      [],
    ],
    [
      'no line end before a boundary',
      'multipart/mixed;boundary=b1',
      `${sdpPart.slice(0, -2)}${xmlPart}--b1--\r\n`,
      both,
      ['body.boundaryInLine'],
    ],
    [
      'no line end before the closing boundary',
      'multipart/mixed;boundary=b1',
      `${sdpPart}${xmlPart.slice(0, -2)}--b1--\r\n`,
      both,
      ['body.unterminated', 'body.boundaryInLine'],
    ],
    [
      'a boundary in a line that is content',
      'multipart/mixed;boundary=b1',
      `${sdpPart}a --b1\r\nb\r\n${xmlPart}--b1--\r\n`,
      ['1 application/sdp v=0\r\na --b1\r\nb', '2 application/pidf+xml <p/>'],
      [],
    ],
    [
      'no blank line after the headers',
      'multipart/mixed;boundary=b1',
      `${sdpPart.replace('\r\n\r\n', '\r\n')}${xmlPart}--b1--\r\n`,
      both,
      ['body.noBlankLine'],
    ],
    [
      'XML right after its headers',
      'multipart/mixed;boundary=b1',
      `--b1\r\nContent-Type: text/xml\r\n<?xml version="1.0"?>\r\n\r\n<a:b/>\r\n--b1--`,
      ['1 text/xml <?xml version="1.0"?>\r\n\r\n<a:b/>'],
      ['body.noBlankLine'],
    ],
    [
      'a header without a colon',
      'multipart/mixed;boundary=b1',
      `--b1\r\nContent-Type application/sdp\r\nContent-ID: <a>\r\n\r\nv=0\r\n--b1--`,
      ['1 text/plain v=0'],
      ['body.partHeader'],
    ],
    ['no headers', 'multipart/mixed;boundary=b1', '--b1\r\n\r\nv=0\r\n--b1--', ['1 text/plain v=0'], []],
    [
      'neither headers nor blank line',
      'multipart/mixed;boundary=b1',
      '--b1\r\n<p/>\r\n--b1--',
      ['1 text/plain <p/>'],
      ['body.noBlankLine'],
    ],
    [
      'headers without content',
      'multipart/mixed;boundary=b1',
      '--b1\r\nContent-Type: a/b\r\n--b1--',
      ['1 a/b '],
      [],
    ],
    [
      'empty parts',
      'multipart/mixed;boundary=b1',
      '--b1\r\n\r\n--b1\r\n--b1--',
      ['1 text/plain ', '2 text/plain '],
      [],
    ],
    [
      'folded part headers',
      'multipart/mixed;boundary=b1',
      '--b1\r\nContent-Type:\r\n application/sdp\r\n ;x=y\r\n\r\nv=0\r\n--b1--',
      ['1 application/sdp v=0'],
      [],
    ],
    [
      'a wrong Content-Length in a part',
      'multipart/mixed;boundary=b1',
      '--b1\r\nContent-Length: 1\r\nContent-Type: a/b\r\n\r\nlong\r\n--b1--',
      ['1 a/b long'],
      [],
    ],
    [
      'a blank line of blanks',
      'multipart/mixed;boundary=b1',
      '--b1\r\nContent-Type: a/b\r\n \t\r\nx\r\n--b1--',
      ['1 a/b x'],
      [],
    ],
    [
      'an unreadable part type',
      'multipart/mixed;boundary=b1',
      '--b1\r\nContent-Type: nonsense\r\n\r\nx\r\n--b1--',
      ['1 text/plain x'],
      ['body.noContentType'],
    ],
    [
      'binary content',
      'multipart/mixed;boundary=b1',
      '--b1\r\nContent-Type: a/b\r\n\r\n\u0000\u00ff\r\n\r\n\n\r\n--b1--',
      ['1 a/b \u0000\u00ff\r\n\r\n\n'],
      [],
    ],
    [
      'nesting',
      'multipart/mixed;boundary=b1',
      `${sdpPart}--b1\r\nContent-Type: multipart/related;boundary=b1-in\r\n\r\n--b1-in\r\n\r\nx\r\n--b1-in\r\nContent-Type: a/b\r\n\r\ny\r\n--b1-in--\r\n${xmlPart}--b1--`,
      ['1 application/sdp v=0', '2.1 text/plain x', '2.2 a/b y', '3 application/pidf+xml <p/>'],
      [],
    ],
    [
      'a nested one that is not closed',
      'multipart/mixed;boundary=b1',
      `--b1\r\nContent-Type: multipart/related;boundary=in\r\n\r\n--in\r\n\r\nx\r\n${xmlPart}--b1--`,
      ['1.1 text/plain x', '2 application/pidf+xml <p/>'],
      ['body.unterminated'],
    ],
    [
      'an external body, which is a leaf',
      'multipart/mixed;boundary=b1',
      '--b1\r\nContent-Type: message/external-body; access-type="URL"; URL="https://x"\r\n\r\nContent-Type: a/b\r\n\r\n--b1--',
      ['1 message/external-body Content-Type: a/b\r\n'],
      [],
    ],
  ])('%s', (_name, type, body, expected, warnings) => {
    const tree = treeOf(body, type);
    expect(contents(tree)).toEqual(expected);
    expect(codes(tree)).toEqual(warnings);
  });

  it.each([
    ['only its closing boundary', '--b1--\r\n', ['body.noParts']],
    ['no boundary at all', 'just text', ['body.wrongBoundary']],
  ])('with %s stays a leaf', (_name, body, warnings) => {
    const tree = treeOf(body);
    expect(contents(tree)).toEqual([`0 multipart/mixed ${body}`]);
    expect(codes(tree)).toEqual(warnings);
  });

  it.each(["(.+)+$'", 'a b:c?=1', "'()+_,-./:=?", '[a-z]*\\\\'])(
    'takes the boundary %s as it is',
    (boundary) => {
      const tree = treeOf(
        `--${boundary}\r\n\r\nx\r\n--${boundary}--`.replaceAll('\\\\', '\\'),
        `multipart/mixed;boundary="${boundary}"`,
      );
      expect(contents(tree)).toEqual(['1 text/plain x']);
      expect(tree.warnings).toEqual([]);
    },
  );

  it('reads what the part headers say', () => {
    const body =
      '--b1\r\nc: Text/XML; charset="utf-8"\r\nCONTENT-ID: loc@x\r\nContent-Disposition: render;handling=optional\r\n' +
      'Content-Transfer-Encoding : BASE64\r\nContent-ID: <second@x>\r\nX-Other: 1\r\n\r\nPHAvPg==\r\n--b1--';
    expect(treeOf(body).root.parts[0]).toMatchObject({
      mediaType: { type: 'text/xml', params: [{ name: 'charset', value: 'utf-8' }] },
      contentId: 'loc@x',
      disposition: 'render;handling=optional',
      transferEncoding: 'BASE64',
    });
  });

  it('reads a multipart at hand, with and without its boundary', () => {
    const bytes = Buffer.from(`${sdpPart}${xmlPart}--b1--`);
    expect(contents(readMultipart(bytes, 'b1', defaultBodyLimits))).toEqual(both);
    expect(contents(readMultipart(bytes, undefined, defaultBodyLimits))).toEqual(both);
  });
});

describe('limits', () => {
  function nested(depth: number): string {
    let body = 'x';
    for (let level = depth; level >= 1; level--) {
      body = `--n${level}\r\nContent-Type: ${level === depth ? 'a/b' : `multipart/mixed;boundary=n${level + 1}`}\r\n\r\n${body}\r\n--n${level}--`;
    }
    return body;
  }

  it('opens eight levels', () => {
    const tree = treeOf(nested(8), 'multipart/mixed;boundary=n1');
    expect(contents(tree)).toEqual(['1.1.1.1.1.1.1.1 a/b x']);
    expect(tree.warnings).toEqual([]);
  });

  it('leaves the ninth closed, with a warning', () => {
    const tree = treeOf(nested(9), 'multipart/mixed;boundary=n1');
    expect(leaves(tree).map((leaf) => `${leaf.path} ${leaf.mediaType.type}`)).toEqual([
      '1.1.1.1.1.1.1.1 multipart/mixed',
    ]);
    expect(codes(tree)).toEqual(['body.tooDeep']);
  });

  it('takes as many parts as allowed', () => {
    const limits = { ...defaultBodyLimits, partsMax: 3 };
    const part = '--b1\r\n\r\nx\r\n';
    const exact = readMultipart(Buffer.from(`${part.repeat(3)}--b1--`), 'b1', limits);
    expect([leaves(exact).length, ...codes(exact)]).toEqual([3]);
    const many = readMultipart(Buffer.from(`${part.repeat(4)}--b1--`), 'b1', limits);
    expect([leaves(many).length, ...codes(many)]).toEqual([3, 'body.tooManyParts']);
  });

  const megabyte = 1_000_000;
  it.each<readonly [string, string, string]>([
    ['parts', 'b1', '--b1\r\n\r\nx\r\n'.repeat(megabyte / 12)],
    ['boundaries in lines', 'b1', `--b1\r\n\r\n${'x--b1\r\ny'.repeat(megabyte / 9)}`],
    ['dashes', 'b1', `--b1\r\n\r\n${'\n--'.repeat(megabyte / 3)}`],
    ['a boundary of dashes', '-'.repeat(70), `--b1\r\n\r\n${'-'.repeat(megabyte)}`],
    [
      'a boundary of 60,000',
      'z'.repeat(60_000),
      `--${'z'.repeat(60_000)}\r\n\r\n${`\n--${'z'.repeat(59_999)}`.repeat(15)}`,
    ],
    [
      'a periodic boundary of 60,000',
      '--z'.repeat(20_000),
      `--${'--z'.repeat(20_000)}\r\n\r\n${'\n--z'.repeat(megabyte / 4)}`,
    ],
    ['part headers', 'b1', `--b1\r\n${'Content-Type: a/b\r\n'.repeat(megabyte / 19)}\r\nx`],
    ['a part header of a megabyte', 'b1', `--b1\r\nContent-Type: ${'a'.repeat(megabyte)}\r\n\r\nx`],
    ['lines that are no headers', 'b1', `--b1\r\n${'a b\r\n'.repeat(megabyte / 5)}`],
    ['folds', 'b1', `--b1\r\nContent-Type: a/b${'\r\n x'.repeat(megabyte / 4)}\r\n\r\nx`],
    ['blank folds', 'b1', `--b1\r\nContent-Type: a/b\r\n${' \t'.repeat(megabyte / 2)}`],
    [
      'nested ones that never end',
      'b1',
      '--b1\r\nContent-Type: multipart/mixed;boundary=q\r\n\r\n--q\r\n\r\n'.repeat(megabyte / 62),
    ],
    ['guesses', 'b1', `${'\n-x'.repeat(megabyte / 3)}`],
  ])('reads a megabyte of %s in linear time', (_name, boundary, body) => {
    const bytes = Buffer.from(body, 'latin1');
    const spentMs = cpuMsOf(() => {
      const tree = readMultipart(bytes, boundary, defaultBodyLimits);
      expect(leaves(tree).length).toBeLessThanOrEqual(defaultBodyLimits.partsMax);
      expect(tree.warnings.length).toBeLessThan(10);
    });
    // A megabyte takes some milliseconds; the square of it would take hours.
    expect(spentMs).toBeLessThan(2_000);
  });
});

describe('transfer encodings (RFC 2045 §6)', () => {
  function decoded(encoding: string | undefined, content: string): string {
    const part: BodyPart = {
      path: '1',
      mediaType: { type: 'a/b', params: [] },
      contentId: undefined,
      disposition: undefined,
      transferEncoding: encoding,
      bytes: Buffer.from(content, 'latin1'),
      parts: [],
    };
    const result = decodePart(part);
    return result.ok ? result.value.toString('latin1') : result.error.code;
  }

  it.each<readonly [string, string | undefined, string, string]>([
    ['none', undefined, 'a\u0000\u00ff', 'a\u0000\u00ff'],
    ['7bit', '7bit', 'a', 'a'],
    ['8bit', ' 8BIT ', '\u00ff', '\u00ff'],
    ['binary', 'Binary', '\u0000', '\u0000'],
    ['base64', 'base64', 'PHAv\r\nPg==', '<p/>'],
    ['base64 without padding', 'BASE64', 'PHAvPg', '<p/>'],
    ['base64 with blanks', 'base64', ' P HA\tv\nPg = =', '<p/>'],
    ['base64 of binary', 'base64', 'AP8=', '\u0000\u00ff'],
    ['empty base64', 'base64', '', ''],
    ['no base64', 'base64', '!!!not base64!!!', 'body.encodedContent'],
    ['base64 cut short', 'base64', 'PHAvP', 'body.encodedContent'],
    ['quoted-printable', 'quoted-printable', 'a=3D"b"=0D=0Ac=\r\nd=\ne= \t\r\nf', 'a="b"\r\ncdef'],
    ['quoted-printable in small letters', 'Quoted-Printable', '=c3=bc', '\u00c3\u00bc'],
    ['a stray equals sign', 'quoted-printable', 'a=b=', 'a=b='],
    ['another', 'x-uuencode', 'a', 'body.transferEncoding'],
    ['a property of every object', 'constructor', 'a', 'body.transferEncoding'],
  ])('%s', (_name, encoding, content, expected) => {
    expect(decoded(encoding, content)).toBe(expected);
  });
});

describe('media types', () => {
  it.each<readonly [string, string, string, readonly (readonly [string, string | undefined])[]]>([
    ['plain', 'application/sdp', 'application/sdp', []],
    ['in capitals', 'Application/PIDF+XML', 'application/pidf+xml', []],
    ['blanks around the slash', ' multipart / mixed ; a=b', 'multipart/mixed', [['a', 'b']]],
    ['quoted parameter', 'multipart/mixed;boundary="a b;c"', 'multipart/mixed', [['boundary', 'a b;c']]],
    ['something after the type', 'application/sdp charset=x;a', 'application/sdp', [['a', undefined]]],
    ['trailing semicolon', 'text/plain;', 'text/plain', []],
  ])('%s', (_name, text, type, params) => {
    const result = parseMediaType(text);
    const expected = { type, params: params.map(([name, value]) => ({ name, value })) };
    expect(result.ok ? result.value : result.error.code).toEqual(expected);
  });

  it.each(['', '/', 'text', 'text/', '/plain', 'te xt/plain', 'a/b/c', 'a@b/c', ';a/b'])(
    '%s is none',
    (text) => {
      const result = parseMediaType(text);
      expect(result.ok ? result.value : result.error.code).toBe('body.mediaType');
    },
  );

  it('of a message', () => {
    expect(contentType(requestOf())).toBeUndefined();
    expect(contentType(requestOf({ extra: ['c: a/b'] }))).toEqual({
      ok: true,
      value: { type: 'a/b', params: [] },
    });
  });
});

describe('writing a multipart', () => {
  it('is read back byte for byte', () => {
    const parts = [
      { headers: [['Content-Type', 'application/sdp']] as const, bytes: Buffer.from('v=0\r\n') },
      { headers: [], bytes: Buffer.from([0, 255, 13, 10, 45, 45]) },
      {
        headers: [
          ['Content-Type', 'a/b'],
          ['Content-ID', '<x@y>'],
        ] as const,
        bytes: Buffer.alloc(0),
      },
    ];
    const tree = readMultipart(writeMultipart(parts, 'b-1'), 'b-1', defaultBodyLimits);
    expect(tree.warnings).toEqual([]);
    expect(tree.root.parts.map((part) => part.bytes)).toEqual(parts.map((part) => part.bytes));
    expect(tree.root.parts[2]).toMatchObject({ contentId: 'x@y', mediaType: { type: 'a/b' } });
  });

  it.each<readonly [string, string, string]>([
    ['a boundary that occurs', 'b', 'x--b'],
    ['an empty boundary', '', 'x'],
    ['a boundary of 71', 'b'.repeat(71), 'x'],
    ['a boundary with a line break', 'b\r\n', 'x'],
  ])('refuses %s', (_name, boundary, content) => {
    expect(() => writeMultipart([{ headers: [], bytes: Buffer.from(content) }], boundary)).toThrow();
  });

  it('refuses a line break in a header', () => {
    expect(() => writeMultipart([{ headers: [['A', 'b\r\nC: d']], bytes: Buffer.alloc(0) }], 'b')).toThrow();
  });
});

describe('Content-Type as received', () => {
  it('is kept of the body and of each part', () => {
    const type = 'multipart/mixed; Boundary="b1"';
    const { root } = treeOf(
      '--b1\r\nContent-Type: Text/Plain;\r\n x = "y"\r\n\r\na\r\n--b1\r\n\r\nb\r\n--b1--',
      type,
    );
    expect([root, ...root.parts].map((part) => part.contentTypeValue)).toEqual([
      type,
      'Text/Plain; x = "y"',
      undefined,
    ]);
  });

  it('is kept a second time where the head has two (the blank line of an external body is missing)', () => {
    const head =
      'Content-Type: message/external-body; URL="https://x"\r\nContent-Type: a/b\r\nContent-ID: <c@d>\r\n\r\n';
    const { root } = treeOf(`--b1\r\n${head}\r\n--b1--`);
    expect(root.parts).toMatchObject([
      { mediaType: { type: 'message/external-body' }, laterContentType: 'a/b', contentId: 'c@d' },
    ]);
    const whole = treeOf('', 'message/external-body; URL="https://x"', ['Content-Type: a/b']);
    expect(whole.root.laterContentType).toBe('a/b');
  });
});
