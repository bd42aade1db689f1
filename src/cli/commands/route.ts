import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { errorText, type Result } from '../../base/index.ts';
import type { WireRouteAnswer } from '../../http/index.ts';
import type { ApiClient } from '../api-client.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodes } from '../errors.ts';
import { colorsFor, fail, writeJson } from '../output.ts';
import { civicElements, degrees } from '../place-options.ts';
import { routeAnswerText } from '../render/route-answer.ts';
import { openSession, type ServerOptions } from '../session.ts';

interface RouteOptions extends ServerOptions {
  readonly civic?: Readonly<Record<string, string>>;
  readonly pidf?: string;
  readonly service?: string;
  readonly asOf?: string;
  readonly json?: boolean;
}

/** Adds `firstline route`: where would a call go, and why. */
export function addRouteCommand(program: Command, deps: CliDeps): void {
  program
    .command('route')
    .description('ask where a call would go, and why')
    .argument('[lat]', 'degrees north', degrees(90))
    .argument('[lon]', 'degrees east', degrees(180))
    .option('--civic <elements>', 'civic address, such as country=US,A1=TX,A2=Harris', civicElements)
    .option('--pidf <file>', 'location document (PIDF-LO), read as the body of a call is')
    .option('--service <urn>', 'service URN', 'urn:service:sos')
    .option('--as-of <moment>', 'the moment whose boundaries count, such as 2026-01-31T08:00:00Z')
    .option('--json', 'print the answer as JSON')
    .action(async (lat: number | undefined, lon: number | undefined, _options: unknown, command: Command) => {
      deps.setExitCode(await route(deps, { lat, lon }, command.optsWithGlobals<RouteOptions>()));
    });
}

interface Point {
  readonly lat: number | undefined;
  readonly lon: number | undefined;
}

async function route(deps: CliDeps, point: Point, options: RouteOptions): Promise<number> {
  const ways = [point.lat !== undefined, options.civic !== undefined, options.pidf !== undefined];
  if (ways.filter(Boolean).length !== 1 || (point.lat === undefined) !== (point.lon === undefined)) {
    return fail(deps, {
      code: 'cli.usage',
      message: 'give one place: latitude and longitude, or --civic, or --pidf',
    });
  }
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const answer = await ask(deps, session.value.client, point, options);
  if (!answer.ok) return fail(deps, answer.error);
  if (options.json === true) writeJson(deps, answer.value);
  else deps.out.write(routeAnswerText(answer.value, colorsFor(deps.out, deps)));
  return exitCodes.ok;
}

async function ask(
  deps: CliDeps,
  client: ApiClient,
  point: Point,
  options: RouteOptions,
): Promise<Result<WireRouteAnswer, CliError>> {
  const common = { service: options.service, asOf: options.asOf };
  if (options.pidf === undefined) return await client.route({ ...point, ...options.civic, ...common });
  try {
    const document = readFileSync(resolve(deps.cwd, options.pidf));
    return await client.routeByDocument(new Uint8Array(document), common);
  } catch (thrown) {
    return {
      ok: false,
      error: { code: 'cli.usage', message: `cannot read the document: ${errorText(thrown)}` },
    };
  }
}
