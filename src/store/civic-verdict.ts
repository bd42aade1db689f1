/** What is said of the elements of an address: each of them once. */
export class CivicVerdict {
  readonly valid: string[] = [];
  readonly invalid: string[] = [];
  /** In the order of the address. */
  readonly #left: Set<string>;

  constructor(names: Iterable<string>) {
    this.#left = new Set(names);
  }

  /** Whether the address names an element that nothing was said of. */
  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** Whether an element contradicts the data: what comes after it is not checked. */
  get isOver(): boolean {
    return this.invalid.length > 0;
  }

  approve(...names: readonly string[]): void {
    for (const name of names) if (this.#left.delete(name)) this.valid.push(name);
  }

  reject(name: string): void {
    if (this.#left.delete(name)) this.invalid.push(name);
  }

  get unchecked(): readonly string[] {
    return [...this.#left];
  }
}
