const unit = 1_000_000_000;
/** Beyond it no number is a coordinate in degrees; up to it, times the unit, every whole number is exact. */
const degreesMax = 1_000;

/**
 * The shortest decimal from which the same number is read again, as `String` gives it. Numbers of up to nine decimals, which
 * is what surveys have (a tenth of a millimetre), are written by whole numbers: in a third of the time, which is most of
 * what the answer with a large boundary costs.
 */
export function ordinateText(value: number): string {
  const size = Math.abs(value);
  const scaled = Math.round(size * unit);
  // No other decimal of so few digits is read as this number.
  if (!(size <= degreesMax) || scaled / unit !== size) return String(value);
  const whole = Math.floor(scaled / unit);
  let part = scaled - whole * unit;
  const text = value < 0 ? `-${whole}` : String(whole);
  if (part === 0) return text;
  let length = 9;
  for (; part % 10 === 0; part /= 10) length -= 1;
  const digits = String(part);
  return `${text}.${'00000000'.slice(0, length - digits.length)}${digits}`;
}
