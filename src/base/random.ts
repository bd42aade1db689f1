/** Where branches, tags and identifiers come from. Core code receives it; only adapters and tests make one. */
export interface Random {
  /** `length` characters of [0-9a-z], unpredictable outside of tests. */
  token(length: number): string;
  /** A number in [0, 1). */
  fraction(): number;
}
