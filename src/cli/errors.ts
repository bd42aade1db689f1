import { type CodedError, defineErrors } from '../base/index.ts';

/** Error codes of the command line. */
export const cliErrors = defineErrors({
  'cli.usage': {
    kind: 'reject',
    meaning: 'The command line is wrong: an unknown command or option, or a value that cannot be.',
  },
  'cli.badSetting': {
    kind: 'config',
    meaning: "The server's URL or the API key that was given cannot be one.",
  },
  'cli.unreachable': {
    kind: 'dependency',
    meaning: 'No server answers where the command looked, or it is unavailable.',
  },
  'cli.noPermission': { kind: 'reject', meaning: 'The API key is missing, wrong, or cannot be read.' },
  'cli.refused': { kind: 'reject', meaning: 'The server refused the request.' },
  'cli.badAnswer': {
    kind: 'dependency',
    meaning: 'What answered is no Firstline server, or one that failed.',
  },
});

/** A code of {@link cliErrors}. */
export type CliErrorCode = keyof typeof cliErrors;

/** Why a command failed; `problem` is the server's problem document, where it sent one. */
export interface CliError extends CodedError<CliErrorCode> {
  readonly problem?: Readonly<Record<string, unknown>>;
}

/** The exit codes, those above 63 by sysexits.h. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unavailable: 69,
  noPermission: 77,
  config: 78,
} as const;

/** The exit code of an error. */
export function exitCodeOf(code: CliErrorCode): number {
  return exitCodeByError[code];
}

/** What `--help` says of exit codes. */
export const exitCodeHelp = `
Exit codes:
  0   done
  1   refused by the server, or a call that was not answered
  2   wrong command line
  69  no server answers, or it is unavailable
  77  no API key, or one that is not in force
  78  wrong configuration: a URL or key that cannot be one, a wrong configuration file`;

const exitCodeByError: Readonly<Record<CliErrorCode, number>> = {
  'cli.usage': exitCodes.usage,
  'cli.badSetting': exitCodes.config,
  'cli.unreachable': exitCodes.unavailable,
  'cli.noPermission': exitCodes.noPermission,
  'cli.refused': exitCodes.failed,
  'cli.badAnswer': exitCodes.failed,
};
