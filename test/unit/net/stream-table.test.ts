import { describe, expect, it } from 'vitest';
import type { MonoMs } from '../../../src/base/index.ts';
import { defaultNetLimits } from '../../../src/net/index.ts';
import { StreamTable, type TableMember } from '../../../src/net/stream-table.ts';
import { ManualClock } from '../../support/manual-clock.ts';

interface Fake extends TableMember {
  activeAt: MonoMs;
  isBusy: boolean;
  use: TableMember['use'];
  readonly name: string;
}

function tableWith(limits: { readonly connectionsMax: number; readonly connectionsPerAddressMax: number }) {
  const clock = new ManualClock();
  const out: string[] = [];
  const stream = { ...defaultNetLimits.stream, evictUnusedMs: 5_000, evictIdleMs: 30_000, ...limits };
  const table = new StreamTable(stream, clock);
  const put = (name: string, parts: Partial<Fake> & { readonly address?: string } = {}): Fake => {
    const member: Fake = {
      name,
      address: '192.0.2.1',
      direction: 'accepted',
      activeAt: clock.mono(),
      isBusy: false,
      use: 'nothing',
      putOut: () => out.push(name),
      ...parts,
    };
    table.add(member);
    return member;
  };
  return { clock, table, out, put };
}

describe('at the limit of one address', () => {
  const limits = { connectionsMax: 1_000, connectionsPerAddressMax: 3 };

  it('what never carried a message makes room first, then the longest idle, then what carried calls', () => {
    const { clock, table, out, put } = tableWith(limits);
    put('calls', { use: 'calls' });
    clock.advanceBy(1_000);
    put('messages', { use: 'messages' });
    clock.advanceBy(1_000);
    put('nothing');
    clock.advanceBy(61_000);
    for (const name of ['one', 'two', 'three']) {
      expect(table.admit('192.0.2.1')).toBeUndefined();
      put(name, { isBusy: true });
    }
    expect(out).toEqual(['nothing', 'messages', 'calls']);
    expect(table.admit('192.0.2.1')).toBe('addressLimit');
  });

  it('nobody makes room who is busy or was active a moment ago', () => {
    const { clock, table, out, put } = tableWith(limits);
    put('busy', { use: 'calls', isBusy: true });
    clock.advanceBy(100_000);
    const active = put('active', { use: 'messages' });
    put('new');
    expect(table.admit('192.0.2.1')).toBe('addressLimit');
    clock.advanceBy(4_900);
    expect(table.admit('192.0.2.1')).toBe('addressLimit');
    active.activeAt = clock.mono();
    clock.advanceBy(100);
    expect(table.admit('192.0.2.1')).toBeUndefined();
    expect(out).toEqual(['new']);
  });

  it('a connection of calls is kept twice as long as others', () => {
    const { clock, table, put } = tableWith({ ...limits, connectionsPerAddressMax: 1 });
    put('calls', { use: 'calls' });
    clock.advanceBy(59_900);
    expect(table.admit('192.0.2.1')).toBe('addressLimit');
    clock.advanceBy(100);
    expect(table.admit('192.0.2.1')).toBeUndefined();
  });

  it('other addresses are not touched', () => {
    const { clock, table, out, put } = tableWith({ ...limits, connectionsPerAddressMax: 1 });
    put('other', { address: '192.0.2.2' });
    put('busy', { isBusy: true });
    clock.advanceBy(100_000);
    expect(table.admit('192.0.2.1')).toBe('addressLimit');
    expect(table.admit('192.0.2.3')).toBeUndefined();
    expect(out).toEqual([]);
  });

  it('one that becomes idle is found soon after a search in vain', () => {
    const { clock, table, put } = tableWith({ ...limits, connectionsPerAddressMax: 1 });
    const member = put('busy', { isBusy: true });
    clock.advanceBy(100_000);
    expect(table.admit('192.0.2.1')).toBe('addressLimit');
    member.isBusy = false;
    clock.advanceBy(100);
    expect(table.admit('192.0.2.1')).toBeUndefined();
  });
});

describe('at the limit of all', () => {
  it('a tenth is kept for connections of our own', () => {
    const { table, put } = tableWith({ connectionsMax: 10, connectionsPerAddressMax: 100 });
    for (let index = 0; index < 9; index += 1) put(`${index}`, { isBusy: true });
    expect(table.admit('192.0.2.9')).toBe('totalLimit');
    expect(table.mayOpen()).toBe(true);
    put('ours', { direction: 'opened', isBusy: true });
    expect(table.mayOpen()).toBe(false);
  });

  it('silent connections make room, whoever made them; those of our own never do', () => {
    const { clock, table, out, put } = tableWith({ connectionsMax: 3, connectionsPerAddressMax: 100 });
    put('ours', { direction: 'opened', use: 'messages' });
    put('used', { use: 'messages', address: '192.0.2.2' });
    put('silent');
    clock.advanceBy(1_000_000);
    expect(table.admit('192.0.2.9')).toBeUndefined();
    expect(table.mayOpen()).toBe(true);
    put('busy', { isBusy: true });
    put('busy too', { isBusy: true });
    expect(table.mayOpen()).toBe(true);
    expect(out).toEqual(['silent', 'used']);
    put('busy three', { isBusy: true });
    expect(table.mayOpen()).toBe(false);
  });

  it('a flood costs little for each newcomer', () => {
    const { clock, table, out, put } = tableWith({
      connectionsMax: 20_000,
      connectionsPerAddressMax: 20_000,
    });
    let looks = 0;
    for (let index = 0; index < 18_000; index += 1) {
      put(`${index}`, {
        get isBusy() {
          looks += 1;
          return false;
        },
      });
    }
    clock.advanceBy(10_000);
    for (let index = 0; index < 1_000; index += 1) {
      expect(table.admit('192.0.2.1')).toBeUndefined();
      put(`new ${index}`);
    }
    expect(out).toHaveLength(1_000);
    expect(looks).toBeLessThan(1_000 * 400);
    // Where no one can make room the search is not repeated for each.
    looks = 0;
    const full = tableWith({ connectionsMax: 1_000, connectionsPerAddressMax: 1_000 });
    for (let index = 0; index < 900; index += 1) {
      full.put(`${index}`, {
        use: 'messages',
        get isBusy() {
          looks += 1;
          return true;
        },
      });
    }
    for (let index = 0; index < 1_000; index += 1) expect(full.table.admit('192.0.2.1')).toBe('totalLimit');
    expect(looks).toBeLessThan(3_000);
  });

  it('a member that is removed twice counts once', () => {
    const { table, put } = tableWith({ connectionsMax: 2, connectionsPerAddressMax: 1 });
    const member = put('one');
    table.remove(member);
    table.remove(member);
    expect(table.size).toBe(0);
    put('two');
    expect(table.admit('192.0.2.1')).toBe('addressLimit');
  });
});
