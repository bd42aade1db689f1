/** Lets so many pieces of work go on at the same time; the others wait, first come first served. */
export class Turns {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Pieces of work that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs it when its turn has come. Rejects as it does. */
  async take<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#underWay >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay += 1;
    try {
      return await work();
    } finally {
      // The place goes over to the next without becoming free, so that nobody overtakes.
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }
}
