import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { usCounties } from '../../data/us-counties.ts';
import { serviceUrn, wallMs } from '../../src/base/index.ts';
import {
  type CheckReport,
  type Finding,
  type FindingCode,
  findingCodes,
  type SourceFeature,
} from '../../src/esrp/index.ts';
import { makeAuditLog } from '../../src/store/audit-log.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeDatasetReview, type StoredReview } from '../../src/store/checks-review.ts';
import { actor, ask, drivers, recordingLogger, type TestDatabase } from './harness.ts';
import {
  address,
  area,
  asGeometry,
  boundary,
  county,
  flawless,
  nguid,
  numberedSource,
  provisioning,
  rectangle,
  responder,
  road,
  side,
} from './review-data.ts';

// One dataset in which everything is wrong once, one in which nothing is, and the counties as they are published.

const psap = (name: string) => nguid('PsapPolygon', name);
const other = (name: string) => nguid('ServiceBoundaryPolygon', name);
const line = (name: string) => nguid('RoadCenterLine', name);
const point = (name: string) => nguid('SiteStructureAddressPoint', name);
const named = (name: string, urn: string, changes: object = {}) =>
  boundary(name, county, { boundaryId: other(name), serviceUrn: serviceUrn(urn), ...changes });

const millimetre = 1e-8;

/** Everything is wrong once: cells of the PSAPs from west to east, attributes in services of their own. */
const faulty: readonly SourceFeature[] = [
  boundary('c0', [0, 0, 0.1, 0.1], { a2: 'Fort' }),
  boundary('c1', [0.1, 0, 0.2, 0.1]),
  boundary('c2', [0.22, 0, 0.3, 0.1]),
  boundary('c3', [0.3, 0, 0.41, 0.1]),
  boundary('c4', [0.4, 0, 0.5001, 0.1]),
  boundary('c5', [0.5, 0, 0.5999, 0.1]),
  boundary('c6', [0.6, 0, 0.7 + 5 * millimetre, 0.1]),
  boundary('c7', [0.7, 0, 0.8 - 5 * millimetre, 0.1]),
  boundary('c8', [0.8, 0, 0.91, 0.1], { priority: 1 }),
  boundary('c9', [0.9, 0, 1.01, 0.1]),
  responder('police'),
  responder('police', { boundaryId: other('police-again') }),
  responder('fire', { boundaryId: other('Fire') }),
  responder('fire', {
    boundaryId: other('fire'),
    priority: 2,
    geometry: asGeometry(rectangle([0, 0, 1, 0.09999])),
  }),
  boundary('half', [0, 0, 0.5, 0.1], {
    boundaryId: other('half'),
    serviceUrn: serviceUrn('urn:service:sos.mountain'),
  }),
  named('no-uri', 'urn:service:sos.gas'),
  named('bad-uri', 'urn:service:sos.marine', { serviceUri: 'https://psap.example/' }),
  named('no-urn', 'urn:service:sos.animal-control'),
  named('bad-urn', 'urn:service:sos..fire'),
  named('strange-urn', 'urn:service:sos.dragon'),
  named('bad-number', 'urn:service:sos.physician', { serviceNumber: 'nine' }),
  named('bad-card', 'urn:service:sos.ambulance', { cardUri: 'card' }),
  named('never', 'urn:service:counseling.suicide'),
  named('past', 'urn:service:counseling', { expire: wallMs(1_700_000_000_000) }),
  named('no-card', 'urn:service:counseling.children', { cardUri: undefined }),
  named('invalid', 'urn:service:counseling.mental-health'),
  named('local-id', 'urn:service:sos.country-specific.xx', { boundaryId: '17' }),
  named('long', 'urn:service:sos.poison', {
    geometry: asGeometry([[[[-100, 40], [-99, 40], ...(rectangle(county)[0]?.[0]?.slice(11) ?? [])]]]),
  }),
  provisioning('county', county),
  area(1, { A1: 'KS' }, county),
  area(2, { A1: 'KS', A2: 'Ford County' }, county),
  area(3, { A1: 'KS', A2: 'Ford County', A3: 'Dodge City' }, county),
  road('first', {
    y: 0.05,
    left: side({ from: 1, to: 99, parity: 'odd' }),
    right: side({ from: 2, to: 98, parity: 'even' }),
  }),
  road('again', {
    y: 0.06,
    left: side({ from: 91, to: 199, parity: 'odd' }),
    right: side({ from: 100, to: 198, parity: 'even' }),
  }),
  road('crossed', {
    street: 'Elm',
    y: 0.02,
    left: side({ from: 1, to: 9, parity: 'odd' }),
    right: side({ from: 8, to: 2, parity: 'even' }),
  }),
  road('even', { street: 'Oak', y: 0.03, left: side({ from: 1, to: 9, parity: 'even' }), right: side() }),
  road('far', { street: 'Far', y: 0.5, left: side(), right: side() }),
  address('seven', { number: '7' }),
  address('no-road', { number: '7', street: 'Nowhere' }),
  address('no-range', { number: '777' }),
  address('misspelt', { number: '7', names: { A1: 'KS', A2: 'Ford', A3: 'Dogde City' } }),
  address('far', { number: '9', y: 0.3 }),
];

const update = (column: string, value: string, id: string) =>
  `update service_boundary set ${column} = ${value} where boundary_id = '${id}'`;
/** What a load would refuse, and what a change of the rules or of the database may leave behind all the same. */
const spoiled: readonly string[] = [
  update('service_uri', "''", other('no-uri')),
  update('service_urn', "''", other('no-urn')),
  update('effective', "'2030-01-02'", other('never')),
  update('expire', "'2030-01-01'", other('never')),
  update(
    'geom',
    "ST_GeomFromText('MULTIPOLYGON(((-100 40, -99 40.1, -99 40, -100 40.1, -100 40)))', 4326)",
    other('invalid'),
  ),
];

type Expected = readonly (readonly [feature: string | undefined, other: string | undefined])[];

const wanted: Readonly<Partial<Record<FindingCode, Expected>>> = {
  geometryInvalid: [[other('invalid'), undefined]],
  uriMissing: [[other('no-uri'), undefined]],
  uriMalformed: [[other('bad-uri'), undefined]],
  urnMissing: [[other('no-urn'), undefined]],
  urnMalformed: [[other('bad-urn'), undefined]],
  dateOrder: [[other('never'), undefined]],
  gap: [[psap('c1'), psap('c2')]],
  overlap: [[psap('c3'), psap('c4')]],
  smallGap: [[psap('c5'), psap('c6')]],
  smallOverlap: [[psap('c4'), psap('c5')]],
  partialService: [[other('half'), undefined]],
  overlapDecided: [
    [psap('c8'), psap('c9')],
    [other('Fire'), other('fire')],
    [other('police-again'), other('police')],
  ],
  duplicateGeometry: [[other('police-again'), other('police')]],
  duplicateId: [[other('fire'), other('Fire')]],
  outsideProvisioning: [
    [point('far'), undefined],
    [line('far'), undefined],
    [psap('c9'), undefined],
  ],
  urnUnregistered: [[other('strange-urn'), undefined]],
  expired: [[other('past'), undefined]],
  serviceNumberMalformed: [[other('bad-number'), undefined]],
  cardUriMalformed: [[other('bad-card'), undefined]],
  longEdge: [[other('long'), undefined]],
  roadRangeDirection: [[line('crossed'), undefined]],
  roadRangeParity: [[line('even'), undefined]],
  roadRangeOverlap: [[line('first'), line('again')]],
  addressOffRoad: [
    [point('misspelt'), undefined],
    [point('no-range'), undefined],
    [point('no-road'), undefined],
  ],
  areaNameUnknown: [
    [point('misspelt'), undefined],
    [psap('c0'), undefined],
  ],
  fieldMissing: [[other('no-card'), undefined]],
  idForm: [['17', undefined]],
};

describe.each(drivers)('checks of datasets on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('loaded', () => {
    let test: TestDatabase;
    let review: StoredReview;

    async function load(
      features: AsyncIterable<SourceFeature>,
      invalidGeometry: 'refuse' | 'repair' = 'refuse',
    ) {
      const admin = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const outcome = await admin.load(features, { name: 'drawn', source: 'test', actor, invalidGeometry });
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      return outcome.dataset.id;
    }
    type Id = Awaited<ReturnType<typeof load>>;

    async function checked(id: Id, minAreaM2 = 100): Promise<CheckReport> {
      expect((await review.startCheck(id, { minAreaM2, actor })).kind).toBe('started');
      await review.idle();
      const report = await review.getCheck(id);
      if (report === undefined || report.state === 'running') throw new Error('the check is not over');
      return report;
    }
    async function findingsOf(id: Id): Promise<readonly Finding[]> {
      const all = { after: undefined, code: undefined, severity: undefined, layer: undefined };
      return await review.listFindings({ datasetId: id, limit: 5_000, ...all });
    }

    beforeAll(async () => {
      test = await open();
      review = makeDatasetReview(test.database, { deadlineMs: 20_000, logger: recordingLogger() });
    });
    afterAll(async () => {
      await review.stop();
      await test.close();
    });

    describe('where everything is wrong once', () => {
      let report: CheckReport;
      let findings: readonly Finding[];
      beforeAll(async () => {
        const id = await load(numberedSource(faulty));
        for (const sql of spoiled)
          await test.database.dbTransaction((tx) => tx.script(sql), { deadlineMs: 5_000 });
        report = await checked(id);
        findings = await findingsOf(id);
      });

      it.each(Object.entries(wanted))('find %s', (code, expected) => {
        const found = findings.filter((finding) => finding.code === code);
        expect(found.map(({ featureId, otherId }) => [featureId, otherId])).toEqual(expected);
        for (const { severity, reason } of found) {
          expect(severity).toBe(findingCodes[code as FindingCode].severity);
          expect(reason).not.toBe('');
        }
      });

      it('find nothing else, count slivers alone, and keep the dataset from being checked', async () => {
        const others = findings.filter(({ code }) => !Object.hasOwn(wanted, code));
        expect(others.map(({ code, reason }) => [code, reason])).toEqual([]);
        expect(report).toMatchObject({ state: 'finished', progress: 1, detail: '' });
        expect(report.countsByCode).toMatchObject({ gapSliver: 1, overlapSliver: 1 });
        expect(findings.length).toBe(report.counts.error + report.counts.warning + report.counts.info);
        expect(
          await ask(test.database, `select state from dataset where dataset_id = ${report.datasetId}`),
        ).toBe('staged');
      });

      it('measure gaps and overlaps on the spheroid, and say where they are', () => {
        const areas = findings.flatMap(({ code, areaM2 }) =>
          areaM2 === undefined ? [] : [[code, Math.round(areaM2 / 1e4)]],
        );
        // A hundredth of a degree at 40.05° north is 853 m wide, a tenth 11.10 km high.
        expect(Object.fromEntries(areas)).toMatchObject({
          gap: 1_895,
          overlap: 947,
          smallGap: 9,
          smallOverlap: 9,
        });
        const gap = findings.find(({ code }) => code === 'gap');
        const xs = JSON.stringify(gap?.place).match(/-99\.\d+/g);
        expect(new Set(xs)).toEqual(new Set(['-99.8', '-99.78']));
        const without = findings.filter(({ place }) => place === undefined).map(({ code }) => code);
        expect([...new Set(without)].sort()).toEqual([
          'areaNameUnknown',
          'duplicateId',
          'fieldMissing',
          'idForm',
        ]);
      });

      it('number findings by severity, code, layer and id', () => {
        expect(findings.map(({ no }) => no)).toEqual(findings.map((_, index) => index + 1));
        const rank = ['error', 'warning', 'info'];
        const ranks = findings.map(({ severity }) => rank.indexOf(severity));
        expect(ranks).toEqual([...ranks].sort());
      });
    });

    it('find nothing where nothing is wrong, and make the dataset a checked one', async () => {
      const id = await load(numberedSource(flawless));
      const report = await checked(id, 0.5);
      expect(await findingsOf(id)).toEqual([]);
      expect(report).toMatchObject({ counts: { error: 0, warning: 0, info: 0 }, countsByCode: {} });
      const admin = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      expect(await admin.getDataset(id)).toMatchObject({ state: 'checked' });
      expect(await admin.activate(id, actor)).toMatchObject({ state: 'active' });
      const audit = await makeAuditLog(test.database, 5_000).list({ limit: 3, before: undefined });
      expect(audit.map(({ action }) => action)).toEqual([
        'dataset.activated',
        'dataset.checked',
        'dataset.checkStarted',
      ]);
    });

    it('find holes where there is no provisioning boundary, and that calls have no boundary', async () => {
      const ring = (box: Parameters<typeof rectangle>[0]) => rectangle(box)[0]?.[0] ?? [];
      const id = await load(
        numberedSource([
          responder('police', { geometry: asGeometry([[ring(county), ring([0.2, 0.02, 0.3, 0.06])]]) }),
        ]),
      );
      const report = await checked(id);
      expect(report.countsByCode).toEqual({ noPsapBoundary: 1, enclosedGap: 1, layerMissing: 5 });
      const [first, second] = await findingsOf(id);
      expect(first).toMatchObject({ code: 'noPsapBoundary', severity: 'error' });
      expect(second).toMatchObject({ code: 'enclosedGap', featureId: other('police') });
      expect((second?.areaM2 ?? 0) / 1e6).toBeCloseTo(37.9, 0);
    });

    it('find the 40 counties that are not valid as they are published', async () => {
      const shapes = [...usCounties()];
      const boxes = shapes.map(({ fips }, at) => boundary(fips, [at / 10_000, 0, (at + 1) / 10_000, 0.1]));
      const id = await load(numberedSource(boxes));
      for (const part of chunks(shapes, 250)) {
        const rows = part.map(({ fips, geometry }) => ({
          id: psap(fips),
          geojson: JSON.stringify(geometry),
        }));
        const counted = await test.database.query(
          {
            name: '',
            text: `with put as (update service_boundary b
                set geom = ST_SetSRID(ST_GeomFromGeoJSON(r.geojson), 4326)
                from json_to_recordset($1::json) as r(id text, geojson text)
                where b.dataset_id = ${id} and b.boundary_id = r.id returning 1)
              select count(*)::text as answer from put`,
            values: [JSON.stringify(rows)],
          },
          { deadlineMs: 20_000 },
        );
        expect(counted).toBe(rows.length);
      }
      // Gaps go by the parts, which are those of the boxes: they are not what is looked at here.
      await test.database.dbTransaction(
        (tx) => tx.script(`delete from boundary_part where dataset_id = ${id}`),
        {
          deadlineMs: 20_000,
        },
      );
      const report = await checked(id);
      expect(report.state, report.detail).toBe('finished');
      // One of the 40 was given a width when it was read: it is a line as published.
      expect(report.countsByCode['geometryInvalid']).toBe(39);
      const invalid = (await findingsOf(id)).filter(({ code }) => code === 'geometryInvalid');
      for (const { place, reason } of invalid) {
        expect(place).toMatchObject({ type: 'Point' });
        expect(reason).toMatch(/self-intersection|ring|hole|too few points/i);
      }
    });

    it('run once at a time, are ended when told, and begin anew', async () => {
      const id = await load(numberedSource(flawless));
      const begun = await review.startCheck(id, { minAreaM2: 100, actor });
      expect(begun.kind).toBe('started');
      expect((await review.startCheck(id, { minAreaM2: 5, actor })).kind).toBe('running');
      const ended = await review.cancelCheck(id);
      expect(ended).toMatchObject({ state: 'failed', detail: 'it was ended before it was done' });
      expect(await findingsOf(id)).toEqual([]);
      expect(await checked(id)).toMatchObject({ state: 'finished', counts: { error: 0 } });
    });

    it('are failed where the process that ran one is gone', async () => {
      const id = await load(numberedSource(flawless));
      await checked(id);
      await test.database.dbTransaction(
        (tx) => tx.script(`update check_report set state = 'running' where dataset_id = ${id}`),
        { deadlineMs: 5_000 },
      );
      expect(await review.getCheck(id)).toMatchObject({ state: 'failed' });
      expect((await review.getCheck(id))?.detail).toContain('start it again');
    });

    it('know nothing of a dataset that is not there', async () => {
      const none = 999 as Id;
      expect(await review.startCheck(none, { minAreaM2: 1, actor })).toEqual({ kind: 'unknown' });
      expect(await review.getCheck(none)).toBeUndefined();
      expect(await review.cancelCheck(none)).toBeUndefined();
      expect(await review.removeDataset(none, actor)).toBe('unknown');
    });

    it('go with their dataset', async () => {
      const id = await load(numberedSource(faulty));
      await checked(id);
      expect(await review.removeDataset(id, actor)).toBe('removed');
      expect(await review.getCheck(id)).toBeUndefined();
      expect(await findingsOf(id)).toEqual([]);
    });
  });
});

function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
