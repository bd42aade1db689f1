import { z } from 'zod';
import { callRecordId } from '../../base/index.ts';
import { eventStreamType } from '../event-stream.ts';
import { defineOperation } from '../operation.ts';
import { jsonReply, problem } from '../problem.ts';
import { integerText } from '../validation.ts';
import {
  callPageSchema,
  callRecordSchema,
  callRecordToWire,
  callStateSchema,
  callSummaryToWire,
} from '../wire/call.ts';
import { callRecordExample, callSummaryExample } from './examples.ts';

function recordIdText() {
  return z.string().regex(/^[0-9A-Za-z-]{8,64}$/, 'must be the id of a call record');
}

/** A page of calls. */
export const listCalls = defineOperation({
  id: 'listCalls',
  method: 'get',
  path: '/api/v1/calls',
  tag: 'Calls',
  summary: 'List calls, newest first.',
  access: 'key',
  query: z.strictObject({
    limit: integerText({ min: 1, max: 500 }).default(50).describe('Calls a page'),
    before: recordIdText().optional().describe('Calls older than this one: `next` of the page before'),
    state: callStateSchema.optional().describe('Calls in this state only'),
  }),
  replies: [
    {
      status: 200,
      description: 'A page.',
      mediaType: 'application/json',
      schema: callPageSchema,
      example: { items: [callSummaryExample], next: callSummaryExample.id },
    },
  ],
  problems: [],
  async handle({ query, ports }) {
    const found = await ports.calls.list({
      limit: query.limit + 1,
      before: query.before === undefined ? undefined : callRecordId(query.before),
      state: query.state,
    });
    const page = found.slice(0, query.limit);
    const next = found.length > page.length ? page.at(-1)?.id : undefined;
    return jsonReply(200, { items: page.map(callSummaryToWire), next });
  },
});

/** Calls as they change. */
export const followCalls = defineOperation({
  id: 'followCalls',
  method: 'get',
  path: '/api/v1/call-events',
  tag: 'Calls',
  summary: 'Follow calls as they change.',
  description:
    'Server-sent events from now on. The event `started` tells of a call that was routed, `state` of one that rings, was answered, refused or cancelled, or has ended, `location` of a new location that came during the call; the data of each is the record as it stands. What was missed is read from the list of calls.',
  access: 'key',
  replies: [{ status: 200, description: 'Events, each with a call record.', mediaType: eventStreamType }],
  problems: ['http.tooManyStreams'],
  handle({ ports }) {
    const { callChanges, limits } = ports;
    if (callChanges.listenerCount >= limits.eventStreamsMax) {
      return problem('http.tooManyStreams', `${limits.eventStreamsMax} streams are open; end one of them`);
    }
    return {
      kind: 'events',
      open: (send) =>
        callChanges.listen(({ kind, record }) =>
          send({ name: kind, data: JSON.stringify(callRecordToWire(record)) }),
        ),
    };
  },
});

/** One call. */
export const readCall = defineOperation({
  id: 'readCall',
  method: 'get',
  path: '/api/v1/calls/{id}',
  tag: 'Calls',
  summary: "Read one call's record with its decision trace.",
  access: 'key',
  params: z.strictObject({ id: recordIdText().describe('Id of the record') }),
  replies: [
    {
      status: 200,
      description: 'The record.',
      mediaType: 'application/json',
      schema: callRecordSchema,
      example: callRecordExample,
    },
  ],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const record = await ports.calls.get(callRecordId(params.id));
    if (record === undefined) return problem('http.notFound', `there is no call ${params.id}`);
    return jsonReply(200, callRecordToWire(record));
  },
});
