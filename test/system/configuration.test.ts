import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../support/server-process.ts';

// A configuration that is wrong stops the start: exit code 78, and every problem named at once.

describe('a configuration that is wrong', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'firstline-config-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const serve = async (yaml: string, environment: Record<string, string> = {}) => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, yaml);
    return runProgram(['serve', '--config', file], {
      cwd: folder,
      environment: { FIRSTLINE_DATA: join(folder, 'data'), ...environment },
    });
  };

  it('ends with 78 and lists every problem', async () => {
    const result = await serve(
      [
        'sip:',
        '  listen: [{ transport: carrier-pigeon, address: 127.0.0.1, port: 70000 }]',
        '  t1Ms: fast',
        'routing: { defaultRouteUri: "http://example.org" }',
        'no-such-key: 1',
      ].join('\n'),
    );
    expect(result.exitCode).toBe(78);
    for (const name of ['transport', 'port', 't1Ms', 'defaultRouteUri', 'no-such-key'])
      expect(result.stderr).toContain(name);
  });

  it('may come by an environment variable, which is named', async () => {
    const result = await serve('{}', { FIRSTLINE_SIP_T1_MS: 'soon' });
    expect(result.exitCode).toBe(78);
    expect(result.stderr).toContain('FIRSTLINE_SIP_T1_MS');
  });

  it('may be a file that is no YAML, with the line of the fault', async () => {
    const result = await serve('sip:\n  listen: [\n');
    expect(result.exitCode).toBe(78);
    expect(result.stderr).toMatch(/wrong\.yaml.*line \d/);
  });

  it('may be a file that is not there', async () => {
    const result = await runProgram(['serve', '--config', join(folder, 'absent.yaml')], { cwd: folder });
    expect(result.exitCode).toBe(78);
    expect(result.stderr).toContain('absent.yaml');
  });

  it('may be a set of values of which each is right alone', async () => {
    const result = await serve('demo: { psapEnabled: false }');
    expect(result.exitCode).toBe(78);
    expect(result.stderr).toContain('routing.defaultRouteUri');
  });
});
