import { z } from 'zod';
import type { CivicResolution } from '../../esrp/index.ts';
import type { CivicAddress } from '../../location/index.ts';
import { lineText } from '../validation.ts';
import { replyComponent, requestComponent } from './registry.ts';

// The element names of RFC 5139 §4, with what they hold (RFC 4119 §2.2.1 and RFC 5139 §3.1–3.4), and those of its extensions.
const civicElements = {
  A1: 'State, province, region',
  A2: 'County, parish, district',
  A3: 'City, township',
  A4: 'City division, borough',
  A5: 'Neighbourhood, block',
  A6: 'Group of streets below the neighbourhood',
  PRM: 'Road pre-modifier',
  PRD: 'Leading street direction',
  RD: 'Primary road or street',
  STS: 'Street suffix or type',
  POD: 'Trailing street direction',
  POM: 'Road post-modifier',
  RDSEC: 'Road section',
  RDBR: 'Road branch',
  RDSUBBR: 'Road sub-branch',
  HNO: 'House number',
  HNS: 'House number suffix',
  LMK: 'Landmark or vanity address',
  LOC: 'Additional location information',
  FLR: 'Floor',
  NAM: 'Name of the residence or business',
  PC: 'Postal code',
  BLD: 'Building',
  UNIT: 'Apartment or suite',
  ROOM: 'Room',
  SEAT: 'Seat',
  PLC: 'Type of place',
  PCN: 'Postal community name',
  POBOX: 'Post office box',
  ADDCODE: 'Additional code',
  // RFC 6848 §5 and NENA's CLDXF.
  STP: 'Street type before the name',
  STPS: 'What joins the type before the name to it',
  HNP: 'House number prefix',
  MP: 'Milepost',
  PN: 'Post number',
  SITE: 'Site',
  SUBSITE: 'Part of a site',
  WING: 'Wing',
  UNIT_PRETYPE: 'What kind of unit',
  UNIT_VALUE: 'Number or name of a unit',
  SECTION: 'Section',
  ROW: 'Row',
  PCE: 'Postal code extension',
} as const;

type CivicElement = keyof typeof civicElements;

/** The members of a civic address, `country` and the elements of RFC 5139 and its extensions, each optional. */
export const civicShape = {
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'must be a two-letter country code (ISO 3166-1)')
    .toUpperCase()
    .optional()
    .describe('Country, ISO 3166-1 alpha-2'),
  ...(Object.fromEntries(
    Object.entries(civicElements).map(([name, meaning]) => [
      name,
      lineText(256).optional().describe(meaning),
    ]),
  ) as Record<CivicElement, z.ZodOptional<z.ZodString>>),
};

/** Names of all members of a civic address. */
export const civicNames: readonly string[] = Object.keys(civicShape);

/** A civic address in a request body. */
export const civicRequestSchema = requestComponent(
  'CivicAddress',
  z
    .strictObject(civicShape)
    .refine((civic) => Object.keys(civic).length > 0, 'must name at least one element')
    .describe('A civic address by the element names of RFC 5139.'),
);

const pointRequestSchema = requestComponent(
  'Point',
  z
    .strictObject({
      lat: z.number().min(-90).max(90).describe('Degrees north, WGS 84'),
      lon: z.number().min(-180).max(180).describe('Degrees east, WGS 84'),
    })
    .describe('A point on the WGS 84 ellipsoid.'),
);

/** A location in a request body. */
export const locationRequestSchema = requestComponent(
  'RequestLocation',
  z.union([pointRequestSchema, z.strictObject({ civic: civicRequestSchema })]),
);

/** Makes a civic address of checked members; white space is collapsed as a document's is. */
export function civicFromWire(members: Readonly<Record<string, string | undefined>>): CivicAddress {
  const elements = new Map<string, string>();
  for (const [name, value] of Object.entries(members)) {
    if (name !== 'country' && value !== undefined) elements.set(name, value.trim().replace(/\s+/g, ' '));
  }
  return { country: members['country'], elements, language: undefined };
}

/** Writes a civic address: values by element name, `country` among them; the language stands elsewhere. */
export function civicToWire(civic: CivicAddress): Record<string, string> {
  const country = civic.country === undefined ? {} : { country: civic.country };
  return { ...country, ...Object.fromEntries(civic.elements) };
}

/** A civic address in an answer: values by element name. */
export const civicReplySchema = z.record(z.string(), z.string());

const layerSchema = z
  .enum(['addressPoint', 'roadRange', 'street', 'area'])
  .describe('The layer of the data that the address was found in, from the finest down.');

const positionSchema = z.strictObject({ lat: z.number(), lon: z.number() });

/** What an answer says of the row that an address was found by. */
export const civicRowShape = {
  layer: layerSchema.optional(),
  featureId: z.string().optional().describe('The NENA globally unique id of the row'),
  position: positionSchema.optional(),
} as const;

/** How an address came to its place. */
export const civicResolutionSchema = replyComponent(
  'CivicResolution',
  z
    .strictObject({
      ...civicRowShape,
      layer: layerSchema,
      score: z
        .number()
        .min(0)
        .max(1)
        .describe('1: every element agreed after normalisation. Below: how alike what was tolerated is.'),
      steps: z.array(z.string()).describe('What was tried and what came of it, in order.'),
    })
    .describe('How a civic address was resolved for routing.'),
);

/** Writes how an address came to its place. */
export function civicResolutionToWire(civic: CivicResolution): z.infer<typeof civicResolutionSchema> {
  const { layer, featureId, position, score, steps } = civic;
  return { layer, featureId, position: positionToWire(position), score, steps: [...steps] };
}

/** Writes a position without its height. */
export function positionToWire(
  position: { readonly lon: number; readonly lat: number } | undefined,
): z.infer<typeof positionSchema> | undefined {
  return position === undefined ? undefined : { lat: position.lat, lon: position.lon };
}
