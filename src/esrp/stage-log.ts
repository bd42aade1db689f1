import type { Clock } from '../base/index.ts';
import { errorText } from '../base/index.ts';
import type { Logger } from './ports.ts';
import type { StageName, StageTrace } from './types.ts';

interface StageLogPorts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Runs stages, measures them, and catches what they throw: the boundary at which a bug in a stage ends. */
export class StageLog {
  readonly #ports: StageLogPorts;
  readonly #traces: StageTrace[] = [];
  #firstError: string | undefined;

  constructor(ports: StageLogPorts) {
    this.#ports = ports;
  }

  /** Message of the first stage that threw. */
  get firstError(): string | undefined {
    return this.#firstError;
  }

  traces(): readonly StageTrace[] {
    return [...this.#traces];
  }

  /** The stage's value, or undefined where it threw. */
  runSync<T>(stage: StageName, work: () => T, describe: (value: T) => string): T | undefined {
    const start = this.#ports.clock.mono();
    try {
      const value = work();
      this.#note(stage, start, describe(value));
      return value;
    } catch (thrown) {
      this.#fail(stage, start, thrown);
      return undefined;
    }
  }

  /** The same for a stage that waits for a port. */
  async run<T>(
    stage: StageName,
    work: () => Promise<T>,
    describe: (value: T) => string,
  ): Promise<T | undefined> {
    const start = this.#ports.clock.mono();
    try {
      const value = await work();
      this.#note(stage, start, describe(value));
      return value;
    } catch (thrown) {
      this.#fail(stage, start, thrown);
      return undefined;
    }
  }

  #note(stage: StageName, start: number, summary: string): void {
    this.#traces.push({ stage, durationMs: this.#since(start), summary });
  }

  #fail(stage: StageName, start: number, thrown: unknown): void {
    const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorText(thrown);
    this.#firstError ??= `${stage}: ${errorText(thrown)}`;
    this.#traces.push({ stage, durationMs: this.#since(start), summary: 'failed', error: stack });
    this.#ports.logger.error('call.stageFailed', { stage, error: stack });
  }

  #since(start: number): number {
    return Math.round((this.#ports.clock.mono() - start) * 1_000) / 1_000;
  }
}
