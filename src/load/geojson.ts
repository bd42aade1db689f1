import type { Result } from '../base/index.ts';
import { err, errorText, ok } from '../base/index.ts';
import type { BoundaryFeature, SourceFeature } from '../esrp/index.ts';
import type { LoadErrorCode } from './errors.ts';
import { isRecord, readGeometry } from './geometry.ts';
import { readAttributes } from './properties.ts';
import type { SplitItem } from './splitter.ts';
import { FeatureSplitter } from './splitter.ts';
import type { GeoJsonOptions, Refusal } from './types.ts';

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
  const reader = new GeoJsonReader(options);
  const splitter = new FeatureSplitter(options.limits);
  for await (const chunk of stream) {
    yield* reader.take(splitter.push(chunk));
    if (reader.isStopped) return;
  }
  yield* reader.take(splitter.end());
  yield* reader.end();
}

class GeoJsonReader {
  isStopped = false;
  readonly #options: GeoJsonOptions;
  readonly #ids = new Set<string>();
  #ordinal = 0;
  #envelopes = 0;

  constructor(options: GeoJsonOptions) {
    this.#options = options;
  }

  *take(items: readonly SplitItem[]): Generator<SourceFeature, void, undefined> {
    for (const item of items) {
      if (this.isStopped) return;
      if (item.kind === 'refused') yield this.#refused(undefined, item);
      else if (item.kind === 'envelope') yield* this.#envelope(item.bytes, item.byteOffset);
      else yield this.#feature(item.bytes, item.byteOffset);
    }
  }

  /**
   * A source without anything in it is a mistake to be told of; a collection of no features is one that says
   * so itself.
   */
  *end(): Generator<SourceFeature, void, undefined> {
    if (this.#ordinal > 0 || this.#envelopes > 0 || this.isStopped) return;
    yield this.#refused(undefined, { code: 'load.notGeoJson', reason: 'the source is empty' });
  }

  /** Checks what stands around the features; a reference system that is not ours makes all of them useless. */
  *#envelope(bytes: Uint8Array, byteOffset: number): Generator<SourceFeature, void, undefined> {
    this.#envelopes += 1;
    const parsed = parseObject(bytes, byteOffset);
    const refusal = parsed.ok ? crsRefusal(parsed.value['crs']) : parsed.error;
    if (refusal === undefined) return;
    this.isStopped = true;
    yield this.#refused(undefined, refusal);
  }

  #feature(bytes: Uint8Array, byteOffset: number): SourceFeature {
    const parsed = parseObject(bytes, byteOffset);
    if (!parsed.ok) return this.#refused(undefined, parsed.error);
    const object = parsed.value;
    if (object['type'] !== 'Feature') {
      const reason = `the object at byte ${byteOffset} is no Feature; a source is a FeatureCollection or features`;
      return this.#refused(undefined, { code: 'load.notGeoJson', reason });
    }
    const properties = isRecord(object['properties']) ? object['properties'] : {};
    const attributes = readAttributes(properties, object['id'], this.#options.defaultServiceUrn);
    const id = attributes.ok ? attributes.value.boundaryId : guessId(properties, object['id']);
    if (!attributes.ok) return this.#refused(id, attributes.error);
    const refusal = crsRefusal(object['crs']) ?? this.#duplicate(attributes.value.boundaryId);
    if (refusal !== undefined) return this.#refused(id, refusal);
    const geometry = readGeometry(object['geometry']);
    if (!geometry.ok) return this.#refused(id, geometry.error);
    this.#ordinal += 1;
    const feature: BoundaryFeature = {
      ordinal: this.#ordinal,
      ...attributes.value,
      geometry: geometry.value,
    };
    return { kind: 'feature', feature };
  }

  #duplicate(id: string): Refusal | undefined {
    if (this.#ids.has(id)) {
      return {
        code: 'load.idDuplicate',
        reason: 'an earlier feature has the same id; ids are unique in a source',
      };
    }
    this.#ids.add(id);
    return undefined;
  }

  #refused(boundaryId: string | undefined, refusal: Refusal): SourceFeature {
    this.#ordinal += 1;
    const { code, reason } = refusal;
    return { kind: 'refused', refused: { ordinal: this.#ordinal, boundaryId, code, reason } };
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
 * GeoJSON is in WGS 84 (RFC 7946 §4); files of the form before that may say otherwise in a `crs` member, and
 * must not be taken for WGS 84 then.
 */
function crsRefusal(crs: unknown): Refusal | undefined {
  if (crs === undefined || crs === null) return undefined;
  const properties = isRecord(crs) ? crs['properties'] : undefined;
  const name = isRecord(properties) ? properties['name'] : undefined;
  if (typeof name === 'string' && /(?:EPSG:(?:[0-9.]*:)?4326|OGC:(?:[0-9.]*:)?CRS84)$/i.test(name.trim()))
    return undefined;
  const named = typeof name === 'string' ? ` (${name.slice(0, 80)})` : '';
  return {
    code: 'load.crsUnsupported',
    reason: `the crs member${named} is not WGS 84; reproject to EPSG:4326 and load again`,
  };
}

function guessId(properties: Readonly<Record<string, unknown>>, featureId: unknown): string | undefined {
  for (const [name, value] of Object.entries(properties)) {
    if (/^(?:es_)?nguid$|^id$/i.test(name) && typeof value === 'string' && value !== '')
      return value.slice(0, 254);
  }
  return typeof featureId === 'string' || typeof featureId === 'number'
    ? String(featureId).slice(0, 254)
    : undefined;
}

function refuse(code: LoadErrorCode, reason: string): Result<never, Refusal> {
  return err({ code, reason });
}
