/** A broken invariant of ours: never caused by input. The unit of work is dropped; a call takes the default route. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/** Throws {@link BugError} when `condition` does not hold. For our own invariants, never for input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** Ends a switch over a discriminated union: a variant that was forgotten fails to compile. */
export function assertNever(value: never): never {
  throw new BugError(`unexpected variant: ${JSON.stringify(value)}`);
}
