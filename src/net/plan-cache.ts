import { ok, type Random } from '../base/index.ts';
import type { Destination, ResolveQuery } from '../sip/index.ts';
import type { NextHopPlan } from './next-hop-plan.ts';
import { flatten, isFixed } from './plan-order.ts';

/** A plan as it is kept: with the finished lists where nothing has to be drawn for each request. */
export interface KeptPlan {
  readonly plan: NextHopPlan;
  readonly freshUntil: number;
  /** Once passed by, its answers are asked for ahead. */
  refreshAt: number;
  /** What of the system's files it rests on. */
  readonly version: number;
  /** Undefined where the order is drawn by weight. */
  readonly destinations: readonly Destination[] | undefined;
  /** The same as a result, made once. */
  readonly answer: ReturnType<typeof ok<readonly Destination[]>> | undefined;
  /** The list for requests that are too large for UDP; made when first wanted. */
  large: readonly Destination[] | undefined;
}

interface Variant {
  readonly query: ResolveQuery;
  kept: KeptPlan;
}

/** Hosts, and ways to ask for one host, that plans are kept for; the oldest leave first. */
const hostsMax = 2_000;
const variantsMax = 8;

/** Finished plans by query, so that a call that goes where others went before costs a look into a table. */
export class PlanCache {
  readonly #hosts = new Map<string, Variant[]>();

  /** The plan for a query, however old. */
  get(query: ResolveQuery): KeptPlan | undefined {
    const variants = this.#hosts.get(query.host);
    if (variants === undefined) return undefined;
    for (const variant of variants) if (isAlike(variant.query, query)) return variant.kept;
    return undefined;
  }

  set(query: ResolveQuery, kept: KeptPlan): void {
    const variants = this.#hosts.get(query.host) ?? [];
    const known = variants.find((variant) => isAlike(variant.query, query));
    if (known !== undefined) {
      known.kept = kept;
      return;
    }
    if (variants.length >= variantsMax) variants.shift();
    variants.push({ query, kept });
    if (this.#hosts.has(query.host)) return;
    const oldest = this.#hosts.size >= hostsMax ? this.#hosts.keys().next().value : undefined;
    if (oldest !== undefined) this.#hosts.delete(oldest);
    this.#hosts.set(query.host, variants);
  }
}

/** Makes a plan ready to be kept. */
export function keptPlan(
  plan: NextHopPlan,
  at: { readonly freshUntil: number; readonly version: number; readonly random: Random },
): KeptPlan {
  const destinations = isFixed(plan.groups) ? flatten(plan.groups, at.random) : undefined;
  return {
    plan,
    freshUntil: at.freshUntil,
    refreshAt: plan.refreshAt,
    version: at.version,
    destinations,
    answer: destinations === undefined ? undefined : ok(destinations),
    large: undefined,
  };
}

function isAlike(one: ResolveQuery, other: ResolveQuery): boolean {
  return (
    one.port === other.port &&
    one.transport === other.transport &&
    (one.isSecure === true) === (other.isSecure === true) &&
    (one.mayFallBack === true) === (other.mayFallBack === true)
  );
}
