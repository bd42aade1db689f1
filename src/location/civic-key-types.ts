/** A language whose words a country's addresses use. */
export type AddressLanguage = 'en' | 'fr' | 'es' | 'de' | 'nl' | 'it' | 'pt';

/** The words of one language. */
export interface AddressWords {
  /** Directions; keys are those of English. */
  readonly directions: readonly string[];
  /** Street types. */
  readonly types: readonly string[];
  /** Words that are shortened within names. */
  readonly names: readonly string[];
  /** Numbers in order; the key is the figure. */
  readonly ordinals: readonly string[];
  /** What follows figures in an ordinal: `1st`, `2e`. */
  readonly ordinalEndings: readonly string[];
  /** Ends of compound names: `hauptstrasse`. */
  readonly endings: readonly string[];
}
