import { describe, expect, it } from 'vitest';
import { type UsageEvent, type UsageState, usageTable } from '../../../../src/sip/events/index.ts';
import { SubscriberHarness } from '../../../support/subscriber-harness.ts';

// Every cell of the subscriber's machine is reached through messages and moments alone, and no event leads anywhere in an
// empty one.

type Script = (at: SubscriberHarness) => void;

const timerNMs = 32_000;

/** How each state is come to. */
const ways: Record<UsageState, Script> = {
  init: () => undefined,
  notifyWait: (at) => at.subscribe(),
  polling: (at) => at.subscribe({ expiresS: 0 }),
  leaving: (at) => {
    at.subscribe();
    at.unsubscribe();
  },
  pending: (at) => {
    at.subscribe();
    at.notify({ state: 'pending;expires=600' });
  },
  active: (at) => {
    at.subscribe();
    at.notify({ state: 'active;expires=600' });
  },
  ending: (at) => {
    at.subscribe();
    at.notify({ state: 'active;expires=600' });
    at.unsubscribe();
  },
  resting: (at) => {
    at.subscribe({ resubscribes: true });
    at.notify({ state: 'terminated;reason=probation;retry-after=60' });
  },
  terminated: (at) => {
    at.subscribe();
    at.notify({ state: 'terminated;reason=noresource' });
  },
};

/** How each event is brought about; `refresh` brings a SUBSCRIBE inside of the dialog first. */
const causes: Record<UsageEvent, Script> = {
  start: (at) => at.subscribe(),
  poll: (at) => at.subscribe({ expiresS: 0 }),
  rest: (at) => ways.resting(at),
  fork: (at) => {
    at.subscribe({ forks: 'all' });
    at.notify({ tag: 'one' });
    at.notify({ tag: 'two' });
  },
  forkPoll: (at) => {
    at.subscribe({ forks: 'all', expiresS: 0 });
    at.notify({ tag: 'one' });
    at.notify({ tag: 'two' });
  },
  forkLeaving: (at) => {
    at.subscribe({ forks: 'all' });
    at.unsubscribe();
    at.notify({ tag: 'one', state: 'pending' });
    at.notify({ tag: 'two' });
  },
  accepted: (at) => at.accept(),
  refused: (at) => at.respond(403),
  silent: (at) => at.pass(timerNMs),
  refreshed: (at) => {
    refreshFirst(at);
    at.accept();
  },
  unchanged: (at) => {
    refreshFirst(at);
    at.respond(204, [['Expires', '600']]);
  },
  refreshGone: (at) => {
    refreshFirst(at);
    at.respond(481);
  },
  refreshFailed: (at) => {
    refreshFirst(at);
    at.respond(500);
  },
  notifyActive: (at) => at.notify({ state: 'active;expires=600' }),
  notifyPending: (at) => at.notify({ state: 'pending;expires=600' }),
  notifyTerminated: (at) => at.notify({ state: 'terminated;reason=rejected' }),
  timerN: (at) => {
    if (at.steps.at(-1)?.next === 'active' || at.steps.at(-1)?.next === 'pending') refreshFirst(at);
    at.accept();
    at.pass(timerNMs);
  },
  refreshDue: (at) => at.submit({ kind: 'refresh', id: 's1' }),
  expired: (at) => {
    // A refresh that cannot be done leaves the subscription in force until its time is over.
    at.notify({ state: `${at.steps.at(-1)?.next === 'pending' ? 'pending' : 'active'};expires=20` });
    for (let time = 0; time < 20; time += 1) {
      if (isRefreshing(at)) at.respond(500);
      at.pass(1_000);
    }
  },
  retryDue: (at) => at.pass(60_000),
  unsubscribe: (at) => at.unsubscribe(),
};

function refreshFirst(at: SubscriberHarness): void {
  if (!isRefreshing(at)) at.submit({ kind: 'refresh', id: 's1' });
}

function isRefreshing(at: SubscriberHarness): boolean {
  const { message } = at.subscribes().at(-1) ?? {};
  return (
    message?.kind === 'request' && /;tag=/.test(message.head.split('\r\nTo:')[1]?.split('\r\n')[0] ?? '')
  );
}

const cells = Object.entries(usageTable).flatMap(([state, row]) =>
  Object.entries(row).map(([event, cell]) => ({
    state: state as UsageState,
    event: event as UsageEvent,
    cell,
  })),
);

describe('the machine of a subscription', () => {
  it('has cells in every state but the last', () => {
    expect(cells.length).toBeGreaterThan(50);
    const bare = Object.entries(usageTable).filter(([, row]) => Object.keys(row).length === 0);
    expect(bare.map(([state]) => state)).toEqual(['terminated']);
  });

  it.each(cells)('$state + $event → $cell.next ($cell.source)', ({ state, event, cell }) => {
    const at = new SubscriberHarness();
    // In `init` the event itself is how it begins, and an expiry while the end is awaited needs a short duration.
    if (state === 'ending' && event === 'expired') {
      at.subscribe();
      at.notify({ state: 'active;expires=10' });
      at.unsubscribe();
      at.accept(0);
      at.pass(11_000);
    } else {
      ways[state](at);
      causes[event](at);
    }
    expect(at.steps).toContainEqual({ state, event, next: cell.next });
    at.unsubscribe();
    at.passAll();
    expect(Object.values(at.open())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('goes nowhere in a cell that is empty', () => {
    const states = Object.keys(ways) as UsageState[];
    const events = Object.keys(causes) as UsageEvent[];
    let seen = 0;
    for (const state of states.filter((each) => each !== 'init')) {
      for (const event of events.filter((each) => !/^(start|poll|rest|fork)/.test(each))) {
        if (usageTable[state][event] !== undefined) continue;
        const at = new SubscriberHarness();
        ways[state](at);
        causes[event](at);
        for (const step of at.steps) {
          const { next } = usageTable[step.state][step.event] ?? { next: undefined };
          expect(step.next).toBe(next);
          if (step.state === state && step.event === event) seen += 1;
        }
        at.unsubscribe();
        at.passAll();
        expect(Object.values(at.open()), `${state} + ${event}`).toEqual([0, 0, 0, 0, 0, 0]);
      }
    }
    expect(seen).toBeGreaterThan(10);
  });
});
