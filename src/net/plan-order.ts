import type { Random } from '../base/index.ts';
import type { Destination, Transport } from '../sip/index.ts';
import { type Family, familyOf } from './addresses.ts';
import type { PlanGroup } from './next-hop-plan.ts';
import { drawByWeight } from './srv-order.ts';

/** Destinations of one request beyond this are not tried: each may take a caller's seconds. */
export const destinationsMax = 32;

/** Whether every request finds the same order, since there is nothing to draw. */
export function isFixed(groups: readonly PlanGroup[]): boolean {
  return groups.every((group) => group.items.length < 2);
}

/** The destinations of a plan in order of trial, drawn anew by weight for each request; none stands twice. */
export function flatten(groups: readonly PlanGroup[], random: Random): readonly Destination[] {
  const destinations: Destination[] = [];
  for (const { items } of groups) {
    const drawn = items.length < 2 ? items : drawByWeight(items, random);
    for (const item of drawn) for (const destination of item.destinations) addNew(destinations, destination);
  }
  return destinations.slice(0, destinationsMax);
}

/**
 * The order for a request that is too large for UDP: each UDP address by TCP first, then by UDP (RFC 3261 §18.1.1), the
 * TCP attempt limited to `connectTimeoutMs`. Loopback addresses stay with UDP, since their MTU is known.
 */
export function withTcpFirst(
  destinations: readonly Destination[],
  options: {
    readonly families: ReadonlyMap<Transport, readonly Family[]>;
    readonly connectTimeoutMs: number;
  },
): readonly Destination[] {
  const tcpFamilies = options.families.get('tcp') ?? [];
  const ordered: Destination[] = [];
  for (const destination of destinations) {
    const { transport, remote } = destination;
    const hasTcp = tcpFamilies.some((family) => family === familyOf(remote.address));
    if (transport === 'udp' && hasTcp && !isLoopback(remote.address)) {
      addNew(ordered, { ...destination, transport: 'tcp', connectTimeoutMs: options.connectTimeoutMs });
    }
    addNew(ordered, destination);
  }
  return ordered;
}

function addNew(destinations: Destination[], destination: Destination): void {
  const { transport, remote } = destination;
  const isKnown = destinations.some(
    (other) =>
      other.transport === transport &&
      other.remote.port === remote.port &&
      other.remote.address === remote.address,
  );
  if (!isKnown) destinations.push(destination);
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./i.test(address);
}
