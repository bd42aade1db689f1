import { z } from 'zod';
import type { FieldError } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** Turns what zod found into the `errors` member of a problem document, unions told by their nearest variant. */
export function fieldErrors(place: FieldError['in'], issues: readonly Issue[]): readonly FieldError[] {
  return issues
    .flatMap((issue) => flatten(issue, []))
    .map(({ path, message }) => ({
      in: place,
      path: place === 'body' ? jsonPointer(path) : path.map(String).join('.'),
      message,
    }));
}

interface Found {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function flatten(issue: Issue, base: readonly PropertyKey[]): readonly Found[] {
  const path = [...base, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: 'is not known here' }));
    case 'invalid_union': {
      const variants = issue.errors.map((variant) => variant.flatMap((inner) => flatten(inner, path)));
      const nearest = variants.reduce(
        (best, next) => (next.length < best.length ? next : best),
        variants[0] ?? [],
      );
      return nearest.length > 0 ? nearest : [{ path, message: readable(issue) }];
    }
    default:
      return [{ path, message: readable(issue) }];
  }
}

function readable(issue: Issue): string {
  if (
    issue.code === 'invalid_type' &&
    issue.input === undefined &&
    issue.message.endsWith('received undefined')
  ) {
    return 'is missing';
  }
  return issue.message.replace(/^Invalid input: /, '');
}

function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

// Values in a path or a query are texts. Each helper takes the text, and its output side gives the API document its type.

interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** A decimal number within a range, both ends included. */
export function numberText({ min, max }: NumberRange) {
  const message = `must be a number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^[+-]?(\d{1,15}(\.\d{0,30})?|\.\d{1,30})(e[+-]?\d{1,2})?$/i, message)
    .transform(Number)
    .pipe(z.number(message).min(min, message).max(max, message));
}

/** A whole number within a range, both ends included. */
export function integerText({ min, max }: NumberRange) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, message)
    .transform(Number)
    .pipe(z.int(message).min(min, message).max(max, message));
}

/** `true` or `false`. */
export function booleanText() {
  return z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .pipe(z.boolean());
}

/** Text of 1 to `max` characters after trimming, without control characters, which neither names nor the database take. */
export function lineText(max: number) {
  const message = `must be 1 to ${max} characters without control characters`;
  return z
    .string()
    .trim()
    .min(1, message)
    .max(max, message)
    .regex(/^[^\u0000-\u001f\u007f]*$/, message);
}

/** A moment with its offset from UTC (RFC 3339 §5.6). */
export function momentText() {
  return z.iso.datetime({
    offset: true,
    error: 'must be a date and time with offset, such as 2026-01-31T08:00:00Z',
  });
}
