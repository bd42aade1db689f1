import { DependencyError, errorText } from '../../base/index.ts';
import type { StoreErrorCode } from '../errors.ts';

/** A DependencyError with a code of this room. */
export function storeError(code: StoreErrorCode, message: string, cause?: unknown): DependencyError {
  return new DependencyError(code, message, cause);
}

/** The error for a missed deadline. */
export function deadlineMissed(what: string, deadlineMs: number): DependencyError {
  return storeError('store.deadlineMissed', `${what} did not answer within ${deadlineMs} ms`);
}

/** The error for a statement that ended without its row. */
export function resultLost(what: string, rowCount: number): DependencyError {
  return storeError(
    'store.resultLost',
    `${what} returned ${rowCount} rows instead of one; its work was undone`,
  );
}

// SQLSTATE classes that speak of the connection or the server, not of the statement (PostgreSQL manual, appendix A):
// 08 connection, 57P01 to 57P04 shutdown, crash, starting up, database dropped; 53300 too many connections.
const connectionStates = /^(08...|57P0[1-5]|53300)$/;
const connectionCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ENOTFOUND',
  'ETIMEDOUT',
  'ENOENT',
  'EAI_AGAIN',
]);

/** Turns whatever a driver threw into a DependencyError that says which statement. */
export function toDependencyError(thrown: unknown, what: string): DependencyError {
  if (thrown instanceof DependencyError) return thrown;
  const code = sqlState(thrown);
  const text = errorText(thrown) || code || 'unknown failure';
  if (code === '57014') return storeError('store.deadlineMissed', `${what}: ${text}`, thrown);
  const isConnection =
    connectionStates.test(code) ||
    connectionCodes.has(code) ||
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
      text,
    );
  return storeError(isConnection ? 'store.databaseDown' : 'store.queryFailed', `${what}: ${text}`, thrown);
}

/**
 * A failure to connect: the server is away, starting, full or shut, unless it says that this role (class 28) or this
 * database (3D000) does not exist for it, which waiting does not mend.
 */
export function toConnectError(thrown: unknown): DependencyError {
  const isRefused = /^(28...|3D000)$/.test(sqlState(thrown));
  return storeError(
    isRefused ? 'store.queryFailed' : 'store.databaseDown',
    `connecting: ${errorText(thrown)}`,
    thrown,
  );
}

/** The SQLSTATE or system error code of a driver's error; '' where it has none. */
export function sqlState(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}

/** Rejects with `store.deadlineMissed` where `promise` takes longer; what it does later is ignored. */
export function withDeadline<T>(promise: Promise<T>, deadlineMs: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(deadlineMissed(what, deadlineMs)), deadlineMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
