import { InvalidArgumentError } from 'commander';
import { civicNames } from '../http/index.ts';

/** Degrees of latitude or longitude from a command line; refuses what is out of range. */
export function degrees(max: 90 | 180): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || Math.abs(value) > max) {
      throw new InvalidArgumentError(`It is degrees from -${max} to ${max}.`);
    }
    return value;
  };
}

/** A whole number from a command line. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/**
 * The elements of `country=US,A1=TX,A2=Harris`, added to those of an earlier option. A comma that no `NAME=` follows
 * belongs to its value.
 */
export function civicElements(
  text: string,
  earlier: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const found: Record<string, string> = { ...earlier };
  for (const part of text.split(/,(?=\s*[A-Za-z0-9_]+=)/)) {
    const match = /^\s*([A-Za-z0-9_]+)=(.*)$/s.exec(part);
    const name = civicNames.find((known) => known.toLowerCase() === match?.[1]?.toLowerCase());
    const value = match?.[2]?.trim() ?? '';
    if (name === undefined || value === '') {
      throw new InvalidArgumentError(
        `Write NAME=value with commas between, such as country=US,A1=TX,A2=Harris. Names: ${civicNames.join(' ')}.`,
      );
    }
    found[name] = value;
  }
  return found;
}
