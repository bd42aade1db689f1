import { type CodedError, errorText, type WallMs } from '../base/index.ts';
import {
  type HeaderEdit,
  headerValues,
  type ProxyTarget,
  type RequestDecision,
  type SipRequest,
  type TargetAddition,
} from '../sip/index.ts';
import { esrpErrors } from './errors.ts';
import type { EmergencyIdentifiers } from './identifiers.ts';
import type { SupplyOptions } from './supply.ts';
import { supplyLocation } from './supply-location.ts';
import type { Located, Plan, PlanTarget, Recognition } from './types.ts';

type EmergencyRecognition = Extract<Recognition, { kind: 'emergency' }>;

/** What the stage needs beside the request. */
export interface ForwardInput {
  readonly recognition: EmergencyRecognition;
  readonly plan: Plan;
  readonly identifiers: EmergencyIdentifiers;
  /** Inserted where the request has none, such as `esnet.1` (NENA-STA-010.3 §3.1.7). */
  readonly resourcePriority: string;
  /** How long a target may stay wholly silent before the next is tried. */
  readonly silenceTimeoutMs: number;
  /** Whether we carry the call or tell the caller's side where it goes. */
  readonly mode: 'proxy' | 'redirect';
  readonly located: Located | undefined;
  readonly supply: SupplyOptions;
  /** For documents that are made here. */
  readonly now?: WallMs | undefined;
  /** Told what could not be done as it should be, for the record. */
  readonly warn?: ((warning: CodedError) => void) | undefined;
  /** What becomes of a 3xx of a PSAP: its contacts are tried, or the caller is told. */
  readonly redirects: 'recurse' | 'pass';
}

/** The fifth stage: the plan as an order to the proxy core, with the headers that it asks for. Pure. */
export function forward(request: SipRequest, input: ForwardInput): RequestDecision {
  if (input.mode === 'redirect') return redirect(input);
  const edits: HeaderEdit[] = [
    { kind: 'addIfAbsent', name: 'Resource-Priority', value: input.resourcePriority },
    ...input.identifiers.added.map((value): HeaderEdit => ({ kind: 'append', name: 'Call-Info', value })),
  ];
  if (input.recognition.isRequestUriReplaced) edits.push(...historyOf(request, input.recognition.requestUri));
  const [first, ...rest] = input.plan.targets;
  const additions = additionsOf(request, input);
  const targetAt = (target: PlanTarget, index: number): ProxyTarget => ({
    ...targetOf(target, index, input),
    addition: additions[index],
  });
  return {
    kind: 'forward',
    targets: [targetAt(first, 0), ...rest.map((target, index) => targetAt(target, index + 1))],
    requestUri: input.recognition.isRequestUriReplaced ? input.recognition.requestUri : undefined,
    edits,
    // A refusal of any kind must not end an emergency call while there is another target.
    failover: 'all',
    redirects: input.redirects === 'recurse' ? { kind: 'recurse', keepsRequestUri: true } : { kind: 'pass' },
    mayFallBackFromTls: true,
    isEmergency: true,
    recordRoute: true,
  };
}

/** What each target gets of a location that we supply. No fault there may cost the call its way. */
function additionsOf(request: SipRequest, input: ForwardInput): readonly (TargetAddition | undefined)[] {
  const { located, supply, now, warn } = input;
  try {
    const targetUris = input.plan.targets.map(({ uri }) => uri);
    const { additions, warnings } = supplyLocation(request, { located, targetUris, supply, now });
    for (const warning of warnings) warn?.(warning);
    return additions;
  } catch (thrown) {
    const code = 'esrp.locationNotSupplied';
    warn?.({ code, message: `${esrpErrors[code].meaning}: ${errorText(thrown)}`, cause: thrown });
    return [];
  }
}

/**
 * The plan as a 302, or as a 300 where it has more than one target, best first (RFC 3261 §8.3, §21.3). The contacts have
 * no expiry: they are good for this call alone, since the next one is routed by its own place. A location that we supply
 * does not go with them: the request that follows is not ours, and in a response a location is the answer to a bad one
 * (RFC 6442 §4.3).
 */
function redirect({ plan, identifiers }: ForwardInput): RequestDecision {
  const contacts = plan.targets.map((target, index) => {
    const name = target.displayName.replace(/[^\x20-\x7e]|["\\]/g, '');
    const q = Math.max(1, 10 - index) / 10;
    return `${name === '' ? '' : `"${name}" `}<${target.uri}>;q=${q.toFixed(1)}`;
  });
  const isSeveral = contacts.length > 1;
  return {
    kind: 'reply',
    statusCode: isSeveral ? 300 : 302,
    reasonPhrase: isSeveral ? 'Multiple Choices' : 'Moved Temporarily',
    headers: [
      ...contacts.map((value) => ({ name: 'Contact', value })),
      ...identifiers.added.map((value) => ({ name: 'Call-Info', value })),
    ],
  };
}

/** An order in a line, for the record: where it goes, and to whom a location of ours goes with it. */
export function describeDecision(decision: RequestDecision): string {
  if (decision.kind === 'reply') return `answered ${decision.statusCode}`;
  const { targets, edits } = decision;
  const parts = targets.filter(({ addition }) => addition?.body !== undefined).length;
  const references = targets.filter(({ addition }) => addition !== undefined).length - parts;
  const supplied = [
    parts === 0 ? [] : [`our location as a body part for ${parts}`],
    references === 0 ? [] : [`our location by reference for ${references}`],
  ].flat();
  return [`${targets.length} targets`, `${edits.length} header edits`, ...supplied].join(', ');
}

/** The label of the n-th target, by which the proxy core's events name it. */
export function targetLabel(target: PlanTarget, index: number): string {
  return `${index} ${target.uri}`;
}

/** The URI of the target with that label. */
export function targetUri(label: string): string {
  return label.slice(label.indexOf(' ') + 1);
}

function targetOf(target: PlanTarget, index: number, input: ForwardInput): ProxyTarget {
  return {
    label: targetLabel(target, index),
    routeUri: target.uri,
    timeoutMs: target.ringTimeoutMs,
    silenceTimeoutMs: input.silenceTimeoutMs,
  };
}

/**
 * The Request-URI that replaces the received one, as an entry below the last. Where that one is not about the received
 * Request-URI, or there is none, the received one is entered first on behalf of who sent it (RFC 7044 §9.1, §10.3).
 */
function historyOf(request: SipRequest, newUri: string): HeaderEdit[] {
  const last = headerValues(request, 'history-info').at(-1);
  const lastIndex = last === undefined ? undefined : /;\s*index\s*=\s*([0-9.]+)/i.exec(last)?.[1];
  const lastUri = last === undefined ? undefined : /<([^>]*)>/.exec(last)?.[1];
  const edits: HeaderEdit[] = [];
  let parent = lastIndex ?? '1';
  if (lastIndex === undefined || lastUri !== request.requestUri) {
    if (lastIndex !== undefined) parent += '.0';
    const value = `<${escapeUri(request.requestUri)}>;index=${parent}`;
    edits.push({ kind: 'append', name: 'History-Info', value });
  }
  edits.push({ kind: 'append', name: 'History-Info', value: `<${newUri}>;index=${parent}.1;mp=${parent}` });
  return edits;
}

// A defective Request-URI must not break the header that quotes it.
function escapeUri(text: string): string {
  return text.replace(
    /[<>"\s]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  );
}
