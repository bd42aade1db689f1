import type { Clock, WallMs } from '../base/index.ts';
import type { Destination, EffectId, ProxyEvent } from '../sip/index.ts';
import type { CallChange, CallChanges } from './call-changes.ts';
import { targetUri } from './forward.ts';
import { locationUpdatesMax, openCallsMax } from './limits.ts';
import type { CallRecordStore, Logger } from './ports.ts';
import type { CallAttempt, CallRecord, LocationUpdate, Plan } from './types.ts';

/** What the proxy core reports of calls; what it discards belongs to none. */
export type CallEvent = Exclude<ProxyEvent, { kind: 'discarded' }>;

interface OpenCall {
  readonly decideId: EffectId;
  /** Undefined while the stages are at work. */
  record: CallRecord | undefined;
  /** The state that the store has. */
  stored: CallRecord | undefined;
  /** Events that came before the record. */
  readonly early: CallEvent[];
  isCancelled: boolean;
}

/** What the book needs. */
export interface CallBookPorts {
  readonly store: CallRecordStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of calls as they change. */
  readonly changes?: CallChanges | undefined;
}

/** A call that is in set-up or answered. */
export interface CallInProgress {
  readonly decideId: EffectId;
  readonly record: CallRecord;
  /** Neither answered nor given up: it may still go elsewhere. */
  readonly isInSetUp: boolean;
}

/** A location that came during a call. */
export interface NewLocation {
  readonly update: LocationUpdate;
  /** As the record's; undefined where the update holds nothing that has to go. */
  readonly keptUntil: WallMs | undefined;
  /** The plan that replaces the record's, where the call was sent elsewhere. */
  readonly plan: Plan | undefined;
}

/** Keeps the records of calls in progress current from what the proxy core reports, and hands them to the store. */
export class CallBook {
  readonly #ports: CallBookPorts;
  readonly #open = new Map<EffectId, OpenCall>();
  /** Answered calls by SIP Call-ID, until their BYE passes. */
  readonly #answered = new Map<string, OpenCall>();
  /** Calls with a record, in set-up or answered, by SIP Call-ID: the newest of each. */
  readonly #byCallId = new Map<string, OpenCall>();

  constructor(ports: CallBookPorts) {
    this.#ports = ports;
  }

  /** Calls without a final response, and answered calls that have not ended. */
  counts(): { readonly inSetUp: number; readonly answered: number } {
    let inSetUp = 0;
    for (const call of this.#open.values()) if (call.record?.statusCode === undefined) inSetUp += 1;
    return { inSetUp, answered: this.#answered.size };
  }

  /** A request was asked about; its events may come before its record. */
  expect(decideId: EffectId): void {
    trim(this.#open);
    const call = { decideId, record: undefined, stored: undefined, early: [], isCancelled: false };
    this.#open.set(decideId, call);
  }

  /** The decision is made. Without a record (no emergency) the request is not followed. */
  open(decideId: EffectId, record: CallRecord | undefined): void {
    const call = this.#open.get(decideId);
    if (record === undefined || call === undefined) {
      this.#open.delete(decideId);
      if (record !== undefined) this.#ports.store.put(record);
      return;
    }
    // An attempt before the decision is the default route's; a caller may as well have given up by then.
    const isLate = call.early.some((event) => event.kind === 'attempt');
    call.record = isLate ? withLateWarning(record) : record;
    trim(this.#byCallId);
    this.#byCallId.set(record.sipCallId, call);
    this.#store(call, 'started');
    for (const event of call.early.splice(0)) this.onEvent(event);
  }

  /** The call with that SIP Call-ID; undefined where none is in progress here. */
  find(sipCallId: string): CallInProgress | undefined {
    const call = this.#byCallId.get(sipCallId);
    if (call?.record === undefined) return undefined;
    const { decideId, record, isCancelled } = call;
    return { decideId, record, isInSetUp: record.statusCode === undefined && !isCancelled };
  }

  /** Puts a location on the record that came during the call; of too many the oldest goes. */
  addLocation(sipCallId: string, { update, keptUntil, plan }: NewLocation): void {
    const call = this.#byCallId.get(sipCallId);
    if (call?.record === undefined) return;
    const { record } = call;
    call.record = {
      ...record,
      locationUpdates: [...record.locationUpdates, update].slice(-locationUpdatesMax),
      locationKeptUntil: earliest(record.locationKeptUntil, keptUntil),
      plan: plan ?? record.plan,
    };
    this.#store(call, 'location');
  }

  /** Takes in what happened. */
  onEvent(event: CallEvent): void {
    if (event.kind === 'inDialog') {
      if (event.method === 'BYE') this.#ended(event.callId);
      return;
    }
    const call = this.#open.get(event.decideId);
    if (call === undefined) return;
    if (call.record === undefined) {
      call.early.push(event);
      return;
    }
    if (event.kind === 'cancelled') call.isCancelled = true;
    const before = call.record;
    call.record = this.#apply(before, event, call.isCancelled);
    if (call.record.state === 'proceeding' && before.state === 'routing') this.#tell('state', call.record);
    if (event.kind === 'final' && call.record !== before) this.#finished(call, call.record);
    if (event.kind === 'done') this.#done(event.decideId, call, call.record);
  }

  #apply(
    record: CallRecord,
    event: Exclude<CallEvent, { kind: 'inDialog' }>,
    isCancelled: boolean,
  ): CallRecord {
    const now = this.#ports.clock.wall();
    switch (event.kind) {
      case 'attempt': {
        const { destination, contact } = event;
        const attempt = {
          target: contact ?? targetUri(event.label),
          nextHop: destination === undefined ? undefined : nextHopText(destination),
          startedAt: now,
          endedAt: undefined,
          statusCode: undefined,
          detail: undefined,
        };
        return { ...record, attempts: [...record.attempts, attempt] };
      }
      case 'attemptEnded':
        return { ...record, attempts: endAttempt(record.attempts, event, now) };
      case 'provisional':
        return record.state === 'routing' ? { ...record, state: 'proceeding' } : record;
      case 'final': {
        if (record.answeredAt !== undefined) return record;
        const isAnswered = event.statusCode < 300;
        return {
          ...record,
          state: finalState(event.statusCode, isCancelled),
          statusCode: event.statusCode,
          answeredAt: isAnswered ? now : undefined,
          endedAt: isAnswered && record.method === 'INVITE' ? undefined : now,
        };
      }
      case 'cancelled':
      case 'done':
        return record;
    }
  }

  #finished(call: OpenCall, record: CallRecord): void {
    this.#store(call, 'state');
    this.#summarise(record);
    if (record.state !== 'answered' || record.method !== 'INVITE') return;
    trim(this.#answered);
    this.#answered.set(record.sipCallId, call);
  }

  // Nothing is left of the request in the core; without a final response the call failed.
  #done(decideId: EffectId, call: OpenCall, record: CallRecord): void {
    this.#open.delete(decideId);
    if (!this.#answered.has(record.sipCallId)) this.#forget(call);
    if (record.statusCode === undefined) {
      call.record = { ...record, state: 'failed', endedAt: this.#ports.clock.wall() };
      this.#summarise(call.record);
    }
    this.#store(call, 'state');
  }

  #ended(sipCallId: string): void {
    const call = this.#answered.get(sipCallId);
    if (call?.record === undefined) return;
    this.#answered.delete(sipCallId);
    this.#forget(call);
    call.record = { ...call.record, state: 'ended', endedAt: this.#ports.clock.wall() };
    this.#store(call, 'state');
  }

  #store(call: OpenCall, kind: CallChange['kind']): void {
    if (call.record === undefined || call.record === call.stored) return;
    call.stored = call.record;
    this.#ports.store.put(call.record);
    this.#tell(kind, call.record);
  }

  #tell(kind: CallChange['kind'], record: CallRecord): void {
    this.#ports.changes?.tell(kind, record);
  }

  #forget(call: OpenCall): void {
    const sipCallId = call.record?.sipCallId;
    if (sipCallId !== undefined && this.#byCallId.get(sipCallId) === call) this.#byCallId.delete(sipCallId);
  }

  // One line a call; identifiers and milliseconds only: nothing of the caller goes into the log.
  #summarise(record: CallRecord): void {
    const stages = Object.fromEntries(record.stages.map((stage) => [`${stage.stage}Ms`, stage.durationMs]));
    this.#ports.logger.info('call.routed', {
      record: record.id,
      sipCallId: record.sipCallId,
      emergencyCallId: record.emergencyCallId,
      service: record.recognition.kind === 'emergency' ? record.recognition.service : undefined,
      mapping: record.mapping?.kind === 'mapped' ? record.mapping.rule : record.mapping?.reason,
      boundary: record.mapping?.kind === 'mapped' ? record.mapping.boundary.boundaryId : undefined,
      attempts: record.attempts.length,
      status: record.statusCode,
      warnings: record.warnings.length,
      ...stages,
    });
  }
}

function finalState(statusCode: number, isCancelled: boolean): CallRecord['state'] {
  if (statusCode < 300) return 'answered';
  if (isCancelled) return 'cancelled';
  return statusCode < 400 ? 'redirected' : 'failed';
}

function nextHopText({ transport, remote }: Destination): string {
  return `${transport} ${remote.address}:${remote.port}`;
}

function endAttempt(
  attempts: readonly CallAttempt[],
  event: Extract<ProxyEvent, { kind: 'attemptEnded' }>,
  now: CallAttempt['startedAt'],
): readonly CallAttempt[] {
  // A target has several attempts where it has several addresses, or where a redirect put contacts in its place.
  const nextHop = event.destination === undefined ? undefined : nextHopText(event.destination);
  const isIts = (attempt: CallAttempt): boolean =>
    nextHop === undefined ? attempt.target === targetUri(event.label) : attempt.nextHop === nextHop;
  const open = attempts.findIndex((attempt) => attempt.endedAt === undefined && isIts(attempt));
  // One that was given up for its silence may still be the one that answers.
  const index = open < 0 && event.statusCode < 300 ? attempts.findLastIndex(isIts) : open;
  return attempts.map((attempt, at) =>
    at === index ? { ...attempt, endedAt: now, statusCode: event.statusCode, detail: event.detail } : attempt,
  );
}

function withLateWarning(record: CallRecord): CallRecord {
  const late = {
    code: 'esrp.decidedLate',
    message: 'the stages took too long; the call went by the default route',
  };
  return { ...record, warnings: [...record.warnings, late] };
}

function earliest(a: WallMs | undefined, b: WallMs | undefined): WallMs | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

// A bound on memory: the oldest entry goes; its record stays in the store as it was last put.
function trim(map: Map<unknown, unknown>): void {
  if (map.size < openCallsMax) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}
