import process from 'node:process';

const words = process.argv.slice(2);
const plain = plainServe(words);
if (plain === undefined) {
  const { buildProgram, runProgram, systemDeps } = await import('./cli/index.ts');
  const deps = systemDeps();
  await runProgram(buildProgram(deps), words, deps);
} else {
  // The server's start is waited for: it reads nothing of the other commands.
  const { serve } = await import('./serve.ts');
  process.exitCode = await serve(plain.config);
}

/** The usual words of a start, `serve` with or without `--config`; help and mistakes are left to the command line. */
function plainServe(given: readonly string[]): { readonly config: string | undefined } | undefined {
  const [command, option, file] = given;
  if (command !== 'serve') return undefined;
  if (given.length === 1) return { config: undefined };
  const isConfig = option === '-c' || option === '--config';
  return given.length === 3 && isConfig && file !== undefined ? { config: file } : undefined;
}
