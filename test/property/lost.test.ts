import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededFraction } from '../../data/sample-points.ts';
import type { LostAnswer, LostRequest } from '../../src/lost/index.ts';
import {
  defaultLostAnswerLimits,
  defaultLostRequestLimits,
  readLostAnswer,
  readLostRequest,
  writeLostAnswer,
  writeLostRequest,
} from '../../src/lost/index.ts';
import { exercise, lostCorpus, mutateLost } from '../fuzz/lost-inputs.ts';
import { arbitraryAnswer, arbitraryRequest, essence } from '../support/lost-contents.ts';
import { type LostGrammar, lostErrorsBy } from '../support/lost-schema.ts';
import { schemasSkipped } from '../support/schemas.ts';

// fast-check prints the seed of a run that fails; FIRSTLINE_SEED repeats it.
const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const settings = { seed, numRuns: 250 };
const limits = { ...defaultLostRequestLimits, xml: defaultLostAnswerLimits.xml };

describe(`random documents of LoST (seed ${seed})`, () => {
  it('requests are read again as they were written', () => {
    fc.assert(
      fc.property(arbitraryRequest, (request) => {
        const read = readLostRequest(Buffer.from(writeLostRequest(request)), limits);
        if (!read.ok) throw new Error(`${read.error.code}: ${read.error.message}`);
        expect(essence(read.value)).toEqual(essence(request));
      }),
      settings,
    );
  });

  it('answers are read again as they were written', () => {
    fc.assert(
      fc.property(arbitraryAnswer, (answer) => {
        const read = readLostAnswer(Buffer.from(writeLostAnswer(answer)), defaultLostAnswerLimits);
        if (!read.ok) throw new Error(`${read.error.code}: ${read.error.message}`);
        expect(essence(read.value)).toEqual(essence(answer));
      }),
      settings,
    );
  });

  it('what was read and written again is the same document', () => {
    fc.assert(
      fc.property(arbitraryRequest, arbitraryAnswer, (request, answer) => {
        const asked = writeLostRequest(request);
        const readRequest = readLostRequest(Buffer.from(asked), limits);
        expect(readRequest.ok && writeLostRequest(readRequest.value)).toBe(asked);
        const answered = writeLostAnswer(answer);
        const readAnswer = readLostAnswer(Buffer.from(answered), defaultLostAnswerLimits);
        expect(readAnswer.ok && writeLostAnswer(readAnswer.value)).toBe(answered);
      }),
      settings,
    );
  });
});

describe.skipIf(schemasSkipped !== '')(
  `random documents and the schema (seed ${seed})${schemasSkipped}`,
  () => {
    it('requests are valid by the grammar of their document', () => {
      fc.assert(
        fc.property(arbitraryRequest, (request) => {
          expect(lostErrorsBy(grammarOfRequest(request), writeLostRequest(request))).toEqual([]);
        }),
        settings,
      );
    });

    it('answers are valid by the grammar of their document', () => {
      fc.assert(
        fc.property(arbitraryAnswer, (answer) => {
          expect(lostErrorsBy(grammarOfAnswer(answer), writeLostAnswer(answer))).toEqual([]);
        }),
        settings,
      );
    });
  },
);

describe(`mutated documents of LoST (seed ${seed}); npm run fuzz:lost has more of them`, () => {
  const corpus = lostCorpus(process.env['FIRSTLINE_VECTORS'], seed);

  it.each(['request', 'answer'] as const)('are read, written and read again, or refused: %s', (target) => {
    const fraction = seededFraction(seed);
    let read = 0;
    for (let index = 0; index < 1_500; index += 1) {
      const bytes = mutateLost(corpus[target], fraction);
      try {
        if (exercise({ target, bytes })) read += 1;
      } catch (thrown) {
        throw new Error(`mutation ${index}: ${bytes.toString('latin1')}`, { cause: thrown });
      }
    }
    expect(read).toBeGreaterThan(50);
  });
});

function grammarOfRequest(request: LostRequest): LostGrammar {
  switch (request.kind) {
    case 'findService':
      return request.additionalLocation === undefined ? 'published' : 'amended';
    case 'listServicesByLocation':
    case 'getServiceListBoundary':
      return 'slb';
    case 'getMappings':
    case 'pushMappings':
      return 'sync';
    default:
      return 'published';
  }
}

function grammarOfAnswer(answer: LostAnswer): LostGrammar {
  if (JSON.stringify(answer).match(/"type":"(?:SRSInvalid|locationValidationUnavailable)"/)) return 'amended';
  switch (answer.kind) {
    case 'listServicesByLocationResponse':
    case 'getServiceListBoundaryResponse':
      return 'slb';
    case 'getMappingsResponse':
    case 'pushMappingsResponse':
      return 'sync';
    default:
      return 'published';
  }
}
