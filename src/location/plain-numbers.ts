/** Digits that a double holds exactly, and powers of ten that are exact: within both, one division rounds correctly. */
const exactMax = 9_007_199_254_740_991;
const powersOfTen: readonly number[] = Array.from({ length: 23 }, (_, power) => 10 ** power);
/** Longer than any number that a program prints. */
const tokenMax = 40;

/**
 * The numbers of a text that is nothing but plain decimal numbers (`-73.98543`) with white space between them; undefined for
 * any other text, which may still be one that can be read. One pass, without a string for each number: a ring may have
 * 26,000 of them.
 */
export function readPlainNumbers(text: string): number[] | undefined {
  const values: number[] = [];
  const { length } = text;
  let position = 0;
  for (;;) {
    let code = text.charCodeAt(position);
    while (code === 0x20 || code === 0xa || code === 0x9 || code === 0xd) {
      position += 1;
      code = text.charCodeAt(position);
    }
    if (position >= length) return values;
    const start = position;
    const isNegative = code === 0x2d;
    if (isNegative || code === 0x2b) position += 1;
    let mantissa = 0;
    let digits = 0;
    let pointAt = -1;
    for (; position < length; position += 1) {
      code = text.charCodeAt(position);
      if (code >= 0x30 && code <= 0x39) {
        mantissa = mantissa * 10 + (code - 0x30);
        digits += 1;
      } else if (code === 0x2e && pointAt === -1) pointAt = position;
      else break;
    }
    const isOver = position === length || code === 0x20 || code === 0xa || code === 0x9 || code === 0xd;
    if (!isOver || digits === 0 || position - start > tokenMax) return undefined;
    const divisor = powersOfTen[pointAt === -1 ? 0 : position - pointAt - 1];
    const isExact = mantissa <= exactMax && divisor !== undefined;
    const value = isExact ? mantissa / divisor : Math.abs(Number(text.slice(start, position)));
    values.push(isNegative ? -value : value);
  }
}
