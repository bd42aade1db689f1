export type { LoggerOptions, OwnedLogger } from './logger.ts';
export { createLogger } from './logger.ts';
