import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { after } from '../../../src/base/index.ts';
import {
  type AgentHost,
  type CallOutcome,
  type LadderEntry,
  placeCall,
  startPsap,
  systemClock,
} from '../../../src/net/index.ts';
import { hasIpv6, recordingLogger } from '../../support/net-loopback.ts';

const open: AgentHost[] = [];
const logger = recordingLogger();
const pidfLo = Buffer.from('<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:a@b"/>');

afterEach(async () => {
  for (const host of open.splice(0)) await host.stop(after(systemClock.mono(), 100));
});

async function psap(options: Partial<Parameters<typeof startPsap>[0]> = {}): Promise<AgentHost> {
  const host = await startPsap({
    listen: [
      { transport: 'udp', address: '127.0.0.1', port: 0 },
      { transport: 'tcp', address: '127.0.0.1', port: 0 },
    ],
    ringMs: 5,
    answerMs: 20,
    hangUpMs: 5_000,
    logger,
    ...options,
  });
  open.push(host);
  return host;
}

async function call(
  to: AgentHost,
  transport: 'udp' | 'tcp',
  options: Partial<Parameters<typeof placeCall>[0]> = {},
): Promise<{ readonly outcome: CallOutcome; readonly ladder: readonly LadderEntry[] }> {
  const local = to.listeners.find((listener) => listener.transport === transport)?.local;
  const ladder: LadderEntry[] = [];
  const outcome = await placeCall({
    server: { host: local?.address ?? '', port: local?.port ?? 0, transport },
    hangUpAfterMs: 10,
    giveUpAfterMs: 5_000,
    logger,
    onMessage: (entry) => ladder.push(entry),
    ...options,
  });
  return { outcome, ladder };
}

const words = (ladder: readonly LadderEntry[]): readonly string[] =>
  ladder.map(
    (entry) =>
      `${entry.direction} ${/^SIP/.test(entry.startLine) ? entry.startLine.slice(8, 11) : entry.startLine.split(' ')[0]}`,
  );

describe('a call to the demo PSAP', () => {
  for (const transport of ['udp', 'tcp'] as const) {
    it(`rings, is answered and hung up, over ${transport}`, async () => {
      const host = await psap();
      const { outcome, ladder } = await call(host, transport, {
        location: { pidfLo, hasGeolocationHeader: true },
      });
      expect(words(ladder)).toEqual(['out INVITE', 'in 180', 'in 200', 'out ACK', 'out BYE', 'in 200']);
      expect(outcome.isAnswered).toBe(true);
      expect(outcome.end).toEqual({ reason: 'hungUpByUs', statusCode: 200, detail: 'BYE' });
      expect(outcome.ringingMs).toBeGreaterThanOrEqual(5);
      expect(outcome.answeredMs).toBeGreaterThanOrEqual(20);
      expect(outcome.endedMs).toBeGreaterThanOrEqual((outcome.answeredMs ?? 0) + 10);
      const invite = ladder[0]?.bytes.toString('latin1') ?? '';
      expect(invite).toContain('INVITE urn:service:sos SIP/2.0\r\n');
      const contentId = /\r\nGeolocation: <cid:(.*)>\r\n/.exec(invite)?.[1];
      expect(invite).toContain(`Content-ID: <${contentId}>\r\n`);
      expect(invite).toContain(pidfLo.toString());
      expect(host.counts().calls).toBe(0);
    });
  }

  it.skipIf(!hasIpv6)('goes over IPv6', async () => {
    const host = await psap({ listen: [{ transport: 'udp', address: '::1', port: 0 }] });
    const { outcome } = await call(host, 'udp');
    expect(outcome.end.reason).toBe('hungUpByUs');
  });

  it('is hung up by it when the caller does not', async () => {
    const host = await psap({ hangUpMs: 30 });
    const { outcome, ladder } = await call(host, 'udp', { hangUpAfterMs: 20_000 });
    expect(outcome.end.reason).toBe('hungUpByPeer');
    expect(words(ladder).slice(-2)).toEqual(['in BYE', 'out 200']);
  });

  it('is refused where the plan says so', async () => {
    const host = await psap({
      plan: { ringAfterMs: undefined, outcome: { kind: 'reject', afterMs: 1, statusCode: 486 } },
    });
    const { outcome } = await call(host, 'tcp', { requestUri: 'sip:911@127.0.0.1' });
    expect(outcome).toMatchObject({ isAnswered: false, end: { reason: 'refused', statusCode: 486 } });
  });

  it('is cancelled when it rings for too long', async () => {
    const host = await psap({ answerMs: 20_000 });
    const { outcome, ladder } = await call(host, 'udp', { giveUpAfterMs: 60 });
    expect(outcome).toMatchObject({ isAnswered: false, end: { reason: 'cancelled', statusCode: 487 } });
    expect(words(ladder)).toContain('out CANCEL');
  });

  it('goes to a name too', async () => {
    const host = await psap();
    const local = host.listeners[0]?.local;
    const { outcome } = await call(host, 'udp', {
      server: { host: 'localhost', port: local?.port ?? 0, transport: 'udp' },
    });
    expect(outcome.end.reason).toBe('hungUpByUs');
  });
});

describe('a call that cannot be placed', () => {
  it('says that nothing listens there', async () => {
    const host = await psap();
    const port = host.listeners.find((listener) => listener.transport === 'tcp')?.local.port ?? 0;
    await host.stop(systemClock.mono());
    const outcome = await placeCall({
      server: { host: '127.0.0.1', port, transport: 'tcp' },
      hangUpAfterMs: 10,
      giveUpAfterMs: 5_000,
      logger,
    });
    expect(outcome).toMatchObject({ isAnswered: false, end: { reason: 'unreachable' } });
    expect(outcome.end.detail).toContain('ECONNREFUSED');
  });

  it('says that the name has no address', async () => {
    const placed = placeCall({
      // Too long for a name: fails without asking anybody.
      server: { host: 'x'.repeat(300), port: 5060, transport: 'udp' },
      hangUpAfterMs: 10,
      giveUpAfterMs: 100,
      logger,
    });
    await expect(placed).rejects.toMatchObject({ code: 'net.callFailed' });
  });
});

describe('the demo PSAP', () => {
  it('leaves a taken address to who has it', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    await expect(psap({ listen: [{ transport: 'udp', address: '127.0.0.1', port }] })).rejects.toMatchObject({
      code: 'net.listenFailed',
    });
    await new Promise<void>((done) => socket.close(() => done()));
  });
});
