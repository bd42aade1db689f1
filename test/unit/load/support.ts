import type { SourceFeature } from '../../../src/esrp/index.ts';
import type { GeoJsonOptions } from '../../../src/load/index.ts';
import { defaultGeoJsonLimits, readGeoJsonFeatures } from '../../../src/load/index.ts';

export const square = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
  [0, 0],
];

/** A feature that is as it should be, with changes. */
export function feature(
  properties: Readonly<Record<string, unknown>> = {},
  rest: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    type: 'Feature',
    properties: {
      NGUID: 'one',
      ServiceURI: 'sip:psap@example.com',
      ServiceURN: 'urn:service:sos',
      ...properties,
    },
    geometry: { type: 'Polygon', coordinates: [square] },
    ...rest,
  };
}

/** A FeatureCollection as text. */
export function collection(
  features: readonly unknown[],
  rest: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({ type: 'FeatureCollection', ...rest, features });
}

/** Reads a source that comes in the given pieces. */
export async function readAll(
  pieces: readonly (string | Uint8Array)[],
  options: Partial<GeoJsonOptions> = {},
): Promise<readonly SourceFeature[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
  }
  const all: SourceFeature[] = [];
  const settings = { defaultServiceUrn: undefined, limits: defaultGeoJsonLimits, ...options };
  for await (const item of readGeoJsonFeatures(stream(), settings)) all.push(item);
  return all;
}

/** What came of each feature: its id, or the code of its refusal. */
export function fates(items: readonly SourceFeature[]): readonly string[] {
  return items.map((item) => {
    if (item.kind === 'refused') return item.refused.code;
    return item.kind === 'feature' ? item.feature.boundaryId : item.feature.featureId;
  });
}
