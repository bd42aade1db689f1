import { defineErrors } from '../../base/index.ts';

/** Why a text is no URI. */
export const uriErrors = defineErrors({
  'uri.tooLong': { kind: 'parse', meaning: 'a URI longer than the limit' },
  'uri.noScheme': { kind: 'parse', meaning: 'a URI without a scheme' },
  'uri.badCharacter': { kind: 'parse', meaning: 'a URI with a byte that no URI may have' },
  'uri.badUser': { kind: 'parse', meaning: 'a SIP URI whose user part cannot be read' },
  'uri.badHost': { kind: 'parse', meaning: 'a SIP URI without a host, or with one that cannot be read' },
  'uri.badPort': { kind: 'parse', meaning: 'a SIP URI whose port is no number up to 65535' },
  'uri.badParameter': { kind: 'parse', meaning: 'a URI whose parameters cannot be read' },
  'uri.badNumber': { kind: 'parse', meaning: 'a tel URI without a number' },
  'uri.badUrn': { kind: 'parse', meaning: 'a URN without namespace or name' },
  'uri.notSip': { kind: 'parse', meaning: 'a URI of another scheme where sip or sips is needed' },
});

export type UriErrorCode = keyof typeof uriErrors;
