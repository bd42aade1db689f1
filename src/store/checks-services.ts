// Service URNs: how they are written (RFC 5031 §3), which are registered, and what a ServiceURI may be.

// The service URN labels that IANA has (RFC 5031, RFC 7163, RFC 8147), without `urn:service:`.
const ianaServices = new Set([
  'counseling',
  'counseling.children',
  'counseling.mental-health',
  'counseling.suicide',
  'sos',
  'sos.ambulance',
  'sos.animal-control',
  'sos.country-specific',
  'sos.ecall.automatic',
  'sos.ecall.manual',
  'sos.fire',
  'sos.gas',
  'sos.marine',
  'sos.mountain',
  'sos.physician',
  'sos.poison',
  'sos.police',
]);
// Names of NENA's trees urn:emergency:service and urn:nena:service (NENA-STA-010.3 §2.1.4, NENA-STA-006.3).
const nenaServices = new Set([
  'additionaldata',
  'serviceagencylocator',
  'sos.call_taker',
  'sos.level_2_esrp',
  'sos.level_3_esrp',
  'sos.psap',
]);

const form =
  /^urn:(?:(emergency|nena):)?service:([a-z0-9][a-z0-9_-]{0,62}(?:\.[a-z0-9][a-z0-9_-]{0,62}){0,15})$/;

/** What a service URN in lower case is; undefined: it is none. */
export function readUrn(
  urn: string,
): { readonly tree: 'ietf' | 'nena'; readonly name: string; readonly isRegistered: boolean } | undefined {
  const found = form.exec(urn);
  if (found === null) return undefined;
  const tree = found[1] === undefined ? 'ietf' : 'nena';
  const name = (found[2] ?? '').replace(/^test\./, '');
  // Agencies name responders below `responder` as they need (NENA-STA-006.3); country-specific services likewise.
  const isOpenTree = /^(?:responder\.|sos\.country-specific\.)/.test(name);
  const isRegistered =
    ianaServices.has(name) ||
    (tree === 'nena' && nenaServices.has(name)) ||
    (isOpenTree && (tree === 'nena' || !name.startsWith('responder')));
  return { tree, name, isRegistered };
}

/** The one name of services that differ by their tree alone: their boundaries cover ground together. */
export function serviceGroup(urn: string): string {
  const name = readUrn(urn.toLowerCase())?.name ?? urn;
  return name === 'sos.psap' ? 'sos' : name;
}

/** Whether a group of services is one that everybody must have: calls, police, fire, medical help. */
export function isRequiredService(group: string): boolean {
  return requiredServices.some(({ groups }) => groups.includes(group));
}

/** The services whose layers NENA-STA-006.3 requires, by the names that they go under. */
export const requiredServices: readonly { readonly layer: string; readonly groups: readonly string[] }[] = [
  { layer: 'PsapPolygon', groups: ['sos'] },
  { layer: 'PolicePolygon', groups: ['responder.police', 'sos.police'] },
  { layer: 'FirePolygon', groups: ['responder.fire', 'sos.fire'] },
  { layer: 'EmsPolygon', groups: ['responder.ems', 'sos.ambulance'] },
];

/** What is wrong with the URI of a boundary; undefined: nothing. */
export function uriFault(uri: string, group: string): string | undefined {
  if (/^urn:emergency:servicenotimplemented$/i.test(uri)) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'it has no scheme';
  if (/[\s<>"]/.test(uri)) return 'it has characters that no URI has';
  if (scheme === 'sip' || scheme === 'sips') {
    return sipHost(uri.slice(scheme.length + 1)) ? undefined : 'it names no host';
  }
  // Services that no call goes to are reached otherwise: HTTP for data, tel for a plain number.
  const isForCalls = group === 'sos' || group.startsWith('sos.') || group.startsWith('responder.');
  if (isForCalls) return `the scheme is ${scheme}; calls go to sip or sips`;
  return undefined;
}

/** RFC 3261 §25.1: `[userinfo@]hostport`, then parameters and headers. */
function sipHost(rest: string): boolean {
  const withoutUser = rest.slice(rest.lastIndexOf('@', rest.search(/[?]|$/)) + 1);
  const host = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?)(?::(\d{1,5}))?(?=[;?]|$)/i.exec(
    withoutUser,
  );
  return host !== null && Number(host[2] ?? 0) <= 65_535;
}

/** NENA's form of globally unique ids of features. */
export const nenaIdForm = /^urn:emergency:uid:gis:[^:]+:[^:]+:[^:]+$/i;
