import {
  contacts,
  MessageDraft,
  type MessageLimits,
  type NameAddr,
  parseMessage,
  type SipRequest,
  type SipResponse,
} from '../message/index.ts';
import {
  formatSipUri,
  hasParam,
  paramValue,
  parseUri,
  type SipUri,
  sameText,
  type Uri,
  uriEquals,
} from '../uri/index.ts';
import type { AttemptTarget } from './attempt.ts';
import { retargetedEdits } from './history.ts';
import { type ForwardDecision, sentEdits, sentRequestUri } from './outgoing.ts';
import type { BranchOutcome } from './response-choice.ts';

/** A refusal that may lead elsewhere, and what it refused. */
export interface RedirectOrder {
  readonly request: SipRequest;
  readonly response: SipResponse;
  readonly decision: ForwardDecision;
  readonly target: AttemptTarget;
}

/** What came of a refusal. */
export interface Redirection {
  /** What to try in the target's place, best first. */
  readonly targets: readonly AttemptTarget[];
  /** What is left of it as an answer: for a 3xx without the contacts that are tried, or were before. */
  readonly outcome: BranchOutcome | undefined;
}

/**
 * Whether a refusal may name other places: a 3xx where the decision says so, or a 416. A 380 describes other services in its
 * body and is none of them (RFC 3261 §21.3).
 */
export function mayRedirect(decision: ForwardDecision, statusCode: number): boolean {
  if (statusCode === 416) return true;
  return decision.redirects?.kind === 'recurse' && redirects.has(statusCode);
}

const redirects = new Set([300, 301, 302, 305]);

/** The targets that one request was given by 3xx responses: none of them twice, and not more than a limit. */
export class Recursion {
  readonly #limits: MessageLimits;
  readonly #known: Uri[] = [];
  #left: number;
  #taken = 0;

  /** `requestUri`: as sent, where targets without a route go. Where it is replaced by contacts, it is a target itself. */
  constructor(parts: {
    readonly targets: readonly Pick<AttemptTarget, 'routeUri'>[];
    readonly requestUri: string;
    readonly keepsRequestUri: boolean;
    readonly recursionsMax: number;
    readonly messageLimits: MessageLimits;
  }) {
    this.#limits = parts.messageLimits;
    this.#left = parts.recursionsMax;
    if (!parts.keepsRequestUri) this.#learn(parts.requestUri);
    for (const { routeUri } of parts.targets) this.#learn(routeUri ?? parts.requestUri);
  }

  /**
   * Takes the contacts of a 3xx into the target set (RFC 3261 §16.5, §16.7 item 4): SIP and SIPS ones that are new and do
   * not change between the two schemes (RFC 5630 §5.3), by their q-values, equal ones in order. After a 416 the same target
   * once more, with a SIP URI.
   */
  follow(order: RedirectOrder): Redirection {
    const { response, target } = order;
    const asIs: Redirection = { targets: [], outcome: { kind: 'response', response } };
    if (response.statusCode === 416) {
      const requestUri = target.isSchemeChanged === true ? undefined : sipVersion(order);
      if (requestUri === undefined) return asIs;
      return { targets: [{ ...target, requestUri, isSchemeChanged: true }], outcome: undefined };
    }
    const all = contacts(response);
    if (!all.ok || all.value.length === 0) return asIs;
    const targets: AttemptTarget[] = [];
    const tried = new Set<NameAddr>();
    for (const contact of byPreference(all.value)) {
      const uri = usableUri(contact.uri);
      if (uri === undefined || !isSchemeKept(uri, order)) continue;
      const isKnown = this.#known.some((known) => uriEquals(known, uri));
      if (!isKnown && this.#left === 0) continue;
      tried.add(contact);
      if (isKnown) continue;
      this.#left -= 1;
      this.#taken += 1;
      this.#known.push(uri);
      targets.push(targetOf(order, contact, uri, this.#taken));
    }
    const left = all.value.filter((contact) => !tried.has(contact)).map((contact) => contact.raw);
    if (left.length > 0) {
      return { targets, outcome: { kind: 'response', response: this.#withContacts(response, left) } };
    }
    // RFC 3261 §16.7 item 4: a response that is left without contacts is no answer; §16.5: nor is an empty target set.
    return { targets, outcome: targets.length > 0 ? undefined : { kind: 'none', statusCode: 480 } };
  }

  #learn(text: string): void {
    const uri = parseUri(text);
    if (uri.ok) this.#known.push(uri.value);
  }

  #withContacts(response: SipResponse, values: readonly string[]): SipResponse {
    const draft = new MessageDraft(response);
    draft.removeAll('Contact');
    for (const value of values) draft.addLast('Contact', value);
    const outcome = parseMessage(draft.toBytes(), { framing: 'datagram', limits: this.#limits });
    return outcome.kind === 'message' && outcome.message.kind === 'response' ? outcome.message : response;
  }
}

/**
 * The Request-URI to try again with after a 416 (RFC 3261 §16.7 item 4): the one that came, where it was SIP and something
 * else was sent; a telephone number as a SIP URI of the host that refused it. Undefined where neither applies.
 */
function sipVersion(order: RedirectOrder): string | undefined {
  const sent = parseUri(sentUri(order));
  const received = parseUri(order.request.requestUri);
  if (!sent.ok || sent.value.kind === 'sip' || !received.ok || received.value.kind !== 'sip') {
    return undefined;
  }
  if (sent.value.kind !== 'tel') return received.value.raw;
  const route = parseUri(order.target.routeUri ?? '');
  const { host, port } = route.ok && route.value.kind === 'sip' ? route.value : received.value;
  const user = sent.value.raw.slice('tel:'.length);
  return formatSipUri({ scheme: 'sip', user, host, port, params: [{ name: 'user', value: 'phone' }] });
}

function byPreference(values: readonly NameAddr[]): readonly NameAddr[] {
  return [...values].sort((one, other) => preference(other) - preference(one));
}

/** The q-value; 1 where there is none or it is none. */
function preference(contact: NameAddr): number {
  const text = paramValue(contact.params, 'q') ?? '';
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 1;
}

/** A contact's URI as a Request-URI may be: without headers and method (RFC 3261 §19.1.1 table 1). */
function usableUri(uri: Uri): SipUri | undefined {
  if (uri.kind !== 'sip' || /[\s<>"]|[^\x21-\x7e]/.test(uri.raw)) return undefined;
  if (uri.headers === undefined && !hasParam(uri.params, 'method')) return uri;
  const plain: SipUri = {
    ...uri,
    headers: undefined,
    params: uri.params.filter((param) => !sameText(param.name, 'method')),
  };
  return { ...plain, raw: formatSipUri(plain) };
}

/**
 * Whether trying this contact keeps the promise that the URI made. A Request-URI changes neither from SIPS to SIP nor back
 * (RFC 5630 §5.3); as a route, SIPS is always good enough.
 */
function isSchemeKept(uri: SipUri, order: RedirectOrder): boolean {
  // An emergency call takes what is at hand.
  if (order.decision.mayFallBackFromTls === true) return true;
  const sent = parseUri(sentUri(order));
  const asked = sent.ok && sent.value.kind === 'sip' ? sent.value.scheme : undefined;
  if (!takesRoute(order)) return asked === undefined || asked === uri.scheme;
  const wasSecure = asked === 'sips' || /^sips:/i.test(order.target.routeUri ?? '');
  return uri.scheme === 'sips' || !wasSecure;
}

/** RFC 3261 §21.3.4: the contact of a 305 is a proxy to go by, not another name of the one that is called. */
function takesRoute(order: RedirectOrder): boolean {
  const { redirects: rule } = order.decision;
  return (rule?.kind === 'recurse' && rule.keepsRequestUri) || order.response.statusCode === 305;
}

function targetOf(order: RedirectOrder, contact: NameAddr, uri: SipUri, ordinal: number): AttemptTarget {
  const { request, response, decision, target } = order;
  const isRoute = takesRoute(order);
  const sent = sentUri(order);
  const mechanism = hasParam(contact.params, 'rc') ? 'rc' : hasParam(contact.params, 'mp') ? 'mp' : undefined;
  return {
    label: target.label,
    contact: uri.raw,
    routeUri: isRoute ? uri.raw : undefined,
    requestUri: isRoute ? target.requestUri : uri.raw,
    timeoutMs: target.timeoutMs,
    silenceTimeoutMs: target.silenceTimeoutMs,
    addition: target.addition,
    edits: retargetedEdits({
      request,
      edits: sentEdits(decision, target),
      sentUri: sent,
      newUri: isRoute ? sent : uri.raw,
      mechanism,
      ordinal,
      statusCode: response.statusCode,
    }),
  };
}

function sentUri({ request, decision, target }: RedirectOrder): string {
  return sentRequestUri(decision, target) ?? request.requestUri;
}
