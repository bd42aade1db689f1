import { monoMs, ok, type WallMs, wallMs } from '../../../src/base/index.ts';
import {
  createDiscrepancyService,
  type DiscrepancyDocument,
  type DiscrepancyEntry,
  type DiscrepancyKey,
  type DiscrepancyOptions,
  type DiscrepancyPorts,
  type DiscrepancyService,
  type DiscrepancyStore,
  defaultDiscrepancyTimes,
} from '../../../src/esrp/index.ts';
import type { DiscrepancyDesk } from '../../../src/http/index.ts';
import { madeAt } from './memory-ports.ts';

/** Keeps reports in memory. */
export class MemoryDiscrepancies implements DiscrepancyStore {
  readonly entries = new Map<string, DiscrepancyEntry>();

  async addDiscrepancy(entry: DiscrepancyEntry): Promise<'added' | 'exists'> {
    if (this.entries.has(keyText(entry))) return 'exists';
    this.entries.set(keyText(entry), entry);
    return 'added';
  }

  async getDiscrepancy(key: DiscrepancyKey): Promise<DiscrepancyEntry | undefined> {
    return this.entries.get(keyText(key));
  }

  async listDiscrepancies(
    query: Parameters<DiscrepancyStore['listDiscrepancies']>[0],
  ): Promise<readonly DiscrepancyEntry[]> {
    return [...this.entries.values()]
      .sort((a, b) => b.receivedAt - a.receivedAt)
      .filter(({ receivedAt }) => query.before === undefined || receivedAt < query.before)
      .filter(({ direction }) => query.direction === undefined || direction === query.direction)
      .filter(({ state }) => query.state === undefined || state === query.state)
      .slice(0, query.limit);
  }

  async changeDiscrepancy(
    key: DiscrepancyKey,
    change: Partial<DiscrepancyEntry>,
  ): Promise<DiscrepancyEntry | undefined> {
    const before = this.entries.get(keyText(key));
    if (before === undefined) return undefined;
    const after = { ...before, ...change };
    this.entries.set(keyText(key), after);
    return after;
  }

  async takeDue(at: WallMs, until: WallMs, limit: number): Promise<readonly DiscrepancyEntry[]> {
    const due = [...this.entries.values()].filter(
      ({ nextAttemptAt }) => nextAttemptAt !== undefined && nextAttemptAt <= at,
    );
    const taken = due.slice(0, limit).map((entry) => ({ ...entry, nextAttemptAt: until }));
    for (const entry of taken) this.entries.set(keyText(entry), entry);
    return taken;
  }
}

function keyText({ direction, reportingAgency, reportId }: DiscrepancyKey): string {
  return JSON.stringify([direction, reportingAgency, reportId]);
}

/** What another agency does with what is sent to it. */
export interface OtherAgency {
  readonly posted: {
    readonly uri: string;
    readonly document: DiscrepancyDocument;
    readonly isTrusted: boolean;
  }[];
  /** Status codes of its next answers; 201 when there are none left. `away` for no answer. */
  readonly answers: (number | 'away')[];
}

/** The service over these, with a clock that a test moves. */
export interface DiscrepancyWorld {
  readonly service: DiscrepancyService;
  readonly store: MemoryDiscrepancies;
  readonly other: OtherAgency;
  nowMs: number;
  /** What the timer was told last, and how to let it end. */
  timer: { readonly delayMs: number; readonly end: () => void } | undefined;
}

export function discrepancyWorld(changes: Partial<DiscrepancyOptions> = {}): DiscrepancyWorld {
  const store = new MemoryDiscrepancies();
  const other: OtherAgency = { posted: [], answers: [] };
  const ports: DiscrepancyPorts = {
    store,
    post: async (uri, document, isTrusted) => {
      other.posted.push({ uri, document, isTrusted });
      const answer = other.answers.shift() ?? 201;
      if (answer === 'away') throw new Error('nobody is there');
      return { statusCode: answer, document: { respondingAgencyName: 'other.example' } };
    },
    clock: { mono: () => monoMs(0), wall: () => wallMs(world.nowMs) },
    random: { token: (length) => 'x'.repeat(length), fraction: () => 0.5 },
    timer: (delayMs, end) => {
      world.timer = { delayMs, end };
      return () => {
        world.timer = undefined;
      };
    },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  };
  const service = createDiscrepancyService(
    {
      ...defaultDiscrepancyTimes,
      agencyName: 'esrp.example',
      contactJcard: '["vcard",[]]',
      resolutionUri: 'https://esrp.example/DiscrepancyReports/v1/Resolutions',
      ...changes,
    },
    ports,
  );
  const world: DiscrepancyWorld = { service, store, other, nowMs: madeAt, timer: undefined };
  return world;
}

/** What the HTTP room takes. */
export function deskOf({ service, store }: DiscrepancyWorld): DiscrepancyDesk {
  return { service, store, open: (document) => ok(document) };
}
