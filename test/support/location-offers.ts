import {
  defaultLocationLimits,
  type LocationOffer,
  locationInput,
  type OfferedLocations,
  offeredLocations,
} from '../../src/location/index.ts';
import { defaultBodyLimits } from '../../src/sip/index.ts';
import { parsed, sipBytes } from './sip-builders.ts';

/** A message by its extra header lines and its body. */
export interface MessageWithBody {
  readonly startLine?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
  readonly nowMs?: number;
}

/** What a whole message offers as the caller's place. */
export function offersOfBytes(bytes: Buffer, nowMs?: number): OfferedLocations {
  const { input } = locationInput(parsed(bytes), defaultBodyLimits);
  return offeredLocations({ ...input, nowMs }, defaultLocationLimits);
}

/** The same of an INVITE for help, or what the start line says, with these headers and this body. */
export function offersOf({ startLine, headers = [], body = '', nowMs }: MessageWithBody): OfferedLocations {
  const start = startLine === undefined ? {} : { startLine };
  return offersOfBytes(sipBytes({ ...start, extra: headers, body }), nowMs);
}

/** Offers in words: what it is, then where: `1 2` for a latitude and a longitude, the URI, or the outcome. */
export function offersInWords({ offers }: OfferedLocations): readonly string[] {
  return offers.map(inWords);
}

function inWords(offer: LocationOffer): string {
  switch (offer.kind) {
    case 'value':
      return shapeInWords(offer.location.shape);
    case 'reference':
      return `${offer.reference.protocol} ${offer.reference.uri}`;
    default:
      return `${offer.candidate.outcome} ${offer.candidate.reason.split(':')[0] ?? ''}`;
  }
}

function shapeInWords(shape: Extract<LocationOffer, { kind: 'value' }>['location']['shape']): string {
  if (shape === undefined) return 'civic';
  switch (shape.kind) {
    case 'point':
      return `point ${shape.position.lat} ${shape.position.lon}`;
    case 'circle':
    case 'sphere':
      return `${shape.kind} ${shape.center.lat} ${shape.center.lon} ${shape.radiusM}`;
    case 'polygon':
      return `polygon of ${shape.exterior.length}`;
    default:
      return shape.kind;
  }
}

/** A multipart body of parts, each with its header lines, a blank line and its content. */
export function multipart(boundary: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const pieces = parts.flatMap((part) => [
    Buffer.from(`--${boundary}\r\n`),
    Buffer.isBuffer(part) ? part : Buffer.from(part, 'latin1'),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

/** A part by its type, its Content-ID (none where empty) and its content. */
export function bodyPart(contentType: string, contentId: string, content: string): string {
  const id = contentId === '' ? '' : `Content-ID: <${contentId}>\r\n`;
  return `Content-Type: ${contentType}\r\n${id}\r\n${content}`;
}
