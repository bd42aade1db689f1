import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A peer's process: what it prints, and its end. */
export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** Both streams, in order of arrival. */
  output(): string;
  /** The end of {@link output}, for messages. */
  tail(): string;
  readonly exited: Promise<number | null>;
  /** Asks it to end (SIGTERM), and ends it by force where it does not within three seconds. */
  stop(): Promise<void>;
}

/** Starts a peer. Its output is handed out line by line as it comes (`stdbuf`), for programs that keep it back in pipes. */
export function startChild(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly onOutput?: (text: string) => void;
  },
): Child {
  const child = spawn('stdbuf', ['-oL', '-eL', command, ...args], {
    cwd: options.cwd,
    // Kamailio is in a folder that only root has on its path.
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, ...options.environment },
    stdio: 'pipe',
  });
  let output = '';
  const collect = (chunk: string) => {
    output += chunk;
    options.onOutput?.(chunk);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('latin1').on('data', collect);
  // A peer that ends while it is written to is seen by its exit.
  child.stdin.on('error', () => undefined);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  return {
    process: child,
    output: () => output,
    tail: () => output.slice(-3_000),
    exited,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await exited;
      clearTimeout(forced);
    },
  };
}

/** Tries until it succeeds; fails with the last error after `timeoutMs`. */
export async function untilDone<T>(attempt: () => Promise<T> | T, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown;
      await delay(25);
    }
  }
}

/** A TCP connection to an address; fails where nothing listens. */
export function connectTo(port: number, address = '127.0.0.1'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      // A peer that ends is seen by its exit.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
