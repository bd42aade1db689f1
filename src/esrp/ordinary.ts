import {
  hasParam,
  headerValue,
  headerValues,
  parseUri,
  type RequestDecision,
  type SipRequest,
  type SipUri,
} from '../sip/index.ts';

/** What an answer to a method that is never taken names instead. */
const allowedMethods =
  'INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, SUBSCRIBE, NOTIFY, REFER';

/** How long a proxied request of no emergency may wait for its final response. */
const ordinaryTimeoutMs = 180_000;

/** Extensions that an answer of ours takes part in. */
const supportedOptions = ['resource-priority'];

/** What becomes of a request that is no emergency: answered where it asks for us, else refused or proxied as the ingress says. */
export function ordinaryDecision(
  request: SipRequest,
  rules: { readonly nonEmergency: 'refuse' | 'proxy' },
  isOwnAddress: (uri: SipUri) => boolean,
): RequestDecision {
  const defect = request.defects[0];
  if (defect !== undefined) return reply(defect.statusCode, defect.message);
  const uri = parseUri(request.requestUri);
  if (uri.ok && uri.value.kind === 'sip' && isForUs(uri.value, isOwnAddress)) return ownAnswer(request);
  if (rules.nonEmergency === 'refuse') return refuse(request);
  const canBeSent = uri.ok && uri.value.kind === 'sip';
  if (!canBeSent && headerValue(request, 'route') === undefined) return reply(416, 'Unsupported URI Scheme');
  return {
    kind: 'forward',
    targets: [{ label: '0 request-uri', routeUri: undefined, timeoutMs: ordinaryTimeoutMs }],
    requestUri: undefined,
    edits: [],
    failover: 'none',
    recordRoute: true,
  };
}

/** A `maddr` that is still there names somebody else, and is the only target then (RFC 3261 §16.4, §16.5). */
function isForUs(uri: SipUri, isOwnAddress: (uri: SipUri) => boolean): boolean {
  return !hasParam(uri.params, 'maddr') && isOwnAddress(uri);
}

/**
 * What a request to our own address gets. Of users there are none (RFC 3261 §16.5), but many who probe put one into the
 * Request-URI of their OPTIONS, and mean us.
 */
function ownAnswer(request: SipRequest): RequestDecision {
  if (request.method !== 'OPTIONS') {
    return isNeverTaken(request) ? methodNotAllowed() : reply(404, 'Not Found');
  }
  const unsupported = headerValues(request, 'require').filter(
    (option) => !supportedOptions.includes(option.toLowerCase()),
  );
  if (unsupported.length === 0) return ownOptions();
  // RFC 3261 §8.2.2.3.
  return {
    ...reply(420, 'Bad Extension'),
    headers: unsupported.map((value) => ({ name: 'Unsupported', value })),
  };
}

// RFC 3261 §11.2: what this element takes, for health probes above all. Without Allow: a proxy takes any method.
function ownOptions(): RequestDecision {
  return {
    kind: 'reply',
    statusCode: 200,
    reasonPhrase: 'OK',
    headers: [
      { name: 'Accept', value: 'application/sdp, application/pidf+xml, multipart/mixed' },
      { name: 'Accept-Encoding', value: 'identity' },
      { name: 'Accept-Language', value: 'en' },
      { name: 'Supported', value: supportedOptions.join(', ') },
      // RFC 4412 §3.2 with the namespace of RFC 7135.
      { name: 'Accept-Resource-Priority', value: 'esnet.4, esnet.3, esnet.2, esnet.1, esnet.0' },
    ],
  };
}

function refuse(request: SipRequest): RequestDecision {
  if (isNeverTaken(request)) return methodNotAllowed();
  return reply(403, 'Only emergency calls are routed here');
}

function isNeverTaken({ method }: SipRequest): boolean {
  return method === 'REGISTER' || method === 'PUBLISH';
}

function methodNotAllowed(): RequestDecision {
  return {
    ...reply(405, 'Method Not Allowed'),
    headers: [{ name: 'Allow', value: allowedMethods }],
  };
}

function reply(statusCode: number, reasonPhrase: string): Extract<RequestDecision, { kind: 'reply' }> {
  return { kind: 'reply', statusCode, reasonPhrase, headers: [] };
}
