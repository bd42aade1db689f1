import { type Command, InvalidArgumentError, Option } from 'commander';
import { ok, type Result } from '../../base/index.ts';
import type { WireCheckReport, WireFindingPage } from '../../http/index.ts';
import type { ApiClient } from '../api-client.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodes } from '../errors.ts';
import { type Colors, colorsFor, fail, printable, table, writeJson } from '../output.ts';
import { openSession, type ServerOptions } from '../session.ts';
import { waitUntilOver } from '../waiting.ts';

type Finding = WireFindingPage['items'][number];

interface CheckOptions extends ServerOptions {
  readonly minArea?: number;
  readonly limit: number;
  readonly severity?: string;
  readonly code?: string;
  readonly last?: boolean;
  readonly geojson?: boolean;
  readonly json?: boolean;
}

/** Adds `firstline check`: checks a dataset, waits for the end, and lists what was found. */
export function addCheckCommand(program: Command, deps: CliDeps): void {
  program
    .command('check')
    .description('check a dataset and list what is wrong with it; 1 where there are errors')
    .argument('<id>', 'number of the dataset')
    .option('--min-area <m2>', 'gaps and overlaps below it are counted alone (100)', areaNumber)
    .option('--limit <count>', 'findings that are listed', wholeNumber, 20)
    .addOption(new Option('--severity <severity>', 'list these alone').choices(['error', 'warning', 'info']))
    .option('--code <code>', 'list findings of this code alone')
    .option('--last', 'show the newest check instead of beginning one')
    .option('--geojson', 'print the findings as GeoJSON')
    .option('--json', 'print JSON')
    .action(async (id: string, _options: unknown, command: Command) => {
      deps.setExitCode(await check(deps, id, command.optsWithGlobals<CheckOptions>()));
    });
}

async function check(deps: CliDeps, id: string, options: CheckOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const { client } = session.value;
  const report =
    options.last === true ? await client.check(id) : await checkDataset(deps, client, id, options);
  if (!report.ok) return fail(deps, report.error);
  const query = { limit: options.limit, severity: options.severity, code: options.code };
  if (options.geojson === true) {
    const features = await client.findingFeatures(id, query);
    if (!features.ok) return fail(deps, features.error);
    writeJson(deps, features.value);
    return exitOf(report.value);
  }
  const findings = await client.findings(id, query);
  if (!findings.ok) return fail(deps, findings.error);
  if (options.json === true) writeJson(deps, { report: report.value, findings: findings.value.items });
  else {
    deps.out.write(reportText(report.value, colorsFor(deps.out, deps)));
    deps.out.write(findingsTable(findings.value.items, deps));
    if (findings.value.next !== undefined) {
      deps.err.write(`there are more; --limit, --severity and --code choose, --geojson is for a map\n`);
    }
  }
  return exitOf(report.value);
}

/** Checks a dataset and waits for the end, with a progress bar on a terminal. */
export async function checkDataset(
  deps: CliDeps,
  client: ApiClient,
  id: string,
  options: { readonly minArea?: number | undefined },
): Promise<Result<WireCheckReport, CliError>> {
  const started = await client.startCheck(id, { minAreaM2: options.minArea });
  if (!started.ok) return started;
  return await waitUntilOver(deps, started.value, {
    ask: () => client.check(id),
    isOver: ({ state }) => state !== 'running',
    progressOf: ({ progress, detail }) => ({ share: progress, step: printable(detail) }),
  });
}

/** What a check came to, in words; the counts of each code in a line. */
export function reportText(report: WireCheckReport, colors: Colors): string {
  const { state, counts, countsByCode, datasetId, detail } = report;
  if (state === 'failed') return `${colors.red('check failed')}: ${printable(detail)}\n`;
  if (state === 'running') return `${colors.yellow('checking')}: ${printable(detail)}\n`;
  const paint = counts.error > 0 ? colors.red : counts.warning > 0 ? colors.yellow : colors.green;
  const head = `${paint('checked')}: dataset ${datasetId}, ${plural(counts.error, 'error')}, ${plural(counts.warning, 'warning')}, ${counts.info} for information\n`;
  const codes = Object.entries(countsByCode).map(([code, count]) => `${printable(code)} ${count}`);
  return codes.length === 0 ? head : `${head}  ${codes.join(', ')}\n`;
}

/** Whether a check lets its dataset be activated. */
export function isActivatable(report: WireCheckReport): Result<true, CliError> {
  if (report.isActivatable) return ok(true);
  const why =
    report.state === 'finished'
      ? `found ${plural(report.counts.error, 'error')}`
      : `did not end: ${report.detail}`;
  return {
    ok: false,
    error: {
      code: 'cli.refused',
      message:
        `the check ${why}; nothing was activated.\n` +
        `See them: firstline check ${report.datasetId} --last --severity error. Activate it all the same: firstline activate ${report.datasetId} --unchecked`,
    },
  };
}

function exitOf({ state, counts }: WireCheckReport): number {
  return state === 'failed' || counts.error > 0 ? exitCodes.failed : exitCodes.ok;
}

function plural(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}

function findingsTable(items: readonly Finding[], deps: CliDeps): string {
  if (items.length === 0) return '';
  const colors = colorsFor(deps.out, deps);
  return table(
    items,
    [
      { title: 'NO', text: ({ no }) => no },
      {
        title: 'SEVERITY',
        text: ({ severity }) => severity,
        paint: (cell, { severity }) => paintSeverity(severity, cell, colors),
      },
      { title: 'CODE', text: ({ code }) => code },
      { title: 'FEATURE', text: ({ featureId }) => featureId },
      { title: 'WHAT', text: ({ reason }) => reason },
    ],
    { isTerminal: deps.out.isTTY === true, colors },
  );
}

function paintSeverity(severity: Finding['severity'], text: string, colors: Colors): string {
  return severity === 'error'
    ? colors.red(text)
    : severity === 'warning'
      ? colors.yellow(text)
      : colors.dim(text);
}

/** A whole number on the command line, from 1 to 1,000. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < 1 || value > 1_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
  }
  return value;
}

function areaNumber(text: string): number {
  const value = Number(text);
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(text)) {
    throw new InvalidArgumentError('It must be a number of square metres.');
  }
  return value;
}
