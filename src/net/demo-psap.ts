import type { Clock, Random } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import type { AgentEvent, AnswerPlan } from '../sip/index.ts';
import { type AgentHost, startAgentHost } from './agent-host.ts';
import { systemClock, systemRandom } from './system.ts';
import type { ListenOptions } from './types.ts';

export interface PsapOptions {
  readonly listen: readonly Pick<ListenOptions, 'transport' | 'address' | 'port'>[];
  /** From the INVITE to the 180. */
  readonly ringMs: number;
  /** From the INVITE to the 200. */
  readonly answerMs: number;
  /** From the 200 to our BYE, where the caller does not hang up first. */
  readonly hangUpMs: number;
  /** In place of ringing and answering, for tests and trials. */
  readonly plan?: AnswerPlan;
  readonly onEvent?: (event: AgentEvent) => void;
  /** Report each message to `onEvent` too. */
  readonly reportMessages?: boolean;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Starts a call-taker's stand-in: rings, answers with a session description whose media go nowhere, hangs up after a
 * while, answers OPTIONS. Throws `net.listenFailed` where an address is taken, by a real user agent for one.
 */
export function startPsap(options: PsapOptions): Promise<AgentHost> {
  const plan: AnswerPlan = options.plan ?? {
    ringAfterMs: options.ringMs,
    outcome: { kind: 'answer', afterMs: options.answerMs, hangUpAfterMs: options.hangUpMs },
  };
  return startAgentHost({
    listen: options.listen.map((listen) => ({ ...listen, ingress: 'psap' })),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom(),
    logger: options.logger,
    user: 'psap',
    product: 'Firstline demo PSAP',
    answer: plan,
    mediaDirection: 'sendrecv',
    reportMessages: options.reportMessages ?? false,
    onEvent: options.onEvent ?? (() => undefined),
  });
}
