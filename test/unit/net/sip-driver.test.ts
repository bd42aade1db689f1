import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BugError, type MonoMs, monoMs, ok, wallMs } from '../../../src/base/index.ts';
import {
  type CoreEffect,
  type Resolved,
  type SipCore,
  SipDriver,
  type WireInput,
} from '../../../src/net/index.ts';
import type { Destination, EffectId, ProxyInput, RequestDecision } from '../../../src/sip/index.ts';
import { destination, recordingLogger } from '../../support/net-loopback.ts';

/** What the core under the driver is told to do: its inputs are its scripts. */
type Script =
  | { readonly kind: 'do'; readonly effects: readonly CoreEffect<string>[] }
  | { readonly kind: 'throw' };

/** A core whose inputs say what it answers, and whose deadlines are a list. */
class ScriptedCore implements SipCore<Script, string> {
  readonly seen: string[] = [];
  readonly deadlines: number[] = [];
  throwsInTimers = false;

  handle(now: MonoMs, input: Script | WireInput): readonly CoreEffect<string>[] {
    this.seen.push(`${input.kind} at ${now}`);
    if (input.kind === 'throw') throw new BugError('a broken invariant');
    return input.kind === 'do' ? input.effects : [];
  }

  advance(now: MonoMs): readonly CoreEffect<string>[] {
    this.seen.push(`advance at ${now}`);
    if (this.throwsInTimers) throw new BugError('a broken timer');
    const due = this.deadlines.filter((deadline) => deadline <= now);
    this.deadlines.splice(0, due.length);
    return due.map((deadline) => ({ kind: 'event', event: `due ${deadline}` }));
  }

  nextDeadline(): MonoMs | undefined {
    const [first] = this.deadlines;
    return first === undefined ? undefined : monoMs(first);
  }
}

const id = (value: number): EffectId => value as EffectId;
const target: Destination = destination({ transport: 'udp', remote: { address: '192.0.2.1', port: 5060 } });

function send(value: number): CoreEffect<string> {
  return { kind: 'send', id: id(value), bytes: Buffer.from('x'), destination: target };
}

function event(text: string): CoreEffect<string> {
  return { kind: 'event', event: text };
}

function resolve(value: number, host: string): CoreEffect<string> {
  return { kind: 'resolve', id: id(value), query: { host, port: undefined, transport: 'udp' } };
}

function setUp() {
  const core = new ScriptedCore();
  const log: string[] = [];
  const logger = recordingLogger();
  const answers = new Map<string, (resolved: Resolved) => void>();
  const onEventHooks: ((text: string) => void)[] = [];
  const driver: SipDriver<Script, string> = new SipDriver<Script, string>({
    core,
    clock: { mono: () => monoMs(Date.now()), wall: () => wallMs(Date.now()) },
    logger,
    transports: {
      send: (_bytes, to, onFailed) => {
        log.push(`send to ${to.remote.address}`);
        if (to.remote.port === 1) onFailed?.({ code: 'net.sendFailed', message: 'no route' });
      },
    },
    resolver: {
      resolveNow: (query) => (query.host === 'known' ? ok([target]) : undefined),
      resolve: (query) => new Promise((done) => answers.set(query.host, done)),
    },
    onEvent: (text) => {
      log.push(text);
      for (const hook of onEventHooks) hook(text);
    },
  });
  return { core, driver, log, logger, answers, onEventHooks };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(0);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('effects', () => {
  it('are carried out in order, and all of them before the next input', () => {
    const { core, driver, log, onEventHooks } = setUp();
    onEventHooks.push((text) => {
      if (text === 'first') driver.submit({ kind: 'do', effects: [event('third')] });
    });
    driver.submit({ kind: 'do', effects: [event('first'), send(1), event('second')] });
    expect(log).toEqual(['first', 'send to 192.0.2.1', 'second', 'third']);
    expect(core.seen).toHaveLength(2);
  });

  it('a name that is known is answered before anything else comes in', () => {
    const { core, driver } = setUp();
    driver.submit({ kind: 'do', effects: [resolve(1, 'known')] });
    expect(core.seen).toEqual(['do at 0', 'resolved at 0']);
  });

  it('a name that is not is answered when it is found', async () => {
    const { core, driver, answers } = setUp();
    driver.submit({ kind: 'do', effects: [resolve(1, 'later')] });
    expect(core.seen).toEqual(['do at 0']);
    answers.get('later')?.(ok([target]));
    await vi.advanceTimersByTimeAsync(5);
    expect(core.seen).toEqual(['do at 0', 'resolved at 0']);
  });

  it('a send that fails comes back as an input', () => {
    const { core, driver } = setUp();
    const failing = { ...target, remote: { address: '192.0.2.1', port: 1 } };
    driver.submit({
      kind: 'do',
      effects: [{ kind: 'send', id: id(3), bytes: Buffer.from('x'), destination: failing }],
    });
    expect(core.seen).toEqual(['do at 0', 'sendFailed at 0']);
  });

  it('a question is asked and its answer is an input', () => {
    const decision: RequestDecision = {
      kind: 'reply',
      statusCode: 404,
      reasonPhrase: 'Not Found',
      headers: [],
    };
    const inputs: string[] = [];
    const driver = new SipDriver({
      core: {
        handle: (_now: MonoMs, input: ProxyInput): readonly CoreEffect<string>[] => {
          inputs.push(input.kind);
          if (input.kind !== 'sendFailed') return [];
          return [{ kind: 'forget', id: id(7) }];
        },
        advance: () => [],
        nextDeadline: () => undefined,
      },
      clock: { mono: () => monoMs(0), wall: () => wallMs(0) },
      logger: recordingLogger(),
      transports: { send: () => undefined },
      resolver: { resolveNow: () => undefined, resolve: () => Promise.reject(new Error('not asked')) },
      onEvent: () => undefined,
      onForget: (forgotten) => inputs.push(`forgot ${forgotten}`),
    });
    driver.answer(id(7), decision);
    driver.submit({ kind: 'sendFailed', id: id(1), error: { code: 'x', message: 'x' } });
    expect(inputs).toEqual(['decided', 'sendFailed', 'forgot 7']);
  });
});

describe('the timer', () => {
  it('fires at the earliest deadline, which may become earlier', async () => {
    const { core, driver, log } = setUp();
    core.deadlines.push(500);
    driver.submit({ kind: 'do', effects: [] });
    core.deadlines.unshift(200);
    driver.submit({ kind: 'do', effects: [] });
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(199);
    expect(log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual(['due 200']);
    await vi.advanceTimersByTimeAsync(300);
    expect(log).toEqual(['due 200', 'due 500']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not set anew for deadlines that are later or that go away', async () => {
    const { core, driver } = setUp();
    core.deadlines.push(200);
    for (let count = 0; count < 10; count += 1) driver.submit({ kind: 'do', effects: [] });
    core.deadlines.splice(0, 1, 900);
    driver.submit({ kind: 'do', effects: [] });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(core.seen.filter((line) => line.startsWith('advance'))).toEqual([
      'advance at 200',
      'advance at 900',
    ]);
    expect(driver.counts().timerRuns).toBe(2);
  });

  it('waits for deadlines further away than a timer can count', async () => {
    const { core, driver, log } = setUp();
    core.deadlines.push(2 ** 32);
    driver.submit({ kind: 'do', effects: [] });
    await vi.advanceTimersByTimeAsync(2 ** 32);
    expect(log).toEqual(['due 4294967296']);
  });
});

describe('an error', () => {
  it('inside of the core costs that input only, and is logged with its stack', () => {
    const { driver, log, logger } = setUp();
    driver.submit({ kind: 'throw' });
    driver.submit({ kind: 'do', effects: [event('still there')] });
    expect(log).toEqual(['still there']);
    expect(driver.counts()).toEqual({ inputs: 2, timerRuns: 0, failures: 1 });
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/^error sip\.inputFailed .*a broken invariant.*sip-driver\.test/);
  });

  it('of a callback keeps no other effect from being carried out', () => {
    const { driver, log, onEventHooks } = setUp();
    onEventHooks.push((text) => {
      if (text === 'bad') throw new Error('a broken callback');
    });
    driver.submit({ kind: 'do', effects: [event('bad'), send(1), event('good')] });
    expect(log).toEqual(['bad', 'send to 192.0.2.1', 'good']);
    expect(driver.counts().failures).toBe(1);
  });

  it('of a question that nobody decides is one too', () => {
    const { driver, logger } = setUp();
    const question = { kind: 'decide', id: id(1) } as CoreEffect<string>;
    driver.submit({ kind: 'do', effects: [question] });
    expect(logger.lines[0]).toContain('nobody decides');
  });

  it('in a timer that stays due is tried again, not at once', async () => {
    const { core, driver } = setUp();
    core.deadlines.push(100);
    core.throwsInTimers = true;
    driver.submit({ kind: 'do', effects: [] });
    await vi.advanceTimersByTimeAsync(200);
    expect(driver.counts().failures).toBe(6);
    core.throwsInTimers = false;
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('after the stop', () => {
  it('no timer fires and nothing is taken', async () => {
    const { core, driver, answers } = setUp();
    core.deadlines.push(100);
    driver.submit({ kind: 'do', effects: [resolve(1, 'later')] });
    driver.stop();
    driver.stop();
    answers.get('later')?.(ok([target]));
    driver.submit({ kind: 'do', effects: [] });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(core.seen).toEqual(['do at 0']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
