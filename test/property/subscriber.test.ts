import { describe, expect, it } from 'vitest';
import type { SipMessage } from '../../src/sip/message/index.ts';
import { SeededRandom } from '../support/manual-clock.ts';
import type { NotifyParts } from '../support/subscriber-harness.ts';
import { nothingOpen, SubscriberHarness } from '../support/subscriber-harness.ts';

// Whatever comes, in whatever order, early, late, twice or never: each subscription ends with one `failed` or `ended`,
// nothing is told of it afterwards, and nothing is left.

const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 1_000_000);
const runs = 200;

const statuses = [100, 200, 200, 200, 202, 204, 302, 401, 403, 408, 423, 481, 489, 500, 503, 603];
const states = [
  'active',
  'active;expires=30',
  'active;expires=0',
  'pending;expires=600',
  'terminated;reason=deactivated',
  'terminated;reason=probation;retry-after=3',
  'terminated;reason=rejected',
  'terminated',
  'odd',
  undefined,
];
const events = ['presence', 'presence', 'presence', 'dialog', 'weather', undefined];
const tags = ['one', 'one', 'two', 'three'];

function run(random: SeededRandom): void {
  const at = new SubscriberHarness();
  at.addresses.set('two.example.net', ['198.51.100.1', '198.51.100.2']);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.fraction() * list.length)] as T;
  const targets = ['sip:a@198.51.100.7', 'sip:a@two.example.net', 'pres:a@unknown.example.net', 'tel:+1'];
  at.subscribe({
    target: pick(targets),
    expiresS: pick([0, 10, 600]),
    forks: pick(['first', 'all'] as const),
    resubscribes: pick([true, false]),
  });
  const late: SipMessage[] = [];
  for (let step = 0; step < 30; step += 1) {
    const hasSent = at.subscribes().length > 0;
    const chance = random.fraction();
    if (chance < 0.1 && at.questions.length > 0) at.resolve(pick([[], ['198.51.100.9']]));
    else if (chance < 0.3 && hasSent) respond(at, pick);
    else if (chance < 0.6 && hasSent) {
      const message = at.makeNotify(notification(pick));
      if (random.fraction() < 0.3) late.push(message);
      else at.receive(message);
      if (random.fraction() < 0.2) at.receive(message);
    } else if (chance < 0.65) at.unsubscribe();
    else if (chance < 0.7) at.submit({ kind: 'refresh', id: 's1' });
    else if (chance < 0.75) fail(at);
    else if (chance < 0.8 && late.length > 0) at.receive(late.shift() as SipMessage);
    else at.pass(pick([1, 100, 500, 5_000, 33_000]));
  }
  at.unsubscribe();
  at.passAll();
  for (const message of late) at.receive(message);
  at.passAll();
  const ends = at.kinds().filter((kind) => kind === 'failed' || kind === 'ended');
  expect(ends).toHaveLength(1);
  expect(['failed', 'ended']).toContain(at.kinds().at(-1));
  expect(at.open()).toEqual(nothingOpen);
}

function respond(at: SubscriberHarness, pick: <T>(list: readonly T[]) => T): void {
  const statusCode = pick(statuses);
  const to = pick(at.subscribes()).message;
  const contact = `<sip:b@${pick(['198.51.100.30', '198.51.100.31', 'unknown.example.net'])}>`;
  at.respond(
    statusCode,
    [
      ['Expires', pick(['0', '20', '600'])],
      ['Min-Expires', pick(['1', '700', '99999999'])],
      ['Contact', contact],
    ],
    { to, tag: pick(tags) },
  );
}

function notification(pick: <T>(list: readonly T[]) => T): NotifyParts {
  return {
    state: pick(states),
    event: pick(events),
    tag: pick(tags),
    body: pick(['', '<presence/>', 'x'.repeat(140_000)]),
    contentType: pick(['application/pidf+xml', 'image/gif', undefined]),
    contact: pick(['<sip:n@198.51.100.7>', '<sip:n@unknown.example.net>', '<tel:+1>', undefined]),
    recordRoutes: pick([[], ['<sip:198.51.100.40;lr>'], ['<sip:unknown.example.net;lr>']]),
  };
}

function fail(at: SubscriberHarness): void {
  const last = at.sent.at(-1);
  if (last === undefined) return;
  at.submit({ kind: 'sendFailed', id: last.id, error: { code: 'net.sendFailed', message: 'gone' } });
}

describe('a subscription among random messages', () => {
  it(`ends once and leaves nothing (${runs} runs, FIRSTLINE_SEED=${seed})`, () => {
    for (let index = 0; index < runs; index += 1) {
      try {
        run(new SeededRandom(seed + index));
      } catch (error) {
        throw new Error(`FIRSTLINE_SEED=${seed + index}`, { cause: error });
      }
    }
  });
});
