import {
  boundaryId,
  type CallRecordId,
  callRecordId,
  type DatasetId,
  datasetId,
  monoMs,
  serviceUrn,
  wallMs,
} from '../../../src/base/index.ts';
import type {
  Actor,
  ApiKeyStore,
  AuditLog,
  AuditRow,
  BoundaryAdmin,
  BoundaryListQuery,
  CallRecord,
  CallRecordQuery,
  CallRecordStore,
  CivicValidation,
  Dataset,
  LoadOptions,
  LoadOutcome,
  RefusedFeature,
  RouteAnswer,
  RouteQuery,
  RouteService,
  SourceFeature,
  StoredBoundary,
} from '../../../src/esrp/index.ts';
import type { HttpPorts } from '../../../src/http/index.ts';

// The ports of the HTTP room, kept in memory.

/** The moment that everything here was made at. */
export const madeAt = wallMs(Date.UTC(2026, 2, 1, 9, 30));

export class MemoryAudit implements AuditLog {
  readonly rows: AuditRow[] = [];

  async append(actor: Actor, action: string, detail: Readonly<Record<string, unknown>>): Promise<void> {
    this.rows.push({
      id: this.rows.length + 1,
      at: madeAt,
      actor: actor.name,
      via: actor.via,
      action,
      detail,
    });
  }

  async list(query: {
    readonly limit: number;
    readonly before: number | undefined;
  }): Promise<readonly AuditRow[]> {
    const older = this.rows.filter(({ id }) => query.before === undefined || id < query.before);
    return older.reverse().slice(0, query.limit);
  }
}

export class MemoryKeys implements ApiKeyStore {
  readonly #names = new Map<string, string>();
  readonly #audit: MemoryAudit;

  constructor(audit: MemoryAudit) {
    this.#audit = audit;
  }

  async find(hashHex: string): Promise<{ readonly name: string } | undefined> {
    for (const [name, hash] of this.#names) if (hash === hashHex) return { name };
    return undefined;
  }

  async replace(name: string, hashHex: string, actor: Actor): Promise<void> {
    this.#names.set(name, hashHex);
    await this.#audit.append(actor, 'key.replaced', { name });
  }

  async hasAny(): Promise<boolean> {
    return this.#names.size > 0;
  }
}

export class MemoryBoundaries implements BoundaryAdmin {
  readonly datasets = new Map<DatasetId, { dataset: Dataset; boundaries: readonly StoredBoundary[] }>();
  readonly #history: DatasetId[] = [];
  readonly #audit: MemoryAudit;

  constructor(audit: MemoryAudit) {
    this.#audit = audit;
  }

  async load(features: AsyncIterable<SourceFeature>, options: LoadOptions): Promise<LoadOutcome> {
    const refused: RefusedFeature[] = [];
    const boundaries: StoredBoundary[] = [];
    const id = datasetId(this.datasets.size + 1);
    let readCount = 0;
    for await (const item of features) {
      readCount += 1;
      if (item.kind === 'refused') refused.push(item.refused);
      else if (item.kind === 'feature')
        boundaries.push({ ...item.feature, boundaryId: boundaryId(item.feature.boundaryId), datasetId: id });
    }
    if (refused.length > 0) return { kind: 'refused', refused, readCount };
    const dataset: Dataset = {
      id,
      name: options.name,
      state: 'staged',
      source: options.source,
      createdAt: madeAt,
      createdBy: options.actor.name,
      activatedAt: undefined,
      boundaryCount: boundaries.length,
      layerCounts: {
        serviceBoundary: boundaries.length,
        provisioningBoundary: 0,
        adminArea: 0,
        roadCentreLine: 0,
        addressPoint: 0,
      },
      revision: 0,
    };
    this.datasets.set(id, { dataset, boundaries });
    await this.#audit.append(options.actor, 'dataset.loaded', { datasetId: id });
    const repaired: readonly RefusedFeature[] =
      options.invalidGeometry === 'repair'
        ? [
            {
              ordinal: 1,
              boundaryId: boundaries[0]?.boundaryId,
              code: 'store.invalidGeometry',
              reason: 'self-intersection',
            },
          ]
        : [];
    return { kind: 'loaded', dataset, repaired };
  }

  async listDatasets(): Promise<readonly Dataset[]> {
    return [...this.datasets.values()].map(({ dataset }) => dataset);
  }

  async getDataset(id: DatasetId): Promise<Dataset | undefined> {
    return this.datasets.get(id)?.dataset;
  }

  async activate(id: DatasetId, actor: Actor): Promise<Dataset | undefined> {
    const wanted = this.datasets.get(id);
    if (wanted === undefined) return undefined;
    this.#history.push(id);
    await this.#audit.append(actor, 'dataset.activated', { datasetId: id });
    return this.#point(id);
  }

  async rollBack(actor: Actor): Promise<Dataset | undefined> {
    const before = this.#history.at(-2);
    if (before === undefined) return undefined;
    this.#history.pop();
    await this.#audit.append(actor, 'dataset.rolledBack', { datasetId: before });
    return this.#point(before);
  }

  async listBoundaries(query: BoundaryListQuery): Promise<readonly StoredBoundary[]> {
    const { after, limit, text, withGeometry } = query;
    return this.#of(query.datasetId)
      .filter(({ boundaryId: id }) => after === undefined || id > after)
      .filter(
        ({ displayName }) => text === undefined || displayName.toLowerCase().includes(text.toLowerCase()),
      )
      .slice(0, limit)
      .map((found) => (withGeometry ? found : { ...found, geometry: undefined }));
  }

  async getBoundary(id: string, dataset: DatasetId | undefined): Promise<StoredBoundary | undefined> {
    return this.#of(dataset).find((found) => found.boundaryId === id);
  }

  #of(id: DatasetId | undefined): readonly StoredBoundary[] {
    const wanted = id ?? this.#history.at(-1);
    return (wanted === undefined ? undefined : this.datasets.get(wanted)?.boundaries) ?? [];
  }

  #point(id: DatasetId): Dataset | undefined {
    for (const [key, { dataset, boundaries }] of this.datasets) {
      const state = key === id ? 'active' : dataset.activatedAt === undefined ? 'staged' : 'retired';
      const activatedAt = key === id ? madeAt : dataset.activatedAt;
      this.datasets.set(key, { boundaries, dataset: { ...dataset, state, activatedAt } });
    }
    return this.datasets.get(id)?.dataset;
  }
}

export class MemoryCalls implements CallRecordStore {
  readonly #records: CallRecord[] = [];

  put(record: CallRecord): void {
    this.#records.unshift(record);
  }

  async list(query: CallRecordQuery): Promise<readonly CallRecord[]> {
    const start =
      query.before === undefined ? 0 : this.#records.findIndex(({ id }) => id === query.before) + 1;
    return this.#records
      .slice(start)
      .filter(({ state }) => query.state === undefined || state === query.state)
      .slice(0, query.limit);
  }

  async get(id: CallRecordId): Promise<CallRecord | undefined> {
    return this.#records.find((record) => record.id === id);
  }
}

/** Answers every query with one boundary, and keeps what it was asked. */
export class RecordingRoutes implements RouteService {
  readonly queries: RouteQuery[] = [];

  async route(query: RouteQuery): Promise<RouteAnswer> {
    this.queries.push(query);
    return { ...routeAnswer, service: query.service };
  }
}

const boundary = {
  boundaryId: boundaryId('48201'),
  datasetId: datasetId(1),
  displayName: 'Harris County PSAP',
  serviceUrn: serviceUrn('urn:service:sos'),
  serviceUri: 'sip:48201@127.0.0.1:5070',
  serviceNumber: '911',
  agencyId: undefined,
  priority: 0,
};

/** An answer that uses every part of its type. */
export const routeAnswer: RouteAnswer = {
  service: serviceUrn('urn:service:sos'),
  located: {
    location: {
      source: { kind: 'body', contentId: 'loc@example.com', partPath: '2', isReferenced: true },
      shape: { kind: 'circle', center: { lon: -95.37, lat: 29.76, altM: 12 }, radiusM: 50 },
      civic: { country: 'US', elements: new Map([['A1', 'TX']]), language: 'en' },
      method: 'GPS',
      entity: 'pres:caller@example.com',
      timestamp: '2026-03-01T09:29:00Z',
      isRetransmissionAllowed: true,
      retentionExpires: undefined,
    },
    alternatives: [
      {
        source: { kind: 'reference', uri: 'https://lis.example.net/loc/7', protocol: 'held' },
        shape: {
          kind: 'polygon',
          exterior: [
            { lon: -95.4, lat: 29.7 },
            { lon: -95.3, lat: 29.7 },
            { lon: -95.3, lat: 29.8 },
            { lon: -95.4, lat: 29.7 },
          ],
          interiors: [],
        },
        civic: undefined,
        method: undefined,
        entity: undefined,
        timestamp: undefined,
        isRetransmissionAllowed: undefined,
        retentionExpires: undefined,
        confidence: { percent: 95, pdf: 'normal' },
        deviceId: 'urn:device:1',
        providedBy: [{ block: 'ProviderInfo', form: 'value', origin: 'provided-by in part 2' }],
        container: 'device',
      },
    ],
    candidates: [
      { origin: 'body part 2', outcome: 'chosen', reason: 'a location by value' },
      {
        origin: 'https://lis.example.net/loc/7',
        outcome: 'notChosen',
        reason: 'a location by value comes first',
        durationMs: 12.5,
      },
    ],
    additionalData: [
      {
        block: 'eCall.MSD',
        form: 'value',
        origin: 'part 1.3',
        contentType: 'application/emergencycalldata.ecall.msd',
        sizeBytes: 140,
      },
      { block: 'ProviderInfo', form: 'reference', origin: 'Call-Info 2', uri: 'https://carrier.example/pi' },
    ],
    warnings: [
      { code: 'location.axisOrder', message: 'srsName is missing', cause: new Error('kept inside') },
    ],
  },
  mapping: {
    kind: 'mapped',
    rule: 'covers',
    boundary,
    others: [{ ...boundary, boundaryId: boundaryId('48202'), displayName: 'Next door' }],
    substitutedFrom: serviceUrn('urn:service:sos.fire'),
    detail: 'boundary 48201 covers the point',
  },
  plan: {
    targets: [
      {
        uri: boundary.serviceUri,
        reason: 'mapped',
        displayName: boundary.displayName,
        boundaryId: boundary.boundaryId,
        ringTimeoutMs: 60_000,
      },
      {
        uri: 'sip:default@127.0.0.1:5070',
        reason: 'default',
        displayName: 'Default route',
        boundaryId: undefined,
        ringTimeoutMs: 60_000,
      },
    ],
    trace: ['the boundary first', 'the default route last'],
  },
  stages: [
    { stage: 'locate', durationMs: 0.2, summary: 'body part 2' },
    { stage: 'map', durationMs: 0.9, summary: 'boundary 48201' },
    { stage: 'decide', durationMs: 0.1, summary: '2 targets' },
  ],
  totalMs: Number(monoMs(1.2)),
};

/** A record that uses every part of its type. */
export function callRecord(id: string, state: CallRecord['state'] = 'ended'): CallRecord {
  return {
    id: callRecordId(id),
    receivedAt: madeAt,
    state,
    method: 'INVITE',
    sipCallId: `${id}@192.0.2.4`,
    from: '<sip:+15550100@carrier.example>',
    to: '<urn:service:sos>',
    requestUri: 'urn:service:sos',
    ingress: 'default',
    emergencyCallId: `urn:emergency:uid:callid:${id}:example.com`,
    incidentId: `urn:emergency:uid:incidentid:${id}:example.com`,
    recognition: {
      kind: 'emergency',
      service: serviceUrn('urn:service:sos'),
      isTest: false,
      rule: 'serviceUrnInRequestUri',
      matched: 'urn:service:sos',
      requestUri: 'urn:service:sos',
      isRequestUriReplaced: false,
    },
    located: routeAnswer.located,
    locationUpdates: [
      {
        at: wallMs(madeAt + 5_000),
        method: 'UPDATE',
        located: routeAnswer.located,
        mapping: routeAnswer.mapping,
        outcome: 'recorded',
      },
    ],
    locationKeptUntil: wallMs(madeAt + 86_400_000),
    mapping: routeAnswer.mapping,
    plan: routeAnswer.plan,
    stages: routeAnswer.stages,
    attempts: [
      {
        target: boundary.serviceUri,
        nextHop: '127.0.0.1:5070;transport=udp',
        startedAt: madeAt,
        endedAt: wallMs(madeAt + 900),
        statusCode: 200,
        detail: undefined,
      },
    ],
    warnings: [{ code: 'esrp.noGeolocation', message: 'no Geolocation header' }],
    statusCode: 200,
    answeredAt: wallMs(madeAt + 1_000),
    endedAt: wallMs(madeAt + 60_000),
  };
}

/** The record of a call that failed before anything was found out. */
export function bareRecord(id: string): CallRecord {
  return {
    ...callRecord(id, 'failed'),
    emergencyCallId: undefined,
    incidentId: undefined,
    recognition: { kind: 'other' },
    located: undefined,
    locationUpdates: [],
    locationKeptUntil: undefined,
    mapping: undefined,
    plan: undefined,
    stages: [],
    attempts: [],
    warnings: [],
    statusCode: 503,
    answeredAt: undefined,
    endedAt: undefined,
  };
}

/** Knows every element but UNIT, a street of the name Main, and dataset 1, which is active until 2030. */
export const memoryValidation: HttpPorts['validateCivic'] = async (
  civic,
  { asOf, datasetId: asked, similarMax },
) => {
  if (asked !== undefined && asked !== 1) return undefined;
  const names = [...(civic.country === undefined ? [] : ['country']), ...civic.elements.keys()];
  const isStreetKnown = (civic.elements.get('RD') ?? 'Main') === 'Main';
  const isOver = asOf !== undefined && asOf >= Date.UTC(2030, 0);
  const isInvalid = (name: string) => isOver || (name === 'RD' && !isStreetKnown);
  const found: CivicValidation = {
    datasetId: datasetId(1),
    valid: names.filter((name) => !isInvalid(name) && name !== 'UNIT'),
    invalid: names.filter(isInvalid),
    unchecked: names.filter((name) => !isInvalid(name) && name === 'UNIT'),
    layer: isStreetKnown ? 'addressPoint' : undefined,
    featureId: isStreetKnown ? 'point-1' : undefined,
    position: isStreetKnown ? { lon: -95, lat: 29 } : undefined,
    similar: isStreetKnown
      ? []
      : [{ ...civic, elements: new Map([...civic.elements, ['RD', 'Main']]) }].slice(0, similarMax),
    changesAt: wallMs(Date.UTC(2030, 0)),
  };
  return found;
};
