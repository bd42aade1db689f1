import type { CodedError, Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { XmlErrorCode } from './errors.ts';
import type { XmlError } from './types.ts';

/** A document as text, without its byte order mark. */
export interface DecodedXml {
  readonly text: string;
  readonly repairs: readonly CodedError<XmlErrorCode>[];
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'iso-8859-1' | 'windows-1252';

/** The names by which the encodings that we read are declared, lower case. */
const encodingNames: ReadonlyMap<string, Encoding> = new Map<string, Encoding>([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['us-ascii', 'utf-8'],
  ['ascii', 'utf-8'],
  ['iso-8859-1', 'iso-8859-1'],
  ['iso8859-1', 'iso-8859-1'],
  ['iso_8859-1', 'iso-8859-1'],
  ['latin1', 'iso-8859-1'],
  ['windows-1252', 'windows-1252'],
]);
const declaredUtf16 = /^utf-?16(?:le|be)?$/;
const declaration =
  /^[\t\n\r ]*<\?xml[\t\n\r ][^>]{0,200}?encoding[\t\n\r ]*=[\t\n\r ]*["']([A-Za-z0-9._-]{1,40})["']/;
/** The declaration stands first; anything further in is none. */
const declarationBytesMax = 256;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Turns a document's bytes into text, by byte order mark, else by the shape of its first bytes, else by its
 * declaration, else as UTF-8 (XML 1.0 appendix F). Bytes that do not fit the encoding refuse the document.
 */
export function decodeXml(bytes: Uint8Array): Result<DecodedXml, XmlError> {
  const found = findEncoding(bytes);
  if (!found.ok) return found;
  const { encoding, repairs } = found.value;
  if (encoding === 'iso-8859-1') {
    // The platform's decoder of that name reads windows-1252, so the bytes are taken as code points here.
    return ok({
      text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'),
      repairs,
    });
  }
  try {
    const decoder = encoding === 'utf-8' ? utf8 : new TextDecoder(encoding, { fatal: true });
    return ok({ text: decoder.decode(bytes), repairs });
  } catch {
    return refuse('xml.encodingInvalid', `the bytes are not valid ${encoding.toUpperCase()}`);
  }
}

function findEncoding(
  bytes: Uint8Array,
): Result<{ encoding: Encoding; repairs: readonly CodedError<XmlErrorCode>[] }, XmlError> {
  const b0 = bytes[0];
  const b1 = bytes[1];
  const b2 = bytes[2];
  const b3 = bytes[3];
  if (b0 === 0xef && b1 === 0xbb && b2 === 0xbf) return ok({ encoding: 'utf-8', repairs: [] });
  if (b0 === 0xff && b1 === 0xfe) return ok({ encoding: 'utf-16le', repairs: [] });
  if (b0 === 0xfe && b1 === 0xff) return ok({ encoding: 'utf-16be', repairs: [] });
  if (b0 === 0x3c && b1 === 0 && b3 === 0) return ok({ encoding: 'utf-16le', repairs: [] });
  if (b0 === 0 && b1 === 0x3c && b2 === 0) return ok({ encoding: 'utf-16be', repairs: [] });
  // Without a declaration at the front there is nothing to look for.
  if (b0 === 0x3c && b1 !== 0x3f) return ok({ encoding: 'utf-8', repairs: [] });
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, declarationBytesMax));
  const declared = declaration.exec(head.toString('latin1'))?.[1]?.toLowerCase();
  if (declared === undefined) return ok({ encoding: 'utf-8', repairs: [] });
  const encoding = encodingNames.get(declared);
  if (encoding !== undefined) return ok({ encoding, repairs: [] });
  if (declaredUtf16.test(declared)) {
    // The declaration could be read byte by byte, so the document is not UTF-16 whatever it says.
    const message = 'declared as UTF-16 and written in single bytes: read as UTF-8';
    return ok({ encoding: 'utf-8', repairs: [{ code: 'xml.encodingMismatch', message }] });
  }
  return refuse('xml.encodingUnsupported', `the encoding ${declared} is not read; send UTF-8`);
}

function refuse(code: XmlErrorCode, message: string): Result<never, XmlError> {
  return err({ code, message, offset: 0, excerpt: '' });
}
