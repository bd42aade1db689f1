import { after, assert, DependencyError } from './base/index.ts';
import type { Config } from './config/index.ts';
import type {
  BoundaryLookup,
  CallChanges,
  CallOptions,
  CallPorts,
  LocationPorts,
  LocationPublisher,
} from './esrp/index.ts';
import { CallBook, defaultDecision, isEmergency, MidCall, routeRequest } from './esrp/index.ts';
import type { AgentHost, CertificateInfo, HealthReport } from './net/index.ts';
import {
  nextHopFilter,
  Resolver,
  SipDriver,
  startPsap,
  systemClock,
  systemRandom,
  Transports,
} from './net/index.ts';
import type { OwnedLogger } from './observe/index.ts';
import type { RunningEvents } from './server-events.ts';
import { type RunningReferences, startReferences } from './server-references.ts';
import {
  makeCallOptions,
  metricsOf,
  netLimits,
  proxyLimits,
  proxyTimers,
  recordRouteSecrets,
  sipListeners,
} from './server-settings.ts';
import {
  defaultMessageLimits,
  type Listener,
  ProxyCore,
  type ProxyEffect,
  type ProxyEvent,
  type ProxyInput,
  type RequestDecision,
} from './sip/index.ts';
import type { Store } from './store/index.ts';

const shutdownMs = 5_000;

/** For peers that never learned the other side's Contact: half a day of calls, and no more memory than some 100 MB. */
const rememberedDialogs = { dialogsMax: 100_000, ageMaxMs: 12 * 3_600_000 };

/** The SIP side as the rest of the server sees it. */
export interface RunningSip {
  readonly listeners: readonly Listener[];
  readonly defaultRouteUri: string;
  readonly isDraining: () => boolean;
  readonly counters: () => Readonly<Record<string, number>>;
  /** What calls found out about the addresses that they were sent to. */
  readonly nextHops: () => readonly HealthReport[];
  /** Our own certificates in use. */
  readonly certificates: () => readonly CertificateInfo[];
  /** Reads all certificate files again; what cannot be used is logged and stays as it was. */
  reloadCertificates(): Promise<void>;
  refuseNew(): void;
  /** Resolves when no call is in set-up, or after `limitMs`. */
  drained(limitMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface SipParts {
  readonly store: Store;
  /** Lookups for calls. */
  readonly lookup: BoundaryLookup;
  readonly logger: OwnedLogger;
  /** Told of calls as they change. */
  readonly changes: CallChanges;
  /** Serves locations by reference. */
  readonly publisher: LocationPublisher | undefined;
}

/** Binds the listeners and joins transports, proxy core, call flow, references and records. */
export async function startSip(config: Config, parts: SipParts): Promise<RunningSip> {
  const { store, logger } = parts;
  const receiver: Receiver = { driver: undefined, events: undefined };
  const transports = new Transports({
    listeners: sipListeners(config),
    limits: netLimits(config),
    clock: systemClock,
    logger,
    onMessage: (message, flow) => {
      const { driver, events } = receiver;
      if (events?.isForSubscriber(message) === true) events.receive(message, flow);
      else driver?.receive(message, flow);
    },
    tlsClient: config.sip.tlsClient,
    udpBatch: config.sip.udpBatch,
  });
  const listeners = await transports.start();
  const resolver = makeResolver(config, listeners, logger);
  try {
    const references = await startReferences(config, { store, logger, listeners, transports, resolver });
    receiver.events = references.events;
    return joinSip(config, parts, { transports, listeners, resolver, references, receiver });
  } catch (error) {
    resolver.stop();
    await transports.stop(after(systemClock.mono(), shutdownMs));
    throw error;
  }
}

/** Who takes the messages of the transports. */
interface Receiver {
  driver: SipDriver<ProxyInput, ProxyEvent> | undefined;
  events: RunningEvents | undefined;
}

interface JoinedParts {
  readonly transports: Transports;
  readonly listeners: readonly Listener[];
  readonly resolver: Resolver;
  readonly references: RunningReferences;
  readonly receiver: Receiver;
}

function joinSip(config: Config, parts: SipParts, joined: JoinedParts): RunningSip {
  const { store, lookup, logger, changes } = parts;
  const { transports, listeners, resolver, references, receiver } = joined;
  const book = new CallBook({ store: store.records, clock: systemClock, logger, changes });
  const callOptions = makeCallOptions(config, listeners, parts.publisher);
  const core = makeCore(config, listeners, callOptions);
  const discards = new DiscardCounter();
  const locations = references.ports;
  const intake = new Intake({ ...parts, book, callOptions, locations });
  const driver = new SipDriver<ProxyInput, ProxyEvent>({
    core,
    transports,
    resolver,
    clock: systemClock,
    logger,
    onEvent: (event) => {
      if (event.kind === 'discarded') discards.count(event.reason);
      else {
        if (event.kind === 'inDialog') midCall.onInDialog(event);
        book.onEvent(event);
      }
    },
    onHealth: (destination, verdict, retryAfterS) => resolver.note(destination, verdict, retryAfterS),
    onDecide: (question) => intake.decide(question, (decision) => driver.answer(question.id, decision)),
  });
  const midCall = new MidCall(
    { ...callOptions, reroutesRinging: config.location.rerouteWhileRinging },
    {
      clock: systemClock,
      lookup,
      locations,
      logger,
      book,
      retarget: (id, targets) => driver.submit({ kind: 'retarget', id, targets }),
    },
  );
  receiver.driver = driver;
  const counters = (): Record<string, number> =>
    metricsOf({
      net: transports.counts(),
      driver: driver.counts(),
      proxy: core.counts(),
      names: resolver.counts(),
      calls: book.counts(),
      references: references.counts(),
      discarded: discards.counts,
    });
  return runningSip({ ...joined, book, callOptions, intake, driver, counters, logger });
}

interface RunningParts extends JoinedParts {
  readonly book: CallBook;
  readonly callOptions: CallOptions;
  readonly intake: Intake;
  readonly driver: SipDriver<ProxyInput, ProxyEvent>;
  readonly counters: () => Readonly<Record<string, number>>;
  readonly logger: OwnedLogger;
}

function runningSip(parts: RunningParts): RunningSip {
  const { transports, listeners, resolver, references, book, callOptions, intake, driver, logger } = parts;
  const [first] = listeners;
  assert(first !== undefined, 'the configuration has at least one listener');
  return {
    listeners,
    defaultRouteUri: callOptions.ingressOf({ ...first, remote: first.local, connectionId: undefined })
      .defaultRouteUri,
    isDraining: () => intake.isClosed,
    counters: parts.counters,
    nextHops: () => resolver.health.list(),
    certificates: () => [...transports.certificates(), ...references.certificates()],
    reloadCertificates: async () => {
      const ofSip = await transports.reloadCertificates();
      const problems = [...ofSip, ...(await references.reloadCertificates())];
      for (const { code, message } of problems) logger.error('server.certificateNotRead', { code, message });
      logger.info('server.certificatesRead', { problems: problems.length });
    },
    refuseNew: () => intake.close(),
    drained: (limitMs) => untilTrue(() => book.counts().inSetUp === 0, limitMs),
    stop: async () => {
      // First what still has something to say on the sockets: good-bye to presence servers.
      await references.stop();
      await transports.stop(after(systemClock.mono(), shutdownMs));
      driver.stop();
      resolver.stop();
    },
  };
}

function makeResolver(config: Config, listeners: readonly Listener[], logger: OwnedLogger): Resolver {
  const { nextHopNetworks, nameServers, nameTimeoutMs, udpRequestBytesMax, familyPolicy } = config.sip;
  const nextHops = nextHopFilter(nextHopNetworks);
  assert(nextHops.ok, 'the configuration has checked the networks');
  return new Resolver({
    listeners,
    nextHops: nextHops.value,
    clock: systemClock,
    timeoutMs: nameTimeoutMs,
    nameServers: nameServers.length === 0 ? undefined : nameServers,
    udpRequestBytesMax,
    familyPolicy,
    // RFC 3263 §7: somebody may want calls to go where they can be read.
    onTlsGone: (name) => logger.warn('sip.tlsServiceGone', { name }),
  });
}

function makeCore(config: Config, listeners: readonly Listener[], callOptions: CallOptions): ProxyCore {
  const [first, ...rest] = listeners;
  assert(first !== undefined, 'the configuration has at least one listener');
  return new ProxyCore({
    listeners: [first, ...rest],
    random: systemRandom(),
    timers: proxyTimers(config),
    limits: proxyLimits(config),
    messageLimits: defaultMessageLimits,
    decideTimeoutMs: config.sip.decideTimeoutMs,
    resolveTimeoutMs: config.sip.nameTimeoutMs + 1_000,
    aliases: config.sip.aliases,
    recordRouteSecrets: recordRouteSecrets(config),
    dialogMemory: rememberedDialogs,
    sessionTimer: config.sip.sessionTimer,
    serverName: 'Firstline',
    fallbackDecision: (request, flow) => defaultDecision(request, callOptions.ingressOf(flow), callOptions),
    mayExceedLimit: (request, flow) => isEmergency(request, callOptions.ingressOf(flow)),
    mayIgnoreProxyRequire: (request, flow) => isEmergency(request, callOptions.ingressOf(flow)),
  });
}

interface IntakeParts extends SipParts {
  readonly book: CallBook;
  readonly callOptions: CallOptions;
  readonly locations: LocationPorts;
}

/** Takes the proxy core's questions to the call flow, and refuses them all once it is closed. */
class Intake {
  readonly #parts: IntakeParts;
  readonly #ports: CallPorts;
  #isClosed = false;

  constructor(parts: IntakeParts) {
    const { lookup, logger, locations } = parts;
    this.#parts = parts;
    this.#ports = { lookup, locations, clock: systemClock, random: systemRandom(), logger };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
  }

  decide({ id, request, flow }: DecideQuestion, answer: (decision: RequestDecision) => void): void {
    if (this.#isClosed) {
      answer(drainingReply);
      return;
    }
    this.#parts.book.expect(id);
    // The 100 Trying leaves when what came with the request is taken in; the stages shall not hold it up.
    queueMicrotask(() => this.#route({ id, request, flow }, answer));
  }

  #route(
    { id, request, flow }: Omit<DecideQuestion, 'kind' | 'deadline'>,
    answer: (decision: RequestDecision) => void,
  ): void {
    const { book, callOptions, logger } = this.#parts;
    routeRequest(request, flow, callOptions, this.#ports)
      .then(({ decision, record }) => {
        // The record first, since the answer at once brings events; but no fault of the book may keep the call waiting.
        try {
          book.open(id, record);
        } finally {
          answer(decision);
        }
      })
      .catch((error: unknown) => logger.error('call.intakeFailed', { error: String(error) }));
  }
}

/** Counts what the core dropped or refused, by its reason. */
class DiscardCounter {
  readonly counts: Record<string, number> = {};

  count(reason: string): void {
    const name = reason.replace(/[^a-zA-Z0-9]+/g, '_');
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

type DecideQuestion = Extract<ProxyEffect, { kind: 'decide' }>;

/** The demo PSAP; undefined where it is off or another user agent has its port, and takes its place so. */
export async function startDemoPsap(
  config: Config,
  host: string,
  logger: OwnedLogger,
): Promise<AgentHost | undefined> {
  const { psapEnabled, psapPort, ringMs, hangUpMs } = config.demo;
  if (!psapEnabled) return undefined;
  try {
    return await startPsap({
      listen: [
        { transport: 'udp', address: host, port: psapPort },
        { transport: 'tcp', address: host, port: psapPort },
      ],
      ringMs: 0,
      answerMs: ringMs,
      hangUpMs,
      logger,
    });
  } catch (error) {
    if (!(error instanceof DependencyError && error.code === 'net.listenFailed')) throw error;
    logger.warn('server.demoPsapNotStarted', { reason: error.message });
    return undefined;
  }
}

/** Ends the demo PSAP. */
export function stopDemoPsap(psap: AgentHost): Promise<void> {
  return psap.stop(after(systemClock.mono(), shutdownMs));
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
