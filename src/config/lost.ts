import { z } from 'zod';

// The part of the configuration that says how LoST is served, and which other LoST servers are asked.

const file = z.string().min(1).max(4_096);
const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'must be a network in CIDR form, such as 192.0.2.0/24 or fd00::/8',
});
const hostPattern = z
  .string()
  .regex(
    /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$|^\[[0-9A-Fa-f:.]+\]$/,
    'must be a host name, an address or *.domain, such as ecrf.example.net',
  );
/** RFC 5222 §15, `appUniqueString`. */
const lostName = z
  .string()
  .max(255)
  .regex(
    /^([a-zA-Z0-9-]+\.)+[a-zA-Z0-9]+$/,
    'must be a LoST server name with a dot in it, such as ecrf.example.net',
  );
const httpUri = z
  .string()
  .max(2_000)
  .regex(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i, 'must be a URI such as https://ecrf.example.net/lost');
const serviceUrn = z
  .string()
  .regex(/^urn:[a-z0-9][a-z0-9-]*:[a-z0-9._:-]+$/, 'must be a service URN, such as urn:service:sos');

function count(options: { min: number; max: number; default: number; describe: string }) {
  return z
    .number()
    .int()
    .min(options.min)
    .max(options.max)
    .default(options.default)
    .describe(options.describe);
}

const lonLat = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]);

const region = z.union(
  [
    z.strictObject({
      civic: z
        .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,31}$/), z.string().min(1).max(256))
        .refine((civic) => Object.keys(civic).length > 0, 'must name at least one element'),
    }),
    z.strictObject({ polygon: z.array(lonLat).min(3).max(10_000) }),
    z.strictObject({
      circle: z.strictObject({
        lat: z.number().min(-90).max(90),
        lon: z.number().min(-180).max(180),
        radiusM: z.number().positive().max(20_037_508),
      }),
    }),
  ],
  {
    error:
      'must be civic with elements such as country and A1, polygon with corners as [lon, lat], or circle with lat, lon and radiusM',
  },
);

const credentials = z.union(
  [
    z.strictObject({ username: z.string().min(1).max(256), password: z.string().min(1).max(256) }),
    z.strictObject({ bearerToken: z.string().min(1).max(4_096) }),
  ],
  { error: 'must be username and password, or bearerToken' },
);

const client = z
  .strictObject({
    certificateNames: z.array(z.string().min(1).max(255)).max(100).default([]),
    apiKeys: z.array(z.string().min(1).max(64)).max(100).default([]),
    bearerTokens: z.array(z.string().min(16).max(4_096)).max(8).default([]),
    networks: z.array(cidr).max(100).default([]),
    services: z.array(serviceUrn).max(100).default([]),
    sync: z.enum(['none', 'read', 'push', 'both']).default('none'),
    syncSources: z.array(lostName).max(1_000).default([]),
  })
  .refine(
    ({ certificateNames, apiKeys, bearerTokens, networks }) =>
      certificateNames.length + apiKeys.length + bearerTokens.length + networks.length > 0,
    'must be known by certificateNames, apiKeys, bearerTokens or networks',
  );

const server = z.strictObject({
  uri: httpUri.optional(),
  validationUri: httpUri.optional(),
  role: z.enum(['child', 'parent']).default('child'),
  services: z.array(serviceUrn).min(1).max(100).default(['urn:service:sos']),
  coverage: z.array(region).max(1_000).default([]),
});

const outbound = {
  hosts: z
    .array(hostPattern)
    .max(1_000)
    .default([])
    .describe(
      'Hosts that LoST servers may be found at which are no configured uri (by name in the DNS, or by a redirect); *.domain for all below it, empty allows every host.',
    ),
  networks: z
    .array(cidr)
    .max(1_000)
    .default([])
    .describe('Networks that those hosts may be in although they are not public.'),
  plainHttp: z
    .boolean()
    .default(false)
    .describe('Whether LoST is asked without TLS too where DNS says so (LoST:http).'),
  credentials: z
    .record(hostPattern, credentials)
    .default({})
    .describe(
      'What is shown to which LoST server over TLS: username and password, or bearerToken. Better given by FIRSTLINE_LOST_OUTBOUND_CREDENTIALS than in the file.',
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
      "TLS to other LoST servers: caFile (the system's authorities where absent), certificateFile and keyFile shown to them.",
    ),
};

/** LoST as it is served and asked. */
export const lostSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether LoST is served on http.listen: /lost (mapping) and /lvf (validation).'),
    name: lostName
      .optional()
      .describe(
        "This server's LoST name, which stands in every answer (source, via); made of identity.domain or the machine's name where absent.",
      ),
    access: z
      .enum(['open', 'listed'])
      .default('open')
      .describe(
        'Who is answered: open, everybody who reaches http.listen; listed, only lost.clients. Synchronisation is for listed clients alone.',
      ),
    clients: z
      .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/), client)
      .default({})
      .describe(
        'LoST clients by name: known by certificateNames (DNS names and URIs of a TLS client certificate), apiKeys (names of API keys), bearerTokens or networks; services (those it is told of and may ask for, with all below them; every one where empty), sync (none, read, push, both), syncSources (whose mappings it may push; its own certificateNames where empty).',
      ),
    validation: z
      .enum(['both', 'lvf', 'off'])
      .default('both')
      .describe(
        'Where locations are validated: both at /lost and /lvf, lvf only there (RFC 8917), off nowhere; else a warning says that it is not done.',
      ),
    expiresS: count({
      min: 0,
      max: 31_536_000,
      default: 3_600,
      describe:
        "How long others may keep an answer, at most; a boundary's own dates shorten it. 0: not at all (NO-CACHE).",
    }),
    mappingsMax: count({
      min: 1,
      max: 20,
      default: 5,
      describe: 'Mappings in one answer where several boundaries fit, the best first.',
    }),
    boundaryCornersMax: count({
      min: 4,
      max: 1_000_000,
      default: 20_000,
      describe: 'Corners of a boundary that is given by value; a larger one is given by reference.',
    }),
    similarMax: count({
      min: 0,
      max: 20,
      default: 5,
      describe: 'Similar addresses in the answer to a validation that asks for them.',
    }),
    deadlineMs: count({
      min: 50,
      max: 60_000,
      default: 4_000,
      describe: 'Longest time from a LoST query to its answer, other servers included.',
    }),
    lookupsMax: count({
      min: 1,
      max: 100,
      default: 2,
      describe:
        'Lookups for LoST under way at the same time, so that queries take no lookup from a call; further ones wait.',
    }),
    concurrentMax: count({
      min: 1,
      max: 100_000,
      default: 200,
      describe: 'LoST queries under way at the same time; further ones get 503 with Retry-After.',
    }),
    bytesMax: count({
      min: 1_000,
      max: 16_000_000,
      default: 131_072,
      describe: 'Largest LoST query that is read.',
    }),
    recursion: z
      .enum(['allowed', 'never'])
      .default('allowed')
      .describe(
        'Whether other servers are asked for a client that wants it; never redirects instead. Who does not want it is always redirected.',
      ),
    redirectsMax: count({
      min: 0,
      max: 10,
      default: 3,
      describe: 'Redirects of other LoST servers that are followed for one query.',
    }),
    servers: z
      .record(lostName, server)
      .default({})
      .describe(
        'Other LoST servers by name: uri (found by U-NAPTR in the DNS where absent), validationUri (the same for validation), role (child: asked for what lies in its coverage; parent: asked for what nothing here serves, such as a forest guide), services (with all below them), coverage (list of civic with elements, polygon of [lon, lat], circle with lat, lon and radiusM; everything where empty).',
      ),
    outbound: z.strictObject(outbound).prefault({}),
    cache: z
      .strictObject({
        entriesMax: count({
          min: 0,
          max: 1_000_000,
          default: 10_000,
          describe: 'Answers of other LoST servers that are kept until they expire.',
        }),
        ageMaxS: count({
          min: 1,
          max: 31_536_000,
          default: 86_400,
          describe: 'Longest time that one is used without asking again, whatever it says of itself.',
        }),
        staleMaxS: count({
          min: 0,
          max: 31_536_000,
          default: 604_800,
          describe: 'How long after its time one still answers where the other server does not.',
        }),
      })
      .prefault({}),
    client: z
      .strictObject({
        use: z
          .enum(['never', 'after', 'instead'])
          .default('never')
          .describe(
            "Whether another ECRF maps calls: after our own boundaries, where these serve a place not, or instead of them, with these where it does not answer. Lookups of the REST API's route query go the same way.",
          ),
        servers: z
          .array(lostName)
          .max(10)
          .default([])
          .describe('Who is asked, names of lost.servers, in order of preference.'),
        deadlineShare: z
          .number()
          .min(0.1)
          .max(0.9)
          .default(0.6)
          .describe('Share of routing.lookupDeadlineMs that the other server may take.'),
      })
      .refine(({ use, servers }) => use === 'never' || servers.length > 0, {
        message: 'servers must name who is asked where use is not never',
      })
      .prefault({}),
    sync: z
      .strictObject({
        offers: z
          .enum(['none', 'coverage', 'mappings'])
          .default('none')
          .describe(
            'What listed clients may fetch and are pushed (RFC 6739): coverage, the region that this server answers for; mappings, every boundary too.',
          ),
        coverage: z
          .array(z.strictObject({ service: serviceUrn, regions: z.array(region).min(1).max(1_000) }))
          .max(100)
          .default([])
          .describe('The region that this server answers for, by service.'),
        sources: z
          .array(lostName)
          .max(100)
          .default([])
          .describe('Names of lost.servers whose mappings are fetched.'),
        intervalS: count({
          min: 1,
          max: 86_400,
          default: 3_600,
          describe: 'How often they are fetched.',
        }),
        pushTo: z
          .array(lostName)
          .max(100)
          .default([])
          .describe('Names of lost.servers that what is offered is pushed to when it changes.'),
        mappingsMax: count({
          min: 1,
          max: 1_000_000,
          default: 10_000,
          describe: 'Mappings of others that are kept.',
        }),
        bytesMax: count({
          min: 100_000,
          max: 256_000_000,
          default: 16_000_000,
          describe: 'Largest document of a synchronisation, sent or taken; the rest goes with the next.',
        }),
      })
      .prefault({}),
  })
  .prefault({});

/** The configuration of LoST. */
export type LostConfig = z.infer<typeof lostSchema>;
/** A region as an operator writes it. */
export type LostRegionConfig = z.infer<typeof region>;

/** What of it cannot be together, one text each. */
export function lostProblems(lost: LostConfig): readonly string[] {
  const known = Object.keys(lost.servers);
  const named: readonly (readonly [key: string, names: readonly string[]])[] = [
    ['lost.client.servers', lost.client.servers],
    ['lost.sync.sources', lost.sync.sources],
    ['lost.sync.pushTo', lost.sync.pushTo],
  ];
  const unknown = named.flatMap(([key, names]) =>
    names
      .filter((name) => !known.includes(name))
      .map((name) => `${key}: ${name} is not in lost.servers (there: ${known.join(', ') || 'none'})`),
  );
  const coverage = lost.sync.offers === 'coverage' && lost.sync.coverage.length === 0;
  return [
    ...unknown,
    ...(coverage ? ['lost.sync.offers: coverage needs lost.sync.coverage, the region that is offered'] : []),
  ];
}
