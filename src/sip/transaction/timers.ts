/** The values that every timer of the four machines is made from, in milliseconds (RFC 3261 §17.1.1.1 and Table 4). */
export interface TransactionTimers {
  /** Estimate of the round-trip time. */
  readonly t1Ms: number;
  /** Longest interval between retransmissions of non-INVITE requests and INVITE responses. */
  readonly t2Ms: number;
  /** How long a message may stay in the network. */
  readonly t4Ms: number;
  /** Timer D on unreliable transports: at least 32 s whatever T1 is (RFC 6026 §8.4). */
  readonly timerDMs: number;
  /** When an INVITE that the user has not answered gets a 100 of the layer's own (RFC 3261 §17.2.1). */
  readonly tryingMs: number;
}

/** The values that RFC 3261 gives. */
export const defaultTransactionTimers: TransactionTimers = {
  t1Ms: 500,
  t2Ms: 4000,
  t4Ms: 5000,
  timerDMs: 32_000,
  tryingMs: 200,
};

/** 64 times T1: timers B, F, H, L, M, and J on unreliable transports. */
export function transactionTimeoutMs(timers: TransactionTimers): number {
  return 64 * timers.t1Ms;
}

/**
 * When a 100 becomes a duty (and, on unreliable transports, first becomes allowed) for a non-INVITE request: the time
 * that a client's timer E takes to be reset to T2, 3.5 s with the standard values (RFC 4320 §4.1).
 */
export function nonInviteTryingMs(timers: TransactionTimers): number {
  let elapsedMs = 0;
  for (let intervalMs = timers.t1Ms; intervalMs < timers.t2Ms; intervalMs *= 2) elapsedMs += intervalMs;
  return elapsedMs;
}
