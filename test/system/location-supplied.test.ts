import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { type Authority, type MadeCertificate, makeAuthority } from '../support/net-tls.ts';
import { schemaErrors, schemasSkipped } from '../support/schemas.ts';
import { eventually } from './api.ts';
import { inviteOf, responseTo } from './dialog.ts';
import { invite, sdp } from './emergency.ts';
import { listed, type Peer, type Received, response, udpPeer, value, values } from './peer.ts';
import { type RoutedServer, startRouted } from './routed.ts';

// A server that knows where its callers are though they do not say so: one answering point by nena-i3 gets that as a body
// part, another by ietf as a reference, which is followed over HTTPS as the answering point would.

const provider = 'esrp.example.net';
const heldRequest = '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"/>';

describe('a location that the call did not bring', () => {
  let authority: Authority;
  let certificate: MadeCertificate;
  let routed: RoutedServer;
  let httpsPort: number;
  let i3Psap: Peer;
  let ietfPsap: Peer;
  let caller: Peer;

  beforeAll(async () => {
    const [free = 0, i3Port = 0, ietfPort = 0] = await freePorts(3);
    httpsPort = free;
    authority = await makeAuthority();
    certificate = await authority.issue({ altNames: ['IP:127.0.0.1'], commonName: 'first' });
    const { certificateFile, keyFile } = certificate;
    routed = await startRouted(
      { town: `sip:psap@127.0.0.1:${i3Port}` },
      {
        defaultRouteUri: `sip:psap@127.0.0.2:${ietfPort}`,
        moreHttp: [{ address: '127.0.0.1', port: httpsPort, tls: 'web' }],
        config: {
          sip: { tls: { web: { certificateFile, keyFile, clientCertificate: 'ignore' } } },
          ingress: { default: { defaultPlace: { lat: 40.25, lon: -99.75, radiusM: 500 } } },
          identity: { domain: provider },
          location: { published: { baseUri: `https://127.0.0.1:${httpsPort}/location` } },
          peers: { other: { networks: ['127.0.0.2/32'], profile: 'ietf' } },
        },
      },
    );
    const server = { address: '127.0.0.1', port: routed.server.sipPort };
    i3Psap = await udpPeer(server, { port: i3Port });
    ietfPsap = await udpPeer(server, { address: '127.0.0.2', port: ietfPort });
    caller = await udpPeer(server);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([i3Psap, ietfPsap, caller].map((peer) => peer?.close()));
    await routed?.stop();
    authority?.remove();
  });

  it(`goes on as a new part by nena-i3 and as a reference by ietf, the session description untouched${schemasSkipped}`, async () => {
    const call = invite(caller, { body: Buffer.from(sdp), contentType: 'application/sdp' });
    caller.send(call.bytes);
    const first = await inviteOf(call, i3Psap);
    const id = /^<cid:(.+)>;loc-src=esrp\.example\.net$/.exec(value(first, 'Geolocation'))?.[1];
    expect(value(first, 'Geolocation-Routing')).toBe('yes');
    const parts = partsOf(first);
    expect(parts.map(({ type }) => type)).toEqual(['application/sdp', 'application/pidf+xml']);
    expect(parts[0]?.content).toBe(sdp);
    expect(parts[1]?.head).toContain(`Content-ID: <${id}>`);
    checkDocument(parts[1]?.content ?? '');
    i3Psap.send(response(first, '486 Busy Here', { toTag: 'a' }), first.source);

    const second = await inviteOf(call, ietfPsap);
    expect(second.body.equals(call.body)).toBe(true);
    expect(value(second, 'Content-Type')).toBe('application/sdp');
    const uri =
      /^<(https:\/\/[^>]+)>;loc-src=esrp\.example\.net$/.exec(value(second, 'Geolocation'))?.[1] ?? '';
    const alone = await ask(uri, { headers: { Accept: 'application/pidf+xml' } });
    expect([alone.status, alone.type, alone.headers['cache-control']]).toEqual([
      200,
      'application/pidf+xml',
      'no-store',
    ]);
    expect(alone.headers['access-control-allow-origin']).toBeUndefined();
    checkDocument(alone.text);
    const held = await ask(uri, {
      method: 'POST',
      headers: { 'Content-Type': 'application/held+xml' },
      body: heldRequest,
    });
    expect([held.status, held.type]).toEqual([200, 'application/held+xml']);
    if (schemasSkipped === '') expect(schemaErrors('held', held.text)).toEqual([]);
    expect(held.text).toContain('<gp:method>Default</gp:method>');
    ietfPsap.send(
      response(second, '200 OK', { toTag: 'b', headers: [`Contact: <sip:psap@127.0.0.2:${ietfPsap.port}>`] }),
      second.source,
    );
    expect((await responseTo(call, caller)).startLine).toBe('SIP/2.0 200 OK');
  });

  it('refused by 424: the same answering point gets the call as it came, and answers it', async () => {
    const call = invite(caller);
    caller.send(call.bytes);
    const first = await inviteOf(call, i3Psap);
    // The multipart that came keeps every byte, with one part more.
    const at = first.body.indexOf('\r\n--frontier\r\nContent-Type: application/pidf+xml');
    const grown = first.body.length - call.body.length;
    const without = Buffer.concat([first.body.subarray(0, at), first.body.subarray(at + grown)]);
    expect(without.equals(call.body)).toBe(true);
    i3Psap.send(
      response(first, '424 Bad Location Information', { toTag: 'a', headers: ['Geolocation-Error: 100'] }),
      first.source,
    );
    const again = await inviteOf(call, i3Psap);
    expect(again.body.equals(call.body)).toBe(true);
    expect(values(again, 'Geolocation')).toEqual([]);
    const contact = `Contact: <sip:psap@127.0.0.1:${i3Psap.port}>`;
    i3Psap.send(response(again, '200 OK', { toTag: 'b', headers: [contact] }), again.source);
    const answer = await responseTo(call, caller);
    expect(answer.startLine).toBe('SIP/2.0 200 OK');
    expect(values(answer, 'Geolocation-Error')).toEqual([]);
    const record = await routed.record(call.callId, 'answered');
    expect(record.attempts.map(({ statusCode }) => statusCode)).toEqual([424, 200]);
  });

  it('beside one that the call brought and nobody can follow: that stays as it was', async () => {
    const uri = 'https://127.0.0.3:9/location';
    const call = invite(caller, { headers: [`Geolocation: <${uri}>`, 'Geolocation-Routing: no'] });
    caller.send(call.bytes);
    const first = await inviteOf(call, i3Psap, 15_000);
    // It could not be followed: the default stands in, first, and nothing of the caller's is changed.
    expect(listed(first, 'Geolocation').slice(1)).toEqual([`<${uri}>`]);
    expect(value(first, 'Geolocation-Routing')).toBe('no');
    i3Psap.send(response(first, '603 Decline', { toTag: 'a' }), first.source);
    const second = await inviteOf(call, ietfPsap);
    expect(listed(second, 'Geolocation')[0]).toBe(`<${uri}>`);
    expect(listed(second, 'Geolocation')).toHaveLength(2);
    ietfPsap.send(response(second, '603 Decline', { toTag: 'b' }), second.source);
    await responseTo(call, caller);
  });

  it('RFC 6753 §4.1: a reference that nobody made gives nothing', async () => {
    const uri = `https://127.0.0.1:${httpsPort}/location/${'A'.repeat(200)}`;
    expect((await ask(uri, {})).status).toBe(404);
    const held = await ask(uri, {
      method: 'POST',
      headers: { 'Content-Type': 'application/held+xml' },
      body: heldRequest,
    });
    expect([held.status, /code="([^"]+)"/.exec(held.text)?.[1]]).toEqual([200, 'locationUnknown']);
  });

  it('the REST interface speaks HTTPS too, and asks for its key', async () => {
    const uri = `https://127.0.0.1:${httpsPort}/api/v1/calls`;
    expect((await ask(uri, {})).status).toBe(401);
    expect((await ask(uri, { headers: { Authorization: `Bearer ${routed.key}` } })).status).toBe(200);
    expect((await ask(`https://127.0.0.1:${httpsPort}/readyz`, {})).status).toBe(200);
  });

  it('a certificate that is replaced is shown after SIGHUP', async () => {
    expect(await shownName()).toBe('first');
    authority.replace(
      certificate,
      await authority.issue({ altNames: ['IP:127.0.0.1'], commonName: 'second' }),
    );
    routed.server.signal('SIGHUP');
    await eventually(shownName, (name) => name === 'second');
    expect((await ask(`https://127.0.0.1:${httpsPort}/livez`, {})).status).toBe(200);
  });

  function shownName(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(
        { host: '127.0.0.1', port: httpsPort, ca: readFileSync(authority.caFile) },
        () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        },
      );
      socket.once('error', reject);
    });
  }

  function ask(
    uri: string,
    {
      method = 'GET',
      headers = {},
      body,
    }: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<{
    readonly status: number | undefined;
    readonly type: string | undefined;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly text: string;
  }> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        uri,
        { method, headers, ca: readFileSync(authority.caFile), agent: false },
        async (reply) => {
          const chunks: Buffer[] = [];
          for await (const chunk of reply) chunks.push(chunk);
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: reply.statusCode,
            type: reply.headers['content-type'],
            headers: reply.headers,
            text,
          });
        },
      );
      request.once('error', reject);
      request.end(body);
    });
  }
});

function checkDocument(document: string): void {
  if (schemasSkipped === '') expect(schemaErrors('pidfLo', document)).toEqual([]);
  expect(document).toContain('<gp:method>Default</gp:method>');
  expect(document).toContain(`<pi:DataProviderString>${provider}</pi:DataProviderString>`);
  expect(document).toMatch(/<gml:pos>40\.25 -99\.75<\/gml:pos><gs:radius[^>]*>500</);
  expect(document).toContain('entity="sip:+12025550143@caller.example.org"');
}

/** The parts of a multipart as a plain reader of RFC 2046 finds them. */
function partsOf(
  message: Received,
): readonly { readonly type: string; readonly head: string; readonly content: string }[] {
  const boundary = /boundary=("?)([^";]+)\1/.exec(value(message, 'Content-Type'))?.[2] ?? '';
  const [, ...rest] = `\r\n${message.body.toString('utf8')}`.split(`\r\n--${boundary}`);
  return rest.slice(0, -1).map((part) => {
    const [head = '', ...content] = part.slice(2).split('\r\n\r\n');
    return { head, type: /Content-Type: (\S+)/.exec(head)?.[1] ?? '', content: content.join('\r\n\r\n') };
  });
}
