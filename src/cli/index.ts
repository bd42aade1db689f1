export type { CliDeps, CliStream } from './deps.ts';
export type { CliErrorCode } from './errors.ts';
export { cliErrors, exitCodes } from './errors.ts';
export { buildProgram, runProgram } from './program.ts';
export { systemDeps } from './system.ts';
