import { randomFillSync } from 'node:crypto';
import { type Clock, monoMs, type Random, wallMs } from '../base/index.ts';

/** The clocks of the machine. */
export const systemClock: Clock = {
  mono: () => monoMs(performance.now()),
  wall: () => wallMs(Date.now()),
};

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
/** Bytes from here on would favour some letters: 252 is the largest multiple of 36 that a byte holds. */
const unbiasedBelow = 252;
const poolBytes = 8192;

/** Unpredictable values from the operating system's generator, drawn in blocks since a draw costs a microsecond. */
export function systemRandom(): Random {
  const pool = Buffer.allocUnsafeSlow(poolBytes);
  let next = poolBytes;
  const byte = (): number => {
    if (next === poolBytes) {
      randomFillSync(pool);
      next = 0;
    }
    const value = pool[next] ?? 0;
    pool[next] = 0;
    next += 1;
    return value;
  };
  const letter = (): string => {
    let value = byte();
    while (value >= unbiasedBelow) value = byte();
    return alphabet.charAt(value % alphabet.length);
  };
  return {
    token: (length) => {
      let text = '';
      for (let index = 0; index < length; index += 1) text += letter();
      return text;
    },
    fraction: () => {
      let value = 0;
      for (let index = 0; index < 6; index += 1) value = value * 256 + byte();
      return value / 2 ** 48;
    },
  };
}
