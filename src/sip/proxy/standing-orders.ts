import type { AttemptTarget } from './attempt.ts';
import type { ForwardDecision } from './outgoing.ts';

/** A target as a response context keeps it. */
export type ContextTarget = AttemptTarget & { readonly withPrevious?: boolean | undefined };

/** What a request within a dialog gets without a question: its own way, and whatever answer comes. */
export const inDialogDecision: ForwardDecision = {
  kind: 'forward',
  requestUri: undefined,
  edits: [],
  failover: 'none',
  recordRoute: false,
};

const recordedInDialog: ForwardDecision = { ...inDialogDecision, recordRoute: true };

export const inDialogTargets: readonly ContextTarget[] = [
  { label: 'dialog', routeUri: undefined, timeoutMs: undefined },
];

/** Recorded again within a dialog, for an endpoint that lost its route set (RFC 3261 §16.6 item 4). */
const dialogForming = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

/** The standing order for a method within a dialog. */
export function decisionInDialog(method: string): ForwardDecision {
  return dialogForming.has(method) ? recordedInDialog : inDialogDecision;
}

/** Whether a refusal sends the request on to the next target. */
export function failsOver(decision: ForwardDecision, statusCode: number): boolean {
  switch (decision.failover) {
    case 'none':
      return false;
    case 'serverErrors':
      return (statusCode >= 500 && statusCode < 600) || statusCode === 408;
    case 'all':
      return true;
  }
}

/**
 * Whether a refusal ends the whole search (RFC 3261 §16.7 item 5). Not with `all`: it is an emergency call's, and a PSAP
 * that declines for everybody must not keep the call from the next one.
 */
export function endsAll(decision: ForwardDecision, statusCode: number): boolean {
  return statusCode >= 600 && decision.failover !== 'all';
}

/** How many targets stand together with the one at an index. */
export function groupSize(targets: readonly ContextTarget[], index: number): number {
  let end = index + 1;
  while (targets[end]?.withPrevious === true) end += 1;
  return end - index;
}
