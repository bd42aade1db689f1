import { headerValue, parseUri, type RequestDecision, type SipRequest } from '../sip/index.ts';

/** Methods that the server forwards or answers. */
const allowedMethods =
  'INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, SUBSCRIBE, NOTIFY, REFER, PUBLISH';

/** How long a proxied request of no emergency may wait for its final response. */
const ordinaryTimeoutMs = 180_000;

/** What becomes of a request that is no emergency: answered where it asks for us, else refused or proxied as the ingress says. */
export function ordinaryDecision(
  request: SipRequest,
  rules: { readonly nonEmergency: 'refuse' | 'proxy' },
  isOwnAddress: (host: string, port: number | undefined) => boolean,
): RequestDecision {
  const defect = request.defects[0];
  if (defect !== undefined) return reply(defect.statusCode, defect.message);
  const uri = parseUri(request.requestUri);
  const isForUs = uri.ok && uri.value.kind === 'sip' && uri.value.user === undefined;
  if (isForUs && uri.value.kind === 'sip' && isOwnAddress(uri.value.host, uri.value.port)) {
    return request.method === 'OPTIONS' ? ownOptions() : refuse(request);
  }
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

// RFC 3261 §11.2: what this element takes, for health probes above all.
function ownOptions(): RequestDecision {
  return {
    kind: 'reply',
    statusCode: 200,
    reasonPhrase: 'OK',
    headers: [
      { name: 'Allow', value: allowedMethods },
      { name: 'Accept', value: 'application/sdp, application/pidf+xml, multipart/mixed' },
      { name: 'Accept-Encoding', value: 'identity' },
      { name: 'Accept-Language', value: 'en' },
      { name: 'Supported', value: 'resource-priority' },
      // RFC 4412 §3.2 with the namespace of RFC 7135.
      { name: 'Accept-Resource-Priority', value: 'esnet.4, esnet.3, esnet.2, esnet.1, esnet.0' },
    ],
  };
}

function refuse(request: SipRequest): RequestDecision {
  if (request.method === 'REGISTER' || request.method === 'PUBLISH') {
    return {
      ...reply(405, 'Method Not Allowed'),
      headers: [{ name: 'Allow', value: allowedMethods }],
    };
  }
  return reply(403, 'Only emergency calls are routed here');
}

function reply(statusCode: number, reasonPhrase: string): Extract<RequestDecision, { kind: 'reply' }> {
  return { kind: 'reply', statusCode, reasonPhrase, headers: [] };
}
