import { describe, expect, it } from 'vitest';
import {
  inviteClientTable,
  inviteServerTable,
  nonInviteClientTable,
  nonInviteServerTable,
} from '../../src/sip/transaction/index.ts';
import { type Client, type Server, type Step, TransactionBench } from '../support/transaction-bench.ts';

/** Ways into each state, and what can come from outside in it; an event is named as in the tables. */
interface Way {
  readonly to: string;
  readonly by: readonly string[];
}

const visited = new Set<string>();

function note(steps: readonly Step[]): void {
  for (const { machine, state, event } of steps) visited.add(`${machine} ${state} ${event}`);
}

const clientWays: Readonly<Record<'INVITE' | 'MESSAGE', readonly Way[]>> = {
  INVITE: [
    { to: 'calling', by: [] },
    { to: 'proceeding', by: ['provisional'] },
    { to: 'completed', by: ['failure'] },
    { to: 'completed', by: ['provisional', 'failure'] },
    { to: 'accepted', by: ['success'] },
    { to: 'accepted', by: ['provisional', 'success'] },
  ],
  MESSAGE: [
    { to: 'trying', by: [] },
    { to: 'proceeding', by: ['provisional'] },
    { to: 'completed', by: ['success'] },
    { to: 'completed', by: ['failure'] },
    { to: 'completed', by: ['provisional', 'success'] },
    { to: 'completed', by: ['provisional', 'failure'] },
  ],
};
const clientEvents = ['provisional', 'success', 'failure', 'cancelSent', 'transportError'];

const serverWays: Readonly<Record<'INVITE' | 'MESSAGE', readonly Way[]>> = {
  INVITE: [
    { to: 'proceeding', by: [] },
    { to: 'completed', by: ['failure'] },
    { to: 'confirmed', by: ['failure', 'ack'] },
    { to: 'accepted', by: ['success'] },
  ],
  MESSAGE: [
    { to: 'trying', by: [] },
    { to: 'proceeding', by: ['provisional'] },
    { to: 'completed', by: ['success'] },
    { to: 'completed', by: ['provisional', 'failure'] },
    { to: 'completed', by: ['abandon'] },
    { to: 'completed', by: ['provisional', 'abandon'] },
  ],
};
const serverEvents = [
  'deferTrying',
  'request',
  'ack',
  'provisional',
  'success',
  'failure',
  'abandon',
  'transportError',
];

const statusOf: Readonly<Record<string, number>> = { provisional: 180, success: 200, failure: 486 };

function driveClient(bench: TransactionBench, method: 'INVITE' | 'MESSAGE') {
  const { transaction, request } = bench.open(method);
  const fire = (event: string): void => {
    const status = statusOf[event];
    if (status !== undefined) bench.answer(request, status);
    else if (event === 'transportError') bench.failLastSend();
    else transaction.step(bench.clock.mono(), 'cancelSent');
  };
  return { transaction, fire };
}

function driveServer(bench: TransactionBench, method: 'INVITE' | 'MESSAGE') {
  const { transaction, request } = bench.accept(method);
  const fire = (event: string): void => {
    const now = bench.clock.mono();
    const status = statusOf[event];
    if (status !== undefined) bench.reply(transaction, status);
    else if (event === 'request') bench.receive(request);
    else if (event === 'ack' && method === 'INVITE') bench.receive(bench.incoming('ACK'));
    else if (event === 'ack') transaction.step(now, 'ack');
    else if (event === 'deferTrying') bench.layer.deferTrying(now, transaction);
    else if (event === 'abandon') bench.layer.abandon(now, transaction);
    else if (bench.sends.length > 0) bench.failLastSend();
    else transaction.step(now, 'transportError');
  };
  return { transaction, fire };
}

const machines = [
  { name: 'inviteClient', table: inviteClientTable, method: 'INVITE', side: 'client' },
  { name: 'nonInviteClient', table: nonInviteClientTable, method: 'MESSAGE', side: 'client' },
  { name: 'inviteServer', table: inviteServerTable, method: 'INVITE', side: 'server' },
  { name: 'nonInviteServer', table: nonInviteServerTable, method: 'MESSAGE', side: 'server' },
] as const;

describe.each(machines)('$name', ({ name, table, method, side }) => {
  const ways = side === 'client' ? clientWays[method] : serverWays[method];
  const events = side === 'client' ? clientEvents : serverEvents;
  const cells: Readonly<Record<string, Readonly<Record<string, { readonly next: string }>>>> = table;
  const rows = ways.flatMap((way) =>
    (['udp', 'tcp'] as const).flatMap((transport) => events.map((event) => ({ ...way, transport, event }))),
  );

  function reach(way: Way, transport: 'udp' | 'tcp') {
    const bench = new TransactionBench(transport);
    const driven = side === 'client' ? driveClient(bench, method) : driveServer(bench, method);
    for (const event of way.by) driven.fire(event);
    return { bench, ...driven };
  }

  it.each(rows)('$event in $to after [$by] over $transport', ({ to, by, transport, event }) => {
    const { bench, transaction, fire } = reach({ to, by }, transport);
    if (transaction.state === 'terminated') {
      // A state that lasts no time on a reliable transport.
      expect(transport).toBe('tcp');
      note(bench.steps);
      return;
    }
    expect(transaction.state).toBe(to);
    bench.takeLog();
    fire(event);
    const cell = cells[to]?.[event];
    if (cell === undefined) {
      expect(transaction.state).toBe(to);
      // An ACK that finds no machine is the user's; a response or a send after the end concerns nobody.
      expect(bench.takeLog()).toEqual([]);
    } else if (transport === 'udp') expect(transaction.state).toBe(cell.next);
    note(bench.steps);
    bench.wait(1_000_000);
    finish(bench, transaction);
  });

  it.each(ways)('every timer of $to after [$by] has its cell, and they all end', (way) => {
    for (const transport of ['udp', 'tcp'] as const) {
      const { bench, transaction } = reach(way, transport);
      if (side === 'server' && method === 'INVITE' && way.to === 'proceeding') {
        bench.layer.deferTrying(bench.clock.mono(), transaction as Server);
      }
      for (let guard = 0; guard < 100; guard += 1) {
        for (const timer of transaction.runningTimers())
          expect(cells[transaction.state]).toHaveProperty(timer);
        const at = bench.layer.nextDeadline();
        if (at === undefined) break;
        bench.clock.advanceTo(at);
        bench.layer.advance(bench.clock.mono());
      }
      note(bench.steps);
      finish(bench, transaction);
    }
  });

  /** Brings what waits for its user to an end, and shows that nothing is left. */
  function finish(bench: TransactionBench, transaction: Client | Server): void {
    if (side === 'server') {
      bench.reply(transaction as Server, 486);
    } else if (transaction.state === 'proceeding') {
      (transaction as Client).step(bench.clock.mono(), 'cancelSent');
    }
    bench.wait(1_000_000);
    note(bench.steps);
    expect(transaction.state).toBe('terminated');
    expect(bench.layer.counts()).toEqual({ clients: 0, servers: 0, timers: 0 });
  }

  it('was visited in every cell', () => {
    const expected: string[] = [];
    for (const [state, row] of Object.entries(cells)) {
      for (const event of Object.keys(row)) expected.push(`${name} ${state} ${event}`);
      const isLasting = ways.some((way) => way.to === state);
      if (isLasting) for (const event of events) expected.push(`${name} ${state} ${event}`);
    }
    expect(expected.length).toBeGreaterThan(20);
    expect(expected.filter((cell) => !visited.has(cell))).toEqual([]);
  });
});

describe('the tables', () => {
  it.each(machines)('$name: each cell names its source and leads to a state of the machine', ({ table }) => {
    const rows: Readonly<
      Record<string, Readonly<Record<string, { readonly source: string; readonly next: string }>>>
    > = table;
    for (const row of Object.values(rows)) {
      for (const cell of Object.values(row)) {
        expect(cell.source).toMatch(/^RFC \d+ (§|figure )/);
        expect(Object.keys(table)).toContain(cell.next);
      }
    }
  });
});
