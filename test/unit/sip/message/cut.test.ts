import { describe, expect, it } from 'vitest';
import {
  buildResponse,
  defaultMessageLimits,
  headerValues,
  MessageDraft,
  parseMessage,
} from '../../../../src/sip/index.ts';
import { parsed, sipBytes } from '../../../support/sip-builders.ts';

const whole = sipBytes({
  body: 'v=0\r\n\u0000\u00ff',
  extra: [
    'Subject: a\r\n folded value',
    'Contact: "x, \\"y" <sip:c@[::1]:5060;lr>;q=0.5, sip:d',
    'Supported:',
  ],
});

describe('a datagram cut at every byte', () => {
  const cuts = Array.from({ length: whole.length + 1 }, (_, length) => length);

  it.each(cuts)('at %i is read without a throw, and never as faultless unless it is whole', (length) => {
    const bytes = whole.subarray(0, length);
    const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
    if (outcome.kind === 'notSip') {
      expect(length).toBeLessThan('INVITE urn:service:sos SIP/'.length);
      return;
    }
    const { message } = outcome;
    expect(message.defects.length > 0).toBe(length < whole.length);
    for (const span of message.headers) {
      expect(span.end).toBeLessThanOrEqual(length);
      headerValues(message, span.key);
    }
    // What leaves for it is a message again, and whole.
    const again = parsed(new MessageDraft(message).toBytes(), 'stream');
    expect(again.defects.filter((defect) => defect.code === 'message.unterminated')).toEqual([]);
    expect(again.defects.filter((defect) => defect.code === 'message.contentLength')).toEqual([]);
    if (message.kind === 'request') buildResponse(message, { statusCode: 400, toTag: 'x' });
  });
});
