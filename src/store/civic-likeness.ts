import type { CivicWork } from './civic-work.ts';
import { hasLikeness, type LikeStreetJson, likeStreets } from './sql/civic.ts';

/** How alike a street's name must be, at least: trigrams that both have, of all that either has (pg_trgm). */
export const likenessMin = 0.6;
/** How far the most alike must be ahead of the next, where several are alike enough. */
export const likenessLead = 0.15;
const streetsMax = 8;

/** A street that is taken for the one named, with all rows of its name in the place. */
export interface LikeStreet {
  readonly ids: readonly string[];
  readonly likeness: number;
}

/**
 * The only street of the named city (or postal community) whose name is like the one named. Undefined where none is alike
 * enough, where several are, and where no city is named: a mistyped name must not lead to another town. Figures must
 * agree, and directions must not contradict: `4th` is no misspelling of `5th`.
 */
export async function likeStreet(work: CivicWork): Promise<LikeStreet | undefined> {
  const { question, ports, memory, steps } = work;
  const { place, street } = question;
  if (street === undefined || street.roadKey !== '') return undefined;
  if (place.a3Keys === undefined && place.pcnKeys === undefined) {
    steps.push('likeness: not without A3 or PCN');
    return undefined;
  }
  if (memory.hasLikeness !== true) {
    const { isThere } = await ports.ask<{ readonly activeId: number | null; readonly isThere: boolean }>(
      hasLikeness(),
    );
    memory.hasLikeness = isThere;
  }
  if (!memory.hasLikeness) {
    steps.push('likeness: the database lacks the extension pg_trgm');
    return undefined;
  }
  const asked = { words: street.words, likenessMin, limit: streetsMax };
  const found = await ports.ask<{
    readonly activeId: number | null;
    readonly streets: readonly LikeStreetJson[] | null;
  }>(likeStreets(ports.datasetId, place, asked));
  const fitting = (found.streets ?? []).filter((each) => !contradicts(each, street));
  const [best] = fitting;
  if (best === undefined) {
    steps.push(`likeness: no street of the place reaches ${likenessMin}`);
    return undefined;
  }
  const next = fitting.find(({ fullKey }) => fullKey !== best.fullKey);
  if (next !== undefined && best.likeness - next.likeness < likenessLead) {
    steps.push('likeness: several streets of the place are alike');
    return undefined;
  }
  steps.push(`likeness: one street of the place, ${best.likeness.toFixed(2)}`);
  return {
    ids: fitting.filter(({ fullKey }) => fullKey === best.fullKey).map(({ id }) => id),
    likeness: best.likeness,
  };
}

function contradicts(
  { words, partKeys }: LikeStreetJson,
  asked: { readonly words: string; readonly partKeys: readonly string[] },
): boolean {
  if (figuresOf(words) !== figuresOf(asked.words)) return true;
  return directionAt.some((at) => {
    const [one, other] = [partKeys[at] ?? '', asked.partKeys[at] ?? ''];
    return one !== '' && other !== '' && one !== other;
  });
}

// PRD and POD among the elements of a street's name.
const directionAt = [1, 6] as const;

function figuresOf(words: string): string {
  return (words.match(/\p{N}+/gu) ?? []).join(' ');
}
