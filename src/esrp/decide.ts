import type { ServiceUrn } from '../base/index.ts';
import { serviceFamily } from './service-urn.ts';
import type { Mapping, Plan, PlanTarget } from './types.ts';

/** The last resort of an ingress. */
export interface DefaultRoute {
  readonly uri: string;
}

/** Where calls for a service go that nothing else routes, before the default route of the ingress. */
export interface ServiceRoute {
  readonly service: ServiceUrn;
  readonly uri: string;
}

/** What the stage goes by. */
export interface DecideOptions {
  readonly defaultRoute: DefaultRoute;
  /** Of the service that was asked for, where it has one. */
  readonly serviceRoute?: ServiceRoute | undefined;
  /** How long the mapped answering point may ring before the default route is tried. */
  readonly ringTimeoutMs: number;
  /** How long the last target may take: the caller hangs up, or the answering point answers. */
  readonly lastRingTimeoutMs: number;
}

/** The route that is configured for a service, or for the nearest of its parents that has one. */
export function serviceRouteOf(
  service: ServiceUrn,
  routes: ReadonlyMap<ServiceUrn, string> | undefined,
): ServiceRoute | undefined {
  if (routes === undefined || routes.size === 0) return undefined;
  for (const each of serviceFamily(service)) {
    const uri = routes.get(each);
    if (uri !== undefined) return { service: each, uri };
  }
  return undefined;
}

/** The fourth stage: mapping in, an ordered plan out that ends with the default route and is never empty. Pure. */
export function decide(mapping: Mapping, options: DecideOptions): Plan {
  const [first, ...later] = [
    ...mappedTarget(mapping, options),
    ...serviceTarget(options),
    lastTarget(options),
  ];
  // Each place once, at its first; the last of all may ring until the caller gives up.
  const targets: [PlanTarget, ...PlanTarget[]] = [first ?? lastTarget(options)];
  for (const target of later) {
    if (!targets.some(({ uri }) => uri === target.uri)) targets.push(target);
  }
  const last = targets.length - 1;
  const timed = targets.map((target, index) =>
    index === last ? { ...target, ringTimeoutMs: options.lastRingTimeoutMs } : target,
  ) as [PlanTarget, ...PlanTarget[]];
  const why =
    mapping.kind === 'mapped'
      ? `mapped (${mapping.rule}): ${mapping.detail}`
      : `unmapped (${mapping.reason}): ${mapping.detail}`;
  return { targets: timed, trace: [why, ...timed.map(traceOf)] };
}

function mappedTarget(mapping: Mapping, options: DecideOptions): readonly PlanTarget[] {
  if (mapping.kind === 'unmapped') return [];
  const { serviceUri, displayName, boundaryId } = mapping.boundary;
  const { ringTimeoutMs } = options;
  return [{ uri: serviceUri, reason: 'mapped', displayName, boundaryId, ringTimeoutMs }];
}

function serviceTarget({ serviceRoute, ringTimeoutMs }: DecideOptions): readonly PlanTarget[] {
  if (serviceRoute === undefined) return [];
  const { service, uri } = serviceRoute;
  const displayName = `default route of ${service}`;
  return [{ uri, reason: 'default', displayName, boundaryId: undefined, ringTimeoutMs }];
}

function lastTarget({ defaultRoute, lastRingTimeoutMs }: DecideOptions): PlanTarget {
  return {
    uri: defaultRoute.uri,
    reason: 'default',
    displayName: 'default route',
    boundaryId: undefined,
    ringTimeoutMs: lastRingTimeoutMs,
  };
}

function traceOf({ uri, reason, displayName }: PlanTarget, index: number): string {
  const name = reason === 'mapped' ? uri : `${displayName} ${uri}`;
  return index === 0 ? (reason === 'mapped' ? `first ${name}` : name) : `then the ${name}`;
}

/** A plan in a line, for the record. */
export function describePlan(plan: Plan): string {
  return plan.targets.map((target) => `${target.uri} (${target.reason})`).join(', then ');
}
