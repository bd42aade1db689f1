import { z } from 'zod';
import { assertNever } from '../../base/index.ts';
import type { CallRecord, LocationUpdate, Recognition } from '../../esrp/index.ts';
import { codedErrorSchema, codedErrorToWire, momentSchema, momentToWire, optionalMoment } from './common.ts';
import { locatedSchema, locatedToWire } from './location.ts';
import { replyComponent } from './registry.ts';
import { mappingSchema, mappingToWire, planSchema, planToWire, stageSchema, stageToWire } from './route.ts';

/** The states of a call. */
export const callStateSchema = z.enum([
  'routing',
  'proceeding',
  'answered',
  'redirected',
  'failed',
  'cancelled',
  'ended',
]);

const recognitionSchema = replyComponent(
  'Recognition',
  z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('emergency'),
        service: z.string(),
        isTest: z.boolean(),
        rule: z.enum([
          'serviceUrnInRequestUri',
          'serviceUrnInSipUri',
          'serviceUrnInRoute',
          'sosUser',
          'dialString',
          'acceptContactService',
        ]),
        matched: z.string(),
        requestUri: z.string(),
        isRequestUriReplaced: z.boolean(),
      }),
      z.strictObject({ kind: z.literal('other') }),
    ])
    .describe('Whether and by which rule a request was taken for an emergency call.'),
);

const locationUpdateSchema = replyComponent(
  'LocationUpdate',
  z
    .strictObject({
      at: momentSchema,
      method: z.string().describe('Of the SIP request that brought it'),
      located: locatedSchema,
      mapping: mappingSchema.optional(),
      outcome: z.enum(['recorded', 'rerouted']),
    })
    .describe("A location that came after the call's first one."),
);

const summaryShape = {
  id: z.string(),
  receivedAt: momentSchema,
  state: callStateSchema,
  service: z.string().optional(),
  isTest: z.boolean().optional(),
  from: z.string(),
  to: z.string(),
  sipCallId: z.string(),
  ingress: z.string(),
  emergencyCallId: z.string().optional(),
  incidentId: z.string().optional(),
  statusCode: z.int().optional().describe('Final SIP status sent to the caller'),
  answeredAt: momentSchema.optional(),
  endedAt: momentSchema.optional(),
};

const callSummarySchema = replyComponent(
  'CallSummary',
  z
    .strictObject({
      ...summaryShape,
      target: z.string().optional().describe('The SIP URI tried last, or the first one planned'),
      targetReason: z.enum(['mapped', 'default']).optional(),
      boundaryName: z.string().optional(),
    })
    .describe('One call in a list.'),
);

/** {@link CallRecord} in a list, as JSON. */
export type WireCallSummary = z.infer<typeof callSummarySchema>;

/** A page of calls, newest first. */
export const callPageSchema = replyComponent(
  'CallPage',
  z.strictObject({
    items: z.array(callSummarySchema),
    next: z.string().optional().describe('Give this as `before` to read on; absent on the last page.'),
  }),
);

/** {@link callPageSchema}'s value. */
export type WireCallPage = z.infer<typeof callPageSchema>;

/** One call with its decision trace. */
export const callRecordSchema = replyComponent(
  'CallRecord',
  z
    .strictObject({
      ...summaryShape,
      method: z.string(),
      requestUri: z.string(),
      recognition: recognitionSchema,
      located: locatedSchema.optional(),
      locationUpdates: z.array(locationUpdateSchema).describe('Later locations, oldest first.'),
      locationKeptUntil: momentSchema
        .optional()
        .describe('Until when positions, addresses and references stay on the record, where it has any'),
      mapping: mappingSchema.optional(),
      plan: planSchema.optional(),
      stages: z.array(stageSchema),
      attempts: z.array(
        z.strictObject({
          target: z.string(),
          nextHop: z.string().optional(),
          startedAt: momentSchema,
          endedAt: momentSchema.optional(),
          statusCode: z.int().optional(),
          detail: z.string().optional(),
        }),
      ),
      warnings: z.array(codedErrorSchema),
    })
    .describe('Everything that is known of one call: each stage with what it decided and why.'),
);

/** {@link CallRecord} as JSON. */
export type WireCallRecord = z.infer<typeof callRecordSchema>;

/** Writes a call for a list. */
export function callSummaryToWire(record: CallRecord): WireCallSummary {
  const lastAttempt = record.attempts.at(-1);
  const target =
    record.plan?.targets.find(({ uri }) => uri === lastAttempt?.target) ?? record.plan?.targets[0];
  return {
    ...summaryOf(record),
    target: lastAttempt?.target ?? target?.uri,
    targetReason: target?.reason,
    boundaryName: record.mapping?.kind === 'mapped' ? record.mapping.boundary.displayName : undefined,
  };
}

/** Writes a whole record. */
export function callRecordToWire(record: CallRecord): WireCallRecord {
  return {
    ...summaryOf(record),
    method: record.method,
    requestUri: record.requestUri,
    recognition: recognitionToWire(record.recognition),
    located: record.located === undefined ? undefined : locatedToWire(record.located),
    locationUpdates: record.locationUpdates.map(locationUpdateToWire),
    locationKeptUntil: optionalMoment(record.locationKeptUntil),
    mapping: record.mapping === undefined ? undefined : mappingToWire(record.mapping),
    plan: record.plan === undefined ? undefined : planToWire(record.plan),
    stages: record.stages.map(stageToWire),
    attempts: record.attempts.map((attempt) => ({
      target: attempt.target,
      nextHop: attempt.nextHop,
      startedAt: momentToWire(attempt.startedAt),
      endedAt: optionalMoment(attempt.endedAt),
      statusCode: attempt.statusCode,
      detail: attempt.detail,
    })),
    warnings: record.warnings.map(codedErrorToWire),
  };
}

function locationUpdateToWire(update: LocationUpdate): z.infer<typeof locationUpdateSchema> {
  return {
    at: momentToWire(update.at),
    method: update.method,
    located: locatedToWire(update.located),
    mapping: update.mapping === undefined ? undefined : mappingToWire(update.mapping),
    outcome: update.outcome,
  };
}

function summaryOf(record: CallRecord) {
  const { recognition } = record;
  const isEmergency = recognition.kind === 'emergency';
  return {
    id: record.id,
    receivedAt: momentToWire(record.receivedAt),
    state: record.state,
    service: isEmergency ? recognition.service : undefined,
    isTest: isEmergency ? recognition.isTest : undefined,
    from: record.from,
    to: record.to,
    sipCallId: record.sipCallId,
    ingress: record.ingress,
    emergencyCallId: record.emergencyCallId,
    incidentId: record.incidentId,
    statusCode: record.statusCode,
    answeredAt: optionalMoment(record.answeredAt),
    endedAt: optionalMoment(record.endedAt),
  };
}

function recognitionToWire(recognition: Recognition): z.infer<typeof recognitionSchema> {
  switch (recognition.kind) {
    case 'emergency':
      return {
        kind: 'emergency',
        service: recognition.service,
        isTest: recognition.isTest,
        rule: recognition.rule,
        matched: recognition.matched,
        requestUri: recognition.requestUri,
        isRequestUriReplaced: recognition.isRequestUriReplaced,
      };
    case 'other':
      return { kind: 'other' };
    default:
      return assertNever(recognition);
  }
}
