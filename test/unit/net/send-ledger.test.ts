import { describe, expect, it } from 'vitest';
import { monoMs } from '../../../src/base/index.ts';
import { SendLedger, type SentMessage, sentKind } from '../../../src/net/send-ledger.ts';
import { destination } from '../../support/net-loopback.ts';

const to = destination({ transport: 'tcp', remote: { address: '127.0.0.1', port: 9 } });

function sent(text: string, parts: Partial<SentMessage> = {}): SentMessage {
  const bytes = Buffer.from(text);
  const { kind } = sentKind(bytes);
  const base = { bytes, destination: to, onFailed: undefined, kind, at: monoMs(0) };
  return { ...base, followsEnd: false, isWritten: true, ...parts };
}

describe('what a message that leaves is', () => {
  it.each([
    ['INVITE sip:a SIP/2.0', 'request', false, true],
    ['INFO sip:a SIP/2.0', 'request', false, false],
    ['ACK sip:a SIP/2.0', 'ack', false, false],
    ['SUBSCRIBE sip:a SIP/2.0', 'request', false, false],
    ['SIP/2.0 100 Trying', 'response', false, false],
    ['SIP/2.0 199 Early Dialog Terminated', 'response', false, false],
    ['SIP/2.0 200 OK', 'response', true, false],
    ['SIP/2.0 603 Decline', 'response', true, false],
    ['', 'request', false, false],
  ] as const)('%s', (text, kind, isFinal, isInvite) => {
    expect(sentKind(Buffer.from(text))).toEqual({ kind, isFinal, isInvite });
  });
});

describe('the ledger of a connection', () => {
  it('holds as lost what nothing followed: requests, what was not written, what a peer got after its end', () => {
    const ledger = new SendLedger();
    const request = sent('OPTIONS sip:a SIP/2.0');
    const unwritten = sent('SIP/2.0 200 OK', { isWritten: false });
    const late = sent('SIP/2.0 200 OK', { followsEnd: true });
    for (const each of [request, sent('SIP/2.0 200 OK'), sent('ACK sip:a SIP/2.0'), unwritten, late])
      ledger.note(each);
    expect(ledger.takeLost()).toEqual([request, unwritten, late]);
    expect(ledger.takeLost()).toEqual([]);
  });

  it('forgets what was written when the peer says something, and keeps the rest', () => {
    const ledger = new SendLedger();
    const waiting = sent('BYE sip:a SIP/2.0', { isWritten: false });
    for (const each of [sent('OPTIONS sip:a SIP/2.0'), waiting]) ledger.note(each);
    ledger.heard();
    expect(ledger.all()).toEqual([waiting]);
  });

  it('knows whether an answer is awaited, and since when in vain', () => {
    const ledger = new SendLedger();
    ledger.note(sent('SIP/2.0 200 OK'));
    expect(ledger.awaitsAnswer(monoMs(1), 1_000)).toBe(false);
    expect(ledger.isUnanswered(monoMs(9_999), 1_000)).toBe(false);
    ledger.note(sent('OPTIONS sip:a SIP/2.0', { at: monoMs(500) }));
    expect(ledger.awaitsAnswer(monoMs(1_499), 1_000)).toBe(true);
    expect(ledger.isUnanswered(monoMs(1_499), 1_000)).toBe(false);
    expect(ledger.awaitsAnswer(monoMs(1_500), 1_000)).toBe(false);
    expect(ledger.isUnanswered(monoMs(1_500), 1_000)).toBe(true);
    ledger.heard();
    expect(ledger.isUnanswered(monoMs(9_999), 1_000)).toBe(false);
  });

  it('keeps a bounded number of messages that nothing followed, the newest', () => {
    const ledger = new SendLedger();
    for (let index = 0; index < 2_000; index += 1) ledger.note(sent(`OPTIONS sip:${index} SIP/2.0`));
    expect(ledger.all()).toHaveLength(512);
    expect(ledger.all().at(-1)?.bytes.toString()).toContain('sip:1999');
  });
});
