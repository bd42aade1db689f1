import { defineErrors } from '../base/index.ts';

/** Error codes of the XML reader. */
export const xmlErrors = defineErrors({
  'xml.tooLarge': { kind: 'parse', meaning: 'An XML document has more bytes than the limit.' },
  'xml.tooDeep': { kind: 'parse', meaning: 'XML elements are nested deeper than the limit.' },
  'xml.tooManyElements': { kind: 'parse', meaning: 'An XML document has more elements than the limit.' },
  'xml.tooManyAttributes': { kind: 'parse', meaning: 'An XML element has more attributes than the limit.' },
  'xml.textTooLong': {
    kind: 'parse',
    meaning: 'A run of text or an attribute value is longer than the limit.',
  },
  'xml.encodingUnsupported': {
    kind: 'parse',
    meaning: 'An XML document declares an encoding that is not read.',
  },
  'xml.encodingInvalid': { kind: 'parse', meaning: 'The bytes of an XML document do not fit its encoding.' },
  'xml.doctype': { kind: 'parse', meaning: 'An XML document has a DOCTYPE; such documents are refused.' },
  'xml.notWellFormed': { kind: 'parse', meaning: 'An XML document is not well-formed.' },
  'xml.unknownEntity': {
    kind: 'parse',
    meaning: 'An XML document refers to an entity other than the five predefined ones.',
  },
  'xml.empty': { kind: 'parse', meaning: 'There is no element where an XML document is expected.' },
  'xml.encodingMismatch': {
    kind: 'parse',
    meaning: 'An XML document declares UTF-16 and is written in UTF-8; it is read as UTF-8.',
  },
  'xml.leadingSpace': { kind: 'parse', meaning: 'White space before an XML declaration was overlooked.' },
});

/** A code of {@link xmlErrors}. */
export type XmlErrorCode = keyof typeof xmlErrors;
