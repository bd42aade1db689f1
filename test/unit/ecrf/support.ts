import { expect } from 'vitest';
import {
  boundaryId,
  DependencyError,
  datasetId,
  type ServiceUrn,
  serviceUrn,
  wallMs,
} from '../../../src/base/index.ts';
import {
  type BoundaryDetail,
  type BoundaryList,
  Ecrf,
  type EcrfServiceOptions,
  type LostClient,
  type LostRemote,
  type LostRole,
  type SyncStore,
} from '../../../src/ecrf/index.ts';
import {
  type BoundaryGeometry,
  type BoundaryLookup,
  type BoundaryMatch,
  type CivicValidation,
  type CivicValidator,
  type Logger,
  type LookupAnswer,
  type LookupScope,
  mapLocated,
} from '../../../src/esrp/index.ts';
import { centerOf, type Position, type Shape } from '../../../src/geo/index.ts';
import { type CivicAddress, civicAddress } from '../../../src/location/index.ts';
import {
  defaultLostAnswerLimits,
  type FindService,
  type LostAnswer,
  type LostLocation,
  type LostMapping,
  type LostRequest,
  lostMoment,
  readLostAnswer,
  writeLostAnswer,
} from '../../../src/lost/index.ts';
import { type LostGrammar, lostErrorsBy } from '../../support/lost-schema.ts';
import { ManualClock } from '../../support/manual-clock.ts';

// A LoST server over boundaries that are boxes in longitude and latitude, with other servers that are functions.

export const sos = 'urn:service:sos';
export const ownName = 'own.example';
export const dataset = datasetId(7);

/** A box that serves, or whose service is known to be absent. */
export interface Box {
  readonly id: string;
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  readonly service?: string;
  readonly uri?: string;
  /** Value of A3 of the addresses in it. */
  readonly city?: string;
  readonly effective?: number;
  readonly expire?: number;
}

export interface WorldOptions {
  readonly boxes?: readonly Box[];
  readonly options?: Partial<EcrfServiceOptions>;
  readonly remote?: LostRemote['ask'];
  readonly validator?: CivicValidator['validate'];
  /** The lookup fails with this. */
  readonly failure?: DependencyError;
  readonly nearestWithinM?: number;
  readonly store?: SyncStore;
  /** No list of boundaries was read yet. */
  readonly isUnlisted?: boolean;
  readonly revision?: number;
}

export interface World {
  readonly ecrf: Ecrf;
  readonly clock: ManualClock;
  /** What other servers were asked, in order. */
  readonly asked: { readonly server: string; readonly request: LostRequest; readonly deadlineMs: number }[];
  /** The answer, after it was written, held to the schema, and read again. */
  ask(
    request: LostRequest,
    more?: { readonly role?: LostRole; readonly client?: LostClient },
  ): Promise<LostAnswer>;
  readonly logged: string[];
}

export const everybody: LostClient = {
  name: undefined,
  services: [],
  mayReadMappings: false,
  pushes: undefined,
};

export const defaultOptions: EcrfServiceOptions = {
  name: ownName,
  expiresMs: 3_600_000,
  mappingsMax: 5,
  boundaryCornersMax: 1_000,
  similarMax: 3,
  deadlineMs: 1_000,
  lookupsMax: 2,
  validation: 'both',
  recurses: true,
  redirectsMax: 3,
  servers: [],
  defaults: new Map(),
  cache: { entriesMax: 100, ageMaxMs: 86_400_000, staleMaxMs: 86_400_000 },
  sync: {
    offers: 'none',
    coverage: [],
    coverageSince: wallMs(1_600_000_000_000),
    documentMappingsMax: 2,
    documentCornersMax: 1_000,
    sources: [],
    pushTo: [],
    deadlineMs: 1_000,
    mappingsMax: 10,
  },
};

export function world(given: WorldOptions = {}): World {
  const clock = new ManualClock();
  const boxes = given.boxes ?? [];
  const asked: World['asked'] = [];
  const logged: string[] = [];
  const lookup = new BoxLookup(boxes, given.failure);
  const list = given.isUnlisted === true ? undefined : listOf(boxes, given.revision ?? 0);
  const { sync, ...options } = given.options ?? {};
  const ecrf = new Ecrf(
    { ...defaultOptions, ...options, sync: { ...defaultOptions.sync, ...sync } },
    {
      map: ({ mayBeNear, ...question }) =>
        mapLocated(
          { ...question, nearestWithinM: mayBeNear ? (given.nearestWithinM ?? 0) : 0 },
          { lookup, clock },
        ),
      nearestM: async (position, service, withinM) => {
        const answer = await lookup.nearest(position, withinM, scopeOf(service));
        return answer.kind === 'found' ? answer.distanceM : undefined;
      },
      validator: given.validator === undefined ? undefined : { validate: given.validator },
      directory: {
        current: () => list,
        geometry: async (key) => {
          if (key.datasetId !== dataset || key.revision !== (given.revision ?? 0)) return undefined;
          const box = boxes.find(({ id }) => id === key.boundaryId);
          return box && geometryOf(box);
        },
      },
      remote: {
        ask: (server, request, how) => {
          asked.push({ server, request, deadlineMs: how.deadlineMs });
          return given.remote?.(server, request, how) ?? Promise.reject(unreachable(server));
        },
      },
      clock,
      logger: collect(logged),
    },
    given.store,
  );
  return {
    ecrf,
    clock,
    asked,
    logged,
    ask: async (request, { role = 'ecrf', client = everybody } = {}) =>
      checked(await ecrf.answer(request, role, client)),
  };
}

export function unreachable(server: string): DependencyError {
  return new DependencyError('ecrf.serverUnreachable', `${server} is away`);
}

/** An answer as the wire has it: held to the schema and read again. */
export function checked(answer: LostAnswer): LostAnswer {
  const xml = writeLostAnswer(answer);
  if (!(answer.kind === 'getMappingsResponse' && answer.changes.length === 0)) {
    expect(lostErrorsBy(grammarOf(answer), xml), xml).toEqual([]);
  }
  const read = readLostAnswer(Buffer.from(xml), defaultLostAnswerLimits);
  if (!read.ok) throw new Error(`${read.error.message}\n${xml}`);
  return read.value;
}

/** The strictest grammar that has what an answer is made of. */
function grammarOf(answer: LostAnswer): LostGrammar {
  switch (answer.kind) {
    case 'getMappingsResponse':
    case 'pushMappingsResponse':
      return 'sync';
    case 'getServiceListBoundaryResponse':
    case 'listServicesByLocationResponse':
      return 'slb';
    default: {
      const forgotten = ['locationValidationUnavailable', 'SRSInvalid'];
      const all = 'exceptions' in answer ? [answer] : 'warnings' in answer ? answer.warnings : [];
      const isForgotten = all.some(({ exceptions }) =>
        exceptions.some(({ type }) => forgotten.includes(type)),
      );
      return isForgotten ? 'amended' : 'published';
    }
  }
}

export function point(lon: number, lat: number, id = 'here'): LostLocation {
  return {
    id,
    profile: 'geodetic-2d',
    value: { kind: 'geodetic', shape: { kind: 'point', position: { lon, lat } } },
  };
}

export function circle(lon: number, lat: number, radiusM: number, id = 'here'): LostLocation {
  const shape: Shape = { kind: 'circle', center: { lon, lat }, radiusM };
  return { id, profile: 'geodetic-2d', value: { kind: 'geodetic', shape } };
}

export function civic(elements: Record<string, string>, id = 'here'): LostLocation {
  const address = civicAddress(elements);
  if (address === undefined) throw new Error('an address has elements');
  return { id, profile: 'civic', value: { kind: 'civic', civic: address } };
}

/** A question with what a test says of it. */
export function find(
  locations: LostLocation | readonly LostLocation[],
  more: Partial<Omit<FindService, 'kind' | 'locations'>> = {},
): FindService {
  return {
    kind: 'findService',
    locations: 'value' in locations ? [locations] : locations,
    service: sos,
    isRecursive: false,
    validatesLocation: false,
    path: [],
    ...more,
  };
}

/** A mapping of another server. */
export function mapping(more: Partial<LostMapping> = {}): LostMapping {
  return {
    source: 'other.example',
    sourceId: 'm1',
    lastUpdated: lostMoment(wallMs(1_600_000_000_000)),
    expires: 'NO-CACHE',
    displayNames: [{ text: 'Other', language: 'en' }],
    service: sos,
    boundaries: [],
    uris: ['sip:other@example.com'],
    ...more,
  };
}

/** An answer of another server. */
export function answerOf(
  mappings: readonly LostMapping[],
  more: Partial<Extract<LostAnswer, { kind: 'findServiceResponse' }>> = {},
): Extract<LostAnswer, { kind: 'findServiceResponse' }> {
  return {
    kind: 'findServiceResponse',
    mappings,
    warnings: [],
    path: [{ source: ownName }, { source: 'other.example' }],
    locationUsed: 'here',
    ...more,
  };
}

export function errorsOf(
  type: 'notFound' | 'forbidden' | 'loop' | 'serviceNotImplemented',
  source = 'other.example',
) {
  return { kind: 'errors', source, exceptions: [{ type, message: 'no' }] } as const;
}

/** What matters of an answer, in a word or two. */
export function brief(answer: LostAnswer): unknown {
  switch (answer.kind) {
    case 'findServiceResponse':
      return [
        ...answer.mappings.map(({ source, sourceId }) =>
          source === ownName ? sourceId : `${source} ${sourceId}`,
        ),
        ...answer.warnings.flatMap(({ exceptions }) => exceptions.map(({ type }) => type)),
      ];
    case 'errors':
      return answer.exceptions.map(({ type }) => type).join(' ');
    case 'redirect':
      return `redirect ${answer.target}`;
    case 'listServicesResponse':
    case 'listServicesByLocationResponse':
      return answer.services;
    default:
      return answer.kind;
  }
}

export function validation(given: Partial<CivicValidation>): CivicValidation {
  return {
    datasetId: dataset,
    valid: [],
    invalid: [],
    unchecked: [],
    layer: undefined,
    featureId: undefined,
    position: undefined,
    similar: [],
    changesAt: undefined,
    ...given,
  };
}

function listOf(boxes: readonly Box[], revision: number): BoundaryList {
  return {
    datasetId: dataset,
    revision,
    updatedAt: wallMs(1_690_000_000_000 + revision * 1_000),
    boundaries: new Map(boxes.map((box) => [box.id, detailOf(box)])),
  };
}

function detailOf(box: Box): BoundaryDetail {
  const { boundaryId: id, displayName, serviceUrn: service, serviceUri, serviceNumber } = matchOf(box);
  return {
    boundaryId: id,
    datasetId: dataset,
    displayName,
    serviceUrn: service,
    serviceUri,
    serviceNumber,
    effective: box.effective === undefined ? undefined : wallMs(box.effective),
    expire: box.expire === undefined ? undefined : wallMs(box.expire),
    country: box.city === undefined ? undefined : 'US',
    a1: undefined,
    a2: undefined,
    a3: box.city,
  };
}

function matchOf(box: Box): BoundaryMatch {
  return {
    boundaryId: boundaryId(box.id),
    datasetId: dataset,
    displayName: `Name of ${box.id}`,
    serviceUrn: serviceUrn(box.service ?? sos),
    serviceUri: box.uri ?? `sip:${box.id}@example.com`,
    serviceNumber: '911',
    agencyId: undefined,
    priority: 0,
  };
}

function geometryOf({ west, south, east, north }: Box): BoundaryGeometry {
  return {
    type: 'MultiPolygon',
    coordinates: [
      [
        [
          [west, south],
          [east, south],
          [east, north],
          [west, north],
          [west, south],
        ],
      ],
    ],
  };
}

function scopeOf(service: ServiceUrn): LookupScope {
  return { services: [service], asOf: wallMs(0), deadlineMs: 1_000 };
}

function collect(logged: string[]): Logger {
  const note = (event: string, fields: object = {}) => void logged.push(`${event} ${JSON.stringify(fields)}`);
  return { debug: note, info: note, warn: note, error: note };
}

const absentUri = /^urn:emergency:servicenotimplemented$/i;

/** Boundaries that are boxes. */
class BoxLookup implements BoundaryLookup {
  readonly #boxes: readonly Box[];
  readonly #failure: DependencyError | undefined;
  constructor(boxes: readonly Box[], failure: DependencyError | undefined) {
    this.#boxes = boxes;
    this.#failure = failure;
  }
  async byPoint({ lon, lat }: Position, scope: LookupScope): Promise<LookupAnswer> {
    const covers = (box: Box) => lon >= box.west && lon <= box.east && lat >= box.south && lat <= box.north;
    return this.#answer(scope, 'covers', covers);
  }
  async byArea(shape: Shape, scope: LookupScope): Promise<LookupAnswer> {
    const { lon, lat } = centerOf(shape);
    const reachDeg = 'radiusM' in shape ? shape.radiusM / 111_195 : 0;
    const touches = (box: Box) =>
      lon + reachDeg >= box.west &&
      lon - reachDeg <= box.east &&
      lat + reachDeg >= box.south &&
      lat - reachDeg <= box.north;
    return this.#answer(scope, 'overlap', touches);
  }
  async byCivic(address: CivicAddress, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer(
      scope,
      'areaName',
      ({ city }) => city !== undefined && city === address.elements.get('A3'),
    );
  }
  async nearest({ lon }: Position, withinM: number, scope: LookupScope): Promise<LookupAnswer> {
    const away = (box: Box) => Math.max(0, box.west - lon, lon - box.east) * 111_195;
    const near = this.#boxes.filter((box) => away(box) <= withinM).sort((a, b) => away(a) - away(b));
    const answer = this.#answer(scope, 'nearest', (box) => near.includes(box));
    const [first] = near.filter(({ service = sos }) => scope.services.includes(serviceUrn(service)));
    return answer.kind === 'found' && first ? { ...answer, distanceM: away(first) } : answer;
  }
  #answer(
    { services, asOf }: LookupScope,
    rule: 'covers' | 'overlap' | 'areaName' | 'nearest',
    fits: (box: Box) => boolean,
  ): LookupAnswer {
    if (this.#failure !== undefined) throw this.#failure;
    const rank = ({ service = sos }: Box) => services.indexOf(serviceUrn(service));
    const inForce = ({ effective = 0, expire = Number.POSITIVE_INFINITY }: Box) =>
      effective <= asOf && asOf < expire;
    const found = this.#boxes
      .filter((box) => rank(box) >= 0 && (asOf === 0 || inForce(box)) && fits(box))
      .sort((a, b) => rank(a) - rank(b));
    const [first, ...others] = found.map((box, index) =>
      rule === 'overlap' ? { ...matchOf(box), share: 0.6 / (index + 1) } : matchOf(box),
    );
    if (first === undefined) return { kind: 'nothing', datasetId: dataset };
    if (absentUri.test(first.serviceUri)) return { kind: 'absent', datasetId: dataset, boundary: first };
    return { kind: 'found', rule, matches: [first, ...others] };
  }
}
