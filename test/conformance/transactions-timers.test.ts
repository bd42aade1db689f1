import { describe, expect, it } from 'vitest';
import { defaultMessageLimits, headerValue, parseMessage } from '../../src/sip/message/index.ts';
import { defaultTransactionTimers } from '../../src/sip/transaction/index.ts';
import { TransactionBench } from '../support/transaction-bench.ts';

/** When something was sent, counted from the first time. */
function sendTimes(bench: TransactionBench): number[] {
  const first = bench.sends[0]?.at ?? 0;
  return bench.sends.map((sent) => sent.at - first);
}

describe('RFC 3261 §17.1.1.2 INVITE client', () => {
  it('timer A: repeats at T1 and doubles without a cap; timer B: gives up after 64*T1', () => {
    const bench = new TransactionBench();
    bench.open('INVITE');
    bench.wait(31_999);
    expect(sendTimes(bench)).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(bench.log).not.toContain('timeout');
    bench.wait(1);
    expect(bench.log.slice(-2)).toEqual(['timeout', 'end']);
  });

  it('timer A does not run over a reliable transport, timer B does', () => {
    const bench = new TransactionBench('tcp');
    bench.open('INVITE');
    bench.wait(32_000);
    expect(bench.log).toEqual(['send INVITE', 'timeout', 'end']);
  });

  it('a provisional response ends the repetitions and timer B', () => {
    const bench = new TransactionBench();
    const { request } = bench.open('INVITE');
    bench.answer(request, 100);
    bench.wait(3_600_000);
    expect(bench.log).toEqual(['send INVITE', 'response 100']);
  });

  it('timer D: absorbs repeated refusals for 32 s with an ACK for each, none on a reliable transport', () => {
    const bench = new TransactionBench();
    const { request } = bench.open('INVITE');
    bench.answer(request, 486);
    bench.answer(request, 486);
    bench.wait(31_999);
    expect(bench.takeLog()).toEqual(['send INVITE', 'send ACK', 'response 486', 'send ACK']);
    bench.wait(1);
    expect(bench.takeLog()).toEqual(['end']);
    const reliable = new TransactionBench('tcp');
    reliable.answer(reliable.open('INVITE').request, 486);
    expect(reliable.log).toEqual(['send INVITE', 'send ACK', 'response 486', 'end']);
  });

  it('RFC 3261 §17.1.1.3: the ACK has Request-URI, Via, From, Call-ID, routes of the INVITE and To of the response', () => {
    const bench = new TransactionBench();
    const { request } = bench.open('INVITE');
    bench.answer(request, 486);
    const bytes = bench.sends.at(-1)?.bytes ?? Buffer.alloc(0);
    const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
    if (outcome.kind !== 'message' || outcome.message.kind !== 'request') throw new Error('no ACK');
    const ack = outcome.message;
    expect(ack.defects).toEqual([]);
    expect(ack.requestUri).toBe(request.requestUri);
    for (const key of ['via', 'from', 'call-id', 'route']) {
      expect(headerValue(ack, key)).toBe(headerValue(request, key));
    }
    expect(headerValue(ack, 'to')).toBe('<sip:b@example.org>;tag=b');
    expect(headerValue(ack, 'cseq')).toBe('7 ACK');
  });
});

describe('RFC 6026 §7.1, §7.2, §8.8: the Accepted states', () => {
  it('RFC 6026 §7.2: timer M: every 2xx within 64*T1 is passed up, none after', () => {
    const bench = new TransactionBench();
    const { request } = bench.open('INVITE');
    bench.answer(request, 200);
    bench.wait(31_999);
    bench.answer(request, 200);
    bench.answer(request, 486);
    bench.answer(request, 180);
    bench.wait(1);
    bench.answer(request, 200);
    expect(bench.log).toEqual(['send INVITE', 'response 200', 'response 200', 'end', 'no transaction']);
  });

  it('RFC 6026 §7.1: timer L: the INVITE is absorbed, each ACK and each further 2xx passes, for 64*T1', () => {
    const bench = new TransactionBench();
    const { transaction, request } = bench.accept('INVITE');
    bench.reply(transaction, 200);
    bench.receive(request);
    bench.receive(bench.incoming('ACK'));
    bench.reply(transaction, 200);
    bench.reply(transaction, 486);
    expect(bench.takeLog()).toEqual(['send 200', 'ack', 'send 200']);
    bench.wait(31_999);
    bench.receive(request);
    expect(bench.takeLog()).toEqual([]);
    bench.wait(1);
    expect(bench.takeLog()).toEqual(['end']);
    bench.receive(request);
    bench.receive(bench.incoming('ACK'));
    expect(bench.takeLog()).toEqual(['request INVITE', 'ack']);
  });

  it('RFC 6026 §8.8: a response that cannot be sent is told and ends nothing', () => {
    const bench = new TransactionBench();
    const { transaction } = bench.accept('INVITE');
    bench.reply(transaction, 486);
    bench.failLastSend();
    expect(bench.log).toEqual(['send 486', 'transport']);
    expect(transaction.state).toBe('completed');
  });
});

describe('RFC 3261 §17.1.2.2 non-INVITE client', () => {
  it('timer E: doubles up to T2; timer F: gives up after 64*T1', () => {
    const bench = new TransactionBench();
    bench.open('MESSAGE');
    bench.wait(32_000);
    expect(sendTimes(bench)).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
    expect(bench.log.slice(-2)).toEqual(['timeout', 'end']);
  });

  it('timer E goes on at T2 after a provisional response', () => {
    const bench = new TransactionBench();
    const { request } = bench.open('MESSAGE');
    bench.answer(request, 100);
    bench.wait(9000);
    expect(sendTimes(bench)).toEqual([0, 500, 4500, 8500]);
  });

  it('timer K: absorbs repeated responses for T4, none on a reliable transport', () => {
    const bench = new TransactionBench();
    const { request } = bench.open('MESSAGE');
    bench.answer(request, 200);
    bench.answer(request, 200);
    bench.wait(4999);
    expect(bench.takeLog()).toEqual(['send MESSAGE', 'response 200']);
    bench.wait(1);
    expect(bench.takeLog()).toEqual(['end']);
    const reliable = new TransactionBench('tcp');
    reliable.answer(reliable.open('MESSAGE').request, 200);
    expect(reliable.log).toEqual(['send MESSAGE', 'response 200', 'end']);
  });
});

describe('RFC 3261 §17.2.1 INVITE server', () => {
  it('timer G: repeats a refusal at T1, doubling up to T2; timer H: gives up after 64*T1', () => {
    const bench = new TransactionBench();
    bench.reply(bench.accept('INVITE').transaction, 486);
    bench.wait(32_000);
    expect(sendTimes(bench)).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
    expect(bench.log.slice(-2)).toEqual(['ackMissing', 'end']);
  });

  it('timer G does not run over a reliable transport, timer H does', () => {
    const bench = new TransactionBench('tcp');
    bench.reply(bench.accept('INVITE').transaction, 486);
    bench.wait(32_000);
    expect(bench.log).toEqual(['send 486', 'ackMissing', 'end']);
  });

  it('timer I: absorbs further ACKs for T4, none on a reliable transport', () => {
    const bench = new TransactionBench();
    bench.reply(bench.accept('INVITE').transaction, 486);
    bench.receive(bench.incoming('ACK'));
    bench.receive(bench.incoming('ACK'));
    bench.wait(4999);
    expect(bench.takeLog()).toEqual(['send 486']);
    bench.wait(1);
    expect(bench.takeLog()).toEqual(['end']);
  });

  it('a 100 goes out after 200 ms when the user asked for that and sent nothing', () => {
    const bench = new TransactionBench();
    const { transaction } = bench.accept('INVITE');
    bench.layer.deferTrying(bench.clock.mono(), transaction);
    bench.wait(199);
    expect(bench.takeLog()).toEqual([]);
    bench.wait(1);
    expect(bench.takeLog()).toEqual(['send 100']);
    const answered = new TransactionBench();
    const other = answered.accept('INVITE').transaction;
    answered.layer.deferTrying(answered.clock.mono(), other);
    answered.reply(other, 180);
    answered.wait(1000);
    expect(answered.log).toEqual(['send 180']);
  });
});

describe('RFC 3261 §17.2.2 and RFC 4320 non-INVITE server', () => {
  it('timer J: repeats the final response on each repetition for 64*T1, none on a reliable transport', () => {
    const bench = new TransactionBench();
    const { transaction, request } = bench.accept('MESSAGE');
    bench.receive(request);
    bench.reply(transaction, 200);
    bench.receive(request);
    bench.reply(transaction, 486);
    bench.wait(31_999);
    expect(bench.takeLog()).toEqual(['send 200', 'send 200']);
    bench.wait(1);
    expect(bench.takeLog()).toEqual(['end']);
    const reliable = new TransactionBench('tcp');
    reliable.reply(reliable.accept('MESSAGE').transaction, 200);
    expect(reliable.log).toEqual(['send 200', 'end']);
  });

  it('RFC 4320 §4.1: a 100 goes out when timer E of the client reaches T2, and is repeated after', () => {
    const bench = new TransactionBench();
    const { request } = bench.accept('MESSAGE');
    bench.receive(request);
    bench.wait(3499);
    expect(bench.takeLog()).toEqual([]);
    bench.wait(1);
    bench.receive(request);
    expect(bench.takeLog()).toEqual(['send 100', 'send 100']);
  });

  it.each([
    [500, 4000, 3500],
    [500, 500, 0],
    [100, 4000, 6300],
    [1000, 4000, 3000],
  ])('RFC 4320 §4.1: with T1 %i and T2 %i that is after %i ms', (t1Ms, t2Ms, expected) => {
    const bench = new TransactionBench('udp', { ...defaultTransactionTimers, t1Ms, t2Ms });
    bench.accept('MESSAGE');
    expect(bench.layer.nextDeadline()).toBe(expected);
  });
});

describe('RFC 3261 §17.1.3 and §17.2.3 matching', () => {
  const invite = (via: string, more = '', method = 'INVITE') =>
    [
      `${method} sip:b@example.org SIP/2.0`,
      `Via: ${via}`,
      'From: <sip:a@example.org>;tag=a',
      `To: <sip:b@example.org>${more}`,
      'Call-ID: c',
      `CSeq: 7 ${method}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');

  function receiveText(bench: TransactionBench, text: string): void {
    const outcome = parseMessage(Buffer.from(text), { framing: 'datagram', limits: defaultMessageLimits });
    if (outcome.kind !== 'message') throw new Error('not SIP');
    const { message } = outcome;
    const before = bench.log.length;
    bench.receive(message);
    if (bench.log.length === before || message.kind !== 'request') return;
    bench.layer.accept(bench.clock.mono(), message, bench.flow, 'server');
  }

  const cookie = 'SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKx';
  it.each([
    ['the same request', cookie, cookie, 1],
    [
      'a sent-by in another case',
      'SIP/2.0/UDP Host.example:5060;branch=z9hG4bKx',
      'SIP/2.0/UDP hOST.example:5060;branch=z9hG4bKx',
      1,
    ],
    ['another branch', cookie, 'SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKy', 2],
    ['another sent-by host', cookie, 'SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bKx', 2],
    ['another sent-by port', cookie, 'SIP/2.0/UDP 192.0.2.7:5061;branch=z9hG4bKx', 2],
    ['no branch, the same Via (RFC 2543)', 'SIP/2.0/UDP 192.0.2.7', 'SIP/2.0/UDP 192.0.2.7', 1],
    [
      'no cookie, the same Via (RFC 2543)',
      'SIP/2.0/UDP 192.0.2.7;branch=1',
      'SIP/2.0/UDP 192.0.2.7;branch=1',
      1,
    ],
    ['no branch, another Via (RFC 2543)', 'SIP/2.0/UDP 192.0.2.7', 'SIP/2.0/UDP 192.0.2.8', 2],
    [
      'only the cookie as branch',
      'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK',
      'SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK',
      2,
    ],
  ])('%s makes %i transactions', (_name, first, second, count) => {
    const bench = new TransactionBench();
    receiveText(bench, invite(first));
    receiveText(bench, invite(second));
    expect(bench.layer.counts().servers).toBe(count);
  });

  it.each([cookie, 'SIP/2.0/UDP 192.0.2.7'])('the ACK of a refusal belongs to its INVITE (%s)', (via) => {
    const bench = new TransactionBench();
    receiveText(bench, invite(via));
    const cancel = bench.incoming('CANCEL');
    expect(bench.layer.cancelled(cancel)).toBeUndefined();
    const [only] = bench.steps;
    expect(only?.machine).toBe('inviteServer');
    receiveText(bench, invite(via, ';tag=b', 'ACK'));
    expect(bench.takeLog()).toEqual(['request INVITE']);
    expect(bench.steps.at(-1)?.event).toBe('ack');
  });

  it('CANCEL finds the INVITE of its branch (RFC 3261 §9.2)', () => {
    const bench = new TransactionBench();
    const { transaction } = bench.accept('INVITE');
    expect(bench.layer.cancelled(bench.incoming('CANCEL'))).toBe(transaction);
    bench.receive(bench.incoming('CANCEL'));
    expect(bench.takeLog()).toEqual(['request CANCEL']);
  });

  it('a CANCEL and its INVITE share the branch and not the responses (RFC 3261 §17.1.3)', () => {
    const bench = new TransactionBench();
    const { transaction, request } = bench.open('INVITE');
    expect(bench.layer.cancel(bench.clock.mono(), transaction, 'early')).toBeUndefined();
    bench.answer(request, 180);
    const cancel = bench.layer.cancel(bench.clock.mono(), transaction, 'cancel', 'Reason: SIP;cause=487\r\n');
    expect(bench.sends.at(-1)?.bytes.toString()).toContain('\r\nReason: SIP;cause=487\r\n');
    bench.takeLog();
    bench.answer(bench.incoming('INVITE', 'CANCEL'), 200);
    expect(bench.takeLog()).toEqual(['no transaction']);
    expect(cancel?.state).toBe('trying');
    expect(transaction.state).toBe('proceeding');
  });

  it.each([
    ['without a Via', /Via: .*\r\n/, '', 'malformed via'],
    ['without a CSeq', /CSeq: .*\r\n/, '', 'malformed cseq'],
    ['with a foreign sent-by (§18.1.2)', /192\.0\.2\.1:5060/, '192.0.2.1:5070', 'foreign via'],
  ])('a response %s has no effect', (_name, pattern, replacement, reason) => {
    const bench = new TransactionBench();
    const { request } = bench.open('INVITE');
    const text = request.bytes.toString().replace(/^INVITE .*\r\n/, 'SIP/2.0 200 OK\r\n');
    receiveText(bench, text.replace(pattern, replacement));
    expect(bench.log).toEqual(['send INVITE', reason]);
  });

  it('a failed send of an ended transaction is nobody’s', () => {
    const bench = new TransactionBench('tcp');
    bench.answer(bench.open('MESSAGE').request, 200);
    const id = bench.sends[0]?.id;
    if (id === undefined) throw new Error('nothing sent');
    const error = { code: 'net.refused', message: '' };
    expect(bench.layer.sendFailed(bench.clock.mono(), id, error)).toBe(false);
  });
});
