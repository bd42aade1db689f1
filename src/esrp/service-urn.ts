import type { ServiceUrn } from '../base/index.ts';
import { serviceUrn } from '../base/index.ts';

/** An emergency service as a text names it. */
export interface ServiceName {
  readonly service: ServiceUrn;
  readonly isTest: boolean;
  /** Whether the text is a well-formed service URN, to be kept as it stands in a Request-URI. */
  readonly isExact: boolean;
}

// urn:service:sos.fire (RFC 5031 §4.2), NENA's urn:emergency:service:sos and its older urn:nena:service:sos; and what
// real senders write instead: urn:services:sos, urn:service:test:sos, parameters behind the URN.
const lenientUrn = /^urn:(?:(emergency|nena):)?services?:(test[.:])?sos((?:\.[a-z0-9_-]+)*)(?:[;?#].*)?$/i;
const exactUrn = /^urn:(?:(?:emergency|nena):)?service:(?:test\.)?sos(?:\.[a-z0-9_-]+)*$/i;
const sosUserPart = /^(test\.)?sos((?:\.[a-z0-9-]+)*)$/i;

// Names of hops inside an ESInet, not of services (NENA-STA-006.3 service domain list).
const hopNames = new Set(['psap', 'level_2_esrp', 'level_3_esrp', 'call_taker']);

// Names of the 2004 form of sos user parts that RFC 5031 §4.2 spells otherwise.
const olderNames: Readonly<Record<string, string>> = { rescue: 'ambulance' };

/** Reads a service URN, tolerating the misspellings that are met in the field. Undefined: it names no emergency service. */
export function readServiceUrn(text: string): ServiceName | undefined {
  const trimmed = text.trim();
  const found = lenientUrn.exec(trimmed);
  if (found === null) return undefined;
  return nameService(found[3] ?? '', found[2] !== undefined, exactUrn.test(trimmed));
}

/** Reads the user part of `sip:sos.fire@anything` (RFC 6881 SP-33's `sos` form). The text is already unescaped. */
export function readSosUser(user: string): ServiceName | undefined {
  const found = sosUserPart.exec(user);
  if (found === null) return undefined;
  return nameService(found[2] ?? '', found[1] !== undefined, false);
}

/**
 * The services whose boundaries may answer for `service`, best first: itself, its parents (RFC 5222 §8.4.2
 * serviceSubstitution), each with the names that NENA data gives it. A test service ends with the real one.
 */
export function serviceFamily(service: ServiceUrn): readonly [ServiceUrn, ...ServiceUrn[]] {
  const isTest = service.startsWith('urn:service:test.');
  const name = service.replace(/^urn:service:(?:test\.)?/, '');
  const family: ServiceUrn[] = [];
  for (const prefix of isTest ? ['test.', ''] : ['']) {
    const labels = name.split('.');
    for (let count = labels.length; count > 0; count--)
      family.push(...aliases(prefix + labels.slice(0, count).join('.')));
  }
  return [service, ...family.filter((member) => member !== service)];
}

function aliases(name: string): ServiceUrn[] {
  const texts = [`urn:service:${name}`, `urn:emergency:service:${name}`, `urn:nena:service:${name}`];
  if (name === 'sos') texts.push('urn:emergency:service:sos.psap', 'urn:nena:service:sos.psap');
  return texts.map(serviceUrn);
}

function nameService(labelText: string, hasTestPrefix: boolean, isExact: boolean): ServiceName {
  const labels = labelText
    .toLowerCase()
    .split('.')
    .filter((label) => label !== '' && !hopNames.has(label));
  const isTest = hasTestPrefix || labels[0] === 'test';
  const rest = (labels[0] === 'test' ? labels.slice(1) : labels).map((label) => olderNames[label] ?? label);
  const text = `urn:service:${isTest ? 'test.' : ''}${['sos', ...rest].join('.')}`;
  return { service: serviceUrn(text), isTest, isExact };
}
