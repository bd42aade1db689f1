import type { CodedError, Result } from '../base/index.ts';
import { assertNever, err, ok } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, childElements, collapsedTextOf, parseXml, writeXml, xmlElement } from '../xml/index.ts';
import type { LocationErrorCode } from './errors.ts';
import type { HeldErrorCode, HeldLocationType } from './held-names.ts';
import { deviceNamespace, heldLocationTypes, heldNamespace } from './held-names.ts';
import type { LocationLimits } from './limits.ts';

const plainIdentities = [
  'mac',
  'nai',
  'fqdn',
  'duid',
  'msisdn',
  'imsi',
  'imei',
  'min',
  'mdn',
  'udpport',
  'tcpport',
  'sctpport',
  'dccpport',
] as const;

/** What a device is known by (RFC 6155 §3); the values of `other` are as the schema there has them. */
export type DeviceIdentity =
  | { readonly kind: 'uri'; readonly uri: string }
  /** IPv4 or IPv6, without brackets or zone. */
  | { readonly kind: 'ip'; readonly address: string }
  | { readonly kind: 'other'; readonly name: (typeof plainIdentities)[number]; readonly value: string };

/** A question to a location server (RFC 5985 §5.1). */
export interface LocationRequest {
  /** What for, or how long the answer may take, in whole milliseconds (RFC 5985 §6.1). */
  readonly responseTime?: 'emergencyRouting' | 'emergencyDispatch' | number | undefined;
  /** Most wanted first; nothing said is `any`. */
  readonly locationTypes?: readonly HeldLocationType[] | undefined;
  /** Whether other types are no answer. */
  readonly exact?: boolean | undefined;
  /** Identities of one device (RFC 6155 §2); none for the asker itself and for a dereference (RFC 6753 §3.1). */
  readonly device?: readonly DeviceIdentity[] | undefined;
}

/** A question that cannot be answered, and the code of the answer that says so. */
export interface HeldRequestError extends CodedError<LocationErrorCode> {
  readonly heldCode: HeldErrorCode;
}

/** Writes a request that is valid by the schemas of RFC 5985 §7 and RFC 6155 §6. */
export function writeLocationRequest(request: LocationRequest): string {
  const { responseTime, locationTypes = [], exact, device = [] } = request;
  const children: XmlElement[] = [];
  if (locationTypes.length > 0) {
    // `any` stands alone in the schema.
    const text = locationTypes.includes('any') ? 'any' : locationTypes.join(' ');
    children.push(
      xmlElement({
        name: 'locationType',
        namespaceUri: heldNamespace,
        attributes: { exact: exact?.toString() },
        children: [text],
      }),
    );
  }
  if (device.length > 0) {
    const identities = device.map(identityElement);
    children.push(xmlElement({ name: 'device', namespaceUri: deviceNamespace, children: identities }));
  }
  const attributes = {
    responseTime:
      typeof responseTime === 'number' ? String(Math.max(0, Math.floor(responseTime))) : responseTime,
  };
  return writeXml(xmlElement({ name: 'locationRequest', namespaceUri: heldNamespace, attributes, children }));
}

/**
 * Reads a location request, by the names of its elements alone. What is not understood is passed over (RFC 6753 §3.1).
 * Errors: `location.xmlUnreadable`, `location.heldUnknown`. Never throws.
 */
export function readLocationRequest(
  bytes: Uint8Array,
  limits: LocationLimits,
): Result<LocationRequest, HeldRequestError> {
  const document = parseXml(bytes, limits.xml, 'indentationDropped');
  if (!document.ok) {
    const { code, message } = document.error;
    const text = `${code}: ${message}`;
    return err({
      code: 'location.xmlUnreadable',
      message: text,
      cause: document.error,
      heldCode: 'xmlError',
    });
  }
  const { root } = document.value;
  if (root.localName !== 'locationRequest') {
    const message = 'the document is no location request';
    return err({ code: 'location.heldUnknown', message, heldCode: 'unsupportedMessage' });
  }
  const type = childElements(root).find((child) => child.localName === 'locationType');
  const device = childElements(root).find((child) => child.localName === 'device');
  return ok({
    responseTime: readResponseTime(attributeOf(root, 'responseTime')),
    locationTypes: type === undefined ? [] : readTypes(type),
    exact: /^(?:true|1)$/i.test((type && attributeOf(type, 'exact'))?.trim() ?? ''),
    device: device === undefined ? [] : readDevice(device),
  });
}

function identityElement(identity: DeviceIdentity): XmlElement {
  const namespaceUri = deviceNamespace;
  switch (identity.kind) {
    case 'uri':
      return xmlElement({ name: 'uri', namespaceUri, children: [identity.uri] });
    case 'ip': {
      const attributes = { v: identity.address.includes(':') ? '6' : '4' };
      return xmlElement({ name: 'ip', namespaceUri, attributes, children: [identity.address] });
    }
    case 'other':
      return xmlElement({ name: identity.name, namespaceUri, children: [identity.value] });
    default:
      return assertNever(identity);
  }
}

function readResponseTime(text: string | undefined): LocationRequest['responseTime'] {
  const trimmed = text?.trim() ?? '';
  if (trimmed === 'emergencyRouting' || trimmed === 'emergencyDispatch') return trimmed;
  return /^[0-9]{1,9}$/.test(trimmed) ? Number(trimmed) : undefined;
}

function readTypes(element: XmlElement): readonly HeldLocationType[] {
  const names = new Set(collapsedTextOf(element).split(' '));
  return [...names].flatMap((name) => heldLocationTypes.find((type) => type === name) ?? []);
}

function readDevice(device: XmlElement): readonly DeviceIdentity[] {
  const identities: DeviceIdentity[] = [];
  for (const child of childElements(device)) {
    const value = collapsedTextOf(child);
    const name = plainIdentities.find((known) => known === child.localName);
    if (child.localName === 'uri') identities.push({ kind: 'uri', uri: value });
    else if (child.localName === 'ip') identities.push({ kind: 'ip', address: value });
    else if (name !== undefined) identities.push({ kind: 'other', name, value });
  }
  return identities;
}
