import { z } from 'zod';
import { discrepancySchema } from './discrepancy.ts';
import { locationSchema, peersSchema, placeSchema } from './location.ts';
import { lookupSchema, serviceRoutesSchema } from './lookup.ts';
import { lostSchema } from './lost.ts';

// The whole configuration: each key with its unit in its name, a default, a range and an effect. docs/configuration.md
// is made from this file, and a test compares the two.

const port = z.number().int().min(0).max(65_535);
const sipUri = z
  .string()
  .regex(/^sips?:[^\s<>@]+(@[^\s<>@]+)?$/i, 'must be a sip: or sips: URI, such as sip:psap@192.0.2.10:5060');
const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'must be a network in CIDR form, such as 192.0.2.0/24 or fd00::/8',
});
const serviceUrnText = z
  .string()
  .regex(/^urn:service:(test\.)?sos(\.[a-z0-9-]+)*$/, 'must be a service URN, such as urn:service:sos.fire');

function ms(options: { min: number; max: number; default: number; describe: string }) {
  return z
    .number()
    .int()
    .min(options.min)
    .max(options.max)
    .default(options.default)
    .describe(options.describe);
}

const file = z.string().min(1).max(4_096);
const tlsVersion = z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2');

const tlsProfile = z.strictObject({
  certificateFile: file,
  keyFile: file,
  caFile: file.optional(),
  clientCertificate: z.enum(['ignore', 'request', 'require']).default('request'),
  minVersion: tlsVersion,
  serverNames: z
    .record(
      z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'must be a host name'),
      z.strictObject({ certificateFile: file, keyFile: file }),
    )
    .default({}),
});

const tlsClient = z
  .strictObject({
    caFile: file.optional(),
    certificateFile: file.optional(),
    keyFile: file.optional(),
    minVersion: tlsVersion,
    verify: z.enum(['always', 'whenNamed', 'never']).default('always'),
  })
  .refine(
    ({ certificateFile, keyFile }) => (certificateFile === undefined) === (keyFile === undefined),
    'certificateFile and keyFile go together: give both or neither',
  );

const nameServer = z
  .string()
  .refine(
    (text) =>
      /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$|^[0-9a-fA-F]*:[0-9a-fA-F:.]+$/.test(text),
    'must be an address, address:port or [address]:port, such as 192.0.2.53 or [fd00::53]:5353',
  );

const sipListener = z.strictObject({
  transport: z.enum(['udp', 'tcp', 'tls', 'ws', 'wss']),
  address: z.union([z.ipv4(), z.ipv6()]),
  port: port.default(5060),
  announcedHost: z.string().min(1).max(255).optional(),
  announcedPort: port.optional(),
  ingress: z.string().min(1).max(64).default('default'),
  tls: z.string().min(1).max(64).optional(),
  origins: z
    .array(z.string().regex(/^https?:\/\/[^/\s]+$/, 'must be an origin, such as https://example.org'))
    .optional(),
});

const httpListener = z.strictObject({
  address: z.union([z.ipv4(), z.ipv6()]),
  port: port.default(8080),
  tls: z.string().min(1).max(64).optional(),
});

const ingress = z.strictObject({
  dialStrings: z
    .record(z.string().regex(/^[0-9*#]{2,15}$/, 'must be 2 to 15 of 0-9 * #'), serviceUrnText)
    .default({ '911': 'urn:service:sos', '112': 'urn:service:sos' }),
  nonEmergency: z.enum(['refuse', 'proxy']).default('refuse'),
  keepDialString: z.boolean().default(false),
  mode: z.enum(['proxy', 'redirect']).default('proxy'),
  redirects: z.enum(['recurse', 'pass']).default('recurse'),
  defaultRouteUri: sipUri.optional(),
  defaultPlace: placeSchema.optional(),
});

const defaultSipListeners = [
  { transport: 'udp' as const, address: '127.0.0.1', port: 5060, ingress: 'default' },
  { transport: 'tcp' as const, address: '127.0.0.1', port: 5060, ingress: 'default' },
  { transport: 'udp' as const, address: '::1', port: 5060, ingress: 'default' },
  { transport: 'tcp' as const, address: '::1', port: 5060, ingress: 'default' },
];

export const configSchema = z.strictObject({
  dataDir: z
    .string()
    .min(1)
    .default('.firstline')
    .describe('Folder of the embedded database, the API key and the log; relative to the working directory.'),
  identity: z
    .strictObject({
      domain: z
        .string()
        .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'must be a host or domain name')
        .optional()
        .describe("Domain put into the identifiers that this server makes; the machine's name where absent."),
    })
    .prefault({}),
  sip: z
    .strictObject({
      listen: z
        .array(sipListener)
        .min(1)
        .max(64)
        .default(defaultSipListeners)
        .describe(
          'Listeners: transport (udp, tcp, tls, ws, wss), address, port, and where peers see another address announcedHost and announcedPort; ingress names the rules that apply, tls the profile of a tls or wss listener, origins the web pages that ws and wss take (any where absent). A default listener on ::1 is left out where the machine has no IPv6.',
        ),
      tls: z
        .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/), tlsProfile)
        .default({})
        .describe(
          'TLS profiles by name: certificateFile and keyFile (PEM, read again when they change), caFile (who signs the certificates of peers), clientCertificate (ignore, request or require), minVersion, serverNames (host name to certificateFile and keyFile).',
        ),
      tlsClient: tlsClient
        .prefault({})
        .describe(
          "Connections that this server opens by TLS: caFile (the system's authorities where absent), certificateFile and keyFile shown to peers, minVersion, verify (always, whenNamed: only where the next hop is a host name, never).",
        ),
      aliases: z
        .array(z.string().min(1).max(255))
        .max(100)
        .default([])
        .describe('Further host names and addresses that mean this server in Route and Request-URI.'),
      udpRequestBytesMax: z
        .number()
        .int()
        .min(500)
        .max(65_000)
        .default(1_300)
        .describe(
          'Largest request sent by UDP where the path is not loopback; a larger one tries TCP first (RFC 3261 §18.1.1).',
        ),
      udpBatch: z
        .enum(['auto', 'off'])
        .default('auto')
        .describe(
          'Several datagrams in one system call: auto uses it where the machine can (Linux with the optional package koffi), off never.',
        ),
      familyPolicy: z
        .enum(['listenerOrder', 'alternate'])
        .default('listenerOrder')
        .describe(
          "Which of a name's IPv4 and IPv6 addresses are tried first: those of the family that sip.listen names first, or one of each in turn (RFC 7984).",
        ),
      nameServers: z
        .array(nameServer)
        .max(8)
        .default([])
        .describe("DNS servers as address or address:port; the system's where empty."),
      nameTimeoutMs: ms({
        min: 100,
        max: 20_000,
        default: 2_000,
        describe: 'Longest wait for the addresses of a name (NAPTR, SRV and address records together).',
      }),
      recordRouteSecrets: z
        .array(z.string().min(16).max(256))
        .max(4)
        .default([])
        .describe(
          'Secrets that sign the marks in our Record-Route, the same on all nodes: the first signs, all are accepted. Made anew at each start where empty. Better given by FIRSTLINE_SIP_RECORD_ROUTE_SECRETS than in the file.',
        ),
      sessionTimer: z
        .strictObject({
          intervalS: z.number().int().min(90).max(86_400),
          minSeS: z.number().int().min(90).max(86_400).default(90),
        })
        .refine(({ intervalS, minSeS }) => intervalS >= minSeS, 'intervalS must not be less than minSeS')
        .optional()
        .describe(
          'Session timers asked for on behalf of both sides (RFC 4028 §8): intervalS, and minSeS, the shortest one taken. What the sides agree on passes unchanged where absent.',
        ),
      t1Ms: ms({
        min: 10,
        max: 5_000,
        default: 500,
        describe: 'Timer T1 of RFC 3261 §17: round-trip estimate.',
      }),
      t2Ms: ms({
        min: 100,
        max: 30_000,
        default: 4_000,
        describe: 'Timer T2: longest retransmission interval.',
      }),
      t4Ms: ms({
        min: 100,
        max: 30_000,
        default: 5_000,
        describe: 'Timer T4: longest life of a message in the network.',
      }),
      timerCMs: ms({
        min: 180_001,
        max: 3_600_000,
        default: 185_000,
        describe: 'Timer C of RFC 3261 §16.6: longest wait between provisional responses.',
      }),
      decideTimeoutMs: ms({
        min: 100,
        max: 20_000,
        default: 3_000,
        describe: 'Longest time from a request to its routing decision; then the default route is taken.',
      }),
      transactionsMax: z
        .number()
        .int()
        .min(100)
        .max(1_000_000)
        .default(50_000)
        .describe('Open transactions; beyond it new requests get 503 with Retry-After.'),
      connectionsMax: z
        .number()
        .int()
        .min(1)
        .max(100_000)
        .default(5_000)
        .describe('Open stream connections; beyond it new ones are closed at once.'),
      connectionsPerAddressMax: z
        .number()
        .int()
        .min(1)
        .max(100_000)
        .default(1_000)
        .describe('Open stream connections from one address.'),
      nextHopNetworks: z
        .array(cidr)
        .max(1_000)
        .default([])
        .describe('Networks that requests may be sent to; empty allows every address.'),
    })
    .prefault({}),
  ingress: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/), ingress)
    .default({})
    .describe(
      'Rules by ingress name: dialStrings (digits to service URN), nonEmergency (refuse or proxy), keepDialString, mode (proxy carries emergency calls, redirect answers them with 302 or 300 and the PSAP as Contact), redirects (recurse tries the contacts of a 3xx of a PSAP, pass hands it to the caller where no other target takes the call), defaultRouteUri, defaultPlace (where calls of this ingress are taken to be when nothing else is known: lat and lon with or without radiusM, or civic with element names). Names that a listener uses and that are absent here take the defaults: 911 and 112 as urn:service:sos, refuse, false, proxy, recurse, none.',
    ),
  routing: z
    .strictObject({
      defaultRouteUri: sipUri
        .optional()
        .describe('Where calls go that nothing else routes; the demo PSAP where absent.'),
      serviceDefaults: serviceRoutesSchema(sipUri),
      ringTimeoutMs: ms({
        min: 1_000,
        max: 600_000,
        default: 60_000,
        describe: 'How long a PSAP may ring before the next target is tried.',
      }),
      silenceTimeoutMs: ms({
        min: 500,
        max: 60_000,
        default: 5_000,
        describe:
          'How long a PSAP may stay wholly silent, without even a 100, before the next target is tried.',
      }),
      lookupDeadlineMs: ms({
        min: 10,
        max: 10_000,
        default: 500,
        describe: 'Longest wait for a boundary lookup; then the default route is taken.',
      }),
      resourcePriority: z
        .string()
        .regex(/^[A-Za-z0-9-]+\.[A-Za-z0-9-]+$/, 'must be namespace.value, such as esnet.1')
        .default('esnet.1')
        .describe('Resource-Priority given to an emergency call that has none (RFC 7135).'),
    })
    .prefault({}),
  location: locationSchema,
  peers: peersSchema,
  lookup: lookupSchema,
  lost: lostSchema,
  discrepancy: discrepancySchema,
  http: z
    .strictObject({
      listen: z
        .array(httpListener)
        .max(16)
        .default([{ address: '127.0.0.1', port: 8080 }])
        .describe(
          'Addresses of the REST API, of the health pages and of location references: address, port, and where it speaks HTTPS tls, a profile of sip.tls.',
        ),
      uploadMaxBytes: z
        .number()
        .int()
        .min(1_000)
        .max(64_000_000_000)
        .default(4_000_000_000)
        .describe('Largest boundary file that is taken over REST.'),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: z
        .string()
        .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
        .optional()
        .describe(
          'PostgreSQL server with PostGIS; the embedded database where absent. DATABASE_URL sets it too.',
        ),
      poolMax: z.number().int().min(2).max(200).default(10).describe('Connections to the PostgreSQL server.'),
    })
    .prefault({}),
  demo: z
    .strictObject({
      data: z
        .boolean()
        .default(true)
        .describe('Loads demo boundaries (every US county) at the first start, where the database has none.'),
      psapEnabled: z.boolean().default(true).describe('Runs the demo PSAP beside the server.'),
      psapPort: port
        .default(5070)
        .describe('Port of the demo PSAP at 127.0.0.1; the demo boundaries point at it.'),
      ringMs: ms({ min: 0, max: 60_000, default: 1_000, describe: 'How long the demo PSAP rings.' }),
      hangUpMs: ms({
        min: 100,
        max: 3_600_000,
        default: 30_000,
        describe: 'How long after the answer it hangs up.',
      }),
    })
    .prefault({}),
  records: z
    .strictObject({
      retentionDays: z
        .number()
        .int()
        .min(1)
        .max(36_500)
        .default(365)
        .describe('How long call records are kept.'),
      locationRetentionDays: z
        .number()
        .int()
        .min(1)
        .max(36_500)
        .default(365)
        .describe(
          'How long positions, addresses and location references stay on call records, at most; the rest of the record stays.',
        ),
      keepsDocumentRetention: z
        .boolean()
        .default(true)
        .describe(
          'Whether a location leaves the record when its own document says so (retention-expiry, RFC 4119 §2.2.2; 24 hours where it says nothing), though never before the call has ended. Off where the law asks for a longer time.',
        ),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least severe level that is logged.'),
      destination: z
        .string()
        .min(1)
        .default('auto')
        .describe(
          'stdout, stderr, a file, or auto: firstline.log in the data folder on a terminal, else stderr.',
        ),
    })
    .prefault({}),
  shutdownDrainMs: ms({
    min: 0,
    max: 600_000,
    default: 10_000,
    describe: 'How long a stop waits for calls in set-up to finish.',
  }),
});

/** The configuration as decoded: every default filled in. */
export type Config = z.infer<typeof configSchema>;
/** The rules of one ingress. */
export type IngressConfig = z.infer<typeof ingress>;

/** The rules of the ingress of that name, or the defaults. */
export function ingressConfig(config: Config, name: string): IngressConfig {
  return config.ingress[name] ?? ingress.parse({});
}
