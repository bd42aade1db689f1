import {
  MessageDraft,
  type MessageLimits,
  type NameAddr,
  parseMessage,
  requestUriOf,
  routes,
  type SipRequest,
  toHeader,
} from '../message/index.ts';
import type { Listener } from '../transaction/index.ts';
import { hasParam, type Uri } from '../uri/index.ts';
import type { OwnAddresses } from './own-addresses.ts';

/** A request as it looks after route preprocessing (RFC 3261 §16.4). */
export interface RouteView {
  /** The request, repaired where a strict router had swapped its Request-URI. */
  readonly request: SipRequest;
  readonly requestUri: Uri | undefined;
  /** How many Route values on top were ours: to be removed. */
  readonly ownRoutes: number;
  /** The listener that the last of them names: the side that the request leaves on, where Record-Route was double. */
  readonly lastOwn: Listener | undefined;
  /** The Route values that remain. */
  readonly routes: readonly NameAddr[];
  readonly hasToTag: boolean;
  /** Whether the Request-URI names this element. */
  readonly isForUs: boolean;
}

/**
 * Reads the way of a request: takes our own Route values off the top (two in a row where we had recorded both sides,
 * RFC 5658 §5), and undoes what a strict router did (RFC 3261 §16.4).
 */
export function viewRoutes(received: SipRequest, own: OwnAddresses, limits: MessageLimits): RouteView {
  let request = received;
  let requestUri = uriOf(request);
  let values = routeValues(request);
  if (values.length > 0 && isRecordedByUs(requestUri, own)) {
    const repaired = repairStrict(request, values, limits);
    if (repaired !== undefined) {
      request = repaired;
      requestUri = uriOf(request);
      values = routeValues(request);
    }
  }
  let ownRoutes = 0;
  let lastOwn: Listener | undefined;
  for (const value of values) {
    const listener = value.uri.kind === 'sip' ? own.ofUri(value.uri) : undefined;
    if (listener === undefined) break;
    ownRoutes += 1;
    lastOwn = listener;
  }
  const to = toHeader(request);
  return {
    request,
    requestUri,
    ownRoutes,
    lastOwn,
    routes: ownRoutes === 0 ? values : values.slice(ownRoutes),
    hasToTag: to.ok && to.value.tag !== undefined,
    isForUs: requestUri?.kind === 'sip' && own.ofUri(requestUri) !== undefined,
  };
}

/**
 * Whether a request goes on along a dialog without being asked about: it has a To tag, it came by our own Route or is
 * plainly meant for another element, and it says where to go.
 */
export function isInDialog(view: RouteView): boolean {
  if (!view.hasToTag) return false;
  if (view.routes.length > 0) return view.ownRoutes > 0 || !view.isForUs;
  return view.requestUri?.kind === 'sip' && !view.isForUs;
}

function isRecordedByUs(uri: Uri | undefined, own: OwnAddresses): boolean {
  return (
    uri?.kind === 'sip' &&
    uri.user === undefined &&
    hasParam(uri.params, 'lr') &&
    own.ofUri(uri) !== undefined
  );
}

function repairStrict(
  request: SipRequest,
  values: readonly NameAddr[],
  limits: MessageLimits,
): SipRequest | undefined {
  const last = values.at(-1);
  if (last === undefined) return undefined;
  const draft = new MessageDraft(request);
  draft.setRequestUri(last.uriText);
  draft.removeAll('Route');
  for (const value of values.slice(0, -1)) draft.addLast('Route', value.raw);
  const outcome = parseMessage(draft.toBytes(), { framing: 'datagram', limits });
  return outcome.kind === 'message' && outcome.message.kind === 'request' ? outcome.message : undefined;
}

function routeValues(request: SipRequest): readonly NameAddr[] {
  const values = routes(request);
  return values.ok ? values.value : [];
}

function uriOf(request: SipRequest): Uri | undefined {
  const uri = requestUriOf(request);
  return uri.ok ? uri.value : undefined;
}
