import { z } from 'zod';
import type { ShadowReport, ShadowSummary, ShadowTarget } from '../../esrp/index.ts';
import { momentSchema, momentToWire, optionalMoment } from './common.ts';
import { replyComponent, requestComponent } from './registry.ts';

/** What a run of shadow routing is asked. */
export const shadowRequestSchema = requestComponent(
  'ShadowRequest',
  z
    .strictObject({
      with: z
        .int()
        .min(1)
        .max(2_147_483_647)
        .optional()
        .describe('The dataset that it is compared with; the active one where absent'),
      source: z
        .enum(
          ['records', 'area', 'border', 'addressPoint', 'changed'],
          'must be records, area, border, addressPoint or changed',
        )
        .default('records')
        .describe(
          '`records`: calls of the past whose locations are still kept, newest first; else calls that are made up: all over ' +
            'boundaries, within about ten metres of their borders, at address points, or on ground that changed',
        ),
      count: z.int().min(1).max(100_000).default(1_000).describe('Calls at most'),
      seed: z.int().min(0).max(2_147_483_647).default(1).describe('One seed makes the same calls each time'),
      service: z
        .string()
        .max(254)
        .regex(/^urn:[a-z0-9:._-]+$/, 'must be a service URN in lower case, such as urn:service:sos')
        .optional()
        .describe('Service of calls that are made up; that of the boundary where absent'),
    })
    .describe('Calls to map by a dataset that is not active.'),
);

const targetSchema = z.strictObject({
  uri: z.string().optional().describe('Absent: the default route'),
  boundaryId: z.string().optional(),
  displayName: z.string().optional(),
  how: z.string().describe('The rule that found it, or why nothing was found'),
});

/** What a run came to. */
export const shadowSummarySchema = replyComponent(
  'ShadowSummary',
  z
    .strictObject({
      total: z.int(),
      done: z.int(),
      same: z.int().describe('Calls that go to the same URI'),
      moved: z.int().describe('Calls that would go to another PSAP'),
      lost: z.int().describe('Calls that a PSAP has now, and would take the default route'),
      gained: z.int().describe('Calls that take the default route now, and would reach a PSAP'),
      failed: z.int().describe('Calls whose lookup failed on either side'),
      flows: z.array(
        z.strictObject({ from: z.string().optional(), to: z.string().optional(), count: z.int() }),
      ),
      differences: z
        .array(
          z.strictObject({
            callId: z.string().optional(),
            position: z.strictObject({ lon: z.number(), lat: z.number() }).optional(),
            service: z.string(),
            from: targetSchema,
            to: targetSchema,
          }),
        )
        .describe('The first ones, with the call or the point.'),
    })
    .describe('Where calls would go that two datasets do not agree on.'),
);

/** {@link shadowSummarySchema}'s value. */
export type WireShadowSummary = z.infer<typeof shadowSummarySchema>;

/** Writes a summary. */
export function shadowSummaryToWire(summary: ShadowSummary): WireShadowSummary {
  const { flows, differences, total, done, same, moved, lost, gained, failed } = summary;
  return {
    total,
    done,
    same,
    moved,
    lost,
    gained,
    failed,
    flows: flows.map(({ from, to, count }) => ({ from, to, count })),
    differences: differences.map(({ callId, position, service, from, to }) => ({
      callId,
      position: position === undefined ? undefined : { lon: position.lon, lat: position.lat },
      service,
      from: targetToWire(from),
      to: targetToWire(to),
    })),
  };
}

function targetToWire({ uri, boundaryId, displayName, how }: ShadowTarget): z.infer<typeof targetSchema> {
  return { uri, boundaryId, displayName, how };
}

/** A run of shadow routing. */
export const shadowReportSchema = replyComponent(
  'ShadowReport',
  z
    .strictObject({
      datasetId: z.int(),
      with: z.int(),
      source: z.enum(['records', 'area', 'border', 'addressPoint', 'changed']),
      count: z.int(),
      seed: z.int(),
      service: z.string().optional(),
      state: z.enum(['running', 'finished', 'failed']),
      startedAt: momentSchema,
      finishedAt: momentSchema.optional(),
      detail: z.string(),
      summary: shadowSummarySchema,
    })
    .describe('A run of shadow routing, under way or over.'),
);

/** {@link shadowReportSchema}'s value. */
export type WireShadowReport = z.infer<typeof shadowReportSchema>;

/** Writes a run. */
export function shadowReportToWire(report: ShadowReport): WireShadowReport {
  const { request, state, startedAt, finishedAt, detail, summary } = report;
  return {
    datasetId: request.datasetId,
    with: request.baseId,
    source: request.source,
    count: request.count,
    seed: request.seed,
    service: request.service,
    state,
    startedAt: momentToWire(startedAt),
    finishedAt: optionalMoment(finishedAt),
    detail,
    summary: shadowSummaryToWire(summary),
  };
}
