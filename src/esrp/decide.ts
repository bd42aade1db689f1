import type { Mapping, Plan, PlanTarget } from './types.ts';

/** The last resort of an ingress. */
export interface DefaultRoute {
  readonly uri: string;
}

/** What the stage goes by. */
export interface DecideOptions {
  readonly defaultRoute: DefaultRoute;
  /** How long the mapped answering point may ring before the default route is tried. */
  readonly ringTimeoutMs: number;
  /** How long the last target may take: the caller hangs up, or the answering point answers. */
  readonly lastRingTimeoutMs: number;
}

/** The fourth stage: mapping in, an ordered plan out that ends with the default route and is never empty. Pure. */
export function decide(mapping: Mapping, options: DecideOptions): Plan {
  const last: PlanTarget = {
    uri: options.defaultRoute.uri,
    reason: 'default',
    displayName: 'default route',
    boundaryId: undefined,
    ringTimeoutMs: options.lastRingTimeoutMs,
  };
  if (mapping.kind === 'unmapped') {
    return {
      targets: [last],
      trace: [`unmapped (${mapping.reason}): ${mapping.detail}`, `default route ${last.uri}`],
    };
  }
  const { boundary } = mapping;
  const isDefaultItself = boundary.serviceUri === last.uri;
  const mapped: PlanTarget = {
    uri: boundary.serviceUri,
    reason: 'mapped',
    displayName: boundary.displayName,
    boundaryId: boundary.boundaryId,
    ringTimeoutMs: isDefaultItself ? options.lastRingTimeoutMs : options.ringTimeoutMs,
  };
  const trace = [`mapped (${mapping.rule}): ${mapping.detail}`, `first ${mapped.uri}`];
  if (isDefaultItself) return { targets: [mapped], trace };
  return { targets: [mapped, last], trace: [...trace, `then the default route ${last.uri}`] };
}

/** A plan in a line, for the record. */
export function describePlan(plan: Plan): string {
  return plan.targets.map((target) => `${target.uri} (${target.reason})`).join(', then ');
}
