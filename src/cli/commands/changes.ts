import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { err, errorText, ok, type Result } from '../../base/index.ts';
import type { WireChangeAnswer, WireChangeSet, WireFeatureNote } from '../../http/index.ts';
import type { ApiClient } from '../api-client.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodeOf, exitCodes } from '../errors.ts';
import { colorsFor, fail, printable, table, writeJson } from '../output.ts';
import { wholeNumber } from '../place-options.ts';
import { openSession, type ServerOptions } from '../session.ts';

interface ChangesOptions extends ServerOptions {
  readonly dataset?: number;
  readonly json?: boolean;
}

interface ListOptions extends ChangesOptions {
  readonly limit: number;
  readonly before?: number;
  readonly feature?: string;
}

interface ApplyOptions extends ChangesOptions {
  readonly note?: string;
  readonly requestKey?: string;
  readonly invalid: string;
}

/** Adds `firstline changes`: sets of changes to the features of a dataset. */
export function addChangesCommand(program: Command, deps: CliDeps): void {
  const changes = program
    .command('changes')
    .description('add, change and expire features of a dataset, a set of them at once');
  const add = (name: string, description: string) =>
    changes
      .command(name)
      .description(description)
      .option('--dataset <id>', 'the active one where not given', wholeNumber(1, 2_147_483_647))
      .option('--json', 'print JSON');
  add('list', 'list the sets of a dataset, newest first')
    .option('--feature <id>', 'sets that touched this feature')
    .option('--limit <count>', 'sets to list', wholeNumber(1, 200), 20)
    .option('--before <no>', 'sets older than this one', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action(async (_options: unknown, command: Command) => {
      deps.setExitCode(await listSets(deps, command.optsWithGlobals<ListOptions>()));
    });
  add('apply', 'apply a set: GeoJSON features, each with "action": "add", "change" or "expire"')
    .argument('<file>', 'a GeoJSON FeatureCollection')
    .option('--note <text>', 'for people who read the list')
    .option('--request-key <name>', 'a name of your own: applied again under it, nothing changes')
    .addOption(
      new Option('--invalid <what>', 'what becomes of invalid geometry')
        .choices(['refuse', 'repair'])
        .default('refuse'),
    )
    .action(async (file: string, _options: unknown, command: Command) => {
      deps.setExitCode(await applySet(deps, file, command.optsWithGlobals<ApplyOptions>()));
    });
  add('undo', 'undo a set as one')
    .argument('<no>', 'number of the set', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action(async (no: number, _options: unknown, command: Command) => {
      deps.setExitCode(await undoSet(deps, no, command.optsWithGlobals<ChangesOptions>()));
    });
}

async function listSets(deps: CliDeps, options: ListOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const { client } = session.value;
  const dataset = await datasetOf(client, options);
  if (!dataset.ok) return fail(deps, dataset.error);
  const { limit, before, feature } = options;
  const page = await client.changes(dataset.value, { limit, before, featureId: feature });
  if (!page.ok) return fail(deps, page.error);
  if (options.json === true) {
    writeJson(deps, page.value);
    return exitCodes.ok;
  }
  const { items, next } = page.value;
  if (items.length === 0) deps.err.write(`dataset ${dataset.value} was not changed since its load\n`);
  else deps.out.write(setsText(items, deps));
  if (next !== undefined) deps.err.write(`older ones: firstline changes list --before ${next}\n`);
  return exitCodes.ok;
}

function setsText(sets: readonly WireChangeSet[], deps: CliDeps): string {
  return table(
    sets,
    [
      { title: 'NO', text: ({ no }) => no },
      { title: 'AT', text: ({ at }) => at },
      { title: 'WHO', text: ({ actor }) => actor },
      { title: 'STATE', text: ({ undoneAt }) => (undoneAt === undefined ? 'applied' : 'undone') },
      { title: 'WHAT', text: ({ edits }) => editsText(edits) },
      { title: 'NOTE', text: ({ note }) => note },
    ],
    { isTerminal: deps.out.isTTY === true, colors: colorsFor(deps.out, deps) },
  );
}

function editsText(edits: WireChangeSet['edits']): string {
  const [first] = edits;
  const more = edits.length > 1 ? ` and ${edits.length - 1} more` : '';
  return first === undefined ? '' : `${first.action} ${first.layer} ${first.featureId}${more}`;
}

async function applySet(deps: CliDeps, file: string, options: ApplyOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const text = readSet(resolve(deps.cwd, file), file);
  if (!text.ok) return fail(deps, text.error);
  const { client } = session.value;
  const dataset = await datasetOf(client, options);
  if (!dataset.ok) return fail(deps, dataset.error);
  const { note, requestKey, invalid } = options;
  const query = { note, key: requestKey, invalidGeometry: invalid };
  const answer = await client.applyChanges(dataset.value, text.value, query);
  if (!answer.ok) return refused(deps, answer.error, options);
  if (options.json === true) writeJson(deps, answer.value);
  else deps.out.write(answerText('applied', answer.value, deps));
  return exitCodes.ok;
}

function readSet(path: string, file: string): Result<string, CliError> {
  try {
    return ok(readFileSync(path, 'utf8'));
  } catch (thrown) {
    return err({ code: 'cli.usage', message: `cannot read ${file}: ${errorText(thrown)}` });
  }
}

async function undoSet(deps: CliDeps, no: number, options: ChangesOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const { client } = session.value;
  const dataset = await datasetOf(client, options);
  if (!dataset.ok) return fail(deps, dataset.error);
  const answer = await client.undoChanges(dataset.value, no);
  if (!answer.ok) return fail(deps, answer.error);
  if (options.json === true) writeJson(deps, answer.value);
  else deps.out.write(answerText('undone', answer.value, deps));
  return exitCodes.ok;
}

async function datasetOf(client: ApiClient, options: ChangesOptions): Promise<Result<number, CliError>> {
  if (options.dataset !== undefined) return ok(options.dataset);
  const list = await client.datasets();
  if (!list.ok) return list;
  const active = list.value.items.find(({ state }) => state === 'active');
  if (active !== undefined) return ok(active.id);
  return err({ code: 'cli.usage', message: 'no dataset is active; name one by --dataset' });
}

function answerText(word: string, { changeSet, dataset, repaired }: WireChangeAnswer, deps: CliDeps): string {
  const colors = colorsFor(deps.out, deps);
  const count = changeSet.edits.length === 1 ? '1 change' : `${changeSet.edits.length} changes`;
  const head = `${colors.green(word)}: set ${changeSet.no}, ${count}; dataset ${dataset.id} is at revision ${dataset.revision}\n`;
  return head + notesText('repaired', repaired);
}

function refused(deps: CliDeps, error: CliError, options: ApplyOptions): number {
  const notes = error.problem?.['refused'];
  if (error.code !== 'cli.refused' || !Array.isArray(notes)) return fail(deps, error);
  if (options.json === true) {
    writeJson(deps, error.problem);
    return exitCodeOf(error.code);
  }
  deps.err.write(notesText('refused', notes as readonly WireFeatureNote[]));
  return fail(deps, error);
}

function notesText(word: string, notes: readonly WireFeatureNote[]): string {
  if (notes.length === 0) return '';
  const rows = notes.map(({ ordinal, boundaryId, reason }) => {
    const id = boundaryId === undefined ? '' : ` (${printable(boundaryId)})`;
    return `  feature ${ordinal}${id}: ${printable(reason)}\n`;
  });
  return `${word}: ${notes.length.toLocaleString('en')}\n${rows.join('')}`;
}
