import { type Answer, encode, type Packet } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { encodeQuery, readReply } from '../../../src/net/dns-message.ts';
import { SeededRandom } from '../../support/manual-clock.ts';

const question = { name: 'x.example', type: 'A' } as const;
const address: Answer = { type: 'A', name: 'x.example', ttl: 60, data: '192.0.2.1' };

function response(changes: Packet): Buffer {
  return encode({ type: 'response', id: 7, flags: 0x0180, questions: [question], ...changes });
}

describe('a query', () => {
  it('asks for one name, recursively, and says how large an answer may be', () => {
    const bytes = encodeQuery(0xbeef, question, { edns: true });
    expect(bytes.toString('hex')).toBe(
      'beef' +
        '0100' +
        '0001' +
        '0000' +
        '0000' +
        '0001' +
        '0178076578616d706c6500' +
        '0001' +
        '0001' +
        '00' +
        '0029' +
        '04d0' +
        '00000000' +
        '0000',
    );
    expect(encodeQuery(1, question, { edns: false })).toHaveLength(bytes.length - 11);
  });
});

describe('a reply', () => {
  const rows: readonly { readonly name: string; readonly bytes: Buffer; readonly kind: string }[] = [
    { name: 'with the record', bytes: response({ answers: [address] }), kind: 'records' },
    {
      name: 'with the name in other letters',
      bytes: response({
        questions: [{ type: 'A', name: 'X.EXAMPLE' }],
        answers: [{ ...address, name: 'X.Example' }],
      }),
      kind: 'records',
    },
    {
      name: 'with a record of another name',
      bytes: response({ answers: [{ ...address, name: 'y.example' }] }),
      kind: 'absent',
    },
    {
      name: 'with records that nobody asked for behind it',
      bytes: response({ answers: [address, { ...address, name: 'y.example', data: '203.0.113.1' }] }),
      kind: 'records',
    },
    { name: 'under another id', bytes: response({ id: 8, answers: [address] }), kind: 'foreign' },
    { name: 'that is a query', bytes: response({ type: 'query', answers: [address] }), kind: 'foreign' },
    {
      name: 'to another name',
      bytes: response({ questions: [{ type: 'A', name: 'y.example' }] }),
      kind: 'foreign',
    },
    {
      name: 'to another type',
      bytes: response({ questions: [{ type: 'AAAA', name: 'x.example' }] }),
      kind: 'foreign',
    },
    { name: 'to two questions', bytes: response({ questions: [question, question] }), kind: 'foreign' },
    { name: 'to no question', bytes: response({ questions: [], answers: [address] }), kind: 'foreign' },
    {
      name: 'to no question, that is an error',
      bytes: response({ questions: [], flags: 0x0182 }),
      kind: 'refused',
    },
    { name: 'that is truncated', bytes: response({ flags: 0x0380 }), kind: 'truncated' },
    {
      name: 'that is truncated inside of a record',
      bytes: response({ flags: 0x0380, answers: [address] }).subarray(0, -3),
      kind: 'truncated',
    },
    {
      name: 'cut off without saying so',
      bytes: response({ answers: [address] }).subarray(0, -3),
      kind: 'unreadable',
    },
    { name: 'of a few octets', bytes: Buffer.from('0007', 'hex'), kind: 'foreign' },
    {
      name: 'with a referral to other servers',
      bytes: response({ authorities: [{ type: 'NS', name: 'example', ttl: 60, data: 'ns.example' }] }),
      kind: 'unreadable',
    },
    {
      name: 'with an EDNS error',
      bytes: response({
        additionals: [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: 512,
            extendedRcode: 1,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ],
      }),
      kind: 'refused',
    },
    {
      name: 'with a long chain of aliases',
      bytes: response({
        answers: Array.from({ length: 12 }, (_, index) => ({
          type: 'CNAME',
          name: index === 0 ? 'x.example' : `x${index}.example`,
          ttl: 60,
          data: `x${index + 1}.example`,
        })),
      }),
      kind: 'unreadable',
    },
  ];
  for (const row of rows) {
    it(`${row.name}: ${row.kind}`, () => {
      expect(readReply(row.bytes, 7, question).kind).toBe(row.kind);
    });
  }

  it('never throws, whatever the bytes (seed 1035)', () => {
    const random = new SeededRandom(1035);
    const whole = response({
      answers: [
        { type: 'CNAME', name: 'x.example', ttl: 60, data: 'y.example' },
        { ...address, name: 'y.example' },
        {
          type: 'SRV',
          name: 'y.example',
          ttl: 60,
          data: { priority: 1, weight: 1, port: 1, target: 'z.example' },
        },
      ],
      authorities: [{ type: 'SOA', name: 'example', ttl: 60, data: { mname: 'a', rname: 'b', minimum: 5 } }],
    });
    const kinds = new Set<string>();
    for (let turn = 0; turn < 20_000; turn += 1) {
      const isCut = random.fraction() < 0.5;
      const end = isCut ? 12 + Math.floor(random.fraction() * (whole.length - 11)) : whole.length;
      const bytes = Buffer.from(whole.subarray(0, end));
      const changes = Math.floor(random.fraction() * 4);
      for (let change = 0; change < changes; change += 1) {
        bytes[2 + Math.floor(random.fraction() * (bytes.length - 2))] = Math.floor(random.fraction() * 256);
      }
      kinds.add(readReply(bytes, 7, question).kind);
    }
    expect([...kinds].toSorted()).toEqual(
      expect.arrayContaining(['foreign', 'records', 'refused', 'truncated', 'unreadable']),
    );
  });
});
