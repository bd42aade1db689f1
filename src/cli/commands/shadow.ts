import { type Command, InvalidArgumentError, Option } from 'commander';
import type { WireShadowReport, WireShadowSummary } from '../../http/index.ts';
import type { CliDeps } from '../deps.ts';
import { exitCodes } from '../errors.ts';
import { colorsFor, fail, printable, table, writeJson } from '../output.ts';
import { openSession, type ServerOptions } from '../session.ts';
import { waitUntilOver } from '../waiting.ts';

interface ShadowOptions extends ServerOptions {
  readonly with?: string;
  readonly from: string;
  readonly count: number;
  readonly seed: number;
  readonly service?: string;
  readonly json?: boolean;
}

const sources = ['records', 'area', 'border', 'addressPoint', 'changed'];

/** Adds `firstline shadow`: maps calls by a dataset beside the active one, and compares where they would go. */
export function addShadowCommand(program: Command, deps: CliDeps): void {
  program
    .command('shadow')
    .description('map recorded or made-up calls by a dataset beside the active one, and compare')
    .argument('<id>', 'number of the dataset')
    .option('--with <id>', 'compare with this one instead of the active one')
    .addOption(new Option('--from <source>', 'where the calls come from').choices(sources).default('records'))
    .option('--count <count>', 'calls at most', count(100_000), 1_000)
    .option('--seed <seed>', 'one seed makes the same calls each time', count(2_147_483_647), 1)
    .option('--service <urn>', 'service of calls that are made up; that of the boundary where absent')
    .option('--json', 'print JSON')
    .action(async (id: string, _options: unknown, command: Command) => {
      deps.setExitCode(await shadow(deps, id, command.optsWithGlobals<ShadowOptions>()));
    });
}

async function shadow(deps: CliDeps, id: string, options: ShadowOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const { client } = session.value;
  const started = await client.startShadow(id, {
    source: options.from,
    count: options.count,
    seed: options.seed,
    ...(options.with === undefined ? {} : { with: Number(options.with) }),
    ...(options.service === undefined ? {} : { service: options.service }),
  });
  if (!started.ok) return fail(deps, started.error);
  const report = await waitUntilOver(deps, started.value, {
    ask: () => client.shadow(id),
    isOver: ({ state }) => state !== 'running',
    progressOf: ({ summary }) => ({
      share: summary.total === 0 ? 0 : summary.done / summary.total,
      step: `${summary.done} of ${summary.total} calls`,
    }),
  });
  if (!report.ok) return fail(deps, report.error);
  if (options.json === true) writeJson(deps, report.value);
  else deps.out.write(reportText(deps, report.value));
  return report.value.state === 'finished' ? exitCodes.ok : exitCodes.failed;
}

function reportText(deps: CliDeps, report: WireShadowReport): string {
  const head =
    report.state === 'failed'
      ? `${colorsFor(deps.out, deps).red('failed')}: ${printable(report.detail)}\n`
      : `dataset ${report.datasetId} beside dataset ${report.with}, calls from ${report.source}\n`;
  return head + summaryText(deps, report.summary, 20);
}

/** A summary of where calls would go: the counts, the largest flows, the first differences. */
export function summaryText(deps: CliDeps, summary: WireShadowSummary, listedMax: number): string {
  const colors = colorsFor(deps.out, deps);
  const style = { isTerminal: deps.out.isTTY === true, colors };
  const { total, same, moved, lost, gained, failed } = summary;
  const changed = moved + lost + gained;
  const paint = lost > 0 ? colors.red : changed > 0 ? colors.yellow : colors.green;
  const counts = `${paint(`${changed} of ${total} calls`)} would go elsewhere: ${moved} to another PSAP, ${lost} to the default route, ${gained} from it; ${same} stay`;
  const failures = failed > 0 ? `; ${colors.red(`${failed} could not be looked up`)}` : '';
  const flows = table(
    summary.flows.slice(0, listedMax),
    [
      { title: 'CALLS', text: ({ count: calls }) => calls },
      { title: 'FROM', text: ({ from }) => from ?? 'default route' },
      { title: 'TO', text: ({ to }) => to ?? 'default route' },
    ],
    style,
  );
  const differences = table(
    summary.differences.slice(0, listedMax),
    [
      {
        title: 'CALL',
        text: ({ callId, position }) => callId ?? `${position?.lat.toFixed(6)}, ${position?.lon.toFixed(6)}`,
      },
      { title: 'SERVICE', text: ({ service }) => service },
      { title: 'FROM', text: ({ from }) => from.displayName ?? from.how },
      { title: 'TO', text: ({ to }) => to.displayName ?? to.how },
    ],
    style,
  );
  return `${counts}${failures}\n${changed === 0 ? '' : `\n${flows}\n${differences}`}`;
}

function count(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,10}$/.test(text) || value > max) {
      throw new InvalidArgumentError(`It must be a whole number up to ${max}.`);
    }
    return value;
  };
}
