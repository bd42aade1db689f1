import type { Result } from '../base/index.ts';
import { errorText, ok } from '../base/index.ts';
import type { SourceFeature } from '../esrp/index.ts';
import { Assembler } from './assemble.ts';
import type { CrsState } from './crs.ts';
import { lonLat, readCrs } from './crs.ts';
import { refuse } from './field-values.ts';
import { isRecord } from './geometry.ts';
import type { SplitItem } from './splitter.ts';
import { FeatureSplitter } from './splitter.ts';
import type { GeoJsonLimits, GeoJsonOptions, RawItem, Refusal } from './types.ts';

/**
 * Reads boundaries from GeoJSON as it comes in: a FeatureCollection, or features one after the other (RFC
 * 7946, RFC 8142). Every feature comes out, usable or refused with its reason, in order, numbered from 1;
 * memory is that of the largest feature. Broken JSON ends the source with one refusal that names the byte.
 * Never throws for what it reads; the stream's own failures pass through.
 */
export async function* readGeoJsonFeatures(
  stream: AsyncIterable<Uint8Array>,
  options: GeoJsonOptions,
): AsyncGenerator<SourceFeature, void, undefined> {
  const { defaultServiceUrn, limits } = options;
  const assembler = new Assembler({
    defaultServiceUrn,
    layer: undefined,
    mapping: undefined,
    crs: undefined,
  });
  const rows = (): AsyncIterable<RawItem> => geoJsonRows(stream, limits);
  assembler.begin({ label: undefined, name: undefined, isTable: false, rows }, true);
  for await (const row of rows()) {
    const made = assembler.take(row);
    if (made.kind !== 'ignored') yield made.item;
    if (made.kind === 'ended') return;
  }
}

/** The features of GeoJSON as rows of a layer, which the collection may name (`name`), in the system that it names (`crs`). */
export async function* geoJsonRows(
  stream: AsyncIterable<Uint8Array>,
  limits: GeoJsonLimits,
): AsyncGenerator<RawItem, void, undefined> {
  const reader = new GeoJsonReader();
  const splitter = new FeatureSplitter(limits);
  for await (const chunk of stream) {
    yield* reader.take(splitter.push(chunk));
    if (reader.isStopped) return;
  }
  yield* reader.take(splitter.end());
  yield* reader.end();
}

class GeoJsonReader {
  isStopped = false;
  #items = 0;
  #envelopes = 0;
  #crs: CrsState = lonLat;
  #name: string | undefined;
  #isInCollection = false;

  *take(items: readonly SplitItem[]): Generator<RawItem, void, undefined> {
    for (const item of items) {
      if (this.isStopped) return;
      if (item.kind === 'refused') yield this.#refused(item);
      else if (item.kind === 'envelope') yield* this.#envelope(item.bytes, item.byteOffset);
      else yield this.#feature(item.bytes, item.byteOffset);
    }
  }

  /**
   * A source without anything in it is a mistake to be told of; a collection of no features is one that says
   * so itself.
   */
  *end(): Generator<RawItem, void, undefined> {
    if (this.#items > 0 || this.#envelopes > 0 || this.isStopped) return;
    yield this.#refused({ code: 'load.notGeoJson', reason: 'the source is empty' });
  }

  /** Reads what stands before or after the features; a reference system that comes too late makes all of them useless. */
  *#envelope(bytes: Uint8Array, byteOffset: number): Generator<RawItem, void, undefined> {
    this.#envelopes += 1;
    this.#isInCollection = !this.#isInCollection;
    const parsed = parseObject(bytes, byteOffset);
    if (!parsed.ok) {
      yield this.#stop(parsed.error);
      return;
    }
    const crs = namedCrs(parsed.value['crs']);
    if (this.#isInCollection) {
      const { name } = parsed.value;
      this.#name = typeof name === 'string' && name.trim() !== '' ? name.trim().slice(0, 120) : undefined;
      this.#crs = crs ?? lonLat;
      if (this.#crs.kind === 'unreadable') yield this.#stop(unreadable(this.#crs.text));
      return;
    }
    if (crs !== undefined && !isSameCrs(crs, this.#crs)) {
      yield this.#stop({
        code: 'load.crsUnsupported',
        reason:
          'the crs member stands after the features and is not WGS 84; write it before them, or reproject to EPSG:4326',
      });
    }
  }

  #feature(bytes: Uint8Array, byteOffset: number): RawItem {
    const parsed = parseObject(bytes, byteOffset);
    if (!parsed.ok) return this.#refused(parsed.error);
    const object = parsed.value;
    if (object['type'] !== 'Feature') {
      const reason = `the object at byte ${byteOffset} is no Feature; a source is a FeatureCollection or features`;
      return this.#refused({ code: 'load.notGeoJson', reason });
    }
    this.#items += 1;
    const properties = isRecord(object['properties']) ? object['properties'] : {};
    return {
      kind: 'row',
      properties,
      fields: Object.keys(properties),
      geometry: object['geometry'],
      id: object['id'],
      crs: namedCrs(object['crs']) ?? (this.#isInCollection ? this.#crs : lonLat),
      layerName: this.#isInCollection ? this.#name : undefined,
    };
  }

  #stop(refusal: Refusal): RawItem {
    this.isStopped = true;
    this.#items += 1;
    return { kind: 'refused', refusal, ends: true };
  }

  #refused(refusal: Refusal): RawItem {
    this.#items += 1;
    return { kind: 'refused', refusal };
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseObject(
  bytes: Uint8Array,
  byteOffset: number,
): Result<Readonly<Record<string, unknown>>, Refusal> {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refuse('load.notUtf8', `the object at byte ${byteOffset} is not UTF-8; GeoJSON always is`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return ok(value);
    return refuse('load.notGeoJson', `there is no object at byte ${byteOffset}`);
  } catch (thrown) {
    return refuse(
      'load.jsonBroken',
      `the object at byte ${byteOffset} is not JSON: ${errorText(thrown).slice(0, 120)}`,
    );
  }
}

/**
 * GeoJSON is in WGS 84 (RFC 7946 §4); files of the form before that, and those that ogr2ogr writes, may say otherwise in a
 * `crs` member, and must not be taken for WGS 84 then.
 */
function namedCrs(crs: unknown): CrsState | undefined {
  if (crs === undefined || crs === null) return undefined;
  const properties = isRecord(crs) && crs['type'] !== 'link' ? crs['properties'] : undefined;
  const name = isRecord(properties) ? properties['name'] : undefined;
  return typeof name === 'string' ? readCrs(name) : { kind: 'unreadable', text: 'of a form that is unknown' };
}

function isSameCrs(one: CrsState, other: CrsState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function unreadable(text: string): Refusal {
  return {
    code: 'load.crsUnsupported',
    reason: `the crs member (${text}) cannot be read; reproject to EPSG:4326 and load again`,
  };
}
