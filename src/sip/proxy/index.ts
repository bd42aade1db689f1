export type {
  EffectId,
  HeaderEdit,
  ProxyEffect,
  ProxyEvent,
  ProxyInput,
  ProxyTarget,
  RequestDecision,
  ResolveQuery,
} from './types.ts';
