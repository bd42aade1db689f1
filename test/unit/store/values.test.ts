import { describe, expect, it } from 'vitest';
import { DependencyError } from '../../../src/base/index.ts';
import { toConnectError, toDependencyError } from '../../../src/store/database/failures.ts';
import { sqlText } from '../../../src/store/database/values.ts';

describe('parameters as text', () => {
  it.each([
    [null, null],
    ['it’s "so"', 'it’s "so"'],
    [1.5, '1.5'],
    [true, 't'],
    [false, 'f'],
    [[], '{}'],
    [[1, -2.5], '{1,-2.5}'],
    [['a', 'b,c', 'd"e', 'f\\g', '', 'NULL', '{}'], '{"a","b,c","d\\"e","f\\\\g","","NULL","{}"}'],
  ])('%j', (value, text) => {
    expect(sqlText(value)).toBe(text);
  });
});

describe('what a driver throws', () => {
  const thrown = (code: string, message = 'm') => Object.assign(new Error(message), { code });
  it.each([
    ['connection failure', thrown('08006'), 'store.databaseDown'],
    ['server shutting down', thrown('57P01'), 'store.databaseDown'],
    ['server starting', thrown('57P03'), 'store.databaseDown'],
    ['refused', thrown('ECONNREFUSED'), 'store.databaseDown'],
    ['ended', new Error('Connection terminated unexpectedly'), 'store.databaseDown'],
    ['cancelled by the server’s limit', thrown('57014'), 'store.deadlineMissed'],
    ['syntax error', thrown('42601'), 'store.queryFailed'],
    ['our own', new DependencyError('store.resultLost', 'm'), 'store.resultLost'],
  ])('%s', (_name, error, code) => {
    expect(toDependencyError(error, 'x').code).toBe(code);
  });

  it.each([
    ['wrong password', thrown('28P01'), 'store.queryFailed'],
    ['no such database', thrown('3D000'), 'store.queryFailed'],
    ['too many connections', thrown('53300'), 'store.databaseDown'],
    ['not accepting connections', thrown('55000'), 'store.databaseDown'],
    ['no route', thrown('EHOSTUNREACH'), 'store.databaseDown'],
  ])('when connecting: %s', (_name, error, code) => {
    expect(toConnectError(error).code).toBe(code);
  });
});
