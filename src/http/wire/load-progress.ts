import { z } from 'zod';
import type { LoadUnderWay } from '../loads.ts';
import { replyComponent } from './registry.ts';

/** The loads that are under way. */
export const loadListSchema = replyComponent(
  'LoadList',
  z.strictObject({
    items: z.array(
      z.strictObject({
        key: z.string().optional().describe('As the load was named in its query'),
        name: z.string(),
        source: z.string(),
        elapsedMs: z.int(),
        receivedBytes: z.int().describe('Of the file, as they came'),
        phase: z
          .enum(['reading', 'checking', 'indexing'])
          .optional()
          .describe('Absent until the first feature is stored'),
        done: z.int().optional().describe('Features that are through the phase'),
        total: z.int().optional().describe('Features in all, where that is known'),
      }),
    ),
  }),
);

/** {@link loadListSchema}'s value. */
export type WireLoadList = z.infer<typeof loadListSchema>;

/** Writes the loads that are under way. */
export function loadListToWire(loads: readonly LoadUnderWay[], now: number): WireLoadList {
  return {
    items: loads.map(({ key, name, source, startedAt, receivedBytes, progress }) => ({
      key,
      name,
      source,
      elapsedMs: Math.max(0, Math.round(now - startedAt)),
      receivedBytes,
      phase: progress?.phase,
      done: progress?.done,
      total: progress?.total,
    })),
  };
}
