import { describe, expect, it } from 'vitest';
import { serviceUrn } from '../../src/base/index.ts';
import { configSchema } from '../../src/config/index.ts';
import { makeCallOptions } from '../../src/server-settings.ts';
import { type Listener, parseSipUri, type Transport } from '../../src/sip/index.ts';

function listener(transport: Transport, port: number): Listener {
  return {
    transport,
    local: { address: '10.0.0.1', port },
    announced: { host: 'esrp.example.org', port },
    ingress: 'default',
  };
}

describe('what counts as our own address in a Request-URI', () => {
  const config = configSchema.parse({ sip: { aliases: ['sos.example.net'] } });
  const options = makeCallOptions(config, [listener('udp', 5060), listener('tls', 5061), listener('ws', 80)]);

  it.each([
    ['the announced name', 'sip:esrp.example.org', true],
    ['the same with a user', 'sip:ping@ESRP.example.org:5060', true],
    ['the bound address', 'sip:10.0.0.1', true],
    ['a SIPS URI, by the port of TLS', 'sips:esrp.example.org', true],
    ['TLS as a parameter', 'sip:esrp.example.org;transport=tls', true],
    ['WebSocket by its port', 'sip:esrp.example.org;transport=ws', true],
    ['an alias, at whatever port DNS gives it', 'sip:sos.example.net', true],
    ['a port of somebody else', 'sip:esrp.example.org:5099', false],
    ['a SIPS URI at a port that has no TLS but is ours', 'sips:esrp.example.org:5060', true],
    ['another name', 'sip:psap.example.org', false],
  ])('%s: %s', (_name, text, isOwn) => {
    const uri = parseSipUri(text);
    expect(uri.ok && options.isOwnAddress(uri.value)).toBe(isOwn);
  });

  it('nothing before there are listeners', () => {
    const uri = parseSipUri('sip:esrp.example.org');
    expect(uri.ok && makeCallOptions(config, []).isOwnAddress(uri.value)).toBe(false);
  });
});

describe('where callers are taken to be', () => {
  const config = configSchema.parse({
    ingress: {
      default: { defaultPlace: { lat: 29.76, lon: -95.36 } },
      trunk: { defaultPlace: { civic: { country: 'us', A1: 'TX', A2: ' Harris  County ' } } },
    },
    location: { serviceDefaults: { 'urn:service:sos.marine': { lat: 1, lon: 2, radiusM: 300 } } },
    sip: { listen: [{ transport: 'udp', address: '10.0.0.1', port: 5060, ingress: 'trunk' }] },
  });
  const trunk = { ...listener('udp', 5060), ingress: 'trunk' };
  const options = makeCallOptions(config, [trunk]);
  const flowOf = (port: number) => ({
    transport: 'udp' as const,
    local: { address: '10.0.0.1', port },
    remote: { address: '192.0.2.7', port: 5060 },
    connectionId: undefined,
  });

  it('by ingress, as a point', () => {
    expect(options.ingressOf(flowOf(5099)).defaultPlace).toMatchObject({
      source: { kind: 'default', of: 'ingress', name: 'default' },
      shape: { kind: 'point', position: { lon: -95.36, lat: 29.76 } },
      method: 'Default',
    });
  });

  it('by ingress, as an address', () => {
    const place = options.ingressOf(flowOf(5060)).defaultPlace;
    expect([place?.shape, place?.civic?.country]).toEqual([undefined, 'US']);
    expect(place?.civic?.elements.get('A2')).toBe('Harris County');
  });

  it('by service, as a circle', () => {
    const place = options.locate.serviceDefaults.get(serviceUrn('urn:service:sos.marine'));
    expect(place).toMatchObject({
      source: { kind: 'default', of: 'service', name: 'urn:service:sos.marine' },
      shape: { kind: 'circle', center: { lon: 2, lat: 1 }, radiusM: 300 },
    });
  });

  it('nowhere where nothing is configured', () => {
    const plain = makeCallOptions(configSchema.parse({}), []);
    expect(plain.ingressOf(flowOf(5060)).defaultPlace).toBeUndefined();
    expect(plain.locate.serviceDefaults.size).toBe(0);
  });
});

describe('the budget for what lies elsewhere', () => {
  it.each([
    ['as configured', { location: { budgetMs: 1_500 } }, 1_500],
    ['no longer than the decision has, the lookup left out', { location: { budgetMs: 15_000 } }, 2_400],
    ['with a longer decision', { location: { budgetMs: 15_000 }, sip: { decideTimeoutMs: 20_000 } }, 15_000],
    ['never none', { sip: { decideTimeoutMs: 100 } }, 50],
  ])('%s', (_name, values, budgetMs) => {
    expect(makeCallOptions(configSchema.parse(values), []).locate.budgetMs).toBe(budgetMs);
  });
});

describe('whose rules a target goes by', () => {
  const { profileOf } = makeCallOptions(
    configSchema.parse({
      peers: {
        europe: { hosts: ['*.psap.example.eu', '192.0.2.30'], profile: 'etsi-ng112' },
        lab: {
          hosts: ['lab.psap.example.eu', '[2001:DB8::0:1]'],
          networks: ['192.0.2.0/24', '2001:db8:5::/48'],
          profile: 'ietf',
        },
        inner: { hosts: ['*.inner.psap.example.eu'], profile: 'nena-i3' },
      },
    }),
    [],
  ).supply;

  it.each([
    ['a name below a domain', 'sip:112@west.psap.example.eu', 'etsi-ng112'],
    [
      'in any case, with port and parameters',
      'sips:112@West.PSAP.example.eu:5061;transport=tls',
      'etsi-ng112',
    ],
    ['the domain itself is not below itself', 'sip:112@psap.example.eu', 'nena-i3'],
    ['the name itself before its domain', 'sip:lab.psap.example.eu', 'ietf'],
    ['the longest domain', 'sip:a@x.inner.psap.example.eu', 'nena-i3'],
    ['an address in a network', 'sip:psap@192.0.2.20:5070', 'ietf'],
    ['an address by itself before its network', 'sip:psap@192.0.2.30', 'etsi-ng112'],
    ['an IPv6 address in another spelling', 'sip:psap@[2001:db8::1]', 'ietf'],
    ['an IPv6 address in a network', 'sip:psap@[2001:db8:5::7]:5060', 'ietf'],
    ['who is no peer', 'sip:psap@198.51.100.1', 'nena-i3'],
    ['what is no SIP URI', 'tel:112', 'nena-i3'],
  ])('%s: %s', (_name, uri, profile) => {
    expect(profileOf(uri)).toBe(profile);
  });
});
