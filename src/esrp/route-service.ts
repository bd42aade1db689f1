import type { Clock, ServiceUrn } from '../base/index.ts';
import type { LocationLimits } from '../location/index.ts';
import { decide, describePlan, serviceRouteOf } from './decide.ts';
import { locateDocument } from './locate.ts';
import { mapLocated } from './map.ts';
import type { BoundaryLookup, Logger } from './ports.ts';
import { StageLog } from './stage-log.ts';
import type { Located, Mapping, RouteAnswer, RouteLocation, RouteQuery, RouteService } from './types.ts';

/** What the route query goes by: the same values that calls of the default ingress go by. */
export interface RouteServiceOptions {
  readonly defaultRouteUri: string;
  readonly ringTimeoutMs: number;
  readonly lastRingTimeoutMs: number;
  readonly lookupDeadlineMs: number;
  /** How far off a boundary may be that answers for a place which none covers, metres; 0 or undefined: none may. */
  readonly nearestWithinM?: number | undefined;
  /** Default routes by service. */
  readonly serviceRoutes?: ReadonlyMap<ServiceUrn, string> | undefined;
  readonly limits: LocationLimits;
}

export interface RouteServicePorts {
  readonly lookup: BoundaryLookup;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Answers "where would this call go, and why" with the stages that calls go through. */
export function createRouteService(options: RouteServiceOptions, ports: RouteServicePorts): RouteService {
  return {
    async route(query: RouteQuery): Promise<RouteAnswer> {
      const start = ports.clock.mono();
      const log = new StageLog(ports);
      const found =
        log.runSync('locate', () => locateQuery(query.location, options.limits), describeLocated) ?? nowhere;
      const question = {
        service: query.service,
        located: found,
        asOf: query.asOf ?? ports.clock.wall(),
        deadlineMs: options.lookupDeadlineMs,
        nearestWithinM: options.nearestWithinM,
      };
      const mapped = await log.run(
        'map',
        () => mapLocated(question, ports),
        (value) => value.mapping.detail,
      );
      const mapping = mapped?.mapping ?? failed;
      const located = mapped?.located ?? found;
      const targets = {
        ...options,
        defaultRoute: { uri: options.defaultRouteUri },
        serviceRoute: serviceRouteOf(query.service, options.serviceRoutes),
      };
      const plan =
        log.runSync('decide', () => decide(mapping, targets), describePlan) ?? decide(failed, targets);
      return {
        service: query.service,
        located,
        mapping,
        plan,
        stages: log.traces(),
        totalMs: Math.round((ports.clock.mono() - start) * 1_000) / 1_000,
      };
    },
  };
}

const nowhere: Located = {
  location: undefined,
  alternatives: [],
  candidates: [],
  warnings: [],
  additionalData: [],
};
const failed: Mapping = {
  kind: 'unmapped',
  reason: 'stageFailed',
  detail: 'the map stage failed',
  others: [],
};

function describeLocated(located: Located): string {
  return (
    located.candidates.find((candidate) => candidate.outcome === 'chosen')?.reason ?? 'no usable location'
  );
}

function locateQuery(location: RouteLocation, limits: LocationLimits): Located {
  if (location.kind === 'document') return locateDocument(location.bytes, limits);
  return {
    location: {
      source: { kind: 'query' },
      shape: location.kind === 'point' ? { kind: 'point', position: location.position } : undefined,
      civic: location.kind === 'civic' ? location.civic : undefined,
      method: undefined,
      entity: undefined,
      timestamp: undefined,
      isRetransmissionAllowed: undefined,
      retentionExpires: undefined,
    },
    alternatives: [],
    additionalData: [],
    candidates: [{ origin: 'query', outcome: 'chosen', reason: `the ${location.kind} asked for` }],
    warnings: [],
  };
}
