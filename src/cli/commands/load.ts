import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { err, errorText, ok, type Result } from '../../base/index.ts';
import type { WireFeatureNote, WireLoadAnswer } from '../../http/index.ts';
import type { ApiClient } from '../api-client.ts';
import type { CliDeps } from '../deps.ts';
import { type CliError, exitCodeOf, exitCodes } from '../errors.ts';
import { colorsFor, fail, printable, table, writeJson } from '../output.ts';
import { previewText } from '../render/gis-preview.ts';
import { openSession, type ServerOptions } from '../session.ts';
import { openGisUpload } from '../upload.ts';
import { checkDataset, isActivatable, reportText, wholeNumber } from './check.ts';
import { activeText } from './datasets.ts';

interface LoadOptions extends ServerOptions {
  readonly name?: string;
  readonly service?: string;
  readonly layer?: string;
  readonly crs?: string;
  readonly mapping?: string;
  readonly base?: string;
  readonly preview?: boolean;
  readonly rows: number;
  readonly activate?: boolean;
  readonly unchecked?: boolean;
  readonly repair?: boolean;
  readonly json?: boolean;
}

/** Adds `firstline load`: files of GIS layers become a dataset, or every feature that is refused is named. */
export function addLoadCommand(program: Command, deps: CliDeps): void {
  program
    .command('load')
    .description(
      'load GIS files as a new dataset: GeoJSON, GeoJSON sequences, shapefiles, GeoPackages, zip files of these, gzip too; ' +
        'File Geodatabases and other formats where the server has ogr2ogr. Several files are one load',
    )
    .argument('<files...>', 'files; of a shapefile its .shp, of a File Geodatabase its folder')
    .option('--name <name>', "name of the dataset; the file's name where absent")
    .option('--mapping <file>', 'mapping file for data that is not named as NENA names it')
    .option('--layer <layer>', 'the layer of files that say none: PsapPolygon, RoadCenterLine ...')
    .option('--crs <crs>', 'coordinate reference system in place of what the files say: EPSG:2278')
    .option('--service <urn>', 'service URN of features that name none')
    .option('--base <dataset>', 'dataset whose layers are taken over where the files have none of theirs')
    .option('--preview', 'show the first rows as they would load, and load nothing')
    .option('--rows <count>', 'rows of each layer that a preview reads, up to 100', wholeNumber, 10)
    .option('--activate', 'check the dataset, and make it the active one where there is no error')
    .option('--unchecked', 'with --activate: make it the active one whatever checks would say')
    .option('--repair', 'make invalid geometry valid instead of refusing it')
    .option('--json', 'print JSON')
    .action(async (files: readonly string[], _options: unknown, command: Command) => {
      deps.setExitCode(await load(deps, files, command.optsWithGlobals<LoadOptions>()));
    });
}

async function load(deps: CliDeps, files: readonly string[], options: LoadOptions): Promise<number> {
  const session = openSession(deps, options);
  if (!session.ok) return fail(deps, session.error);
  const mapping = readMapping(deps, options.mapping);
  if (!mapping.ok) return fail(deps, mapping.error);
  const upload = openGisUpload(deps, files, mapping.value);
  if (!upload.ok) return fail(deps, upload.error);
  const { source, body, contentType, progress } = upload.value;
  const { client } = session.value;
  const { service, layer, crs } = options;
  const reading = { source, service, layer, crs };
  if (options.preview === true) {
    const preview = await client.preview(body, { ...reading, rows: options.rows }, contentType);
    progress.end();
    if (!preview.ok) return fail(deps, preview.error);
    if (options.json === true) writeJson(deps, preview.value);
    else deps.out.write(previewText(preview.value, deps));
    return preview.value.refused.length > 0 ? exitCodes.failed : exitCodes.ok;
  }
  const key = randomUUID();
  const query = {
    ...reading,
    key,
    name: options.name ?? nameOf(source),
    base: options.base,
    invalidGeometry: options.repair === true ? 'repair' : 'refuse',
  };
  const loading = client.load(body, query, contentType);
  if (deps.err.isTTY === true) await showProgress(client, key, loading, progress.show.bind(progress));
  const answer = await loading;
  progress.end();
  if (!answer.ok) return refused(deps, answer.error, options);
  return await loaded(deps, client, answer.value, options);
}

const pollMs = 500;
/** What a load does, in words. */
const phases = { reading: 'storing', checking: 'checking shapes', indexing: 'indexing' } as const;

/** Shows how far the server is until it has answered. */
async function showProgress(
  client: ApiClient,
  key: string,
  loading: Promise<unknown>,
  show: (step: string) => void,
): Promise<void> {
  let isOver = false;
  const over = loading.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await Promise.race([over, pause(pollMs)]);
    const loads = isOver ? undefined : await client.loads();
    const own = loads?.ok === true ? loads.value.items.find((load) => load.key === key) : undefined;
    if (own?.phase === undefined) continue;
    const total = own.total === undefined ? '' : ` of ${own.total.toLocaleString('en')}`;
    show(`${phases[own.phase]} ${(own.done ?? 0).toLocaleString('en')}${total}`);
  }
}

function readMapping(deps: CliDeps, file: string | undefined): Result<string | undefined, CliError> {
  if (file === undefined) return ok(undefined);
  try {
    const text = readFileSync(resolve(deps.cwd, file), 'utf8');
    JSON.parse(text.replace(/^\ufeff/, ''));
    return ok(text);
  } catch (thrown) {
    return err({ code: 'cli.usage', message: `cannot read the mapping file: ${errorText(thrown)}` });
  }
}

/** A file's name without its endings; a dataset's name has at most 100 characters. */
function nameOf(source: string): string {
  return source.replace(/(?:\.[a-z0-9]{1,12}){1,2}$/i, '').slice(0, 100) || source.slice(0, 100);
}

async function loaded(
  deps: CliDeps,
  client: ApiClient,
  answer: WireLoadAnswer,
  options: LoadOptions,
): Promise<number> {
  const isText = options.json !== true;
  if (isText) deps.out.write(loadedText(deps, answer));
  if (options.activate !== true) {
    if (isText) {
      deps.out.write(
        `It does not answer lookups yet; make it the active one: firstline activate ${answer.dataset.id}\n`,
      );
    } else writeJson(deps, answer);
    return exitCodes.ok;
  }
  const id = String(answer.dataset.id);
  const colors = colorsFor(deps.out, deps);
  const isUnchecked = options.unchecked === true;
  if (!isUnchecked) {
    const report = await checkDataset(deps, client, id, {});
    if (!report.ok) return fail(deps, report.error);
    if (isText) deps.out.write(reportText(report.value, colors));
    const activatable = isActivatable(report.value);
    if (!activatable.ok) {
      if (!isText) writeJson(deps, { ...answer, check: report.value });
      return fail(deps, activatable.error);
    }
  }
  const active = await client.activate(id, isUnchecked ? { unchecked: true } : {});
  if (!active.ok) return fail(deps, active.error);
  if (isText) deps.out.write(activeText(active.value, colors));
  else writeJson(deps, { ...answer, dataset: active.value });
  return exitCodes.ok;
}

/** Names of layers in a count, beside service boundaries. */
const layerWords = {
  provisioningBoundary: 'provisioning boundaries',
  adminArea: 'areas',
  roadCentreLine: 'road segments',
  addressPoint: 'address points',
} as const;

function loadedText(deps: CliDeps, { dataset, repaired, repairedCount }: WireLoadAnswer): string {
  const colors = colorsFor(deps.out, deps);
  const counts = Object.entries(layerWords).flatMap(([layer, word]) => {
    const count = dataset.layerCounts[layer as keyof typeof layerWords];
    return count === 0 ? [] : [`, ${count.toLocaleString('en')} ${word}`];
  });
  const boundaries = `${dataset.boundaryCount.toLocaleString('en')} boundaries`;
  const head = `${colors.green('loaded')}: dataset ${dataset.id} "${printable(dataset.name)}", ${boundaries}${counts.join('')}\n`;
  if (repairedCount === 0) return head;
  return `${head}${colors.yellow(`repaired: ${repairedCount}`)}\n${notesTable(deps, deps.out, repaired, repairedCount)}`;
}

function refused(deps: CliDeps, error: CliError, options: LoadOptions): number {
  const notes = error.problem?.['refused'];
  if (error.code !== 'cli.refused' || !Array.isArray(notes)) return fail(deps, error);
  if (options.json === true) {
    writeJson(deps, error.problem);
    return exitCodeOf(error.code);
  }
  const count = Number(error.problem?.['refusedCount'] ?? notes.length);
  deps.err.write(notesTable(deps, deps.err, notes as readonly WireFeatureNote[], count));
  return fail(deps, error);
}

/** Features and what is wrong with each, in the order of the source. */
function notesTable(
  deps: CliDeps,
  stream: CliDeps['out'],
  notes: readonly WireFeatureNote[],
  count: number,
): string {
  const colors = colorsFor(stream, deps);
  const rows = table(
    notes,
    [
      { title: 'FEATURE', text: ({ ordinal }) => ordinal },
      { title: 'ID', text: ({ boundaryId }) => boundaryId },
      { title: 'LAYER', text: ({ layer }) => layer },
      { title: 'CODE', text: ({ code }) => code, paint: (cell) => colors.red(cell) },
      { title: 'WHAT', text: ({ reason }) => reason },
    ],
    { isTerminal: stream.isTTY === true, colors },
  );
  return count > notes.length ? `${rows}and ${(count - notes.length).toLocaleString('en')} more\n` : rows;
}
