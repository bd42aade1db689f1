import { describe, expect, it } from 'vitest';
import {
  datagramKind,
  defaultFramingLimits,
  type FramedItem,
  StreamFramer,
} from '../../src/sip/framing/index.ts';
import { defaultMessageLimits, headerValues, parseMessage } from '../../src/sip/message/index.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import { defectTexts, parsed, sipBytes } from '../support/sip-builders.ts';

// What other stacks stumbled over in the field, where bytes become messages.

function push(...chunks: readonly (string | Buffer)[]): readonly FramedItem[] {
  const framer = new StreamFramer(defaultFramingLimits);
  return chunks.flatMap((chunk) => [
    ...framer.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk),
  ]);
}

function kinds(items: readonly FramedItem[]): readonly string[] {
  return items.map((item) => (item.kind === 'broken' ? item.error.code : item.kind));
}

const whole = sipBytes({ body: 'hello' }).toString('latin1');

function withLength(value: string, body = 'hello'): string {
  return sipBytes({ replace: { 'Content-Length': value }, body }).toString('latin1');
}

describe('Content-Length', () => {
  it('case 4: above the datagram is refused with 400 (RFC 3261 §18.3), help is routed with what is there', async () => {
    expect(defectTexts(parsed(withLength('50')))).toEqual([
      'routable 400 Content-Length exceeds the message',
    ]);
    const proxy = new EmergencyProxy();
    await proxy.send(withLength('50'));
    expect(headerValues(gotRequest(proxy.fallback), 'content-length')).toEqual(['5']);
    expect(proxy.warnings).toEqual(['message.contentLength', 'body.noContentType']);
  });

  it('case 4: below the datagram discards the tail (RFC 3261 §18.3)', async () => {
    const proxy = new EmergencyProxy();
    const message = await proxy.send(`${withLength('3')}INVITE sip:smuggled@example.com SIP/2.0\r\n`);
    expect(message.defects).toEqual([]);
    expect(gotRequest(proxy.fallback).body.toString()).toBe('hel');
  });

  it('case 5: absent in a datagram, the body reaches to its end and leaves with a length (RFC 3261 §18.3, §20.14)', async () => {
    const proxy = new EmergencyProxy();
    const bytes = sipBytes({ replace: { 'Content-Length': undefined }, body: 'hello' });
    expect((await proxy.send(bytes)).defects).toEqual([]);
    const request = gotRequest(proxy.fallback);
    expect([headerValues(request, 'content-length'), request.body.toString()]).toEqual([['5'], 'hello']);
  });

  it('case 5: absent on a stream ends the stream; the head is there to be answered (RFC 3261 §20.14)', () => {
    const text = sipBytes({ replace: { 'Content-Length': undefined } }).toString('latin1');
    const items = push(`${text}INVITE sip:a@b SIP/2.0\r\n`);
    expect(kinds(items)).toEqual(['framing.noContentLength']);
    const [item] = items;
    const head = item?.kind === 'broken' ? item.head : undefined;
    expect(head?.toString('latin1')).toBe(text);
    expect(defectTexts(parsed(text, 'stream'))).toEqual(['routable 400 Missing Content-Length']);
  });

  it('case 6: cutting a UTF-8 character is a length like any other; the bytes leave as they are', async () => {
    const proxy = new EmergencyProxy();
    const body = Buffer.from('Straße');
    await proxy.send(sipBytes({ replace: { 'Content-Length': '5' }, body }));
    expect(gotRequest(proxy.fallback).body.equals(body.subarray(0, 5))).toBe(true);
    expect(push(sipBytes({ replace: { 'Content-Length': '5' }, body }))[0]).toMatchObject({
      kind: 'message',
    });
  });

  it.each([
    ['two that differ', ['Content-Length: 5', 'l: 3'], 'routable 400 Invalid Content-Length'],
    ['two that agree', ['Content-Length: 5', 'l: 5'], 'routable 400 Duplicate Content-Length'],
  ])(
    'case 7: %s is refused with 400 (RFC 4475 §3.3.9); help leaves with exactly one',
    async (_name, extra, defect) => {
      const bytes = sipBytes({ replace: { 'Content-Length': undefined }, extra, body: 'hello' });
      expect(defectTexts(parsed(bytes))).toEqual([defect]);
      const proxy = new EmergencyProxy();
      await proxy.send(bytes);
      const request = gotRequest(proxy.fallback);
      expect([headerValues(request, 'content-length'), request.body.toString()]).toEqual([['5'], 'hello']);
    },
  );

  it('case 7: two that differ end a stream, for nobody knows where the message ends', () => {
    const bytes = sipBytes({
      replace: { 'Content-Length': undefined },
      extra: ['Content-Length: 5', 'l: 3'],
      body: 'hello',
    });
    expect(kinds(push(bytes))).toEqual(['framing.badContentLength']);
  });

  it.each([
    ['negative', '-1', 'framing.badContentLength'],
    ['of 2^31', '2147483648', 'framing.bodyTooLarge'],
    ['of 2^64 and one', '18446744073709551617', 'framing.badContentLength'],
    ['of a hundred digits', '9'.repeat(100), 'framing.badContentLength'],
    ['hexadecimal', '0x10', 'framing.badContentLength'],
    ['with a sign', '+5', 'framing.badContentLength'],
    ['empty', '', 'framing.badContentLength'],
  ])('case 8: %s on a stream ends it without waiting for a byte', (_name, value, code) => {
    expect(kinds(push(withLength(value)))).toEqual([code]);
  });
});

describe('line ends between and inside of messages', () => {
  it.each([1, 2, 3, 4, 5, 7])('case 9: %i line ends after a body do not shift what follows', (count) => {
    const items = push(`${whole}${'\r\n'.repeat(count)}${whole}`);
    expect(
      items.filter((item) => item.kind === 'message').map((item) => item.bytes.toString('latin1')),
    ).toEqual([whole, whole]);
    expect(items.filter((item) => item.kind === 'ping')).toHaveLength(Math.floor(count / 2));
  });

  it('case 10: the line end of a header that arrives alone is no keep-alive', () => {
    const at = whole.indexOf('\r\nMax-Forwards');
    expect(kinds(push(whole.slice(0, at), '\r\n', whole.slice(at + 2)))).toEqual(['message']);
    const blank = whole.indexOf('\r\n\r\n');
    expect(kinds(push(whole.slice(0, blank + 2), '\r\n', whole.slice(blank + 4)))).toEqual(['message']);
    expect(kinds(push(whole.slice(0, blank), '\r\n\r\n', whole.slice(blank + 4)))).toEqual(['message']);
  });

  it('case 11: a ping in four pieces is one ping (RFC 5626 §4.4.1)', () => {
    expect(kinds(push('\r', '\n', '\r', '\n'))).toEqual(['ping']);
    expect(kinds(push('\r\n', '\r\n', whole))).toEqual(['ping', 'message']);
    expect(kinds(push('\r\n'))).toEqual([]);
  });

  it('case 12: several messages in one segment, and the end of a head cut at each of its bytes', () => {
    expect(kinds(push(whole.repeat(5)))).toEqual(new Array(5).fill('message'));
    const blank = whole.indexOf('\r\n\r\n');
    for (let cut = blank - 1; cut <= blank + 5; cut += 1) {
      expect(kinds(push(whole.slice(0, cut), whole.slice(cut) + whole))).toEqual(['message', 'message']);
    }
  });
});

describe('strangers', () => {
  const httpRequest = 'GET / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\n\r\n';

  it('case 13: HTTP on a SIP stream is no message, and known for what it is', () => {
    expect(kinds(push(httpRequest))).toEqual(['framing.http']);
    expect(kinds(push(...[...httpRequest]))).toEqual(['framing.http']);
  });

  it('case 13: HTTP in a datagram is no message', () => {
    const bytes = Buffer.from(httpRequest);
    expect(datagramKind(bytes)).toBe('sip');
    expect(parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits })).toMatchObject({
      kind: 'notSip',
      error: { code: 'message.otherProtocol' },
    });
  });
});
