/** How an error came about; decides how it travels and what the other side sees (ARCHITECTURE.md, "Errors"). */
export type ErrorKind = 'parse' | 'reject' | 'dependency' | 'config' | 'bug';

/** One row of the error table. */
export interface ErrorDefinition {
  readonly kind: ErrorKind;
  readonly meaning: string;
}

/** An error as a value: a stable code to decide by, and a text for people that says what, where and what to do. */
export interface CodedError<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
  /** The failure underneath, kept for the record. */
  readonly cause?: unknown;
}

/** Declares the error codes that a module owns. Every `errors.ts` exports one such table; codes are `room.what`. */
export function defineErrors<const Table extends Record<string, ErrorDefinition>>(table: Table): Table {
  return table;
}

/** An adapter's failure (database, DNS, peer, file): thrown inside the adapter, a value once past its port. */
export class DependencyError<Code extends string = string> extends Error {
  override readonly name = 'DependencyError';
  readonly code: Code;
  constructor(code: Code, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The text of anything that was thrown. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
