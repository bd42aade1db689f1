import { after, ok } from '../../src/base/index.ts';
import {
  type CertificateFiles,
  defaultNetLimits,
  SipDriver,
  systemClock,
  systemRandom,
  Transports,
} from '../../src/net/index.ts';
import { defaultMessageLimits, type Listener, type SipRequest } from '../../src/sip/index.ts';
import {
  defaultProxyLimits,
  defaultProxyTimers,
  ProxyCore,
  type ProxyCounts,
  type ProxyEvent,
  type ProxyInput,
  type RequestDecision,
  type ResolveQuery,
} from '../../src/sip/proxy/index.ts';
import { recordingLogger } from './net-loopback.ts';

/** The proxy core on real sockets, without the server around it. */
export interface LiveProxy {
  listener(transport: Listener['transport']): Listener;
  counts(): ProxyCounts;
  /** Stops it and gives the lines that it logged: none where all went well. */
  stop(): Promise<readonly string[]>;
}

/**
 * Starts a proxy with UDP, TCP, ws and wss listeners on loopback that forwards by `decide`. Its next hops are IP literals. Its
 * timers are short, so that the end of every transaction can be waited for.
 */
export async function startLiveProxy(
  certificate: CertificateFiles,
  decide: (request: SipRequest) => RequestDecision,
): Promise<LiveProxy> {
  const logger = recordingLogger();
  const { certificateFile, keyFile } = certificate;
  const tls = { certificateFile, keyFile, clientCertificate: 'ignore', minVersion: 'TLSv1.2' } as const;
  const shared = { address: '127.0.0.1', port: 0, ingress: 'test' };
  const receiver: { driver?: SipDriver<ProxyInput, ProxyEvent> } = {};
  const transports = new Transports({
    listeners: [
      { ...shared, transport: 'udp' },
      { ...shared, transport: 'tcp' },
      { ...shared, transport: 'ws' },
      { ...shared, transport: 'wss', tls },
    ],
    limits: defaultNetLimits,
    clock: systemClock,
    logger,
    onMessage: (message, flow) => receiver.driver?.receive(message, flow),
  });
  const [first, ...rest] = await transports.start();
  if (first === undefined) throw new Error('no listener');
  const core = new ProxyCore({
    listeners: [first, ...rest],
    random: systemRandom(),
    timers: { ...defaultProxyTimers, t1Ms: 20, t2Ms: 80, t4Ms: 40, timerDMs: 100 },
    limits: defaultProxyLimits,
    messageLimits: defaultMessageLimits,
    recordRouteSecrets: [Buffer.from('a secret of the tests')],
    decideTimeoutMs: 1_000,
    resolveTimeoutMs: 1_000,
    serverName: undefined,
    fallbackDecision: decide,
  });
  const driver = new SipDriver<ProxyInput, ProxyEvent>({
    core,
    transports,
    resolver: { resolveNow: literal, resolve: async (query) => literal(query) },
    clock: systemClock,
    logger,
    onEvent: () => undefined,
    onDecide: ({ id, request }) => driver.answer(id, decide(request)),
  });
  receiver.driver = driver;
  return {
    counts: () => core.counts(),
    listener: (transport) => {
      const found = transports.listeners.find((each) => each.transport === transport);
      if (found === undefined) throw new Error(`no ${transport} listener`);
      return found;
    },
    stop: async () => {
      await transports.stop(after(systemClock.mono(), 500));
      driver.stop();
      return logger.lines;
    },
  };
}

function literal({ host, port, transport = 'udp' }: ResolveQuery) {
  const remote = { address: host, port: port ?? 5060 };
  return ok([{ transport, remote, connectionId: undefined, local: undefined }]);
}
