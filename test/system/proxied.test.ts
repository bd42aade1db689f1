import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { hostPort, invite, multipartBody, pointInfo } from './emergency.ts';
import { listed, type Peer, response, udpPeer, value, values } from './peer.ts';

// An ingress that proxies what is no emergency, on its way to wherever its Request-URI says.

describe('an ingress with nonEmergency: proxy', () => {
  let server: ServerProcess;
  let caller: Peer;
  let callee: Peer;
  let psap: Peer;
  let psapPort = 0;

  beforeAll(async () => {
    [psapPort = 0] = await freePorts(1);
    server = await startServer({
      psapPort,
      defaultRouteUri: `sip:last-resort@127.0.0.1:${psapPort}`,
      config: { ingress: { default: { nonEmergency: 'proxy' } } },
    });
  });

  afterAll(async () => {
    await server?.stop();
    server?.remove();
  });

  beforeEach(async () => {
    const address = { address: '127.0.0.1', port: server.sipPort };
    caller = await udpPeer(address);
    callee = await udpPeer(address);
    psap = await udpPeer(address, { port: psapPort });
  });

  afterEach(async () => {
    await Promise.all([caller, callee, psap].map((peer) => peer.close()));
  });

  it('forwards an ordinary call by its Request-URI, with nothing of an emergency added', async () => {
    const requestUri = `sip:alice@${hostPort(callee)}`;
    caller.send(
      invite(caller, { requestUri, body: multipartBody(pointInfo({ lat: 40.75, lon: -73.99 })) }).bytes,
    );
    const request = await callee.next(/^INVITE /);
    expect(request.startLine).toBe(`INVITE ${requestUri} SIP/2.0`);
    expect(listed(request, 'Record-Route')).toHaveLength(1);
    expect([...values(request, 'Resource-Priority'), ...values(request, 'Call-Info')]).toEqual([]);
    callee.send(response(request, '486 Busy Here', { toTag: 'callee' }), request.source);
    expect((await caller.next(/^SIP\/2\.0 [2-6]/)).startLine).toBe('SIP/2.0 486 Busy Here');
  });

  it('still sends an emergency call to its PSAP', async () => {
    caller.send(invite(caller, { body: multipartBody(pointInfo({ lat: 40.7484, lon: -73.9857 })) }).bytes);
    const request = await psap.next(/^INVITE /);
    expect(listed(request, 'Route')[0]).toContain('sip:psap-36061@');
    expect(value(request, 'Resource-Priority')).toBe('esnet.1');
  });
});
