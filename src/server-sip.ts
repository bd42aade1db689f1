import { after, assert } from './base/index.ts';
import type { Config } from './config/index.ts';
import { CallBook, defaultDecision, isEmergency, routeRequest } from './esrp/index.ts';
import {
  defaultResolveTimeoutMs,
  nextHopFilter,
  Resolver,
  SipDriver,
  systemClock,
  systemRandom,
  Transports,
} from './net/index.ts';
import type { OwnedLogger } from './observe/index.ts';
import {
  makeCallOptions,
  metricsOf,
  netLimits,
  proxyLimits,
  proxyTimers,
  sipListeners,
} from './server-settings.ts';
import { defaultMessageLimits } from './sip/message/index.ts';
import type { ProxyEvent, ProxyInput, RequestDecision } from './sip/proxy/index.ts';
import { ProxyCore } from './sip/proxy/index.ts';
import type { Listener } from './sip/transaction/index.ts';
import type { Store } from './store/index.ts';

const shutdownMs = 5_000;

/** The SIP side as the rest of the server sees it. */
export interface RunningSip {
  readonly listeners: readonly Listener[];
  readonly defaultRouteUri: string;
  readonly isDraining: () => boolean;
  readonly counters: () => Readonly<Record<string, number>>;
  refuseNew(): void;
  /** Resolves when no call is in set-up, or after `limitMs`. */
  drained(limitMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface SipParts {
  readonly store: Store;
  readonly logger: OwnedLogger;
}

/** Binds the listeners and joins transports, proxy core, call flow and records. */
export async function startSip(config: Config, parts: SipParts): Promise<RunningSip> {
  const { store, logger } = parts;
  const random = systemRandom();
  const book = new CallBook({ store: store.records, clock: systemClock, logger });
  let driver: SipDriver<ProxyInput, ProxyEvent> | undefined;
  const transports = new Transports({
    listeners: sipListeners(config),
    limits: netLimits(config),
    clock: systemClock,
    logger,
    onMessage: (message, flow) => driver?.receive(message, flow),
  });
  const listeners = await transports.start();
  const [first, ...rest] = listeners;
  assert(first !== undefined, 'the configuration has at least one listener');
  const callOptions = makeCallOptions(config, listeners);
  const core = new ProxyCore({
    listeners: [first, ...rest],
    random,
    timers: proxyTimers(config),
    limits: proxyLimits(config),
    messageLimits: defaultMessageLimits,
    decideTimeoutMs: config.sip.decideTimeoutMs,
    resolveTimeoutMs: defaultResolveTimeoutMs + 1_000,
    serverName: 'Firstline',
    fallbackDecision: (request, flow) => defaultDecision(request, callOptions.ingressOf(flow), callOptions),
    mayExceedLimit: (request, flow) => isEmergency(request, callOptions.ingressOf(flow)),
    mayIgnoreProxyRequire: (request, flow) => isEmergency(request, callOptions.ingressOf(flow)),
  });
  const nextHops = nextHopFilter(config.sip.nextHopNetworks);
  if (!nextHops.ok) {
    await transports.stop(systemClock.mono());
    throw new Error(nextHops.error.map((problem) => problem.message).join('; '));
  }
  let isDraining = false;
  const sipDriver = new SipDriver<ProxyInput, ProxyEvent>({
    core,
    transports,
    resolver: new Resolver({
      listeners,
      nextHops: nextHops.value,
      clock: systemClock,
      timeoutMs: defaultResolveTimeoutMs,
    }),
    clock: systemClock,
    logger,
    onEvent: (event) => book.onEvent(event),
    onForget: () => undefined,
    onDecide: ({ id, request, flow }) => {
      if (isDraining) {
        sipDriver.answer(id, drainingReply);
        return;
      }
      book.expect(id);
      const ports = { lookup: store.lookup, clock: systemClock, random, logger };
      void routeRequest(request, flow, callOptions, ports).then(({ decision, record }) => {
        book.open(id, record);
        sipDriver.answer(id, decision);
      });
    },
  });
  driver = sipDriver;
  return {
    listeners,
    defaultRouteUri: callOptions.ingressOf({ ...first, remote: first.local, connectionId: undefined })
      .defaultRouteUri,
    isDraining: () => isDraining,
    counters: () =>
      metricsOf({
        net: transports.counts(),
        driver: sipDriver.counts(),
        proxy: core.counts(),
        calls: book.counts(),
      }),
    refuseNew: () => {
      isDraining = true;
    },
    drained: (limitMs) => untilTrue(() => book.counts().inSetUp === 0, limitMs),
    stop: async () => {
      await transports.stop(after(systemClock.mono(), shutdownMs));
      sipDriver.stop();
    },
  };
}

const drainingReply: RequestDecision = {
  kind: 'reply',
  statusCode: 503,
  reasonPhrase: 'Service Unavailable',
  headers: [{ name: 'Retry-After', value: '10' }],
};

function untilTrue(isDone: () => boolean, limitMs: number): Promise<void> {
  const limit = after(systemClock.mono(), limitMs);
  return new Promise((resolve) => {
    const look = () => {
      if (isDone() || systemClock.mono() >= limit) resolve();
      else setTimeout(look, 20);
    };
    look();
  });
}
