import { describe, expect, it } from 'vitest';
import {
  datagramKind,
  defaultFramingLimits,
  type FramedItem,
  type FramingLimits,
  StreamFramer,
} from '../../../../src/sip/index.ts';
import { cpuMsOf, parsed, sipBytes } from '../../../support/sip-builders.ts';

/** What a stream of chunks is cut into, in words: the text of messages, `ping`, the code of what is broken. */
function framed(
  chunks: readonly (string | Buffer)[],
  limits: FramingLimits = defaultFramingLimits,
): readonly string[] {
  const framer = new StreamFramer(limits);
  return chunks.flatMap((chunk) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : Buffer.from(chunk);
    const items = framer.push(bytes).map(inWords);
    return items;
  });
}

function inWords(item: FramedItem): string {
  if (item.kind === 'message') return item.bytes.toString('latin1');
  return item.kind === 'ping' ? 'ping' : item.error.code;
}

const one = sipBytes({ body: 'v=0\r\n\r\n\u0000\u00ff' }).toString('latin1');
const two = sipBytes({ startLine: 'SIP/2.0 200 OK' }).toString('latin1');

describe('a stream (RFC 3261 §18.3)', () => {
  it.each<readonly [string, readonly string[], readonly string[]]>([
    ['one message in a chunk', [one], [one]],
    ['two in a chunk', [one + two], [one, two]],
    ['fifty in a chunk', [two.repeat(50)], Array.from({ length: 50 }, () => two)],
    ['two and a half', [one + two + one.slice(0, 20), one.slice(20)], [one, two, one]],
    ['an empty chunk', ['', one, ''], [one]],
    [
      'compact and odd lengths',
      ['A sip:b SIP/2.0\r\nl :\r\n  3\r\n\r\nabcB'],
      ['A sip:b SIP/2.0\r\nl :\r\n  3\r\n\r\nabc'],
    ],
    [
      'the same length twice',
      ['A sip:b SIP/2.0\r\nl: 1\r\nContent-Length: 1\r\n\r\na'],
      ['A sip:b SIP/2.0\r\nl: 1\r\nContent-Length: 1\r\n\r\na'],
    ],
    ['lines that end with LF', ['A sip:b SIP/2.0\nl: 1\n\na'], ['A sip:b SIP/2.0\nl: 1\n\na']],
    [
      'a blank line in two chunks',
      ['A sip:b SIP/2.0\r\nl: 0\r\n\r', '\n'],
      ['A sip:b SIP/2.0\r\nl: 0\r\n\r\n'],
    ],
    [
      'the CRLF of a header alone',
      ['A sip:b SIP/2.0\r\nl: 0', '\r\n', '\r\n'],
      ['A sip:b SIP/2.0\r\nl: 0\r\n\r\n'],
    ],
    [
      'a body that starts with line ends',
      ['A sip:b SIP/2.0\r\nl: 4\r\n\r\n', '\r\n\r\n'],
      ['A sip:b SIP/2.0\r\nl: 4\r\n\r\n\r\n\r\n'],
    ],
    ['a line end too many after a message', [`${one}\r\n`, two], [one, two]],
    ['one line end in front', [`\r\n${one}`], [one]],
    ['LF in front', [`\n\n${one}`], [one]],
    ['a space in front', [` ${two}`], [` ${two}`]],
  ])('%s', (_name, chunks, expected) => {
    expect(framed(chunks)).toEqual(expected);
  });

  it('is cut the same at every byte', () => {
    const stream = `\r\n\r\n${one}${two}\r\n\r\n${one}`;
    const expected = framed([stream]);
    expect(expected).toEqual(['ping', one, two, 'ping', one]);
    for (let at = 0; at <= stream.length; at++) {
      expect(framed([stream.slice(0, at), stream.slice(at)]), `cut at ${at}`).toEqual(expected);
    }
    expect(framed([...stream])).toEqual(expected);
  });

  it('hands out bytes that later ones do not change', () => {
    const framer = new StreamFramer(defaultFramingLimits);
    const items: FramedItem[] = [];
    for (const character of (one + two).repeat(20))
      items.push(...framer.push(Buffer.from(character, 'latin1')));
    expect(items.map(inWords)).toEqual(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : two)),
    );
  });

  it('says how much of a message waits', () => {
    const framer = new StreamFramer(defaultFramingLimits);
    expect(framer.pendingBytes).toBe(0);
    framer.push(Buffer.from('\r\n'));
    expect(framer.pendingBytes).toBe(0);
    framer.push(Buffer.from('INVITE'));
    expect(framer.pendingBytes).toBe(6);
    const other = new StreamFramer(defaultFramingLimits);
    other.push(Buffer.from(one + one.slice(0, 30), 'latin1'));
    expect(other.pendingBytes).toBe(30);
    other.push(Buffer.from(one.slice(30), 'latin1'));
    expect(other.pendingBytes).toBe(0);
  });

  it('uses whole messages of a chunk without copying them', () => {
    const chunk = Buffer.from(one + two, 'latin1');
    const items = new StreamFramer(defaultFramingLimits).push(chunk);
    for (const item of items) expect(item.kind === 'message' && item.bytes.buffer).toBe(chunk.buffer);
  });
});

describe('keepalives (RFC 5626 §4.4.1)', () => {
  it.each<readonly [string, readonly string[], readonly string[]]>([
    ['a ping', ['\r\n\r\n'], ['ping']],
    ['a ping in four chunks', ['\r', '\n', '\r', '\n'], ['ping']],
    ['two pings', ['\r\n\r\n\r\n\r\n'], ['ping', 'ping']],
    ['a pong is nothing', ['\r\n'], []],
    ['a ping and a half', ['\r\n\r\n\r\n'], ['ping']],
    ['between messages', [`${two}\r\n\r`, `\n${two}`], [two, 'ping', two]],
    ['a half one before a message, another after', [`\r\n${two}`, '\r\n'], [two]],
    ['line ends of LF', ['\n\n\n\n'], []],
    ['an odd CR', ['\r\r\n\r\n'], ['ping']],
  ])('%s', (_name, chunks, expected) => {
    expect(framed(chunks)).toEqual(expected);
  });
});

describe('a stream that cannot be cut any more', () => {
  const head = 'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n';
  it.each<readonly [string, string, string]>([
    ['no Content-Length', `${head}\r\nv=0`, 'framing.noContentLength'],
    ['a negative one', `${head}Content-Length: -1\r\n\r\n`, 'framing.badContentLength'],
    ['one that is no number', `${head}Content-Length: 0x10\r\n\r\n`, 'framing.badContentLength'],
    ['an empty one', `${head}Content-Length:\r\n\r\n`, 'framing.badContentLength'],
    ['two that differ', `${head}Content-Length: 0\r\nl: 87\r\n\r\n`, 'framing.badContentLength'],
    ['a list', `${head}Content-Length: 1, 1\r\n\r\n`, 'framing.badContentLength'],
    [
      'one beyond any number',
      `${head}Content-Length: 18446744073709551617\r\n\r\n`,
      'framing.badContentLength',
    ],
    ['one above the limit', `${head}Content-Length: 1048577\r\n\r\n`, 'framing.bodyTooLarge'],
  ])('%s: the head is there to be answered', (_name, text, code) => {
    const framer = new StreamFramer(defaultFramingLimits);
    const items = framer.push(Buffer.from(text, 'latin1'));
    expect(items.map(inWords)).toEqual([code]);
    const [item] = items;
    if (item?.kind !== 'broken' || item.head === undefined) throw new Error('no head');
    expect(parsed(item.head)).toMatchObject({ kind: 'request', method: 'INVITE' });
    expect(framer.push(Buffer.from(one))).toEqual([]);
    expect(framer.pendingBytes).toBe(0);
  });

  it.each<readonly [string, readonly string[], string]>([
    ['TLS', ['\u0016\u0003\u0001\u0002\u0000'], 'framing.tls'],
    ['its first byte', ['\u0016'], 'framing.tls'],
    ['HTTP', ['GET / HTTP/1.1\r\n'], 'framing.http'],
    ['HTTP in two chunks', ['GET / HT', 'TP/1.1\r\n'], 'framing.http'],
    ['HTTP/2', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 'framing.http'],
    ['an HTTP response', ['HTTP/1.1 200 OK\r\n'], 'framing.http'],
    ['RTSP', ['OPTIONS * RTSP/1.0\r\n'], 'framing.http'],
    ['a line without version', ['INVITE sip:alan@jasomi.com\r\n'], 'framing.notSip'],
    ['words', ['garbage garbage\r\n\r\n', one], 'framing.notSip'],
    ['zeros', ['\u0000\u0000'], 'framing.notSip'],
    ['bytes beyond ASCII', ['\u00ff'], 'framing.notSip'],
    ['a bracket', ['<?xml version="1.0"?>'], 'framing.notSip'],
  ])('%s is told apart', (_name, chunks, code) => {
    expect(framed(chunks)).toEqual([code]);
  });

  it('keeps what came before', () => {
    expect(framed([`${two}\r\n\r\ngarbage\r\n${two}`])).toEqual([two, 'ping', 'framing.notSip']);
  });

  const limits = { headBytesMax: 200, startLineBytesMax: 50, bodyBytesMax: 10 };
  const line = 'A sip:b SIP/2.0\r\nl: 10\r\n';
  const full = `${line}X: ${'x'.repeat(200 - line.length - 7)}\r\n\r\n`;
  it.each<readonly [string, string, readonly string[]]>([
    ['a head of just the limit', `${full}0123456789`, [`${full}0123456789`]],
    ['a head of one byte more', full.replace('X: ', 'X: x'), ['framing.headTooLarge']],
    ['a head that does not end', `${line}X: ${'x'.repeat(200)}`, ['framing.headTooLarge']],
    ['headers that do not end', `${line}${'X: y\r\n'.repeat(100)}`, ['framing.headTooLarge']],
    ['a start line that does not end', 'A'.repeat(51), ['framing.headTooLarge']],
    ['a body above the limit', 'A sip:b SIP/2.0\r\nl: 11\r\n\r\n', ['framing.bodyTooLarge']],
  ])('%s', (_name, text, expected) => {
    expect(framed([text], limits)).toEqual(expected);
    expect(framed([...text], limits)).toEqual(expected);
  });
});

describe('cost', () => {
  it.each<readonly [string, string]>([
    ['a head of 60 kB', `A sip:b SIP/2.0\r\nX: ${'x'.repeat(60_000)}\r\nl: 0\r\n\r\n`],
    ['10,000 lines', `A sip:b SIP/2.0\r\n${'X: y\r\n'.repeat(10_000)}l: 0\r\n\r\n`],
    ['a body of 1 MB', `A sip:b SIP/2.0\r\nl: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`],
  ])('grows with the bytes when %s comes byte by byte', (_name, text) => {
    const bytes = Buffer.from(text, 'latin1');
    const framer = new StreamFramer(defaultFramingLimits);
    let messages = 0;
    const spentMs = cpuMsOf(() => {
      for (let at = 0; at < bytes.length; at++) messages += framer.push(bytes.subarray(at, at + 1)).length;
    });
    expect(messages).toBe(1);
    // About a tenth of a second for a million pushes; what grows with the square takes minutes.
    expect(spentMs).toBeLessThan(5_000);
  });

  it('of memory follows what was sent, not what was announced', () => {
    const framer = new StreamFramer(defaultFramingLimits);
    const before = process.memoryUsage().arrayBuffers;
    framer.push(Buffer.from('A sip:b SIP/2.0\r\nl: 1000000\r\n\r\n'));
    framer.push(Buffer.from('x'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(500_000);
  });
});

describe('a datagram is told by its first bytes', () => {
  const stun = Buffer.alloc(20);
  stun.writeUInt16BE(1, 0);
  stun.writeUInt32BE(0x2112a442, 4);
  it.each<readonly [string, Buffer, string]>([
    ['a request', Buffer.from(one, 'latin1'), 'sip'],
    ['a response', Buffer.from(two, 'latin1'), 'sip'],
    ['line ends before a request', Buffer.from(`\r\n\r\n${one}`, 'latin1'), 'sip'],
    ['a space before a request', Buffer.from(` ${one}`, 'latin1'), 'sip'],
    ['nothing', Buffer.alloc(0), 'keepalive'],
    ['one line end', Buffer.from('\r\n'), 'keepalive'],
    ['two line ends', Buffer.from('\r\n\r\n'), 'keepalive'],
    ['four NULs', Buffer.alloc(4), 'keepalive'],
    ['a thousand NULs', Buffer.alloc(1_000), 'other'],
    ['STUN', stun, 'stun'],
    ['STUN without its cookie', Buffer.concat([stun.subarray(0, 4), Buffer.alloc(16)]), 'other'],
    ['STUN cut short', stun.subarray(0, 19), 'other'],
    ['RTP', Buffer.from([0x80, 0, 0, 1]), 'other'],
    ['TLS', Buffer.from([0x16, 3, 1]), 'other'],
  ])('%s', (_name, bytes, kind) => {
    expect(datagramKind(bytes)).toBe(kind);
  });
});
