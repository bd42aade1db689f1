import { type ServiceUrn, serviceUrn } from '../base/index.ts';
import { readServiceUrn } from '../esrp/index.ts';

/**
 * A service as LoST names it: emergency services by one spelling whatever the sender's (RFC 5031 §4.2, NENA's aliases), any
 * other URN in lower case. Undefined where the text is no service URN.
 */
export function readService(text: string): ServiceUrn | undefined {
  const known = readServiceUrn(text);
  if (known !== undefined) return known.service;
  const plain = text.trim().toLowerCase();
  return /^urn:[a-z0-9][a-z0-9-]*:[a-z0-9][a-z0-9._:-]*$/.test(plain) ? serviceUrn(plain) : undefined;
}

/** Whether a service is another or lies below it: `urn:service:sos.fire` below `urn:service:sos`. */
export function isServiceWithin(service: string, other: string): boolean {
  return service === other || service.startsWith(`${other}.`);
}

/** The services of a list that lie immediately below one, sorted; the top ones where it is undefined (RFC 5222 §10, §11). */
export function servicesBelow(
  services: Iterable<ServiceUrn>,
  parent: ServiceUrn | undefined,
): readonly ServiceUrn[] {
  const found = new Set<ServiceUrn>();
  for (const service of services) {
    const name = parent === undefined ? topOf(service) : childOf(service, parent);
    if (name !== undefined) found.add(name);
  }
  return [...found].sort();
}

// A test service is a service of its own, not a child of one named test (RFC 6881 §17).
function topOf(service: ServiceUrn): ServiceUrn {
  const [, head = service] = /^(urn:[^.]*?:(?:test\.)?[^.:]+)(?:\.|$)/.exec(service) ?? [];
  return serviceUrn(head);
}

function childOf(service: ServiceUrn, parent: ServiceUrn): ServiceUrn | undefined {
  if (!service.startsWith(`${parent}.`)) return undefined;
  const [label] = service.slice(parent.length + 1).split('.');
  return serviceUrn(`${parent}.${label}`);
}
