import type { Command } from 'commander';
import type { WireCallSummary } from '../../http/index.ts';
import type { CliDeps } from '../deps.ts';
import { exitCodes } from '../errors.ts';
import { type Colors, type Column, colorsFor, fail, table, writeJson } from '../output.ts';
import { wholeNumber } from '../place-options.ts';
import { callRecordText, paintState } from '../render/call-record.ts';
import { openSession, type ServerOptions } from '../session.ts';

interface CallsOptions extends ServerOptions {
  readonly limit: number;
  readonly before?: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** Adds `firstline calls`: recent calls, or one call's record. */
export function addCallsCommand(program: Command, deps: CliDeps): void {
  program
    .command('calls')
    .description("list recent calls, or show one call's record with its decision trace")
    .argument('[id]', 'id of a record')
    .option('--limit <count>', 'calls to list', wholeNumber(1, 500), 20)
    .option('--before <id>', 'calls older than this one')
    .option('--state <state>', 'calls in this state: routing, proceeding, answered, failed, cancelled, ended')
    .option('--json', 'print JSON')
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CallsOptions>();
      deps.setExitCode(await (id === undefined ? listCalls(deps, options) : showCall(deps, id, options)));
    });
}

async function listCalls(deps: CliDeps, options: CallsOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const { limit, before, state } = options;
  const page = await session.value.client.calls({ limit, before, state });
  if (!page.ok) return fail(deps, page.error);
  if (options.json === true) {
    writeJson(deps, page.value);
    return exitCodes.ok;
  }
  const colors = colorsFor(deps.out, deps);
  if (page.value.items.length === 0) deps.err.write('no calls\n');
  else
    deps.out.write(table(page.value.items, columns(colors), { isTerminal: deps.out.isTTY === true, colors }));
  if (page.value.next !== undefined)
    deps.err.write(`older ones: firstline calls --before ${page.value.next}\n`);
  return exitCodes.ok;
}

function columns(colors: Colors): readonly Column<WireCallSummary>[] {
  return [
    { title: 'RECEIVED', text: ({ receivedAt }) => receivedAt },
    {
      title: 'STATE',
      text: ({ state }) => state,
      paint: (cell, { state }) => paintState(state, cell, colors),
    },
    { title: 'STATUS', text: ({ statusCode }) => statusCode },
    { title: 'SERVICE', text: ({ service }) => service },
    {
      title: 'WENT TO',
      text: ({ boundaryName, targetReason, target }) =>
        boundaryName ?? (targetReason === 'default' ? 'default route' : target),
    },
    { title: 'FROM', text: ({ from }) => from },
    { title: 'ID', text: ({ id }) => id },
  ];
}

async function showCall(deps: CliDeps, id: string, options: CallsOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const record = await session.value.client.call(id);
  if (!record.ok) return fail(deps, record.error);
  if (options.json === true) writeJson(deps, record.value);
  else deps.out.write(callRecordText(record.value, colorsFor(deps.out, deps)));
  return exitCodes.ok;
}
