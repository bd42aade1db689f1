import { describe, expect, it } from 'vitest';
import {
  headerGrammars,
  headerKey,
  headerRows,
  headers,
  isListHeader,
  writeHeader,
} from '../../../../src/sip/message/index.ts';
import { cpuMsOf, requestOf } from '../../../support/sip-builders.ts';
import { coreRows } from './header-rows.ts';
import { extensionRows } from './header-rows-extensions.ts';

const rows = [...coreRows, ...extensionRows];

function grammarOf(name: string) {
  const grammar = headerGrammars.get(headerKey(name));
  if (grammar === undefined) throw new Error(`no grammar of ${name}`);
  return grammar;
}

describe.each(rows.map((row) => [row.name, row] as const))('%s', (name, { valid, invalid }) => {
  const grammar = grammarOf(name);

  it.each(valid.map((value) => [value]))('takes %s', (value) => {
    const parsed = grammar.parse(value);
    expect(parsed.ok ? 'ok' : parsed.error.message).toBe('ok');
  });

  it.each(invalid.map((value) => [value]))('refuses %s', (value) => {
    const parsed = grammar.parse(value);
    expect(parsed.ok ? parsed.value : parsed.error.code).toBe('message.headerValue');
  });

  it('gives back what it wrote', () => {
    for (const value of valid) {
      const written = grammar.canonical(value);
      expect(written.ok ? grammar.parse(written.value) : written).toEqual(grammar.parse(value));
    }
  });
});

describe('the grammars', () => {
  it('cover every header of RFC 3261 §20', () => {
    const names = headerRows.filter((row) => row.source.startsWith('RFC 3261 §20.')).map((row) => row.name);
    expect(names).toHaveLength(44);
    expect(names.filter((name) => !headerGrammars.has(headerKey(name)))).toEqual([]);
  });

  it('have a table of values each', () => {
    const tried = rows.map((row) => headerKey(row.name));
    expect([...headerGrammars.keys()].filter((key) => !tried.includes(key))).toEqual([]);
    for (const { name, valid, invalid } of rows) {
      expect([name, valid.length > 0, invalid.length > 0]).toEqual([name, true, true]);
    }
  });

  it('are of headers that the registry spells so', () => {
    const spelled = headerRows.map((row) => row.name);
    for (const grammar of headerGrammars.values()) expect(spelled).toContain(grammar.name);
  });

  it('read lists over several lines, folds and compact names', () => {
    const request = requestOf({ extra: ['k: 100rel, timer', 'Supported:', 'SUPPORTED: path,\r\n gruu'] });
    const values = headers.supported.all(request);
    expect(values).toEqual({ ok: true, value: ['100rel', 'timer', 'path', 'gruu'] });
    expect(headers.supported.all(request)).toBe(values);
    expect(headers.supported.first(request)).toEqual({ ok: true, value: '100rel' });
  });

  it('keep challenges apart that have commas of their own', () => {
    const request = requestOf({
      extra: [
        'WWW-Authenticate: Digest realm="a", nonce="1"',
        'WWW-Authenticate: Digest realm="b", nonce="2"',
      ],
    });
    const values = headers.wwwAuthenticate.all(request);
    expect(values.ok && values.value.map((value) => value.params.length)).toEqual([2, 2]);
  });

  it('say that there is no value, or a wrong one', () => {
    expect(headers.expires.first(requestOf())).toEqual({ ok: true, value: undefined });
    const wrong = headers.expires.first(requestOf({ extra: ['Expires: soon'] }));
    expect(wrong.ok ? '' : wrong.error.message).toContain('Expires: soon (at 0)');
  });

  it('write lists in one line and others in lines of their own', () => {
    const challenge = { scheme: 'Digest', params: [{ name: 'realm', value: 'a' }] };
    expect(writeHeader(headers.allow, ['INVITE', 'ACK'])).toEqual(['INVITE, ACK']);
    expect(writeHeader(headers.wwwAuthenticate, [challenge, challenge])).toHaveLength(2);
    expect(isListHeader('www-authenticate')).toBe(false);
  });

  it('read values of 60 kB in a moment, whatever they hold', () => {
    const hostile = ['(', '"', '<', ';', 'a', '\\', ' ', 'a;', '"a" ', '%', '.'].map((unit) =>
      unit.repeat(60_000 / unit.length),
    );
    const spent = cpuMsOf(() => {
      for (const grammar of headerGrammars.values()) for (const value of hostile) grammar.parse(value);
    });
    expect(spent).toBeLessThan(5_000);
  });
});
