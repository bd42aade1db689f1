import { randomBytes } from 'node:crypto';
import type { Peer } from './peer.ts';

/** The content of a PIDF-LO's location-info for a point; latitude before longitude, as GML has it. */
export function pointInfo(place: { readonly lat: number; readonly lon: number }): string {
  return `<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${place.lat} ${place.lon}</gml:pos></gml:Point>`;
}

/** The content of location-info for a civic address of areas only (RFC 5139). */
export function civicInfo(address: Readonly<Record<string, string>>): string {
  const elements = Object.entries(address).map(([name, text]) => `<ca:${name}>${text}</ca:${name}>`);
  return `<ca:civicAddress xml:lang="en">${elements.join('')}</ca:civicAddress>`;
}

/** A PIDF-LO document around some location-info. */
export function pidfLo(locationInfo: string): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"',
    ' xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml"',
    ' xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:caller@caller.example.org">',
    `<dm:device id="phone"><gp:geopriv><gp:location-info>${locationInfo}</gp:location-info><gp:usage-rules/>`,
    '<gp:method>GPS</gp:method></gp:geopriv><dm:timestamp>2026-03-01T12:00:00Z</dm:timestamp></dm:device>',
    '</presence>',
  ].join('\r\n');
}

/** A body of three parts: session description, location, and bytes that no text handling would leave alone. */
export function multipartBody(locationInfo: string | undefined): Buffer {
  const location =
    locationInfo === undefined
      ? ''
      : `--frontier\r\nContent-Type: application/pidf+xml\r\nContent-ID: <location@caller.example.org>\r\n\r\n${pidfLo(locationInfo)}\r\n`;
  return Buffer.concat([
    Buffer.from(`preamble\r\n--frontier\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n${location}`),
    Buffer.from('--frontier\r\nContent-Type: application/octet-stream\r\n\r\n'),
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    Buffer.from('\r\n--frontier--\r\nepilogue'),
  ]);
}

/** A session description. */
export const sdp = [
  'v=0',
  'o=caller 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0',
  '',
].join('\r\n');

/** One call as its caller sees it: the names that tie its messages together, and the request. */
export interface Call {
  readonly callId: string;
  readonly branch: string;
  readonly fromTag: string;
  readonly body: Buffer;
  readonly bytes: Buffer;
}

/** What a test varies of an INVITE. */
export interface InviteOptions {
  readonly requestUri?: string;
  readonly body?: Buffer;
  readonly contentType?: string;
  /** Header lines that stand before Content-Type. */
  readonly headers?: readonly string[];
  /** Replaces header lines by name; an empty text leaves the line out. */
  readonly replace?: Readonly<Record<string, string>>;
}

/** An INVITE of this peer. By default for `urn:service:sos`, without a location. */
export function invite(peer: Peer, options: InviteOptions = {}): Call {
  const callId = `${randomBytes(8).toString('hex')}@caller.example.org`;
  const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
  const fromTag = randomBytes(4).toString('hex');
  const body = options.body ?? multipartBody(undefined);
  const requestUri = options.requestUri ?? 'urn:service:sos';
  const lines: Record<string, string> = {
    Via: `Via: SIP/2.0/${peer.transport} ${hostPort(peer)};rport;branch=${branch}`,
    'Max-Forwards': 'Max-Forwards: 70',
    From: `From: "Caller" <sip:+12025550143@caller.example.org>;tag=${fromTag}`,
    To: `To: <${requestUri}>`,
    'Call-ID': `Call-ID: ${callId}`,
    CSeq: 'CSeq: 1 INVITE',
    Contact: `Contact: <sip:caller@${hostPort(peer)};transport=${uriTransport(peer)}>`,
    'X-Unknown': 'x-unknown:  kept as it is ;with=odd  spacing',
    'Content-Type': `Content-Type: ${options.contentType ?? 'multipart/mixed; boundary="frontier"'}`,
    'Content-Length': `Content-Length: ${body.length}`,
    ...options.replace,
  };
  const { 'Content-Type': contentType, 'Content-Length': contentLength, ...others } = lines;
  const head = [
    `INVITE ${requestUri} SIP/2.0`,
    ...Object.values(others),
    ...(options.headers ?? []),
    contentType,
    contentLength,
  ].filter((line) => line !== '' && line !== undefined);
  return {
    callId,
    branch,
    fromTag,
    body,
    bytes: Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]),
  };
}

/** A request of a dialog: the caller's or the PSAP's, along a route set. */
export function inDialog(
  peer: Peer,
  options: {
    readonly method: string;
    readonly target: string;
    readonly routes: readonly string[];
    readonly from: string;
    readonly to: string;
    readonly callId: string;
    readonly cseq: number;
    readonly body?: string;
    /** `application/sdp` where there is a body and nothing is said. */
    readonly contentType?: string;
  },
): string {
  const body = options.body ?? '';
  return [
    `${options.method} ${options.target} SIP/2.0`,
    `Via: SIP/2.0/${peer.transport} ${hostPort(peer)};rport;branch=z9hG4bK${randomBytes(8).toString('hex')}`,
    ...options.routes.map((route) => `Route: ${route}`),
    'Max-Forwards: 70',
    `From: ${options.from}`,
    `To: ${options.to}`,
    `Call-ID: ${options.callId}`,
    `CSeq: ${options.cseq} ${options.method}`,
    `Contact: <sip:peer@${hostPort(peer)};transport=${uriTransport(peer)}>`,
    ...(body === '' ? [] : [`Content-Type: ${options.contentType ?? 'application/sdp'}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** `address:port` as Via and URIs write it. */
export function hostPort(peer: { readonly address: string; readonly port: number }): string {
  return `${peer.address.includes(':') ? `[${peer.address}]` : peer.address}:${peer.port}`;
}

/** The transport as a URI writes it: `ws` for both kinds of WebSocket (RFC 7118 §5.2.4). */
export function uriTransport(peer: Peer): string {
  return peer.transport === 'WSS' ? 'ws' : peer.transport.toLowerCase();
}

/** The URI inside of angle brackets. */
export function bracketed(headerValue: string): string {
  const uri = /<([^>]*)>/.exec(headerValue)?.[1];
  if (uri === undefined) throw new Error(`no angle brackets in ${headerValue}`);
  return uri;
}
