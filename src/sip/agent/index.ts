export { Dialog } from './dialog.ts';
export { SessionDescriptions, sessionIn } from './session-description.ts';
export type {
  AgentEffect,
  AgentEvent,
  AgentHeader,
  AgentInput,
  AnswerPlan,
  CallEnd,
  CallRequest,
  HopQuery,
  InDialogRequest,
  MediaSpec,
  ResolvedHop,
  UserAgentOptions,
} from './types.ts';
export { UserAgent } from './user-agent.ts';
