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
import { type Destination, defaultPort, type Flow, type Listener } from '../transaction/index.ts';
import {
  decodeEscapes,
  formatSipUri,
  hasParam,
  paramValue,
  type SipUri,
  type Uri,
  withoutParam,
} from '../uri/index.ts';
import { isSameFlow, type RouteToken, type RouteTokens } from './flow-token.ts';
import { type OwnAddresses, uriTransport } from './own-addresses.ts';

/** A request as it looks after route preprocessing (RFC 3261 §16.4). */
export interface RouteView {
  /** The request, repaired where a strict router had swapped its Request-URI or a `maddr` of ours was taken off. */
  readonly request: SipRequest;
  readonly requestUri: Uri | undefined;
  /** How many Route values on top were ours: to be removed. */
  readonly ownRoutes: number;
  /** The listener that the last of them names: the side that the request leaves on, where Record-Route was double. */
  readonly lastOwn: Listener | undefined;
  /** The flow that our own Route names to go by (RFC 5626 §5.3.1). */
  readonly flow: Destination | undefined;
  /** Whether our own Route says that the dialog is an emergency call's. */
  readonly isEmergency: boolean;
  /** The Route values that remain. */
  readonly routes: readonly NameAddr[];
  readonly hasToTag: boolean;
  /** Whether the Request-URI names this element. */
  readonly isForUs: boolean;
}

/** What reading the way of a request takes. */
export interface RouteReading {
  readonly own: OwnAddresses;
  readonly limits: MessageLimits;
  readonly tokens?: RouteTokens | undefined;
  /** Where the request came from. */
  readonly flow?: Flow | undefined;
}

/**
 * Reads the way of a request: takes our own Route values off the top (two in a row where we had recorded both sides,
 * RFC 5658 §5), undoes what a strict router did, and takes off a `maddr` that names us (RFC 3261 §16.4).
 */
export function viewRoutes(received: SipRequest, reading: RouteReading): RouteView {
  const { own, limits, tokens } = reading;
  let request = received;
  let requestUri = uriOf(request);
  let values = routeValues(request);
  let isEmergency = false;
  if (values.length > 0 && isRecordedByUs(requestUri, reading)) {
    const repaired = repairStrict(request, values, limits);
    if (repaired !== undefined) {
      isEmergency = tokenOf(requestUri, tokens)?.isEmergency === true;
      request = repaired;
      requestUri = uriOf(request);
      values = routeValues(request);
    }
  }
  const plain = requestUri?.kind === 'sip' ? withoutOwnMaddr(requestUri, reading) : undefined;
  if (plain !== undefined) {
    request = rewritten(request, limits, (draft) => draft.setRequestUri(plain.raw)) ?? request;
    requestUri = uriOf(request);
    values = routeValues(request);
  }
  let ownRoutes = 0;
  let lastOwn: Listener | undefined;
  let token: RouteToken | undefined;
  for (const { uri } of values) {
    const listener = uri.kind === 'sip' ? own.ofUri(uri) : undefined;
    if (listener === undefined) break;
    ownRoutes += 1;
    lastOwn = listener;
    token = tokenOf(uri, tokens);
    if (token?.isEmergency === true) isEmergency = true;
  }
  const to = toHeader(request);
  return {
    request,
    requestUri,
    ownRoutes,
    lastOwn,
    flow: onwardFlow(token, ownRoutes, reading.flow),
    isEmergency,
    routes: ownRoutes === 0 ? values : values.slice(ownRoutes),
    hasToTag: to.ok && to.value.tag !== undefined,
    isForUs:
      requestUri?.kind === 'sip' &&
      !hasParam(requestUri.params, 'maddr') &&
      own.ofUri(requestUri) !== undefined,
  };
}

/**
 * Whether a request goes on along a dialog without being asked about: it has a To tag, it came by our own Route or is
 * plainly meant for another element, and it says where to go.
 */
export function isInDialog(view: RouteView): boolean {
  if (!view.hasToTag) return false;
  if (view.routes.length > 0) return view.ownRoutes > 0 || !view.isForUs;
  return view.flow !== undefined || (view.requestUri?.kind === 'sip' && !view.isForUs);
}

/**
 * Whether a request of a dialog says neither by Route nor by Request-URI where it shall go: its sender never learned the
 * other side's Contact.
 */
export function isLost(view: RouteView): boolean {
  return view.hasToTag && view.routes.length === 0 && !isInDialog(view);
}

/** The request with another Request-URI and other routes; undefined where it cannot be written so. */
export function readdressed(
  request: SipRequest,
  to: { readonly requestUri: string; readonly routes: readonly string[] },
  limits: MessageLimits,
): SipRequest | undefined {
  return rewritten(request, limits, (draft) => {
    draft.setRequestUri(to.requestUri);
    draft.removeAll('Route');
    for (const route of to.routes) draft.addLast('Route', route);
  });
}

/**
 * The last of our own values names the side that the request leaves on. A lone one may as well name the side that it came
 * from (RFC 5626 §5.3): then it is an outgoing request, and the token says nothing about its way.
 */
function onwardFlow(
  token: RouteToken | undefined,
  ownRoutes: number,
  source: Flow | undefined,
): Destination | undefined {
  const flow = token?.flow;
  if (flow === undefined) return undefined;
  return ownRoutes < 2 && source !== undefined && isSameFlow(flow, source) ? undefined : flow;
}

function tokenOf(uri: Uri | undefined, tokens: RouteTokens | undefined): RouteToken | undefined {
  if (uri?.kind !== 'sip' || uri.user === undefined) return undefined;
  // Some stacks escape what need not be (RFC 3261 §19.1.4).
  return tokens?.read(decodeEscapes(uri.user));
}

function isRecordedByUs(uri: Uri | undefined, { own, tokens }: RouteReading): boolean {
  return (
    uri?.kind === 'sip' &&
    hasParam(uri.params, 'lr') &&
    own.ofUri(uri) !== undefined &&
    (uri.user === undefined || tokenOf(uri, tokens) !== undefined)
  );
}

/**
 * The Request-URI without a `maddr` that names us, and without a port or transport that is not the default, where the
 * request came by the port and transport that it asks for (RFC 3261 §16.4); undefined where it stays as it is.
 */
function withoutOwnMaddr(uri: SipUri, { own, flow }: RouteReading): SipUri | undefined {
  const maddr = paramValue(uri.params, 'maddr');
  if (maddr === undefined || maddr === '' || flow === undefined) return undefined;
  if (own.ofUri({ ...uri, host: maddr }) === undefined) return undefined;
  const { transport, announced, local } = own.ofFlow(flow);
  const port = uri.port ?? defaultPort(transport);
  if ((uriTransport(uri) ?? 'udp') !== transport || (port !== announced.port && port !== local.port)) {
    return undefined;
  }
  const plain = withoutParam(withoutParam(uri, 'maddr'), 'transport');
  if (uri.port === undefined || uri.port === defaultPort(transport)) return plain;
  return { ...plain, port: undefined, raw: formatSipUri({ ...plain, port: undefined }) };
}

function repairStrict(
  request: SipRequest,
  values: readonly NameAddr[],
  limits: MessageLimits,
): SipRequest | undefined {
  const last = values.at(-1);
  if (last === undefined) return undefined;
  const routes = values.slice(0, -1).map((value) => value.raw);
  return readdressed(request, { requestUri: last.uriText, routes }, limits);
}

/** The request as it reads after an edit; undefined where no request comes of it. */
function rewritten(
  request: SipRequest,
  limits: MessageLimits,
  edit: (draft: MessageDraft) => void,
): SipRequest | undefined {
  const draft = new MessageDraft(request);
  edit(draft);
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
