import { z } from 'zod';
import type { DataError } from '../../esrp/index.ts';
import { momentSchema, momentToWire, optionalMoment } from './common.ts';
import { replyComponent } from './registry.ts';

/** A page of gaps and overlaps. */
export const dataErrorPageSchema = replyComponent(
  'DataErrorPage',
  z.strictObject({
    items: z.array(
      z.strictObject({
        id: z.int(),
        kind: z.enum(['gap', 'overlap']),
        serviceUrn: z.string(),
        agencies: z.array(z.string()),
        featureIds: z.array(z.string()),
        foundBy: z.enum(['check', 'lookup']),
        datasetId: z.int().optional().describe('Where it was found last; absent where that was removed'),
        firstSeen: momentSchema,
        lastSeen: momentSchema,
        seenCount: z.int(),
        resolvedAt: momentSchema
          .optional()
          .describe('When a check of the active dataset did not find it any more'),
        areaM2: z
          .number()
          .optional()
          .describe('Square metres on the spheroid; absent where a call alone found it'),
        place: z
          .looseObject({ type: z.string() })
          .describe('GeoJSON geometry; of a gap that a call found, a cell of some hundred metres around it'),
      }),
    ),
    next: z.int().optional().describe('Give this as `before` to read on; absent on the last page.'),
  }),
);

/** Writes a gap or an overlap. */
export function dataErrorToWire(error: DataError): z.infer<typeof dataErrorPageSchema>['items'][number] {
  const { firstSeen, lastSeen, resolvedAt, agencies, featureIds, place, ...rest } = error;
  return {
    ...rest,
    agencies: [...agencies],
    featureIds: [...featureIds],
    firstSeen: momentToWire(firstSeen),
    lastSeen: momentToWire(lastSeen),
    resolvedAt: optionalMoment(resolvedAt),
    place: place as { type: string },
  };
}
