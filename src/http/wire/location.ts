import { z } from 'zod';
import { assertNever } from '../../base/index.ts';
import type { Located } from '../../esrp/index.ts';
import type { AdditionalDataItem, LocationValue } from '../../location/index.ts';
import { civicToWire } from './civic.ts';
import { codedErrorSchema, codedErrorToWire } from './common.ts';
import { replyComponent } from './registry.ts';
import { shapeSchema, shapeToWire } from './shape.ts';

const sourceSchema = replyComponent(
  'LocationSource',
  z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('body'),
        contentId: z.string().optional(),
        partPath: z.string(),
        isReferenced: z.boolean(),
      }),
      z.strictObject({
        kind: z.literal('reference'),
        uri: z.string(),
        protocol: z.enum(['held', 'presence', 'content']),
      }),
      z.strictObject({ kind: z.literal('locationServer'), identity: z.string() }),
      z.strictObject({ kind: z.literal('header'), ordinal: z.int() }),
      z.strictObject({ kind: z.literal('alert'), partPath: z.string() }),
      z.strictObject({
        kind: z.literal('table'),
        table: z.enum(['cell', 'number']),
        key: z.string().describe('Of the row that answered'),
      }),
      z.strictObject({ kind: z.literal('default'), of: z.enum(['ingress', 'service']), name: z.string() }),
      z.strictObject({ kind: z.literal('query') }),
    ])
    .describe('How a location was come by.'),
);

const additionalDataSchema = replyComponent(
  'AdditionalData',
  z
    .strictObject({
      block: z.string().describe('Registered block name, such as ProviderInfo or eCall.MSD'),
      form: z.enum(['value', 'reference']),
      origin: z.string().describe('Where in the request it stands'),
      uri: z.string().optional(),
      contentType: z.string().optional(),
      sizeBytes: z.int().optional(),
    })
    .describe(
      'One block of additional data that a call brought (RFC 7852), by name: its content is passed on.',
    ),
);

const locationSchema = replyComponent(
  'Location',
  z
    .strictObject({
      source: sourceSchema,
      shape: shapeSchema.optional(),
      civic: z
        .record(z.string(), z.string())
        .optional()
        .describe('Values by element name, `country` among them.'),
      civicLanguage: z.string().optional(),
      method: z.string().optional(),
      entity: z.string().optional(),
      timestamp: z.string().optional(),
      isRetransmissionAllowed: z.boolean().optional(),
      retentionExpires: z.string().optional(),
      confidence: z
        .strictObject({
          percent: z.number().optional().describe('Absent where the source says that it is unknown'),
          pdf: z.enum(['unknown', 'normal', 'rectangular']),
        })
        .optional()
        .describe('How sure the source is (RFC 7459).'),
      rulesetReference: z.string().optional(),
      noteWell: z.string().optional(),
      deviceId: z.string().optional(),
      providedBy: z.array(additionalDataSchema).optional(),
      container: z.enum(['device', 'tuple', 'person', 'other']).optional(),
    })
    .describe('One location of the caller as it was read, with where it came from.'),
);

const candidateSchema = replyComponent(
  'LocationCandidate',
  z
    .strictObject({
      origin: z.string(),
      outcome: z.enum(['chosen', 'notChosen', 'unreadable', 'unsupported', 'notFetched', 'unknown']),
      reason: z.string(),
      durationMs: z.number().optional().describe('From the question to the answer, for what was asked'),
    })
    .describe('One thing that could have been the location, and what became of it.'),
);

/** What locating a caller came to. */
export const locatedSchema = replyComponent(
  'Located',
  z
    .strictObject({
      location: locationSchema.optional(),
      alternatives: z
        .array(locationSchema)
        .describe('Further usable locations in order of preference, for where no boundary serves the first.'),
      candidates: z.array(candidateSchema),
      warnings: z.array(codedErrorSchema),
      additionalData: z.array(additionalDataSchema).describe('What else the call brought, in order.'),
    })
    .describe('Every candidate for the location, what became of it and why, and the one chosen.'),
);

/** {@link Located} as JSON. */
export type WireLocated = z.infer<typeof locatedSchema>;

/** One location as JSON. */
export type WireLocation = z.infer<typeof locationSchema>;

/** Writes what locating came to. */
export function locatedToWire(located: Located): WireLocated {
  return {
    location: located.location === undefined ? undefined : locationToWire(located.location),
    alternatives: located.alternatives.map(locationToWire),
    candidates: located.candidates.map(({ origin, outcome, reason, durationMs }) => ({
      origin,
      outcome,
      reason,
      durationMs,
    })),
    warnings: located.warnings.map(codedErrorToWire),
    additionalData: located.additionalData.map(additionalDataToWire),
  };
}

function locationToWire(value: LocationValue): WireLocation {
  const { source, shape, civic, confidence, ...rest } = value;
  return {
    source: sourceToWire(source),
    shape: shape === undefined ? undefined : shapeToWire(shape),
    civic: civic === undefined ? undefined : civicToWire(civic),
    civicLanguage: civic?.language,
    method: rest.method,
    entity: rest.entity,
    timestamp: rest.timestamp,
    isRetransmissionAllowed: rest.isRetransmissionAllowed,
    retentionExpires: rest.retentionExpires,
    confidence: confidence === undefined ? undefined : { percent: confidence.percent, pdf: confidence.pdf },
    rulesetReference: rest.rulesetReference,
    noteWell: rest.noteWell,
    deviceId: rest.deviceId,
    providedBy: rest.providedBy?.map(additionalDataToWire),
    container: rest.container,
  };
}

function sourceToWire(source: LocationValue['source']): z.infer<typeof sourceSchema> {
  switch (source.kind) {
    case 'body':
      return {
        kind: 'body',
        contentId: source.contentId,
        partPath: source.partPath,
        isReferenced: source.isReferenced,
      };
    case 'reference':
      return { kind: 'reference', uri: source.uri, protocol: source.protocol };
    case 'locationServer':
      return { kind: 'locationServer', identity: source.identity };
    case 'header':
      return { kind: 'header', ordinal: source.ordinal };
    case 'alert':
      return { kind: 'alert', partPath: source.partPath };
    case 'table':
      return { kind: 'table', table: source.table, key: source.key };
    case 'default':
      return { kind: 'default', of: source.of, name: source.name };
    case 'query':
      return { kind: 'query' };
    default:
      return assertNever(source);
  }
}

function additionalDataToWire(item: AdditionalDataItem): z.infer<typeof additionalDataSchema> {
  return {
    block: item.block,
    form: item.form,
    origin: item.origin,
    uri: item.uri,
    contentType: item.contentType,
    sizeBytes: item.sizeBytes,
  };
}
