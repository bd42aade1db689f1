import pc from 'picocolors';
import type { CliDeps, CliStream } from './deps.ts';
import { type CliError, exitCodeOf } from './errors.ts';

/** Functions that colour a text, or leave it alone. */
export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for a stream: on a terminal only, and not where NO_COLOR is set. */
export function colorsFor(stream: CliStream, deps: Pick<CliDeps, 'environment'>): Colors {
  const isWanted = stream.isTTY === true && (deps.environment['NO_COLOR'] ?? '') === '';
  return pc.createColors(isWanted);
}

/** Text of others without control characters: what a caller puts into a header must not drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string | number | undefined;
  /** Colours the padded cell. */
  readonly paint?: (cell: string, row: Row) => string;
}

/** A table in aligned columns on a terminal, else one line a row with tabs between, titles first in both. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { isTerminal, colors }: { readonly isTerminal: boolean; readonly colors: Colors },
): string {
  const cells = rows.map((row) => columns.map(({ text }) => printable(String(text(row) ?? ''))));
  if (!isTerminal) {
    return [columns.map(({ title }) => title), ...cells].map((line) => `${line.join('\t')}\n`).join('');
  }
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  const pad = (line: readonly string[]) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0));
  const head = pad(columns.map(({ title }) => title)).join('  ');
  const body = cells.map((line, index) => {
    const row = rows[index];
    return pad(line)
      .map((cell, at) => (row === undefined ? cell : (columns[at]?.paint?.(cell, row) ?? cell)))
      .join('  ');
  });
  return [colors.dim(head), ...body].map((line) => `${line.trimEnd()}\n`).join('');
}

/** Names and texts below each other; rows without text are left out. */
export function fields(rows: readonly (readonly [string, string | undefined])[], colors: Colors): string {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, text]) => `  ${colors.cyan(name.padEnd(width))}  ${text}\n`).join('');
}

/** Writes a value for a script. */
export function writeJson(deps: CliDeps, value: unknown): void {
  deps.out.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Says why a command failed, and gives its exit code. */
export function fail(deps: CliDeps, error: CliError): number {
  const colors = colorsFor(deps.err, deps);
  const [first = '', ...advice] = error.message.split('\n').map(printable);
  deps.err.write(`${colors.red('firstline:')} ${first}\n`);
  for (const line of advice) deps.err.write(`${line}\n`);
  for (const text of namedFaults(error.problem)) deps.err.write(`  - ${printable(text)}\n`);
  return exitCodeOf(error.code);
}

function namedFaults(problem: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const errors = problem?.['errors'];
  if (!Array.isArray(errors) || errors.length < 2) return [];
  return errors.map((found: unknown) => {
    const { in: place, path, message } = found as Readonly<Record<string, unknown>>;
    return `${place} ${path}: ${message}`;
  });
}

/** A duration for people. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 10_000) return `${Math.round(ms).toLocaleString('en')} ms`;
  return `${(ms / 1_000).toFixed(1)} s`;
}
