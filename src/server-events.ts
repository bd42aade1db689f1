import { hostname } from 'node:os';
import { assert, type Clock, type CodedError, err, ok } from './base/index.ts';
import type { Config } from './config/index.ts';
import type { Logger } from './esrp/index.ts';
import {
  type AddressGuard,
  addressGuard,
  canonicalHost,
  familyOf,
  hostMatcher,
  type Resolved,
  type Resolver,
  SipDriver,
  systemRandom,
  type Transports,
} from './net/index.ts';
import { type PresenceCounts, type PresenceFetch, PresenceFetcher } from './server-presence.ts';
import {
  defaultSubscriberLimits,
  type Flow,
  type Listener,
  type SipMessage,
  Subscriber,
  type SubscriberCounts,
  type SubscriberEvent,
  type SubscriberInput,
} from './sip/index.ts';

/** A subscription goes on after its fetch until the server has said good-bye, or too long did not. */
const subscriptionsForEachFetch = 4;
/** A presence server has little time to tell; one that is silent for this long is not waited for alone. */
const nextAddressMs = 500;

export interface EventParts {
  readonly listeners: readonly Listener[];
  readonly transports: Pick<Transports, 'send'>;
  readonly resolver: Pick<Resolver, 'resolve' | 'resolveNow'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The subscriber beside the proxy core, on the same sockets. */
export interface RunningEvents {
  readonly presence: PresenceFetch;
  /** Whether a message is the subscriber's; cheap enough for every message. */
  isForSubscriber(message: SipMessage): boolean;
  receive(message: SipMessage, flow: Flow): void;
  counts(): { readonly subscriber: SubscriberCounts; readonly presence: PresenceCounts };
  /** Says good-bye where it can, and takes nothing any more. May be called twice. */
  stop(): void;
}

/** Starts the subscriber. Where it may ask is said by `location.references`. */
export function startEvents(config: Config, parts: EventParts): RunningEvents {
  const { listeners, transports, resolver, clock, logger } = parts;
  const { references } = config.location;
  const rules = referenceRules(references.hosts, references.networks);
  const subscriber = new Subscriber({
    listeners,
    random: systemRandom(),
    timers: { ...timersOf(config), timerDMs: 32_000, tryingMs: 200 },
    limits: {
      ...defaultSubscriberLimits,
      subscriptionsMax: references.concurrentMax * subscriptionsForEachFetch,
      bodyBytesMax: references.bytesMax,
      redirectsMax: references.redirectsMax,
    },
    fromUri: `sip:firstline@${config.identity.domain ?? hostname()}`,
    product: 'Firstline',
    packages: ['presence'],
    nextAddressMs,
    resolveTimeoutMs: config.sip.nameTimeoutMs + 1_000,
    mayFollow: ({ host }) => rules.refusal({ host, maddr: undefined }) === undefined,
  });
  const fetcher: { current?: PresenceFetcher } = {};
  const driver = new SipDriver<SubscriberInput, SubscriberEvent>({
    core: subscriber,
    transports,
    resolver: guarded(resolver, rules.guard),
    clock,
    logger,
    onEvent: (event) => fetcher.current?.onEvent(event),
  });
  const presence = new PresenceFetcher({
    concurrentMax: references.concurrentMax,
    resourcePriority: config.routing.resourcePriority,
    refusal: rules.refusal,
    submit: (input) => driver.submit(input),
  });
  fetcher.current = presence;
  return {
    presence,
    isForSubscriber: (message) => subscriber.isForSubscriber(message),
    receive: (message, flow) => driver.receive(message, flow),
    counts: () => ({ subscriber: subscriber.counts(), presence: presence.counts() }),
    stop: () => {
      presence.stop();
      driver.stop();
    },
  };
}

interface ReferenceRules {
  readonly guard: AddressGuard;
  refusal(uri: { readonly host: string; readonly maddr: string | undefined }): CodedError | undefined;
}

/** What may be asked, as far as the URI itself says: each host that it names is listed, and no address is refused. */
function referenceRules(hosts: readonly string[], networks: readonly string[]): ReferenceRules {
  const guard = addressGuard(networks);
  assert(guard.ok, 'the configuration has checked the networks');
  const isListed = hosts.length === 0 ? () => true : hostMatcher(hosts);
  const ofHost = (text: string): CodedError | undefined => {
    const host = canonicalHost(text);
    if (host === undefined) return { code: 'events.target', message: 'its host cannot be looked up' };
    if (!isListed(host)) {
      return { code: 'events.hostRefused', message: `${host} is not in location.references.hosts` };
    }
    const refusal = familyOf(host) === undefined ? undefined : guard.value.refusal(host);
    return refusal === undefined ? undefined : addressRefused(host, refusal);
  };
  return {
    guard: guard.value,
    refusal: ({ host, maddr }) => ofHost(host) ?? (maddr === undefined ? undefined : ofHost(maddr)),
  };
}

/** Finds only addresses that may be asked: also for redirects and for what a notifier names as its own. */
function guarded(
  resolver: EventParts['resolver'],
  guard: AddressGuard,
): Pick<Resolver, 'resolve' | 'resolveNow'> {
  const allowed = (resolved: Resolved): Resolved => {
    if (!resolved.ok) return resolved;
    const fitting = resolved.value.filter(({ remote }) => guard.refusal(remote.address) === undefined);
    const [refused] = resolved.value;
    if (fitting.length > 0 || refused === undefined) return ok(fitting);
    const { address } = refused.remote;
    return err(addressRefused(address, guard.refusal(address) ?? 'refused'));
  };
  return {
    resolveNow: (query) => {
      const now = resolver.resolveNow(query);
      return now === undefined ? undefined : allowed(now);
    },
    resolve: async (query) => allowed(await resolver.resolve(query)),
  };
}

function addressRefused(host: string, kind: string): CodedError {
  const advice = 'location.references.networks would allow it';
  return { code: 'events.addressRefused', message: `${host} (${kind}) is not public; ${advice}` };
}

function timersOf(config: Config): { readonly t1Ms: number; readonly t2Ms: number; readonly t4Ms: number } {
  const { t1Ms, t2Ms, t4Ms } = config.sip;
  return { t1Ms, t2Ms, t4Ms };
}
