import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePorts } from './free-ports.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const program = join(root, 'dist', 'src', 'main.js');

/** Everything that a server of the test's own may be told; ports are free ones unless given. */
export interface ServerOptions {
  /** URL of a PostgreSQL database; the embedded database where absent. */
  readonly databaseUrl?: string | undefined;
  /** Data folder to go on with; a new one where absent. */
  readonly dataDir?: string;
  /** Port at 127.0.0.1 that the demo boundaries point at. */
  readonly psapPort?: number;
  /** Whether the demo PSAP runs there; off unless said. */
  readonly isDemoPsapEnabled?: boolean;
  readonly defaultRouteUri?: string;
  /** More configuration, by group, over what is said above. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** HTTP listeners beside the plain one at 127.0.0.1. */
  readonly moreHttp?: readonly Readonly<Record<string, unknown>>[];
  /** What the start waits for: that it takes calls (unless said otherwise), or only that it lives. */
  readonly waitFor?: 'readyz' | 'livez';
}

/** The compiled server as a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  /** `127.0.0.1:port` of its SIP listeners, UDP and TCP; the same port at ::1. */
  readonly sipPort: number;
  readonly httpPort: number;
  readonly psapPort: number;
  readonly dataDir: string;
  readonly configFile: string;
  /** From the start of the process to the first answer that says what was waited for. */
  readonly readyMs: number;
  /** What it printed so far, both streams. */
  output(): string;
  /** Asks it to stop (SIGTERM) and waits; ends it by force after `timeoutMs`. Resolves to its exit code. */
  stop(timeoutMs?: number): Promise<number | null>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Sends a signal and goes on; {@link exited} tells when it has ended. */
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
  /** Removes its data folder. */
  remove(): void;
}

/** Builds what `npm start` would build. */
export function buildProgram(): void {
  execFileSync(process.execPath, [join(root, 'deploy', 'prepare.mjs')], { cwd: root, stdio: 'pipe' });
}

/** Starts a server and waits until it is ready. Fails with its output where it ends before that. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  buildProgram();
  const [sipPort = 0, httpPort = 0, freePsapPort = 0] = await freePorts(3);
  const psapPort = options.psapPort ?? freePsapPort;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'firstline-data-'));
  const configFile = join(dataDir, 'test-config.yaml');
  writeFileSync(configFile, stringify(configuration(options, { sipPort, httpPort, psapPort, dataDir })));

  const startedAt = performance.now();
  const child = spawn(process.execPath, [program, 'serve', '--config', configFile], {
    cwd: dataDir,
    env: { ...cleanEnvironment(), ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  await whenReady(child, `http://127.0.0.1:${httpPort}/${options.waitFor ?? 'readyz'}`, () => output);
  return {
    pid: child.pid ?? 0,
    sipPort,
    httpPort,
    psapPort,
    dataDir,
    configFile,
    readyMs: performance.now() - startedAt,
    output: () => output,
    exited,
    signal: (name) => void child.kill(name),
    async stop(timeoutMs = 40_000) {
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      const code = await exited;
      clearTimeout(forced);
      return code;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    remove: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

/** What a finished run of the program printed. */
export interface ProgramResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end, such as `firstline route 40.7 -74.0`; ends it by force after `timeoutMs`. */
export async function runProgram(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  },
): Promise<ProgramResult> {
  buildProgram();
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const forced = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(forced);
  return { exitCode, stdout, stderr };
}

function configuration(
  options: ServerOptions,
  at: {
    readonly sipPort: number;
    readonly httpPort: number;
    readonly psapPort: number;
    readonly dataDir: string;
  },
): Record<string, unknown> {
  const listeners = ['127.0.0.1', '::1'].flatMap((address) =>
    ['udp', 'tcp'].map((transport) => ({ transport, address, port: at.sipPort })),
  );
  const groups: Record<string, Record<string, unknown>> = {
    sip: { listen: listeners },
    http: { listen: [{ address: '127.0.0.1', port: at.httpPort }, ...(options.moreHttp ?? [])] },
    demo: { psapEnabled: options.isDemoPsapEnabled ?? false, psapPort: at.psapPort },
    routing: { defaultRouteUri: options.defaultRouteUri ?? `sip:default@127.0.0.1:${at.psapPort}` },
    database: options.databaseUrl === undefined ? {} : { url: options.databaseUrl },
    log: { destination: 'stderr' },
  };
  for (const [group, values] of Object.entries(options.config ?? {}))
    groups[group] = { ...groups[group], ...values };
  return { dataDir: at.dataDir, ...groups };
}

/** The environment without settings that would reach into a server under test. */
function cleanEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && !name.startsWith('FIRSTLINE_') && name !== 'DATABASE_URL') kept[name] = value;
  return kept;
}

async function whenReady(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(
        `the server ended with ${child.exitCode ?? child.signalCode} at its start:\n${output()}`,
      );
    const isReady = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the server did not become ready:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
