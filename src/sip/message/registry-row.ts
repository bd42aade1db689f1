/**
 * How a header's values are written. `one`: a single value in a single line. `list`: a comma-separated list, in one line
 * or several (RFC 3261 §7.3.1). `lines`: several lines that must not be joined, because their own grammar has commas.
 */
export type HeaderValueForm = 'one' | 'list' | 'lines';

/**
 * One row of a table in the form of RFC 3261 §20 Tables 2 and 3: where the header may stand (`R`, `r`, `2xx`, `401,407`,
 * `300-699`, `c` for copied, empty for everywhere), what a proxy may do there (of `a`dd, `m`odify, `d`elete, `r`ead), and
 * the presence by method.
 */
export interface HeaderUse {
  readonly where: string;
  readonly proxy: string;
  /** In the order of {@link registryMethods}. */
  readonly presence: readonly Presence[];
}

/**
 * `m` mandatory, `m*` should be sent, `o` optional, `c` conditional, `t` should be sent and must be on a stream, `*` where
 * there is a body, `-` not applicable, `.` where no document says anything.
 */
export type Presence = 'm' | 'm*' | 'o' | 'c' | 't' | '*' | '-' | '.';

/** What the registry knows of one header. */
export interface HeaderRow {
  /** As the document that defines it spells it. */
  readonly name: string;
  /** The compact form's letter (RFC 3261 §7.3.3). */
  readonly compact: string | undefined;
  readonly values: HeaderValueForm;
  readonly uses: readonly HeaderUse[];
  /** The document and section that define it. */
  readonly source: string;
}

/** The methods that the presence columns are for, in order. */
export const registryMethods = [
  'ACK',
  'BYE',
  'CANCEL',
  'INVITE',
  'OPTIONS',
  'REGISTER',
  'PRACK',
  'SUBSCRIBE',
  'NOTIFY',
  'UPDATE',
  'MESSAGE',
  'REFER',
  'INFO',
  'PUBLISH',
] as const;

/** Makes a row; each use is written as where, proxy operations, and one column for each of {@link registryMethods}. */
export function headerRow(
  name: string,
  values: HeaderValueForm,
  source: string,
  uses: readonly (readonly [where: string, proxy: string, presence: string])[],
  compact?: string,
): HeaderRow {
  return {
    name,
    compact,
    values,
    source,
    uses: uses.map(([where, proxy, presence]) => ({
      where,
      proxy,
      presence: presence.split(/ +/).filter(isPresence),
    })),
  };
}

const presences: readonly string[] = ['m', 'm*', 'o', 'c', 't', '*', '-', '.'];

function isPresence(text: string): text is Presence {
  return presences.includes(text);
}
