import { z } from 'zod';
import { httpErrors } from '../errors.ts';
import { defineOperation } from '../operation.ts';
import { isHttpErrorCode, jsonReply, problem, problemTypes } from '../problem.ts';
import { lineText } from '../validation.ts';
import { problemTypeSchema } from '../wire/admin.ts';

/** The API document. */
export const readDocument = defineOperation({
  id: 'readDocument',
  method: 'get',
  path: '/api/v1/openapi.json',
  tag: 'Documentation',
  summary: 'Read this API as an OpenAPI 3.1 document.',
  access: 'open',
  replies: [{ status: 200, description: 'The document.', mediaType: 'application/json' }],
  problems: [],
  handle: ({ ports }) => jsonReply(200, ports.document()),
});

/** What a problem type means. */
export const readProblemType = defineOperation({
  id: 'readProblemType',
  method: 'get',
  path: '/api/v1/problems/{code}',
  tag: 'Documentation',
  summary: 'Read what a problem type means: the `type` of a problem document leads here.',
  access: 'open',
  params: z.strictObject({ code: lineText(64).describe('Code, such as http.notFound') }),
  replies: [
    {
      status: 200,
      description: 'The problem type.',
      mediaType: 'application/json',
      schema: problemTypeSchema,
      example: {
        code: 'http.notFound',
        title: problemTypes['http.notFound'].title,
        status: 404,
        meaning: httpErrors['http.notFound'].meaning,
      },
    },
  ],
  problems: ['http.notFound'],
  handle({ params: { code } }) {
    if (!isHttpErrorCode(code)) return problem('http.notFound', `there is no problem type ${code}`);
    return jsonReply(200, { code, ...problemTypes[code], meaning: httpErrors[code].meaning });
  },
});
