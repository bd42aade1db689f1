import { type Command, InvalidArgumentError, Option } from 'commander';
import { DependencyError } from '../../base/index.ts';
import type { Logger } from '../../esrp/index.ts';
import { type CivicAddress, writePidfLo } from '../../location/index.ts';
import type { CallOutcome, LadderEntry, PlaceCallOptions } from '../../net/index.ts';
import type { CliDeps } from '../deps.ts';
import { exitCodes } from '../errors.ts';
import { colorsFor, fail, writeJson } from '../output.ts';
import { civicElements, degrees, wholeNumber } from '../place-options.ts';
import { ladderLine, outcomeText } from '../render/ladder.ts';

interface CallOptions {
  readonly lat?: number;
  readonly lon?: number;
  readonly civic?: Readonly<Record<string, string>>;
  readonly to: string;
  readonly server: { readonly host: string; readonly port: number };
  readonly transport: 'udp' | 'tcp';
  readonly hold: number;
  readonly giveUp: number;
  readonly geolocation: boolean;
  readonly json?: boolean;
}

/** Adds `firstline call`: a real SIP call against a running server. */
export function addCallCommand(program: Command, deps: CliDeps): void {
  program
    .command('call')
    .description('place a real SIP call and print its messages')
    .option('--lat <degrees>', 'latitude of the caller', degrees(90))
    .option('--lon <degrees>', 'longitude of the caller', degrees(180))
    .option(
      '--civic <elements>',
      'civic address of the caller, such as country=US,A1=TX,A2=Harris',
      civicElements,
    )
    .option('--to <uri>', 'Request-URI', 'urn:service:sos')
    .addOption(
      new Option('--server <host:port>', 'SIP address of the server')
        .argParser(hostAndPort)
        .default({ host: '127.0.0.1', port: 5060 }, '127.0.0.1:5060'),
    )
    .addOption(new Option('--transport <name>', 'transport').choices(['udp', 'tcp']).default('udp'))
    .option('--hold <ms>', 'hang up this long after the answer', wholeNumber(0, 3_600_000), 1_000)
    .option(
      '--give-up <ms>',
      'cancel when there is no answer for this long',
      wholeNumber(1, 3_600_000),
      60_000,
    )
    .option('--no-geolocation', 'leave out the Geolocation header that points at the location')
    .option('--json', 'print the outcome and the messages as JSON')
    .action(async (_options: unknown, command: Command) => {
      deps.setExitCode(await call(deps, command.opts<CallOptions>()));
    });
}

async function call(deps: CliDeps, options: CallOptions): Promise<number> {
  if ((options.lat === undefined) !== (options.lon === undefined)) {
    return fail(deps, { code: 'cli.usage', message: '--lat and --lon go together' });
  }
  const colors = colorsFor(deps.out, deps);
  const messages: LadderEntry[] = [];
  const isJson = options.json === true;
  if (options.lat === undefined && options.civic === undefined) {
    deps.err.write(
      'the call carries no location (--lat and --lon, or --civic): it will take the default route\n',
    );
  }
  try {
    const outcome = await deps.placeCall({
      ...callSettings(options),
      onMessage: (entry) => {
        messages.push(entry);
        if (!isJson) deps.out.write(ladderLine(entry, colors));
      },
    });
    if (isJson) writeJson(deps, callJson(outcome, messages));
    else deps.out.write(outcomeText(outcome, colors));
    if (outcome.isAnswered) return exitCodes.ok;
    return outcome.end.reason === 'unreachable' ? exitCodes.unavailable : exitCodes.failed;
  } catch (thrown) {
    if (!(thrown instanceof DependencyError)) throw thrown;
    const { host, port } = options.server;
    const message = `cannot call ${host} port ${port}: ${thrown.message}.\nName the server by --server host:port.`;
    return fail(deps, { code: 'cli.unreachable', message, cause: thrown });
  }
}

function callSettings(options: CallOptions): PlaceCallOptions {
  const { lat, lon, civic, server, transport } = options;
  const hasLocation = lat !== undefined || civic !== undefined;
  const pidfLo = () =>
    writePidfLo({
      entity: 'pres:caller@firstline.invalid',
      id: 'caller',
      shape: lat === undefined || lon === undefined ? undefined : { kind: 'point', position: { lon, lat } },
      civic: civic === undefined ? undefined : civicOf(civic),
      method: 'Manual',
      timestamp: new Date().toISOString(),
    });
  return {
    server: { ...server, transport },
    requestUri: options.to,
    ...(hasLocation
      ? { location: { pidfLo: Buffer.from(pidfLo()), hasGeolocationHeader: options.geolocation } }
      : {}),
    hangUpAfterMs: options.hold,
    giveUpAfterMs: options.giveUp,
    logger: quiet,
  };
}

/** What goes wrong in the call is in its outcome. */
const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function civicOf({ country, ...elements }: Readonly<Record<string, string>>): CivicAddress {
  return {
    country: country?.toUpperCase(),
    elements: new Map(Object.entries(elements)),
    language: undefined,
  };
}

function callJson(outcome: CallOutcome, messages: readonly LadderEntry[]): unknown {
  return {
    ...outcome,
    messages: messages.map(({ bytes, ...entry }) => ({ ...entry, text: bytes.toString('utf8') })),
  };
}

function hostAndPort(text: string): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? 5060);
  if (match?.[1] === undefined || port < 1 || port > 65_535) {
    throw new InvalidArgumentError('It is host:port, such as 127.0.0.1:5060 or [::1]:5060.');
  }
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}
