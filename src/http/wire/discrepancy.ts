import { z } from 'zod';
import type { DiscrepancyEntry } from '../../esrp/index.ts';
import { momentSchema, momentToWire, optionalMoment } from './common.ts';
import { replyComponent, requestComponent } from './registry.ts';

const looseDocument = z.looseObject({});

/** A document of the i3 service as it comes: plain, or a flattened JWS around it. */
export const discrepancyDocumentSchema = requestComponent(
  'DiscrepancyDocument',
  looseDocument.describe(
    'A document of the i3 Discrepancy Reports service, version 1.0, or a flattened JWS (EdDSA over Ed448) of one.',
  ),
);

/** A document of the i3 service as it goes out. */
export const discrepancyAnswerSchema = replyComponent(
  'DiscrepancyAnswer',
  looseDocument.describe('A document of the i3 Discrepancy Reports service, version 1.0.'),
);

/** Versions of an i3 service. */
export const versionsSchema = replyComponent(
  'I3Versions',
  z.strictObject({
    versions: z.array(z.strictObject({ major: z.int(), minor: z.int(), vendor: z.string().optional() })),
  }),
);

const entrySchema = z.strictObject({
  direction: z.enum(['in', 'out']).describe('`in`: others sent it to us; `out`: ours'),
  reportingAgency: z.string(),
  reportId: z.string(),
  reportType: z.string(),
  problem: z.string().optional(),
  severity: z.string(),
  submittedAt: momentSchema,
  receivedAt: momentSchema,
  state: z.enum(['queued', 'sent', 'failed', 'open', 'resolved']),
  report: looseDocument,
  response: looseDocument.optional(),
  status: looseDocument.optional(),
  resolution: looseDocument.optional(),
  resolvedAt: momentSchema.optional(),
  targetUri: z.string().optional().describe('Where the report, or its resolution, is sent'),
  attempts: z.int(),
  nextAttemptAt: momentSchema.optional(),
  lastFailure: z.string().optional(),
});

/** A report and what became of it. */
export const discrepancyEntrySchema = replyComponent('DiscrepancyReport', entrySchema);

/** A page of reports. */
export const discrepancyPageSchema = replyComponent(
  'DiscrepancyReportPage',
  z.strictObject({
    items: z.array(entrySchema),
    next: momentSchema.optional().describe('Give this as `before` to read on; absent on the last page.'),
  }),
);

/** {@link discrepancyEntrySchema}'s value. */
export type WireDiscrepancy = z.infer<typeof discrepancyEntrySchema>;

/** Writes a report. */
export function discrepancyToWire(entry: DiscrepancyEntry): WireDiscrepancy {
  const { submittedAt, receivedAt, resolvedAt, nextAttemptAt } = entry;
  return {
    ...entry,
    report: { ...entry.report },
    response: entry.response === undefined ? undefined : { ...entry.response },
    status: entry.status === undefined ? undefined : { ...entry.status },
    resolution: entry.resolution === undefined ? undefined : { ...entry.resolution },
    submittedAt: momentToWire(submittedAt),
    receivedAt: momentToWire(receivedAt),
    resolvedAt: optionalMoment(resolvedAt),
    nextAttemptAt: optionalMoment(nextAttemptAt),
  };
}
