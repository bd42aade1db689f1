import { afterEach, describe, expect, it } from 'vitest';
import { monoMs } from '../../src/base/index.ts';
import { defaultNetLimits, systemClock } from '../../src/net/index.ts';
import { UdpTransport } from '../../src/net/udp.ts';
import { answerStun } from '../../src/sip/index.ts';
import { seededRandom } from '../support/net-link.ts';
import {
  eventually,
  type Harness,
  hasIpv6,
  optionsRequest,
  rawUdp,
  startTransports,
} from '../support/net-loopback.ts';

// Keepalives of SIP over UDP: STUN on the SIP port (RFC 5626), by the rules of STUN (RFC 8489).

const cookie = '2112a442';
/** Transaction id of the samples in RFC 5769 §2. */
const transactionId = 'b7e7a701bc34d686fa87dfae';
const source = { address: '192.0.2.1', port: 32_853 };
const source6 = { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 };
/** RFC 5769 §2.1: SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME, MESSAGE-INTEGRITY, FINGERPRINT. */
const sampleRequest = hex(`
  00010058 ${cookie} ${transactionId}
  80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff
  80290008 932ff9b1 51263b36
  00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
  80280004 e57a3bcf`);

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex');
}

/** A STUN message: type, then attributes in hex. */
function stun(type: string, attributes = ''): Buffer {
  const body = hex(attributes);
  return Buffer.concat([
    hex(`${type}${body.length.toString(16).padStart(4, '0')}${cookie}${transactionId}`),
    body,
  ]);
}

function answerTo(bytes: Buffer, from = source): string {
  const outcome = answerStun(bytes, from);
  return outcome.kind === 'answer' ? outcome.bytes.toString('hex') : outcome.reason;
}

describe('RFC 8489 §6.3.1: a Binding request', () => {
  it('RFC 8489 §14.2: is answered with the IPv4 source, exclusive-or with the cookie (sample of RFC 5769 §2.2)', () => {
    expect(answerTo(stun('0001'))).toBe(`0101000c${cookie}${transactionId}002000080001a147e112a643`);
  });

  it('RFC 8489 §14.2: is answered with the IPv6 source, with the transaction id too (sample of RFC 5769 §2.3)', () => {
    const value = '0002a1470113a9faa5d3f179bc25f4b5bed2b9d9';
    expect(answerTo(stun('0001'), source6)).toBe(`01010018${cookie}${transactionId}00200014${value}`);
  });

  for (const [text, plain] of [
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['fe80::1%eth0', `fe80${'0'.repeat(27)}1`],
    ['2001:db8::', `20010db8${'0'.repeat(24)}`],
    ['::ffff:192.0.2.1', `${'0'.repeat(20)}ffffc0000201`],
  ] as const) {
    it(`RFC 8489 §14.2: reads ${text}`, () => {
      const mask = hex(`${cookie}${transactionId}`);
      const answer = hex(answerTo(stun('0001'), { address: text, port: 1 }));
      const address = answer.subarray(-16).map((byte, index) => byte ^ (mask[index] ?? 0));
      expect(Buffer.from(address).toString('hex')).toBe(plain);
    });
  }

  it('RFC 8489 §6.3.1: is answered with 420 and the attribute that had to be understood (sample of RFC 5769 §2.1)', () => {
    const answer = answerTo(sampleRequest);
    expect(answer.slice(0, 4)).toBe('0111');
    // ERROR-CODE 420, then PRIORITY named; the request had a fingerprint, so the answer has one.
    expect(answer).toContain(
      `00090015${'00000414'}${Buffer.from('Unknown Attribute').toString('hex')}000000`,
    );
    expect(answer).toContain('000a000200240000');
    expect(answer.slice(-16, -8)).toBe('80280004');
  });

  it('RFC 8489 §14.13: names several, but not so many that the answer outgrows the question', () => {
    const many = Array.from(
      { length: 50 },
      (_, index) => `7f${index.toString(16).padStart(2, '0')}0000`,
    ).join('');
    const request = stun('0001', many);
    const outcome = answerStun(request, source);
    expect(outcome.kind === 'answer' && outcome.bytes.length).toBeLessThan(request.length);
    expect(answerTo(stun('0001', '7f000000 7f010000'))).toContain('000a00047f007f01');
  });

  for (const [name, attributes] of [
    ['an attribute that need not be understood', '8022 0004 61626364'],
    ['an attribute that is known and out of place', '0001 0008 0001 0001 c0000201'],
    ['an unknown attribute behind MESSAGE-INTEGRITY (§14.5)', `0008 0014 ${'00'.repeat(20)} 7f00 0000`],
    ['an attribute with padding', '8022 0001 61ffffff'],
  ] as const) {
    it(`RFC 8489 §6.3: passes over ${name}`, () => {
      expect(answerTo(stun('0001', attributes)).slice(0, 4)).toBe('0101');
    });
  }
});

describe('RFC 8489 §7: a fingerprint', () => {
  it('RFC 8489 §14.7: that is right is accepted, and the answer has one', () => {
    const withOne = answerTo(fingerprinted(stun('0001')));
    expect(withOne.slice(0, 8)).toBe('01010014');
    const asRequest = hex(withOne);
    expect(asRequest.equals(fingerprinted(asRequest.subarray(0, -8)))).toBe(true);
  });

  it('RFC 8489 §14.7: that is wrong, or not the last attribute, makes the message one to discard', () => {
    const request = fingerprinted(stun('0001'));
    request[request.length - 1] = (request[request.length - 1] ?? 0) ^ 1;
    expect(answerTo(request)).toBe('wrongFingerprint');
    const followed = Buffer.concat([fingerprinted(stun('0001')), hex('80220000')]);
    followed.writeUInt16BE(followed.length - 20, 2);
    expect(['malformed', 'wrongFingerprint']).toContain(answerTo(followed));
  });
});

/** Adds a FINGERPRINT, by a CRC of the test's own. */
function fingerprinted(message: Buffer): Buffer {
  const whole = Buffer.concat([message, hex('80280004 00000000')]);
  whole.writeUInt16BE(whole.length - 20, 2);
  let crc = 0xffff_ffff;
  for (const byte of whole.subarray(0, -8)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  whole.writeUInt32BE((~crc ^ 0x5354_554e) >>> 0, whole.length - 4);
  return whole;
}

describe('RFC 8489 §6.3: silence', () => {
  for (const [name, bytes, reason] of [
    ['a message of 19 bytes', stun('0001').subarray(0, 19), 'malformed'],
    ['another cookie', hex(`0001000000000000${transactionId}`), 'malformed'],
    ['a length that is not the datagram’s', Buffer.concat([stun('0001'), hex('00000000')]), 'malformed'],
    ['a length that is no multiple of four', hex(`00010002${cookie}${transactionId}0000`), 'malformed'],
    ['an attribute that is cut off', stun('0001', '8022 0005 61626364'), 'malformed'],
    ['a Binding indication', stun('0011'), 'notBindingRequest'],
    ['a success response', stun('0101'), 'notBindingRequest'],
    ['an error response', stun('0111'), 'notBindingRequest'],
    ['another method', stun('0003'), 'notBindingRequest'],
  ] as const) {
    it(`RFC 8489 §6.3: ${name} is discarded`, () => {
      expect(answerTo(bytes)).toBe(reason);
    });
  }

  it('RFC 8489 §6.3: nothing is thrown whatever comes', () => {
    const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
    console.info(`seed ${seed}`);
    const random = seededRandom(seed);
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Buffer.from(round % 2 === 0 ? sampleRequest : fingerprinted(stun('0001')));
      for (let change = 0; change < 3; change += 1)
        bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
      const cut = bytes.subarray(0, Math.floor(random.fraction() * (bytes.length + 1)));
      expect(['answer', 'discard']).toContain(answerStun(round % 3 === 0 ? cut : bytes, source).kind);
    }
  });
});

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(address: string): Promise<Harness> {
  const harness = await startTransports({ listen: [{ transport: 'udp', address }] });
  open.push(() => harness.stop());
  return harness;
}

async function peer(address: string) {
  const udp = await rawUdp(address);
  open.push(() => new Promise<void>((done) => udp.socket.close(() => done())));
  return udp;
}

describe('RFC 5626 §8: the SIP port over UDP', () => {
  for (const address of ['127.0.0.1', '::1']) {
    it.skipIf(address === '::1' && !hasIpv6)(
      `RFC 5626 §5.4: answers a keepalive from the port that it came to at ${address}, between SIP messages`,
      async () => {
        const harness = await start(address);
        const { local } = harness.listener('udp');
        const remote = await peer(address);
        for (const bytes of [stun('0001'), Buffer.from(optionsRequest()), stun('0001')])
          remote.socket.send(bytes, local.port, address);
        await eventually(() => expect(remote.heard).toHaveLength(2));
        await eventually(() => expect(harness.received).toHaveLength(1));
        for (const { bytes, from } of remote.heard) {
          expect(from).toEqual(local);
          expect(bytes.toString('hex')).toBe(answerTo(stun('0001'), remote.endpoint));
        }
        const [udp] = harness.transports.counts().udp;
        expect(udp?.counts.pings).toBe(2);
        expect(udp?.counts.strangers.stun).toBe(0);
      },
    );
  }

  it('RFC 5626 §3.5.1: gives line ends no answer, which is for streams only, and counts them', async () => {
    const harness = await start('127.0.0.1');
    const { local } = harness.listener('udp');
    const remote = await peer('127.0.0.1');
    remote.socket.send('\r\n\r\n', local.port, local.address);
    remote.socket.send(stun('0001'), local.port, local.address);
    await eventually(() => expect(remote.heard).toHaveLength(1));
    expect(remote.heard[0]?.bytes.toString('hex').slice(0, 4)).toBe('0101');
    expect(harness.transports.counts().udp[0]?.counts.strangers.keepalive).toBe(1);
  });

  it('RFC 5626 §8: answers so many questions a second, and counts the others', async () => {
    const clock = { ...systemClock, mono: () => monoMs(second * 1_000) };
    let second = 7;
    const server = new UdpTransport({
      address: '127.0.0.1',
      port: 0,
      limits: defaultNetLimits,
      clock,
      onMessage: () => undefined,
      onProblem: (error) => {
        throw error;
      },
    });
    open.push(() => server.stop());
    const local = await server.start();
    const remote = await peer('127.0.0.1');
    const { counts } = server;
    const ask = async (count: number): Promise<void> => {
      const before = counts.bytesIn;
      for (let index = 0; index < count; index += 1)
        remote.socket.send(stun('0001'), local.port, local.address);
      await eventually(() => expect(counts.bytesIn - before).toBe(count * stun('0001').length));
    };
    for (let burst = 0; burst < 60; burst += 1) await ask(100);
    expect([counts.pings, counts.strangers.stun]).toEqual([5_000, 1_000]);
    second += 1;
    await ask(1);
    expect(counts.pings).toBe(5_001);
  });
});
