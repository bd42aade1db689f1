export type {
  CSeq,
  HeaderSpan,
  MessageDefect,
  NameAddr,
  ParseOutcome,
  SipMessage,
  SipRequest,
  SipResponse,
  Via,
} from './types.ts';
