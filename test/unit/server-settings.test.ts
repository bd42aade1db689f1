import { describe, expect, it } from 'vitest';
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
