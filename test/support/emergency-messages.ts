import type { LocateOptions } from '../../src/esrp/index.ts';
import { defaultLocationLimits } from '../../src/location/index.ts';
import { defaultBodyLimits } from '../../src/sip/body/index.ts';
import type { SipRequest } from '../../src/sip/message/index.ts';
import { defaultMessageLimits, parseMessage } from '../../src/sip/message/index.ts';
import type { Flow } from '../../src/sip/transaction/index.ts';

/** What a test request may differ in. */
export interface RequestParts {
  readonly method?: string;
  readonly requestUri?: string;
  /** Header lines put after the usual ones. */
  readonly headers?: readonly string[];
  readonly contentType?: string;
  readonly body?: string;
}

/** How calls are located in tests: as the configuration has it by default. */
export const testLocateOptions: LocateOptions = {
  budgetMs: 2_000,
  order: 'valueFirst',
  fallbacks: ['server', 'cell', 'number', 'ingress', 'service'],
  serviceDefaults: new Map(),
  limits: { body: defaultBodyLimits, location: defaultLocationLimits },
};

/** A datagram's flow from 192.0.2.7 to our loopback listener. */
export const testFlow: Flow = {
  transport: 'udp',
  local: { address: '127.0.0.1', port: 5060 },
  remote: { address: '192.0.2.7', port: 5080 },
  connectionId: undefined,
};

/** The text of a request with faultless usual headers. */
export function requestText(parts: RequestParts = {}): string {
  const method = parts.method ?? 'INVITE';
  const body = parts.body ?? '';
  const lines = [
    `${method} ${parts.requestUri ?? 'urn:service:sos'} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.7:5080;branch=z9hG4bKtest1',
    'Max-Forwards: 70',
    'From: "Caller" <sip:+15551230000@caller.example.net>;tag=f1',
    'To: <urn:service:sos>',
    'Call-ID: call-1@caller.example.net',
    `CSeq: 1 ${method}`,
    'Contact: <sip:caller@192.0.2.7:5080>',
    ...(parts.headers ?? []),
    ...(parts.contentType === undefined ? [] : [`Content-Type: ${parts.contentType}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** A parsed request; throws where the text is no request. */
export function testRequest(parts: RequestParts = {}): SipRequest {
  return requestFrom(requestText(parts));
}

/** Parses the text of a datagram as a request; throws where it is none. */
export function requestFrom(text: string): SipRequest {
  const outcome = parseMessage(Buffer.from(text, 'latin1'), {
    framing: 'datagram',
    limits: defaultMessageLimits,
  });
  if (outcome.kind !== 'message' || outcome.message.kind !== 'request')
    throw new Error(`no request: ${text}`);
  return outcome.message;
}

/** A PIDF-LO with a point; degrees. */
export function pointPidf(position: { readonly lon: number; readonly lat: number }): string {
  return pidf(
    `<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${position.lat} ${position.lon}</gml:pos></gml:Point>`,
  );
}

/** A PIDF-LO with a civic address of these elements. */
export function civicPidf(elements: Readonly<Record<string, string>>): string {
  const inner = Object.entries(elements).map(([name, value]) => `<ca:${name}>${value}</ca:${name}>`);
  return pidf(`<ca:civicAddress>${inner.join('')}</ca:civicAddress>`);
}

function pidf(location: string): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"',
    ' xmlns:gml="http://www.opengis.net/gml" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"',
    ' entity="pres:caller@caller.example.net"><tuple id="t1"><status><gp:geopriv><gp:location-info>',
    location,
    '</gp:location-info><gp:usage-rules/><gp:method>GPS</gp:method></gp:geopriv></status></tuple></presence>',
  ].join('');
}

/** A multipart/mixed body of SDP and a PIDF-LO whose Content-ID is `loc@caller.example.net`. */
export function sdpAndPidf(document: string): { readonly contentType: string; readonly body: string } {
  const sdp =
    'v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
  const body = [
    '--b1\r\nContent-Type: application/sdp\r\n\r\n',
    sdp,
    '\r\n--b1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <loc@caller.example.net>\r\n\r\n',
    document,
    '\r\n--b1--\r\n',
  ].join('');
  return { contentType: 'multipart/mixed;boundary=b1', body };
}
