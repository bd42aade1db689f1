import { err, ok, type Result } from '../../base/index.ts';
import { type Destination, type Flow, hostText } from '../transaction/index.ts';
import type { AttemptTarget } from './attempt.ts';
import { type Forwarded, forwardRequest } from './forward.ts';
import { makeBranch } from './loop.ts';
import type { ProxyPorts } from './ports.ts';
import type { RouteView } from './route-view.ts';
import { sessionTimerOrder } from './session-timer.ts';
import type { RequestDecision, ResolveQuery } from './types.ts';

const notRecorded: readonly string[] = [];

/** What a context goes by once its targets are set apart. */
export type ForwardDecision = Omit<Extract<RequestDecision, { readonly kind: 'forward' }>, 'targets'>;

/** One request that shall leave for one address. */
export interface OutgoingOrder {
  readonly view: RouteView;
  readonly flow: Flow;
  readonly stampedVia: string | undefined;
  readonly decision: ForwardDecision;
  readonly target: AttemptTarget;
  readonly wanted: Destination;
  /** What found the address. */
  readonly query: ResolveQuery | undefined;
  readonly loopHash: string;
  readonly maxBreadth: number;
}

/** The listener to send from and the bytes to send; an error where no listener of ours reaches the address. */
export function makeOutgoing(
  ports: ProxyPorts,
  order: OutgoingOrder,
): Result<{ readonly destination: Destination; readonly forwarded: Forwarded }, string> {
  const { view, decision, target, wanted } = order;
  const { own, options, recorder } = ports;
  const { transport, remote } = wanted;
  const cameOn = own.ofFlow(order.flow);
  const preferred = [own.ofDestination(wanted), view.lastOwn, cameOn];
  const sendFrom = own.toSendFrom(transport, remote.address, preferred);
  if (sendFrom === undefined) {
    return err(`no listener to reach ${hostText(remote.address)}:${remote.port} by ${transport}`);
  }
  const isEmergency = view.isEmergency || decision.isEmergency === true;
  const timer = sessionTimerOrder(view.request, options.sessionTimer, isEmergency);
  const forwarded = forwardRequest({
    view,
    stampedVia: order.stampedVia,
    requestUri: sentRequestUri(decision, target),
    routeUri: target.routeUri,
    edits: withAddition(sentEdits(decision, target), target),
    body: target.addition?.body,
    recorded: decision.recordRoute
      ? recorder.values({
          request: view.request,
          flow: order.flow,
          cameOn,
          destination: wanted,
          sendFrom,
          query: order.query,
          isByToken: wanted === view.flow,
          isEmergency,
        })
      : notRecorded,
    sessionTimer: timer?.kind === 'forward' ? timer : undefined,
    sendFrom,
    branch: makeBranch(options.random.token(12), order.loopHash),
    maxBreadth: order.maxBreadth,
  });
  const destination =
    transport === 'udp' && wanted.local === undefined ? { ...wanted, local: sendFrom.local } : wanted;
  return ok({ destination, forwarded });
}

/** The Request-URI that replaces the received one for this target; undefined: none does. */
export function sentRequestUri(decision: ForwardDecision, target: AttemptTarget): string | undefined {
  return target.requestUri ?? decision.requestUri;
}

/** The header edits for this target, without those of its addition. */
export function sentEdits(decision: ForwardDecision, target: AttemptTarget): ForwardDecision['edits'] {
  return target.edits ?? decision.edits;
}

function withAddition(
  edits: ForwardDecision['edits'],
  { addition }: AttemptTarget,
): ForwardDecision['edits'] {
  return addition === undefined ? edits : [...edits, ...addition.edits];
}
