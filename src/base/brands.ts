import { assert } from './assert.ts';

/** A service URN in canonical lower-case spelling, such as `urn:service:sos.fire` (RFC 5031 §3). */
export type ServiceUrn = string & { readonly __brand: 'ServiceUrn' };
/** Our own id of one call's record; not the SIP Call-ID. */
export type CallRecordId = string & { readonly __brand: 'CallRecordId' };
/** The NENA globally unique id (NGUID) of a stored boundary. */
export type BoundaryId = string & { readonly __brand: 'BoundaryId' };
/** The number of a dataset: one complete load of GIS layers. */
export type DatasetId = number & { readonly __brand: 'DatasetId' };

/** Checks and brands a service URN; the caller has already lower-cased it. */
export function serviceUrn(text: string): ServiceUrn {
  assert(/^urn:[a-z0-9][a-z0-9-]*:[^\s]+$/.test(text), `not a service URN: ${text}`);
  return text as ServiceUrn;
}

/** Brands a record id. */
export function callRecordId(text: string): CallRecordId {
  assert(/^[0-9A-Za-z-]{8,64}$/.test(text), `not a record id: ${text}`);
  return text as CallRecordId;
}

/** Brands a boundary id. */
export function boundaryId(text: string): BoundaryId {
  assert(text.length > 0 && text.length <= 254, 'a boundary id has 1 to 254 characters');
  return text as BoundaryId;
}

/** Brands a dataset id. */
export function datasetId(value: number): DatasetId {
  assert(Number.isSafeInteger(value) && value > 0, `not a dataset id: ${value}`);
  return value as DatasetId;
}
