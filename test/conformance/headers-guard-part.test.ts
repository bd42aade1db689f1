import { describe, expect, it } from 'vitest';
import { HeaderGuard } from '../support/header-guard.ts';
import { parsed } from '../support/sip-builders.ts';

const sdp = 'v=0\r\ns=-\r\n';

function text(via: readonly string[], headers: readonly string[], body: string): Buffer {
  const lines = ['INVITE urn:service:sos SIP/2.0', ...via.map((value) => `Via: ${value}`)];
  lines.push('From: <sip:a@b>;tag=1', 'To: <urn:service:sos>', 'Call-ID: c1', 'CSeq: 1 INVITE', ...headers);
  return Buffer.from([...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'), 'latin1');
}

const from = 'SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK1';
const ours = 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK2';
const described = ['Content-Type: application/sdp', 'Content-Disposition: session', 'X-Other: 1'];
const wrapped = `--n\r\nContent-Type: application/sdp\r\nContent-Disposition: session\r\n\r\n${sdp}\r\n--n\r\n\r\nnew\r\n--n--\r\n`;
const mixed = 'Content-Type: multipart/mixed;boundary=n';

/** What the guard has against a forwarded request, where a part may be added and where not. */
function found(headers: readonly string[], body: string, mayAdd: boolean): readonly string[] {
  const guard = new HeaderGuard(
    () => false,
    () => mayAdd,
  );
  guard.received(parsed(text([from], described, sdp)));
  return guard.sent(text([ours, from], headers, body));
}

describe('RFC 3261 §16.6: the one edit of a body that is ordered', () => {
  it('a part more is let pass where it was ordered, and nowhere else', () => {
    expect(found([mixed, 'X-Other: 1'], wrapped, true)).toEqual([]);
    expect(found([mixed, 'X-Other: 1'], wrapped, false)).toContain('the body was changed');
  });

  it.each<[string, readonly string[], string, string]>([
    ['a byte of the content', [mixed, 'X-Other: 1'], wrapped.replace('v=0', 'v=1'), 'the body was changed'],
    [
      'a header of the body that is lost',
      [mixed, 'X-Other: 1'],
      wrapped.replace('Content-Disposition: session\r\n', ''),
      'content-disposition: lost',
    ],
    [
      'another type than multipart/mixed',
      ['Content-Type: text/plain', 'X-Other: 1'],
      wrapped,
      'Content-Type: a part was added to text/plain',
    ],
    ['a header beside it', [mixed], wrapped, 'X-Other: 1 removed'],
    [
      'a Content-ID (RFC 8262 §3.4.2)',
      [mixed, 'X-Other: 1', 'Content-ID: <a@b>'],
      wrapped,
      'Content-ID: 1 added',
    ],
  ])('%s is still found', (_name, headers, body, violation) => {
    expect(found(headers, body, true).map((each) => each.toLowerCase())).toContain(violation.toLowerCase());
  });
});
