import { after, type MonoMs, type ServiceUrn } from '../base/index.ts';
import type {
  LostErrors,
  LostErrorType,
  LostException,
  LostExceptions,
  LostVia,
  LostWarningType,
} from '../lost/index.ts';
import type { AnswerCache } from './cache.ts';
import type { EcrfPorts } from './ports.ts';
import { isServiceWithin } from './service-tree.ts';
import type { SyncedMappings } from './synced.ts';
import type { Turns } from './turns.ts';
import type { EcrfOptions, LostClient, LostRole } from './types.ts';

/** What all questions are answered with. */
export interface EcrfParts {
  readonly options: EcrfOptions;
  readonly ports: EcrfPorts;
  /** Lookups take turns, so that calls have theirs. */
  readonly turns: Turns;
  readonly cache: AnswerCache;
  readonly synced: SyncedMappings;
}

/** One question under way. */
export interface QueryContext {
  readonly role: LostRole;
  readonly client: LostClient;
  readonly endsAt: MonoMs;
}

/** When a question that comes now must be answered. */
export function endOf({ options, ports }: EcrfParts): MonoMs {
  return after(ports.clock.mono(), options.deadlineMs);
}

/** Milliseconds left, not below 0. */
export function leftMs({ endsAt }: QueryContext, { ports }: EcrfParts): number {
  return Math.max(0, endsAt - ports.clock.mono());
}

/** An answer that is an error found here. */
export function refuse(
  { options }: EcrfParts,
  type: LostErrorType,
  message: string,
  more: Pick<LostException, 'unsupportedProfiles'> = {},
): LostErrors {
  return { kind: 'errors', source: options.name, exceptions: [{ type, message, ...more }] };
}

/** Warnings found here, as an answer has them. */
export function warned(
  { options }: EcrfParts,
  warnings: readonly { readonly type: LostWarningType; readonly message: string }[],
): readonly LostExceptions[] {
  return warnings.length === 0 ? [] : [{ source: options.name, exceptions: warnings }];
}

/** The path of a question with this server at its end (RFC 5222 §6). */
export function pathWithUs(path: readonly LostVia[], { options }: EcrfParts): readonly LostVia[] {
  return [...path, { source: options.name }];
}

/** Whether a server stands in a path already. */
export function isInPath(path: readonly LostVia[], name: string): boolean {
  return path.some(({ source }) => isSameServer(source, name));
}

/** Whether two application unique strings name one server: they are DNS names. */
export function isSameServer(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Whether a client may be told of a service. */
export function isToldOf({ services }: LostClient, service: ServiceUrn): boolean {
  return services.length === 0 || services.some((each) => isServiceWithin(service, each));
}
