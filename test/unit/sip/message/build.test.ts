import { describe, expect, it } from 'vitest';
import { BugError } from '../../../../src/base/index.ts';
import {
  buildRequest,
  buildResponse,
  cseq,
  fromHeader,
  headerValue,
  headerValues,
  reasonPhraseFor,
  type SipMessage,
  statusClass,
  toHeader,
  topVia,
} from '../../../../src/sip/index.ts';
import { parsed, requestOf } from '../../../support/sip-builders.ts';

/** A message that was built must be what its own bytes parse to. */
function expectConsistent(message: SipMessage): void {
  const again = parsed(message.bytes);
  expect(again.defects).toEqual([]);
  expect({ ...again, views: undefined, bytes: undefined, body: undefined }).toEqual({
    ...message,
    views: undefined,
    bytes: undefined,
    body: undefined,
  });
  expect(again.body.equals(message.body)).toBe(true);
  for (const view of [topVia, cseq, fromHeader, toHeader]) expect(view(message)).toEqual(view(again));
}

describe('a request of ours', () => {
  it('is what its parts say', () => {
    const request = buildRequest({
      method: 'OPTIONS',
      requestUri: 'sip:a@b',
      headers: [
        ['Via', 'SIP/2.0/UDP h;branch=z9'],
        ['From', '<sip:c>;tag=1'],
        ['To', '<sip:a@b>'],
        ['Call-ID', 'x'],
        ['CSeq', '1 OPTIONS'],
        ['Max-Forwards', '70'],
      ],
      body: Buffer.from('body'),
    });
    expectConsistent(request);
    expect(request.bytes.toString('latin1').endsWith('Content-Length: 4\r\n\r\nbody')).toBe(true);
  });

  it('refuses a line break', () => {
    expect(() =>
      buildRequest({ method: 'OPTIONS', requestUri: 'sip:a', headers: [['X', 'a\r\nb']] }),
    ).toThrow(BugError);
    expect(() => buildRequest({ method: 'OPTIONS', requestUri: 'sip:a\n', headers: [] })).toThrow(BugError);
  });
});

describe('a response of ours (RFC 3261 §8.2.6)', () => {
  const request = requestOf({
    extra: ['v: SIP/2.0/TCP two;branch=2,\r\n SIP/2.0/UDP three', 'Timestamp: 54', 'Record-Route: <sip:r>'],
  });

  it('copies what it must and adds a tag', () => {
    const response = buildResponse(request, { statusCode: 200, toTag: 't1', body: Buffer.from('x') });
    expectConsistent(response);
    expect(headerValues(response, 'via')).toEqual(headerValues(request, 'via'));
    expect(headerValue(response, 'to')).toBe('<urn:service:sos>;tag=t1');
    for (const key of ['from', 'call-id', 'cseq'])
      expect(headerValue(response, key)).toBe(headerValue(request, key));
    expect(headerValue(response, 'record-route')).toBeUndefined();
    expect(headerValue(response, 'timestamp')).toBeUndefined();
    expect(response.reasonPhrase).toBe('OK');
  });

  it('copies Timestamp into a 100', () => {
    expect(headerValue(buildResponse(request, { statusCode: 100 }), 'timestamp')).toBe('54');
  });

  it('leaves a tag that is there', () => {
    const inDialog = requestOf({ replace: { To: '<urn:service:sos>;tag=there' } });
    const response = buildResponse(inDialog, { statusCode: 200, toTag: 'other' });
    expect(headerValue(response, 'to')).toBe('<urn:service:sos>;tag=there');
  });

  it('takes the top Via as it was filled in', () => {
    const filled = 'SIP/2.0/UDP 192.0.2.4;received=192.0.2.9;rport=1';
    const response = buildResponse(
      requestOf({
        replace: { Via: 'SIP/2.0/UDP 192.0.2.4;rport;x="a,b",\r\n SIP/2.0/UDP two' },
        extra: ['Via: SIP/2.0/UDP three'],
      }),
      { statusCode: 180, topVia: filled },
    );
    expect(headerValues(response, 'via')).toEqual([filled, 'SIP/2.0/UDP two', 'SIP/2.0/UDP three']);
  });

  it('adds headers after the copied ones', () => {
    const response = buildResponse(request, {
      statusCode: 503,
      reasonPhrase: 'Go Away',
      headers: [['Retry-After', '5']],
    });
    expectConsistent(response);
    expect(response.head.startsWith('SIP/2.0 503 Go Away\r\n')).toBe(true);
    expect(headerValue(response, 'retry-after')).toBe('5');
  });

  it.each([
    ['without anything', 'INVITE sip:a@b SIP/2.0\r\n\r\n'],
    [
      'without To',
      'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n',
    ],
    ['of malformed values', 'INVITE sip:a@b SIP/2.0\nVia: ;;\nFrom: "x\nTo: "y\nCall-ID: \nCSeq: x\n\n'],
    [
      'with CRs that end no line',
      'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r;x, SIP/2.0/UDP\rb\r\nFrom: <sip:a>\r;tag=1\r\nTo: \ra\rb\r\nCSeq: 1 \rX\r\n\r\n',
    ],
    ['cut off', 'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFro'],
  ])('answers a request %s as far as it can be read', (_name, text) => {
    const broken = parsed(text);
    if (broken.kind !== 'request') throw new Error('not a request');
    const response = buildResponse(broken, { statusCode: 400, reasonPhrase: 'Bad', toTag: 't' });
    const again = parsed(response.bytes);
    expect(again).toMatchObject({ kind: 'response', statusCode: 400 });
    expect(again.defects.some((defect) => defect.code === 'message.lineEnd')).toBe(false);
    expect(headerValues(again, 'via')).toEqual(headerValues(broken, 'via'));
    buildResponse(broken, { statusCode: 400, topVia: 'SIP/2.0/UDP filled' });
  });

  it('refuses a line break in the phrase', () => {
    expect(() => buildResponse(request, { statusCode: 400, reasonPhrase: 'a\r\nb' })).toThrow(BugError);
  });
});

describe('status codes', () => {
  it.each([
    [100, 'Trying', 1],
    [200, 'OK', 2],
    [424, 'Bad Location Information', 4],
    [487, 'Request Terminated', 4],
    [599, 'Server Failure', 5],
    [699, 'Global Failure', 6],
  ])('%i is %s', (code, phrase, group) => {
    expect(reasonPhraseFor(code)).toBe(phrase);
    expect(statusClass(code)).toBe(group);
  });
});
