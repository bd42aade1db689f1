export { ProxyCore } from './core.ts';
export {
  defaultProxyLimits,
  defaultProxyTimers,
  type ProxyCoreOptions,
  type ProxyCounts,
  type ProxyLimits,
  type ProxyTimers,
} from './options.ts';
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
