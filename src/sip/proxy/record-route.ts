import { contacts, recordRoutes, routes, type SipRequest, topVia, vias } from '../message/index.ts';
import {
  bareHost,
  type Destination,
  type Flow,
  hostText,
  isAddress,
  type Listener,
  type ResolveQuery,
} from '../transaction/index.ts';
import { isWebSocket, type RouteTokens } from './flow-token.ts';
import type { OwnAddresses } from './own-addresses.ts';

/** A request on its way through, as far as it decides what is recorded. */
export interface Passage {
  readonly request: SipRequest;
  /** Where it came from. */
  readonly flow: Flow;
  readonly cameOn: Listener;
  readonly destination: Destination;
  readonly sendFrom: Listener;
  /** What was asked to find the destination; undefined where it was known. */
  readonly query: ResolveQuery | undefined;
  /** Whether the destination is the flow that a token named. */
  readonly isByToken: boolean;
  readonly isEmergency: boolean;
}

/** A request that is larger may have changed from UDP to TCP for that alone (RFC 3261 §18.1.1). */
const datagramRequestBytes = 1300;

/** Writes the Record-Route values of requests that pass (RFC 3261 §16.6 item 4, RFC 5658 §5 and §6). */
export class RecordRouter {
  readonly #own: OwnAddresses;
  readonly #tokens: RouteTokens | undefined;

  constructor(own: OwnAddresses, tokens: RouteTokens | undefined) {
    this.#own = own;
    this.#tokens = tokens;
  }

  /**
   * The values to put on top, first one first: the side towards the destination, below it the side that the request came
   * from where they differ in transport, address or family, or where one of them is reached by its connection only. The
   * position then says which side a later request goes to, whatever connection it comes by.
   */
  values(passage: Passage): readonly string[] {
    const { cameOn, isEmergency } = passage;
    const onwards = this.#sideTowards(passage);
    const towards = { listener: onwards, isSips: onwards.transport === 'tls' && isSipsOnward(passage) };
    const backwards = { listener: cameOn, isSips: cameOn.transport === 'tls' && isSipsBack(passage.request) };
    const isSameSide = recordRouteUri(towards, true) === recordRouteUri(backwards, true);
    const tokens = this.#tokens;
    if (tokens === undefined) {
      if (isSameSide) return [recordRouteUri(towards, false)];
      return [recordRouteUri(towards, true), recordRouteUri(backwards, true)];
    }
    const back = flowBack(passage.request, passage.flow);
    const onward = flowOnward(passage);
    const onwardToken = tokens.write(onward, isEmergency && back === undefined);
    if (isSameSide && back === undefined && onward === undefined) {
      return [recordRouteUri(towards, false, onwardToken)];
    }
    return [
      recordRouteUri(towards, !isSameSide, onwardToken),
      recordRouteUri(backwards, !isSameSide, back && tokens.write(back, isEmergency)),
    ];
  }

  /**
   * The listener that the next element shall come back to. A request that went by TCP for its size alone says nothing of
   * the transport of those that follow (RFC 5658 §6.2).
   */
  #sideTowards({ sendFrom, cameOn, destination, query }: Passage): Listener {
    const { transport, remote } = destination;
    if (transport !== 'tcp' || query === undefined || query.transport !== undefined) return sendFrom;
    const isLarge = (query.sizeBytes ?? 0) > datagramRequestBytes;
    // A name's transport is its domain's choice; an address without a transport means UDP (RFC 3263 §4.1).
    if (!isLarge || query.isSecure === true || !isAddress(query.host)) return sendFrom;
    return this.#own.toSendFrom('udp', remote.address, [cameOn]) ?? sendFrom;
  }
}

/** A side of ours as its peers call it. */
export interface Side {
  readonly listener: Listener;
  /** Whether the peer there speaks of SIPS, or of TLS as a transport alone. */
  readonly isSips: boolean;
}

/** SIPS where the Request-URI or the top Route that leaves is SIPS, and not otherwise (RFC 3261 §16.6 item 4). */
function isSipsOnward({ request, query }: Passage): boolean {
  return query?.isSecure ?? isSips(request.requestUri);
}

/** The same for the side that the request came from, by what it came with; a Contact of SIPS asks for it too. */
function isSipsBack(request: SipRequest): boolean {
  if (isSips(request.requestUri)) return true;
  const route = routes(request);
  const contact = contacts(request);
  const top = route.ok ? route.value[0] : undefined;
  const first = contact.ok ? contact.value[0] : undefined;
  return [top, first].some((value) => value !== undefined && isSips(value.uriText));
}

function isSips(uriText: string): boolean {
  return /^sips:/i.test(uriText);
}

/**
 * The URI by which later requests of a dialog reach a listener (RFC 3261 §16.6 item 4), with a token as its user part. TLS
 * is written as `sips` towards who uses that; towards others, who could not answer by SIPS, it is the transport
 * (`transport=tls` is deprecated, but RFC 3261 §16.6 forbids SIPS there and phones end their calls at it). UDP names its
 * transport only where the other side of a pair differs.
 */
export function recordRouteUri({ listener, isSips }: Side, namesUdp: boolean, token?: string): string {
  const { host, port } = listener.announced;
  const place = `${token === undefined ? '' : `${token}@`}${hostText(host)}:${port}`;
  switch (listener.transport) {
    case 'udp':
      return namesUdp ? `<sip:${place};transport=udp;lr>` : `<sip:${place};lr>`;
    case 'tcp':
      return `<sip:${place};transport=tcp;lr>`;
    case 'tls':
      return isSips ? `<sips:${place};lr>` : `<sip:${place};transport=tls;lr>`;
    case 'ws':
      return `<sip:${place};transport=ws;lr>`;
    case 'wss':
      return `<sips:${place};transport=ws;lr>`;
  }
}

/**
 * The flow that requests back to the sender of this one take first, where its URI may not lead to it: a WebSocket always
 * (RFC 7118 §5), an accepted connection where the sender is the next hop back, a datagram's source where the sender
 * gives an address of its own that is not the one it is seen under (a NAT between).
 */
export function flowBack(request: SipRequest, flow: Flow): Destination | undefined {
  const { transport, remote, connectionId } = flow;
  if (transport === 'udp') {
    return isBehindNat(request, flow)
      ? { transport, remote, connectionId: undefined, local: flow.local }
      : undefined;
  }
  if (connectionId === undefined) return undefined;
  if (!isWebSocket(transport) && !isNextHopBack(request, flow)) return undefined;
  return { transport, remote, connectionId, local: undefined, onlyConnection: true };
}

/** The called side's: a WebSocket's connection, and in a re-INVITE what its token named. */
function flowOnward({ destination, isByToken }: Passage): Destination | undefined {
  const isBound = isWebSocket(destination.transport) && destination.connectionId !== undefined;
  return isByToken || isBound ? destination : undefined;
}

/** Whether the sender's own host is the one that requests back are addressed to. */
function isNextHopBack(request: SipRequest, flow: Flow): boolean {
  const via = topVia(request);
  const host = hostBack(request);
  if (!via.ok || host === undefined) return true;
  if (host === bareHost(via.value.host).toLowerCase() || host === flow.remote.address) return true;
  // The first hop is the caller itself, whatever its Contact says (RFC 5626 §5.1).
  const all = vias(request);
  return all.ok && all.value.length === 1 && !request.headers.some((span) => span.key === 'record-route');
}

function isBehindNat(request: SipRequest, flow: Flow): boolean {
  const via = topVia(request);
  if (!via.ok) return false;
  const sentBy = bareHost(via.value.host).toLowerCase();
  const { address, port } = flow.remote;
  const isMoved = sentBy !== address || (via.value.rport !== undefined && (via.value.port ?? 5060) !== port);
  if (!isMoved) return false;
  // A name that resolves is no sign of a NAT.
  const isOwnAddress = isAddress(sentBy) || sentBy.endsWith('.invalid') || !sentBy.includes('.');
  return isOwnAddress && hostBack(request) === sentBy;
}

/** The host of the URI that requests to the sender's side go to: the last proxy that recorded itself, else the Contact. */
function hostBack(request: SipRequest): string | undefined {
  const recorded = recordRoutes(request);
  let first = recorded.ok ? recorded.value[0] : undefined;
  if (first === undefined) {
    const contact = contacts(request);
    first = contact.ok ? contact.value[0] : undefined;
  }
  return first?.uri.kind === 'sip' ? bareHost(first.uri.host).toLowerCase() : undefined;
}
