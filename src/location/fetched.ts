import { createHash } from 'node:crypto';
import type { CodedError, Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import { defaultBodyLimits, readMultipart } from '../sip/index.ts';
import type { XmlDocument } from '../xml/index.ts';
import { isLastResort, preferredEntries } from './choose.ts';
import { heldAnswerOf } from './held.ts';
import { locationParts } from './input.ts';
import type { LocationLimits } from './limits.ts';
import { parsePidfLo, readLocationXml } from './parse.ts';
import { isEvidentPidf, isPidfType } from './pidf-type.ts';
import type { LocationReference, LocationSource, LocationValue, PidfLo } from './types.ts';

/** A document that came from elsewhere. */
export interface FetchedDocument {
  readonly bytes: Uint8Array;
  /** `type/subtype` in lower case; empty where it was not said. */
  readonly contentType: string;
}

/** Its locations. */
export interface FetchedLocations {
  /** Never empty; the most preferred first. */
  readonly locations: readonly LocationValue[];
  readonly warnings: readonly CodedError[];
}

/**
 * Reads a document that came from where a reference points, or from a location server: a PIDF-LO, the answer of a location
 * server (RFC 5985, RFC 6753), a multipart with one of them inside, whatever its type says of it: what it is shows in its first
 * bytes. A document that is not the one whose hash the request gave is refused (RFC 4483 §5.12); another size, or a lifetime that
 * is over at `nowMs` (milliseconds since 1970, where given), is a warning. Errors: `location.contentMismatch`,
 * `location.fetchedEmpty`, `location.heldError`, `location.heldReferenceOnly`, and those of reading a PIDF-LO. Never throws.
 */
export function readFetched(
  document: FetchedDocument,
  reference: LocationReference,
  source: LocationSource,
  limits: LocationLimits,
  nowMs?: number,
): Result<FetchedLocations, CodedError> {
  const { bytes } = document;
  if (bytes.length === 0) return err({ code: 'location.fetchedEmpty', message: 'the answer has no content' });
  if (reference.sha1Hex !== undefined && sha1Hex(bytes) !== reference.sha1Hex.toLowerCase()) {
    const message = 'the document is not the one whose hash the request gave';
    return err({ code: 'location.contentMismatch', message });
  }
  const warnings = conditionWarnings(bytes, reference, nowMs);
  const read = isMultipart(document) ? readParts(bytes, source, limits) : readOne(bytes, source, limits);
  return read.ok
    ? ok({ locations: read.value.locations, warnings: [...warnings, ...read.value.warnings] })
    : read;
}

function conditionWarnings(
  bytes: Uint8Array,
  { sizeBytes, expiresAtMs }: LocationReference,
  nowMs: number | undefined,
): readonly CodedError[] {
  const warnings: CodedError[] = [];
  if (sizeBytes !== undefined && sizeBytes !== bytes.length) {
    const message = `the document has ${bytes.length} bytes and was to have ${sizeBytes}`;
    warnings.push({ code: 'location.contentSize', message });
  }
  if (expiresAtMs !== undefined && nowMs !== undefined && nowMs > expiresAtMs) {
    warnings.push({ code: 'location.contentExpired', message: 'the reference was to be followed before' });
  }
  return warnings;
}

/** A multipart shows its first boundary; that of a body whose type says so may have a preamble before it. */
function isMultipart({ bytes, contentType }: FetchedDocument): boolean {
  if (contentType.startsWith('multipart/')) return true;
  let start = 0;
  while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++;
  return bytes[start] === 0x2d && bytes[start + 1] === 0x2d;
}

/** The documents of a multipart in their order (RFC 5491 §3 rule 9), such as those of a list notification (RFC 4662). */
function readParts(
  bytes: Uint8Array,
  source: LocationSource,
  limits: LocationLimits,
): Result<FetchedLocations, CodedError> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { parts, warnings } = locationParts(readMultipart(view, undefined, defaultBodyLimits));
  const locations: LocationValue[] = [];
  // The boundary is always found by looking: the parameter that names it is not handed over.
  const found: CodedError[] = warnings.filter(({ code }) => code !== 'body.noBoundary');
  let failure: CodedError | undefined;
  const documents = parts.filter(
    (part) =>
      isPidfType(part.contentType) || part.contentType === 'application/held+xml' || isEvidentPidf(part),
  );
  for (const part of documents.slice(0, limits.documentsMax)) {
    const read = readOne(part.bytes, source, limits);
    if (!read.ok) failure ??= read.error;
    else {
      locations.push(...read.value.locations);
      found.push(...read.value.warnings);
    }
  }
  if (locations.length > 0) return ok({ locations: lastResortsLast(locations), warnings: found });
  const message = 'no part of the document is a location';
  return err(failure ?? { code: 'location.notPidfLo', message });
}

function readOne(
  bytes: Uint8Array,
  source: LocationSource,
  limits: LocationLimits,
): Result<FetchedLocations, CodedError> {
  const tree = readLocationXml(bytes, limits);
  if (!tree.ok) return tree;
  const answer = heldAnswerOf(tree.value, limits);
  // Some other document: presence of an older kind, or nothing of ours, which the reader of documents says.
  if (!answer.ok) {
    return answer.error.code === 'location.heldUnknown' ? readPidfLo(tree.value, source, limits) : answer;
  }
  if (answer.value.kind === 'error') {
    // The server's words stay out: they may say whom it was asked about.
    const code = answer.value.code.replace(/[^\w.:-]/g, '').slice(0, 60);
    return err({ code: 'location.heldError', message: `the location server answered with ${code}` });
  }
  const { document } = answer.value;
  if (document === undefined) {
    const message = 'the answer is a reference again, which is not followed';
    return err({ code: 'location.heldReferenceOnly', message });
  }
  return readPidfLo(document, source, limits);
}

function readPidfLo(
  document: XmlDocument,
  source: LocationSource,
  limits: LocationLimits,
): Result<FetchedLocations, CodedError> {
  const read = parsePidfLo(document, source, limits);
  if (!read.ok) return read;
  const locations = preferredLocations(read.value);
  if (locations.length > 0) return ok({ locations, warnings: read.value.warnings });
  const rejected = read.value.entries.find((entry) => entry.kind === 'rejected');
  const message = 'there is no location that can be read in the document';
  return err(rejected?.rejected.error ?? { code: 'location.notPidfLo', message });
}

function preferredLocations(document: PidfLo): readonly LocationValue[] {
  const entries = preferredEntries(document);
  return lastResortsLast(entries.flatMap((entry) => (entry.kind === 'location' ? [entry.location] : [])));
}

function lastResortsLast(locations: readonly LocationValue[]): readonly LocationValue[] {
  if (!locations.some(isLastResort)) return locations;
  return [...locations.filter((each) => !isLastResort(each)), ...locations.filter(isLastResort)];
}

function sha1Hex(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}
