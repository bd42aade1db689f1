import type { Result, ServiceUrn, WallMs } from '../base/index.ts';
import { err, ok, serviceUrn, wallMs } from '../base/index.ts';
import type { BoundaryFeature } from '../esrp/index.ts';
import type { LoadErrorCode } from './errors.ts';
import type { Refusal } from './types.ts';

/** What the attributes of a boundary say: everything but its geometry and its place in the source. */
export type BoundaryAttributes = Omit<BoundaryFeature, 'ordinal' | 'geometry'>;

/**
 * The names under which each attribute is looked for, lower case, first come first taken: NENA's GIS data
 * model version 3, then version 2, then plain names of our own.
 */
const names = {
  id: ['nguid', 'es_nguid', 'id'],
  uri: ['serviceuri', 'service_uri', 'uri'],
  urn: ['serviceurn', 'service_urn', 'urn'],
  number: ['servicenum', 'service_number', 'number'],
  name: ['dsplayname', 'displayname', 'display_name', 'name'],
  agency: ['agency_id', 'agencyid'],
  effective: ['effective'],
  expire: ['expire'],
  country: ['country'],
  a1: ['a1', 'state'],
  a2: ['a2', 'county'],
  a3: ['a3', 'incmuni'],
  priority: ['priority'],
} as const;

const idMax = 254;
/** What the SIP parser takes as well. */
const uriMax = 2048;
const sipUri =
  /^sips?:(?:[^\s@<>"]+@)?(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?)(?::[0-9]{1,5})?(?:[;?][^\s<>"]*)?$/i;
const urnShape = /^urn:[a-z0-9][a-z0-9-]{1,31}:[a-z0-9][a-z0-9.:_-]*$/;

/**
 * Reads a feature's properties into a boundary's attributes. `featureId` is GeoJSON's own id, used where the
 * properties have none.
 */
export function readAttributes(
  properties: Readonly<Record<string, unknown>>,
  featureId: unknown,
  defaultServiceUrn: ServiceUrn | undefined,
): Result<BoundaryAttributes, Refusal> {
  const fields = new Fields(properties);
  const id = fields.text('id') ?? asText(featureId);
  if (id === undefined)
    return refuse('load.idMissing', 'no NGUID (or id); every boundary needs one that stays the same');
  if (id.length > idMax)
    return refuse('load.idTooLong', `the id has ${id.length} characters; ${idMax} is the most`);
  const uri = readUri(fields.text('uri'));
  if (!uri.ok) return uri;
  const urn = readUrn(fields.text('urn'), defaultServiceUrn);
  if (!urn.ok) return urn;
  const country = fields.text('country');
  if (country !== undefined && !/^[a-z]{2}$/i.test(country)) {
    return refuse('load.countryInvalid', 'Country is not two letters, such as US (ISO 3166-1 alpha-2)');
  }
  const dates = readDates(fields);
  if (!dates.ok) return dates;
  const priority = readPriority(fields.raw('priority'));
  if (priority === undefined) return refuse('load.priorityInvalid', 'priority is not a whole number');
  return ok({
    boundaryId: id,
    displayName: fields.text('name') ?? id,
    serviceUrn: urn.value,
    serviceUri: uri.value,
    serviceNumber: fields.text('number'),
    agencyId: fields.text('agency'),
    priority,
    effective: dates.value.effective,
    expire: dates.value.expire,
    country: country?.toUpperCase(),
    a1: fields.text('a1'),
    a2: fields.text('a2'),
    a3: fields.text('a3'),
  });
}

/** The properties by name, whatever the case. Where two names differ in case only, the first is taken. */
class Fields {
  readonly #byName = new Map<string, unknown>();

  constructor(properties: Readonly<Record<string, unknown>>) {
    for (const [name, value] of Object.entries(properties)) {
      const key = name.toLowerCase();
      if (!this.#byName.has(key)) this.#byName.set(key, value);
    }
  }

  raw(attribute: keyof typeof names): unknown {
    for (const name of names[attribute]) {
      const value = this.#byName.get(name);
      if (value !== undefined && value !== null && value !== '') return value;
    }
    return undefined;
  }

  text(attribute: keyof typeof names): string | undefined {
    return asText(this.raw(attribute));
  }
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed;
}

function readUri(text: string | undefined): Result<string, Refusal> {
  if (text === undefined)
    return refuse('load.uriMissing', 'no ServiceURI (or uri); it is where calls are sent');
  const port = /:([0-9]{1,5})(?:[;?]|$)/.exec(text.slice(text.lastIndexOf('@') + 1))?.[1];
  if (text.length > uriMax || !sipUri.test(text) || (port !== undefined && Number(port) > 65_535)) {
    return refuse('load.uriInvalid', 'ServiceURI is no SIP URI; write sip:user@host or sips:user@host');
  }
  return ok(text);
}

function readUrn(text: string | undefined, preset: ServiceUrn | undefined): Result<ServiceUrn, Refusal> {
  if (text === undefined) {
    if (preset !== undefined) return ok(preset);
    return refuse('load.urnMissing', 'no ServiceURN (or urn), and the load names no service to take instead');
  }
  const lower = text.toLowerCase();
  if (!urnShape.test(lower)) {
    return refuse('load.urnInvalid', 'ServiceURN is no URN; write one such as urn:service:sos');
  }
  return ok(serviceUrn(lower));
}

function readDates(
  fields: Fields,
): Result<{ readonly effective: WallMs | undefined; readonly expire: WallMs | undefined }, Refusal> {
  const effective = readDate(fields.raw('effective'));
  const expire = readDate(fields.raw('expire'));
  if (effective === 'invalid' || expire === 'invalid') {
    const which = effective === 'invalid' ? 'Effective' : 'Expire';
    return refuse('load.dateInvalid', `${which} is no date; write one such as 2026-01-31T00:00:00Z`);
  }
  if (effective !== undefined && expire !== undefined && effective > expire) {
    return refuse('load.dateOrder', 'Effective is after Expire: the boundary would never be in force');
  }
  return ok({ effective, expire });
}

const dateShape =
  /^(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * ISO 8601, the form that ogr2ogr writes (`2026/01/31 00:00:00+00`), or milliseconds since 1970; UTC where no
 * zone is given.
 */
function readDate(value: unknown): WallMs | 'invalid' | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return Math.abs(value) <= 8.64e15 ? wallMs(value) : 'invalid';
  if (typeof value !== 'string') return 'invalid';
  const match = dateShape.exec(value.trim());
  if (match === null) return 'invalid';
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.replace(':', '').slice(3) || '00'}`;
  const at = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}${offset}`,
  );
  if (Number.isNaN(at)) return 'invalid';
  // The platform takes 31 February for 3 March; such a date is a mistake to be told of.
  const isRealDay =
    new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  return isRealDay ? wallMs(at) : 'invalid';
}

function readPriority(value: unknown): number | undefined {
  if (value === undefined) return 0;
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  if (!/^-?[0-9]{1,9}$/.test(text)) return undefined;
  return Number(text);
}

function refuse(code: LoadErrorCode, reason: string): Result<never, Refusal> {
  return err({ code, reason });
}
