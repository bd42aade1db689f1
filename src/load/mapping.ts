import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import { readCrs } from './crs.ts';
import { layerByWord, type NenaLayer } from './layer-names.ts';
import { targetFields } from './target-fields.ts';

/** Where a field's value comes from. */
export interface FieldRule {
  readonly kind: 'from' | 'value' | 'template' | 'absent';
  /** The source field, the constant, or the text with source fields in braces. */
  readonly text: string;
  /** Source values by what they become; by trimmed text, lower case. */
  readonly values: ReadonlyMap<string, string> | undefined;
  /** Where the source has none. */
  readonly otherwise: string | undefined;
}

/** How one source layer becomes a layer of the data model. */
export interface LayerMapping {
  /** The source layer's name; `*` stands for any characters. Undefined: any. */
  readonly source: string | undefined;
  /** Undefined: as it is told without a mapping. `ignore`: it is passed over. */
  readonly layer: NenaLayer | 'ignore' | undefined;
  readonly crs: string | undefined;
  readonly fields: ReadonlyMap<string, FieldRule>;
}

/** A mapping file that has been checked; `schemas/gis-mapping.schema.json` describes its JSON. */
export interface GisMapping {
  readonly crs: string | undefined;
  /** What becomes of layers that the mapping does not name and that are not known. */
  readonly otherLayers: 'refuse' | 'ignore';
  readonly layers: readonly LayerMapping[];
}

/** One thing that is wrong with a mapping file. */
export interface MappingFault {
  /** Such as `layers[0].fields.Parity_L`. */
  readonly path: string;
  readonly message: string;
}

const layersMax = 100;
const fieldsMax = 500;
const valuesMax = 10_000;

type Json = Readonly<Record<string, unknown>>;

/** Checks a mapping file's JSON; every fault of it comes back. */
export function readMapping(json: unknown): Result<GisMapping, readonly MappingFault[]> {
  const reader = new MappingReader();
  const mapping = reader.mapping(json);
  return reader.faults.length === 0 ? ok(mapping) : err(reader.faults);
}

class MappingReader {
  readonly faults: MappingFault[] = [];

  mapping(json: unknown): GisMapping {
    const empty: GisMapping = { crs: undefined, otherLayers: 'refuse', layers: [] };
    const root = this.#object(json, 'mapping', ['$schema', 'crs', 'otherLayers', 'layers']);
    if (root === undefined) return empty;
    const { otherLayers = 'refuse', layers = [] } = root;
    if (otherLayers !== 'refuse' && otherLayers !== 'ignore') {
      this.#fault('otherLayers', 'is refuse or ignore');
    }
    if (!Array.isArray(layers) || layers.length > layersMax) {
      this.#fault('layers', `is a list of at most ${layersMax} layers`);
      return empty;
    }
    return {
      crs: this.#crs(root['crs'], 'crs'),
      otherLayers: otherLayers === 'ignore' ? 'ignore' : 'refuse',
      layers: layers.map((layer: unknown, index) => this.#layer(layer, `layers[${index}]`)),
    };
  }

  #layer(json: unknown, path: string): LayerMapping {
    const object = this.#object(json, path, ['source', 'layer', 'crs', 'fields']) ?? {};
    const layer = this.#layerName(object['layer'], `${path}.layer`);
    return {
      source: this.#text(object['source'], `${path}.source`),
      layer,
      crs: this.#crs(object['crs'], `${path}.crs`),
      fields: this.#fields(object['fields'], layer, `${path}.fields`),
    };
  }

  #layerName(value: unknown, path: string): LayerMapping['layer'] {
    const text = this.#text(value, path);
    if (text === undefined) return undefined;
    if (text === 'ignore') return 'ignore';
    const kind = layerByWord(text);
    if (kind === undefined) {
      this.#fault(path, 'is no layer: PsapPolygon, RoadCenterLine, A2Polygon ..., or ignore');
    }
    return kind?.nena;
  }

  #fields(value: unknown, layer: LayerMapping['layer'], path: string): ReadonlyMap<string, FieldRule> {
    const rules = new Map<string, FieldRule>();
    if (value === undefined) return rules;
    const object = this.#object(value, path);
    if (object === undefined) return rules;
    if (Object.keys(object).length > fieldsMax) this.#fault(path, `has more than ${fieldsMax} fields`);
    for (const [name, rule] of Object.entries(object).slice(0, fieldsMax)) {
      const target = this.#target(name, layer, `${path}.${name.slice(0, 60)}`);
      if (target !== undefined) rules.set(target, this.#rule(rule, `${path}.${name.slice(0, 60)}`));
    }
    return rules;
  }

  #target(name: string, layer: LayerMapping['layer'], path: string): string | undefined {
    const known =
      layer === undefined || layer === 'ignore'
        ? Object.values(targetFields).flatMap((fields) => Object.keys(fields))
        : Object.keys(targetFields[layer]);
    const target = known.find((each) => each.toLowerCase() === name.toLowerCase());
    if (target === undefined) {
      const where = layer === undefined || layer === 'ignore' ? 'any layer' : layer;
      this.#fault(path, `is no field of ${where} by its name in NENA-STA-006.3`);
    }
    return target;
  }

  #rule(value: unknown, path: string): FieldRule {
    const none: FieldRule = { kind: 'absent', text: '', values: undefined, otherwise: undefined };
    if (value === null) return none;
    if (typeof value === 'string' && value !== '') return { ...none, kind: 'from', text: value };
    const object = this.#object(value, path, ['from', 'value', 'template', 'values', 'default']);
    if (object === undefined) return none;
    const kinds = (['from', 'value', 'template'] as const).filter((kind) => object[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      this.#fault(path, 'has exactly one of from, value and template');
      return none;
    }
    return {
      kind,
      text: this.#scalar(object[kind], `${path}.${kind}`) ?? '',
      values: this.#values(object['values'], `${path}.values`),
      otherwise: this.#scalar(object['default'], `${path}.default`),
    };
  }

  #values(value: unknown, path: string): ReadonlyMap<string, string> | undefined {
    if (value === undefined) return undefined;
    const object = this.#object(value, path);
    if (object === undefined) return undefined;
    const entries = Object.entries(object);
    if (entries.length > valuesMax) this.#fault(path, `has more than ${valuesMax} values`);
    return new Map(
      entries.map(([from, to]) => [
        from.trim().toLowerCase(),
        to === null ? '' : (this.#scalar(to, `${path}.${from.slice(0, 60)}`) ?? ''),
      ]),
    );
  }

  #crs(value: unknown, path: string): string | undefined {
    const text = typeof value === 'number' ? String(value) : this.#text(value, path);
    if (text === undefined) return undefined;
    const { kind } = readCrs(text);
    if (kind === 'unreadable' || kind === 'missing') {
      this.#fault(path, 'is no coordinate reference system; write EPSG:2278, a WKT or a PROJ string');
    }
    return text;
  }

  #text(value: unknown, path: string): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
    this.#fault(path, 'is a text');
    return undefined;
  }

  #scalar(value: unknown, path: string): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    this.#fault(path, 'is a text or a number');
    return undefined;
  }

  /** An object with no other keys than those listed. */
  #object(value: unknown, path: string, keys?: readonly string[]): Json | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#fault(path, 'is an object');
      return undefined;
    }
    for (const key of Object.keys(value)) {
      if (keys !== undefined && !keys.includes(key)) {
        this.#fault(`${path}.${key.slice(0, 60)}`, `is unknown; there are ${keys.join(', ')}`);
      }
    }
    return value as Json;
  }

  #fault(path: string, message: string): void {
    if (this.faults.length < 100) this.faults.push({ path, message });
  }
}
