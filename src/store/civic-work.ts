import type { CivicLayer, CivicResolution, LookupAnswer, LookupScope } from '../esrp/index.ts';
import type { Position } from '../geo/index.ts';
import type { CivicQuestion } from './civic-question.ts';
import type { Statement } from './database/types.ts';

/** What resolving an address needs of the lookup that it is part of. */
export interface CivicPorts {
  /** The dataset that is looked into. */
  readonly datasetId: number;
  ask<T extends { readonly activeId: number | null }>(statement: Statement): Promise<T>;
  byPoint(position: Position): Promise<LookupAnswer>;
  /** By the boundaries' own area names; `level` is the finest that agreed. */
  byNames(): Promise<{ readonly answer: LookupAnswer; readonly level: number }>;
}

/** What is remembered of a database between lookups. */
export interface CivicMemory {
  /** Whether it can compare names by likeness; undefined: not asked yet. */
  hasLikeness: boolean | undefined;
}

/** One resolving of an address: what is asked, of whom, and what was tried. */
export interface CivicWork {
  readonly question: CivicQuestion;
  readonly scope: LookupScope;
  readonly ports: CivicPorts;
  readonly memory: CivicMemory;
  readonly steps: string[];
}

/** An answer at a place as the answer of an address. */
export function withCivic(answer: LookupAnswer, layer: CivicLayer, civic: CivicResolution): LookupAnswer {
  if (answer.kind === 'found') {
    return { ...answer, rule: layer === 'area' ? 'areaName' : layer, civic };
  }
  return answer.kind === 'absent' ? { ...answer, civic } : answer;
}
