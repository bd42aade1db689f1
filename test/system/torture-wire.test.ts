import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerValue, type SipMessage } from '../../src/sip/message/index.ts';
import { isInNamespace } from '../support/namespace.ts';
import { startDns, type TestDns } from '../support/net-dns.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { vectorsFolder } from '../support/sip-builders.ts';
import {
  distinct,
  parsedTorture,
  placesOf,
  type TortureMessage,
  tortureMessages,
} from '../support/torture.ts';
import { TortureStream } from '../support/torture-stream.ts';
import { type Arrival, isAbout, TortureWorld, wordOf, wordOfMessage } from '../support/torture-world.ts';

// RFC 4475 and RFC 5118 over the wire, against a running server that proxies what is no emergency, in a network of its
// own where every address of the world is this machine. After each message the server still answers an OPTIONS.

const messages = tortureMessages();
const folder = dirname(fileURLToPath(import.meta.url));

describe.skipIf(vectorsFolder === undefined)(
  'torture messages (skipped where FIRSTLINE_VECTORS is unset)',
  () => {
    if (isInNamespace) insideOfNamespace();
    else
      it('hold in a network of their own', () => {
        const root = dirname(dirname(folder));
        const runner = join(root, 'node_modules', 'vitest', 'vitest.mjs');
        const file = join('test', 'system', 'torture-wire.test.ts');
        const script = join(root, 'test', 'support', 'in-namespace.sh');
        const args = [process.execPath, runner, 'run', '--project', 'system', file, '--reporter=verbose'];
        const run = spawnSync(script, args, {
          cwd: root,
          encoding: 'utf8',
          timeout: 400_000,
          env: { ...process.env, NO_COLOR: '1' },
        });
        expect(run.status, `${run.stdout}\n${run.stderr}`).toBe(0);
        expect(run.stdout).toMatch(/Tests {2}1\d\d passed/);
      });
  },
);

function insideOfNamespace(): void {
  const world = new TortureWorld();
  let probes = 0;
  let server: ServerProcess;
  let dns: TestDns;

  beforeAll(async () => {
    TortureWorld.claimAllAddresses();
    const { ports, zone } = placesOf(messages);
    await world.listen([...ports, psapPort]);
    dns = await startDns(zone);
    server = await startServer({
      psapPort: psapPort,
      defaultRouteUri: `sip:default@127.0.0.1:${psapPort}`,
      config: { ingress: { default: { nonEmergency: 'proxy' } }, sip: sipSettings(dns.address) },
    });
  });

  afterAll(async () => {
    await server?.stop();
    server?.remove();
    await dns?.close();
    await world.close();
  });

  /** Sends an OPTIONS for the server itself and waits for its 200: the server is up, and has taken what came before. */
  async function expectAlive(): Promise<void> {
    probes += 1;
    const name = `alive-${probes}`;
    const since = world.arrivals.length;
    world.send(Buffer.from(optionsText(name, server.sipPort)), server.sipPort);
    const answer = await world.arrived(({ message }) => headerValue(message, 'call-id') === name, since);
    expect(wordOf(answer)).toBe('200 OK');
  }

  /** What came of a message: the first final answer or the forwarded request; silence where none is expected. */
  async function outcomeOf(
    message: SipMessage,
    since: number,
    isSilenceExpected: boolean,
  ): Promise<Arrival | undefined> {
    const fits = (arrival: Arrival): boolean => isOutcome(arrival, message);
    if (!isSilenceExpected) return world.arrived(fits, since);
    await expectAlive();
    await expectAlive();
    return world.arrived(fits, since, 0);
  }

  it('has all the messages of both documents', () => {
    expect(messages.map((each) => each.document)).toHaveLength(61);
  });

  describe('by UDP', () => {
    it.each(
      distinct(messages).map((each) => [`${each.document} §${each.section}`, each.name, each] as const),
    )('%s %s', async (_section, _name, each) => {
      const since = world.arrivals.length;
      const message = parsedTorture(each.bytes);
      world.send(each.bytes, server.sipPort);
      const outcome = await outcomeOf(message, since, isSilent(each));
      expect(allowed(each), describeOutcome(outcome)).toContain(kindOf(outcome?.message));
      await expectAlive();
    });
  });

  describe('by TCP', () => {
    it.each(
      distinct(messages, 'tcp').map(
        (each) => [`${each.document} §${each.section}`, each.name, each] as const,
      ),
    )('%s %s', async (_section, _name, each) => {
      const since = world.arrivals.length;
      const message = parsedTorture(each.bytes);
      const stream = await TortureStream.open(server.sipPort);
      stream.send(each.bytes);
      const expected = onStream(each, message);
      if (expected.closes) {
        await stream.closed;
        expect(stream.finalAnswers.map(wordOfMessage).join()).toMatch(expected.answer ?? /^$/);
      } else if (expected.isSilent) {
        const outcome = await outcomeOf(message, since, true);
        expect([describeOutcome(outcome), stream.finalAnswers]).toEqual(['silence', []]);
      } else {
        // Where what follows in the bytes is no message, the connection is closed, and what is out there has to say it.
        const answer = (await stream.finalAnswer()) ?? (await outcomeOf(message, since, false))?.message;
        expect(allowed(each)).toContain(kindOf(answer));
      }
      stream.end();
      await expectAlive();
    });
  });

  describe('as calls for help, with the same defect', () => {
    it.each(twins().map((twin) => [twin.name, twin] as const))('%s', async (_name, twin) => {
      const since = world.arrivals.length;
      const message = parsedTorture(twin.bytes);
      world.send(twin.bytes, server.sipPort);
      const outcome = await outcomeOf(message, since, false);
      const place =
        outcome?.message.kind === 'request' ? `PSAP ${outcome.port === psapPort}` : wordOf(outcome);
      expect(place).toBe(twin.expected);
      await expectAlive();
    });
  });

  it('never answered what is to be dropped, and wrote no error', async () => {
    await expectAlive();
    for (const each of distinct(messages).filter(isSilent)) {
      const message = parsedTorture(each.bytes);
      expect(world.arrivals.filter((arrival) => isOutcome(arrival, message)).map(wordOf)).toEqual([]);
    }
    const errors = server
      .output()
      .split('\n')
      .filter((line) => line.includes('"level":"error"') || line.includes('"level":"fatal"'));
    expect(errors).toEqual([]);
  });
}

const psapPort = 15_070;

function sipSettings(nameServer: string): Readonly<Record<string, unknown>> {
  return { nameServers: [nameServer] };
}

/** Whether it is the forwarded message, or a final answer to it. */
function isOutcome({ message }: Arrival, sent: SipMessage): boolean {
  if (!isAbout(message, sent)) return false;
  return message.kind === 'request' ? message.method !== 'ACK' : message.statusCode >= 200;
}

/** `forward`, a status code, or `drop`. The 486 that everybody out there gives means that it got there. */
function kindOf(message: SipMessage | undefined): string {
  if (message === undefined) return 'drop';
  if (message.kind === 'request') return 'forward';
  return message.statusCode === 486 ? 'forward' : String(message.statusCode);
}

/** What the expectations allow, in the words of {@link kindOf}. */
function allowed(each: TortureMessage): readonly string[] {
  return each.proxy.map((word) => {
    if (word.includes('drop')) return 'drop';
    if (word.includes('forward')) return 'forward';
    return word.slice(0, 3);
  });
}

function isSilent(each: TortureMessage): boolean {
  return allowed(each).every((word) => word === 'drop');
}

function describeOutcome(outcome: Arrival | undefined): string {
  return outcome === undefined ? 'silence' : `${wordOf(outcome)}\n${outcome.bytes.toString('latin1')}`;
}

interface StreamExpectation {
  /** What comes back before the server closes the connection; undefined where nothing does. */
  readonly answer: RegExp | undefined;
  readonly closes: boolean;
  readonly isSilent: boolean;
}

/** Where a stream changes what a message means: its length is all that says where it ends (RFC 3261 §18.3, §20.14). */
function onStream(each: TortureMessage, message: SipMessage): StreamExpectation {
  const isLost = each.name === 'ncl' || each.name === 'mcl01';
  const closes = isLost || headerValue(message, 'content-length') === undefined;
  const answer = message.kind === 'request' ? /^400/ : undefined;
  // One has no blank line as it was published, one announces more than it has: both wait for the rest.
  const isIncomplete = each.name === 'clerr' || each.name === 'baddn';
  return { answer, closes, isSilent: isSilent(each) || isIncomplete };
}

interface Twin {
  readonly name: string;
  readonly bytes: Buffer;
  readonly expected: string;
}

/** What cannot be routed at all: no CSeq number to go by, no names of a dialog. */
const hopeless: Readonly<Record<string, string>> = {
  scalar02: '400 Invalid CSeq',
  insuf: '400 Missing From',
};

/** It has a To tag: what belongs to a dialog goes along it, whatever it asks for. */
const withinDialog = ['lwsruri'];

/** The broken requests again, with a Request-URI that asks for help. */
function twins(): readonly Twin[] {
  const broken = distinct(messages).filter((each) => each.kind === 'request' && each.syntax === 'invalid');
  return broken.map((each) => {
    const text = each.bytes.toString('latin1');
    const lineEnd = text.indexOf('\r\n');
    const line = text.slice(0, lineEnd);
    const asking = line.includes('@')
      ? line.replace(/sips?:[^@]*@/, 'sip:sos@')
      : line.replace(/sip:/, 'sip:sos@');
    const rest = text.slice(lineEnd).replace(/^((?:i|Call-ID)\s*:\s*)/gim, '$1sos-');
    const branched = rest.replace(/(branch=z9hG4bK)(?=.)/, '$1sos-');
    const bytes = Buffer.from(`${asking}${branched}`, 'latin1');
    return {
      name: `${each.name}: ${asking}`,
      bytes,
      expected: hopeless[each.name] ?? `PSAP ${!withinDialog.includes(each.name)}`,
    };
  });
}

function optionsText(callId: string, sipPort: number): string {
  return [
    `OPTIONS sip:127.0.0.1:${sipPort} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK${callId}`,
    'Max-Forwards: 70',
    `From: <sip:probe@127.0.0.1>;tag=${callId}`,
    `To: <sip:127.0.0.1:${sipPort}>`,
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
