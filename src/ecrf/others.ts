import { DependencyError, errorText, type ServiceUrn } from '../base/index.ts';
import type { LostAnswer, LostErrors, LostRedirect, LostVia, UsableLocation } from '../lost/index.ts';
import type { Askable, Keepable } from './cache.ts';
import {
  type EcrfParts,
  isInPath,
  isSameServer,
  leftMs,
  pathWithUs,
  type QueryContext,
  refuse,
} from './context.ts';
import { coverageFit } from './coverage.ts';
import type { EcrfErrorCode } from './errors.ts';
import { isServiceWithin } from './service-tree.ts';
import type { OtherServer } from './types.ts';

/** What asking others came to; `nobody`: none of them answers for the place. */
export type Forwarded =
  | { readonly kind: 'answered'; readonly answer: Keepable }
  | { readonly kind: 'redirected'; readonly answer: LostRedirect }
  | { readonly kind: 'refused'; readonly answer: LostErrors }
  | { readonly kind: 'nobody' };

export interface OthersQuestion<Question extends Askable> {
  readonly request: Question;
  readonly service: ServiceUrn | undefined;
  readonly locations: readonly UsableLocation[];
  readonly isRecursive: boolean;
}

/** How many servers with regions that fit equally well are asked side by side (RFC 5582 §7.3). */
const sideBySideMax = 3;
/** Of the time that is left, what servers before the last may take. */
const timeShare = 0.6;
/** For the way back. */
const spareMs = 20;

/**
 * Has the other servers of the tree and the forest answer (RFC 5582 §7.2, §8): those whose region fits the place most
 * closely first, then parents. Without recursion the client is told whom to ask (RFC 5222 §8.3.3).
 */
export async function askOthers<Question extends Askable>(
  question: OthersQuestion<Question>,
  context: QueryContext,
  parts: EcrfParts,
): Promise<Forwarded> {
  const { request } = question;
  const ranks = candidatesFor(question, parts);
  const open = ranks
    .map((rank) => rank.filter((name) => !isInPath(request.path, name)))
    .filter((rank) => rank.length > 0);
  const [[first] = []] = open;
  if (first === undefined) {
    if (ranks.length === 0) return { kind: 'nobody' };
    // RFC 5222 §13.1: who would have to be asked has been.
    const who = ranks.flat().join(', ');
    return { kind: 'refused', answer: refuse(parts, 'loop', `${who} has been asked already`) };
  }
  if (!question.isRecursive || !parts.options.recurses) {
    return { kind: 'redirected', answer: redirectTo(first, parts) };
  }
  const known = parts.cache.fresh(request);
  if (known !== undefined) return { kind: 'answered', answer: known };
  return await new Round(question, context, parts).ask(open);
}

/** Names of servers that answer for the place, by how closely; those of a list are equal. */
function candidatesFor(
  { service, locations }: OthersQuestion<Askable>,
  { options, synced }: EcrfParts,
): readonly (readonly string[])[] {
  const found = new Map<string, number>();
  for (const server of [...options.servers, ...synced.servers()]) {
    if (isSameServer(server.name, options.name) || !answersFor(server, service)) continue;
    const fit = bestFit(server, locations);
    if (fit === undefined) continue;
    const rank = server.role === 'child' ? fit : fit - parentsAfter;
    found.set(server.name, Math.max(rank, found.get(server.name) ?? Number.NEGATIVE_INFINITY));
  }
  const ranks = [...new Set(found.values())].sort((a, b) => b - a);
  return ranks.map((rank) => [...found].filter(([, own]) => own === rank).map(([name]) => name));
}

/** More than any civic region has elements. */
const parentsAfter = 1_000;

function answersFor({ services }: OtherServer, service: ServiceUrn | undefined): boolean {
  return service === undefined || services.some((each) => isServiceWithin(service, each));
}

function bestFit({ coverage }: OtherServer, locations: readonly UsableLocation[]): number | undefined {
  let best: number | undefined;
  for (const { value } of locations) {
    const fit = coverageFit(coverage, {
      shape: value.kind === 'geodetic' ? value.shape : undefined,
      civic: value.kind === 'civic' ? value.civic : undefined,
    });
    if (fit !== undefined && (best === undefined || fit > best)) best = fit;
  }
  return best;
}

function redirectTo(target: string, { options }: EcrfParts): LostRedirect {
  return {
    kind: 'redirect',
    target,
    source: options.name,
    message: 'that server answers for the place',
    language: 'en',
  };
}

type OneAnswer =
  | { readonly kind: 'answered'; readonly answer: Keepable }
  | { readonly kind: 'redirected'; readonly answer: LostRedirect }
  | { readonly kind: 'refused'; readonly answer: LostErrors }
  | { readonly kind: 'failed'; readonly type: 'serverTimeout' | 'serverError'; readonly message: string };

/** One question's way through other servers. */
class Round<Question extends Askable> {
  readonly #question: OthersQuestion<Question>;
  readonly #context: QueryContext;
  readonly #parts: EcrfParts;
  readonly #asked = new Set<string>();
  #redirectsLeft: number;
  #failure: Extract<OneAnswer, { kind: 'failed' }> | undefined;
  #refusal: LostErrors | undefined;

  constructor(question: OthersQuestion<Question>, context: QueryContext, parts: EcrfParts) {
    this.#question = question;
    this.#context = context;
    this.#parts = parts;
    this.#redirectsLeft = parts.options.redirectsMax;
  }

  async ask(ranks: readonly (readonly string[])[]): Promise<Forwarded> {
    const { cache, options } = this.#parts;
    const { request } = this.#question;
    for (const [place, rank] of ranks.entries()) {
      const isLast = place === ranks.length - 1;
      const answers = await Promise.all(
        rank.slice(0, sideBySideMax).map((name) => this.#follow(name, this.#timeFor(isLast))),
      );
      const found = answers.filter((answer) => answer.kind === 'answered');
      const [first] = found;
      if (first !== undefined) {
        const answer = merged(
          first.answer,
          found.map((each) => each.answer),
          options.mappingsMax,
        );
        cache.keep(request, answer);
        return { kind: 'answered', answer };
      }
      const redirected = answers.find((answer) => answer.kind === 'redirected');
      if (redirected !== undefined) return redirected;
      for (const answer of answers) this.#note(answer);
    }
    return this.#end();
  }

  #end(): Forwarded {
    if (this.#failure === undefined) {
      return this.#refusal === undefined ? { kind: 'nobody' } : { kind: 'refused', answer: this.#refusal };
    }
    // RFC 5222 §5.2: what is known of it stands in for a server that does not answer, with its own time on it.
    const stale = this.#parts.cache.stale(this.#question.request);
    if (stale !== undefined) return { kind: 'answered', answer: stale };
    if (this.#refusal !== undefined) return { kind: 'refused', answer: this.#refusal };
    const { type, message } = this.#failure;
    return { kind: 'refused', answer: refuse(this.#parts, type, message) };
  }

  #note(answer: OneAnswer): void {
    if (answer.kind === 'failed') this.#failure ??= answer;
    // That a server found nothing, or would ask in a circle, says no more than that it does not serve the place.
    if (answer.kind === 'refused' && !isNothingFound(answer.answer)) this.#refusal ??= answer.answer;
  }

  #timeFor(isLast: boolean): number {
    const left = leftMs(this.#context, this.#parts) - spareMs;
    return Math.max(1, isLast ? left : left * timeShare);
  }

  async #follow(name: string, timeMs: number): Promise<OneAnswer> {
    const { clock } = this.#parts.ports;
    const endsAt = clock.mono() + timeMs;
    let path = pathWithUs(this.#question.request.path, this.#parts);
    let next = name;
    for (;;) {
      if (this.#asked.has(next.toLowerCase()) || isInPath(path, next)) {
        return { kind: 'refused', answer: refuse(this.#parts, 'loop', `${next} has been asked already`) };
      }
      this.#asked.add(next.toLowerCase());
      const answer = await this.#one(next, path, endsAt - clock.mono());
      if (answer.kind !== 'redirected') return answer;
      if (this.#redirectsLeft <= 0) return answer;
      this.#redirectsLeft -= 1;
      // RFC 5222 §6: who is asked step by step is told of all that have been.
      path = [...path, { source: next }];
      next = answer.answer.target;
    }
  }

  async #one(name: string, path: readonly LostVia[], deadlineMs: number): Promise<OneAnswer> {
    const { ports } = this.#parts;
    const { request } = this.#question;
    const validates = request.kind === 'findService' && request.validatesLocation;
    const purpose = validates || this.#context.role === 'lvf' ? 'validation' : 'mapping';
    if (deadlineMs < 1) return { kind: 'failed', type: 'serverTimeout', message: 'no time was left' };
    try {
      const forwarded = { ...request, path, isRecursive: true };
      const answer = await ports.remote.ask(name, forwarded, { purpose, deadlineMs });
      return understood(name, answer, request.kind, path);
    } catch (thrown) {
      const code = thrown instanceof DependencyError ? thrown.code : undefined;
      const isUnreadable = code === ('ecrf.serverUnreadable' satisfies EcrfErrorCode);
      ports.logger.warn('lost.serverFailed', { server: name, code, error: errorText(thrown) });
      const type = isUnreadable ? 'serverError' : 'serverTimeout';
      return { kind: 'failed', type, message: `${name}: ${errorText(thrown)}` };
    }
  }
}

function understood(
  name: string,
  answer: LostAnswer,
  asked: Askable['kind'],
  path: readonly LostVia[],
): OneAnswer {
  switch (answer.kind) {
    case 'errors':
      return { kind: 'refused', answer };
    case 'redirect':
      return { kind: 'redirected', answer };
    case 'findServiceResponse':
    case 'listServicesByLocationResponse':
      if (answer.kind === `${asked}Response`) {
        // RFC 5222 §15 wants a path; one that was left out is the one that the question went.
        const whole = answer.path.length > 0 ? answer.path : [...path, { source: name }];
        return { kind: 'answered', answer: { ...answer, path: whole } };
      }
      break;
    default:
  }
  return { kind: 'failed', type: 'serverError', message: `${name} answers ${answer.kind} to ${asked}` };
}

function isNothingFound({ exceptions }: LostErrors): boolean {
  return exceptions.every(({ type }) => type === 'notFound' || type === 'loop');
}

/** RFC 5582 §7.3: where regions overlap, the answers of all stand side by side. */
function merged(first: Keepable, all: readonly Keepable[], mappingsMax: number): Keepable {
  if (first.kind !== 'findServiceResponse') {
    const services = all.flatMap((each) =>
      each.kind === 'listServicesByLocationResponse' ? each.services : [],
    );
    // Of several lists no region is known in which all of them stay the same.
    return all.length === 1
      ? first
      : { ...first, services: [...new Set(services)], serviceListBoundaries: [] };
  }
  const seen = new Set<string>();
  const mappings = all
    .flatMap((each) => (each.kind === 'findServiceResponse' ? each.mappings : []))
    .filter(
      ({ source, sourceId }) => !seen.has(`${source} ${sourceId}`) && seen.add(`${source} ${sourceId}`),
    );
  const warnings = all.flatMap(({ warnings: own }) => own);
  return { ...first, mappings: mappings.slice(0, Math.max(mappingsMax, first.mappings.length)), warnings };
}
