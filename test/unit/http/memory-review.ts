import { boundaryId, type DatasetId, datasetId, monoMs, serviceUrn } from '../../../src/base/index.ts';
import {
  type Actor,
  type BoundaryLookup,
  type CheckOptions,
  type CheckReport,
  type CheckStart,
  createShadowRunner,
  type DataError,
  type DataErrorList,
  type DatasetDiff,
  type DatasetRemoval,
  type DatasetReview,
  type DiffQuery,
  defaultShadowLimits,
  type Finding,
  type FindingQuery,
  type LookupAnswer,
  type LookupScope,
  type ProbePoint,
  type ProbeQuery,
  type ShadowReport,
  type ShadowRunner,
} from '../../../src/esrp/index.ts';
import { type MemoryAudit, type MemoryBoundaries, type MemoryCalls, madeAt } from './memory-ports.ts';

// Reviews of datasets, kept in memory. A check is over when it has begun; what it finds is set by the test.

/** A finding that uses every part of its type. */
export const overlapFinding: Finding = {
  no: 1,
  code: 'overlap',
  severity: 'error',
  layer: 'serviceBoundary',
  featureId: 'a',
  otherId: 'b',
  reason: '"Area a" and "Area b" both have 2.00 km² for urn:service:sos',
  areaM2: 2_000_000,
  place: { type: 'Point', coordinates: [-120, 30] },
};

/** A finding that has nothing that it need not have. */
export const layerFinding: Finding = {
  no: 2,
  code: 'layerMissing',
  severity: 'info',
  layer: 'roadCentreLine',
  featureId: undefined,
  otherId: undefined,
  reason: 'RoadCenterLine is not in the dataset',
  areaM2: undefined,
  place: undefined,
};

export class MemoryReview implements DatasetReview {
  /** What the next check finds. */
  findings: readonly Finding[] = [layerFinding];
  /** Whether the next check goes on until it is ended. */
  isEndless = false;
  readonly #reports = new Map<DatasetId, { report: CheckReport; findings: readonly Finding[] }>();
  readonly #boundaries: MemoryBoundaries;
  readonly #audit: MemoryAudit;

  constructor(boundaries: MemoryBoundaries, audit: MemoryAudit) {
    this.#boundaries = boundaries;
    this.#audit = audit;
  }

  async startCheck(id: DatasetId, { minAreaM2 }: CheckOptions): Promise<CheckStart> {
    const dataset = await this.#boundaries.getDataset(id);
    if (dataset === undefined) return { kind: 'unknown' };
    const { findings } = this;
    const counts = { error: 0, warning: 0, info: 0 };
    const countsByCode: Record<string, number> = {};
    for (const { severity, code } of findings) {
      counts[severity] += 1;
      countsByCode[code] = (countsByCode[code] ?? 0) + 1;
    }
    const report: CheckReport = {
      datasetId: id,
      state: this.isEndless ? 'running' : 'finished',
      startedAt: madeAt,
      finishedAt: this.isEndless ? undefined : madeAt,
      minAreaM2,
      revision: dataset.revision,
      detail: this.isEndless ? 'overlaps (step 4 of 6)' : '',
      progress: this.isEndless ? 0.4 : 1,
      counts,
      countsByCode,
    };
    this.#reports.set(id, { report, findings });
    return { kind: 'started', report };
  }

  async getCheck(id: DatasetId): Promise<CheckReport | undefined> {
    return this.#reports.get(id)?.report;
  }

  async cancelCheck(id: DatasetId): Promise<CheckReport | undefined> {
    const known = this.#reports.get(id);
    if (known === undefined) return undefined;
    if (known.report.state !== 'running') return known.report;
    const report: CheckReport = {
      ...known.report,
      state: 'failed',
      detail: 'it was ended',
      finishedAt: madeAt,
    };
    this.#reports.set(id, { ...known, report });
    return report;
  }

  async listFindings({
    datasetId: id,
    limit,
    after = 0,
    ...filter
  }: FindingQuery): Promise<readonly Finding[]> {
    return (this.#reports.get(id)?.findings ?? [])
      .filter(({ no }) => no > after)
      .filter(({ code }) => filter.code === undefined || code === filter.code)
      .filter(({ severity }) => filter.severity === undefined || severity === filter.severity)
      .filter(({ layer }) => filter.layer === undefined || layer === filter.layer)
      .slice(0, limit);
  }

  async diff({ from, to, limit }: DiffQuery): Promise<DatasetDiff | undefined> {
    const [a, b] = [this.#boundaries.datasets.get(from), this.#boundaries.datasets.get(to)];
    if (a === undefined || b === undefined) return undefined;
    const before = new Set(a.boundaries.map(({ boundaryId: id }) => id));
    const added = b.boundaries.filter(({ boundaryId: id }) => !before.has(id));
    const none = { added: 0, removed: 0, changed: 0, same: 0 };
    return {
      layers: {
        serviceBoundary: { ...none, added: added.length, same: before.size },
        provisioningBoundary: none,
        adminArea: none,
        roadCentreLine: none,
        addressPoint: none,
      },
      changes: added.slice(0, limit).map(({ boundaryId: featureId }) => ({
        layer: 'serviceBoundary',
        featureId,
        kind: 'added',
        fields: [],
        changedAreaM2: 12.5,
      })),
    };
  }

  async removeDataset(id: DatasetId, actor: Actor): Promise<DatasetRemoval> {
    const known = this.#boundaries.datasets.get(id);
    if (known === undefined) return 'unknown';
    if (known.dataset.state === 'active') return 'active';
    this.#boundaries.datasets.delete(id);
    await this.#audit.append(actor, 'dataset.removed', { datasetId: id });
    return 'removed';
  }

  async points({ count, seed }: ProbeQuery): Promise<readonly ProbePoint[]> {
    return Array.from({ length: count }, (_, index) => ({
      position: { lon: -120 + index / 1_000, lat: 30 + seed / 1_000 },
      service: serviceUrn('urn:service:sos'),
    }));
  }
}

/** Every place belongs to a PSAP named after the dataset, but for dataset 3, where nothing does. */
const byDataset: BoundaryLookup = {
  byPoint: async (_position, scope) => answerOf(scope),
  byArea: async (_shape, scope) => answerOf(scope),
  byCivic: async (_civic, scope) => answerOf(scope),
  nearest: async (_position, _withinM, scope) => answerOf(scope),
};

function answerOf({ datasetId: id, services }: LookupScope): LookupAnswer {
  if (id === undefined) return { kind: 'noActiveDataset' };
  if (id === 3) return { kind: 'nothing', datasetId: id };
  return {
    kind: 'found',
    rule: 'covers',
    matches: [
      {
        boundaryId: boundaryId(`of-${id}`),
        datasetId: datasetId(id),
        displayName: `PSAP of ${id}`,
        serviceUrn: services[0],
        serviceUri: `sip:psap-${id}@127.0.0.1:5070`,
        serviceNumber: '911',
        agencyId: undefined,
        priority: 0,
      },
    ],
  };
}

/** One that uses every part of its type, and one that has nothing that it need not have. */
const errors: readonly DataError[] = [
  {
    id: 2,
    kind: 'gap',
    serviceUrn: serviceUrn('urn:service:sos'),
    agencies: [],
    featureIds: [],
    foundBy: 'lookup',
    datasetId: undefined,
    firstSeen: madeAt,
    lastSeen: madeAt,
    seenCount: 1,
    resolvedAt: undefined,
    areaM2: undefined,
    place: { type: 'Point', coordinates: [-120, 30] },
  },
  {
    id: 1,
    kind: 'overlap',
    serviceUrn: serviceUrn('urn:service:sos'),
    agencies: ['a.example', 'b.example'],
    featureIds: ['a', 'b'],
    foundBy: 'check',
    datasetId: datasetId(1),
    firstSeen: madeAt,
    lastSeen: madeAt,
    seenCount: 3,
    resolvedAt: madeAt,
    areaM2: 1_540.2,
    place: { type: 'Point', coordinates: [-120, 30] },
  },
];

export const memoryDataErrors: DataErrorList = {
  listDataErrors: async ({ limit, before, kind, withResolved }) =>
    errors
      .filter((each) => before === undefined || each.id < before)
      .filter(
        (each) =>
          (kind === undefined || each.kind === kind) && (withResolved || each.resolvedAt === undefined),
      )
      .slice(0, limit),
};

/** The real runner over these. */
export function memoryShadow(of: {
  readonly review: MemoryReview;
  readonly calls: MemoryCalls;
  readonly audit: MemoryAudit;
}): ShadowRunner {
  const kept = new Map<DatasetId, ShadowReport>();
  const quiet = () => undefined;
  return createShadowRunner(defaultShadowLimits, {
    lookup: byDataset,
    records: of.calls,
    probes: of.review,
    clock: { mono: () => monoMs(0), wall: () => madeAt },
    audit: of.audit,
    store: {
      putShadow: async (report) => void kept.set(report.request.datasetId, report),
      getShadow: async (id) => kept.get(id),
    },
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
