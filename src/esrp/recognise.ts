import type { ServiceUrn } from '../base/index.ts';
import { headerValues, parseUri, routes, type SipRequest, type Uri } from '../sip/index.ts';
import type { ServiceName } from './service-urn.ts';
import { readServiceUrn, readSosUser } from './service-urn.ts';
import type { Recognition, RecognitionRule } from './types.ts';

/** What one ingress takes for an emergency call beside the service URNs. */
export interface RecognitionRules {
  /** Digits to service. */
  readonly dialStrings: ReadonlyMap<string, ServiceUrn>;
  /** Whether a dial string or `sos@` form stays in the Request-URI instead of the service URN (RFC 6881 SP-33). */
  readonly keepDialString: boolean;
}

interface Match {
  readonly rule: RecognitionRule;
  readonly name: ServiceName;
  readonly matched: string;
}

/** The first stage: is this an emergency request, for what service, and by which rule? Pure; never throws on input. */
export function recognise(request: SipRequest, rules: RecognitionRules): Recognition {
  const match =
    matchUri(request.requestUri, rules) ??
    matchRoutes(request) ??
    matchAcceptContact(headerValues(request, 'accept-contact'));
  if (match === undefined) return { kind: 'other' };
  const isUrnKept = match.rule === 'serviceUrnInRequestUri' && match.name.isExact;
  const isKept = isUrnKept || rules.keepDialString;
  return {
    kind: 'emergency',
    service: match.name.service,
    isTest: match.name.isTest,
    rule: match.rule,
    matched: match.matched,
    requestUri: isKept ? request.requestUri : match.name.service,
    isRequestUriReplaced: !isKept,
  };
}

function matchUri(text: string, rules: RecognitionRules): Match | undefined {
  const asUrn = readServiceUrn(text);
  if (asUrn !== undefined) return { rule: 'serviceUrnInRequestUri', name: asUrn, matched: text };
  const parsed = parseUri(text);
  if (!parsed.ok) return undefined;
  const user = userOf(parsed.value);
  if (user === undefined) return undefined;
  if (parsed.value.kind === 'sip') {
    const urnInUser = readServiceUrn(user);
    if (urnInUser !== undefined) return { rule: 'serviceUrnInSipUri', name: urnInUser, matched: text };
    const sos = readSosUser(user);
    if (sos !== undefined) return { rule: 'sosUser', name: sos, matched: text };
  }
  const service = rules.dialStrings.get(digitsOf(user));
  if (service === undefined) return undefined;
  const isTest = service.startsWith('urn:service:test.');
  return { rule: 'dialString', name: { service, isTest, isExact: false }, matched: text };
}

function matchRoutes(request: SipRequest): Match | undefined {
  const parsed = routes(request);
  if (!parsed.ok) return undefined;
  for (const route of parsed.value) {
    const user = userOf(route.uri);
    const name = readServiceUrn(route.uriText) ?? (user === undefined ? undefined : readServiceUrn(user));
    if (name !== undefined) return { rule: 'serviceUrnInRoute', name, matched: route.uriText };
  }
  return undefined;
}

// `Accept-Contact: *;service="sos.mountain"`: how phones of 2004 named the service (RFC 3841 feature parameters).
function matchAcceptContact(values: readonly string[]): Match | undefined {
  for (const value of values) {
    const found = /;\s*service\s*=\s*"?\s*([^";,\s]+)/i.exec(value);
    const text = found?.[1];
    if (text === undefined) continue;
    const name = readSosUser(text) ?? readServiceUrn(text);
    if (name !== undefined) return { rule: 'acceptContactService', name, matched: text };
  }
  return undefined;
}

/** The user part unescaped, without its own parameters (`911;phone-context=+1`); the number of a tel URI. */
function userOf(uri: Uri): string | undefined {
  if (uri.kind === 'tel') return uri.number;
  if (uri.kind !== 'sip' || uri.user === undefined) return undefined;
  return unescapeUser(uri.user).split(';')[0]?.trim();
}

function unescapeUser(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

// Visual separators of RFC 3966 §5.1.1 do not count.
function digitsOf(user: string): string {
  return user.replace(/[-.() ]/g, '');
}
