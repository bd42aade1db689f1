import type { Clock, MonoMs } from '../base/index.ts';

/** What is needed of a connection to end it. */
export interface Endable {
  /** Ends our side once what is queued has gone. */
  end(): void;
  /** Closes it at once. */
  destroy(): void;
}

/** Lets connections write what they hold, and closes at the deadline those that are open by then; waits for `gone`. */
export async function endConnections(options: {
  readonly all: () => Iterable<Endable>;
  readonly gone: Promise<unknown>;
  readonly clock: Clock;
  readonly deadline: MonoMs;
}): Promise<void> {
  const { all, gone, clock, deadline } = options;
  for (const connection of all()) connection.end();
  const cutOff = setTimeout(
    () => {
      for (const connection of all()) connection.destroy();
    },
    Math.max(0, deadline - clock.mono()),
  );
  await gone;
  clearTimeout(cutOff);
}
