import type { Command } from 'commander';
import type { Result } from '../../base/index.ts';
import type { WireDataset } from '../../http/index.ts';
import type { ApiClient } from '../api-client.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodes } from '../errors.ts';
import { type Colors, colorsFor, fail, printable, table, writeJson } from '../output.ts';
import { openSession, type ServerOptions } from '../session.ts';

interface DatasetOptions extends ServerOptions {
  readonly json?: boolean;
  readonly unchecked?: boolean;
}

/** Adds `firstline datasets`, `datasets rm`, `activate` and `rollback`. */
export function addDatasetCommands(program: Command, deps: CliDeps): void {
  const datasets = program
    .command('datasets')
    .description('list the datasets')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, command: Command) => {
      deps.setExitCode(await listDatasets(deps, command.optsWithGlobals<DatasetOptions>()));
    });
  datasets
    .command('rm')
    .description('remove datasets that are not active, with all that is known of them')
    .argument('<id...>', 'numbers of the datasets')
    .option('--json', 'print JSON')
    .action(async (ids: string[], _options: unknown, command: Command) => {
      deps.setExitCode(await removeDatasets(deps, ids, command.optsWithGlobals<DatasetOptions>()));
    });
  program
    .command('activate')
    .description('make a dataset the active one; it has to be checked before')
    .argument('<id>', 'number of the dataset')
    .option('--unchecked', 'whatever checks say')
    .option('--json', 'print JSON')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DatasetOptions>();
      deps.setExitCode(await change(deps, options, (client) => client.activate(id, uncheckedOf(options))));
    });
  program
    .command('rollback')
    .description('make the dataset active again that was active before')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DatasetOptions>();
      deps.setExitCode(await change(deps, options, (client) => client.rollBack()));
    });
}

async function listDatasets(deps: CliDeps, options: DatasetOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const list = await session.value.client.datasets();
  if (!list.ok) return fail(deps, list.error);
  if (options.json === true) writeJson(deps, list.value);
  else if (list.value.items.length === 0)
    deps.err.write('no datasets; load one: firstline load <file.geojson>\n');
  else deps.out.write(datasetTable(list.value.items, deps));
  return exitCodes.ok;
}

function uncheckedOf({ unchecked }: DatasetOptions): { readonly unchecked?: boolean } {
  return unchecked === true ? { unchecked } : {};
}

async function removeDatasets(
  deps: CliDeps,
  ids: readonly string[],
  options: DatasetOptions,
): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const removed: WireDataset[] = [];
  for (const id of ids) {
    const answer = await session.value.client.removeDataset(id);
    if (!answer.ok) return fail(deps, answer.error);
    removed.push(answer.value);
    if (options.json !== true)
      deps.out.write(`removed: dataset ${answer.value.id} "${printable(answer.value.name)}"\n`);
  }
  if (options.json === true) writeJson(deps, removed);
  return exitCodes.ok;
}

function datasetTable(items: readonly WireDataset[], deps: CliDeps): string {
  const colors = colorsFor(deps.out, deps);
  return table(
    items,
    [
      { title: 'ID', text: ({ id }) => id },
      {
        title: 'STATE',
        text: ({ state }) => state,
        paint: (cell, { state }) => paintState(state, cell, colors),
      },
      { title: 'BOUNDARIES', text: ({ boundaryCount }) => boundaryCount },
      { title: 'NAME', text: ({ name }) => name },
      { title: 'SOURCE', text: ({ source }) => source },
      { title: 'LOADED', text: ({ createdAt }) => createdAt },
      { title: 'BY', text: ({ createdBy }) => createdBy },
      { title: 'ACTIVATED', text: ({ activatedAt }) => activatedAt },
    ],
    { isTerminal: deps.out.isTTY === true, colors },
  );
}

function paintState(state: WireDataset['state'], text: string, colors: Colors): string {
  return state === 'active' ? colors.green(text) : colors.dim(text);
}

async function change(
  deps: CliDeps,
  options: DatasetOptions,
  ask: (client: ApiClient) => Promise<Result<WireDataset, CliError>>,
): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const dataset = await ask(session.value.client);
  if (!dataset.ok) return fail(deps, dataset.error);
  if (options.json === true) writeJson(deps, dataset.value);
  else deps.out.write(activeText(dataset.value, colorsFor(deps.out, deps)));
  return exitCodes.ok;
}

/** Says which dataset is the active one now. */
export function activeText({ id, name, boundaryCount }: WireDataset, colors: Colors): string {
  return `${colors.green('active')}: dataset ${id} "${name}", ${boundaryCount.toLocaleString('en')} boundaries\n`;
}
