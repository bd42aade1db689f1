/** Milliseconds on the monotonic clock: for measuring and for deadlines. Never mixed with {@link WallMs}. */
export type MonoMs = number & { readonly __brand: 'MonoMs' };
/** Milliseconds since the Unix epoch: for records, headers and policy hours. */
export type WallMs = number & { readonly __brand: 'WallMs' };

/** Marks a number as monotonic milliseconds. */
export function monoMs(value: number): MonoMs {
  return value as MonoMs;
}

/** Marks a number as wall-clock milliseconds. */
export function wallMs(value: number): WallMs {
  return value as WallMs;
}

/** The moment `durationMs` after `start`. */
export function after(start: MonoMs, durationMs: number): MonoMs {
  return (start + durationMs) as MonoMs;
}

/** Where time comes from. Core code receives it; only adapters and tests make one. */
export interface Clock {
  mono(): MonoMs;
  wall(): WallMs;
}
