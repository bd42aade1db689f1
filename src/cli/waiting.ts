import { setTimeout as pause } from 'node:timers/promises';
import { Presets, SingleBar } from 'cli-progress';
import type { Result } from '../base/index.ts';
import type { CliDeps } from './deps.ts';
import type { CliError } from './errors.ts';

/** How often a server is asked how far it is. */
const pollMs = 200;

/** How far something is that the server works on behind its answers. */
export interface Waiting<T> {
  readonly ask: () => Promise<Result<T, CliError>>;
  readonly isOver: (value: T) => boolean;
  /** Share of the whole, 0 to 1, and what is being done. */
  readonly progressOf: (value: T) => { readonly share: number; readonly step: string };
}

/** Asks until something is over, with a progress bar on a terminal. */
export async function waitUntilOver<T>(
  deps: CliDeps,
  first: T,
  { ask, isOver, progressOf }: Waiting<T>,
): Promise<Result<T, CliError>> {
  const bar = deps.err.isTTY === true ? startBar(deps) : undefined;
  try {
    let answer: Result<T, CliError> = { ok: true, value: first };
    while (answer.ok && !isOver(answer.value)) {
      const { share, step } = progressOf(answer.value);
      bar?.update(Math.round(share * 100), { step });
      await pause(pollMs);
      answer = await ask();
    }
    return answer;
  } finally {
    bar?.stop();
  }
}

function startBar(deps: CliDeps): SingleBar {
  const bar = new SingleBar(
    { format: '  {bar} {percentage}%  {step}', stream: deps.err, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  bar.start(100, 0, { step: '' });
  return bar;
}
