import { describe, expect, it } from 'vitest';
import { BugError } from '../../../../src/base/index.ts';
import { writeResponse } from '../../../../src/sip/transaction/index.ts';
import { requestFrom } from '../../../support/emergency-messages.ts';
import { parsed } from '../../../support/sip-builders.ts';

const request = requestFrom(
  [
    'OPTIONS sip:a@b SIP/2.0',
    'v: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa, SIP/2.0/UDP x;branch=z9hG4bKb',
    'Via: SIP/2.0/TCP y;branch=z9hG4bKc',
    'f: "A; tag=no" <sip:a@b>;tag=1',
    't: "B;tag=no" <sip:a@b;tag=no>',
    'i: c',
    'CSeq: 1 OPTIONS',
    'Timestamp: 17',
    'Subject: not copied',
    '',
    '',
  ].join('\r\n'),
);

describe('writeResponse (RFC 3261 §8.2.6)', () => {
  it('copies what has to be copied, in order, with the stamped Via and a tag', () => {
    const bytes = writeResponse(request, 'STAMPED', {
      statusCode: 486,
      toTag: 'mine',
      headers: [{ name: 'Warning', value: '399 - "x"' }],
      body: Buffer.from('text'),
    });
    expect(bytes.toString('latin1').split('\r\n')).toEqual([
      'SIP/2.0 486 Busy Here',
      'Via: STAMPED, SIP/2.0/UDP x;branch=z9hG4bKb',
      'Via: SIP/2.0/TCP y;branch=z9hG4bKc',
      'From: "A; tag=no" <sip:a@b>;tag=1',
      'To: "B;tag=no" <sip:a@b;tag=no>;tag=mine',
      'Call-ID: c',
      'CSeq: 1 OPTIONS',
      'Warning: 399 - "x"',
      'Content-Length: 4',
      '',
      'text',
    ]);
  });

  it('a 100 has no tag and repeats Timestamp', () => {
    const text = writeResponse(request, undefined, { statusCode: 100, toTag: 'mine' }).toString('latin1');
    expect(text).not.toContain('mine');
    expect(text).toContain('Timestamp: 17\r\n');
    expect(text).toContain('Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa, SIP/2.0/UDP x;branch=z9hG4bKb\r\n');
  });

  it('keeps the tag that To has', () => {
    const tagged = requestFrom(
      request.bytes.toString('latin1').replace('tag=no>\r\ni:', 'tag=no>;tag=q\r\ni:'),
    );
    const text = writeResponse(tagged, undefined, { statusCode: 200, toTag: 'mine' }).toString('latin1');
    expect(text).toContain('To: "B;tag=no" <sip:a@b;tag=no>;tag=q\r\n');
  });

  it('answers a request that misses headers as far as they are there', () => {
    const poor = requestFrom('OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n\r\n');
    expect(writeResponse(poor, undefined, { statusCode: 400 }).toString('latin1')).toBe(
      'SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nContent-Length: 0\r\n\r\n',
    );
  });

  it('refuses a value that would break the message', () => {
    const headers = [{ name: 'X', value: 'a\r\nEvil: yes' }];
    expect(() => writeResponse(request, undefined, { statusCode: 200, headers })).toThrow(BugError);
  });

  it('copies values with a lone CR or LF so that the response has CRLF alone', () => {
    const odd = parsed(
      'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:c@d>\n ;tag=1\nTo: <sip:a@b>\r;x\nCall-ID: 1\rX: y\nCSeq: 1 INVITE\r\n\r\n',
    );
    if (odd.kind !== 'request') throw new Error('no request');
    const text = writeResponse(odd, undefined, { statusCode: 400, toTag: 'mine' }).toString('latin1');
    expect(text).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
    expect(text).toContain('\r\nCall-ID: 1 X: y\r\n');
  });
});
