import type { Clock, MonoMs, Random } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import type { Listener, SipRequest } from '../sip/index.ts';
import {
  type AgentEvent,
  type AgentInput,
  type AnswerPlan,
  defaultTransactionTimers,
  type MediaSpec,
  type TransactionTimers,
  UserAgent,
} from '../sip/index.ts';
import { defaultNetLimits } from './limits.ts';
import { nextHopFilter } from './next-hop-filter.ts';
import { defaultResolveTimeoutMs, Resolver } from './resolver.ts';
import { SipDriver } from './sip-driver.ts';
import { Transports } from './transports.ts';
import type { ListenOptions } from './types.ts';

export interface AgentHostOptions {
  readonly listen: readonly ListenOptions[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly user: string;
  readonly product: string;
  readonly answer: AnswerPlan | ((request: SipRequest) => AnswerPlan);
  readonly mediaDirection: MediaSpec['direction'];
  readonly reportMessages: boolean;
  readonly timers?: TransactionTimers;
  readonly onEvent: (event: AgentEvent) => void;
}

/** A user agent on sockets of its own. */
export interface AgentHost {
  readonly listeners: readonly Listener[];
  submit(input: AgentInput): void;
  counts(): ReturnType<UserAgent['counts']>;
  /** Stops at once: open calls are left as they are. May be called twice. */
  stop(deadline: MonoMs): Promise<void>;
}

/** The discard port: nothing is sent to or expected at our media address. */
const mediaPort = 9;

/** Binds the sockets and starts a user agent on them; throws `net.listenFailed`. */
export async function startAgentHost(options: AgentHostOptions): Promise<AgentHost> {
  const { clock, random, logger } = options;
  let driver: SipDriver<AgentInput, AgentEvent> | undefined;
  const transports = new Transports({
    listeners: options.listen,
    limits: defaultNetLimits,
    clock,
    logger,
    onMessage: (message, flow) => driver?.receive(message, flow),
  });
  const listeners = await transports.start();
  const nextHops = nextHopFilter([]);
  const agent = new UserAgent({
    listeners,
    random,
    timers: options.timers ?? defaultTransactionTimers,
    user: options.user,
    product: options.product,
    media: {
      address: listeners[0]?.announced.host ?? '127.0.0.1',
      port: mediaPort,
      direction: options.mediaDirection,
    },
    answer: options.answer,
    reportMessages: options.reportMessages,
  });
  const resolver = new Resolver({
    listeners,
    nextHops: nextHops.ok ? nextHops.value : { allows: () => false },
    clock,
    timeoutMs: defaultResolveTimeoutMs,
  });
  driver = new SipDriver<AgentInput, AgentEvent>({
    core: agent,
    transports,
    resolver,
    clock,
    logger,
    onEvent: options.onEvent,
  });
  const running = driver;
  return {
    listeners,
    submit: (input) => running.submit(input),
    counts: () => agent.counts(),
    stop: (deadline) => {
      running.stop();
      resolver.stop();
      return transports.stop(deadline);
    },
  };
}
