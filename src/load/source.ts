import { join, relative } from 'node:path';
import { readCrs } from './crs.ts';
import { geoJsonRows } from './geojson.ts';
import { openGeoPackage } from './geopackage.ts';
import type { GisLimits } from './limits.ts';
import type { Ogr } from './ogr.ts';
import { shapefileRows } from './shapefile.ts';
import { sniff, sniffedBytes } from './sniff.ts';
import { SourceFault } from './source-fault.ts';
import type { Spool } from './spool.ts';
import { gunzipped, peek } from './streams.ts';
import type { Refusal, SourceLayer } from './types.ts';
import { openZip, type Zip } from './zip.ts';
import { type FileGroup, groupMembers } from './zip-groups.ts';

/** What reading a source needs of its surroundings. */
export interface SourceContext {
  readonly limits: GisLimits;
  readonly ogr: Ogr;
  /** The folder for what has to be a file; made when it is first asked for. */
  spool(): Promise<Spool>;
}

/** A layer of a source, or why a file of it cannot be read. */
export type SourcePart =
  /** `isLone`: the source is this layer alone, and says nothing of others. */
  | { readonly kind: 'layer'; readonly layer: SourceLayer; readonly isLone: boolean }
  | { readonly kind: 'refused'; readonly label: string | undefined; readonly refusal: Refusal };

/** A file that comes as a stream. */
interface SourceFile {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Its path in a zip file, or the name that its sender gives it. */
  readonly name: string | undefined;
  /** What reports call it; undefined where it is the whole source. */
  readonly label: string | undefined;
  readonly isLone: boolean;
  /** How many archives it lies in. */
  readonly depth: number;
}

/** An archive may lie in one other, as when zipped shapefiles are sent together. */
const depthMax = 2;

/**
 * The layers of a source, whatever its format, one after the other; each has to be read before the next is asked for. Formats
 * are told by content. Never throws for what it reads, SourceFault apart.
 */
export async function* sourceLayers(
  chunks: AsyncIterable<Uint8Array>,
  name: string | undefined,
  context: SourceContext,
): AsyncGenerator<SourcePart, void, undefined> {
  yield* fileLayers({ chunks, name, label: undefined, isLone: true, depth: 0 }, context);
}

async function* fileLayers(
  file: SourceFile,
  context: SourceContext,
): AsyncGenerator<SourcePart, void, undefined> {
  const { limits } = context;
  const peeked = await peek(file.chunks, sniffedBytes);
  const rest: SourceFile = { ...file, chunks: peeked.chunks };
  const format = sniff(peeked.head);
  switch (format) {
    case 'empty':
    case 'json':
      yield geoJsonLayer(rest, limits);
      return;
    case 'gzip': {
      if (file.depth >= depthMax) {
        yield refusedFile(file, tooDeep);
        return;
      }
      const inside = gunzipped(peeked.chunks, limits.unpackedBytesMax);
      const plainName = file.name?.replace(/\.gz$/i, '');
      yield* fileLayers({ ...rest, chunks: inside, name: plainName, depth: file.depth + 1 }, context);
      return;
    }
    case 'zip':
      if (file.depth >= depthMax) yield refusedFile(file, tooDeep);
      else yield* spooled(rest, context, (path) => zipLayers(path, rest, context));
      return;
    case 'sqlite':
      yield* spooled(rest, context, (path) => gpkgLayers(path, file, limits));
      return;
    case 'shapefile':
      yield refusedFile(file, loneShp);
      return;
    case 'foreign':
    case 'unknown':
      yield* foreignLayers(rest, format, context);
      return;
  }
}

const tooDeep: Refusal = {
  code: 'load.zipUnsafe',
  reason: 'an archive lies in an archive in an archive; pack its files into one',
};

const loneShp: Refusal = {
  code: 'load.shapefileIncomplete',
  reason: 'a .shp file is a part of a shapefile; send it in a zip file with its .dbf, .prj and .cpg',
};

function refusedFile({ label }: SourceFile, refusal: Refusal): SourcePart {
  return { kind: 'refused', label, refusal };
}

function geoJsonLayer(file: SourceFile, limits: GisLimits): SourcePart {
  const layer: SourceLayer = {
    label: file.label,
    name: layerNameOf(file.name),
    isTable: false,
    rows: () => geoJsonRows(file.chunks, limits),
  };
  return { kind: 'layer', layer, isLone: file.isLone };
}

/** Writes a file to disk and reads the layers of it there. */
async function* spooled(
  file: SourceFile,
  context: SourceContext,
  layers: (path: string) => AsyncIterable<SourcePart>,
  name?: string,
): AsyncGenerator<SourcePart, void, undefined> {
  const spool = await context.spool();
  const written = await spool.write(file.chunks, name);
  if (written.kind === 'refused') yield refusedFile(file, written.refusal);
  else yield* layers(written.path);
}

async function* gpkgLayers(
  path: string,
  file: Pick<SourceFile, 'label'>,
  limits: GisLimits,
): AsyncGenerator<SourcePart, void, undefined> {
  const opened = openGeoPackage(path, file.label, {
    valueBytesMax: limits.featureBytesMax,
    layersMax: limits.layersMax,
  });
  if (!opened.ok) {
    yield { kind: 'refused', label: file.label, refusal: opened.error };
    return;
  }
  try {
    for (const layer of opened.value.layers) yield { kind: 'layer', layer, isLone: false };
  } finally {
    opened.value.close();
  }
}

/** What is in none of our formats goes to ogr2ogr; without it, what nobody knows is told so. */
async function* foreignLayers(
  file: SourceFile,
  format: 'foreign' | 'unknown',
  context: SourceContext,
): AsyncGenerator<SourcePart, void, undefined> {
  if (format === 'unknown' && (await context.ogr.version()) === undefined) {
    yield refusedFile(file, {
      code: 'load.formatUnknown',
      reason:
        'the file is no GeoJSON, GeoJSON sequence, GeoPackage, or zip file of these or of a shapefile; other formats are read ' +
        "through GDAL's ogr2ogr, which is not installed on the server",
    });
    return;
  }
  const spool = await context.spool();
  const ending = /\.[a-z0-9]{1,8}$/i.exec(file.name ?? '')?.[0] ?? '';
  const folder = await spool.folderFor('file');
  const written = await spool.write(file.chunks, join(relative(spool.folder, folder), `source${ending}`));
  if (written.kind === 'refused') yield refusedFile(file, written.refusal);
  else yield* convertedLayers(written.path, file, context);
}

async function* convertedLayers(
  path: string,
  file: Pick<SourceFile, 'label'>,
  context: SourceContext,
): AsyncGenerator<SourcePart, void, undefined> {
  const spool = await context.spool();
  const converted = await context.ogr.convert(path, await spool.folderFor('converted'));
  if (!converted.ok) yield { kind: 'refused', label: file.label, refusal: converted.error };
  else yield* gpkgLayers(converted.value, file, context.limits);
}

async function* zipLayers(
  path: string,
  file: SourceFile,
  context: SourceContext,
): AsyncGenerator<SourcePart, void, undefined> {
  const opened = await openZip(path, context.limits);
  if (!opened.ok) {
    yield refusedFile(file, opened.error);
    return;
  }
  const zip = opened.value;
  try {
    const groups = groupMembers(zip.members);
    if (groups.length === 0) yield refusedFile(file, nothingInside(zip));
    for (const group of groups) {
      const isLone = file.isLone && groups.length === 1;
      yield* groupLayers(group, { ...file, isLone }, context);
    }
  } finally {
    zip.close();
  }
}

function nothingInside(zip: Zip): Refusal {
  const names = zip.members.slice(0, 3).map(({ path }) => path.replace(/[^\x20-\x7e]/g, '?').slice(0, 60));
  const found = names.length === 0 ? 'it is empty' : `it has ${names.join(', ')}`;
  return { code: 'load.formatUnknown', reason: `the zip file holds nothing that is read here: ${found}` };
}

async function* groupLayers(
  group: FileGroup,
  file: SourceFile,
  context: SourceContext,
): AsyncGenerator<SourcePart, void, undefined> {
  const label = file.label === undefined ? group.path : `${file.label}/${group.path}`;
  switch (group.kind) {
    case 'file': {
      const inner = { chunks: group.member.read(), name: group.path, label, isLone: file.isLone };
      yield* fileLayers({ ...inner, depth: file.depth + 1 }, context);
      return;
    }
    case 'shapefile':
      yield await shapefilePart(group, label, context.limits);
      return;
    case 'folder': {
      const spool = await context.spool();
      const outer = await spool.folderFor('unpacked');
      // GDAL knows a File Geodatabase by the ending of its folder.
      const folder = group.main === undefined ? join(outer, 'data.gdb') : outer;
      let main: string | undefined;
      for (const { name, member } of group.members) {
        const written = await spool.write(member.read(), join(relative(spool.folder, folder), name));
        if (written.kind === 'refused') {
          yield { kind: 'refused', label, refusal: written.refusal };
          return;
        }
        if (name === group.main) main = written.path;
      }
      yield* convertedLayers(main ?? folder, { label }, context);
      return;
    }
  }
}

async function shapefilePart(
  group: Extract<FileGroup, { kind: 'shapefile' }>,
  label: string,
  limits: GisLimits,
): Promise<SourcePart> {
  const { shp, dbf, prj, cpg } = group;
  if (shp === undefined || dbf === undefined) {
    const missing = dbf === undefined ? '.dbf' : '.shp';
    const reason = `the shapefile has no ${missing} file; pack all of its files into the zip file`;
    return { kind: 'refused', label, refusal: { code: 'load.shapefileIncomplete', reason } };
  }
  const [definition, codePage] = await Promise.all([smallText(prj), smallText(cpg)]);
  const layer: SourceLayer = {
    label,
    name: layerNameOf(group.path),
    isTable: true,
    rows: () =>
      shapefileRows(
        {
          shp: shp.read(),
          dbf: dbf.read(),
          codePage,
          crs: definition === undefined ? { kind: 'missing' } : readCrs(definition),
        },
        limits.featureBytesMax,
      ),
  };
  return { kind: 'layer', layer, isLone: false };
}

const smallTextMax = 65_536;

async function smallText(
  member: { readonly sizeBytes: number; read(): AsyncIterable<Uint8Array> } | undefined,
) {
  if (member === undefined) return undefined;
  if (member.sizeBytes > smallTextMax) {
    const reason = `a .prj or .cpg file has ${member.sizeBytes} bytes; it is a short text`;
    throw new SourceFault({ code: 'load.shapefileBroken', reason });
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of member.read()) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}

/** A file's name without folders and endings: `data/PsapPolygon.geojson.gz` is `PsapPolygon`. */
function layerNameOf(path: string | undefined): string | undefined {
  const name = path
    ?.split(/[/\\]/)
    .at(-1)
    ?.replace(/(?:\.[a-z0-9]{1,12}){1,2}$/i, '');
  return name === '' ? undefined : name;
}
