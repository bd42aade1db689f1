import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';

function load(text: string, environment: Readonly<Record<string, string>> = {}) {
  return loadConfig({ file: { name: 'test.yaml', text }, environment });
}

describe('who answers lookups', () => {
  it('is the database first, memory behind it, and no nearest boundary', () => {
    const loaded = load('');
    expect(loaded.ok && loaded.value.lookup).toEqual({
      first: 'database',
      patienceMs: 200,
      nearestWithinM: 0,
      standby: true,
    });
    expect(loaded.ok && loaded.value.routing.serviceDefaults).toEqual({});
  });

  it('can be configured by file and environment', () => {
    const loaded = load(
      'lookup: { first: memory, nearestWithinM: 2500 }\nrouting: { serviceDefaults: { "urn:service:sos.marine": "sip:coast@192.0.2.2" } }\n',
      { FIRSTLINE_LOOKUP_PATIENCE_MS: '50' },
    );
    expect(loaded.ok && loaded.value.lookup).toMatchObject({
      first: 'memory',
      patienceMs: 50,
      nearestWithinM: 2_500,
    });
    expect(loaded.ok && loaded.value.routing.serviceDefaults).toEqual({
      'urn:service:sos.marine': 'sip:coast@192.0.2.2',
    });
  });

  it.each([
    ['memory first with nothing in memory', 'lookup: { first: memory, standby: false }', 'needs standby'],
    ['an unknown one first', 'lookup: { first: postgres }', 'lookup.first'],
    ['no patience', 'lookup: { patienceMs: 0 }', 'lookup.patienceMs'],
    ['half the Earth', 'lookup: { nearestWithinM: 20000000 }', 'lookup.nearestWithinM'],
    ['a route for no service', 'routing: { serviceDefaults: { fire: "sip:a@b" } }', 'service URN'],
    ['a route that is no SIP URI', 'routing: { serviceDefaults: { "urn:service:sos": "tel:1" } }', 'sip:'],
  ])('refuses %s', (_name, text, message) => {
    const loaded = load(text);
    expect(loaded.ok).toBe(false);
    expect(loaded.ok ? '' : loaded.error.map((each) => each.message).join('; ')).toContain(message);
  });
});
