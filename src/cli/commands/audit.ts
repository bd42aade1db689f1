import type { Command } from 'commander';
import type { CliDeps } from '../deps.ts';
import { exitCodes } from '../errors.ts';
import { colorsFor, fail, table, writeJson } from '../output.ts';
import { wholeNumber } from '../place-options.ts';
import { openSession, type ServerOptions } from '../session.ts';

interface AuditOptions extends ServerOptions {
  readonly limit: number;
  readonly before?: number;
  readonly json?: boolean;
}

/** Adds `firstline audit`: who changed what. */
export function addAuditCommand(program: Command, deps: CliDeps): void {
  program
    .command('audit')
    .description('read the audit trail, newest first')
    .option('--limit <count>', 'rows to list', wholeNumber(1, 500), 20)
    .option('--before <id>', 'rows older than this one', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--json', 'print JSON')
    .action(async (_options: unknown, command: Command) => {
      deps.setExitCode(await listAudit(deps, command.optsWithGlobals<AuditOptions>()));
    });
}

async function listAudit(deps: CliDeps, options: AuditOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const page = await session.value.client.audit({ limit: options.limit, before: options.before });
  if (!page.ok) return fail(deps, page.error);
  if (options.json === true) {
    writeJson(deps, page.value);
    return exitCodes.ok;
  }
  const text = table(
    page.value.items,
    [
      { title: 'ID', text: ({ id }) => id },
      { title: 'AT', text: ({ at }) => at },
      { title: 'WHO', text: ({ actor }) => actor },
      { title: 'VIA', text: ({ via }) => via },
      { title: 'ACTION', text: ({ action }) => action },
      { title: 'DETAIL', text: ({ detail }) => JSON.stringify(detail) },
    ],
    { isTerminal: deps.out.isTTY === true, colors: colorsFor(deps.out, deps) },
  );
  deps.out.write(text);
  if (page.value.next !== undefined)
    deps.err.write(`older ones: firstline audit --before ${page.value.next}\n`);
  return exitCodes.ok;
}
