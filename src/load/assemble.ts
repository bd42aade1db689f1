import type { Result, ServiceUrn } from '../base/index.ts';
import { ok, serviceUrn } from '../base/index.ts';
import type { LayerName, SourceCrs, SourceFeature } from '../esrp/index.ts';
import { pointOfFields, readAddressPoint } from './build-address.ts';
import { readAdminArea, readProvisioning } from './build-area.ts';
import { readBoundary } from './build-boundary.ts';
import { readRoad } from './build-road.ts';
import type { CrsState } from './crs.ts';
import { lonLat } from './crs.ts';
import { asText, refuse } from './field-values.ts';
import { isRecord, readLines, readPoint, readPolygons } from './geometry.ts';
import {
  type LayerPlan,
  mappingOf,
  type Planned,
  type PlanOptions,
  planLayer,
  type TargetValues,
} from './layer-plan.ts';
import type { LayerMapping } from './mapping.ts';
import type { RawFeature, RawItem, Refusal, SourceLayer } from './types.ts';

/** How features are made of rows. */
export interface AssembleOptions extends Omit<PlanOptions, 'isLone' | 'isTable'> {
  /** The service of boundaries that name none; where undefined, their layer's own, else they are refused. */
  readonly defaultServiceUrn: ServiceUrn | undefined;
}

/** What an item of a layer became. */
export type Assembled =
  | { readonly kind: 'source'; readonly item: SourceFeature; readonly plan: LayerPlan | undefined }
  /** The whole layer is passed over. */
  | { readonly kind: 'ignored'; readonly reason: string }
  /** The whole layer, or all that comes after, cannot be read; the refusal has been given. */
  | { readonly kind: 'ended'; readonly item: SourceFeature };

/** Ids that are remembered of a layer to name those that come twice; of more, the database finds them. */
const idsMax = 100_000;
const plansMax = 200;

/** Makes features of rows: numbers them from 1 through all layers of a source, and refuses what cannot be used. */
export class Assembler {
  readonly #options: AssembleOptions;
  readonly #ids = new Map<LayerName, Set<string>>();
  readonly #met = new Set<LayerMapping>();
  readonly #plans = new Map<string, Planned>();
  #last:
    | { readonly fields: readonly string[]; readonly layerName: string | undefined; plan: Planned }
    | undefined;
  #layer: SourceLayer | undefined;
  #isLone = true;
  #row = 0;
  #ordinal = 0;

  constructor(options: AssembleOptions) {
    this.#options = options;
  }

  /** Items given so far. */
  get count(): number {
    return this.#ordinal;
  }

  /** Says which layer the next items are of. `isLone`: the source has no other. */
  begin(layer: SourceLayer, isLone: boolean): void {
    this.#layer = layer;
    this.#meet(layer.name);
    this.#isLone = isLone;
    this.#row = 0;
    this.#plans.clear();
    this.#last = undefined;
  }

  /** Makes a feature of an item of the present layer. */
  take(item: RawItem): Assembled {
    this.#row += 1;
    if (item.kind === 'refused') {
      const refused = this.#refused(item.refusal, item.id, undefined);
      return item.ends === true
        ? { kind: 'ended', item: refused }
        : { kind: 'source', item: refused, plan: undefined };
    }
    const plan = this.#planOf(item);
    if (plan.kind === 'ignored') return plan;
    if (plan.kind === 'refused')
      return { kind: 'ended', item: this.#refused(plan.refusal, undefined, undefined) };
    // A table is in one system; what is wrong with that is wrong with all of its rows.
    const place = this.#layer?.isTable === true ? placeOf(plan.crs ?? item.crs) : undefined;
    if (place?.ok === false) {
      return { kind: 'ended', item: this.#refused(place.error, undefined, plan.layer.layer) };
    }
    return { kind: 'source', item: this.#feature(item, plan), plan };
  }

  /** What would become of the rows of the present layer, where it says its fields and has no rows. */
  planOfEmpty(): Planned | undefined {
    const { fields } = this.#layer ?? {};
    if (fields === undefined) return undefined;
    const row: RawFeature = {
      kind: 'row',
      properties: {},
      fields,
      geometry: undefined,
      id: undefined,
      crs: lonLat,
      layerName: undefined,
    };
    return this.#planOf(row);
  }

  /** The layers that the mapping names and the source does not have, once all of it has been read. */
  unmetLayers(): readonly string[] {
    const entries = this.#options.mapping?.layers ?? [];
    return entries.flatMap((entry) =>
      entry.source === undefined || this.#met.has(entry) ? [] : [entry.source],
    );
  }

  #meet(name: string | undefined): void {
    const entry = mappingOf(this.#options.mapping, name);
    if (entry !== undefined) this.#met.add(entry);
  }

  /** A refusal of something that is no row: a file, or the source as a whole. */
  refuse(refusal: Refusal, label?: string): SourceFeature {
    this.#layer = undefined;
    const reason = label === undefined ? refusal.reason : `${label}: ${refusal.reason}`;
    return this.#refused({ ...refusal, reason }, undefined, undefined);
  }

  #planOf(row: RawFeature): Planned {
    const { fields, layerName } = row;
    if (this.#last?.fields === fields && this.#last.layerName === layerName) return this.#last.plan;
    const key = `${layerName ?? ''}\u0000${fields.join('\u0000')}\u0000${typeOf(row.geometry)}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      if (layerName !== undefined) this.#meet(layerName);
      plan = planLayer(row, layerName ?? this.#layer?.name, {
        ...this.#options,
        isLone: this.#isLone,
        isTable: this.#layer?.isTable === true,
      });
      if (this.#plans.size >= plansMax) this.#plans.clear();
      this.#plans.set(key, plan);
    }
    if (this.#layer?.isTable === true) this.#last = { fields, layerName, plan };
    return plan;
  }

  #feature(row: RawFeature, plan: LayerPlan): SourceFeature {
    const values = plan.values(row.properties);
    const { layer } = plan.layer;
    const built = this.#build(row, plan, values);
    const id = asText(values.raw('NGUID')) ?? asText(row.id);
    if (!built.ok) return this.#refused(built.error, id?.slice(0, 254), layer);
    const repeated = id === undefined ? undefined : this.#duplicate(layer, id);
    if (repeated !== undefined) return this.#refused(repeated, id, layer);
    this.#ordinal += 1;
    return built.value(this.#ordinal);
  }

  /** Attributes first, geometry then: a row without an id is told of that before anything else. */
  #build(
    row: RawFeature,
    plan: LayerPlan,
    values: TargetValues,
  ): Result<(ordinal: number) => SourceFeature, Refusal> {
    const place = placeOf(plan.crs ?? row.crs);
    if (!place.ok) return place;
    const { crs } = place.value;
    const form = { isLonLat: place.value.isLonLat };
    const { layer, level, serviceUrn: preset } = plan.layer;
    switch (layer) {
      case 'serviceBoundary': {
        const urn =
          this.#options.defaultServiceUrn ?? (preset === undefined ? undefined : serviceUrn(preset));
        const attributes = readBoundary(values, row.id, urn);
        if (!attributes.ok) return attributes;
        const rings = readPolygons(row.geometry, { ...form, what: 'a boundary' });
        if (!rings.ok) return rings;
        const geometry = { type: 'MultiPolygon' as const, coordinates: rings.value };
        const rest = crs === undefined ? {} : { crs };
        return ok((ordinal) => ({
          kind: 'feature',
          feature: { ordinal, ...attributes.value, geometry, ...rest },
        }));
      }
      case 'provisioningBoundary':
      case 'adminArea': {
        const rings = readPolygons(row.geometry, { ...form, what: 'an area' });
        if (layer === 'provisioningBoundary') {
          const attributes = readProvisioning(values, row.id);
          if (!attributes.ok) return attributes;
          if (!rings.ok) return rings;
          const feature = { ...attributes.value, crs, coordinates: rings.value };
          return ok((ordinal) => ({ kind: layer, feature: { ordinal, ...feature } }));
        }
        const attributes = readAdminArea(values, row.id, level ?? 1);
        if (!attributes.ok) return attributes;
        if (!rings.ok) return rings;
        const feature = { ...attributes.value, crs, coordinates: rings.value };
        return ok((ordinal) => ({ kind: layer, feature: { ordinal, ...feature } }));
      }
      case 'roadCentreLine': {
        const attributes = readRoad(values, row.id);
        if (!attributes.ok) return attributes;
        const lines = readLines(row.geometry, { ...form, what: 'a road' });
        if (!lines.ok) return lines;
        const feature = { ...attributes.value, crs, lines: lines.value };
        return ok((ordinal) => ({ kind: layer, feature: { ordinal, ...feature } }));
      }
      case 'addressPoint':
        return addressPoint(row, values, place.value);
    }
  }

  #duplicate(layer: LayerName, id: string): Refusal | undefined {
    let ids = this.#ids.get(layer);
    if (ids === undefined) {
      ids = new Set();
      this.#ids.set(layer, ids);
    }
    if (ids.has(id)) {
      return {
        code: 'load.idDuplicate',
        reason: 'an earlier feature has the same id; ids are unique in a layer of a source',
      };
    }
    if (ids.size < idsMax) ids.add(id);
    return undefined;
  }

  #refused(refusal: Refusal, id: string | undefined, layer: LayerName | undefined): SourceFeature {
    this.#ordinal += 1;
    const label = this.#layer?.label;
    const where = label === undefined ? '' : `${label}, row ${this.#row}: `;
    const refused = {
      ordinal: this.#ordinal,
      boundaryId: id,
      code: refusal.code,
      reason: `${where}${refusal.reason}`,
    };
    return { kind: 'refused', refused: layer === undefined ? refused : { ...refused, layer } };
  }
}

function addressPoint(
  row: RawFeature,
  values: TargetValues,
  place: { readonly crs: SourceCrs | undefined; readonly isLonLat: boolean },
): Result<(ordinal: number) => SourceFeature, Refusal> {
  const attributes = readAddressPoint(values, row.id);
  if (!attributes.ok) return attributes;
  const fallback = isRecord(row.geometry) ? undefined : pointOfFields(values);
  const point = readPoint(fallback ?? row.geometry, {
    isLonLat: fallback !== undefined || place.isLonLat,
    what: 'an address point',
  });
  if (!point.ok) return point;
  const crs = fallback === undefined ? place.crs : undefined;
  const feature = { ...attributes.value, crs, coordinates: point.value };
  return ok((ordinal) => ({ kind: 'addressPoint', feature: { ordinal, ...feature } }));
}

function placeOf(
  state: CrsState,
): Result<{ readonly crs: SourceCrs | undefined; readonly isLonLat: boolean }, Refusal> {
  switch (state.kind) {
    case 'lonLat':
      return ok({ crs: undefined, isLonLat: true });
    case 'other':
      return ok({ crs: state.crs, isLonLat: false });
    case 'missing':
      return refuse(
        'load.crsMissing',
        'the source does not say its coordinate reference system; say it by the crs option or a mapping file, such as EPSG:4326',
      );
    case 'unreadable':
      return refuse(
        'load.crsUnsupported',
        `the coordinate reference system "${state.text}" cannot be read; say it by the crs option or a mapping file, such as EPSG:2278`,
      );
  }
}

function typeOf(geometry: unknown): string {
  const type = isRecord(geometry) ? geometry['type'] : undefined;
  return typeof type === 'string' ? type : '';
}
