import type { Command } from 'commander';
import type { WireBoundaryPage } from '../../http/index.ts';
import type { CliDeps } from '../deps.ts';
import { exitCodes } from '../errors.ts';
import { colorsFor, fail, fields, printable, table, writeJson } from '../output.ts';
import { wholeNumber } from '../place-options.ts';
import { openSession, type ServerOptions } from '../session.ts';

interface BoundariesOptions extends ServerOptions {
  readonly limit: number;
  readonly after?: string;
  readonly dataset?: number;
  readonly find?: string;
  readonly json?: boolean;
}

/** Adds `firstline boundaries`: the boundaries of a dataset, or one of them. */
export function addBoundariesCommand(program: Command, deps: CliDeps): void {
  program
    .command('boundaries')
    .description('list service boundaries, or show one')
    .argument('[id]', 'id of a boundary (NGUID)')
    .option('--limit <count>', 'boundaries to list', wholeNumber(1, 1_000), 50)
    .option('--after <id>', 'boundaries after this id')
    .option(
      '--dataset <id>',
      'number of a dataset; the active one where absent',
      wholeNumber(1, 2_147_483_647),
    )
    .option('--find <text>', 'text in id, display name or area name')
    .option('--json', 'print GeoJSON, with geometry')
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<BoundariesOptions>();
      deps.setExitCode(
        await (id === undefined ? listBoundaries(deps, options) : showBoundary(deps, id, options)),
      );
    });
}

async function listBoundaries(deps: CliDeps, options: BoundariesOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const page = await session.value.client.boundaries({
    limit: options.limit,
    after: options.after,
    datasetId: options.dataset,
    q: options.find,
    geometry: options.json === true,
  });
  if (!page.ok) return fail(deps, page.error);
  if (options.json === true) {
    writeJson(deps, page.value);
    return exitCodes.ok;
  }
  if (page.value.features.length === 0) deps.err.write('no boundaries\n');
  else deps.out.write(boundaryTable(page.value, deps));
  if (page.value.next !== undefined)
    deps.err.write(`more: firstline boundaries --after ${page.value.next}\n`);
  return exitCodes.ok;
}

function boundaryTable({ features }: WireBoundaryPage, deps: CliDeps): string {
  return table(
    features,
    [
      { title: 'ID', text: ({ id }) => id },
      { title: 'NAME', text: ({ properties }) => properties.DsplayName },
      { title: 'SERVICE', text: ({ properties }) => properties.ServiceURN },
      { title: 'URI', text: ({ properties }) => properties.ServiceURI },
    ],
    { isTerminal: deps.out.isTTY === true, colors: colorsFor(deps.out, deps) },
  );
}

async function showBoundary(deps: CliDeps, id: string, options: BoundariesOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const boundary = await session.value.client.boundary(id, { datasetId: options.dataset });
  if (!boundary.ok) return fail(deps, boundary.error);
  if (options.json === true) {
    writeJson(deps, boundary.value);
    return exitCodes.ok;
  }
  const { properties, geometry } = boundary.value;
  const rows = Object.entries(properties).map(([name, value]) => [name, printable(String(value))] as const);
  const polygons = geometry?.coordinates ?? [];
  const vertexCount = polygons.flat().reduce((sum, ring) => sum + ring.length, 0);
  const shape = `${polygons.length} polygon(s), ${vertexCount.toLocaleString('en')} positions`;
  deps.out.write(fields([...rows, ['geometry', shape]], colorsFor(deps.out, deps)));
  return exitCodes.ok;
}
