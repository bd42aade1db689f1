import { afterEach, describe, expect, it } from 'vitest';
import { headerValues } from '../../src/sip/message/index.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp() {
  harness = new ProxyHarness({ recordRouteSecrets: [Buffer.from('a secret of the tests')] });
  harness.decide = () => forwardTo(['sip:198.51.100.2'], { failover: 'none' });
  return { caller: harness.peer('203.0.113.1', 5080, 'tcp'), callee: harness.peer('198.51.100.2') };
}

/** A call that a phone behind a connection made, and what its called side has to come back by. */
function called() {
  const { caller, callee } = setUp();
  caller.request();
  const invite = callee.takeRequest('INVITE');
  const ok = callee.respond(invite, 200);
  caller.takeResponse(100);
  caller.takeResponse(200);
  return { caller, callee, invite, ok, routes: headerValues(invite, 'record-route') };
}

describe('RFC 5626 §5.2: flow tokens', () => {
  it('RFC 5626 §5.2: each flow has its own, in the user part of our URI', () => {
    const users = [5080, 5081].map((port) => {
      const { callee } = setUp();
      harness.peer('203.0.113.1', port, 'tcp').request();
      const invite = callee.takeRequest('INVITE');
      callee.respond(invite, 486);
      expect(harness.drain()).toEqual(nothingOpen);
      return headerValues(invite, 'record-route').map((value) => /^<sip:([^@]+)@/.exec(value)?.[1]);
    });
    const tokens = users.flat().filter((user) => user !== undefined);
    expect(tokens).toHaveLength(2);
    expect(new Set(tokens).size).toBe(2);
  });

  it('RFC 5626 §5.2: the flow comes back out of it, without anything kept here', () => {
    const { caller, callee, invite, ok } = called();
    harness.drain();
    callee.inDialogBack('INFO', invite, ok);
    expect(harness.sent.at(-1)?.destination.connectionId).toBe('connection-203.0.113.1:5080');
    caller.respond(caller.takeRequest('INFO'), 200);
    callee.takeResponse(200);
  });
});

describe('RFC 5626 §5.3: requests that come by a token', () => {
  it('RFC 5626 §5.3.1: the Route value with the token is taken off', () => {
    const { caller, callee, invite, ok } = called();
    callee.inDialogBack('INFO', invite, ok);
    const request = caller.takeRequest('INFO');
    expect(headerValues(request, 'route')).toEqual([]);
    caller.respond(request, 200);
  });

  // A token that we cannot read may be another node's, or from before a change of secrets: with 403 the call would lose its
  // BYE, where the Contact mostly leads to the peer as well. What it could gain by a forgery is the way that it has anyway.
  it('RFC 5626 §5.3.1, deviation: a token that was changed is passed over, and the Request-URI decides', () => {
    const { caller, callee, invite, ok, routes } = called();
    const changed = routes.map((value) => value.replace(/^<sip:(\w{6})[\w-](?=[\w-]+@)/, '<sip:$1_'));
    expect(changed).not.toEqual(routes);
    callee.inDialogBack('INFO', invite, ok, { routes: changed });
    expect(harness.sent.at(-1)?.destination).toMatchObject({
      remote: { address: '203.0.113.1', port: 5080 },
      connectionId: undefined,
    });
    caller.respond(caller.takeRequest('INFO'), 200);
    callee.takeResponse(200);
  });

  it('RFC 5626 §5.3: without a token the usual routing applies', () => {
    const { caller, callee, invite, ok } = called();
    callee.inDialogBack('INFO', invite, ok, { routes: ['<sip:192.0.2.1;lr>'] });
    expect(harness.sent.at(-1)?.destination.connectionId).toBeUndefined();
    caller.respond(caller.takeRequest('INFO'), 200);
    callee.takeResponse(200);
  });
});

describe('RFC 5626 §5.1: registrations', () => {
  // Without a Path of ours no registrar can confirm a flow through us: phones learn that they cannot be reached so.
  it('RFC 5626 §5.1, deviation: a REGISTER with reg-id passes without a Path, since we keep no registration flows', () => {
    const { caller, callee } = setUp();
    caller.request({
      method: 'REGISTER',
      requestUri: 'sip:example.org',
      headers: [
        'Supported: path, outbound',
        'Contact: <sip:a@10.0.0.1>;reg-id=1;+sip.instance="<urn:uuid:1>"',
      ],
    });
    const request = callee.takeRequest('REGISTER');
    expect(headerValues(request, 'path')).toEqual([]);
    callee.respond(request, 200);
  });
});
