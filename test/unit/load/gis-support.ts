import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GisPreview, GisReading, SourceFeature } from '../../../src/esrp/index.ts';
import { createGisReader, type GisLimits } from '../../../src/load/index.ts';

const fixtures = new URL('../../fixtures/gis/', import.meta.url);

/** A fixture's bytes. */
export function fixture(name: string): Buffer {
  return readFileSync(new URL(name, fixtures));
}

/** Whether GDAL's ogr2ogr is there. */
export const hasOgr = spawnSync('ogr2ogr', ['--version']).status === 0;

/** How a test reads a source. */
export interface Given extends Partial<GisReading> {
  readonly limits?: Partial<GisLimits>;
  readonly ogr2ogr?: string;
  /** Bytes of each chunk that the source comes in. */
  readonly chunkBytes?: number;
}

/** What became of a source; `left` are the files that the reader left behind. */
export interface Read {
  readonly items: readonly SourceFeature[];
  readonly left: readonly string[];
}

/** A source as it arrives. */
export async function* arriving(bytes: Uint8Array, chunkBytes = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** Reads a source to its end. */
export async function readSource(bytes: Uint8Array | string, given: Given = {}): Promise<Read> {
  return await withReader(given, async (reader, reading) => {
    const items: SourceFeature[] = [];
    const chunks = arriving(Buffer.from(bytes), given.chunkBytes);
    for await (const item of reader.features(chunks, reading)) items.push(item);
    return items;
  }).then(({ value, left }) => ({ items: value, left }));
}

/** Previews a source. */
export async function previewSource(
  bytes: Uint8Array | string,
  given: Given & { readonly rowsMax?: number } = {},
): Promise<GisPreview & { readonly left: readonly string[] }> {
  const { value, left } = await withReader(given, (reader, reading) =>
    reader.preview(arriving(Buffer.from(bytes), given.chunkBytes), reading, given.rowsMax ?? 10),
  );
  return { ...value, left };
}

async function withReader<T>(
  { limits, ogr2ogr, chunkBytes: _size, ...reading }: Given,
  use: (reader: ReturnType<typeof createGisReader>, reading: GisReading) => Promise<T>,
): Promise<{ readonly value: T; readonly left: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'firstline-gis-'));
  const reader = createGisReader({
    uploadsFolder: join(folder, 'uploads'),
    ...(limits === undefined ? {} : { limits }),
    ...(ogr2ogr === undefined ? {} : { ogr2ogr }),
  });
  try {
    const value = await use(reader, { defaultServiceUrn: undefined, ...reading });
    const uploads = join(folder, 'uploads');
    const left = readdirSync(folder).includes('uploads') ? readdirSync(uploads) : [];
    return { value, left };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What was refused, by code and reason. */
export function refusals(items: readonly SourceFeature[]): readonly string[] {
  return items.flatMap((item) =>
    item.kind === 'refused' ? [`${item.refused.code}: ${item.refused.reason}`] : [],
  );
}

/**
 * Features without their place in the source, in the order of their ids, coordinates to a ten-millionth of a degree and rings
 * from their least corner on: formats differ in these.
 */
export function comparable(items: readonly SourceFeature[]): readonly unknown[] {
  const plain = items.map((item) => {
    if (item.kind === 'refused') return item;
    const { ordinal: _ordinal, ...feature } = item.feature;
    return { kind: item.kind, feature: settled(feature) };
  });
  return plain.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

function settled(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].sort());
  if (typeof value === 'number') return Math.round(value * 1e7) / 1e7;
  if (isRing(value)) return settledRing(value);
  if (Array.isArray(value)) {
    const all = value.map(settled);
    return all.every(Array.isArray)
      ? all.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : all;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([name, each]) => [name, settled(each)]),
  );
}

type Ring = readonly (readonly number[])[];

function isRing(value: unknown): value is Ring {
  if (!Array.isArray(value) || value.length < 4) return false;
  return JSON.stringify(value[0]) === JSON.stringify(value.at(-1)) && typeof value[0]?.[0] === 'number';
}

function settledRing(ring: Ring): Ring {
  const corners = ring.slice(1).map((corner) => corner.map((each) => Math.round(each * 1e7) / 1e7));
  let area = 0;
  corners.forEach(([x = 0, y = 0], index) => {
    const [nextX = 0, nextY = 0] = corners[(index + 1) % corners.length] ?? [];
    area += x * nextY - nextX * y;
  });
  if (area < 0) corners.reverse();
  const least = corners.reduce(
    (found, corner, index) => (JSON.stringify(corner) < JSON.stringify(corners[found]) ? index : found),
    0,
  );
  return [...corners.slice(least), ...corners.slice(0, least)];
}
