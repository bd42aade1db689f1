import type { CodedError } from '../../base/index.ts';
import { defineErrors } from '../../base/index.ts';

/** What can be wrong with a body. All but the last three are warnings: the body is read all the same. */
export const bodyErrors = defineErrors({
  'body.noContentType': { kind: 'parse', meaning: 'a body without a readable Content-Type' },
  'body.noBoundary': {
    kind: 'parse',
    meaning: 'a multipart whose boundary had to be guessed from its first line',
  },
  'body.wrongBoundary': {
    kind: 'parse',
    meaning: 'a multipart that uses another boundary than it declares',
  },
  'body.noParts': { kind: 'parse', meaning: 'a multipart without parts' },
  'body.unterminated': { kind: 'parse', meaning: 'a multipart without its closing boundary' },
  'body.boundaryInLine': { kind: 'parse', meaning: 'a boundary without a line end before it' },
  'body.noBlankLine': { kind: 'parse', meaning: 'a part without a blank line after its headers' },
  'body.partHeader': { kind: 'parse', meaning: 'a header line of a part that cannot be read' },
  'body.tooDeep': { kind: 'parse', meaning: 'multiparts nested deeper than the limit; not opened' },
  'body.tooManyParts': { kind: 'parse', meaning: 'more parts than the limit; the rest left out' },
  'body.mediaType': { kind: 'parse', meaning: 'a media type that cannot be read' },
  'body.transferEncoding': { kind: 'parse', meaning: 'a Content-Transfer-Encoding that is not known' },
  'body.encodedContent': { kind: 'parse', meaning: 'content that is not in its declared transfer encoding' },
});

export type BodyErrorCode = keyof typeof bodyErrors;

/** The error value of a code, with where or what. */
export function bodyError(code: BodyErrorCode, detail: string): CodedError<BodyErrorCode> {
  return { code, message: `${bodyErrors[code].meaning}: ${detail}` };
}
