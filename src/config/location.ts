import { z } from 'zod';

// The part of the configuration that says where locations come from and where they go.

const file = z.string().min(1).max(4_096);
const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'must be a network in CIDR form, such as 192.0.2.0/24 or fd00::/8',
});
const hostPattern = z
  .string()
  .regex(
    /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$|^\[[0-9A-Fa-f:.]+\]$/,
    'must be a host name, an address or *.domain, such as lis.example.net',
  );
const httpsUri = z
  .string()
  .max(2_000)
  .regex(
    /^https:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i,
    'must be an https: URI without query, such as https://lis.example.net/held',
  );

function ms(options: { min: number; max: number; default: number; describe: string }) {
  return z
    .number()
    .int()
    .min(options.min)
    .max(options.max)
    .default(options.default)
    .describe(options.describe);
}

/** A place as an operator writes it: a point, a circle, or a civic address by the element names of RFC 5139. */
export const placeSchema = z.union(
  [
    z.strictObject({
      lat: z.number().min(-90).max(90),
      lon: z.number().min(-180).max(180),
      radiusM: z.number().positive().max(20_037_508).optional(),
    }),
    z.strictObject({
      civic: z
        .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,31}$/), z.string().min(1).max(256))
        .refine((civic) => Object.keys(civic).length > 0, 'must name at least one element'),
    }),
  ],
  { error: 'must be lat and lon with or without radiusM, or civic with elements such as country, A1 and A3' },
);

const credentials = z.union(
  [
    z.strictObject({ username: z.string().min(1).max(256), password: z.string().min(1).max(256) }),
    z.strictObject({ bearerToken: z.string().min(1).max(4_096) }),
  ],
  { error: 'must be username and password, or bearerToken' },
);

const references = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether locations by reference are fetched. They are passed on untouched in any case.'),
    hosts: z
      .array(hostPattern)
      .max(1_000)
      .default([])
      .describe('Hosts that may be asked, *.domain for all below it; empty allows every host.'),
    networks: z
      .array(cidr)
      .max(1_000)
      .default([])
      .describe(
        'Networks that may be asked although they are not public (private, loopback, link-local ones); others of that kind are refused before any packet leaves.',
      ),
    plainHttp: z
      .boolean()
      .default(false)
      .describe('Whether http: references are followed too; https: alone otherwise.'),
    bytesMax: z
      .number()
      .int()
      .min(1_000)
      .max(1_000_000)
      .default(131_072)
      .describe('Largest document that is fetched.'),
    redirectsMax: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(2)
      .describe('Redirects followed for one document; each goes through the same checks.'),
    concurrentMax: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(200)
      .describe('Documents fetched at the same time; beyond it a reference counts as not fetched.'),
    credentials: z
      .record(hostPattern, credentials)
      .default({})
      .describe(
        'What is shown to which host: username and password, or bearerToken. Better given by FIRSTLINE_LOCATION_REFERENCES_CREDENTIALS than in the file.',
      ),
    tls: z
      .strictObject({
        caFile: file.optional(),
        certificateFile: file.optional(),
        keyFile: file.optional(),
      })
      .refine(
        ({ certificateFile, keyFile }) => (certificateFile === undefined) === (keyFile === undefined),
        'certificateFile and keyFile go together: give both or neither',
      )
      .default({})
      .describe(
        "TLS to those hosts: caFile (the system's authorities where absent), certificateFile and keyFile shown to them.",
      ),
  })
  .prefault({});

const server = z
  .strictObject({
    uri: httpsUri,
    identity: z
      .array(z.enum(['uri', 'ip']))
      .min(1)
      .max(2)
      .default(['uri']),
  })
  .optional()
  .describe(
    "Location server asked by the caller's identity where a call brings no usable location (RFC 6155): uri, and identity, what it is asked by (uri: the caller's asserted SIP and tel URIs; ip: the address that the call came from).",
  );

const published = z
  .strictObject({
    baseUri: httpsUri
      .optional()
      .describe(
        'Where others reach the location references that this server makes: an https: URI that leads to http.listen, such as https://esrp.example.net/location. None are made where absent.',
      ),
    secrets: z
      .array(z.string().min(16).max(256))
      .max(4)
      .default([])
      .describe(
        'Secrets that seal those references, the same on all nodes: the first seals, all are accepted. Made anew at each start where empty. Better given by FIRSTLINE_LOCATION_PUBLISHED_SECRETS than in the file.',
      ),
    lifetimeS: z
      .number()
      .int()
      .min(60)
      .max(604_800)
      .default(86_400)
      .describe('How long such a reference can be followed.'),
  })
  .prefault({});

/** Where the caller's place is learned and what is done with it. */
export const locationSchema = z
  .strictObject({
    budgetMs: ms({
      min: 50,
      max: 15_000,
      default: 2_000,
      describe:
        'Longest wait for everything that lies elsewhere: references, the location server and the tables together.',
    }),
    order: z
      .enum(['valueFirst', 'asOffered'])
      .default('valueFirst')
      .describe(
        'Which location a call is routed by: valueFirst takes one by value before any reference, so that nothing is waited for; asOffered keeps the order of the Geolocation values.',
      ),
    references,
    server,
    fallbacks: z
      .array(z.enum(['server', 'cell', 'number', 'ingress', 'service']))
      .max(5)
      .refine((list) => new Set(list).size === list.length, 'names each source once')
      .default(['server', 'cell', 'number', 'ingress', 'service'])
      .describe(
        "Where the place is sought, in order, for a call without a usable location: the location server, the cell table, the number table, the ingress's and the service's default place.",
      ),
    serviceDefaults: z
      .record(
        z
          .string()
          .regex(
            /^urn:service:(test\.)?sos(\.[a-z0-9-]+)*$/,
            'must be a service URN, such as urn:service:sos.marine',
          ),
        placeSchema,
      )
      .default({})
      .describe(
        'Place assumed by service URN where nothing else is known: lat and lon with or without radiusM, or civic with element names.',
      ),
    supply: z
      .boolean()
      .default(true)
      .describe(
        'Whether a place that the call did not bring (location server, tables, defaults) goes on with it, by the profile of who gets it: as a body part (nena-i3), or by reference (ietf, etsi-ng112).',
      ),
    published,
    rerouteWhileRinging: z
      .boolean()
      .default(false)
      .describe(
        'Whether a call that still rings goes to another answering point when a new location says so. An answered call never does.',
      ),
  })
  .prefault({});

/** Who is who, by name. */
export const peersSchema = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
    z
      .strictObject({
        hosts: z.array(hostPattern).max(100).default([]),
        networks: z.array(cidr).max(100).default([]),
        profile: z.enum(['ietf', 'nena-i3', 'etsi-ng112']).default('nena-i3'),
      })
      .refine(({ hosts, networks }) => hosts.length + networks.length > 0, 'must name hosts or networks'),
  )
  .default({})
  .describe(
    'Peers by name: hosts (names, addresses, *.domain) and networks that are theirs, and profile, whose rules they go by (ietf, nena-i3, etsi-ng112). Who is no peer goes by nena-i3.',
  );

/** A place as an operator writes it. */
export type PlaceConfig = z.infer<typeof placeSchema>;
