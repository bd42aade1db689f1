import { describe, expect, it } from 'vitest';
import { BugError } from '../../../../src/base/index.ts';
import { headerValues, MessageDraft } from '../../../../src/sip/index.ts';
import { parsed, requestOf, responseOf, sipBytes } from '../../../support/sip-builders.ts';

const base = [
  'INVITE sip:a@b SIP/2.0',
  'Via: SIP/2.0/UDP one;branch=1, SIP/2.0/UDP two;branch=2',
  'v :  SIP/2.0/UDP three;branch=3',
  'X-Odd:\t  kept  as is ',
  'Route: <sip:p1;lr>',
  'From: <sip:c@d>;tag=1',
  'To: <sip:a@b>',
  'route:<sip:p2;lr>,<sip:p3;lr>',
  'Call-ID: x',
  'CSeq: 1 INVITE',
  'Subject: folded',
  '  value',
  'Max-Forwards: 70',
  'Content-Length: 4',
  '',
  'b\u0000\u00ff\n',
].join('\r\n');

function edited(edit: (draft: MessageDraft) => void, text = base): readonly string[] {
  const draft = new MessageDraft(parsed(text));
  edit(draft);
  return draft.toBytes().toString('latin1').split('\r\n');
}

/** The lines of the message with some replaced, by index; undefined takes one out, a list puts several in its place. */
function baseWith(
  changes: Readonly<Record<number, string | readonly string[] | undefined>>,
): readonly string[] {
  return base.split('\r\n').flatMap((line, index) => (index in changes ? (changes[index] ?? []) : line));
}

describe('line ends that readers take differently', () => {
  it.each([
    [
      'LF alone',
      'INVITE sip:a@b SIP/2.0\nVia: x\nFrom: a\n\nbody\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\nFrom: a\r\n\r\nbody\n',
    ],
    [
      'LF among CRLF',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\nFrom: a\r\n\r\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\nFrom: a\r\n\r\n',
    ],
    [
      'a CR inside of a line',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\ry: z\r\n\r\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: x y: z\r\n\r\n',
    ],
    [
      'a line that begins with a CR, which has no name',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\rv=0\r\n\r\r\nFrom: a\r\n\r\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\nFrom: a\r\n\r\n',
    ],
    [
      'a line that continues the start line',
      'INVITE sip:a@b SIP/2.0\r\n 0\r\nVia: x\r\n\r\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n',
    ],
    [
      'what continues such a line',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r<a>\r\n <b/>\r\n\t<c/>\r\nFrom: a\r\n\r\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\nFrom: a\r\n\r\n',
    ],
    [
      'a fold before the colon of a length',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\nContent-Length\r\n : 9\r\n\r\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n',
    ],
    [
      'a CR before the colon of a length',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\nL\r:9\r\n\r\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n',
    ],
  ])('leave as CRLF, the body as it came: %s', (_name, text, expected) => {
    const written = new MessageDraft(parsed(text)).toBytes().toString('latin1');
    expect(written.replace(/Content-Length: \d+\r\n/, '')).toBe(expected);
  });
});

describe('what is not touched', () => {
  it.each([
    ['an odd but faultless request', base],
    ['a response', base.replace('INVITE sip:a@b SIP/2.0', 'SIP/2.0 180 Ringing')],
    ['header lines without colon', base.replace('X-Odd:\t', 'X-Odd\t')],
    ['bytes that are no UTF-8', base.replace('folded', '\u00ff\u0000')],
    ['no header but the mandatory ones', sipBytes().toString('latin1')],
  ])('leaves byte for byte: %s', (_name, text) => {
    expect(new MessageDraft(parsed(text)).toBytes().toString('latin1')).toBe(text);
  });

  it('stays as it was in the message itself', () => {
    const request = parsed(base);
    const draft = new MessageDraft(request);
    draft.removeAll('Via');
    draft.set('Max-Forwards', '1');
    draft.toBytes();
    expect(request.bytes.toString('latin1')).toBe(base);
    expect(headerValues(request, 'via')).toHaveLength(3);
  });
});

describe('edits', () => {
  it('replace the Request-URI', () => {
    expect(edited((draft) => draft.setRequestUri('urn:service:sos'))).toEqual(
      baseWith({ 0: 'INVITE urn:service:sos SIP/2.0' }),
    );
  });

  it('replace the status', () => {
    const draft = new MessageDraft(responseOf());
    draft.setStatus(500, 'Server Internal Error');
    expect(draft.toBytes().toString('latin1').startsWith('SIP/2.0 500 Server Internal Error\r\nVia: ')).toBe(
      true,
    );
  });

  it.each<
    readonly [
      string,
      (draft: MessageDraft) => void,
      Readonly<Record<number, string | readonly string[] | undefined>>,
    ]
  >([
    [
      'add a Via on top',
      (d) => d.addFirst('Via', 'V0'),
      { 1: ['Via: V0', 'Via: SIP/2.0/UDP one;branch=1, SIP/2.0/UDP two;branch=2'] },
    ],
    [
      'add a first Route',
      (d) => d.addFirst('Route', '<sip:p0>'),
      { 4: ['Route: <sip:p0>', 'Route: <sip:p1;lr>'] },
    ],
    [
      'add a header that was absent after the last Via',
      (d) => d.addFirst('Record-Route', '<sip:r>'),
      { 2: ['v :  SIP/2.0/UDP three;branch=3', 'Record-Route: <sip:r>'] },
    ],
    [
      'add two firsts',
      (d) => {
        d.addFirst('Record-Route', 'r1');
        d.addFirst('Record-Route', 'r2');
      },
      { 2: ['v :  SIP/2.0/UDP three;branch=3', 'Record-Route: r2', 'Record-Route: r1'] },
    ],
    [
      'add a last Route',
      (d) => d.addLast('Route', '<sip:p4>'),
      { 7: ['route:<sip:p2;lr>,<sip:p3;lr>', 'Route: <sip:p4>'] },
    ],
    [
      'add a header that was absent at the end',
      (d) => d.addLast('X', 'y'),
      { 13: ['Content-Length: 4', 'X: y'] },
    ],
    ['remove every line of a name', (d) => d.removeAll('Route'), { 4: undefined, 7: undefined }],
    ['remove a folded header', (d) => d.removeAll('s'), { 10: undefined, 11: undefined }],
    ['remove nothing', (d) => d.removeAll('X-Absent'), {}],
    ['remove the first value, a line', (d) => d.removeFirstValue('Route'), { 4: undefined }],
    [
      'remove the first value, of a list',
      (d) => d.removeFirstValue('Via'),
      { 1: 'Via: SIP/2.0/UDP two;branch=2' },
    ],
    [
      'remove the first value twice',
      (d) => {
        d.removeFirstValue('Via');
        d.removeFirstValue('Via');
      },
      { 1: undefined },
    ],
    [
      'remove two values, keeping the name as written',
      (d) => {
        d.removeFirstValue('Route');
        d.removeFirstValue('Route');
      },
      { 4: undefined, 7: 'route: <sip:p3;lr>' },
    ],
    ['remove the first value of nothing', (d) => d.removeFirstValue('X-Absent'), {}],
    [
      'replace the first value of a list',
      (d) => d.replaceFirstValue('Via', 'V'),
      { 1: 'Via: V, SIP/2.0/UDP two;branch=2' },
    ],
    ['replace a single value', (d) => d.replaceFirstValue('To', '<x>'), { 6: 'To: <x>' }],
    [
      'replace a value that is absent',
      (d) => d.replaceFirstValue('X', 'y'),
      { 2: ['v :  SIP/2.0/UDP three;branch=3', 'X: y'] },
    ],
    ['set one that stands once', (d) => d.set('Max-Forwards', '69'), { 12: 'Max-Forwards: 69' }],
    ['set one that stands twice', (d) => d.set('Route', '<z>'), { 4: 'Route: <z>', 7: undefined }],
    ['set one that is absent', (d) => d.set('X', 'y'), { 13: ['Content-Length: 4', 'X: y'] }],
    ['set a folded one', (d) => d.set('Subject', 'y'), { 10: 'Subject: y', 11: undefined }],
  ])('%s', (_name, edit, changes) => {
    expect(edited(edit)).toEqual(baseWith(changes));
  });

  it('unfold what is left of a folded list', () => {
    const text = base.replace('Route: <sip:p1;lr>', 'Route: <sip:p1;lr>,\r\n <sip:p9>\r\n ;x');
    const lines = edited((draft) => draft.removeFirstValue('Route'), text);
    expect(lines).toEqual(baseWith({ 4: 'Route: <sip:p9> ;x' }));
  });

  it('all that a proxy does', () => {
    const lines = edited((draft) => {
      draft.removeFirstValue('Route');
      draft.addFirst('Route', '<sip:psap;lr>');
      draft.addFirst('Record-Route', '<sip:us;lr>');
      draft.set('Max-Forwards', '69');
      draft.addFirst('Via', 'SIP/2.0/UDP us;branch=z9');
    });
    expect(lines).toEqual(
      baseWith({
        1: ['Via: SIP/2.0/UDP us;branch=z9', 'Via: SIP/2.0/UDP one;branch=1, SIP/2.0/UDP two;branch=2'],
        2: ['v :  SIP/2.0/UDP three;branch=3', 'Record-Route: <sip:us;lr>'],
        4: undefined,
        7: ['Route: <sip:psap;lr>', 'route:<sip:p2;lr>,<sip:p3;lr>'],
        12: 'Max-Forwards: 69',
      }),
    );
  });

  it('say what is there', () => {
    const draft = new MessageDraft(parsed(base));
    expect(draft.has('v')).toBe(true);
    expect(draft.has('Privacy')).toBe(false);
    draft.addLast('Privacy', 'id');
    expect(draft.has('privacy')).toBe(true);
  });

  it('may go on after the bytes were written', () => {
    const draft = new MessageDraft(parsed(base));
    draft.addFirst('X', '1');
    const first = draft.toBytes();
    draft.removeAll('X');
    expect(draft.toBytes().toString('latin1')).toBe(base);
    expect(first.toString('latin1')).toContain('X: 1\r\n');
  });
});

describe('what must not leave as it came', () => {
  it.each([
    ['a start line with spaces', 'INVITE  sip:a@b  SIP/2.0  '],
    ['a Request-URI in brackets', 'INVITE <sip:a@b> SIP/2.0'],
    ['a Request-URI with a space', 'INVITE sip:a @b SIP/2.0'],
    ['a Request-URI with headers', 'INVITE sip:a@b?Route=%3Csip:c%3E SIP/2.0'],
    ['another version', 'INVITE sip:a@b SIP/7.0'],
  ])('%s', (_name, startLine) => {
    const text = base.replace('INVITE sip:a@b SIP/2.0', startLine);
    expect(edited(() => undefined, text)).toEqual(baseWith({}));
  });

  it.each([
    ['the tail of a datagram', `${base}tail`, baseWith({})],
    ['a missing length', base.replace('Content-Length: 4\r\n', ''), baseWith({})],
    ['a length that is too large', base.replace('Length: 4', 'Length: 9999'), baseWith({})],
    ['a length that is no number', base.replace('Length: 4', 'Length: x'), baseWith({})],
    [
      'two lengths',
      base.replace('Subject', 'l: 4\r\nSubject'),
      [...baseWith({ 9: ['CSeq: 1 INVITE', 'Content-Length: 4'], 13: undefined })],
    ],
  ])('%s', (_name, text, expected) => {
    expect(edited(() => undefined, text)).toEqual(expected);
  });

  it.each([
    ['after the headers', 'X: y\r\n'],
    ['inside a line', 'X: y'],
    ['after a CR', 'X: y\r'],
    ['inside the blank line', 'X: y\r\n\r'],
  ])('a head that was cut off %s', (_name, end) => {
    const draft = new MessageDraft(parsed(`INVITE sip:a@b SIP/2.0\r\nVia: v\r\n${end}`));
    draft.addLast('Z', '1');
    draft.addFirst('Via', 'w');
    const text = draft.toBytes().toString('latin1');
    expect(text).toBe(
      'INVITE sip:a@b SIP/2.0\r\nVia: w\r\nVia: v\r\nX: y\r\nZ: 1\r\nContent-Length: 0\r\n\r\n',
    );
  });

  it.each(['', '\r', '\r\n', '\r\n\r', '\n'])('a start line alone, followed by %j', (end) => {
    const text = new MessageDraft(parsed(`INVITE sip:a@b SIP/2.0${end}`)).toBytes().toString('latin1');
    expect(text.replace('SIP/2.0\n', 'SIP/2.0\r\n')).toBe(
      'INVITE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n',
    );
  });

  it('a body that was replaced', () => {
    const draft = new MessageDraft(parsed(base));
    draft.setBody(Buffer.from('other body'));
    expect(draft.toBytes().toString('latin1').endsWith('Content-Length: 10\r\n\r\nother body')).toBe(true);
  });
});

describe('what would break a message', () => {
  it.each<readonly [string, (draft: MessageDraft) => void]>([
    ['CR in a value', (d) => d.addFirst('X', 'a\rb')],
    ['LF in a value', (d) => d.addLast('X', 'a\nVia: b')],
    ['LF in a replaced value', (d) => d.replaceFirstValue('Via', 'a\n')],
    ['LF in a set value', (d) => d.set('X', '\n')],
    ['a character beyond latin1', (d) => d.set('X', '東')],
    ['a space in the Request-URI', (d) => d.setRequestUri('sip:a b')],
    ['LF in the Request-URI', (d) => d.setRequestUri('sip:a\n')],
    ['an empty Request-URI', (d) => d.setRequestUri('')],
    ['a status on a request', (d) => d.setStatus(200, 'OK')],
  ])('%s is ours, and throws', (_name, edit) => {
    const draft = new MessageDraft(requestOf());
    expect(() => edit(draft)).toThrow(BugError);
  });

  it('a Request-URI on a response throws', () => {
    expect(() => new MessageDraft(responseOf()).setRequestUri('sip:a')).toThrow(BugError);
    expect(() => new MessageDraft(responseOf()).setStatus(200, 'O\nK')).toThrow(BugError);
  });
});
