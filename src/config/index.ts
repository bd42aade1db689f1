export type { ConfigKey } from './keys.ts';
export { configKeys } from './keys.ts';
export type { ConfigSources } from './load.ts';
export { loadConfig } from './load.ts';
export type { PlaceConfig } from './location.ts';
export { redactConfig, redactUrl } from './redact.ts';
export type { Config, IngressConfig } from './schema.ts';
export { configSchema, ingressConfig } from './schema.ts';
export { configTable } from './table.ts';
