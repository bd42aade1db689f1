import { describe, expect, it } from 'vitest';
import { cseq, fromHeader, maxForwards, toHeader, topVia } from '../../../../src/sip/index.ts';
import { defectTexts, requestOf, responseOf } from '../../../support/sip-builders.ts';

describe('mandatory headers of a request (RFC 3261 §8.1.1)', () => {
  it.each([
    ['no Via', { Via: undefined }, ['fatal 400 Missing Via']],
    ['no From', { From: undefined }, ['fatal 400 Missing From']],
    ['no Call-ID', { 'Call-ID': undefined }, ['fatal 400 Missing Call-ID']],
    ['no CSeq', { CSeq: undefined }, ['fatal 400 Missing CSeq']],
    ['no To', { To: undefined }, ['routable 400 Missing To']],
    ['no Max-Forwards (§16.3 item 3)', { 'Max-Forwards': undefined }, []],
    ['empty Via', { Via: '' }, ['fatal 400 Malformed Via']],
    ['Via of separators', { Via: ';;,;,,' }, ['fatal 400 Malformed Via']],
    ['Via with empty parameters', { Via: 'SIP/2.0/UDP 192.0.2.15;;,;,,' }, ['routable 400 Malformed Via']],
    [
      'Via of another version',
      { Via: 'SIP/7.0/UDP c.example.com;branch=z9hG4bK1' },
      ['routable 400 Malformed Via'],
    ],
    ['empty From', { From: '' }, ['fatal 400 Malformed From']],
    ['From of a parameter only', { From: ';tag=1' }, ['fatal 400 Malformed From']],
    ['From without a scheme', { From: 'ralph@example.com;tag=1' }, ['routable 400 Malformed From']],
    [
      'From that never closes its quote',
      { From: '"Caller <sip:a@b>;tag=1' },
      ['routable 400 Malformed From'],
    ],
    ['From that never closes its bracket', { From: '<sip:a@b;tag=1' }, ['routable 400 Malformed From']],
    [
      'comma in an unquoted name',
      { From: 'Bell, Alexander <sip:a@b>;tag=1' },
      ['routable 400 Malformed From'],
    ],
    ['spaces inside the brackets', { To: '"W" < sip:t@example.org >' }, ['routable 400 Malformed To']],
    [
      'To with an unbalanced quote',
      { To: '"Mr. J. User <sip:j@example.com>' },
      ['routable 400 Malformed To'],
    ],
    ['To with an unbalanced bracket', { To: 'sip: sip:bob@biloxi.com>;tag=' }, ['routable 400 Malformed To']],
    ['empty Call-ID', { 'Call-ID': '' }, ['fatal 400 Empty Call-ID']],
    ['Call-ID of two words', { 'Call-ID': 'a b' }, ['routable 400 Malformed Call-ID']],
    ['Call-ID of separators', { 'Call-ID': 'word`~)(><:\\/"][?}{' }, []],
    ['CSeq without number', { CSeq: 'INVITE' }, ['fatal 400 Invalid CSeq']],
    ['CSeq negative', { CSeq: '-1 INVITE' }, ['fatal 400 Invalid CSeq']],
    ['CSeq without a space', { CSeq: '1INVITE' }, ['fatal 400 Invalid CSeq']],
    ['CSeq without method', { CSeq: '314159' }, ['routable 400 Invalid CSeq']],
    ['CSeq of 2^31 - 1', { CSeq: '2147483647 INVITE' }, []],
    ['CSeq of 2^31', { CSeq: '2147483648 INVITE' }, ['routable 400 Invalid CSeq']],
    ['CSeq of 2^65', { CSeq: '36893488147419103232 INVITE' }, ['fatal 400 Invalid CSeq']],
    ['CSeq of another method', { CSeq: '1 BYE' }, ['routable 400 CSeq method does not match']],
    ['CSeq method in another case', { CSeq: '1 invite' }, ['routable 400 CSeq method does not match']],
    ['Max-Forwards 255', { 'Max-Forwards': '255' }, []],
    ['Max-Forwards 256', { 'Max-Forwards': '256' }, ['routable 400 Invalid Max-Forwards']],
    ['Max-Forwards negative', { 'Max-Forwards': '-1' }, ['routable 400 Invalid Max-Forwards']],
    ['Max-Forwards of letters', { 'Max-Forwards': 'abc' }, ['routable 400 Invalid Max-Forwards']],
  ])('%s', (_name, replace, expected) => {
    expect(defectTexts(requestOf({ replace }))).toEqual(expected);
  });

  it('names the method that is not known rather than the mismatch', () => {
    const request = requestOf({ startLine: 'NEWMETHOD sip:a@b SIP/2.0' });
    expect(defectTexts(request)).toEqual(['routable 501 CSeq method does not match']);
  });

  it.each([
    ['Call-ID', 'i: other', 'Duplicate Call-ID'],
    ['CSeq', 'CSeq: 2 INVITE', 'Duplicate CSeq'],
    ['From', 'f: <sip:other@b>', 'Duplicate From'],
    ['To', 't: <sip:other@b>', 'Duplicate To'],
    ['Max-Forwards', 'Max-Forwards: 5', 'Duplicate Max-Forwards'],
  ])('two %s: the first counts', (_name, line, text) => {
    const request = requestOf({ extra: [line] });
    expect(defectTexts(request)).toEqual([`routable 400 ${text}`]);
    expect(maxForwards(request)).toBe(70);
    expect(request.defects[0]?.code).toBe('message.duplicateHeader');
  });

  it('puts the fatal ones first', () => {
    const request = requestOf({ replace: { To: undefined, 'Call-ID': undefined, 'Max-Forwards': 'x' } });
    const severities = request.defects.map((defect) => defect.severity);
    expect(severities).toEqual(['fatal', 'routable', 'routable']);
  });
});

describe('what is still usable', () => {
  it('the Via, the From and the number of a CSeq that are only malformed', () => {
    const request = requestOf({
      replace: { Via: 'SIP/2.0/UDP 192.0.2.15;;branch=z9', From: '"Caller <sip:a@b>;tag=1', CSeq: '7' },
    });
    expect(topVia(request)).toMatchObject({ ok: true, value: { host: '192.0.2.15', branch: 'z9' } });
    expect(fromHeader(request)).toMatchObject({ ok: true, value: { uriText: 'sip:a@b', tag: '1' } });
    expect(cseq(request)).toMatchObject({ ok: true, value: { sequence: 7, method: 'INVITE' } });
  });

  it('nothing of a header that is absent', () => {
    const request = requestOf({
      replace: { Via: undefined, From: undefined, To: undefined, CSeq: undefined },
    });
    for (const result of [topVia(request), fromHeader(request), toHeader(request), cseq(request)]) {
      expect(result.ok ? 'ok' : result.error.code).toBe('message.missingHeader');
    }
  });
});

describe('responses', () => {
  it.each([
    ['no Via', { Via: undefined }, ['fatal 400 Missing Via']],
    ['no Max-Forwards', { 'Max-Forwards': undefined }, []],
    ['CSeq without method', { CSeq: '1' }, ['fatal 400 Invalid CSeq']],
    ['CSeq of any method', { CSeq: '1 BYE' }, []],
    ['no To', { To: undefined }, ['routable 400 Missing To']],
  ])('%s', (_name, replace, expected) => {
    expect(defectTexts(responseOf({ replace }))).toEqual(expected);
  });

  it('of another version are of no use', () => {
    const response = responseOf({ startLine: 'SIP/3.0 200 OK' });
    expect(defectTexts(response)).toEqual(['fatal 505 Version Not Supported']);
  });
});
