import { z } from 'zod';

// The part of the configuration that says who we are in discrepancy reports, and how they are sent and signed.

const file = z.string().min(1).max(4_096);
const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'must be a network in CIDR form, such as 192.0.2.0/24 or fd00::/8',
});

/** Discrepancy reports (NENA-STA-010.3 §3.7). */
export const discrepancySchema = z
  .strictObject({
    agencyName: z
      .string()
      .min(1)
      .max(254)
      .optional()
      .describe(
        "The agency's name in reports and answers to them; identity.domain or the machine's name where absent.",
      ),
    contactJcard: z
      .string()
      .min(1)
      .max(10_000)
      .optional()
      .describe(
        'Whom to ask, a jCard (RFC 7095) as JSON text; one that has the name of the agency alone where absent.',
      ),
    resolutionUri: z
      .string()
      .max(2_000)
      .regex(
        /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i,
        'must be a URI such as https://esrp.example.net/Resolutions',
      )
      .optional()
      .describe(
        "Where others send resolutions of our reports: this server's /DiscrepancyReports/v1/Resolutions as they reach it. Reports of ours need it.",
      ),
    outbound: z
      .strictObject({
        plainHttp: z.boolean().default(false),
        networks: z.array(cidr).max(256).default([]),
        caFile: file.optional(),
        certificateFile: file.optional(),
        keyFile: file.optional(),
      })
      .prefault({})
      .describe(
        'How reports and resolutions are sent: plainHttp allows http:, networks lists those that resolutions may go to although they are not public, caFile replaces the authorities of the system, certificateFile and keyFile are our own.',
      ),
    signing: z
      .strictObject({ certificateFile: file, keyFile: file })
      .optional()
      .describe(
        'What our reports and resolutions are signed with (JWS, Ed448); they are not signed where absent.',
      ),
    verification: z
      .strictObject({ caFile: file, isRequired: z.boolean().default(false) })
      .optional()
      .describe(
        'Authorities whose certificates signatures of others are verified by; isRequired refuses documents that are not signed. Signatures are not verified where absent.',
      ),
  })
  .prefault({});
