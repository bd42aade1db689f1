import { assertNever, errorText } from '../base/index.ts';
import type { LostAnswer, LostRequest } from '../lost/index.ts';
import { getServiceBoundary, getServiceListBoundary } from './boundaries.ts';
import { AnswerCache } from './cache.ts';
import { type EcrfParts, endOf, type QueryContext, refuse } from './context.ts';
import { findService } from './find-service.ts';
import { listServices, listServicesByLocation } from './list-services.ts';
import { type PlannedChangeSet, plannedChange, plannedChangeIds } from './planned.ts';
import type { EcrfPorts, SyncStore } from './ports.ts';
import { type SyncCounts, Synchronisation, type SyncOptions } from './sync.ts';
import { SyncedMappings } from './synced.ts';
import { Turns } from './turns.ts';
import type { EcrfOptions, LostClient, LostRole } from './types.ts';

export interface EcrfServiceOptions extends EcrfOptions {
  readonly sync: SyncOptions & { readonly mappingsMax: number };
}

/** How often what was asked and answered. */
export interface EcrfCounts {
  readonly questions: Readonly<Record<string, number>>;
  readonly answers: Readonly<Record<string, number>>;
  readonly warnings: Readonly<Record<string, number>>;
  readonly cache: Readonly<Record<string, number>>;
  readonly sync: SyncCounts;
  readonly waitingLookups: number;
}

/** The mapping and the validation function of a LoST server (RFC 5222): documents in, documents out. */
export class Ecrf {
  readonly #parts: EcrfParts;
  readonly #sync: Synchronisation;
  readonly #questions: Record<string, number> = {};
  readonly #answers: Record<string, number> = {};
  readonly #warnings: Record<string, number> = {};

  constructor(options: EcrfServiceOptions, ports: EcrfPorts, store?: SyncStore) {
    const { sync, ...own } = options;
    this.#parts = {
      options: own,
      ports,
      turns: new Turns(options.lookupsMax),
      cache: new AnswerCache(options.cache, ports.clock),
      synced: new SyncedMappings({ ownName: options.name, mappingsMax: sync.mappingsMax }),
    };
    this.#sync = new Synchronisation(sync, this.#parts, store);
  }

  /** Application unique string of this server. */
  get name(): string {
    return this.#parts.options.name;
  }

  /** The sharing of mappings with other servers. */
  get sync(): Pick<Synchronisation, 'restore' | 'run'> {
    return this.#sync;
  }

  /** Answers a question within its time. Never rejects: a fault here is an error of the answer. */
  async answer(request: LostRequest, role: LostRole, client: LostClient): Promise<LostAnswer> {
    const context = { role, client, endsAt: endOf(this.#parts) };
    count(this.#questions, request.kind);
    const answer = await this.#settle(request, context);
    if (answer.kind === 'errors') {
      for (const { type } of answer.exceptions) count(this.#answers, type);
    } else count(this.#answers, answer.kind);
    if ('warnings' in answer) {
      for (const { exceptions } of answer.warnings)
        for (const { type } of exceptions) count(this.#warnings, type);
    }
    return answer;
  }

  /** Ids of planned changes, the next one first. */
  plannedChangeIds(): readonly string[] {
    const { directory, clock } = this.#parts.ports;
    return plannedChangeIds(directory, clock.wall());
  }

  /** A planned change; undefined where there is none of that id. */
  plannedChange(id: string): PlannedChangeSet | undefined {
    const { directory, clock } = this.#parts.ports;
    return plannedChange(directory, id, clock.wall());
  }

  counts(): EcrfCounts {
    return {
      questions: { ...this.#questions },
      answers: { ...this.#answers },
      warnings: { ...this.#warnings },
      cache: this.#parts.cache.counts(),
      sync: this.#sync.counts(),
      waitingLookups: this.#parts.turns.waiting,
    };
  }

  async #settle(request: LostRequest, context: QueryContext): Promise<LostAnswer> {
    try {
      return await this.#dispatch(request, context);
    } catch (thrown) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      this.#parts.ports.logger.error('lost.fault', { error: errorText(thrown), stack });
      return refuse(this.#parts, 'internalError', 'the server failed');
    }
  }

  #dispatch(request: LostRequest, context: QueryContext): LostAnswer | Promise<LostAnswer> {
    switch (request.kind) {
      case 'findService':
        return findService(request, context, this.#parts);
      case 'getServiceBoundary':
        return getServiceBoundary(request, context, this.#parts);
      case 'listServices':
        return listServices(request, context, this.#parts);
      case 'listServicesByLocation':
        return listServicesByLocation(request, context, this.#parts);
      case 'getServiceListBoundary':
        return getServiceListBoundary(request, this.#parts);
      case 'getMappings':
        return this.#sync.getMappings(request, context);
      case 'pushMappings':
        return this.#sync.pushMappings(request, context);
      default:
        return assertNever(request);
    }
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
