import { z } from 'zod';
import type { Result } from '../../base/index.ts';
import type { DiscrepancyDocument, DiscrepancyFault, DiscrepancyRefusal } from '../../esrp/index.ts';
import type { HttpErrorCode } from '../errors.ts';
import { defineOperation, type OperationPorts, type RequestBody } from '../operation.ts';
import { jsonReply, type Outcome, type Problem, problem } from '../problem.ts';
import { lineText } from '../validation.ts';
import { discrepancyAnswerSchema, discrepancyDocumentSchema, versionsSchema } from '../wire/discrepancy.ts';
import {
  reportDocumentExample,
  reportResponseExample,
  resolutionDocumentExample,
} from './discrepancy-examples.ts';

// The i3 web service of discrepancy reports (NENA-STA-010.3 §3.7), under its own names and with its own status codes.

const json = 'application/json';
const tag = 'Discrepancies';
const reportKey = z.strictObject({
  agencyName: lineText(254).describe('The agency that reported'),
  discrepancyReportId: lineText(254).describe('Its id of the report'),
});

const codes: Readonly<Record<DiscrepancyFault, HttpErrorCode>> = {
  badDocument: 'http.discrepancyRefused',
  notOurs: 'http.discrepancyNotOurs',
  reporterUnauthorized: 'http.reporterUnauthorized',
  responderUnauthorized: 'http.responderUnauthorized',
  unknownReport: 'http.reportUnknown',
  alreadyResolved: 'http.reportResolved',
  notYet: 'http.reportOpen',
};

/** A refusal of the service as a problem with its status code. */
export function refusalProblem({ fault, reason }: DiscrepancyRefusal): Problem {
  return problem(codes[fault], reason);
}

function answered(result: Result<DiscrepancyDocument, DiscrepancyRefusal>, status: number): Outcome {
  return result.ok ? jsonReply(status, result.value) : refusalProblem(result.error);
}

/** The document of a body, taken out of its signature. */
function opened(
  body: RequestBody<DiscrepancyDocument>,
  ports: OperationPorts,
): Result<DiscrepancyDocument, DiscrepancyRefusal> {
  return ports.discrepancies.open(body.kind === 'json' ? body.value : {});
}

function answerReply(status: number, description: string, example: unknown) {
  return { status, description, mediaType: json, schema: discrepancyAnswerSchema, example };
}

/** Takes a report of others. */
export const submitReport = defineOperation({
  id: 'submitReport',
  method: 'post',
  path: '/DiscrepancyReports/v1/Reports',
  tag,
  summary: 'Submit a discrepancy report.',
  access: 'key',
  body: { json: { schema: discrepancyDocumentSchema, examples: { mapping: reportDocumentExample } } },
  replies: [
    answerReply(201, 'The report is kept; this is who will answer it, and when.', reportResponseExample),
  ],
  problems: ['http.discrepancyRefused', 'http.discrepancyNotOurs', 'http.reporterUnauthorized'],
  async handle({ body, actor, ports }) {
    const document = opened(body, ports);
    if (!document.ok) return refusalProblem(document.error);
    return answered(await ports.discrepancies.service.receive(document.value, actor), 201);
  },
});

/** Takes what others say of a report of ours. */
export const submitResolution = defineOperation({
  id: 'submitResolution',
  method: 'post',
  path: '/DiscrepancyReports/v1/Resolutions',
  tag,
  summary: 'Submit the resolution of a report that this server sent.',
  access: 'key',
  body: { json: { schema: discrepancyDocumentSchema, examples: { corrected: resolutionDocumentExample } } },
  replies: [answerReply(201, 'The resolution is kept.', {})],
  problems: ['http.discrepancyRefused', 'http.responderUnauthorized', 'http.reportUnknown'],
  async handle({ body, actor, ports }) {
    const document = opened(body, ports);
    if (!document.ok) {
      const { fault, reason } = document.error;
      return refusalProblem({
        fault: fault === 'reporterUnauthorized' ? 'responderUnauthorized' : fault,
        reason,
      });
    }
    const kept = await ports.discrepancies.service.receiveResolution(document.value, actor);
    return kept.ok ? jsonReply(201, {}) : refusalProblem(kept.error);
  },
});

/** The resolution of a report of others. */
export const readResolution = defineOperation({
  id: 'readResolution',
  method: 'get',
  path: '/DiscrepancyReports/v1/Resolutions',
  tag,
  summary: 'Read the resolution of a report that was submitted here.',
  access: 'key',
  query: reportKey,
  replies: [answerReply(200, 'The resolution.', resolutionDocumentExample)],
  problems: ['http.reportUnknown', 'http.reportOpen'],
  async handle({ query, ports }) {
    const { agencyName, discrepancyReportId } = query;
    return answered(await ports.discrepancies.service.resolutionOf(agencyName, discrepancyReportId), 200);
  },
});

/** How far a report of others is. */
export const readStatusUpdate = defineOperation({
  id: 'readStatusUpdate',
  method: 'get',
  path: '/DiscrepancyReports/v1/StatusUpdates',
  tag,
  summary: 'Read how far the answer to a report is that was submitted here.',
  access: 'key',
  query: reportKey,
  replies: [answerReply(200, 'The newest status update.', reportResponseExample)],
  problems: ['http.discrepancyRefused', 'http.reportUnknown', 'http.reportResolved'],
  async handle({ query, ports }) {
    const { agencyName, discrepancyReportId } = query;
    return answered(await ports.discrepancies.service.statusOf(agencyName, discrepancyReportId), 200);
  },
});

/** The versions of the service. */
export const readDiscrepancyVersions = defineOperation({
  id: 'readDiscrepancyVersions',
  method: 'get',
  path: '/DiscrepancyReports/Versions',
  tag,
  summary: 'List the versions of the discrepancy report service.',
  access: 'open',
  replies: [
    {
      status: 200,
      description: 'The versions.',
      mediaType: json,
      schema: versionsSchema,
      example: { versions: [{ major: 1, minor: 0 }] },
    },
  ],
  problems: [],
  handle: () => jsonReply(200, { versions: [{ major: 1, minor: 0 }] }),
});
