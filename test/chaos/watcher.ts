import { serviceUrn, wallMs } from '../../src/base/index.ts';
import type { BoundaryLookup } from '../../src/esrp/index.ts';

const scope = {
  services: [serviceUrn('urn:service:sos')] as const,
  asOf: wallMs(1_767_225_600_000),
};

/** Looks places up all the time, and notes every answer that cannot be: a fault, nothing, or boundaries of two states. */
export class Watcher {
  readonly faults: string[] = [];
  count = 0;
  byMemory = 0;
  longestMs = 0;
  readonly #lookup: BoundaryLookup;
  readonly #deadlineMs: number;
  #isStopped = false;
  #done: Promise<void> | undefined;

  constructor(lookup: BoundaryLookup, deadlineMs: number) {
    this.#lookup = lookup;
    this.#deadlineMs = deadlineMs;
  }

  start(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  /** One lookup where two boundaries of the group meet. */
  async once(): Promise<void> {
    const startedAt = performance.now();
    this.count += 1;
    try {
      const position = { lon: 1 + (this.count % 11), lat: 0.5 };
      const answer = await this.#lookup.byPoint(position, { ...scope, deadlineMs: this.#deadlineMs });
      if (answer.kind !== 'found') this.#fault(`the answer ${answer.kind}`);
      else {
        if (answer.answeredBy?.name === 'memory') this.byMemory += 1;
        const states = new Set(answer.matches.map(({ priority }) => priority));
        if (answer.matches.length !== 2 || states.size !== 1) {
          this.#fault(
            answer.matches.map(({ boundaryId, priority }) => `${boundaryId}:${priority}`).join(' '),
          );
        }
      }
    } catch (error) {
      this.#fault(String(error));
    }
    this.longestMs = Math.max(this.longestMs, performance.now() - startedAt);
  }

  #fault(what: string): void {
    if (this.faults.length < 20) this.faults.push(`lookup ${this.count}: ${what}`);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.once();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
