export {
  buildRequest,
  buildResponse,
  type HeaderLine,
  type RequestParts,
  type ResponseParts,
} from './build.ts';
export { type DeclaredLength, declaredLength } from './content-length.ts';
export { MessageDraft } from './draft.ts';
export { type MessageErrorCode, messageErrors } from './errors.ts';
export { type HeaderGrammar, writeHeader } from './grammar.ts';
export type { ContactValue } from './grammar-address.ts';
export type { AuthValue } from './grammar-auth.ts';
export type { ProductPart, RetryAfter, Timestamp, WarningValue } from './grammar-core.ts';
export type { DialogReference, RackValue, SessionId, SessionInterval } from './grammar-dialog.ts';
export type { MediaRange } from './grammar-media.ts';
export type { IdentityValue, ResourceValue } from './grammar-network.ts';
export type { TokenValue, UriValue } from './grammar-parts.ts';
export { type AnyHeaderGrammar, headerGrammars, headers } from './grammar-table.ts';
export { type HeadIndex, indexHeaders } from './header-index.ts';
export { defaultMessageLimits, type MessageLimits } from './limits.ts';
export { headerKey, isListHeader } from './names.ts';
export { type ParseOptions, parseMessage } from './parse.ts';
export { isFinal, isProvisional, isSuccess, reasonPhraseFor, statusClass } from './reason.ts';
export {
  findHeaderRow,
  type HeaderPlace,
  headerRows,
  mayProxy,
  mayStand,
  type ProxyOperation,
  presenceOf,
} from './registry.ts';
export {
  type HeaderRow,
  type HeaderUse,
  type HeaderValueForm,
  type Presence,
  registryMethods,
} from './registry-row.ts';
export { displayText, evenLineEnds, excerpt, latin1FromText, unfold } from './text.ts';
export type {
  CSeq,
  HeaderSpan,
  MessageDefect,
  NameAddr,
  ParseOutcome,
  Reading,
  SipMessage,
  SipRequest,
  SipResponse,
  Via,
} from './types.ts';
export {
  callId,
  contacts,
  cseq,
  fromHeader,
  headerValue,
  headerValues,
  MessageViews,
  maxForwards,
  recordRoutes,
  requestUriOf,
  routes,
  toHeader,
  topVia,
  vias,
} from './views.ts';
