import { z } from 'zod';
import type { CivicAddress } from '../../location/index.ts';
import { lineText } from '../validation.ts';
import { requestComponent } from './registry.ts';

// The element names of RFC 5139 §4, with what they hold (RFC 4119 §2.2.1 and RFC 5139 §3.1–3.4).
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
} as const;

type CivicElement = keyof typeof civicElements;

/** The members of a civic address, `country` and the elements of RFC 5139, each optional. */
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

const civicRequestSchema = requestComponent(
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
