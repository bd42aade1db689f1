import { randomBytes } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { type ServiceUrn, serviceUrn } from './base/index.ts';
import type { Config } from './config/index.ts';
import { configSchema, ingressConfig } from './config/index.ts';
import type { CallOptions, IngressRules, LocateOptions, LocationPublisher, Timer } from './esrp/index.ts';
import { defaultLocationLimits } from './location/index.ts';
import type { ListenOptions, NetLimits } from './net/index.ts';
import { defaultNetLimits } from './net/index.ts';
import { profileLookup } from './server-peers.ts';
import { ingressPlace, servicePlaces } from './server-places.ts';
import {
  defaultBodyLimits,
  defaultProxyLimits,
  defaultProxyTimers,
  type Flow,
  type Listener,
  OwnAddresses,
  type ProxyLimits,
  type ProxyTimers,
} from './sip/index.ts';

// The configuration's values in the forms in which the rooms take them.

/** How long the last target of a plan may ring: until the caller gives up, or timer C of RFC 3261 §16.6 ends it. */
export const lastRingTimeoutMs = 3_600_000;

/** The listeners to bind. Of the default ones those on ::1 are left out where the machine has no IPv6. */
export function sipListeners(config: Config): readonly ListenOptions[] {
  const defaults = JSON.stringify(configSchema.parse({}).sip.listen);
  const isDefault = JSON.stringify(config.sip.listen) === defaults;
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  );
  return config.sip.listen
    .filter(({ address }) => !isDefault || hasIpv6 || address !== '::1')
    .map(({ tls, ...listener }) => ({
      ...listener,
      ...(tls === undefined ? {} : { tls: config.sip.tls[tls] }),
    }));
}

/** Socket limits with those that are configured. */
export function netLimits(config: Config): NetLimits {
  return {
    ...defaultNetLimits,
    stream: {
      ...defaultNetLimits.stream,
      connectionsMax: config.sip.connectionsMax,
      connectionsPerAddressMax: config.sip.connectionsPerAddressMax,
    },
  };
}

/** Timers of the proxy core. */
export function proxyTimers(config: Config): ProxyTimers {
  const { t1Ms, t2Ms, t4Ms, timerCMs } = config.sip;
  return { ...defaultProxyTimers, t1Ms, t2Ms, t4Ms, timerCMs };
}

/** Bounds of the proxy core; emergency calls may go half as far again as others. */
export function proxyLimits(config: Config): ProxyLimits {
  const { transactionsMax } = config.sip;
  return { ...defaultProxyLimits, transactionsMax, transactionsHardMax: Math.ceil(transactionsMax * 1.5) };
}

/** What signs our Record-Route: as configured, the same on all nodes, or made for this run. */
export function recordRouteSecrets(config: Config): readonly Buffer[] {
  const given = config.sip.recordRouteSecrets.map((text) => Buffer.from(text, 'utf8'));
  return given.length > 0 ? given : [randomBytes(32)];
}

/** Least time for what lies elsewhere, where the decision's own deadline leaves next to none. */
const budgetMinMs = 50;
/** What the stages may take beside their waits, and the way of a question and its answer. */
const decisionSpareMs = 100;
const dayMs = 24 * 3_600_000;

/** The timer of this process. */
export const systemTimer: Timer = (delayMs, onEnd) => {
  const timer = setTimeout(onEnd, delayMs);
  return () => clearTimeout(timer);
};

/**
 * What the call flow goes by, for the listeners as they are bound; `publisher` serves the locations that go on by
 * reference.
 */
export function makeCallOptions(
  config: Config,
  listeners: readonly Listener[],
  publisher?: LocationPublisher,
): CallOptions {
  const byListener = new Map<string, IngressRules>();
  for (const listener of listeners) {
    byListener.set(listenerKey(listener), ingressRules(config, listener.ingress));
  }
  const defaultRules = ingressRules(config, 'default');
  const [first, ...others] = listeners;
  const own = first && new OwnAddresses([first, ...others], config.sip.aliases);
  return {
    ingressOf: (flow) => byListener.get(listenerKey(flow)) ?? defaultRules,
    isOwnAddress: (uri) => own?.ofUri(uri) !== undefined,
    identityDomain: config.identity.domain ?? hostname(),
    resourcePriority: config.routing.resourcePriority,
    ringTimeoutMs: config.routing.ringTimeoutMs,
    lastRingTimeoutMs,
    silenceTimeoutMs: config.routing.silenceTimeoutMs,
    lookupDeadlineMs: config.routing.lookupDeadlineMs,
    nearestWithinM: config.lookup.nearestWithinM,
    serviceRoutes: serviceRoutes(config),
    locate: locateOptions(config),
    retention: {
      keepsDocumentRetention: config.records.keepsDocumentRetention,
      locationRetentionMs: config.records.locationRetentionDays * dayMs,
    },
    supply: {
      isOn: config.location.supply,
      profileOf: profileLookup(config.peers),
      publisher,
      provider: config.identity.domain ?? hostname(),
    },
  };
}

/** Default routes by service. */
export function serviceRoutes(config: Config): ReadonlyMap<ServiceUrn, string> {
  const routes = Object.entries(config.routing.serviceDefaults);
  return new Map(routes.map(([urn, uri]) => [serviceUrn(urn), uri]));
}

// The lookup and the stages need their time too before the core takes the default route.
function locateOptions(config: Config): LocateOptions {
  const { budgetMs, order, fallbacks } = config.location;
  const room = config.sip.decideTimeoutMs - config.routing.lookupDeadlineMs - decisionSpareMs;
  return {
    budgetMs: Math.min(budgetMs, Math.max(budgetMinMs, room)),
    order,
    fallbacks,
    serviceDefaults: servicePlaces(config),
    limits: { body: defaultBodyLimits, location: defaultLocationLimits },
  };
}

/** A listener for people: `udp 127.0.0.1:5060`. */
export function listenerText(listener: Listener): string {
  const { address, port } = listener.local;
  return `${listener.transport} ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Nested counts as metrics: names joined by `_`, lists added up, addresses left out. */
export function metricsOf(tree: object): Record<string, number> {
  const flat: Record<string, number> = {};
  addMetrics(flat, tree, 'firstline');
  return flat;
}

function addMetrics(flat: Record<string, number>, tree: object, prefix: string): void {
  for (const [name, value] of Object.entries(tree)) {
    // A list has one entry for each listener; what they counted is added up.
    const path = Array.isArray(tree) ? prefix : `${prefix}_${snakeCase(name)}`;
    if (typeof value === 'number') flat[path] = (flat[path] ?? 0) + value;
    else if (typeof value === 'object' && value !== null && name !== 'local') addMetrics(flat, value, path);
  }
}

function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

function ingressRules(config: Config, name: string): IngressRules {
  const rules = ingressConfig(config, name);
  return {
    name,
    dialStrings: new Map(Object.entries(rules.dialStrings).map(([digits, urn]) => [digits, serviceUrn(urn)])),
    keepDialString: rules.keepDialString,
    nonEmergency: rules.nonEmergency,
    mode: rules.mode,
    redirects: rules.redirects,
    defaultPlace: ingressPlace(name, rules.defaultPlace),
    // The configuration is refused where neither a default route nor the demo PSAP is there.
    defaultRouteUri:
      rules.defaultRouteUri ??
      config.routing.defaultRouteUri ??
      `sip:default@127.0.0.1:${config.demo.psapPort}`,
  };
}

function listenerKey({ transport, local }: Pick<Flow, 'transport' | 'local'>): string {
  return `${transport} ${local.address} ${local.port}`;
}
