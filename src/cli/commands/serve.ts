import type { Command } from 'commander';
import type { CliDeps } from '../deps.ts';

/** Adds `firstline serve`: runs the server until SIGTERM or SIGINT. */
export function addServeCommand(program: Command, deps: CliDeps): void {
  program
    .command('serve')
    .description('run the server')
    .option('-c, --config <file>', 'configuration file (firstline.yaml where it exists)')
    .action(async (options: { config?: string }) => {
      // Only here: the other commands start several times as fast without the server's modules.
      const { serve } = await import('../../serve.ts');
      deps.setExitCode(await serve(options.config));
    });
}
