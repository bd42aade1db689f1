import { z } from 'zod';
import type { Result } from '../../base/index.ts';
import {
  type DiscrepancyEntry,
  type DiscrepancyKey,
  type DiscrepancyRefusal,
  resolutions,
} from '../../esrp/index.ts';
import { defineOperation } from '../operation.ts';
import { jsonReply, type Outcome, problem } from '../problem.ts';
import { integerText, lineText, momentText } from '../validation.ts';
import { momentFromWire, momentToWire } from '../wire/common.ts';
import { discrepancyEntrySchema, discrepancyPageSchema, discrepancyToWire } from '../wire/discrepancy.ts';
import { requestComponent } from '../wire/registry.ts';
import { refusalProblem } from './discrepancy.ts';
import { discrepancyEntryExample, reportDocumentExample } from './discrepancy-examples.ts';

// Discrepancy reports as operators work with them.

const json = 'application/json';
const tag = 'Discrepancies';
const base = '/api/v1/discrepancy-reports';
const keyParams = z.strictObject({
  direction: z.enum(['in', 'out'], 'must be in or out').describe('`in`: of others; `out`: ours'),
  agency: lineText(254).describe('The agency that reported'),
  reportId: lineText(254).describe('Its id of the report'),
});
const receivedParams = keyParams.omit({ direction: true });

const line = z.string().trim().min(1).max(2_000);
const replyFields = {
  agentId: line.max(254).optional().describe('Who answers'),
  comments: line.optional(),
};

const statusRequest = requestComponent(
  'DiscrepancyStatusRequest',
  z
    .strictObject({ ...replyFields, estimatedAt: momentText().describe('When the report will be answered') })
    .describe('A status update of a report of others.'),
);
const resolutionRequest = requestComponent(
  'DiscrepancyResolutionRequest',
  z
    .strictObject({
      ...replyFields,
      resolution: z.enum(resolutions as [string, ...string[]], 'must be a resolution of the i3 service'),
    })
    .describe('The answer to a report of others.'),
);
const submitRequest = requestComponent(
  'DiscrepancySubmitRequest',
  z
    .strictObject({
      targetUri: z
        .string()
        .max(2_000)
        .regex(/^https?:\/\/[^\s]+$/i, 'must be an http or https URI')
        .describe("The other side's Reports entry point"),
      report: z
        .looseObject({ reportType: z.string().min(1).max(254) })
        .describe('What the report says; id, time, agency and contact are filled in'),
    })
    .describe('A report to send.'),
);

function entryReply(status: number, description: string) {
  return {
    status,
    description,
    mediaType: json,
    schema: discrepancyEntrySchema,
    example: discrepancyEntryExample,
  };
}

function entryAnswer(result: Result<DiscrepancyEntry, DiscrepancyRefusal>, status: number): Outcome {
  return result.ok ? jsonReply(status, discrepancyToWire(result.value)) : refusalProblem(result.error);
}

/** A page of reports. */
export const listDiscrepancies = defineOperation({
  id: 'listDiscrepancies',
  method: 'get',
  path: base,
  tag,
  summary: 'List discrepancy reports, the newest first.',
  access: 'key',
  query: z.strictObject({
    limit: integerText({ min: 1, max: 500 }).default(50).describe('Reports a page'),
    before: momentText().optional().describe('Reports older than this: `next` of the page before'),
    direction: z.enum(['in', 'out'], 'must be in or out').optional().describe('Only these'),
    state: z
      .enum(['queued', 'sent', 'failed', 'open', 'resolved'], 'must be a state of a report')
      .optional()
      .describe('Only reports of this state'),
  }),
  replies: [
    {
      status: 200,
      description: 'A page.',
      mediaType: json,
      schema: discrepancyPageSchema,
      example: { items: [discrepancyEntryExample] },
    },
  ],
  problems: [],
  async handle({ query, ports }) {
    const { limit, direction, state } = query;
    const before = query.before === undefined ? undefined : momentFromWire(query.before);
    const found = await ports.discrepancies.store.listDiscrepancies({
      limit: limit + 1,
      before,
      direction,
      state,
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const next = found.length > limit && last !== undefined ? momentToWire(last.receivedAt) : undefined;
    return jsonReply(200, { items: page.map(discrepancyToWire), next });
  },
});

/** One report. */
export const readDiscrepancy = defineOperation({
  id: 'readDiscrepancy',
  method: 'get',
  path: `${base}/{direction}/{agency}/{reportId}`,
  tag,
  summary: 'Read a discrepancy report and what became of it.',
  access: 'key',
  params: keyParams,
  replies: [entryReply(200, 'The report.')],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const { direction, agency: reportingAgency, reportId } = params;
    const entry = await ports.discrepancies.store.getDiscrepancy({ direction, reportingAgency, reportId });
    return entry === undefined
      ? problem('http.notFound', `there is no report ${reportId} of ${reportingAgency}`)
      : jsonReply(200, discrepancyToWire(entry));
  },
});

/** Sends a report. */
export const sendDiscrepancy = defineOperation({
  id: 'sendDiscrepancy',
  method: 'post',
  path: base,
  tag,
  summary: 'Send a discrepancy report to another agency; it is queued, and tried again until it arrives.',
  access: 'key',
  body: {
    json: {
      schema: submitRequest,
      examples: {
        mapping: {
          targetUri: 'https://ecrf.example/DiscrepancyReports/v1/Reports',
          report: { reportType: 'LostDiscrepancyReport', problem: reportDocumentExample.problem },
        },
      },
    },
  },
  replies: [entryReply(202, 'The report, queued.')],
  problems: ['http.discrepancyRefused'],
  async handle({ body, actor, ports }) {
    if (body.kind !== 'json') return problem('http.badJson', 'the body is missing');
    const { targetUri, report } = body.value;
    return entryAnswer(await ports.discrepancies.service.submit({ targetUri, document: report }, actor), 202);
  },
});

const keyOf = (params: z.output<typeof receivedParams>): DiscrepancyKey => ({
  direction: 'in',
  reportingAgency: params.agency,
  reportId: params.reportId,
});

/** Says when a report will be answered. */
export const setDiscrepancyStatus = defineOperation({
  id: 'setDiscrepancyStatus',
  method: 'put',
  path: `${base}/in/{agency}/{reportId}/status`,
  tag,
  summary: 'Say when a report of others will be answered.',
  access: 'key',
  params: receivedParams,
  body: {
    json: {
      schema: statusRequest,
      examples: { later: { estimatedAt: '2026-03-10T12:00:00Z', comments: 'the county is asked' } },
    },
  },
  replies: [entryReply(200, 'The report.')],
  problems: ['http.reportUnknown', 'http.reportResolved'],
  async handle({ params, body, actor, ports }) {
    if (body.kind !== 'json') return problem('http.badJson', 'the body is missing');
    const { agentId, comments, estimatedAt } = body.value;
    const status = { agentId, comments, estimatedAt: momentFromWire(estimatedAt) };
    return entryAnswer(await ports.discrepancies.service.setStatus(keyOf(params), status, actor), 200);
  },
});

/** Answers a report. */
export const resolveDiscrepancy = defineOperation({
  id: 'resolveDiscrepancy',
  method: 'put',
  path: `${base}/in/{agency}/{reportId}/resolution`,
  tag,
  summary: 'Answer a report of others; the answer is sent to its resolution URI too.',
  access: 'key',
  params: receivedParams,
  body: {
    json: { schema: resolutionRequest, examples: { corrected: { resolution: 'DataCorrected' } } },
  },
  replies: [entryReply(200, 'The report.')],
  problems: ['http.discrepancyRefused', 'http.reportUnknown'],
  async handle({ params, body, actor, ports }) {
    if (body.kind !== 'json') return problem('http.badJson', 'the body is missing');
    const { agentId, comments, resolution } = body.value;
    const answer = { agentId, comments, resolution };
    return entryAnswer(await ports.discrepancies.service.resolve(keyOf(params), answer, actor), 200);
  },
});
