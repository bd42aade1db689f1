import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInNamespace, namespaceAddress } from '../support/namespace.ts';
import { openStage, type Stage } from './stage.ts';

// sipsak asks with OPTIONS whether the server and the PSAP behind it live, as monitoring does, and traces the way of a
// request. It knows no IPv6, and its TLS does not read on after the handshake of TLS 1.3.

describeInNamespace('sipsak', () => {
  let stage: Stage;

  beforeAll(async () => {
    // It writes no more than four digits of a port into its Request-URI.
    stage = await openStage({ ingresses: { default: {} }, psaps: {}, firstPort: 6_200 });
  });

  afterAll(() => stage?.close());

  it.each([
    ['the server over UDP', () => ['-s', `sip:${stage.address('default')}`]],
    ['the server over TCP', () => ['-E', 'tcp', '-s', `sip:${stage.address('default')}`]],
    ['the PSAP over UDP', () => ['-s', stage.uri('sos', 'default')]],
    ['the PSAP over TCP', () => ['-E', 'tcp', '-s', stage.uri('sos', 'default')]],
  ])('is answered by %s', async (_who, args) => {
    const { code, output } = await sipsak(args());
    expect(output).toContain('SIP/2.0 200');
    expect(code, output).toBe(0);
  });

  it('sees the server and then the PSAP on the way of a request', async () => {
    const { output } = await sipsak(['-T', '-s', stage.uri('sos', 'default')]);
    expect(output.match(/SIP\/2\.0 \d{3}/g)).toEqual(['SIP/2.0 483', 'SIP/2.0 200']);
  });
}, ['sipsak']);

/** Runs it to its end; what it prints tells more than its exit code. */
function sipsak(args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  const host = namespaceAddress.ipv4;
  return new Promise((resolve) => {
    execFile(
      'sipsak',
      ['-vv', '-H', host, '-k', host, ...args],
      { timeout: 15_000 },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : 0;
        resolve({ code: error !== null && code === 0 ? -1 : code, output: `${stdout}${stderr}` });
      },
    );
  });
}
