import type { placeCall } from '../net/index.ts';

/** Where a command writes. On a terminal there are colours, tables and progress bars. */
export interface CliStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What the commands take of the world. */
export interface CliDeps {
  /** Results. */
  readonly out: CliStream;
  /** Progress, complaints and hints. */
  readonly err: CliStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Working directory, which relative paths start from. */
  readonly cwd: string;
  readonly version: string;
  readonly placeCall: typeof placeCall;
  /** Told a command's exit code when it ends. */
  readonly setExitCode: (code: number) => void;
}
