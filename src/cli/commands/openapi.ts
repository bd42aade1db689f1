import type { Command } from 'commander';
import { openApiDocument, operations } from '../../http/index.ts';
import type { CliDeps } from '../deps.ts';
import { exitCodes } from '../errors.ts';
import { writeJson } from '../output.ts';

/** Adds `firstline openapi`: the API document, without a server. */
export function addOpenApiCommand(program: Command, deps: CliDeps): void {
  program
    .command('openapi')
    .description('print the OpenAPI document of the REST API')
    .action(() => {
      writeJson(deps, openApiDocument(operations, deps.version));
      deps.setExitCode(exitCodes.ok);
    });
}
