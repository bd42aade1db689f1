import type { ServiceUrn, WallMs } from '../base/index.ts';
import type { Shape } from '../geo/index.ts';
import type { LostBoundary, LostMapping, LostMappingId, MappingChange } from '../lost/index.ts';
import { type CoverageQuestion, type CoverageRegion, coverageFit } from './coverage.ts';
import { readService } from './service-tree.ts';
import type { OtherServer } from './types.ts';

/** What became of changes that a peer gave. */
export interface AppliedChanges {
  /** Mappings that are new, newer or gone. */
  readonly changed: number;
  /** Deletions of what is not there (RFC 6739 §5.2). */
  readonly notDeleted: readonly MappingChange[];
  /** Changes of sources that the peer may not speak for, and what is beyond the limit. */
  readonly refused: number;
}

export interface SyncedOptions {
  /** Whose mappings are ours already. */
  readonly ownName: string;
  readonly mappingsMax: number;
}

interface Held {
  readonly mapping: LostMapping;
  readonly service: ServiceUrn | undefined;
  readonly regions: readonly CoverageRegion[];
}

/**
 * Mappings of other servers, by RFC 6739: those with URIs answer for places that no boundary of ours serves; those without
 * say which server answers for a region (§3). Never modified (§8).
 */
export class SyncedMappings {
  readonly #options: SyncedOptions;
  readonly #held = new Map<string, Held>();
  #servers: readonly OtherServer[] | undefined;

  constructor(options: SyncedOptions) {
    this.#options = options;
  }

  /** All of them. */
  all(): readonly LostMapping[] {
    return [...this.#held.values()].map(({ mapping }) => mapping);
  }

  /** What identifies the state of each. */
  ids(): readonly LostMappingId[] {
    return this.all().map(({ source, sourceId, lastUpdated }) => ({ source, sourceId, lastUpdated }));
  }

  /** Takes what was kept from an earlier run. */
  restore(mappings: readonly LostMapping[]): void {
    this.apply(
      mappings.map((mapping) => ({ kind: 'put', mapping }) as const),
      () => true,
    );
  }

  /** Takes over changes of sources that may make them. */
  apply(changes: readonly MappingChange[], mayChange: (source: string) => boolean): AppliedChanges {
    let changed = 0;
    let refused = 0;
    const notDeleted: MappingChange[] = [];
    for (const change of changes) {
      const { source } = change.kind === 'put' ? change.mapping : change;
      const isOwn = source.toLowerCase() === this.#options.ownName.toLowerCase();
      if (isOwn || !mayChange(source)) {
        // What is ours comes back to us where servers share in a circle (RFC 6739 §8).
        if (!isOwn) refused += 1;
        continue;
      }
      const outcome = change.kind === 'put' ? this.#put(change.mapping) : this.#delete(change);
      if (outcome === 'changed') changed += 1;
      if (outcome === 'full') refused += 1;
      if (outcome === 'absent') notDeleted.push(change);
    }
    if (changed > 0) this.#servers = undefined;
    return { changed, notDeleted, refused };
  }

  /** Servers that answer for regions, as mappings without a URI name them. */
  servers(): readonly OtherServer[] {
    this.#servers ??= [...this.#held.values()].flatMap(({ mapping, service, regions }) =>
      mapping.uris.length > 0 || service === undefined || regions.length === 0
        ? []
        : [{ name: mapping.source, role: 'child', services: [service], coverage: regions } as const],
    );
    return this.#servers;
  }

  /** The mapping that serves a place best, of the first of these services that has one. */
  find(services: readonly ServiceUrn[], question: CoverageQuestion, now: WallMs): LostMapping | undefined {
    let best: { readonly mapping: LostMapping; readonly rank: number; readonly fit: number } | undefined;
    for (const { mapping, service, regions } of this.#held.values()) {
      const rank = service === undefined ? -1 : services.indexOf(service);
      if (rank < 0 || mapping.uris.length === 0 || regions.length === 0 || isOver(mapping, now)) continue;
      if (best !== undefined && best.rank < rank) continue;
      const fit = coverageFit(regions, question);
      if (fit === undefined) continue;
      if (best === undefined || rank < best.rank || fit > best.fit) best = { mapping, rank, fit };
    }
    return best?.mapping;
  }

  #put(mapping: LostMapping): 'changed' | 'same' | 'full' {
    const key = keyOf(mapping);
    const known = this.#held.get(key);
    // RFC 6739 §5.2: the more recent one stands.
    if (known !== undefined && known.mapping.lastUpdated.ms >= mapping.lastUpdated.ms) return 'same';
    if (known === undefined && this.#held.size >= this.#options.mappingsMax) return 'full';
    const service = mapping.service === undefined ? undefined : readService(mapping.service);
    this.#held.set(key, { mapping, service, regions: mapping.boundaries.flatMap(regionsOf) });
    return 'changed';
  }

  #delete(id: LostMappingId): 'changed' | 'absent' {
    return this.#held.delete(keyOf(id)) ? 'changed' : 'absent';
  }
}

function keyOf({ source, sourceId }: Pick<LostMappingId, 'source' | 'sourceId'>): string {
  return `${source.toLowerCase()} ${sourceId}`;
}

function isOver({ expires }: LostMapping, now: WallMs): boolean {
  return typeof expires === 'object' && expires.ms <= now;
}

/** The regions that a boundary describes; none of one that cannot be read. */
function regionsOf(boundary: LostBoundary): readonly CoverageRegion[] {
  switch (boundary.kind) {
    case 'polygons':
      return boundary.polygons.flatMap((rings) => {
        const [exterior = [], ...interiors] = rings.map((ring) => ring.map(([lon, lat]) => ({ lon, lat })));
        const shape: Shape = { kind: 'polygon', exterior, interiors };
        return exterior.length < 4 ? [] : [{ kind: 'shape', shape }];
      });
    case 'shapes':
      return boundary.shapes.map((shape) => ({ kind: 'shape', shape }));
    case 'civic':
      return boundary.civics.map(({ country, elements }) => ({
        kind: 'civic',
        elements: new Map([...(country === undefined ? [] : [['country', country] as const]), ...elements]),
      }));
    default:
      return [];
  }
}
