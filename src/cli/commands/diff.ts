import type { Command } from 'commander';
import type { WireDatasetDiff } from '../../http/index.ts';
import type { CliDeps } from '../deps.ts';
import { exitCodes } from '../errors.ts';
import { colorsFor, fail, printable, table, writeJson } from '../output.ts';
import { openSession, type ServerOptions } from '../session.ts';
import { wholeNumber } from './check.ts';
import { summaryText } from './shadow.ts';

interface DiffOptions extends ServerOptions {
  readonly with?: string;
  readonly limit: number;
  readonly sample: number;
  readonly json?: boolean;
}

/** Adds `firstline diff`: what changed from one dataset to another, and which places would go elsewhere. */
export function addDiffCommand(program: Command, deps: CliDeps): void {
  program
    .command('diff')
    .description('show what changed from the active dataset to another one')
    .argument('<id>', 'number of the dataset')
    .option('--with <id>', 'compare with this one instead of the active one')
    .option('--limit <count>', 'changes that are listed', wholeNumber, 20)
    .option('--sample <count>', 'points on changed ground that are looked up in both', wholeNumber, 200)
    .option('--json', 'print JSON')
    .action(async (id: string, _options: unknown, command: Command) => {
      deps.setExitCode(await diff(deps, id, command.optsWithGlobals<DiffOptions>()));
    });
}

async function diff(deps: CliDeps, id: string, options: DiffOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const { limit, sample } = options;
  const answer = await session.value.client.diff(id, { with: options.with, limit, sample });
  if (!answer.ok) return fail(deps, answer.error);
  if (options.json === true) writeJson(deps, answer.value);
  else deps.out.write(diffText(deps, answer.value));
  return exitCodes.ok;
}

function diffText(deps: CliDeps, diff: WireDatasetDiff): string {
  const colors = colorsFor(deps.out, deps);
  const style = { isTerminal: deps.out.isTTY === true, colors };
  const layers = Object.entries(diff.layers).filter(([, counts]) => Object.values(counts).some((n) => n > 0));
  const counts = table(
    layers,
    [
      { title: 'LAYER', text: ([layer]) => layer },
      { title: 'ADDED', text: ([, { added }]) => added },
      { title: 'REMOVED', text: ([, { removed }]) => removed },
      { title: 'CHANGED', text: ([, { changed }]) => changed },
      { title: 'SAME', text: ([, { same }]) => same },
    ],
    style,
  );
  const changes = table(
    diff.changes,
    [
      { title: 'KIND', text: ({ kind }) => kind },
      { title: 'LAYER', text: ({ layer }) => layer },
      { title: 'FEATURE', text: ({ featureId }) => featureId },
      { title: 'WHAT', text: ({ fields }) => fields.join(', ') },
      {
        title: 'CHANGED KM2',
        text: ({ changedAreaM2 }) => (changedAreaM2 === undefined ? '' : (changedAreaM2 / 1e6).toFixed(4)),
      },
    ],
    style,
  );
  const more = diff.next === undefined ? '' : `and more after ${printable(diff.next)}\n`;
  const sample = diff.sample === undefined ? '' : `\n${summaryText(deps, diff.sample, 10)}`;
  const head = `from dataset ${diff.from} to dataset ${diff.to}\n`;
  return `${head}${counts}${diff.changes.length === 0 ? '' : `\n${changes}`}${more}${sample}`;
}
