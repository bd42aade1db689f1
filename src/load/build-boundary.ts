import type { Result, ServiceUrn } from '../base/index.ts';
import { ok, serviceUrn } from '../base/index.ts';
import type { BoundaryFeature } from '../esrp/index.ts';
import { readCommon, readCountry } from './build-common.ts';
import { asText, boundedText, refuse } from './field-values.ts';
import type { TargetValues } from './layer-plan.ts';
import type { Refusal } from './types.ts';

/** What the attributes of a boundary say: everything but its geometry and its place in the source. */
export type BoundaryAttributes = Omit<BoundaryFeature, 'ordinal' | 'geometry' | 'crs'>;

/** What the SIP parser takes as well. */
const uriMax = 2048;
const sipUri =
  /^sips?:(?:[^\s@<>"]+@)?(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?)(?::[0-9]{1,5})?(?:[;?][^\s<>"]*)?$/i;
const webUri = /^https?:\/\/[a-z0-9[][^\s<>"]*$/i;
/** The URI of a service that is known not to be there (NENA-STA-010.3 §4.3.4). */
const notImplemented = 'urn:emergency:servicenotimplemented';
/** Services that calls are sent to; their URIs are SIP's. */
const callService = /^urn:(?:service:sos|(?:nena|emergency):service:(?:sos|responder))(?:[.]|$)/;
const urnShape = /^urn:[a-z0-9][a-z0-9-]{1,31}:[a-z0-9][a-z0-9.:_-]*$/;

/** Reads a service boundary's attributes. `defaultServiceUrn` is the service of one that names none. */
export function readBoundary(
  values: TargetValues,
  rowId: unknown,
  defaultServiceUrn: ServiceUrn | undefined,
): Result<BoundaryAttributes, Refusal> {
  const common = readCommon(values, rowId, 'boundary');
  if (!common.ok) return common;
  const urn = readUrn(asText(values.raw('ServiceURN')), defaultServiceUrn);
  const uri = readUri(asText(values.raw('ServiceURI')), urn.ok ? urn.value : undefined);
  if (!uri.ok) return uri;
  if (!urn.ok) return urn;
  const country = readCountry(values, 'Country');
  if (!country.ok) return country;
  const priority = readPriority(values.raw('Priority'));
  if (priority === undefined) return refuse('load.priorityInvalid', 'priority is not a whole number');
  const texts: Record<string, string | undefined> = {};
  for (const field of ['DsplayName', 'ServiceNum', 'Agency_ID', 'AVcard_URI', 'A1', 'A2', 'A3']) {
    const text = boundedText(field, values.raw(field));
    if (!text.ok) return text;
    texts[field] = text.value;
  }
  const { featureId, discrepancyAgencyId, dateUpdate, effective, expire } = common.value;
  return ok({
    boundaryId: featureId,
    displayName: texts['DsplayName'] ?? featureId,
    serviceUrn: urn.value,
    serviceUri: uri.value,
    serviceNumber: texts['ServiceNum'],
    agencyId: texts['Agency_ID'],
    priority,
    effective,
    expire,
    country: country.value,
    a1: texts['A1'],
    a2: texts['A2'],
    a3: texts['A3'],
    discrepancyAgencyId,
    dateUpdate,
    cardUri: texts['AVcard_URI'],
  });
}

function readUri(text: string | undefined, urn: ServiceUrn | undefined): Result<string, Refusal> {
  if (text === undefined)
    return refuse('load.uriMissing', 'no ServiceURI (or uri); it is where calls are sent');
  if (text.toLowerCase() === notImplemented) return ok(text);
  // Services that are no calls, such as additional data, are at addresses of the web.
  if (urn !== undefined && !callService.test(urn) && webUri.test(text) && text.length <= uriMax) {
    return ok(text);
  }
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

function readPriority(value: unknown): number | undefined {
  if (value === undefined) return 0;
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  if (!/^-?[0-9]{1,9}$/.test(text)) return undefined;
  return Number(text);
}
