import { basename } from 'node:path';
import type { Command } from 'commander';
import type { WireFeatureNote, WireLoadAnswer } from '../../http/index.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodeOf, exitCodes } from '../errors.ts';
import { colorsFor, fail, printable, writeJson } from '../output.ts';
import { openSession, type ServerOptions } from '../session.ts';
import { openUpload } from '../upload.ts';
import { activeText } from './datasets.ts';

interface LoadOptions extends ServerOptions {
  readonly name?: string;
  readonly service?: string;
  readonly activate?: boolean;
  readonly repair?: boolean;
  readonly json?: boolean;
}

/** Adds `firstline load`: a boundary file becomes a dataset, or every feature that is refused is named. */
export function addLoadCommand(program: Command, deps: CliDeps): void {
  program
    .command('load')
    .description(
      'load a GeoJSON file of boundaries as a new dataset; a file that ends in .gz is sent as it is',
    )
    .argument('<file>', 'GeoJSON file')
    .option('--name <name>', "name of the dataset; the file's name where absent")
    .option('--service <urn>', 'service URN of features that name none')
    .option('--activate', 'make the dataset the active one')
    .option('--repair', 'make invalid geometry valid instead of refusing it')
    .option('--json', 'print JSON')
    .action(async (file: string, _options: unknown, command: Command) => {
      deps.setExitCode(await load(deps, file, command.optsWithGlobals<LoadOptions>()));
    });
}

async function load(deps: CliDeps, file: string, options: LoadOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const upload = openUpload(deps, file);
  if (!upload.ok) return fail(deps, upload.error);
  const { path, body, isGzip, progress } = upload.value;
  const query = {
    name: options.name ?? basename(path).replace(/(\.geojson|\.json)?(\.gz)?$/i, ''),
    source: basename(path),
    service: options.service,
    invalidGeometry: options.repair === true ? 'repair' : 'refuse',
    activate: options.activate === true,
  };
  const answer = await session.value.client.load(body, query, isGzip);
  progress.end();
  if (!answer.ok) return refused(deps, answer.error, options);
  if (options.json === true) writeJson(deps, answer.value);
  else deps.out.write(loadedText(deps, answer.value));
  return exitCodes.ok;
}

function loadedText(deps: CliDeps, { dataset, repaired, repairedCount }: WireLoadAnswer): string {
  const colors = colorsFor(deps.out, deps);
  const count = dataset.boundaryCount.toLocaleString('en');
  const head = `${colors.green('loaded')}: dataset ${dataset.id} "${printable(dataset.name)}", ${count} boundaries\n`;
  const notes = repairedCount === 0 ? '' : notesText('repaired', repaired, repairedCount, colors.yellow);
  const next =
    dataset.state === 'active'
      ? activeText(dataset, colors)
      : `It does not answer lookups yet; make it the active one: firstline activate ${dataset.id}\n`;
  return head + notes + next;
}

function refused(deps: CliDeps, error: CliError, options: LoadOptions): number {
  const notes = error.problem?.['refused'];
  if (error.code !== 'cli.refused' || !Array.isArray(notes)) return fail(deps, error);
  if (options.json === true) {
    writeJson(deps, error.problem);
    return exitCodeOf(error.code);
  }
  const count = Number(error.problem?.['refusedCount'] ?? notes.length);
  deps.err.write(
    notesText('refused', notes as readonly WireFeatureNote[], count, colorsFor(deps.err, deps).red),
  );
  return fail(deps, error);
}

/** Features below each other, grouped by code: what is wrong with many of them is usually one thing. */
function notesText(
  word: string,
  notes: readonly WireFeatureNote[],
  count: number,
  paint: (text: string) => string,
): string {
  const byCode = new Map<string, WireFeatureNote[]>();
  for (const note of notes) byCode.set(note.code, [...(byCode.get(note.code) ?? []), note]);
  const groups = [...byCode].map(([code, group]) => {
    const lines = group.map(
      ({ ordinal, boundaryId, reason }) =>
        `  feature ${ordinal}${boundaryId === undefined ? '' : ` (${printable(boundaryId)})`}: ${printable(reason)}\n`,
    );
    return `${paint(`${word}: ${group.length} by ${printable(code)}`)}\n${lines.join('')}`;
  });
  const more = count > notes.length ? `  and ${(count - notes.length).toLocaleString('en')} more\n` : '';
  return groups.join('') + more;
}
