import {
  contacts,
  cseq,
  fromHeader,
  headerValue,
  type NameAddr,
  recordRoutes,
  type SipMessage,
  toHeader,
} from '../message/index.ts';
import { hasParam } from '../uri/index.ts';

/** The parts of a dialog that its two makers know differently. */
interface DialogParts {
  readonly callId: string;
  /** From and To of our requests, tags included. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly remoteTag: string | undefined;
  readonly routeSet: readonly NameAddr[];
  readonly remoteTarget: string;
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
}

/** A dialog as RFC 3261 §12 describes its state. */
export class Dialog {
  readonly callId: string;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly remoteTag: string | undefined;
  readonly routeSet: readonly NameAddr[];
  #remoteTarget: string;
  #localSequence: number;
  #remoteSequence: number | undefined;

  constructor(parts: DialogParts) {
    this.callId = parts.callId;
    this.localAddress = parts.localAddress;
    this.remoteAddress = parts.remoteAddress;
    this.remoteTag = parts.remoteTag;
    this.routeSet = parts.routeSet;
    this.#remoteTarget = parts.remoteTarget;
    this.#localSequence = parts.localSequence;
    this.#remoteSequence = parts.remoteSequence;
  }

  /** The number of our last request other than ACK. */
  get localSequence(): number {
    return this.#localSequence;
  }

  /** The number of our next request other than ACK and CANCEL. */
  nextSequence(): number {
    this.#localSequence += 1;
    return this.#localSequence;
  }

  /** Notes the number of a request of the peer; false where it is out of order (RFC 3261 §12.2.2). */
  acceptSequence(message: SipMessage): boolean {
    const sequence = cseq(message);
    if (!sequence.ok) return false;
    const isInOrder = this.#remoteSequence === undefined || sequence.value.sequence > this.#remoteSequence;
    if (isInOrder) this.#remoteSequence = sequence.value.sequence;
    return isInOrder;
  }

  /** Takes the Contact of a target refresh request or its 2xx (RFC 3261 §12.2). */
  refreshTarget(message: SipMessage): void {
    this.#remoteTarget = contactOf(message) ?? this.#remoteTarget;
  }

  /** Request-URI, Route values and next hop of a request inside of the dialog (RFC 3261 §12.2.1.1). */
  target(): { readonly requestUri: string; readonly routes: readonly string[]; readonly nextHop: string } {
    const [first, ...rest] = this.routeSet;
    if (first === undefined) {
      return { requestUri: this.#remoteTarget, routes: [], nextHop: this.#remoteTarget };
    }
    const isLoose = first.uri.kind === 'sip' && hasParam(first.uri.params, 'lr');
    const raw = (route: NameAddr): string => route.raw;
    if (isLoose) {
      return { requestUri: this.#remoteTarget, routes: this.routeSet.map(raw), nextHop: first.uriText };
    }
    const routes = [...rest.map(raw), `<${this.#remoteTarget}>`];
    return { requestUri: first.uriText, routes, nextHop: first.uriText };
  }
}

/** The dialog that a response makes for the caller (RFC 3261 §12.1.2). `sent` is the request as we sent it. */
export function callerDialog(
  sent: {
    readonly callId: string;
    readonly from: string;
    readonly requestUri: string;
    readonly sequence: number;
  },
  response: SipMessage,
): Dialog {
  const to = toHeader(response);
  const recorded = recordRoutes(response);
  return new Dialog({
    callId: sent.callId,
    localAddress: sent.from,
    remoteAddress: headerValue(response, 'to') ?? '',
    remoteTag: to.ok ? to.value.tag : undefined,
    routeSet: recorded.ok ? [...recorded.value].reverse() : [],
    remoteTarget: contactOf(response) ?? sent.requestUri,
    localSequence: sent.sequence,
    remoteSequence: undefined,
  });
}

/** The dialog that our response makes for the callee (RFC 3261 §12.1.1). */
export function calleeDialog(invite: SipMessage, localTag: string): Dialog {
  const from = fromHeader(invite);
  const recorded = recordRoutes(invite);
  const sequence = cseq(invite);
  return new Dialog({
    callId: headerValue(invite, 'call-id') ?? '',
    localAddress: `${headerValue(invite, 'to') ?? ''};tag=${localTag}`,
    remoteAddress: headerValue(invite, 'from') ?? '',
    remoteTag: from.ok ? from.value.tag : undefined,
    routeSet: recorded.ok ? recorded.value : [],
    remoteTarget: contactOf(invite) ?? (from.ok ? from.value.uriText : ''),
    localSequence: 0,
    remoteSequence: sequence.ok ? sequence.value.sequence : undefined,
  });
}

function contactOf(message: SipMessage): string | undefined {
  const found = contacts(message);
  return found.ok ? found.value[0]?.uriText : undefined;
}
