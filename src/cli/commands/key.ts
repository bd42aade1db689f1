import type { Command } from 'commander';
import type { CliDeps } from '../deps.ts';
import { exitCodes } from '../errors.ts';
import { readKeyFile, writeKeyFile } from '../key-file.ts';
import { colorsFor, fail, writeJson } from '../output.ts';
import { openSession, type ServerOptions, type Session } from '../session.ts';

interface KeyOptions extends ServerOptions {
  readonly json?: boolean;
}

/** Adds `firstline key rotate`: a new API key in place of the one that asks. */
export function addKeyCommand(program: Command, deps: CliDeps): void {
  program
    .command('key')
    .description('manage the API key')
    .command('rotate')
    .description('make a new API key; the old one ends at once')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, command: Command) => {
      deps.setExitCode(await rotate(deps, command.optsWithGlobals<KeyOptions>()));
    });
}

async function rotate(deps: CliDeps, options: KeyOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const answer = await session.value.client.rotateKey();
  if (!answer.ok) return fail(deps, answer.error);
  const { key, name } = answer.value;
  // Printed before anything else can fail: the old key is void and nobody else knows this one.
  if (options.json === true) writeJson(deps, answer.value);
  else deps.out.write(`${key}\n`);
  const colors = colorsFor(deps.err, deps);
  if (!isKeptInFile(session.value)) {
    deps.err.write(
      `${colors.yellow('not kept')}: the old key of "${name}" did not come from ${session.value.keyFile}; keep the new one yourself, it is shown this once\n`,
    );
    return exitCodes.ok;
  }
  const written = writeKeyFile(session.value.keyFile, key);
  if (!written.ok) return fail(deps, written.error);
  deps.err.write(`the new key of "${name}", shown this once, is kept in ${session.value.keyFile}\n`);
  return exitCodes.ok;
}

/** A key that was given otherwise may be another server's; then the file of this one's is left alone. */
function isKeptInFile({ keySource, keyFile, key }: Session): boolean {
  if (keySource === 'file') return true;
  const kept = readKeyFile(keyFile);
  return kept.ok && kept.value !== undefined && kept.value === key;
}
