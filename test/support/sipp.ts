import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One run of SIPp. It ends by itself after `calls`; a run without `calls` lasts until {@link SippRun.stop}. */
export interface SippOptions {
  /** Path of the scenario file. */
  readonly scenario: string;
  /** Where to send, as `address:port`; absent for a scenario that waits for calls. */
  readonly remote?: string;
  readonly localPort: number;
  readonly transport: 'udp' | 'tcp';
  readonly calls?: number;
  readonly callsPerSecond?: number;
  /** Fields of the injection file, one row a call, in order. No field may hold a semicolon or a line break. */
  readonly rows?: readonly (readonly string[])[];
  /** After this long the run is given up and its open calls count as failed. */
  readonly timeoutS: number;
}

/** What SIPp says of a run. */
export interface SippResult {
  readonly exitCode: number | null;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Lines of the scenario's log actions. */
  readonly log: readonly string[];
  /** What SIPp found wrong, for the message of a failing test. */
  readonly errors: string;
}

export interface SippRun {
  /** Settles when SIPp has ended. */
  readonly finished: Promise<SippResult>;
  /** Lets open calls end, then ends SIPp. */
  stop(): Promise<SippResult>;
}

/** Whether SIPp is on this machine (Debian: sip-tester). */
export function hasSipp(): boolean {
  try {
    execFileSync('sipp', ['-v'], { stdio: 'ignore' });
    return true;
  } catch (thrown) {
    // SIPp ends with code 99 when it has only printed its version.
    return thrown instanceof Error && 'status' in thrown && thrown.status === 99;
  }
}

/** Starts SIPp; the promise resolves once its port is bound. */
export async function startSipp(options: SippOptions): Promise<SippRun> {
  const folder = mkdtempSync(join(tmpdir(), 'firstline-sipp-'));
  const child = spawn('sipp', sippArguments(options, folder), { cwd: folder, stdio: 'ignore' });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
  const finished = exited.then((exitCode) => {
    const result = readResult(folder, exitCode);
    rmSync(folder, { recursive: true, force: true });
    return result;
  });
  await whenBound(options, child);
  return {
    finished,
    stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGUSR1');
      const forced = setTimeout(() => child.kill('SIGKILL'), 10_000);
      return finished.finally(() => clearTimeout(forced));
    },
  };
}

function sippArguments(options: SippOptions, folder: string): readonly string[] {
  const given: string[] = [];
  if (options.remote !== undefined) given.push(options.remote);
  if (options.calls !== undefined) given.push('-m', String(options.calls));
  if (options.callsPerSecond !== undefined) given.push('-r', String(options.callsPerSecond));
  if (options.rows !== undefined) {
    const file = join(folder, 'rows.csv');
    writeFileSync(file, `SEQUENTIAL\n${options.rows.map((row) => `${row.join(';')};`).join('\n')}\n`);
    given.push('-inf', file);
  }
  return [
    ...given,
    ...['-sf', options.scenario, '-t', options.transport === 'udp' ? 'u1' : 't1'],
    ...['-i', '127.0.0.1', '-p', String(options.localPort), '-bind_local', '-ci', '127.0.0.1'],
    ...['-timeout', `${options.timeoutS}s`, '-timeout_error', '-l', '100000', '-nostdin', '-skip_rlimit'],
    ...['-buff_size', '1048576', '-deadcall_wait', '4000', '-default_behaviors', 'all,-bye'],
    ...['-trace_stat', '-stf', join(folder, 'stat.csv'), '-fd', '1'],
    ...['-trace_logs', '-log_file', join(folder, 'calls.log')],
    ...['-trace_err', '-error_file', join(folder, 'errors.log')],
  ];
}

function readResult(folder: string, exitCode: number | null): SippResult {
  const read = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'latin1') : '';
  };
  const [header = '', ...rows] = read('stat.csv').trim().split('\n');
  const names = header.split(';');
  const last = (rows.at(-1) ?? '').split(';');
  const total = (name: string) => Number(last[names.indexOf(name)] ?? 0);
  const errorFiles = readdirSync(folder).filter((name) => name.startsWith('errors'));
  return {
    exitCode,
    successful: total('SuccessfulCall(C)'),
    failed: total('FailedCall(C)'),
    retransmissions: total('Retransmissions(C)'),
    log: read('calls.log')
      .split('\n')
      .filter((line) => line !== ''),
    errors: errorFiles.map(read).join('\n').slice(0, 4_000),
  };
}

/** Waits until the kernel lists the local port: SIPp says nothing when it is ready. */
async function whenBound(options: SippOptions, child: ChildProcess): Promise<void> {
  if (options.remote !== undefined) return;
  const table = options.transport === 'udp' ? '/proc/net/udp' : '/proc/net/tcp';
  const suffix = `:${options.localPort.toString(16).toUpperCase().padStart(4, '0')}`;
  const deadline = performance.now() + 10_000;
  for (;;) {
    const isBound = readFileSync(table, 'latin1')
      .split('\n')
      .some((line) => (line.trim().split(/\s+/)[1] ?? '').endsWith(suffix));
    if (isBound) return;
    if (child.exitCode !== null) throw new Error(`sipp ended with code ${child.exitCode} at its start`);
    if (performance.now() > deadline) throw new Error(`sipp did not bind port ${options.localPort}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
