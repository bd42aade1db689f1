import { boundaryId, type Clock, DependencyError, errorText, type ServiceUrn } from '../base/index.ts';
import type {
  AnsweredBy,
  BoundaryLookup,
  BoundaryMatch,
  Logger,
  LookupAnswer,
  LookupScope,
} from '../esrp/index.ts';
import type {
  FindService,
  FindServiceResponse,
  LostAnswer,
  LostLocationValue,
  LostMapping,
} from '../lost/index.ts';
import { lostMoment } from '../lost/index.ts';
import { AnswerCache } from './cache.ts';
import type { LostRemote } from './ports.ts';
import { readService } from './service-tree.ts';
import type { CacheOptions } from './types.ts';

export interface LostLookupOptions {
  /** `after`: where our own boundaries do not serve a place. `instead`: first, with our own where nobody answers. */
  readonly use: 'after' | 'instead';
  /** Who is asked, in order of preference. */
  readonly servers: readonly string[];
  /** Share of a lookup's deadline that others may take before our own are asked. */
  readonly deadlineShare: number;
  readonly cache: CacheOptions;
}

export interface LostLookupPorts {
  readonly remote: LostRemote;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often what happened. */
export interface LostLookupCounts {
  readonly asked: number;
  readonly found: number;
  readonly nothing: number;
  readonly stale: number;
  readonly failed: number;
}

/** Beyond it a moment is another one than now. */
const nowToleranceMs = 60_000;
const uriLengthMax = 2_000;
const textMax = 250;

/**
 * Maps calls by another LoST server, after our own boundaries or instead of them. What another server does never keeps a call:
 * it has its share of the time, an older answer of its own stands in where it is silent, then our own boundaries.
 */
export class LostLookup implements BoundaryLookup {
  readonly #own: BoundaryLookup;
  readonly #options: LostLookupOptions;
  readonly #ports: LostLookupPorts;
  readonly #cache: AnswerCache;
  readonly #counts = { asked: 0, found: 0, nothing: 0, stale: 0, failed: 0 };

  constructor(own: BoundaryLookup, options: LostLookupOptions, ports: LostLookupPorts) {
    this.#own = own;
    this.#options = options;
    this.#ports = ports;
    this.#cache = new AnswerCache(options.cache, ports.clock);
  }

  counts(): LostLookupCounts {
    return { ...this.#counts };
  }

  byPoint: BoundaryLookup['byPoint'] = (position, scope) =>
    this.#find({ kind: 'geodetic', shape: { kind: 'point', position } }, scope, (within) =>
      this.#own.byPoint(position, within),
    );

  byArea: BoundaryLookup['byArea'] = (shape, scope) =>
    this.#find({ kind: 'geodetic', shape }, scope, (within) => this.#own.byArea(shape, within));

  byCivic: BoundaryLookup['byCivic'] = (civic, scope) =>
    this.#find({ kind: 'civic', civic }, scope, (within) => this.#own.byCivic(civic, within));

  /** Ours alone: another server takes its nearest where it is configured to. */
  nearest: BoundaryLookup['nearest'] = (position, withinM, scope) =>
    this.#own.nearest(position, withinM, scope);

  async #find(
    value: LostLocationValue,
    scope: LookupScope,
    own: (scope: LookupScope) => Promise<LookupAnswer>,
  ): Promise<LookupAnswer> {
    // A dataset that is compared is ours.
    if (scope.datasetId !== undefined) return await own(scope);
    return this.#options.use === 'instead'
      ? await this.#instead(value, scope, own)
      : await this.#after(value, scope, own);
  }

  async #instead(
    value: LostLocationValue,
    scope: LookupScope,
    own: (scope: LookupScope) => Promise<LookupAnswer>,
  ): Promise<LookupAnswer> {
    const startedAt = this.#ports.clock.mono();
    const answer = await this.#ask(value, scope, 'instead', scope.deadlineMs * this.#options.deadlineShare);
    if (answer !== undefined) return answer;
    const deadlineMs = scope.deadlineMs - (this.#ports.clock.mono() - startedAt);
    return await own({ ...scope, deadlineMs });
  }

  async #after(
    value: LostLocationValue,
    scope: LookupScope,
    own: (scope: LookupScope) => Promise<LookupAnswer>,
  ): Promise<LookupAnswer> {
    const { clock } = this.#ports;
    const startedAt = clock.mono();
    const ownMs = scope.deadlineMs * (1 - this.#options.deadlineShare);
    let answer: LookupAnswer | undefined;
    let failure: unknown;
    try {
      answer = await own({ ...scope, deadlineMs: ownMs });
      if (answer.kind !== 'nothing' && answer.kind !== 'noActiveDataset') return answer;
    } catch (thrown) {
      failure = thrown;
    }
    const leftMs = scope.deadlineMs - (clock.mono() - startedAt) - spareMs;
    const other = await this.#ask(value, scope, 'unserved', leftMs);
    if (other !== undefined && other.kind !== 'nothing') return other;
    if (answer !== undefined) return answer;
    throw failure;
  }

  /** Undefined where nobody answers. Never rejects. */
  async #ask(
    value: LostLocationValue,
    scope: LookupScope,
    why: 'instead' | 'unserved',
    timeMs: number,
  ): Promise<LookupAnswer | undefined> {
    const { clock } = this.#ports;
    const question = this.#question(value, scope);
    const known = this.#cache.fresh(question);
    if (known?.kind === 'findServiceResponse') return this.#found(known, scope, why);
    const endsAt = clock.mono() + timeMs;
    const { servers } = this.#options;
    for (const [place, server] of servers.entries()) {
      const leftMs = endsAt - clock.mono();
      if (leftMs < 1) break;
      // The first of several leaves time for the next.
      const deadlineMs = place === servers.length - 1 ? leftMs : leftMs / 2;
      const answer = await this.#one(server, question, deadlineMs);
      const meaning = answer && this.#meaning(answer, { server, scope, why });
      if (answer === undefined || meaning === undefined) continue;
      this.#cache.keep(question, answer);
      return meaning;
    }
    const stale = this.#cache.stale(question);
    if (stale?.kind !== 'findServiceResponse') return undefined;
    this.#counts.stale += 1;
    return this.#found(stale, scope, why);
  }

  async #one(server: string, question: FindService, deadlineMs: number): Promise<LostAnswer | undefined> {
    const { remote, logger } = this.#ports;
    this.#counts.asked += 1;
    try {
      return await remote.ask(server, question, { purpose: 'mapping', deadlineMs });
    } catch (thrown) {
      this.#counts.failed += 1;
      const code = thrown instanceof DependencyError ? thrown.code : undefined;
      logger.warn('lost.serverFailed', { server, code, error: errorText(thrown) });
      return undefined;
    }
  }

  #question(value: LostLocationValue, { services, asOf }: LookupScope): FindService {
    const isNow = Math.abs(asOf - this.#ports.clock.wall()) < nowToleranceMs;
    return {
      kind: 'findService',
      locations: [{ id: 'caller', profile: value.kind === 'civic' ? 'civic' : 'geodetic-2d', value }],
      service: services[0],
      // NENA-STA-010.3 §3.4.4: entities of an ESInet ask recursively.
      isRecursive: true,
      validatesLocation: false,
      serviceBoundary: 'reference',
      path: [],
      asOf: isNow ? undefined : lostMoment(asOf),
    };
  }

  /** What an answer says of the place; undefined where it says nothing that can be used. */
  #meaning(
    answer: LostAnswer,
    {
      server,
      scope,
      why,
    }: { readonly server: string; readonly scope: LookupScope; readonly why: 'instead' | 'unserved' },
  ): LookupAnswer | undefined {
    const answeredBy: AnsweredBy = { name: 'lost', why, server };
    if (answer.kind === 'findServiceResponse') return this.#found(answer, scope, why);
    if (answer.kind !== 'errors') {
      this.#ports.logger.warn('lost.serverFailed', { server, error: `it answers ${answer.kind}` });
      return undefined;
    }
    const types = new Set<string>(answer.exceptions.map(({ type }) => type));
    if (types.has('serviceNotImplemented')) {
      this.#counts.nothing += 1;
      return { kind: 'absent', datasetId: undefined, boundary: absentAt(server, scope), answeredBy };
    }
    if (types.has('notFound')) {
      this.#counts.nothing += 1;
      return { kind: 'nothing', datasetId: undefined, answeredBy };
    }
    this.#counts.failed += 1;
    this.#ports.logger.warn('lost.serverFailed', { server, error: [...types].join(', ') });
    return undefined;
  }

  #found(
    answer: FindServiceResponse,
    scope: LookupScope,
    why: 'instead' | 'unserved',
  ): LookupAnswer | undefined {
    const [first, ...others] = answer.mappings.flatMap((mapping) => matchOf(mapping, scope) ?? []);
    if (first === undefined) {
      this.#ports.logger.warn('lost.noSipUri', { source: answer.mappings[0]?.source });
      return undefined;
    }
    this.#counts.found += 1;
    const isDefault = answer.warnings.some(({ exceptions }) =>
      exceptions.some(({ type }) => type === 'defaultMappingReturned'),
    );
    const server = answer.mappings[0]?.source ?? this.#options.servers[0] ?? '';
    return {
      kind: 'found',
      rule: isDefault ? 'nearest' : 'covers',
      matches: [first, ...others],
      answeredBy: { name: 'lost', why, server },
    };
  }
}

/** Between the end of another's time and the end of ours. */
const spareMs = 20;

/** Undefined where a call cannot go there. */
function matchOf(mapping: LostMapping, scope: LookupScope): BoundaryMatch | undefined {
  const uri = mapping.uris.find(
    (each) => each.length <= uriLengthMax && /^sips?:[^\s<>"\p{Cc}]+$/iu.test(each),
  );
  if (uri === undefined) return undefined;
  const name = mapping.displayNames[0]?.text ?? mapping.source;
  return {
    boundaryId: boundaryId(`${mapping.source}/${mapping.sourceId}`.slice(0, textMax)),
    datasetId: undefined,
    displayName: name.slice(0, textMax),
    serviceUrn: serviceOf(mapping, scope),
    serviceUri: uri,
    serviceNumber: mapping.serviceNumber,
    agencyId: undefined,
    priority: 0,
  };
}

function serviceOf({ service }: LostMapping, { services }: LookupScope): ServiceUrn {
  return (service === undefined ? undefined : readService(service)) ?? services[0];
}

function absentAt(server: string, { services }: LookupScope): BoundaryMatch {
  return {
    boundaryId: boundaryId(server),
    datasetId: undefined,
    displayName: server,
    serviceUrn: services[0],
    serviceUri: 'urn:emergency:servicenotimplemented',
    serviceNumber: undefined,
    agencyId: undefined,
    priority: 0,
  };
}
