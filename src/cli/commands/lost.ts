import { type Command, Option } from 'commander';
import { wallMs } from '../../base/index.ts';
import type { CivicAddress } from '../../location/index.ts';
import { civicAddress } from '../../location/index.ts';
import type { LostLocation, LostRequest } from '../../lost/index.ts';
import { lostMoment } from '../../lost/index.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodes } from '../errors.ts';
import { askLost, type LostTarget } from '../lost-client.ts';
import { colorsFor, fail } from '../output.ts';
import { civicElements, degrees } from '../place-options.ts';
import { lostAnswerText } from '../render/lost-answer.ts';
import { defaultUrl } from '../session.ts';

interface LostOptions extends LostTarget {
  readonly url?: string;
  readonly lostUrl?: string;
  readonly xml?: boolean;
}

interface FindOptions extends LostOptions {
  readonly civic?: Readonly<Record<string, string>>;
  readonly service: string;
  readonly validate?: boolean;
  readonly boundary?: boolean;
  readonly iterative?: boolean;
  readonly asOf?: string;
}

interface Place {
  readonly lat: number | undefined;
  readonly lon: number | undefined;
}

/** Adds `firstline lost`: a LoST client (RFC 5222) for this server or any other. */
export function addLostCommand(program: Command, deps: CliDeps): void {
  const lost = program.command('lost').description('ask a LoST server: this one, or any other');
  withTarget(lost.command('find'))
    .description('ask who serves a place')
    .argument('[lat]', 'degrees north', degrees(90))
    .argument('[lon]', 'degrees east', degrees(180))
    .option('--civic <elements>', 'civic address, such as country=US,A1=TX,A2=Harris', civicElements)
    .option('--service <urn>', 'service URN', 'urn:service:sos')
    .option('--validate', 'say which elements of the address are valid; asks the LVF')
    .option('--boundary', 'ask for the boundary by value')
    .option('--iterative', 'be redirected to other servers in place of having them asked')
    .option('--as-of <moment>', 'the moment that the answer shall hold for, such as 2026-01-31T08:00:00Z')
    .action(async (lat: number | undefined, lon: number | undefined, _options: unknown, command: Command) => {
      deps.setExitCode(await find(deps, { lat, lon }, command.optsWithGlobals<FindOptions>()));
    });
  withTarget(lost.command('services'))
    .description('list services, at a place where one is given')
    .argument('[lat]', 'degrees north', degrees(90))
    .argument('[lon]', 'degrees east', degrees(180))
    .option('--civic <elements>', 'civic address', civicElements)
    .option('--service <urn>', 'the service whose immediate children are meant; the top ones where absent')
    .action(async (lat: number | undefined, lon: number | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<
        LostOptions & { civic?: Record<string, string>; service?: string }
      >();
      deps.setExitCode(await services(deps, { lat, lon }, options));
    });
  withTarget(lost.command('boundary'))
    .description('fetch a boundary by the key of a reference')
    .argument('<key>', 'key')
    .action(async (key: string, _options: unknown, command: Command) => {
      const request = { kind: 'getServiceBoundary', key } as const;
      deps.setExitCode(await ask(deps, request, command.optsWithGlobals<LostOptions>(), '/lost'));
    });
}

function withTarget(command: Command): Command {
  return command
    .option('--lost-url <url>', 'URI of the LoST server; /lost (or /lvf) of --url where absent')
    .addOption(
      new Option('--server <name>', 'name of the LoST server, whose URI the DNS tells (U-NAPTR)').conflicts(
        'lostUrl',
      ),
    )
    .option('--ca <file>', "who signs the server's certificate (PEM); the system's authorities where absent")
    .option('--cert <file>', 'certificate to show (PEM)')
    .option('--cert-key <file>', 'its key (PEM)')
    .option('--token <text>', 'bearer token to show, over TLS alone')
    .option('--timeout <seconds>', 'longest wait', Number, 10)
    .option('--xml', 'print the answer as it came');
}

async function find(deps: CliDeps, place: Place, options: FindOptions): Promise<number> {
  const location = locationOf(place, options.civic);
  if (location === undefined) return fail(deps, onePlace);
  const at = options.asOf === undefined ? undefined : Date.parse(options.asOf);
  if (Number.isNaN(at)) return fail(deps, { code: 'cli.usage', message: `no moment: ${options.asOf}` });
  const request: LostRequest = {
    kind: 'findService',
    locations: [location],
    service: options.service,
    isRecursive: options.iterative !== true,
    validatesLocation: options.validate === true,
    serviceBoundary: options.boundary === true ? 'value' : 'reference',
    additionalLocation: options.validate === true ? 'similar' : undefined,
    path: [],
    asOf: at === undefined ? undefined : lostMoment(wallMs(at)),
  };
  return await ask(deps, request, options, options.validate === true ? '/lvf' : '/lost');
}

async function services(
  deps: CliDeps,
  place: Place,
  options: LostOptions & { readonly civic?: Readonly<Record<string, string>>; readonly service?: string },
): Promise<number> {
  const isEverywhere = place.lat === undefined && options.civic === undefined;
  const { service } = options;
  if (isEverywhere) return await ask(deps, { kind: 'listServices', service, path: [] }, options, '/lost');
  const location = locationOf(place, options.civic);
  if (location === undefined) return fail(deps, onePlace);
  const request: LostRequest = {
    kind: 'listServicesByLocation',
    locations: [location],
    service,
    isRecursive: true,
    path: [],
    serviceListBoundary: 'value',
  };
  return await ask(deps, request, options, '/lost');
}

async function ask(
  deps: CliDeps,
  request: LostRequest,
  options: LostOptions,
  path: '/lost' | '/lvf',
): Promise<number> {
  const base = options.url ?? deps.environment['FIRSTLINE_URL'] ?? defaultUrl;
  const uri = options.lostUrl ?? `${base.replace(/\/+$/, '')}${path}`;
  const answer = await askLost(request, { ...options, uri, isValidation: path === '/lvf' });
  if (!answer.ok) return fail(deps, answer.error);
  if (options.xml === true) deps.out.write(`${answer.value.xml.trimEnd()}\n`);
  else deps.out.write(lostAnswerText(answer.value.answer, colorsFor(deps.out, deps)));
  return answer.value.answer.kind === 'errors' ? exitCodes.failed : exitCodes.ok;
}

const onePlace: CliError = {
  code: 'cli.usage',
  message: 'give one place: latitude and longitude, or --civic',
};

function locationOf(
  { lat, lon }: Place,
  civic: Readonly<Record<string, string>> | undefined,
): LostLocation | undefined {
  const isPoint = lat !== undefined && lon !== undefined;
  if (isPoint === (civic !== undefined) || (lat === undefined) !== (lon === undefined)) return undefined;
  if (isPoint) {
    const shape = { kind: 'point', position: { lon, lat } } as const;
    return { id: 'place', profile: 'geodetic-2d', value: { kind: 'geodetic', shape } };
  }
  const address: CivicAddress | undefined = civicAddress(civic ?? {});
  return address && { id: 'place', profile: 'civic', value: { kind: 'civic', civic: address } };
}
