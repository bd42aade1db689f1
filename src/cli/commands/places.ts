import { basename } from 'node:path';
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { err, ok, type Result } from '../../base/index.ts';
import type { WireLocationRow, WireLocationTable, WireTableLoad, WireTableNote } from '../../http/index.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodeOf, exitCodes } from '../errors.ts';
import { colorsFor, fail, fields, printable, table as tableText, writeJson } from '../output.ts';
import { civicElements, degrees, wholeNumber } from '../place-options.ts';
import { civicText, shapeText } from '../render/shape.ts';
import { openSession, type ServerOptions } from '../session.ts';
import { openUpload } from '../upload.ts';

interface JsonOptions extends ServerOptions {
  readonly json?: boolean;
}

interface LoadOptions extends JsonOptions {
  readonly merge?: boolean;
  readonly skipBad?: boolean;
}

interface ShowOptions extends JsonOptions {
  readonly limit: number;
  readonly after?: string;
}

interface SetOptions extends JsonOptions {
  readonly lat?: number;
  readonly lon?: number;
  readonly radius?: number;
  readonly civic?: Readonly<Record<string, string>>;
}

/** Adds `firstline places`: the tables of places, by cell and by number. */
export function addPlacesCommand(program: Command, deps: CliDeps): void {
  const places = program
    .command('places')
    .description("the places of radio cells and of callers' numbers, for calls that bring no location");
  const add = (name: string, description: string) =>
    places.command(name).description(description).option('--json', 'print JSON');
  const tableArgument = () => new Argument('<table>', 'cell or number').choices(['cell', 'number']);
  add('list', 'list the tables with their counts').action(async (_options: unknown, command: Command) => {
    deps.setExitCode(await listTables(deps, command.optsWithGlobals<JsonOptions>()));
  });
  add('load', 'load a table from CSV, in place of its rows; a file that ends in .gz is sent as it is')
    .addArgument(tableArgument())
    .argument('<file>', 'CSV: key,lat,lon,radiusM,country and civic elements such as A1,A3,RD,HNO')
    .option('--merge', 'add the rows to the table instead, in place of those of the same key')
    .option('--skip-bad', 'leave out rows that cannot be used')
    .action(async (table: string, file: string, _options: unknown, command: Command) => {
      deps.setExitCode(await loadTable(deps, table, file, command.optsWithGlobals<LoadOptions>()));
    });
  add('show', 'list the rows of a table in key order, or show one')
    .addArgument(tableArgument())
    .argument('[key]', 'a cell, or a number in E.164')
    .option('--limit <count>', 'rows to list', wholeNumber(1, 1_000), 50)
    .option('--after <key>', 'rows after this key')
    .action(async (table: string, key: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ShowOptions>();
      deps.setExitCode(
        await (key === undefined ? showRows(deps, table, options) : showRow(deps, table, key, options)),
      );
    });
  add('set', 'set one row of a table')
    .addArgument(tableArgument())
    .argument('<key>', 'a cell, or a number in E.164; * behind it stands for all numbers that begin so')
    .option('--lat <degrees>', 'latitude, WGS 84', degrees(90))
    .option('--lon <degrees>', 'longitude, WGS 84', degrees(180))
    .option('--radius <metres>', 'radius of the circle that it is in', metres)
    .option('--civic <elements>', 'address, such as country=US,A1=TX,A3=Houston', civicElements)
    .action(async (table: string, key: string, _options: unknown, command: Command) => {
      deps.setExitCode(await setRow(deps, table, key, command.optsWithGlobals<SetOptions>()));
    });
  add('remove', 'remove one row of a table')
    .addArgument(tableArgument())
    .argument('<key>', 'a cell, or a number in E.164')
    .action(async (table: string, key: string, _options: unknown, command: Command) => {
      deps.setExitCode(await removeRow(deps, table, key, command.optsWithGlobals<JsonOptions>()));
    });
}

async function listTables(deps: CliDeps, options: JsonOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const list = await session.value.client.locationTables();
  if (!list.ok) return fail(deps, list.error);
  if (options.json === true) writeJson(deps, list.value);
  else deps.out.write(tablesText(list.value.items, deps));
  return exitCodes.ok;
}

function tablesText(items: readonly WireLocationTable[], deps: CliDeps): string {
  return tableText(
    items,
    [
      { title: 'TABLE', text: ({ name }) => name },
      { title: 'ROWS', text: ({ rowCount }) => rowCount },
      { title: 'SOURCE', text: ({ source }) => source },
      { title: 'CHANGED', text: ({ updatedAt }) => updatedAt },
      { title: 'BY', text: ({ updatedBy }) => updatedBy },
      { title: 'STATE', text: ({ isLoading }) => (isLoading ? 'loading' : '') },
    ],
    { isTerminal: deps.out.isTTY === true, colors: colorsFor(deps.out, deps) },
  );
}

async function loadTable(deps: CliDeps, table: string, file: string, options: LoadOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const upload = openUpload(deps, file);
  if (!upload.ok) return fail(deps, upload.error);
  const { path, body, isGzip, progress } = upload.value;
  const query = {
    mode: options.merge === true ? 'merge' : 'replace',
    skipBad: options.skipBad === true,
    source: basename(path),
  };
  const answer = await session.value.client.loadLocations(table, body, query, isGzip);
  progress.end();
  if (!answer.ok) return refused(deps, answer.error, options);
  if (options.json === true) writeJson(deps, answer.value);
  else deps.out.write(loadedText(answer.value, deps));
  return exitCodes.ok;
}

function loadedText({ table, refusedCount, refused: notes }: WireTableLoad, deps: CliDeps): string {
  const colors = colorsFor(deps.out, deps);
  const count = table.rowCount.toLocaleString('en');
  const head = `${colors.green('loaded')}: the ${table.name} table has ${count} rows now\n`;
  return head + (refusedCount === 0 ? '' : notesText('left out', notes, refusedCount));
}

function refused(deps: CliDeps, error: CliError, options: JsonOptions): number {
  const notes = error.problem?.['refused'];
  if (error.code !== 'cli.refused' || !Array.isArray(notes)) return fail(deps, error);
  if (options.json === true) {
    writeJson(deps, error.problem);
    return exitCodeOf(error.code);
  }
  const count = Number(error.problem?.['refusedCount'] ?? notes.length);
  deps.err.write(notesText('refused', notes as readonly WireTableNote[], count));
  return fail(deps, error);
}

function notesText(word: string, notes: readonly WireTableNote[], count: number): string {
  const rows = notes.map(({ line, column, reason }) => {
    const where = column === undefined ? `line ${line}` : `line ${line}, column ${printable(column)}`;
    return `  ${where}: ${printable(reason)}\n`;
  });
  const more = count > notes.length ? `  and ${(count - notes.length).toLocaleString('en')} more\n` : '';
  return `${word}: ${count.toLocaleString('en')}\n${rows.join('')}${more}`;
}

async function showRows(deps: CliDeps, table: string, options: ShowOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const query = { limit: options.limit, after: options.after };
  const page = await session.value.client.locationRows(table, query);
  if (!page.ok) return fail(deps, page.error);
  const { items, next } = page.value;
  if (options.json === true) {
    writeJson(deps, page.value);
    return exitCodes.ok;
  }
  if (items.length === 0) deps.err.write(`no rows; load some: firstline places load ${table} <file.csv>\n`);
  else deps.out.write(rowsText(items, deps));
  if (next !== undefined)
    deps.err.write(`more: firstline places show ${table} --after '${printable(next)}'\n`);
  return exitCodes.ok;
}

function rowsText(items: readonly WireLocationRow[], deps: CliDeps): string {
  return tableText(
    items,
    [
      { title: 'KEY', text: ({ key }) => key },
      { title: 'PLACE', text: ({ shape }) => (shape === undefined ? '' : shapeText(shape)) },
      { title: 'ADDRESS', text: ({ civic }) => (civic === undefined ? '' : civicText(civic)) },
    ],
    { isTerminal: deps.out.isTTY === true, colors: colorsFor(deps.out, deps) },
  );
}

async function showRow(deps: CliDeps, table: string, key: string, options: JsonOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  return done(deps, await session.value.client.locationRow(table, key), options);
}

async function setRow(deps: CliDeps, table: string, key: string, options: SetOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const row = placeOf(options);
  if (!row.ok) return fail(deps, row.error);
  return done(deps, await session.value.client.setLocationRow(table, key, row.value), options);
}

function placeOf({ lat, lon, radius, civic }: SetOptions): Result<unknown, CliError> {
  if ((lat === undefined) !== (lon === undefined)) return wrong('give both --lat and --lon, or neither');
  if (radius !== undefined && lat === undefined) return wrong('--radius needs --lat and --lon');
  if (lat === undefined && civic === undefined) return wrong('give --lat and --lon, or --civic');
  return ok({ lat, lon, radiusM: radius, civic });
}

function wrong(message: string): Result<never, CliError> {
  return err({ code: 'cli.usage', message });
}

async function removeRow(deps: CliDeps, table: string, key: string, options: JsonOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const removed = await session.value.client.removeLocationRow(table, key);
  if (!removed.ok) return fail(deps, removed.error);
  if (options.json === true) writeJson(deps, removed.value);
  else deps.out.write(`removed: ${printable(removed.value.key)}\n`);
  return exitCodes.ok;
}

function done(deps: CliDeps, answer: Result<WireLocationRow, CliError>, options: JsonOptions): number {
  if (!answer.ok) return fail(deps, answer.error);
  const { key, shape, civic, updatedAt } = answer.value;
  if (options.json === true) writeJson(deps, answer.value);
  else {
    const rows: readonly (readonly [string, string | undefined])[] = [
      ['key', printable(key)],
      ['place', shape === undefined ? undefined : shapeText(shape)],
      ['address', civic === undefined ? undefined : printable(civicText(civic))],
      ['changed', updatedAt],
    ];
    deps.out.write(fields(rows, colorsFor(deps.out, deps)));
  }
  return exitCodes.ok;
}

function metres(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 20_037_508) {
    throw new InvalidArgumentError('It is metres, more than 0.');
  }
  return value;
}
