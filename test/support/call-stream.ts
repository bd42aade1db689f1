import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Drives call-stream.mjs: callers and a PSAP in a process of their own, over one transport.

export interface CallStreamSettings {
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Where the callers send. */
  readonly server: { readonly address: string; readonly port: number };
  /** Port at 127.0.0.1 where the PSAP listens, by the same transport; a free one for 0. */
  readonly psapPort: number;
  /** For TLS: the authority and name of the server's certificate, and the PSAP's own certificate. */
  readonly tls?: {
    readonly ca: string;
    readonly serverName: string;
    readonly cert: string;
    readonly key: string;
  };
}

export interface CallStreamRun {
  readonly count: number;
  readonly perSecond: number;
  /** Body of each INVITE. */
  readonly body: string;
  readonly contentType: string;
  /** A call that has not ended after so long has failed. */
  readonly giveUpMs: number;
}

export interface CallStreamResult {
  /** Why calls failed, one entry each. */
  readonly failures: readonly string[];
  /** Requests that the callers sent again. */
  readonly retransmissions: number;
  /** From INVITE to the first 180, and to the 200. */
  readonly ringingMs: readonly number[];
  readonly answeredMs: readonly number[];
}

export interface CallStream {
  readonly psapPort: number;
  /** Places calls and waits for the end of each. One run at a time. */
  run(order: CallStreamRun): Promise<CallStreamResult>;
  stop(): Promise<void>;
}

interface Reply extends CallStreamResult {
  readonly kind: 'ready' | 'done';
  readonly psapPort: number;
}

/** Starts the process; it listens and is connected when the promise resolves. */
export async function startCallStream(settings: CallStreamSettings): Promise<CallStream> {
  const child = fork(fileURLToPath(new URL('./call-stream.mjs', import.meta.url)), { execArgv: [] });
  const ready = nextReply(child);
  child.send(settings);
  const { psapPort } = await ready;
  return {
    psapPort,
    async run(order) {
      const done = nextReply(child);
      child.send(order);
      return done;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}

function nextReply(child: ChildProcess): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the call stream ended with code ${code}`));
    child.once('exit', ended);
    child.once('message', (reply) => {
      child.off('exit', ended);
      resolve(reply as unknown as Reply);
    });
  });
}

/** A quantile of some milliseconds; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
