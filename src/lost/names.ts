// Namespaces, media types and names of LoST.

/** Namespaces of LoST documents and of the extensions that are read and written. */
export const lostNamespaces = {
  /** RFC 5222 §17.4. */
  lost: 'urn:ietf:params:xml:ns:lost1',
  /** Service list boundaries (RFC 6197 §5.2). */
  slb: 'urn:ietf:params:xml:ns:lost1:slb',
  /** Synchronisation (RFC 6739 §10.3). */
  sync: 'urn:ietf:params:xml:ns:lostsync1',
  /** Call and incident of a query (NENA-STA-010.3 §3.4.10.4). */
  ids: 'urn:emergency:xml:ns:lostExt:Ids',
  /** Planned changes: `asOf` and `revalidateAfter` (NENA-STA-010.3 §3.4.10). */
  planned: 'urn:ietf:params:xml:ns:lostPlannedChange1',
  /** Complete and similar locations (NENA-STA-010.3 §3.4.10). */
  rli: 'urn:ietf:params:xml:ns:lost-rli1',
} as const;

/** Type of every LoST document (RFC 5222 §17.2), save those of the synchronisation. */
export const lostMediaType = 'application/lost+xml';
/** Type of the documents of RFC 6739 (§10.1). */
export const lostSyncMediaType = 'application/lostsync+xml';

const mediaTypes = /^(?:application\/(?:lost(?:sync)?(?:\+xml)?|lost\+plannedchange|xml)|text\/xml)$/;

/**
 * Whether a body of a type (`type/subtype` in any case, parameters left out or not) is to be read as LoST. General XML types
 * count, and so does none at all: senders use both.
 */
export function isLostMediaType(contentType: string | undefined): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type === '' || mediaTypes.test(type);
}

/** Whether a text is an application unique string as the schema has it: a DNS name with a dot in it (RFC 5222 §15). */
export function isLostSource(text: string): boolean {
  return text.length <= 253 && /^(?:[a-zA-Z0-9-]+\.)+[a-zA-Z0-9]+$/.test(text);
}
