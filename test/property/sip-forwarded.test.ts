import { describe, expect, it } from 'vitest';
import { seededFraction } from '../../data/sample-points.ts';
import { defaultMessageLimits, MessageDraft, parseMessage } from '../../src/sip/message/index.ts';
import { loadCorpus } from '../fuzz/corpus.ts';
import { mutate } from '../fuzz/mutate.ts';
import { faultOfFrame } from '../fuzz/well-formed.ts';

const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const count = 8_000;

describe('a request of any kind that can be read', () => {
  it(`leaves with one Content-Length that is right, and line ends that readers take alike (seed ${seed})`, () => {
    const corpus = loadCorpus(process.env['FIRSTLINE_VECTORS']);
    const fraction = seededFraction(seed);
    let read = 0;
    for (let round = 0; round < count; round += 1) {
      const bytes = mutate(corpus, fraction);
      const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
      if (outcome.kind !== 'message' || outcome.message.kind !== 'request') continue;
      read += 1;
      const draft = new MessageDraft(outcome.message);
      draft.addFirst('Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx');
      const fault = faultOfFrame(draft.toBytes());
      expect(fault, JSON.stringify(bytes.toString('latin1'))).toBeUndefined();
    }
    expect(read).toBeGreaterThan(count / 10);
  });
});
