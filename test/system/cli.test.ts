import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, type ServerProcess, startServer } from '../support/server-process.ts';
import { api, shownKey } from './api.ts';

// The commands beside a running server with the demo PSAP, each as a process of its own.

describe('the command line beside a running server', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startServer({
      isDemoPsapEnabled: true,
      config: { demo: { psapEnabled: true, ringMs: 200, hangUpMs: 500 } },
    });
  });

  afterAll(async () => {
    await server?.stop();
    server?.remove();
  });

  const run = async (...args: string[]) => {
    const result = await runProgram(args, {
      cwd: server.dataDir,
      environment: {
        FIRSTLINE_URL: `http://127.0.0.1:${server.httpPort}`,
        FIRSTLINE_DATA: server.dataDir,
      },
    });
    return { ...result, text: stripVTControlCharacters(result.stdout + result.stderr) };
  };

  it('route tells which PSAP serves a place and why', async () => {
    const result = await run('route', '40.7484', '-73.9857');
    expect(result.exitCode, result.text).toBe(0);
    expect(result.text).toContain('psap-36061');
    expect(result.text).toMatch(/New York/);
  });

  it('route takes southern and western places, which begin with a minus sign', async () => {
    const result = await run('route', '-14.3', '-170.7');
    expect(result.exitCode, result.text).toBe(0);
    expect(result.text).toContain('psap-60');
  });

  it('call places a real call and prints its ladder to the answer and the end', async () => {
    const result = await run(
      ...['call', '--lat', '40.7484', '--lon', '-73.9857', '--server', `127.0.0.1:${server.sipPort}`],
    );
    expect(result.exitCode, result.text).toBe(0);
    // Whole start lines: sizes and ports hold any digits.
    const startLines = [
      'INVITE urn:',
      'SIP/2.0 100 ',
      'SIP/2.0 180 ',
      'SIP/2.0 200 ',
      'ACK sip:',
      'BYE sip:',
    ];
    const at = startLines.map((startLine) => result.text.indexOf(startLine));
    expect(
      at.every((position) => position >= 0),
      result.text,
    ).toBe(true);
    expect([...at].sort((a, b) => a - b)).toEqual(at);
  });

  it('calls lists the call that was placed', async () => {
    const result = await run('calls');
    expect(result.exitCode, result.text).toBe(0);
    expect(result.text).toContain('New York County');
  });

  it('load tells what was refused and why, and loads what is right', async () => {
    const ring = (west: number) => [
      [west, 40],
      [west + 1, 40],
      [west + 1, 41],
      [west, 41],
      [west, 40],
    ];
    const feature = (id: string, uri: string) => ({
      type: 'Feature',
      properties: { NGUID: id, DsplayName: id, ServiceURN: 'urn:service:sos', ServiceURI: uri },
      geometry: { type: 'Polygon', coordinates: [ring(-75)] },
    });
    const write = (name: string, features: unknown[]) => {
      const file = join(server.dataDir, name);
      writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features }));
      return file;
    };
    const bad = await run(
      'load',
      write('bad.geojson', [feature('a', 'sip:a@127.0.0.1'), feature('b', 'nobody')]),
    );
    expect(bad.exitCode, bad.text).not.toBe(0);
    expect(bad.text).toMatch(/\bb\b/);
    expect(bad.text).toContain('ServiceURI');
    const good = await run('load', write('good.geojson', [feature('a', 'sip:a@127.0.0.1')]));
    expect(good.exitCode, good.text).toBe(0);
  });

  it('key rotate makes a new key, and the old one ends', async () => {
    const old = shownKey(server)?.key;
    const result = await run('key', 'rotate');
    expect(result.exitCode, result.text).toBe(0);
    expect((await api(server, old, '/api/v1/calls')).status).toBe(401);
    const after = await run('calls');
    expect(after.exitCode, after.text).toBe(0);
  });

  it('says what is wrong with a command, and fails', async () => {
    const result = await run('route', 'north', '-73');
    expect(result.exitCode).not.toBe(0);
    expect(result.text).toMatch(/lat/i);
  });
});
