import { Writable } from 'node:stream';
import { buildProgram, type CliDeps, type CliStream, runProgram } from '../../../src/cli/index.ts';
import { placeCall } from '../../../src/net/index.ts';

/** What a command line came to. */
export interface Ran {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Both streams are terminals. */
  readonly isTerminal?: boolean;
}

/** Runs a command line in this process, its output captured. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const out = new Capture(options.isTerminal === true);
  const err = new Capture(options.isTerminal === true);
  let code: number | undefined;
  const deps: CliDeps = {
    out,
    err,
    environment: options.environment ?? {},
    cwd: options.cwd ?? '/nonexistent',
    version: '0.1.0',
    placeCall,
    setExitCode: (given) => {
      code = given;
    },
  };
  await runProgram(buildProgram(deps), words, deps);
  return { code, out: out.text, err: err.text };
}

class Capture extends Writable implements CliStream {
  readonly isTTY: boolean;
  readonly columns = 120;
  text = '';

  constructor(isTerminal: boolean) {
    super();
    this.isTTY = isTerminal;
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
