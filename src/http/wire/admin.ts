import { z } from 'zod';
import type { AuditRow } from '../../esrp/index.ts';
import type { Health } from '../types.ts';
import { laterEditSchema } from './change.ts';
import { momentSchema, momentToWire } from './common.ts';
import { featureNoteSchema } from './dataset.ts';
import { tableNoteSchema } from './location-table.ts';
import { replyComponent } from './registry.ts';

/** A page of the audit trail, newest first. */
export const auditPageSchema = replyComponent(
  'AuditPage',
  z.strictObject({
    items: z.array(
      z.strictObject({
        id: z.int(),
        at: momentSchema,
        actor: z.string(),
        via: z.string(),
        action: z.string(),
        detail: z.record(z.string(), z.unknown()),
      }),
    ),
    next: z.int().optional().describe('Give this as `before` to read on; absent on the last page.'),
  }),
);

/** {@link auditPageSchema}'s value. */
export type WireAuditPage = z.infer<typeof auditPageSchema>;

/** Writes rows of the audit trail. */
export function auditRowToWire(row: AuditRow): WireAuditPage['items'][number] {
  const { id, at, actor, via, action, detail } = row;
  return { id, at: momentToWire(at), actor, via, action, detail: { ...detail } };
}

/** A new API key. */
export const newKeySchema = replyComponent(
  'NewApiKey',
  z
    .strictObject({
      name: z.string(),
      key: z.string().describe('Shown this once; the server keeps its hash only.'),
    })
    .describe('The key that replaces the one that asked for it.'),
);

/** {@link newKeySchema}'s value. */
export type WireNewKey = z.infer<typeof newKeySchema>;

/** The server's health. */
export const healthSchema = replyComponent(
  'Health',
  z.strictObject({
    status: z.enum(['ok', 'degraded', 'failing']),
    checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  }),
);

/** Writes the server's health by one of its two questions. */
export function healthToWire(isOk: boolean, health: Health): z.infer<typeof healthSchema> {
  return {
    status: isOk ? (health.checks.every(({ ok }) => ok) ? 'ok' : 'degraded') : 'failing',
    checks: health.checks.map(({ name, ok, detail }) => ({ name, ok, detail })),
  };
}

/** A problem type. */
export const problemTypeSchema = replyComponent(
  'ProblemType',
  z.strictObject({ code: z.string(), title: z.string(), status: z.int(), meaning: z.string() }),
);

/** A problem document (RFC 9457 §3). */
export const problemSchema = replyComponent(
  'Problem',
  z
    .strictObject({
      type: z
        .string()
        .meta({ format: 'uri-reference' })
        .describe('Where the type of the problem is described.'),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      instance: z.string().describe('The id of this request, in the log too.'),
      errors: z
        .array(
          z.strictObject({
            in: z.enum(['path', 'query', 'body']),
            path: z.string().describe('Name of a parameter, or a JSON Pointer into the body'),
            message: z.string(),
          }),
        )
        .optional(),
      cause: z.string().optional().describe('Code of the failure underneath.'),
      readCount: z.int().optional().describe('Load refused: features or rows read.'),
      refusedCount: z
        .int()
        .optional()
        .describe('Load refused: those refused, also where they are not listed.'),
      refused: z
        .union([z.array(featureNoteSchema), z.array(tableNoteSchema)])
        .optional()
        .describe('Load refused: features or rows, in file order.'),
      later: z
        .array(laterEditSchema)
        .optional()
        .describe('Later changes: what is to be undone first, newest set first.'),
    })
    .describe('What went wrong (RFC 9457).'),
);

/** {@link problemSchema}'s value. */
export type WireProblem = z.infer<typeof problemSchema>;
