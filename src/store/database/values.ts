import type { SqlValue } from './types.ts';

/** A parameter in PostgreSQL's text form; null stays null. */
export function sqlText(value: SqlValue): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  return `{${value.map(arrayElement).join(',')}}`;
}

function arrayElement(value: string | number): string {
  return typeof value === 'number' ? String(value) : `"${value.replace(/[\\"]/g, '\\$&')}"`;
}
