import type { LocationBodyPart } from './input.ts';

/** Types under which PIDF-LO documents travel: RFC 3863's, its draft's, and a mistaken one. */
const pidfTypes: ReadonlySet<string> = new Set([
  'application/pidf+xml',
  'application/cpim-pidf+xml',
  'application/pidf-lo+xml',
]);

/** Whether a media type, in lower case and without parameters, is that of a PIDF-LO document. */
export function isPidfType(contentType: string): boolean {
  return pidfTypes.has(contentType);
}

/**
 * Whether a part of another type, or of none, is a presence document with a location. A look at its bytes is
 * enough: what looks like one and is none is reported as unreadable and does no harm.
 */
export function isEvidentPidf(part: Pick<LocationBodyPart, 'contentType' | 'bytes'>): boolean {
  const { contentType, bytes } = part;
  const mayBe =
    contentType === '' ||
    contentType === 'text/plain' ||
    contentType === 'application/octet-stream' ||
    contentType.endsWith('/xml') ||
    contentType.endsWith('+xml');
  if (!mayBe) return false;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.includes('location-info') && view.includes('presence');
}
