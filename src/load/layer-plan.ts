import type { CrsState } from './crs.ts';
import { readCrs } from './crs.ts';
import { asText, isAbsent } from './field-values.ts';
import { isRecord } from './geometry.ts';
import { type LayerKind, layerByName, layerKinds } from './layer-names.ts';
import type { FieldRule, GisMapping, LayerMapping } from './mapping.ts';
import { isKnownField, targetFields } from './target-fields.ts';
import type { RawFeature, Refusal } from './types.ts';

/** What a load says of how its source is read. */
export interface PlanOptions {
  /** The layer of source layers whose name says none. */
  readonly layer: LayerKind | undefined;
  readonly mapping: GisMapping | undefined;
  /** In place of what the source says. */
  readonly crs: CrsState | undefined;
  /** Whether a layer that cannot be told counts as service boundaries: so it is where the source is one layer alone. */
  readonly isLone: boolean;
  /** Whether all rows have the same fields; a field that a mapping names has to be one of them then. */
  readonly isTable: boolean;
}

/** How a target field is filled, to be shown. */
export interface PlannedField {
  readonly field: string;
  /** Source fields, the first that has a value taken. Empty: a constant. */
  readonly from: readonly string[];
  readonly value?: string | undefined;
}

/** The values of a row by target field. */
export interface TargetValues {
  /** Undefined where there is none. */
  raw(field: string): unknown;
}

/** How the rows of a source layer become features. */
export interface LayerPlan {
  readonly kind: 'plan';
  readonly layer: LayerKind;
  /** How the layer was told. */
  readonly by: 'mapping' | 'name' | 'option' | 'fields' | 'default';
  readonly crs: CrsState | undefined;
  readonly planned: readonly PlannedField[];
  /** Source fields that nothing is made of and nobody knows. */
  readonly unmapped: readonly string[];
  values(properties: Readonly<Record<string, unknown>>): TargetValues;
}

/** A plan, or why there is none. */
export type Planned =
  | LayerPlan
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Decides which layer a source layer is and where each of its fields comes from; `row` is one of its rows. */
export function planLayer(row: RawFeature, name: string | undefined, options: PlanOptions): Planned {
  const mapped = mappingOf(options.mapping, name);
  if (mapped?.layer === 'ignore') return { kind: 'ignored', reason: 'the mapping says so' };
  const told = tellLayer(row, name, mapped, options);
  if (told === 'unused') return { kind: 'ignored', reason: 'nothing here uses the layer' };
  if (told === undefined) {
    if (options.mapping?.otherLayers === 'ignore') {
      return { kind: 'ignored', reason: 'the mapping does not name it' };
    }
    return { kind: 'refused', refusal: unknownLayer(name) };
  }
  return compile(row.fields, told, mapped, options);
}

/** What a mapping says of a source layer, by the first of its entries that names it. */
export function mappingOf(
  mapping: GisMapping | undefined,
  name: string | undefined,
): LayerMapping | undefined {
  return mapping?.layers.find(
    ({ source }) => source === undefined || (name !== undefined && matches(source, name)),
  );
}

function matches(pattern: string, name: string): boolean {
  const expression = pattern
    .split(/\*+/)
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${expression}$`, 'i').test(name);
}

interface Told {
  readonly layer: LayerKind;
  readonly by: LayerPlan['by'];
}

function tellLayer(
  row: RawFeature,
  name: string | undefined,
  mapped: LayerMapping | undefined,
  options: PlanOptions,
): Told | 'unused' | undefined {
  if (mapped?.layer !== undefined && mapped.layer !== 'ignore') {
    return { layer: layerKinds[mapped.layer], by: 'mapping' };
  }
  const named = layerByName(name);
  if (named === 'unused') return 'unused';
  if (named !== undefined) return { layer: named, by: 'name' };
  if (options.layer !== undefined) return { layer: options.layer, by: 'option' };
  const byFields = layerByFields(row, mapped);
  if (byFields !== undefined) return { layer: byFields, by: 'fields' };
  return options.isLone ? { layer: layerKinds.ServiceBoundaryPolygon, by: 'default' } : undefined;
}

/** What only one layer has: a road's ranges, an address's number, a boundary's URI, names of areas in a polygon. */
function layerByFields(row: RawFeature, mapped: LayerMapping | undefined): LayerKind | undefined {
  const names = new Set([
    ...row.fields.map((field) => field.toLowerCase()),
    ...[...(mapped?.fields.keys() ?? [])].map((field) => field.toLowerCase()),
  ]);
  const has = (...any: readonly string[]) => any.some((each) => names.has(each));
  const type = isRecord(row.geometry) ? String(row.geometry['type']) : '';
  const isPolygon = type === 'Polygon' || type === 'MultiPolygon';
  if (isPolygon && has('serviceuri', 'service_uri', 'uri')) return layerKinds.ServiceBoundaryPolygon;
  if (/LineString$/.test(type) && has('fromaddr_l', 'fromaddr_r', 'rcl_nguid', 'st_name')) {
    return layerKinds.RoadCenterLine;
  }
  if (/Point$/.test(type) && has('add_number', 'addnum_cmp', 'site_nguid', 'st_name')) {
    return layerKinds.SiteStructureAddressPoint;
  }
  if (!isPolygon) return undefined;
  if (has('pb_nguid')) return layerKinds.ProvisioningPolygon;
  if (has('nbrhdnguid')) return layerKinds.A5Polygon;
  if (has('unincnguid')) return layerKinds.A4Polygon;
  if (has('incm_nguid')) return layerKinds.A3Polygon;
  if (has('cntynguid')) return layerKinds.A2Polygon;
  if (has('statenguid')) return layerKinds.A1Polygon;
  return undefined;
}

function compile(
  fields: readonly string[],
  { layer, by }: Told,
  mapped: LayerMapping | undefined,
  options: PlanOptions,
): Planned {
  // Where two names differ in case only, the first is taken.
  const sourceByKey = new Map<string, string>();
  for (const field of fields) {
    const key = field.toLowerCase();
    if (!sourceByKey.has(key)) sourceByKey.set(key, field);
  }
  const getters = new Map<string, Getter>();
  const planned: PlannedField[] = [];
  const used = new Set<string>();
  const take = (field: string, from: readonly string[], getter: Getter, value?: string) => {
    getters.set(field, getter);
    planned.push({ field, from, ...(value === undefined ? {} : { value }) });
    for (const each of from) used.add(each);
  };
  for (const [field, names] of Object.entries(targetFields[layer.nena])) {
    const rule = mapped?.fields.get(field);
    if (rule === undefined) {
      const from = names.flatMap((name) => sourceByKey.get(name) ?? []);
      if (from.length > 0) take(field, from, firstOf(from));
      continue;
    }
    if (rule.kind === 'absent') continue;
    const wanted = sourcesOf(rule);
    const from = wanted.map((each) => sourceByKey.get(each.toLowerCase()));
    const missing = wanted.find((_each, index) => from[index] === undefined);
    if (missing !== undefined && by === 'mapping' && rule.otherwise === undefined && options.isTable) {
      return { kind: 'refused', refusal: unmetField(field, missing, mapped) };
    }
    const present = from.filter((each) => each !== undefined);
    take(field, present, ruleGetter(rule, sourceByKey), rule.kind === 'value' ? rule.text : undefined);
  }
  const unmapped = fields.filter((field) => !used.has(field) && !isKnownField(field));
  const crsText = mapped?.crs ?? options.mapping?.crs;
  return {
    kind: 'plan',
    layer,
    by,
    crs: options.crs ?? (crsText === undefined ? undefined : readCrs(crsText)),
    planned,
    unmapped,
    values: (properties) => ({ raw: (field) => getters.get(field)?.(properties) }),
  };
}

type Getter = (properties: Readonly<Record<string, unknown>>) => unknown;

function firstOf(from: readonly string[]): Getter {
  return (properties) => {
    for (const name of from) {
      const value = properties[name];
      if (!isAbsent(value)) return value;
    }
    return undefined;
  };
}

const placeholder = /\{([^{}]+)\}/g;

function sourcesOf(rule: FieldRule): readonly string[] {
  if (rule.kind === 'from') return [rule.text];
  if (rule.kind === 'template') return [...rule.text.matchAll(placeholder)].map(([, name = '']) => name);
  return [];
}

function ruleGetter(rule: FieldRule, sourceByKey: ReadonlyMap<string, string>): Getter {
  const sourceValue = (properties: Readonly<Record<string, unknown>>, name: string): unknown => {
    const source = sourceByKey.get(name.toLowerCase());
    return source === undefined ? undefined : properties[source];
  };
  return (properties) => {
    let value: unknown = rule.text;
    if (rule.kind === 'from') value = sourceValue(properties, rule.text);
    else if (rule.kind === 'template') {
      let isWhole = true;
      value = rule.text.replace(placeholder, (_all, name: string) => {
        const text = asText(sourceValue(properties, name));
        if (text === undefined) isWhole = false;
        return text ?? '';
      });
      if (!isWhole) value = undefined;
    }
    if (rule.values !== undefined) {
      const text = asText(value)?.toLowerCase() ?? '';
      value = rule.values.get(text) ?? (isAbsent(value) ? undefined : (rule.values.get('*') ?? value));
    }
    return isAbsent(value) ? rule.otherwise : value;
  };
}

function unknownLayer(name: string | undefined): Refusal {
  const named = name === undefined ? 'the layer' : `the layer ${name.slice(0, 60)}`;
  return {
    code: 'load.layerUnknown',
    reason:
      `${named} is none that is known by name or by its fields; name it as NENA does (PsapPolygon, RoadCenterLine ...), ` +
      'say which it is by the layer option, or map or ignore it in a mapping file',
  };
}

function unmetField(field: string, missing: string, mapped: LayerMapping | undefined): Refusal {
  const where = mapped?.source === undefined ? '' : ` of ${mapped.source}`;
  return {
    code: 'load.mappingUnmet',
    reason: `the mapping takes ${field} from the field ${missing.slice(0, 60)}${where}, which the source does not have`,
  };
}
