import { z } from 'zod';
import type { DatasetDiff, FeatureChange, LayerName, ShadowSummary } from '../../esrp/index.ts';
import { replyComponent } from './registry.ts';
import { shadowSummarySchema, shadowSummaryToWire } from './shadow.ts';

const layerDifference = z.strictObject({
  added: z.int(),
  removed: z.int(),
  changed: z.int(),
  same: z.int(),
});

/** What is different between two datasets. */
export const datasetDiffSchema = replyComponent(
  'DatasetDiff',
  z
    .strictObject({
      from: z.int().describe('The dataset that it is compared with'),
      to: z.int(),
      layers: z.strictObject({
        serviceBoundary: layerDifference,
        provisioningBoundary: layerDifference,
        adminArea: layerDifference,
        roadCentreLine: layerDifference,
        addressPoint: layerDifference,
      }),
      changes: z.array(
        z.strictObject({
          layer: z.string(),
          featureId: z.string(),
          kind: z.enum(['added', 'removed', 'changed']),
          fields: z.array(z.string()).describe('Names of what is different, `geometry` among them'),
          changedAreaM2: z
            .number()
            .optional()
            .describe('Ground that changed hands, square metres on the spheroid'),
        }),
      ),
      next: z.string().optional().describe('Give this as `after` to read on; absent on the last page.'),
      sample: shadowSummarySchema
        .optional()
        .describe('What became of points on changed ground; absent where none were asked for.'),
    })
    .describe('What changed from one dataset to another.'),
);

/** {@link datasetDiffSchema}'s value. */
export type WireDatasetDiff = z.infer<typeof datasetDiffSchema>;

/** Writes a difference. */
export function datasetDiffToWire(of: {
  readonly from: number;
  readonly to: number;
  readonly diff: DatasetDiff;
  readonly next: string | undefined;
  readonly sample: ShadowSummary | undefined;
}): WireDatasetDiff {
  const { layers, changes } = of.diff;
  return {
    from: of.from,
    to: of.to,
    layers: { ...layers },
    changes: changes.map(changeToWire),
    next: of.next,
    sample: of.sample === undefined ? undefined : shadowSummaryToWire(of.sample),
  };
}

function changeToWire({ layer, featureId, kind, fields, changedAreaM2 }: FeatureChange) {
  return { layer, featureId, kind, fields: [...fields], changedAreaM2 };
}

/** A change as the text that pages go by. */
export function changeKey({ layer, featureId }: Pick<FeatureChange, 'layer' | 'featureId'>): string {
  return `${layer}/${featureId}`;
}

/** Reads what {@link changeKey} wrote; undefined: it is none. */
export function readChangeKey(
  text: string,
): { readonly layer: LayerName; readonly featureId: string } | undefined {
  const [, layer, featureId] =
    /^(serviceBoundary|provisioningBoundary|adminArea|roadCentreLine|addressPoint)\/(.+)$/s.exec(text) ?? [];
  return layer === undefined || featureId === undefined
    ? undefined
    : { layer: layer as LayerName, featureId };
}
