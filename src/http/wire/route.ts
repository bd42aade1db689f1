import { z } from 'zod';
import { assertNever } from '../../base/index.ts';
import type {
  BoundaryMatch,
  Mapping,
  Plan,
  RouteAnswer,
  RouteLocation,
  StageTrace,
} from '../../esrp/index.ts';
import { momentText } from '../validation.ts';
import {
  civicFromWire,
  civicResolutionSchema,
  civicResolutionToWire,
  locationRequestSchema,
} from './civic.ts';
import { serviceText } from './common.ts';
import { locatedSchema, locatedToWire } from './location.ts';
import { replyComponent, requestComponent } from './registry.ts';

/** A route query as JSON. */
export const routeRequestSchema = requestComponent(
  'RouteRequest',
  z
    .strictObject({
      service: serviceText,
      asOf: momentText().optional().describe('The moment whose boundaries count; now where absent.'),
      location: locationRequestSchema,
    })
    .describe('Where would a call for this service from this place go?'),
);

/** Makes the core's location of a checked one. */
export function routeLocationFromWire(location: z.infer<typeof locationRequestSchema>): RouteLocation {
  if ('civic' in location) return { kind: 'civic', civic: civicFromWire(location.civic) };
  return { kind: 'point', position: { lon: location.lon, lat: location.lat } };
}

const matchSchema = replyComponent(
  'BoundaryMatch',
  z
    .strictObject({
      boundaryId: z.string().describe('NENA globally unique id'),
      datasetId: z.int().optional().describe('Absent where another LoST server answered'),
      displayName: z.string(),
      serviceUrn: z.string(),
      serviceUri: z.string().describe("The PSAP's SIP URI"),
      serviceNumber: z.string().optional().describe('Dial string'),
      agencyId: z.string().optional(),
      priority: z.number().describe('Highest wins where boundaries overlap, then the smallest id'),
      share: z
        .number()
        .min(0)
        .max(1)
        .optional()
        .describe("How much of the caller's area it covers, where the rule is `overlap`"),
    })
    .describe('A stored service boundary.'),
);

const answeredBySchema = z
  .discriminatedUnion('name', [
    z.strictObject({
      name: z.literal('memory'),
      why: z.enum(['configured', 'databaseLate', 'databaseFailed', 'databaseAway']),
    }),
    z.strictObject({ name: z.literal('lost'), why: z.enum(['instead', 'unserved']), server: z.string() }),
  ])
  .describe(
    'The standby index, or another LoST server, where it answered in place of the database, and why.',
  );

/** What mapping a location came to. */
export const mappingSchema = replyComponent(
  'Mapping',
  z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('mapped'),
        rule: z.enum([
          'covers',
          'withinOneMetre',
          'overlap',
          'nearest',
          'addressPoint',
          'roadRange',
          'street',
          'areaName',
        ]),
        boundary: matchSchema,
        others: z.array(matchSchema).describe('Other boundaries that fit, in tie-break order.'),
        substitutedFrom: z.string().optional().describe('The service asked for, where another one answered.'),
        detail: z.string(),
        civic: civicResolutionSchema.optional(),
        answeredBy: answeredBySchema.optional(),
      }),
      z.strictObject({
        kind: z.literal('unmapped'),
        reason: z.enum([
          'noLocation',
          'outsideAllBoundaries',
          'serviceAbsent',
          'civicUnknown',
          'civicAmbiguous',
          'noActiveDataset',
          'deadlineMissed',
          'lookupFailed',
          'stageFailed',
        ]),
        detail: z.string(),
        others: z.array(matchSchema),
        civic: civicResolutionSchema.optional(),
        answeredBy: answeredBySchema.optional(),
      }),
    ])
    .describe('The boundary that serves the location and by which rule, or why none does.'),
);

/** The targets of a call. */
export const planSchema = replyComponent(
  'Plan',
  z
    .strictObject({
      targets: z
        .array(
          z.strictObject({
            uri: z.string(),
            reason: z.enum(['mapped', 'default']),
            displayName: z.string(),
            boundaryId: z.string().optional(),
            ringTimeoutMs: z.number(),
          }),
        )
        .min(1),
      trace: z.array(z.string()).describe('Each decision, in order.'),
    })
    .describe('Where the call goes, target after target; the last one is a default route.'),
);

/** How long a stage took and what it said. */
export const stageSchema = replyComponent(
  'Stage',
  z
    .strictObject({
      stage: z.enum(['recognise', 'locate', 'map', 'decide', 'forward']),
      durationMs: z.number(),
      summary: z.string(),
      error: z.string().optional(),
    })
    .describe('One stage of routing.'),
);

/** The answer to a route query. */
export const routeAnswerSchema = replyComponent(
  'RouteAnswer',
  z
    .strictObject({
      service: z.string(),
      located: locatedSchema,
      mapping: mappingSchema,
      plan: planSchema,
      stages: z.array(stageSchema),
      totalMs: z.number(),
    })
    .describe('Where a call would go, and why.'),
);

/** {@link RouteAnswer} as JSON. */
export type WireRouteAnswer = z.infer<typeof routeAnswerSchema>;

/** Writes the answer to a route query. */
export function routeAnswerToWire(answer: RouteAnswer): WireRouteAnswer {
  return {
    service: answer.service,
    located: locatedToWire(answer.located),
    mapping: mappingToWire(answer.mapping),
    plan: planToWire(answer.plan),
    stages: answer.stages.map(stageToWire),
    totalMs: answer.totalMs,
  };
}

/** Writes a mapping. */
export function mappingToWire(mapping: Mapping): z.infer<typeof mappingSchema> {
  switch (mapping.kind) {
    case 'mapped':
      return {
        kind: 'mapped',
        rule: mapping.rule,
        boundary: matchToWire(mapping.boundary),
        others: mapping.others.map(matchToWire),
        substitutedFrom: mapping.substitutedFrom,
        detail: mapping.detail,
        civic: mapping.civic === undefined ? undefined : civicResolutionToWire(mapping.civic),
        answeredBy: mapping.answeredBy,
      };
    case 'unmapped':
      return {
        kind: 'unmapped',
        reason: mapping.reason,
        detail: mapping.detail,
        others: mapping.others.map(matchToWire),
        civic: mapping.civic === undefined ? undefined : civicResolutionToWire(mapping.civic),
        answeredBy: mapping.answeredBy,
      };
    default:
      return assertNever(mapping);
  }
}

/** Writes a plan. */
export function planToWire(plan: Plan): z.infer<typeof planSchema> {
  return {
    targets: plan.targets.map(({ uri, reason, displayName, boundaryId, ringTimeoutMs }) => ({
      uri,
      reason,
      displayName,
      boundaryId,
      ringTimeoutMs,
    })),
    trace: [...plan.trace],
  };
}

/** Writes a stage's trace. */
export function stageToWire(trace: StageTrace): z.infer<typeof stageSchema> {
  return { stage: trace.stage, durationMs: trace.durationMs, summary: trace.summary, error: trace.error };
}

function matchToWire(match: BoundaryMatch): z.infer<typeof matchSchema> {
  return {
    boundaryId: match.boundaryId,
    datasetId: match.datasetId,
    displayName: match.displayName,
    serviceUrn: match.serviceUrn,
    serviceUri: match.serviceUri,
    serviceNumber: match.serviceNumber,
    agencyId: match.agencyId,
    priority: match.priority,
    share: match.share,
  };
}
