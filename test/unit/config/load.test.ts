import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  configKeys,
  configTable,
  ingressConfig,
  loadConfig,
  redactConfig,
} from '../../../src/config/index.ts';

function load(text: string, environment: Record<string, string> = {}) {
  return loadConfig({ file: text === '' ? undefined : { name: 'firstline.yaml', text }, environment });
}

function problems(text: string, environment: Record<string, string> = {}): string[] {
  const loaded = load(text, environment);
  return loaded.ok ? [] : loaded.error.map((problem) => `${problem.code} ${problem.message}`);
}

describe('configuration', () => {
  it('has a default for everything', () => {
    const loaded = load('');
    expect(loaded.ok && loaded.value.sip.listen.length).toBe(4);
    expect(loaded.ok && loaded.value.demo.psapPort).toBe(5070);
  });

  it('lets the environment win over the file', () => {
    const loaded = load('sip: { t1Ms: 400, t2Ms: 3000 }', { FIRSTLINE_SIP_T1_MS: '250' });
    expect(loaded.ok && [loaded.value.sip.t1Ms, loaded.value.sip.t2Ms]).toEqual([250, 3000]);
  });

  it('reads lists and groups from the environment', () => {
    const loaded = load('', {
      FIRSTLINE_SIP_LISTEN: '[{transport: udp, address: "::1", port: 0}]',
      FIRSTLINE_INGRESS: '{default: {dialStrings: {"999": urn:service:sos}}}',
      DATABASE_URL: 'postgres://a:b@localhost/c',
      FIRSTLINE_DATA: '/var/lib/firstline',
    });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    expect(loaded.value.sip.listen).toEqual([
      { transport: 'udp', address: '::1', port: 0, ingress: 'default' },
    ]);
    expect(ingressConfig(loaded.value, 'default').dialStrings).toEqual({ '999': 'urn:service:sos' });
    expect(ingressConfig(loaded.value, 'other').dialStrings).toEqual({
      '911': 'urn:service:sos',
      '112': 'urn:service:sos',
    });
    expect(loaded.value.database.url).toBe('postgres://a:b@localhost/c');
    expect(loaded.value.dataDir).toBe('/var/lib/firstline');
  });

  const refused: readonly (readonly [
    name: string,
    text: string,
    environment: Record<string, string>,
    part: string,
  ])[] = [
    ['a value out of range', 'sip: { t1Ms: 1 }', {}, 'sip.t1Ms (FIRSTLINE_SIP_T1_MS)'],
    ['an unknown key', 'sip: { t9Ms: 1 }', {}, 't9Ms'],
    [
      'a TLS listener without a profile',
      'sip: { listen: [{ transport: tls, address: 127.0.0.1 }] }',
      {},
      'needs tls',
    ],
    [
      'a profile that is not there',
      'sip: { listen: [{ transport: wss, address: 127.0.0.1, tls: edge }] }',
      {},
      'no profile "edge" in sip.tls (there: none)',
    ],
    [
      'a profile on a listener without TLS',
      'sip: { listen: [{ transport: tcp, address: 127.0.0.1, tls: edge }] }',
      {},
      'only tls and wss use',
    ],
    [
      'origins on a listener that has none',
      'sip: { listen: [{ transport: udp, address: 127.0.0.1, origins: ["https://a.example"] }] }',
      {},
      'only ws and wss use',
    ],
    ['half of a client certificate', 'sip: { tlsClient: { keyFile: k.pem } }', {}, 'give both or neither'],
    ['a name server that is no address', 'sip: { nameServers: [dns.example.org] }', {}, 'must be an address'],
    ['a short secret', 'sip: { recordRouteSecrets: [abc] }', {}, 'sip.recordRouteSecrets.0'],
    [
      'session timers that contradict each other',
      'sip: { sessionTimer: { intervalS: 90, minSeS: 1800 } }',
      {},
      'must not be less than minSeS',
    ],
    ['a text for a number', '', { FIRSTLINE_SIP_T2_MS: 'soon' }, 'sip.t2Ms'],
    ['a file that is no YAML', 'sip: [', {}, 'config.notYaml'],
    ['a file that is a list', '- 1', {}, 'config.notYaml'],
    [
      'the same listener twice',
      'sip: { listen: [{transport: udp, address: 127.0.0.1}, {transport: udp, address: 127.0.0.1}] }',
      {},
      'listed twice',
    ],
    [
      'every address without an announced one',
      'sip: { listen: [{transport: udp, address: 0.0.0.0}] }',
      {},
      'announcedHost',
    ],
    ['no last resort', 'demo: { psapEnabled: false }', {}, 'last resort'],
    [
      'a default route in a circle',
      'routing: { defaultRouteUri: "sip:x@127.0.0.1:5060" }',
      {},
      'in a circle',
    ],
    [
      'a default route that is no SIP URI',
      'routing: { defaultRouteUri: "tel:911" }',
      {},
      'routing.defaultRouteUri',
    ],
    ['a network that is none', 'sip: { nextHopNetworks: [300.0.0.0/8] }', {}, 'sip.nextHopNetworks.0'],
    ['a dial string of letters', 'ingress: { a: { dialStrings: { help: urn:service:sos } } }', {}, '0-9'],
  ];
  it.each(refused)('refuses %s', (_name, text, environment, part) => {
    expect(problems(text, environment).join('\n')).toContain(part);
  });

  it('lists all problems at once', () => {
    expect(problems('sip: { t1Ms: 1, t2Ms: 1 }\nhttp: 3').length).toBe(3);
  });

  it('does not show the password of the database', () => {
    const loaded = load('', {
      DATABASE_URL: 'postgres://user:opensesame@db.example.net/x?password=opensesame',
    });
    expect(loaded.ok && JSON.stringify(redactConfig(loaded.value))).not.toContain('opensesame');
  });

  it('does not show what is shown to location servers, and what seals references', () => {
    const loaded = load(`
location:
  references:
    credentials:
      lis.example.net: { username: firstline, password: opensesame }
      '*.example.org': { bearerToken: opensesame }
  published: { secrets: [opensesame-opensesame] }
`);
    const shown = loaded.ok ? JSON.stringify(redactConfig(loaded.value)) : '';
    expect(shown).toContain('lis.example.net');
    expect(shown).not.toContain('opensesame');
  });

  it.each([
    ['location: { budgetMs: 2600 }', 'location.budgetMs'],
    ['location: { fallbacks: [cell, cell] }', 'location.fallbacks'],
    ['location: { serviceDefaults: { "urn:service:sos": { lat: 91, lon: 0 } } }', 'location.serviceDefaults'],
    ['location: { server: { uri: "http://lis.example.net" } }', 'location.server'],
    ['peers: { psap: { profile: ietf } }', 'peers'],
    ['ingress: { default: { defaultPlace: { civic: {} } } }', 'ingress'],
    ['http: { listen: [{ address: 127.0.0.1, tls: missing }] }', 'http.listen'],
  ])('refuses %s', (text, where) => {
    expect(problems(text).join()).toContain(where);
  });

  it('is frozen', () => {
    const loaded = load('');
    expect(loaded.ok && Object.isFrozen(loaded.value.sip.listen)).toBe(true);
  });

  it('has each key documented with its default and meaning', () => {
    const document = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(configKeys().length).toBeGreaterThan(25);
    expect(configKeys().filter((key) => key.describe === '')).toEqual([]);
    expect(document).toContain(configTable());
  });
});
