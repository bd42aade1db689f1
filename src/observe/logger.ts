import { pino } from 'pino';
import type { Logger } from '../esrp/index.ts';

/** Where log lines go and how much is logged. */
export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `stdout`, `stderr`, or a file's path; the file is made and appended to. */
  readonly destination: string;
}

/** A logger with an end: `flush` writes out what is buffered. */
export interface OwnedLogger extends Logger {
  flush(): Promise<void>;
}

/** Writes JSON lines: time, level, a dotted event name, and fields. Buffered, so that a call never waits for a disk. */
export function createLogger(options: LoggerOptions): OwnedLogger {
  const target =
    options.destination === 'stdout' ? 1 : options.destination === 'stderr' ? 2 : options.destination;
  const destination = pino.destination({
    dest: target,
    sync: false,
    minLength: 4_096,
    mkdir: true,
    periodicFlush: 500,
  });
  // A log that cannot be written must not end the process: the lines are lost, the calls are not.
  destination.on('error', () => undefined);
  const lines = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: (event, fields) => lines.debug({ event, ...fields }),
    info: (event, fields) => lines.info({ event, ...fields }),
    warn: (event, fields) => lines.warn({ event, ...fields }),
    error: (event, fields) => lines.error({ event, ...fields }),
    flush: () => new Promise((resolve) => destination.flush(() => resolve())),
  };
}
