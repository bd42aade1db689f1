import { z } from 'zod';
import type { CertificateInUse } from '../types.ts';
import { momentSchema, momentToWire } from './common.ts';
import { replyComponent } from './registry.ts';

/** The next hops that something is known of. */
export const nextHopsSchema = replyComponent(
  'NextHops',
  z.strictObject({
    items: z.array(
      z.strictObject({
        transport: z.string(),
        address: z.string(),
        port: z.int(),
        state: z
          .enum(['up', 'down', 'refusing'])
          .describe(
            '`down` is tried last, `refusing` (a 503) last for what is no emergency; nothing is left out.',
          ),
        forMs: z.number().describe('How long that lasts unless a response comes before.'),
        downs: z.int().describe('Times that it went down without a response between them.'),
        silences: z.int().describe('Requests in a row that got no response at all.'),
      }),
    ),
  }),
);

/** The server's own certificates. */
export const certificatesSchema = replyComponent(
  'Certificates',
  z.strictObject({
    items: z.array(
      z.strictObject({
        file: z.string(),
        subjectAltName: z.string().optional(),
        validUntil: momentSchema,
      }),
    ),
  }),
);

/** Writes one certificate. */
export function certificateToWire(
  certificate: CertificateInUse,
): z.infer<typeof certificatesSchema>['items'][number] {
  const { file, subjectAltName, validUntil } = certificate;
  return {
    file,
    ...(subjectAltName === undefined ? {} : { subjectAltName }),
    validUntil: momentToWire(validUntil),
  };
}
