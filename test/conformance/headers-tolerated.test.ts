import { describe, expect, it } from 'vitest';
import { defaultMessageLimits, type MessageErrorCode, messageErrors } from '../../src/sip/message/index.ts';
import { EmergencyProxy } from '../support/emergency-proxy.ts';
import { type MessageParts, sipBytes } from '../support/sip-builders.ts';

// Whatever is wrong with a call for help and leaves something to route by: it is routed, and the call's record says what
// was wrong. Any other request with it is refused.

const { uriBytesMax, startLineBytesMax, headersMax, bodyBytesMax } = defaultMessageLimits;
const service = 'Accept-Contact: *;service="sos"';

/** For each defect that is no reason to give up: a call for help that has it. */
const tolerated: Readonly<Partial<Record<MessageErrorCode, MessageParts | string>>> = {
  'message.startLine': { startLine: 'INVITE  urn:service:sos  SIP/2.0' },
  'message.startLineTooLong': { startLine: `INVITE urn:service:sos${' '.repeat(startLineBytesMax)} SIP/2.0` },
  'message.version': { startLine: 'INVITE urn:service:sos SIP/3.0' },
  'message.requestUriForm': { startLine: 'INVITE <urn:service:sos> SIP/2.0' },
  'message.requestUriScheme': { startLine: 'INVITE soap.beep://help SIP/2.0', extra: [service] },
  'message.requestUriTooLong': { startLine: `INVITE sip:sos@${'a'.repeat(uriBytesMax)} SIP/2.0` },
  'message.lineEnd': sipBytes().toString('latin1').replaceAll('\r\n', '\n'),
  'message.headerLine': { extra: ['no colon here'] },
  'message.tooManyHeaders': { extra: new Array(headersMax + 1).fill('X: 1') },
  'message.unterminated': sipBytes().toString('latin1').slice(0, -2),
  'message.missingHeader': { replace: { To: undefined } },
  'message.duplicateHeader': { extra: ['CSeq: 2 INVITE'] },
  'message.via': { replace: { Via: 'SIP/2.0/UDP 192.0.2.7;;branch=z9hG4bK1' } },
  'message.cseq': { replace: { CSeq: '2147483648 INVITE' } },
  'message.cseqMethod': { replace: { CSeq: '1 BYE' } },
  'message.callId': { replace: { 'Call-ID': 'two words' } },
  'message.from': { replace: { From: 'alice@example.net;tag=1' } },
  'message.to': { replace: { To: '"Help <urn:service:sos>' } },
  'message.maxForwards': { replace: { 'Max-Forwards': 'many' } },
  'message.contentLength': { replace: { 'Content-Length': '-5' } },
  'message.bodyTooLarge': { body: Buffer.alloc(bodyBytesMax + 1), extra: ['Content-Type: x/y'] },
};

/** No transaction can be made of these, or they are no messages, or no defects of a message at all. */
const hopeless: readonly MessageErrorCode[] = [
  'message.empty',
  'message.notSip',
  'message.otherProtocol',
  'message.headTooLarge',
  'message.statusCode',
  'message.requestUri',
  'message.address',
  'message.headerValue',
];

describe('RFC 3261 §16.3 item 1: reasonable syntax, and what a call for help is forgiven', () => {
  it('is settled for every error of a message', () => {
    const settled = [...Object.keys(tolerated), ...hopeless].sort();
    expect(settled).toEqual(Object.keys(messageErrors).sort());
  });

  it.each(Object.entries(tolerated))('%s: routed, and noted on the record', async (code, parts) => {
    const proxy = new EmergencyProxy();
    const bytes = typeof parts === 'string' ? Buffer.from(parts, 'latin1') : sipBytes(parts);
    const message = await proxy.send(bytes);
    expect(message.defects.map((defect) => defect.code)).toContain(code);
    expect(message.defects.every((defect) => defect.severity === 'routable')).toBe(true);
    expect(proxy.delivered).toMatch(/^(fallback|psap) INVITE$/);
    expect(proxy.warnings).toContain(code);
    expect(proxy.records.at(-1)?.warnings[0]?.message).not.toBe('');
  });
});
