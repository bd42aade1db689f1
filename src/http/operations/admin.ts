import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { apiKeyRandomBytes, hashApiKey, newApiKey } from '../api-key.ts';
import { defineOperation } from '../operation.ts';
import { jsonReply } from '../problem.ts';
import { integerText } from '../validation.ts';
import { auditPageSchema, auditRowToWire, newKeySchema } from '../wire/admin.ts';

/** A page of the audit trail. */
export const readAudit = defineOperation({
  id: 'readAudit',
  method: 'get',
  path: '/api/v1/audit',
  tag: 'Administration',
  summary: 'Read the audit trail, newest first.',
  access: 'key',
  query: z.strictObject({
    limit: integerText({ min: 1, max: 500 }).default(50).describe('Rows a page'),
    before: integerText({ min: 1, max: Number.MAX_SAFE_INTEGER })
      .optional()
      .describe('Rows older than this one: `next` of the page before'),
  }),
  replies: [
    {
      status: 200,
      description: 'A page.',
      mediaType: 'application/json',
      schema: auditPageSchema,
      example: {
        items: [
          {
            id: 7,
            at: '2026-03-01T09:30:00.000Z',
            actor: 'admin',
            via: 'cli',
            action: 'dataset.activate',
            detail: { datasetId: 2 },
          },
        ],
        next: 7,
      },
    },
  ],
  problems: [],
  async handle({ query, ports }) {
    const found = await ports.audit.list({ limit: query.limit + 1, before: query.before });
    const page = found.slice(0, query.limit);
    const next = found.length > page.length ? page.at(-1)?.id : undefined;
    return jsonReply(200, { items: page.map(auditRowToWire), next });
  },
});

/** Replaces the caller's API key. */
export const rotateKey = defineOperation({
  id: 'rotateKey',
  method: 'post',
  path: '/api/v1/keys/rotate',
  tag: 'Administration',
  summary: 'Replace the API key that asks by a new one.',
  description: 'The new key is in this answer and nowhere else. The old one ends at once.',
  access: 'key',
  replies: [
    {
      status: 200,
      description: 'The new key.',
      mediaType: 'application/json',
      schema: newKeySchema,
      example: { name: 'admin', key: newApiKey(new Uint8Array(apiKeyRandomBytes)) },
    },
  ],
  problems: [],
  async handle({ actor, ports }) {
    const key = newApiKey(randomBytes(apiKeyRandomBytes));
    await ports.apiKeys.replace(actor.name, hashApiKey(key), actor);
    return jsonReply(200, { name: actor.name, key });
  },
});
