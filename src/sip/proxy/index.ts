export { ProxyCore } from './core.ts';
export {
  defaultProxyLimits,
  defaultProxyTimers,
  type ProxyCoreOptions,
  type ProxyCounts,
  type ProxyLimits,
  type ProxyTimers,
} from './options.ts';
export { OwnAddresses } from './own-addresses.ts';
export type {
  EffectId,
  HeaderEdit,
  HealthVerdict,
  ProxyEffect,
  ProxyEvent,
  ProxyInput,
  ProxyTarget,
  RedirectRule,
  RequestDecision,
  ResolveQuery,
  TargetAddition,
} from './types.ts';
