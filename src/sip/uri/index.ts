export type { OtherUri, Param, SipUri, TelUri, Uri, UrnUri } from './types.ts';
