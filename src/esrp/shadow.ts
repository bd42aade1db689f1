import type { CallRecordId, Clock, DatasetId, ServiceUrn, WallMs } from '../base/index.ts';
import { serviceUrn } from '../base/index.ts';
import type { Position } from '../geo/index.ts';
import { mapLocated } from './map.ts';
import type { BoundaryLookup, CallRecordStore } from './ports.ts';
import type { ProbeKind, ProbeSource } from './review.ts';
import type { Located, Mapping } from './types.ts';

// Shadow routing: calls, recorded or made up, are mapped by a dataset beside the one that real calls go by, and what they
// would get is compared. No call is touched, and nothing is activated.

/** Where the calls of a run come from. `records`: calls of the past whose locations are still kept, newest first. */
export type ShadowSource = 'records' | ProbeKind;

/** What a run is asked. */
export interface ShadowRequest {
  readonly datasetId: DatasetId;
  /** What it is compared with. */
  readonly baseId: DatasetId;
  readonly source: ShadowSource;
  /** Calls at most. */
  readonly count: number;
  /** For calls that are made up. */
  readonly seed: number;
  /** Of calls that are made up; that of the boundary they were made from where undefined. */
  readonly service: ServiceUrn | undefined;
}

/** Where one dataset would have a call go. */
export interface ShadowTarget {
  /** The ServiceURI; undefined: the default route. */
  readonly uri: string | undefined;
  readonly boundaryId: string | undefined;
  readonly displayName: string | undefined;
  /** How it was found, or why nothing was. */
  readonly how: string;
}

/** A call that two datasets would have go to different places. */
export interface ShadowDifference {
  /** The recorded call; undefined: it was made up. */
  readonly callId: CallRecordId | undefined;
  /** Of a call that was made up: positions of callers stay on their records. */
  readonly position: Position | undefined;
  readonly service: ServiceUrn;
  readonly from: ShadowTarget;
  readonly to: ShadowTarget;
}

/** How many calls would move from one place to another; undefined: the default route. */
export interface ShadowFlow {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly count: number;
}

/** What a run came to so far. */
export interface ShadowSummary {
  readonly total: number;
  readonly done: number;
  /** Calls that go to the same URI. */
  readonly same: number;
  /** Calls that would go to another PSAP. */
  readonly moved: number;
  /** Calls that a PSAP has now, and would take the default route. */
  readonly lost: number;
  /** Calls that take the default route now, and would reach a PSAP. */
  readonly gained: number;
  /** Calls whose lookup failed on either side; they count for nothing else. */
  readonly failed: number;
  /** The largest first. */
  readonly flows: readonly ShadowFlow[];
  /** The first ones. */
  readonly differences: readonly ShadowDifference[];
}

export interface ShadowPorts {
  readonly lookup: BoundaryLookup;
  readonly records: CallRecordStore;
  readonly probes: ProbeSource;
  readonly clock: Clock;
}

export interface ShadowLimits {
  readonly lookupDeadlineMs: number;
  /** As calls have it. */
  readonly nearestWithinM: number;
  /** Differences and flows that are kept. */
  readonly differencesMax: number;
  readonly flowsMax: number;
  /** Calls that are mapped at one time: calls of today come first. */
  readonly concurrentMax: number;
}

/** Values for an ordinary server. */
export const defaultShadowLimits: ShadowLimits = {
  lookupDeadlineMs: 5_000,
  nearestWithinM: 0,
  differencesMax: 1_000,
  flowsMax: 200,
  concurrentMax: 2,
};

interface Probe {
  readonly callId: CallRecordId | undefined;
  readonly position: Position | undefined;
  readonly service: ServiceUrn;
  readonly located: Located;
}

const anyService = serviceUrn('urn:service:sos');
const recordPage = 200;

/**
 * Maps the calls of a request by both datasets. `onProgress` is told after some of them; a run whose `isCancelled` says so
 * ends there with what it has. Rejects where the calls cannot be had.
 */
export async function runShadow(
  request: ShadowRequest,
  ports: ShadowPorts,
  of: {
    readonly limits: ShadowLimits;
    readonly isCancelled: () => boolean;
    readonly onProgress: (summary: ShadowSummary) => Promise<void>;
  },
): Promise<ShadowSummary> {
  const probes = await probesOf(request, ports);
  const tally = new Tally(probes.length, of.limits);
  const asOf = ports.clock.wall();
  let next = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const probe = probes[next];
      next += 1;
      if (probe === undefined || of.isCancelled()) return;
      const [from, to] = await Promise.all([
        targetOf(probe, request.baseId, { asOf, limits: of.limits, ports }),
        targetOf(probe, request.datasetId, { asOf, limits: of.limits, ports }),
      ]);
      tally.note(probe, from, to);
      if (tally.done % progressEvery === 0) await of.onProgress(tally.summary());
    }
  };
  await Promise.all(Array.from({ length: of.limits.concurrentMax }, work));
  return tally.summary();
}

const progressEvery = 100;

async function probesOf(request: ShadowRequest, ports: ShadowPorts): Promise<readonly Probe[]> {
  const { source, datasetId, baseId, count, seed, service } = request;
  if (source === 'records') return await recordedCalls(count, ports.records);
  const points = await ports.probes.points({ datasetId, kind: source, count, seed, from: baseId });
  return points.map((point) => ({
    callId: undefined,
    position: point.position,
    service: service ?? point.service ?? anyService,
    located: locatedAt(point.position),
  }));
}

async function recordedCalls(count: number, records: CallRecordStore): Promise<readonly Probe[]> {
  const probes: Probe[] = [];
  let before: CallRecordId | undefined;
  while (probes.length < count) {
    const page = await records.list({ limit: recordPage, before, state: undefined });
    for (const { id, located, recognition } of page) {
      const isKept = located?.location?.shape !== undefined || located?.location?.civic !== undefined;
      if (located === undefined || !isKept || recognition.kind !== 'emergency') continue;
      probes.push({ callId: id, position: undefined, service: recognition.service, located });
    }
    before = page.at(-1)?.id;
    if (page.length < recordPage) break;
  }
  return probes.slice(0, count);
}

function locatedAt(position: Position): Located {
  return {
    location: {
      source: { kind: 'query' },
      shape: { kind: 'point', position },
      civic: undefined,
      method: undefined,
      entity: undefined,
      timestamp: undefined,
      isRetransmissionAllowed: undefined,
      retentionExpires: undefined,
    },
    alternatives: [],
    candidates: [],
    warnings: [],
    additionalData: [],
  };
}

async function targetOf(
  { service, located }: Probe,
  datasetId: DatasetId,
  of: { readonly asOf: WallMs; readonly limits: ShadowLimits; readonly ports: ShadowPorts },
): Promise<ShadowTarget | undefined> {
  const { lookupDeadlineMs: deadlineMs, nearestWithinM } = of.limits;
  const lookup = pinned(of.ports.lookup, datasetId);
  const question = { service, located, asOf: of.asOf, deadlineMs, nearestWithinM };
  const { mapping } = await mapLocated(question, { lookup, clock: of.ports.clock });
  return readTarget(mapping);
}

/** Undefined: the lookup failed, which says nothing of the data. */
function readTarget(mapping: Mapping): ShadowTarget | undefined {
  if (mapping.kind === 'mapped') {
    const { serviceUri, boundaryId, displayName } = mapping.boundary;
    return { uri: serviceUri, boundaryId, displayName, how: mapping.rule };
  }
  const isFailure =
    mapping.reason === 'deadlineMissed' ||
    mapping.reason === 'lookupFailed' ||
    mapping.reason === 'stageFailed';
  if (isFailure) return undefined;
  return { uri: undefined, boundaryId: undefined, displayName: undefined, how: mapping.reason };
}

/** Lookups in one dataset, active or not. */
export function pinned(lookup: BoundaryLookup, datasetId: DatasetId): BoundaryLookup {
  return {
    byPoint: (position, scope) => lookup.byPoint(position, { ...scope, datasetId }),
    byArea: (shape, scope) => lookup.byArea(shape, { ...scope, datasetId }),
    byCivic: (civic, scope) => lookup.byCivic(civic, { ...scope, datasetId }),
    nearest: (position, withinM, scope) => lookup.nearest(position, withinM, { ...scope, datasetId }),
  };
}

class Tally {
  readonly #total: number;
  readonly #limits: ShadowLimits;
  readonly #flows = new Map<string, ShadowFlow>();
  readonly #differences: ShadowDifference[] = [];
  readonly #counts = { same: 0, moved: 0, lost: 0, gained: 0, failed: 0 };
  done = 0;

  constructor(total: number, limits: ShadowLimits) {
    this.#total = total;
    this.#limits = limits;
  }

  note(probe: Probe, from: ShadowTarget | undefined, to: ShadowTarget | undefined): void {
    this.done += 1;
    if (from === undefined || to === undefined) {
      this.#counts.failed += 1;
      return;
    }
    if (from.uri === to.uri) {
      this.#counts.same += 1;
      return;
    }
    this.#counts[to.uri === undefined ? 'lost' : from.uri === undefined ? 'gained' : 'moved'] += 1;
    const key = JSON.stringify([from.uri ?? null, to.uri ?? null]);
    const flow = this.#flows.get(key) ?? { from: from.uri, to: to.uri, count: 0 };
    this.#flows.set(key, { ...flow, count: flow.count + 1 });
    if (this.#differences.length >= this.#limits.differencesMax) return;
    const { callId, position, service } = probe;
    this.#differences.push({ callId, position, service, from, to });
  }

  summary(): ShadowSummary {
    const flows = [...this.#flows.values()].sort((a, b) => b.count - a.count).slice(0, this.#limits.flowsMax);
    return {
      total: this.#total,
      done: this.done,
      ...this.#counts,
      flows,
      differences: [...this.#differences],
    };
  }
}
