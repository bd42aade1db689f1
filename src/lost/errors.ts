import { defineErrors } from '../base/index.ts';

/** Error codes of the LoST documents. */
export const lostErrors = defineErrors({
  'lost.xmlUnreadable': { kind: 'parse', meaning: 'A LoST document is no XML that can be read.' },
  'lost.notRequest': { kind: 'parse', meaning: 'The document is no request of LoST.' },
  'lost.notAnswer': { kind: 'parse', meaning: 'The document is no answer of LoST.' },
  'lost.locationMissing': { kind: 'parse', meaning: 'A LoST request has no location where it needs one.' },
  'lost.serviceMissing': { kind: 'parse', meaning: 'A LoST request names no service where it needs one.' },
  'lost.keyMissing': { kind: 'parse', meaning: 'A LoST request for a boundary has no key.' },
  'lost.mappingMissing': { kind: 'parse', meaning: 'A LoST document has no mapping where it needs one.' },
  'lost.mappingIncomplete': { kind: 'parse', meaning: 'A LoST mapping lacks what identifies or dates it.' },
  'lost.elementMissing': { kind: 'parse', meaning: 'A LoST answer lacks an element that it must have.' },
  'lost.momentMalformed': { kind: 'parse', meaning: 'A LoST document has a date that is none.' },
  'lost.tooMany': { kind: 'parse', meaning: 'A LoST document has more of an element than the limit.' },
  'lost.profileUnrecognized': {
    kind: 'reject',
    meaning: 'No location of a LoST request has a profile that is read (RFC 5222 §12).',
  },
  'lost.locationInvalid': { kind: 'reject', meaning: 'The location of a LoST request cannot be used.' },
  'lost.srsInvalid': {
    kind: 'reject',
    meaning: 'The location of a LoST request is in a reference system that is not read.',
  },
});

/** A code of {@link lostErrors}. */
export type LostErrorCode = keyof typeof lostErrors;
