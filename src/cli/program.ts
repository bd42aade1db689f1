import { Command, CommanderError } from 'commander';
import { addAuditCommand } from './commands/audit.ts';
import { addBoundariesCommand } from './commands/boundaries.ts';
import { addCallCommand } from './commands/call.ts';
import { addCallsCommand } from './commands/calls.ts';
import { addChangesCommand } from './commands/changes.ts';
import { addCheckCommand } from './commands/check.ts';
import { addDatasetCommands } from './commands/datasets.ts';
import { addDiffCommand } from './commands/diff.ts';
import { addKeyCommand } from './commands/key.ts';
import { addLoadCommand } from './commands/load.ts';
import { addLostCommand } from './commands/lost.ts';
import { addOpenApiCommand } from './commands/openapi.ts';
import { addPlacesCommand } from './commands/places.ts';
import { addRouteCommand } from './commands/route.ts';
import { addServeCommand } from './commands/serve.ts';
import { addShadowCommand } from './commands/shadow.ts';
import { addValidateCommand } from './commands/validate.ts';
import type { CliDeps } from './deps.ts';
import { exitCodeHelp, exitCodes } from './errors.ts';
import { colorsFor } from './output.ts';
import { defaultUrl } from './session.ts';

/** The command line. Run it by {@link runProgram}. */
export function buildProgram(deps: CliDeps): Command {
  const colors = colorsFor(deps.err, deps);
  const program = new Command('firstline')
    .description('Emergency call routing server: run it, ask it, load it.')
    .version(deps.version)
    .option('--url <url>', `the server's HTTP address (FIRSTLINE_URL; ${defaultUrl})`)
    .option('--key <key>', 'API key (FIRSTLINE_API_KEY; the file api-key in the data folder)')
    .addHelpText('afterAll', exitCodeHelp)
    .configureHelp({ showGlobalOptions: true, ...helpWidth(deps) })
    .configureOutput({
      writeOut: (text) => deps.out.write(text),
      writeErr: (text) => deps.err.write(text),
      outputError: (text, write) => write(`${colors.red('firstline:')} ${text.replace(/^error: /, '')}`),
      getOutHasColors: () => deps.out.isTTY === true,
      getErrHasColors: () => deps.err.isTTY === true,
    })
    .showSuggestionAfterError()
    .exitOverride();
  addServeCommand(program, deps);
  addRouteCommand(program, deps);
  addValidateCommand(program, deps);
  addCallCommand(program, deps);
  addCallsCommand(program, deps);
  addLoadCommand(program, deps);
  addDatasetCommands(program, deps);
  addCheckCommand(program, deps);
  addDiffCommand(program, deps);
  addShadowCommand(program, deps);
  addBoundariesCommand(program, deps);
  addChangesCommand(program, deps);
  addLostCommand(program, deps);
  addPlacesCommand(program, deps);
  addKeyCommand(program, deps);
  addAuditCommand(program, deps);
  addOpenApiCommand(program, deps);
  return program;
}

/** Runs a command line (without the program's own name); the exit code goes to `deps.setExitCode`. */
export async function runProgram(program: Command, words: readonly string[], deps: CliDeps): Promise<void> {
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    // Help and version that were asked for end the program too, with 0; everything else is a wrong command line.
    deps.setExitCode(thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
  }
}

function helpWidth({ out }: CliDeps): { helpWidth?: number } {
  return out.columns === undefined ? {} : { helpWidth: Math.min(out.columns, 120) };
}
