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
export { type HeadIndex, indexHeaders } from './header-index.ts';
export { defaultMessageLimits, type MessageLimits } from './limits.ts';
export { headerKey, isListHeader } from './names.ts';
export { type ParseOptions, parseMessage } from './parse.ts';
export { isFinal, isProvisional, isSuccess, reasonPhraseFor, statusClass } from './reason.ts';
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
