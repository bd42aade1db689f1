import { afterEach, describe, expect, it } from 'vitest';
import { monoMs } from '../../../src/base/index.ts';
import { type AgentHost, type PsapOptions, startPsap } from '../../../src/net/index.ts';
import { freePorts } from '../../support/free-ports.ts';
import { run } from './run.ts';

// Calls to a PSAP stand-in on loopback, with nothing between.

const running: AgentHost[] = [];
afterEach(async () => {
  for (const host of running.splice(0)) await host.stop(monoMs(0));
});

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function psap(plan?: PsapOptions['plan']): Promise<{ server: string; received: string[] }> {
  const [port = 0] = await freePorts(1);
  const received: string[] = [];
  running.push(
    await startPsap({
      listen: [
        { transport: 'udp', address: '127.0.0.1', port },
        { transport: 'tcp', address: '127.0.0.1', port },
      ],
      ringMs: 1,
      answerMs: 5,
      hangUpMs: 10_000,
      ...(plan === undefined ? {} : { plan }),
      reportMessages: true,
      onEvent: (event) => {
        if (event.kind === 'message' && event.direction === 'in') received.push(event.bytes.toString('utf8'));
      },
      logger: quiet,
    }),
  );
  return { server: `127.0.0.1:${port}`, received };
}

describe('call', () => {
  it.each(['udp', 'tcp'])('is answered over %s: a ladder, the times, exit code 0', async (transport) => {
    const { server, received } = await psap();
    const words = ['call', '--server', server, '--transport', transport, '--hold', '20'];
    const { code, out, err } = await run([
      ...words,
      '--lat',
      '29.76',
      '--lon',
      '-95.37',
      '--civic',
      'country=us,A1=TX',
    ]);
    expect(err).toBe('');
    const ladder = out
      .split('\n')
      .flatMap(
        (line) => /^ +[\d.]+ ms {2}(-->|<--) {2}(.+?) {2}\d+ bytes/.exec(line)?.slice(1, 3).join(' ') ?? [],
      );
    expect(ladder).toEqual(
      expect.arrayContaining([
        '--> INVITE urn:service:sos SIP/2.0',
        '<-- SIP/2.0 180 Ringing',
        '<-- SIP/2.0 200 OK',
      ]),
    );
    expect(ladder.some((line) => /^--> ACK /.test(line))).toBe(true);
    expect(ladder.some((line) => /^--> BYE /.test(line))).toBe(true);
    expect(out).toMatch(/\nanswered, we hung up\n {2}first response .*, ringing .*, answer .*, end /);
    expect(code).toBe(0);
    const invite = received[0] ?? '';
    expect(invite).toMatch(/^INVITE urn:service:sos SIP\/2\.0\r\n/);
    expect(invite).toMatch(/\r\nGeolocation: <cid:[^>]+>\r\n/);
    expect(invite).toContain('29.76 -95.37');
    expect(invite).toMatch(/country>US</);
  });

  it('carries what it is told', async () => {
    const { server, received } = await psap();
    const words = [
      'call',
      '--server',
      server,
      '--to',
      'sip:911@example.com',
      '--hold',
      '0',
      '--no-geolocation',
    ];
    const { code, out, err } = await run([...words, '--civic', 'country=US,A1=TX', '--json']);
    expect([code, err]).toEqual([0, '']);
    expect(received[0]).toMatch(/^INVITE sip:911@example\.com SIP\/2\.0\r\n/);
    expect(received[0]).not.toMatch(/\r\nGeolocation:/);
    expect(JSON.parse(out)).toMatchObject({
      isAnswered: true,
      messages: expect.arrayContaining([expect.objectContaining({ direction: 'out', transport: 'udp' })]),
    });
  });

  it('warns where no location is given', async () => {
    const { server, received } = await psap();
    const { code, err } = await run(['call', '--server', server, '--hold', '0']);
    expect(code).toBe(0);
    expect(err).toContain('no location');
    expect(received[0]).not.toContain('pidf');
  });

  it('is refused: exit code 1', async () => {
    const { server } = await psap({
      ringAfterMs: undefined,
      outcome: { kind: 'reject', afterMs: 1, statusCode: 486 },
    });
    const { code, out } = await run(['call', '--server', server, '--lat', '1', '--lon', '2']);
    expect(code).toBe(1);
    expect(out).toMatch(/\nnot answered, refused \(486\)/);
  });

  it('rings and is given up: exit code 1', async () => {
    const { server } = await psap({ ringAfterMs: 0, outcome: { kind: 'neverAnswer' } });
    const { code, out } = await run([
      'call',
      '--server',
      server,
      '--lat',
      '1',
      '--lon',
      '2',
      '--give-up',
      '100',
    ]);
    expect(code).toBe(1);
    expect(out).toContain('-->  CANCEL ');
    expect(out).toContain('not answered, given up');
  });

  it('finds nobody there over TCP: exit code 69', async () => {
    const [port] = await freePorts(1);
    const ran = await run([
      'call',
      '--server',
      `127.0.0.1:${port}`,
      '--transport',
      'tcp',
      '--lat',
      '1',
      '--lon',
      '2',
    ]);
    expect(ran.code, ran.out + ran.err).toBe(69);
  });
});
