import { errorText, type ServiceUrn, type WallMs, wallMs } from '../base/index.ts';
import type { Shape } from '../geo/index.ts';
import { civicAddress } from '../location/index.ts';
import type {
  GetMappings,
  LostAnswer,
  LostBoundary,
  LostMapping,
  LostMappingId,
  MappingChange,
  PushMappings,
} from '../lost/index.ts';
import { lostMoment } from '../lost/index.ts';
import { type EcrfParts, leftMs, type QueryContext, refuse } from './context.ts';
import type { CoverageRegion } from './coverage.ts';
import { polygonsOf } from './geometry.ts';
import { areaOf, idOf, numberOf } from './mapping.ts';
import type { BoundaryDetail, BoundaryList, SyncStore } from './ports.ts';
import { readService } from './service-tree.ts';

export interface SyncOptions {
  /** What peers are given: the region that this server answers for, or every boundary too. */
  readonly offers: 'none' | 'coverage' | 'mappings';
  readonly coverage: readonly { readonly service: ServiceUrn; readonly regions: readonly CoverageRegion[] }[];
  /** When the coverage was configured, for what it says of its own age. */
  readonly coverageSince: WallMs;
  /** Mappings of one document; the rest goes with the next, since the asker says what it has. */
  readonly documentMappingsMax: number;
  /** Corners of all boundaries of one document. */
  readonly documentCornersMax: number;
  /** Names of servers that are asked for theirs, and that are given ours. */
  readonly sources: readonly string[];
  readonly pushTo: readonly string[];
  readonly deadlineMs: number;
}

/** For metrics; grows only, but for `held`. */
export interface SyncCounts {
  readonly given: number;
  readonly taken: number;
  readonly refused: number;
  readonly failed: number;
  readonly held: number;
}

/**
 * Shares mappings with other servers (RFC 6739), as source and as destination. What comes is never modified; what is ours is
 * not signed (§8), so that peers are known by their TLS certificate or credential and speak for the sources that the
 * configuration gives them alone.
 */
export class Synchronisation {
  readonly #options: SyncOptions;
  readonly #parts: EcrfParts;
  readonly #store: SyncStore | undefined;
  readonly #counts = { given: 0, taken: 0, refused: 0, failed: 0 };
  /** What each peer was given, by server. */
  readonly #pushed = new Map<string, Map<string, LostMappingId>>();
  #isRunning = false;

  constructor(options: SyncOptions, parts: EcrfParts, store: SyncStore | undefined) {
    this.#options = options;
    this.#parts = parts;
    this.#store = store;
  }

  counts(): SyncCounts {
    return { ...this.#counts, held: this.#parts.synced.all().length };
  }

  /** Takes up what an earlier run has kept. */
  async restore(): Promise<void> {
    try {
      this.#parts.synced.restore((await this.#store?.load()) ?? []);
    } catch (thrown) {
      this.#parts.ports.logger.warn('lost.syncNotRestored', { error: errorText(thrown) });
    }
  }

  /** Answers a peer that asks (RFC 6739 §4.2). */
  async getMappings(request: GetMappings, context: QueryContext): Promise<LostAnswer> {
    if (!context.client.mayReadMappings || this.#options.offers === 'none') {
      return refuse(this.#parts, 'forbidden', 'mappings are not given to this client');
    }
    const has = new Map(request.exists.map((id) => [keyOf(id), id]));
    const wanted = (id: LostMappingId): boolean => {
      const known = has.get(keyOf(id));
      return known === undefined || known.lastUpdated.ms < id.lastUpdated.ms;
    };
    const changes = await this.#changes(wanted, leftMs(context, this.#parts));
    this.#counts.given += changes.length;
    return { kind: 'getMappingsResponse', changes };
  }

  /** Takes what a peer gives (RFC 6739 §5.2). */
  async pushMappings({ changes }: PushMappings, { client }: QueryContext): Promise<LostAnswer> {
    const { synced, options } = this.#parts;
    if (client.pushes === undefined) {
      return refuse(this.#parts, 'forbidden', 'mappings are not taken from this client');
    }
    const mine = new Set(client.pushes.map((name) => name.toLowerCase()));
    const strangers = changes.map(sourceOf).filter((source) => !mine.has(source.toLowerCase()));
    const isForeign = strangers.some((source) => source.toLowerCase() !== options.name.toLowerCase());
    if (isForeign) {
      this.#counts.refused += strangers.length;
      return refuse(this.#parts, 'forbidden', 'this client may not speak for one of the sources');
    }
    const applied = synced.apply(changes, (source) => mine.has(source.toLowerCase()));
    await this.#took(applied.changed, applied.refused);
    if (applied.refused > 0) return refuse(this.#parts, 'internalError', 'no more mappings are kept');
    if (applied.notDeleted.length === 0) return { kind: 'pushMappingsResponse' };
    const message = 'these mappings are not known';
    return {
      kind: 'errors',
      source: options.name,
      exceptions: [],
      notDeleted: { message, mappings: applied.notDeleted },
    };
  }

  /** Asks all sources and gives to all peers, once. Never rejects; does nothing while it is at it. */
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (const name of this.#options.sources) await this.#attempt(name, () => this.#pull(name));
      for (const name of this.#options.pushTo) await this.#attempt(name, () => this.#push(name));
    } finally {
      this.#isRunning = false;
    }
  }

  async #attempt(server: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#counts.failed += 1;
      this.#parts.ports.logger.warn('lost.syncFailed', { server, error: errorText(thrown) });
    }
  }

  // As long as it has more to give.
  async #pull(name: string): Promise<void> {
    const { ports, synced } = this.#parts;
    for (;;) {
      const request: GetMappings = { kind: 'getMappings', exists: synced.ids() };
      const answer = await ports.remote.ask(name, request, this.#how());
      if (answer.kind !== 'getMappingsResponse') throw new Error(`it answers ${describe(answer)}`);
      const applied = synced.apply(answer.changes, () => true);
      await this.#took(applied.changed, applied.refused);
      if (applied.changed === 0) return;
    }
  }

  /** Of each source by itself: a peer that does not take what we got from others takes what is ours. */
  async #push(name: string): Promise<void> {
    if (this.#options.offers === 'none') return;
    const { ports, options } = this.#parts;
    const pushed = this.#pushed.get(name) ?? new Map<string, LostMappingId>();
    this.#pushed.set(name, pushed);
    const offered = this.#offered();
    const refusals: string[] = [];
    for (const source of new Set([...offered.values(), ...pushed.values()].map((id) => id.source))) {
      const isOf = (id: LostMappingId) => id.source === source;
      const now = lostMoment(ports.clock.wall());
      const gone = [...pushed.values()].filter((id) => isOf(id) && !offered.has(keyOf(id)));
      for (
        let deletions = gone.map((id) => ({ kind: 'delete', ...id, lastUpdated: now }) as const);
        ;
        deletions = []
      ) {
        const wanted = (id: LostMappingId): boolean =>
          isOf(id) && pushed.get(keyOf(id))?.lastUpdated.ms !== id.lastUpdated.ms;
        const changes = [...deletions, ...(await this.#changes(wanted, options.deadlineMs))];
        if (changes.length === 0) break;
        const answer = await ports.remote.ask(name, { kind: 'pushMappings', changes }, this.#how());
        const isTaken =
          answer.kind === 'pushMappingsResponse' || ('notDeleted' in answer && answer.notDeleted);
        if (!isTaken) {
          refusals.push(`it answers ${describe(answer)} to mappings of ${source}`);
          break;
        }
        note(pushed, changes);
        this.#counts.given += changes.length;
      }
    }
    if (refusals.length > 0) throw new Error(refusals.join('; '));
  }

  #how() {
    return { purpose: 'sync', deadlineMs: this.#options.deadlineMs } as const;
  }

  async #took(changed: number, refused: number): Promise<void> {
    const { cache, ports, synced } = this.#parts;
    this.#counts.taken += changed;
    this.#counts.refused += refused;
    if (refused > 0) ports.logger.warn('lost.syncRefused', { refused });
    if (changed === 0) return;
    // Who answers for what may have changed.
    cache.clear();
    try {
      await this.#store?.save(synced.all());
    } catch (thrown) {
      ports.logger.error('lost.syncNotKept', { error: errorText(thrown) });
    }
  }

  /** What there is to give, by key. */
  #offered(): ReadonlyMap<string, LostMappingId> {
    const ids = [...this.#coverage(), ...this.#ownIds(), ...this.#parts.synced.ids()];
    return new Map(ids.map((id) => [keyOf(id), id]));
  }

  async #changes(
    wanted: (id: LostMappingId) => boolean,
    deadlineMs: number,
  ): Promise<readonly MappingChange[]> {
    const { documentMappingsMax } = this.#options;
    const ready = [...this.#coverage(), ...this.#parts.synced.all()].filter(wanted);
    const changes: MappingChange[] = ready
      .slice(0, documentMappingsMax)
      .map((mapping) => ({ kind: 'put', mapping }));
    let cornersLeft = this.#options.documentCornersMax;
    const list = this.#parts.ports.directory.current();
    if (this.#options.offers !== 'mappings' || list === undefined) return changes;
    for (const detail of list.boundaries.values()) {
      if (changes.length >= documentMappingsMax || cornersLeft <= 0) break;
      if (!wanted(this.#idOf(detail, list))) continue;
      const mapping = await this.#mappingOf(detail, list, deadlineMs);
      if (mapping === undefined) continue;
      cornersLeft -= cornersIn(mapping);
      changes.push({ kind: 'put', mapping });
    }
    return changes;
  }

  #ownIds(): readonly LostMappingId[] {
    const list = this.#parts.ports.directory.current();
    if (this.#options.offers !== 'mappings' || list === undefined) return [];
    return [...list.boundaries.values()].map((detail) => this.#idOf(detail, list));
  }

  #idOf({ boundaryId }: BoundaryDetail, { updatedAt }: BoundaryList): LostMappingId {
    return { ...idOf(boundaryId, this.#parts.options.name), lastUpdated: lostMoment(updatedAt) };
  }

  async #mappingOf(
    detail: BoundaryDetail,
    list: BoundaryList,
    deadlineMs: number,
  ): Promise<LostMapping | undefined> {
    const { ports, turns } = this.#parts;
    const { datasetId, revision } = list;
    const key = { datasetId, revision, boundaryId: detail.boundaryId };
    const geometry = await turns.take(() => ports.directory.geometry(key, deadlineMs));
    const polygons = geometry && polygonsOf(geometry, Number.POSITIVE_INFINITY);
    if (polygons === undefined) return undefined;
    const area = areaOf(detail);
    const civic: readonly LostBoundary[] = area === undefined ? [] : [{ kind: 'civic', civics: [area] }];
    return {
      ...this.#idOf(detail, list),
      expires: detail.expire === undefined ? 'NO-EXPIRATION' : lostMoment(detail.expire),
      displayNames: detail.displayName === '' ? [] : [{ text: detail.displayName, language: 'en' }],
      service: readService(detail.serviceUrn) ?? detail.serviceUrn,
      boundaries: [...civic, polygons],
      uris: [detail.serviceUri],
      serviceNumber: numberOf(detail.serviceNumber),
    };
  }

  /** Our own region, without a URI: the mapping's source is the server to ask (RFC 6739 §3). */
  #coverage(): readonly LostMapping[] {
    const { options } = this.#parts;
    if (this.#options.offers === 'none') return [];
    return this.#options.coverage.map(({ service, regions }) => ({
      source: options.name,
      sourceId: `coverage ${service}`,
      lastUpdated: lostMoment(wallMs(this.#options.coverageSince)),
      expires: 'NO-EXPIRATION',
      displayNames: [],
      service,
      boundaries: boundariesOf(regions),
      uris: [],
    }));
  }
}

/** Regions as boundaries: of each profile one, whose shapes add up. */
function boundariesOf(regions: readonly CoverageRegion[]): readonly LostBoundary[] {
  const shapes = regions.flatMap((region) => (region.kind === 'shape' ? [region.shape] : []));
  const polygons = shapes.flatMap((shape) => (shape.kind === 'polygon' ? [ringsOf(shape)] : []));
  const round = shapes.filter((shape) => shape.kind !== 'polygon');
  const civics = regions.flatMap((region) =>
    region.kind === 'civic' ? (civicAddress(Object.fromEntries(region.elements)) ?? []) : [],
  );
  return [
    ...(civics.length === 0 ? [] : [{ kind: 'civic', civics } as const]),
    ...(polygons.length === 0 ? [] : [{ kind: 'polygons', polygons } as const]),
    ...(round.length === 0 ? [] : [{ kind: 'shapes', shapes: round } as const]),
  ];
}

function ringsOf({ exterior, interiors }: Extract<Shape, { kind: 'polygon' }>) {
  return [exterior, ...interiors].map((ring) => ring.map(({ lon, lat }) => [lon, lat] as const));
}

function keyOf({ source, sourceId }: Pick<LostMappingId, 'source' | 'sourceId'>): string {
  return `${source.toLowerCase()} ${sourceId}`;
}

/** Takes down what a peer has been given. */
function note(pushed: Map<string, LostMappingId>, changes: readonly MappingChange[]): void {
  for (const change of changes) {
    if (change.kind === 'delete') pushed.delete(keyOf(change));
    else {
      const { source, sourceId, lastUpdated } = change.mapping;
      pushed.set(keyOf(change.mapping), { source, sourceId, lastUpdated });
    }
  }
}

function sourceOf(change: MappingChange): string {
  return change.kind === 'put' ? change.mapping.source : change.source;
}

function cornersIn({ boundaries }: LostMapping): number {
  return boundaries.reduce(
    (sum, boundary) => sum + (boundary.kind === 'polygons' ? boundary.polygons.flat(2).length : 1),
    0,
  );
}

function describe(answer: LostAnswer): string {
  if (answer.kind !== 'errors') return answer.kind;
  return answer.exceptions.map(({ type, message }) => `${type} (${message})`).join(', ');
}
