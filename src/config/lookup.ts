import { z } from 'zod';

// The part of the configuration that says who answers which boundary serves a place.

/** Who answers lookups, and when the other one does. */
export const lookupSchema = z
  .strictObject({
    first: z
      .enum(['database', 'memory'])
      .default('database')
      .describe(
        'Who is asked first: the database, or the standby index in memory. The other one answers where the first cannot.',
      ),
    patienceMs: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(200)
      .describe(
        'How long the database may take before the standby index answers; never more than half of routing.lookupDeadlineMs.',
      ),
    nearestWithinM: z
      .number()
      .min(0)
      .max(500_000)
      .default(0)
      .describe(
        'How far off the nearest boundary may be that answers for a place which none covers, in metres; 0 has none answer. Never where a service is known to be absent.',
      ),
    standby: z
      .boolean()
      .default(true)
      .describe(
        'Whether the active dataset is kept in memory and in a file of the data folder, to route by where the database is late or away, and to start without it.',
      ),
  })
  .refine(
    ({ first, standby }) => first === 'database' || standby,
    'first: memory needs standby: true, since there is nothing in memory otherwise',
  )
  .prefault({});

/** Default routes by service URN. */
export function serviceRoutesSchema(sipUri: z.ZodType<string>) {
  return z
    .record(
      z
        .string()
        .regex(
          /^urn:service:(test\.)?sos(\.[a-z0-9-]+)*$/,
          'must be a service URN, such as urn:service:sos.marine',
        ),
      sipUri,
    )
    .default({})
    .describe(
      'Default routes by service URN, tried before the default route of the ingress; a service without one goes by its parent: urn:service:sos.fire by urn:service:sos.',
    );
}
