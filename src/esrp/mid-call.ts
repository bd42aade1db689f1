import type { Clock, ServiceUrn, WallMs } from '../base/index.ts';
import { errorText } from '../base/index.ts';
import {
  type EffectId,
  headerValue,
  headerValues,
  type ProxyEvent,
  type ProxyTarget,
  type SipRequest,
} from '../sip/index.ts';
import type { CallBook, CallInProgress } from './call-book.ts';
import { decide, serviceRouteOf } from './decide.ts';
import { targetLabel } from './forward.ts';
import { type LocateOptions, type LocatePorts, locate } from './locate.ts';
import { mapLocated } from './map.ts';
import type { BoundaryLookup, Logger } from './ports.ts';
import { keptUntil, type RetentionRules } from './retention.ts';
import type { CallRecord, Located, Mapping, Plan, PlanTarget } from './types.ts';

/** What later locations are treated by. */
export interface MidCallOptions {
  readonly locate: LocateOptions;
  /** Whether a call that still rings is sent to the new place's answering point. An answered one never is. */
  readonly reroutesRinging: boolean;
  readonly ringTimeoutMs: number;
  readonly lastRingTimeoutMs: number;
  readonly silenceTimeoutMs: number;
  readonly lookupDeadlineMs: number;
  /** How far off a boundary may be that answers for a place which none covers, metres; 0 or undefined: none may. */
  readonly nearestWithinM?: number | undefined;
  /** Default routes by service. */
  readonly serviceRoutes?: ReadonlyMap<ServiceUrn, string> | undefined;
  readonly retention: RetentionRules;
}

/** What the keeper of later locations needs of the world. */
export interface MidCallPorts extends LocatePorts {
  readonly clock: Clock;
  readonly lookup: BoundaryLookup;
  readonly logger: Logger;
  readonly book: CallBook;
  /** Sends a call in set-up elsewhere. */
  readonly retarget: (decideId: EffectId, targets: readonly [ProxyTarget, ...ProxyTarget[]]) => void;
}

/** What the proxy core tells of a request within a dialog. */
export type InDialogEvent = Extract<ProxyEvent, { kind: 'inDialog' }>;

/**
 * Takes in the locations that come during a call (RFC 6442 §4.1 lists the methods): they go on its record and to who
 * follows it; a call that rings may go elsewhere. The request itself goes its way untouched and does not wait for any of it.
 */
export class MidCall {
  readonly #options: MidCallOptions;
  readonly #ports: MidCallPorts;
  /** Calls at work by SIP Call-ID, each with the newest request that waits: older ones are out of date by then. */
  readonly #busy = new Map<string, InDialogEvent | undefined>();

  constructor(options: MidCallOptions, ports: MidCallPorts) {
    // A call that tells no new place is where it was: no source but the request itself counts.
    this.#options = { ...options, locate: { ...options.locate, fallbacks: [] } };
    this.#ports = ports;
  }

  /** Calls whose new location is being looked into. */
  get busyCount(): number {
    return this.#busy.size;
  }

  /** Takes a request within a dialog; nothing happens for one that brings no location or belongs to no call of ours. */
  onInDialog(event: InDialogEvent): void {
    if (!mayBringLocation(event.request)) return;
    const call = this.#ports.book.find(event.callId);
    if (call === undefined || !isFromCaller(event, call.record)) return;
    if (this.#busy.has(event.callId)) {
      this.#busy.set(event.callId, event);
      return;
    }
    this.#busy.set(event.callId, undefined);
    this.#work(event).catch((error: unknown) => {
      this.#busy.delete(event.callId);
      this.#ports.logger.error('call.locationUpdateFailed', { error: errorText(error) });
    });
  }

  async #work(first: InDialogEvent): Promise<void> {
    for (let event: InDialogEvent | undefined = first; event !== undefined; ) {
      await this.#takeIn(event);
      event = this.#busy.get(first.callId);
      this.#busy.set(first.callId, undefined);
    }
    this.#busy.delete(first.callId);
  }

  async #takeIn({ callId, method, request, flow }: InDialogEvent): Promise<void> {
    const { book, clock, logger } = this.#ports;
    const call = book.find(callId);
    if (call === undefined || call.record.recognition.kind !== 'emergency') return;
    const { service } = call.record.recognition;
    const at = clock.wall();
    const found = await locate(
      { request, flow, service, ingressDefault: undefined },
      this.#options.locate,
      this.#ports,
    );
    if (found.location === undefined && found.candidates.length === 0) return;
    const { located, mapping } = await this.#map(found, service, at);
    // The answer may have come in the meantime.
    const now = book.find(callId);
    const plan = mapping === undefined || now === undefined ? undefined : this.#newPlan(now, mapping);
    if (now !== undefined && plan !== undefined) {
      this.#ports.retarget(now.decideId, this.#targets(plan, now.record.attempts.length));
    }
    const outcome = plan === undefined ? 'recorded' : 'rerouted';
    const until = keptUntil(located, at, this.#options.retention);
    book.addLocation(callId, { update: { at, method, located, mapping, outcome }, keptUntil: until, plan });
    logger.info('call.locationUpdated', {
      record: call.record.id,
      sipCallId: callId,
      method,
      outcome,
      isReadable: located.location !== undefined,
      boundary: mapping?.kind === 'mapped' ? mapping.boundary.boundaryId : undefined,
    });
  }

  async #map(
    located: Located,
    service: ServiceUrn,
    asOf: WallMs,
  ): Promise<{ readonly located: Located; readonly mapping: Mapping | undefined }> {
    if (located.location === undefined) return { located, mapping: undefined };
    const { lookupDeadlineMs: deadlineMs, nearestWithinM } = this.#options;
    const question = { service, located, asOf, deadlineMs, nearestWithinM };
    const mapped = await mapLocated(question, this.#ports);
    return { located: mapped.located ?? located, mapping: mapped.mapping };
  }

  /** Where the call goes now; undefined where it stays: answered, not known to be elsewhere, or not wanted. */
  #newPlan({ record, isInSetUp }: CallInProgress, mapping: Mapping): Plan | undefined {
    if (!this.#options.reroutesRinging || !isInSetUp || mapping.kind !== 'mapped') return undefined;
    const last = record.plan?.targets.at(-1);
    if (last === undefined || record.plan?.targets[0].uri === mapping.boundary.serviceUri) return undefined;
    const { ringTimeoutMs, lastRingTimeoutMs } = this.#options;
    const { recognition } = record;
    const serviceRoute =
      recognition.kind === 'emergency'
        ? serviceRouteOf(recognition.service, this.#options.serviceRoutes)
        : undefined;
    const defaults = { defaultRoute: { uri: last.uri }, serviceRoute };
    const plan = decide(mapping, { ...defaults, ringTimeoutMs, lastRingTimeoutMs });
    return { ...plan, trace: ['a new location came while the call rang', ...plan.trace] };
  }

  /** The plan's targets under labels that no earlier attempt has. */
  #targets({ targets }: Plan, used: number): readonly [ProxyTarget, ...ProxyTarget[]] {
    const { silenceTimeoutMs } = this.#options;
    const proxyTarget = (target: PlanTarget, index: number): ProxyTarget => ({
      label: targetLabel(target, used + index),
      routeUri: target.uri,
      timeoutMs: target.ringTimeoutMs,
      silenceTimeoutMs,
    });
    const [first, ...rest] = targets;
    return [proxyTarget(first, 0), ...rest.map((target, index) => proxyTarget(target, index + 1))];
  }
}

/** A look that costs next to nothing, for the many requests that bring none. */
function mayBringLocation(request: SipRequest): boolean {
  if (headerValues(request, 'geolocation').length > 0) return true;
  const type = headerValue(request, 'content-type');
  return type !== undefined && /pidf|multipart|external-body/i.test(type);
}

/** Whether the request goes in the direction of the call: what the answering point's side tells of is another place. */
function isFromCaller(event: InDialogEvent, record: CallRecord): boolean {
  const tag = /;\s*tag\s*=\s*([^\s;>]+)/i.exec(record.from)?.[1];
  return tag === undefined || event.fromTag === tag;
}
