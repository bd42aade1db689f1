import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whenBound } from './free-ports.ts';

/** One run of SIPp. It ends by itself after `calls`; a run without `calls` lasts until {@link SippRun.stop}. */
export interface SippOptions {
  /** Path of the scenario file. */
  readonly scenario: string;
  /** Where to send, as `address:port`; absent for a scenario that waits for calls. */
  readonly remote?: string;
  readonly localPort: number;
  /** Where it stands; 127.0.0.1 unless said otherwise. */
  readonly localAddress?: string;
  readonly transport: 'udp' | 'tcp';
  readonly calls?: number;
  readonly callsPerSecond?: number;
  /** Fields of the injection file, one row a call, in order. No field may hold a semicolon or a line break. */
  readonly rows?: readonly (readonly string[])[];
  /** Measures from each INVITE to its 180, by the microsecond times of SIPp's short message log. */
  readonly isTimed?: boolean;
  /** Keeps every message for {@link SippRun.messages}. */
  readonly isTraced?: boolean;
  /** Further arguments, such as `-lost 5`. */
  readonly extra?: readonly string[];
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
  /** From INVITE to 180 in milliseconds, one a call, where that was asked for. */
  readonly ringingAfterMs: readonly number[];
  /** What SIPp found wrong, for the message of a failing test. */
  readonly errors: string;
}

export interface SippRun {
  readonly pid: number;
  /** Settles when SIPp has ended. */
  readonly finished: Promise<SippResult>;
  /** The messages so far, as they were on the wire, where they are kept. */
  messages(): readonly string[];
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
  let messages: readonly string[] | undefined;
  const finished = exited.then((exitCode) => {
    const result = readResult(folder, exitCode);
    messages = readMessages(folder);
    rmSync(folder, { recursive: true, force: true });
    return result;
  });
  if (options.remote === undefined) {
    const isIpv6 = options.localAddress?.includes(':') === true;
    await whenBound(child, `${options.transport}${isIpv6 ? '6' : ''}`, options.localPort);
  }
  return {
    pid: child.pid ?? 0,
    finished,
    messages: () => messages ?? readMessages(folder),
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
  if (options.isTimed === true)
    given.push('-timer_resol', '1', '-trace_shortmsg', '-shortmessage_file', join(folder, 'short.log'));
  if (options.isTraced === true) given.push('-trace_msg', '-message_file', join(folder, 'messages.log'));
  const address = options.localAddress ?? '127.0.0.1';
  return [
    ...given,
    ...(options.extra ?? []),
    ...['-sf', options.scenario, '-t', options.transport === 'udp' ? 'u1' : 't1'],
    ...['-i', address, '-p', String(options.localPort), '-bind_local', '-ci', '127.0.0.1'],
    ...['-timeout', `${options.timeoutS}s`, '-timeout_error', '-l', '100000', '-nostdin', '-skip_rlimit'],
    // SIPp gives up where it is not scheduled in time itself; what counts here is whether the calls got through.
    ...['-watchdog_interval', '0'],
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
    ringingAfterMs: readRingingTimes(read('short.log')),
    errors: errorFiles.map(read).join('\n').slice(0, 4_000),
  };
}

/** Each message follows a line that says how it went and its size in bytes, and an empty one. */
function readMessages(folder: string): readonly string[] {
  const path = join(folder, 'messages.log');
  if (!existsSync(path)) return [];
  const log = readFileSync(path, 'latin1');
  const heads = log.matchAll(/^\w+ message (?:sent \((\d+) bytes\)|received \[(\d+)\] bytes) ?:\n\n/gm);
  return [...heads].map((head) => {
    const start = head.index + head[0].length;
    return log.slice(start, start + Number(head[1] ?? head[2]));
  });
}

/** Lines of date, time, seconds, S or R, Call-ID, CSeq and start line, separated by tabs. */
function readRingingTimes(log: string): readonly number[] {
  const sentAt = new Map<string, number>();
  const times: number[] = [];
  for (const line of log.split('\n')) {
    const [, , seconds = '', direction, callId = '', , startLine = ''] = line.split('\t');
    if (direction === 'S' && startLine.startsWith('INVITE ') && !sentAt.has(callId))
      sentAt.set(callId, Number(seconds));
    const start = sentAt.get(callId);
    if (direction !== 'R' || start === undefined || !startLine.startsWith('SIP/2.0 180')) continue;
    times.push((Number(seconds) - start) * 1_000);
    sentAt.delete(callId);
  }
  return times;
}
