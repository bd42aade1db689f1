import { buildRequest, type SipRequest } from '../message/index.ts';
import {
  type Destination,
  hostText,
  type Listener,
  magicCookie,
  type OutgoingRequest,
  type Transport,
} from '../transaction/index.ts';
import { paramValue, parseSipUri } from '../uri/index.ts';
import type { Dialog } from './dialog.ts';
import type { AgentPorts } from './ports.ts';
import type { AgentHeader, HopQuery } from './types.ts';

const branchLength = 24;
const maxForwards = '70';

/** What a request of ours is made from. */
export interface RequestParts {
  readonly method: string;
  readonly requestUri: string;
  readonly routes: readonly string[];
  /** From and To values with their tags. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly sequence: number;
  readonly headers: readonly AgentHeader[];
  readonly body: { readonly contentType: string; readonly bytes: Buffer } | undefined;
}

export interface WrittenRequest {
  readonly outgoing: OutgoingRequest;
  readonly bytes: Buffer;
}

/** Writes a request with a new branch, as it leaves from `listener`. */
export function writeRequest(ports: AgentPorts, listener: Listener, parts: RequestParts): WrittenRequest {
  const { method, requestUri, routes } = parts;
  const branch = `${magicCookie}${ports.options.random.token(branchLength)}`;
  const { host, port } = listener.announced;
  const rport = listener.transport === 'udp' ? ';rport' : '';
  const via = `SIP/2.0/${listener.transport.toUpperCase()} ${hostText(host)}:${port};branch=${branch}${rport}`;
  const headers: (readonly [string, string])[] = [
    ['Via', via],
    ['Max-Forwards', maxForwards],
    ...routes.map((route) => ['Route', route] as const),
    ['From', parts.from],
    ['To', parts.to],
    ['Call-ID', parts.callId],
    ['CSeq', `${parts.sequence} ${method}`],
    ...(makesContact(method) ? [['Contact', contactValue(ports, listener)] as const] : []),
    ['User-Agent', ports.options.product],
    ...parts.headers.map((header) => [header.name, header.value] as const),
    ...(parts.body === undefined ? [] : [['Content-Type', parts.body.contentType] as const]),
  ];
  const body = parts.body?.bytes;
  const original: SipRequest = buildRequest({
    method,
    requestUri,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return {
    outgoing: { method, requestUri, via, branch, sentByHost: host, sentByPort: port, routes, original },
    bytes: original.bytes,
  };
}

/** Writes a request inside of a dialog. */
export function writeInDialog(
  ports: AgentPorts,
  listener: Listener,
  dialog: Dialog,
  parts: Pick<RequestParts, 'method' | 'sequence' | 'headers' | 'body'>,
): WrittenRequest {
  const { requestUri, routes } = dialog.target();
  return writeRequest(ports, listener, {
    ...parts,
    requestUri,
    routes,
    from: dialog.localAddress,
    to: dialog.remoteAddress,
    callId: dialog.callId,
  });
}

/** The value of our Contact towards peers of that listener. */
export function contactValue(ports: AgentPorts, listener: Listener): string {
  const { host, port } = listener.announced;
  const transport = listener.transport === 'udp' ? '' : `;transport=${listener.transport}`;
  return `<sip:${ports.options.user}@${hostText(host)}:${port}${transport}>`;
}

/** Where a SIP URI says that a request goes: address records only. Undefined for what is no SIP URI. */
export function hopOf(uriText: string): HopQuery | undefined {
  const parsed = parseSipUri(uriText);
  if (!parsed.ok) return undefined;
  const uri = parsed.value;
  const host = paramValue(uri.params, 'maddr') ?? uri.host;
  const named = paramValue(uri.params, 'transport')?.toLowerCase();
  return {
    host,
    port: uri.port,
    transport: isTransport(named) ? named : undefined,
    isSecure: uri.scheme === 'sips',
    mayFallBack: false,
    sizeBytes: 0,
  };
}

/** The destination with the socket of `listener` named, where the transport wants one. */
export function sentFrom(destination: Destination, listener: Listener): Destination {
  return destination.transport === 'udp' ? { ...destination, local: listener.local } : destination;
}

function makesContact(method: string): boolean {
  return method === 'INVITE' || method === 'UPDATE' || method === 'SUBSCRIBE' || method === 'REFER';
}

function isTransport(name: string | undefined): name is Transport {
  return name === 'udp' || name === 'tcp' || name === 'tls' || name === 'ws' || name === 'wss';
}
