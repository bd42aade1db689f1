import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { err, errorText, type Result } from '../../base/index.ts';
import type { WireCivicValidation } from '../../http/index.ts';
import type { ApiClient } from '../api-client.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodes } from '../errors.ts';
import { type Colors, colorsFor, fail, fields, printable, writeJson } from '../output.ts';
import { civicElements, wholeNumber } from '../place-options.ts';
import { openSession, type ServerOptions } from '../session.ts';

interface ValidateOptions extends ServerOptions {
  readonly pidf?: string;
  readonly dataset?: number;
  readonly asOf?: string;
  readonly similar: number;
  readonly json?: boolean;
}

/** Adds `firstline validate`: is this an address of the data. */
export function addValidateCommand(program: Command, deps: CliDeps): void {
  program
    .command('validate')
    .description('check whether a civic address is in the data, element by element')
    .argument('[elements]', 'such as country=US,A1=TX,A3=Houston,RD=Main,STS=St,HNO=1001', (text: string) =>
      civicElements(text),
    )
    .option('--pidf <file>', 'location document (PIDF-LO), whose first civic address is checked')
    .option(
      '--dataset <id>',
      'number of the dataset instead of the active one',
      wholeNumber(1, 2_147_483_647),
    )
    .option('--as-of <moment>', 'the moment whose rows count, such as 2026-01-31T08:00:00Z')
    .option('--similar <count>', 'similar addresses that are listed at most', wholeNumber(0, 20), 3)
    .option('--json', 'print the answer as JSON')
    .action(
      async (
        civic: Readonly<Record<string, string>> | undefined,
        _options: unknown,
        command: Command,
      ): Promise<void> => {
        deps.setExitCode(await validate(deps, civic, command.optsWithGlobals<ValidateOptions>()));
      },
    );
}

async function validate(
  deps: CliDeps,
  civic: Readonly<Record<string, string>> | undefined,
  options: ValidateOptions,
): Promise<number> {
  if ((civic === undefined) === (options.pidf === undefined)) {
    return fail(deps, { code: 'cli.usage', message: 'give one address: its elements, or --pidf' });
  }
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const answer = await ask(deps, session.value.client, civic, options);
  if (!answer.ok) return fail(deps, answer.error);
  if (options.json === true) writeJson(deps, answer.value);
  else deps.out.write(validationText(answer.value, colorsFor(deps.out, deps)));
  return exitCodes.ok;
}

async function ask(
  deps: CliDeps,
  client: ApiClient,
  civic: Readonly<Record<string, string>> | undefined,
  { pidf, dataset, asOf, similar }: ValidateOptions,
): Promise<Result<WireCivicValidation, CliError>> {
  const common = { asOf, dataset, similar };
  if (pidf === undefined) return await client.validate({ civic, ...common });
  try {
    return await client.validateDocument(new Uint8Array(readFileSync(resolve(deps.cwd, pidf))), common);
  } catch (thrown) {
    return err({ code: 'cli.usage', message: `cannot read the document: ${errorText(thrown)}` });
  }
}

function validationText(validation: WireCivicValidation, colors: Colors): string {
  const { valid, invalid, unchecked, layer, featureId, position, similar, changesAt } = validation;
  const head =
    invalid.length > 0
      ? colors.red(colors.bold('not valid'))
      : unchecked.length > 0
        ? colors.yellow(colors.bold('valid as far as it was checked'))
        : colors.green(colors.bold('valid'));
  const row = layer === undefined ? undefined : `${layer} ${featureId ?? ''}`.trim();
  const place = position === undefined ? undefined : `${position.lat}, ${position.lon}`;
  return `${head}\n${fields(
    [
      ['valid', printable(valid.join(' '))],
      ['invalid', printable(invalid.join(' '))],
      ['unchecked', printable(unchecked.join(' '))],
      ['row', row === undefined ? undefined : printable(row)],
      ['position', place],
      ['changes', changesAt],
      ['dataset', String(validation.datasetId)],
      ...similar.map((each): [string, string] => [
        'similar',
        printable(
          Object.entries(each)
            .map(([name, value]) => `${name}=${value}`)
            .join(', '),
        ),
      ]),
    ],
    colors,
  )}`;
}
