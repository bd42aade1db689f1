import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededFraction } from '../../data/sample-points.ts';
import type { BoundaryLookup, CivicValidator } from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { makeCivicValidator } from '../../src/store/civic-validator.ts';
import { cityAddress, cityFeatures } from '../support/civic-city.ts';
import { address, numbered } from '../support/civic-rows.ts';
import { actor, drivers, recordingLogger, sos, type TestDatabase, testNow } from './harness.ts';

// Over a made-up state: an address finds its row however it is spelt, and is never valid where the data does not have it.

const seed = Number(process.env['FIRSTLINE_SEED'] ?? 20_260_101);
const state = { seed: 7, pointCount: 6_000 } as const;
const tries = 120;
const scope = { services: [sos], asOf: testNow, deadlineMs: 20_000 } as const;

const shortWords: Readonly<Record<string, readonly string[]>> = {
  Street: ['St', 'ST.', 'street', 'Str'],
  Avenue: ['Ave', 'AV', 'avenue', 'Ave.'],
  Road: ['Rd', 'RD.'],
  Drive: ['Dr', 'Drv'],
  Lane: ['Ln'],
  Court: ['Ct'],
  Boulevard: ['Blvd', 'BOUL'],
  Place: ['Pl'],
  Way: ['WAY', 'Wy'],
  Terrace: ['Ter', 'Terr.'],
  North: ['N', 'n.', 'NORTH'],
  South: ['S', 'so.'],
  East: ['E', 'E.'],
  West: ['W', 'west'],
};

type Elements = Readonly<Record<string, string>>;

/** The same address in another spelling. */
function respelt(elements: Elements, random: () => number): Elements {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const word = (text: string) => pick([text, ...(shortWords[text] ?? [])]);
  const cased = (text: string) => pick([text, text.toUpperCase(), text.toLowerCase(), ` ${text}`]);
  const { PRD, RD = '', STS = '', HNO = '', PC = '', A2 = '', ...rest } = elements;
  const parts = { ...(PRD === undefined ? {} : { PRD: word(PRD) }), RD: cased(RD), STS: word(STS) };
  const street = random() < 0.5 ? parts : { RD: Object.values({ ...parts, RD: RD }).join(' ') };
  return {
    ...rest,
    A1: pick(['TX', 'Texas', 'US-TX', 'tx']),
    A3: cased(rest['A3'] ?? ''),
    ...(random() < 0.5 ? { A2 } : {}),
    ...street,
    HNO: pick([HNO, `0${HNO}`, `No. ${HNO}`, `#${HNO}`]),
    ...(random() < 0.5 ? { PC: pick([PC, `${PC}-1234`]) } : {}),
  };
}

describe.each(drivers)('spellings on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of a state', () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let validator: CivicValidator;

    beforeAll(async () => {
      test = await open();
      lookup = makeBoundaryLookup(test.database);
      validator = makeCivicValidator(test.database);
      const boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const outcome = await boundaries.load(numbered(cityFeatures(state)), {
        ...{ name: 'state', source: 'generated', actor, invalidGeometry: 'refuse' },
      });
      if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome.refused.slice(0, 3)));
      await boundaries.activate(outcome.dataset.id, actor);
    }, 120_000);
    afterAll(async () => await test.close());

    it('lead to the row and its PSAP, and are valid', async () => {
      const random = seededFraction(seed);
      for (let nth = 0; nth < tries; nth += 1) {
        const found = cityAddress(state, Math.floor(random() * state.pointCount));
        const civic = address(respelt(found.elements, random));
        const what = `seed ${seed}, try ${nth}: ${JSON.stringify([...civic.elements])}`;
        const answer = await lookup.byCivic(civic, scope);
        expect(answer, what).toMatchObject({
          kind: 'found',
          rule: 'addressPoint',
          civic: { featureId: found.featureId, score: 1 },
        });
        expect(answer.kind === 'found' && answer.matches[0].boundaryId, what).toBe(found.boundaryId);
        const validation = await validator.validate(civic, { ...scope, similarMax: 0 });
        expect(validation, what).toMatchObject({ invalid: [], unchecked: [], featureId: found.featureId });
      }
    }, 60_000);

    it('that the data does not have are never valid', async () => {
      const random = seededFraction(seed + 1);
      const changes: readonly (readonly [string, (elements: Elements) => Elements])[] = [
        ['HNO', (elements) => ({ ...elements, HNO: '9999' })],
        ['RD', (elements) => ({ ...elements, RD: `${elements['RD'] ?? ''}x` })],
        ['A3', (elements) => ({ ...elements, A3: `${elements['A3'] ?? ''}x` })],
        ['A1', (elements) => ({ ...elements, A1: 'ZZ' })],
        ['PC', (elements) => ({ ...elements, PC: '00000' })],
      ];
      for (let nth = 0; nth < tries; nth += 1) {
        const { elements } = cityAddress(state, Math.floor(random() * state.pointCount));
        const [name, change] = changes[nth % changes.length] ?? ['', (same: Elements) => same];
        const validation = await validator.validate(address(change(elements)), { ...scope, similarMax: 0 });
        const what = `seed ${seed}, try ${nth}, ${name} of ${JSON.stringify(elements)}`;
        expect(validation?.valid, what).not.toContain(name);
        expect(validation?.invalid, what).toEqual([name]);
      }
    }, 60_000);

    it('that only a range covers are unchecked in the number, and routed by it', async () => {
      const random = seededFraction(seed + 2);
      for (let nth = 0; nth < tries; nth += 1) {
        const found = cityAddress(state, Math.floor(random() * state.pointCount));
        const { PC: _code, HNO = '', ...others } = found.elements;
        const civic = address({ ...others, HNO: `${HNO.slice(0, -1)}4` });
        const what = `seed ${seed}, try ${nth}: ${JSON.stringify([...civic.elements])}`;
        const answer = await lookup.byCivic(civic, scope);
        expect(answer, what).toMatchObject({ rule: 'roadRange', civic: { featureId: found.segmentId } });
        const validation = await validator.validate(civic, { ...scope, similarMax: 0 });
        expect(validation, what).toMatchObject({ invalid: [], unchecked: ['HNO'], layer: 'roadRange' });
      }
    }, 60_000);
  });
});
