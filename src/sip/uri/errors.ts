import { defineErrors } from '../../base/index.ts';

/** Why a text is no URI. */
export const uriErrors = defineErrors({
  'uri.too-long': { kind: 'parse', meaning: 'a URI longer than the limit' },
  'uri.no-scheme': { kind: 'parse', meaning: 'a URI without a scheme' },
  'uri.bad-character': { kind: 'parse', meaning: 'a URI with a byte that no URI may have' },
  'uri.bad-user': { kind: 'parse', meaning: 'a SIP URI whose user part cannot be read' },
  'uri.bad-host': { kind: 'parse', meaning: 'a SIP URI without a host, or with one that cannot be read' },
  'uri.bad-port': { kind: 'parse', meaning: 'a SIP URI whose port is no number up to 65535' },
  'uri.bad-parameter': { kind: 'parse', meaning: 'a URI whose parameters cannot be read' },
  'uri.bad-number': { kind: 'parse', meaning: 'a tel URI without a number' },
  'uri.bad-urn': { kind: 'parse', meaning: 'a URN without namespace or name' },
  'uri.not-sip': { kind: 'parse', meaning: 'a URI of another scheme where sip or sips is needed' },
});

export type UriErrorCode = keyof typeof uriErrors;
