import { wallMs } from '../base/index.ts';
import type { FeatureEdit, RefusedFeature } from '../esrp/index.ts';
import type { OperationPorts } from './operation.ts';
import { layerFromWire, type WireChanges } from './wire/change.ts';

/** The edits of a set, or what cannot be used of it. */
export type ReadChanges =
  | { readonly kind: 'edits'; readonly edits: readonly FeatureEdit[] }
  | { readonly kind: 'refused'; readonly refused: readonly RefusedFeature[] };

type WireFeature = WireChanges['features'][number];
type NewFeature = Extract<WireFeature, { readonly action: 'add' | 'change' }>;

/** Reads the features of a set as those of a file are read, each group of a layer by itself, and puts them in order again. */
export async function readChanges(
  changes: WireChanges,
  ports: Pick<OperationPorts, 'gis'>,
): Promise<ReadChanges> {
  const edits = new Map<number, FeatureEdit>();
  const refused: RefusedFeature[] = [];
  const groups = new Map<string, { readonly ordinal: number; readonly feature: NewFeature }[]>();
  for (const [index, feature] of changes.features.entries()) {
    const ordinal = index + 1;
    if (feature.action === 'expire') {
      edits.set(ordinal, expiry(feature, ordinal));
      continue;
    }
    const group = groups.get(feature.layer ?? '') ?? [];
    groups.set(feature.layer ?? '', group);
    group.push({ ordinal, feature });
  }
  for (const [layer, group] of groups) {
    const reading = { defaultServiceUrn: undefined, layer: layer === '' ? undefined : layer };
    const text = collection(group.map(({ feature }) => feature));
    for await (const item of ports.gis.features(onlyChunk(text), reading)) {
      const given = item.kind === 'refused' ? item.refused.ordinal : item.feature.ordinal;
      const source = group[given - 1];
      const ordinal = source?.ordinal ?? given;
      if (item.kind === 'refused') refused.push({ ...item.refused, ordinal });
      else if (source !== undefined) {
        const feature = { ...item, feature: { ...item.feature, ordinal } } as typeof item;
        edits.set(ordinal, { kind: source.feature.action, feature });
      }
    }
  }
  if (refused.length > 0) return { kind: 'refused', refused: refused.sort((a, b) => a.ordinal - b.ordinal) };
  return { kind: 'edits', edits: [...edits].sort(([a], [b]) => a - b).map(([, edit]) => edit) };
}

function expiry(feature: Extract<WireFeature, { readonly action: 'expire' }>, ordinal: number): FeatureEdit {
  const { NGUID, Expire } = feature.properties;
  return {
    kind: 'expire',
    ordinal,
    layer: layerFromWire(feature.layer ?? '') ?? 'serviceBoundary',
    featureId: NGUID,
    at: Expire === undefined ? undefined : wallMs(Date.parse(Expire)),
  };
}

function collection(features: readonly NewFeature[]): string {
  const plain = features.map(({ type, properties, geometry }) => ({ type, properties, geometry }));
  return JSON.stringify({ type: 'FeatureCollection', features: plain });
}

async function* onlyChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
