import { parseUri } from '../uri/index.ts';
import type { ProxyLimits } from './options.ts';
import type { ProxyTarget, RequestDecision, TargetAddition } from './types.ts';

type Forward = Extract<RequestDecision, { readonly kind: 'forward' }>;
type Reply = Extract<RequestDecision, { readonly kind: 'reply' }>;

/** What a decision is held against. */
export interface Soundness {
  readonly limits: Pick<ProxyLimits, 'targetsMax'>;
  /** The time of a target that has none that is usable. */
  readonly timeoutMs: number;
  /** What stands in for a decision without a single target that can be tried. */
  readonly fallback: () => RequestDecision;
  readonly tell: (what: string) => void;
}

/**
 * A decision as it can be carried out. What would break a message (a line break, a character outside of latin1, a second
 * Via, a status that is not final) is repaired or left out and told, because a mistake of whoever decides must not cost
 * the call. Of too many targets the last one stays, since it is the default route.
 */
export function soundDecision(decision: RequestDecision, soundness: Soundness): RequestDecision {
  if (decision.kind === 'reply') return soundReply(decision, soundness);
  const forward = soundForward(decision, soundness);
  if (forward !== undefined) return forward;
  soundness.tell('no usable target');
  const fallback = soundness.fallback();
  if (fallback.kind === 'reply') return soundReply(fallback, soundness);
  return soundForward(fallback, soundness) ?? failure;
}

const failure: Reply = {
  kind: 'reply',
  statusCode: 500,
  reasonPhrase: 'Server Internal Error',
  headers: [],
};

function soundForward(decision: Forward, soundness: Soundness): Forward | undefined {
  const { requestUri, edits } = decision;
  const targets = soundTargets(decision.targets, soundness);
  const [first, ...rest] = targets;
  if (first === undefined) return undefined;
  const isUriSound = requestUri === undefined || isUri(requestUri);
  const areEditsSound = edits.every(isLineSound);
  if (isUriSound && areEditsSound && targets === decision.targets) return decision;
  if (!isUriSound) soundness.tell('the Request-URI');
  if (!areEditsSound) soundness.tell('a header edit');
  return {
    ...decision,
    targets: [first, ...rest],
    requestUri: isUriSound ? requestUri : repairedUri(requestUri),
    edits: areEditsSound ? edits : edits.filter(isLineSound),
  };
}

/** The targets that can be tried; none where not one of them is usable. */
export function soundTargets(
  given: readonly ProxyTarget[],
  soundness: Omit<Soundness, 'fallback'>,
): readonly ProxyTarget[] {
  const { targetsMax } = soundness.limits;
  const last = given.at(-1);
  const kept =
    given.length > targetsMax && last !== undefined ? [...given.slice(0, targetsMax - 1), last] : given;
  if (kept.every(isTargetSound)) return kept;
  soundness.tell('a target');
  const targets: ProxyTarget[] = [];
  let isAnyUsable = false;
  for (const target of kept) {
    const routeUri = target.routeUri === undefined ? undefined : repairedUri(target.routeUri);
    const isUsable = routeUri !== undefined || target.routeUri === undefined;
    // What is no URI at all fails when its turn comes, and the record says so; what reads as one must not be written.
    if (!isUsable && parseUri(target.routeUri ?? '').ok) continue;
    isAnyUsable ||= isUsable;
    targets.push({
      ...target,
      routeUri: routeUri ?? target.routeUri,
      timeoutMs: isDuration(target.timeoutMs) ? target.timeoutMs : soundness.timeoutMs,
      silenceTimeoutMs: isDuration(target.silenceTimeoutMs) ? target.silenceTimeoutMs : undefined,
      addition: isAdditionSound(target.addition) ? target.addition : undefined,
    });
  }
  return isAnyUsable ? targets : [];
}

function isTargetSound({ routeUri, timeoutMs, silenceTimeoutMs, addition }: ProxyTarget): boolean {
  return (
    isAdditionSound(addition) &&
    (routeUri === undefined || isUri(routeUri)) &&
    isDuration(timeoutMs) &&
    (silenceTimeoutMs === undefined || isDuration(silenceTimeoutMs))
  );
}

/** Half of an addition would be a reference to nothing: it is left out whole. */
function isAdditionSound(addition: TargetAddition | undefined): boolean {
  if (addition === undefined) return true;
  const { edits, body } = addition;
  return edits.every(isLineSound) && (body?.contentType === undefined || isText(body.contentType));
}

function soundReply(decision: Reply, soundness: Soundness): Reply {
  const { statusCode, reasonPhrase, headers } = decision;
  const isStatusSound = Number.isInteger(statusCode) && statusCode >= 200 && statusCode <= 699;
  if (isStatusSound && isText(reasonPhrase) && headers.every(isLineSound)) return decision;
  soundness.tell('a reply');
  return {
    kind: 'reply',
    statusCode: isStatusSound ? statusCode : failure.statusCode,
    reasonPhrase: isStatusSound && isText(reasonPhrase) ? reasonPhrase : failure.reasonPhrase,
    headers: headers.filter(isLineSound),
  };
}

/** Headers that the transaction, the way or the length of a message hang on: an edit would double them. */
const ours = new Set([
  ...['via', 'v', 'from', 'f', 'to', 't', 'call-id', 'i', 'cseq'],
  ...['content-length', 'l', 'route', 'max-forwards', 'max-breadth'],
]);

function isLineSound(line: { readonly name: string; readonly value: string }): boolean {
  return /^[\w.!%*+`'~-]+$/.test(line.name) && isText(line.value) && !ours.has(line.name.toLowerCase());
}

/** Whether a text may stand in a line that we write. */
function isText(text: string): boolean {
  return !/[\r\n\0]|[^\x00-\xff]/.test(text);
}

function isUri(text: string): boolean {
  return text !== '' && isText(text) && !/[\s<>]/.test(text);
}

/** Without the white space and angle brackets around it, which somebody may have copied from a header. */
function repairedUri(text: string): string | undefined {
  const bare = text.trim().replace(/^<([^<>]*)>$/, '$1');
  return isUri(bare) ? bare : undefined;
}

function isDuration(value: number | undefined): boolean {
  return value !== undefined && Number.isFinite(value) && value > 0;
}
