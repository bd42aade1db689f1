import type { BodyReplacement } from '../body/index.ts';
import { MessageDraft, maxForwards, type SipRequest } from '../message/index.ts';
import { hostText, type Listener, type OutgoingRequest, type Transport } from '../transaction/index.ts';
import { hasParam, parseSipUri } from '../uri/index.ts';
import type { RouteView } from './route-view.ts';
import { editSessionTimer, type SessionTimerEdits } from './session-timer.ts';
import type { HeaderEdit } from './types.ts';

/** What a forwarded request is made of. */
export interface ForwardOrder {
  readonly view: RouteView;
  /** The received top Via as stamped; undefined: as it came. */
  readonly stampedVia: string | undefined;
  readonly requestUri: string | undefined;
  readonly routeUri: string | undefined;
  readonly edits: readonly HeaderEdit[];
  /** In place of the body that came. */
  readonly body?: BodyReplacement | undefined;
  /** Our Record-Route values, top first. */
  readonly recorded: readonly string[];
  readonly sessionTimer: SessionTimerEdits | undefined;
  readonly sendFrom: Listener;
  readonly branch: string;
  /** Of how many branches at once this one may become (RFC 5393 §5.3.3). */
  readonly maxBreadth: number;
}

/** A forwarded request: the bytes, and what its ACK and CANCEL repeat. */
export interface Forwarded {
  readonly bytes: Buffer;
  readonly outgoing: OutgoingRequest;
}

/** The value of Max-Forwards where a request has none (RFC 3261 §16.6 item 3). */
const maxForwardsDefault = 70;

/**
 * Makes the request that leaves (RFC 3261 §16.6 items 1 to 9). What is not named here leaves byte for byte, the body
 * first of all; the draft adds a Content-Length where it was missing (item 9).
 */
export function forwardRequest(order: ForwardOrder): Forwarded {
  const { view, sendFrom } = order;
  const { request } = view;
  const draft = new MessageDraft(request);
  let requestUri = order.requestUri ?? request.requestUri;
  if (order.requestUri !== undefined) draft.setRequestUri(requestUri);
  setMaxForwards(draft, request);
  draft.set('Max-Breadth', String(order.maxBreadth));
  for (let index = 0; index < view.ownRoutes; index += 1) draft.removeFirstValue('Route');
  for (const edit of order.edits) applyEdit(draft, request, edit);
  if (order.body !== undefined) replaceBody(draft, order.body);
  if (order.sessionTimer !== undefined) editSessionTimer(draft, order.sessionTimer);
  for (let index = order.recorded.length - 1; index >= 0; index -= 1) {
    draft.addFirst('Record-Route', order.recorded[index] ?? '');
  }
  let routes: readonly string[] = view.routes.map((route) => route.raw);
  if (order.routeUri !== undefined) {
    const value = looseRoute(order.routeUri);
    draft.addFirst('Route', value);
    routes = [value, ...routes];
  } else if (isStrict(view)) {
    const [first, ...rest] = view.routes;
    draft.removeFirstValue('Route');
    draft.addLast('Route', `<${requestUri}>`);
    routes = [...rest.map((route) => route.raw), `<${requestUri}>`];
    requestUri = first?.uriText ?? requestUri;
    draft.setRequestUri(requestUri);
  }
  if (order.stampedVia !== undefined) draft.replaceFirstValue('Via', order.stampedVia);
  const via = viaValue(sendFrom, order.branch);
  draft.addFirst('Via', via);
  return {
    bytes: draft.toBytes(),
    outgoing: {
      method: request.method,
      requestUri,
      via,
      branch: order.branch,
      sentByHost: sendFrom.announced.host,
      sentByPort: sendFrom.announced.port,
      routes,
      original: request,
    },
  };
}

/** Our Via value for requests that leave by a listener (RFC 3261 §16.6 item 8, RFC 3581 §3). */
export function viaValue(listener: Listener, branch: string): string {
  const { host, port } = listener.announced;
  return `SIP/2.0/${viaTransports[listener.transport]} ${hostText(host)}:${port};branch=${branch};rport`;
}

const viaTransports: { readonly [T in Transport]: string } = {
  udp: 'UDP',
  tcp: 'TCP',
  tls: 'TLS',
  ws: 'WS',
  wss: 'WSS',
};

function setMaxForwards(draft: MessageDraft, request: SipRequest): void {
  const value = maxForwards(request);
  if (value !== undefined && value > 0) draft.set('Max-Forwards', String(value - 1));
  else if (hasHeader(request, 'max-forwards')) draft.set('Max-Forwards', String(maxForwardsDefault));
  else draft.addFirst('Max-Forwards', String(maxForwardsDefault));
}

function applyEdit(draft: MessageDraft, request: SipRequest, edit: HeaderEdit): void {
  switch (edit.kind) {
    case 'add':
      draft.addFirst(edit.name, edit.value);
      return;
    case 'append':
      draft.addLast(edit.name, edit.value);
      return;
    case 'addIfAbsent':
      if (!hasHeader(request, edit.name.toLowerCase())) draft.addLast(edit.name, edit.value);
      return;
  }
}

/** The draft sees to the Content-Length. */
function replaceBody(draft: MessageDraft, { bytes, contentType, removed }: BodyReplacement): void {
  for (const name of removed) draft.removeAll(name);
  if (contentType !== undefined) draft.set('Content-Type', contentType);
  draft.setBody(bytes);
}

function looseRoute(uriText: string): string {
  const uri = parseSipUri(uriText);
  return uri.ok && hasParam(uri.value.params, 'lr') ? `<${uriText}>` : `<${uriText};lr>`;
}

/** Whether the next Route is a strict router's (RFC 3261 §16.6 item 6). */
function isStrict(view: RouteView): boolean {
  const uri = view.routes[0]?.uri;
  return uri?.kind === 'sip' && !hasParam(uri.params, 'lr');
}

function hasHeader(request: SipRequest, key: string): boolean {
  for (const span of request.headers) if (span.key === key) return true;
  return false;
}
