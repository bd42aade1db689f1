import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import {
  bracketed,
  type Call,
  civicInfo,
  hostPort,
  inDialog,
  invite,
  multipartBody,
  pointInfo,
  sdp,
} from './emergency.ts';
import { databaseKinds, describeWith, type TestDatabase } from './environment.ts';
import {
  type Address,
  listed,
  type Peer,
  type Received,
  response,
  tcpPeer,
  udpPeer,
  value,
  values,
} from './peer.ts';

// Single calls through the whole server, seen from both ends of the wire: what a PSAP is sent, what a caller is told,
// and where a call goes when something is wrong.

/** The Empire State Building, in New York County (FIPS 36061). */
const manhattan = { lat: 40.7484, lon: -73.9857 };
const manhattanPsap = 'psap-36061';
/** In the Atlantic Ocean, in no county. */
const ocean = { lat: 35, lon: -50 };
const t1Ms = 100;

for (const kind of databaseKinds) {
  describeWith(`a call on ${kind.name}`, kind.needs, () => {
    let database: TestDatabase;
    let server: ServerProcess;
    let address: Address;
    let psapPort = 0;
    let lastResortPort = 0;
    let caller: Peer;
    let psap: Peer;
    let lastResort: Peer;

    beforeAll(async () => {
      database = await kind.open();
      [psapPort = 0, lastResortPort = 0] = await freePorts(2);
      server = await startServer({
        databaseUrl: database.url,
        psapPort,
        defaultRouteUri: `sip:last-resort@127.0.0.1:${lastResortPort}`,
        config: { sip: { t1Ms, t2Ms: 400 } },
      });
      address = { address: '127.0.0.1', port: server.sipPort };
    });

    afterAll(async () => {
      await server?.stop();
      server?.remove();
      await database?.close();
    });

    beforeEach(async () => {
      caller = await udpPeer(address);
      psap = await udpPeer(address, { port: psapPort });
      lastResort = await udpPeer(address, { port: lastResortPort });
    });

    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') console.error(server.output().slice(-6_000));
      await Promise.all([caller, psap, lastResort].map((peer) => peer.close()));
    });

    const placed = (options: Parameters<typeof invite>[1] = {}, from = caller): Call => {
      const call = invite(from, { body: multipartBody(pointInfo(manhattan)), ...options });
      from.send(call.bytes);
      return call;
    };
    const arrival = async (call: Call, at = psap, timeoutMs = 5_000): Promise<Received> => {
      for (;;) {
        const request = await at.next(/^INVITE /, timeoutMs);
        if (value(request, 'Call-ID') === call.callId) return request;
      }
    };
    const answer = (at: Peer, request: Received, toTag = 'psap-tag'): void => {
      const contact = `Contact: <sip:calltaker@${hostPort(at)}>`;
      at.send(response(request, '200 OK', { toTag, headers: [contact] }), request.source);
    };
    /** Places a call and brings it to its answer; both sides' routes are as their dialog has them. */
    const established = async (from = caller) => {
      const call = placed({}, from);
      const request = await arrival(call);
      answer(psap, request);
      const ok = await from.next(/^SIP\/2\.0 200 /);
      const dialog = {
        callerRoutes: [...listed(ok, 'Record-Route')].reverse(),
        psapRoutes: listed(request, 'Record-Route'),
        callerFrom: value(request, 'From'),
        psapTo: value(ok, 'To'),
        target: bracketed(value(ok, 'Contact')),
      };
      from.send(
        inDialog(from, {
          method: 'ACK',
          target: dialog.target,
          routes: dialog.callerRoutes,
          from: dialog.callerFrom,
          to: dialog.psapTo,
          callId: call.callId,
          cseq: 1,
        }),
      );
      await psap.next(/^ACK /);
      return { call, request, ok, ...dialog };
    };

    describe('as the PSAP receives it', () => {
      it('has the PSAP as its top Route and the service URN as its Request-URI', async () => {
        const request = await arrival(placed());
        expect(request.startLine).toBe('INVITE urn:service:sos SIP/2.0');
        expect(listed(request, 'Route')).toEqual([`<sip:${manhattanPsap}@127.0.0.1:${psapPort};lr>`]);
        answer(psap, request);
      });

      it('has the server’s Via above the caller’s, which is marked with its source', async () => {
        const call = placed();
        const request = await arrival(call);
        const [own = '', theirs = '', ...more] = listed(request, 'Via');
        expect(more).toEqual([]);
        expect(own).toMatch(
          new RegExp(`^SIP/2\\.0/UDP 127\\.0\\.0\\.1:${server.sipPort}\\b.*;branch=z9hG4bK`),
        );
        expect(own).not.toContain(call.branch);
        expect(theirs).toContain(`SIP/2.0/UDP ${hostPort(caller)}`);
        expect(theirs).toContain(`branch=${call.branch}`);
        expect(theirs).toContain(`rport=${caller.port}`);
        expect(theirs).toContain('received=127.0.0.1');
        answer(psap, request);
      });

      it('has one hop less to go and the server in its Record-Route', async () => {
        const request = await arrival(placed());
        expect(value(request, 'Max-Forwards')).toBe('69');
        const [route = '', ...more] = listed(request, 'Record-Route');
        expect(more).toEqual([]);
        expect(bracketed(route)).toMatch(
          new RegExp(`^sip:([^@]*@)?127\\.0\\.0\\.1:${server.sipPort}\\b.*;lr`),
        );
        answer(psap, request);
      });

      it('has the identifiers and the priority that it came without', async () => {
        const request = await arrival(placed());
        const info = listed(request, 'Call-Info');
        expect(
          info.filter((text) => /^<urn:emergency:uid:callid:[^>]+>;\s*purpose=emergency-CallId$/.test(text)),
        ).toHaveLength(1);
        expect(
          info.filter((text) =>
            /^<urn:emergency:uid:incidentid:[^>]+>;\s*purpose=emergency-IncidentId$/.test(text),
          ),
        ).toHaveLength(1);
        expect(value(request, 'Resource-Priority')).toBe('esnet.1');
        answer(psap, request);
      });

      it('keeps the identifiers and the priority that it came with', async () => {
        const headers = [
          'Call-Info: <urn:emergency:uid:callid:abc:bcf.example.net>;purpose=emergency-CallId',
          'Call-Info: <urn:emergency:uid:incidentid:def:bcf.example.net>;purpose=emergency-IncidentId',
          'Call-Info: <https://adr.example.net/1>;purpose=EmergencyCallData.ServiceInfo',
          'Resource-Priority: esnet.3',
        ];
        const request = await arrival(placed({ headers }));
        expect(listed(request, 'Call-Info')).toEqual(
          headers.slice(0, 3).map((line) => line.slice('Call-Info: '.length)),
        );
        expect(value(request, 'Resource-Priority')).toBe('esnet.3');
        answer(psap, request);
      });

      it('has its body byte for byte', async () => {
        const call = placed();
        const request = await arrival(call);
        expect(Buffer.compare(request.body, call.body)).toBe(0);
        expect(value(request, 'Content-Length')).toBe(String(call.body.length));
        answer(psap, request);
      });

      it('has every other header as the caller wrote it', async () => {
        const call = placed({
          headers: ['Geolocation: <cid:location@caller.example.org>', 'x-a: 1', 'X-A: 2'],
        });
        const request = await arrival(call);
        const text = request.bytes.toString('latin1');
        expect(text).toContain('\r\nx-unknown:  kept as it is ;with=odd  spacing\r\n');
        expect(text).toContain('\r\nx-a: 1\r\nX-A: 2\r\n');
        expect(text).toContain('\r\nGeolocation: <cid:location@caller.example.org>\r\n');
        expect(text).toContain(
          `\r\nFrom: "Caller" <sip:+12025550143@caller.example.org>;tag=${call.fromTag}\r\n`,
        );
        expect(value(request, 'Contact')).toBe(`<sip:caller@${hostPort(caller)};transport=udp>`);
        answer(psap, request);
      });
    });

    describe('is recognised and located', () => {
      const replaced: readonly (readonly [string, string])[] = [
        ['sos at any domain', 'sip:sos@carrier.example.net'],
        ['sos at any domain, secure', 'sips:sos@carrier.example.net'],
        ['the dial string 911', 'sip:911@carrier.example.net;user=phone'],
        ['the dial string 112', 'sip:112@carrier.example.net'],
      ];
      it.each(replaced)('%s: the service URN takes its place', async (_name, requestUri) => {
        const request = await arrival(placed({ requestUri }));
        expect(request.startLine).toBe('INVITE urn:service:sos SIP/2.0');
        expect(values(request, 'History-Info').join()).toContain(requestUri.split(';')[0]);
        expect(listed(request, 'Route')[0]).toContain(`sip:${manhattanPsap}@`);
        answer(psap, request);
      });

      it('a service below sos keeps its URN and is served by the boundary for sos', async () => {
        const request = await arrival(placed({ requestUri: 'urn:service:sos.fire' }));
        expect(request.startLine).toBe('INVITE urn:service:sos.fire SIP/2.0');
        expect(listed(request, 'Route')[0]).toContain(`sip:${manhattanPsap}@`);
        answer(psap, request);
      });

      it('with a Geolocation header that names the body part', async () => {
        const request = await arrival(
          placed({ headers: ['Geolocation: <cid:location@caller.example.org>'] }),
        );
        expect(listed(request, 'Route')[0]).toContain(`sip:${manhattanPsap}@`);
        answer(psap, request);
      });

      it('by a civic address that names areas only', async () => {
        const body = multipartBody(civicInfo({ country: 'US', A1: 'NY', A2: 'New York' }));
        const request = await arrival(placed({ body }));
        expect(listed(request, 'Route')[0]).toContain(`sip:${manhattanPsap}@`);
        answer(psap, request);
      });
    });

    describe('runs its course', () => {
      it('tells the caller 100 at once, then what the PSAP says, without the server’s Via', async () => {
        const call = placed();
        expect((await caller.next(/^SIP\/2\.0 100 /)).startLine).toBe('SIP/2.0 100 Trying');
        const request = await arrival(call);
        psap.send(response(request, '180 Ringing', { toTag: 'psap-tag' }), request.source);
        const ringing = await caller.next(/^SIP\/2\.0 180 /);
        expect(listed(ringing, 'Via')).toHaveLength(1);
        expect(value(ringing, 'Via')).toContain(`branch=${call.branch}`);
        answer(psap, request);
        const ok = await caller.next(/^SIP\/2\.0 200 /);
        expect(listed(ok, 'Via')).toHaveLength(1);
        expect(value(ok, 'Contact')).toBe(`<sip:calltaker@${hostPort(psap)}>`);
      });

      it('a retransmitted INVITE is not forwarded a second time', async () => {
        const call = placed();
        const request = await arrival(call);
        psap.send(response(request, '180 Ringing', { toTag: 'psap-tag' }), request.source);
        await caller.next(/^SIP\/2\.0 180 /);
        caller.send(call.bytes);
        await caller.next(/^SIP\/2\.0 180 /);
        answer(psap, request);
        await caller.next(/^SIP\/2\.0 200 /);
        const branches = psap.all
          .filter((message) => value(message, 'Call-ID') === call.callId)
          .filter((message) => message.startLine.startsWith('INVITE'))
          .map((message) => listed(message, 'Via')[0]);
        expect(new Set(branches).size).toBe(1);
      });

      it('ACK and the caller’s BYE go through along the route set', async () => {
        const dialog = await established();
        caller.send(
          inDialog(caller, {
            method: 'BYE',
            target: dialog.target,
            routes: dialog.callerRoutes,
            from: dialog.callerFrom,
            to: dialog.psapTo,
            callId: dialog.call.callId,
            cseq: 2,
          }),
        );
        const bye = await psap.next(/^BYE /);
        expect(bye.startLine).toBe(`BYE sip:calltaker@${hostPort(psap)} SIP/2.0`);
        expect(listed(bye, 'Route')).toEqual([]);
        psap.send(response(bye, '200 OK'), bye.source);
        expect(value(await caller.next(/^SIP\/2\.0 200 /), 'CSeq')).toBe('2 BYE');
      });

      it('the PSAP’s BYE goes through along the route set', async () => {
        const dialog = await established();
        psap.send(
          inDialog(psap, {
            method: 'BYE',
            target: `sip:caller@${hostPort(caller)};transport=udp`,
            routes: dialog.psapRoutes,
            from: dialog.psapTo,
            to: dialog.callerFrom,
            callId: dialog.call.callId,
            cseq: 1,
          }),
        );
        const bye = await caller.next(/^BYE /);
        expect(listed(bye, 'Route')).toEqual([]);
        caller.send(response(bye, '200 OK'), bye.source);
        expect(value(await psap.next(/^SIP\/2\.0 200 /), 'CSeq')).toBe('1 BYE');
      });

      it('a re-INVITE goes to the PSAP that answered, with its own body', async () => {
        const dialog = await established();
        caller.send(
          inDialog(caller, {
            method: 'INVITE',
            target: dialog.target,
            routes: dialog.callerRoutes,
            from: dialog.callerFrom,
            to: dialog.psapTo,
            callId: dialog.call.callId,
            cseq: 2,
            body: sdp,
          }),
        );
        const again = await psap.next(/^INVITE sip:calltaker@/);
        expect(again.body.toString()).toBe(sdp);
        expect(listed(again, 'Route')).toEqual([]);
        answer(psap, again);
        expect(value(await caller.next(/^SIP\/2\.0 200 /), 'CSeq')).toBe('2 INVITE');
      });

      it('CANCEL before the answer reaches the PSAP, and the caller is told 487', async () => {
        const call = placed();
        const request = await arrival(call);
        psap.send(response(request, '180 Ringing', { toTag: 'psap-tag' }), request.source);
        await caller.next(/^SIP\/2\.0 180 /);
        caller.send(
          call.bytes
            .toString('latin1')
            .replace(/\r\n\r\n[\s\S]*$/, '\r\n\r\n')
            .replace('INVITE urn', 'CANCEL urn')
            .replace('CSeq: 1 INVITE', 'CSeq: 1 CANCEL')
            .replace(/\r\nContent-Type:[^\r]*/, '')
            .replace(/Content-Length: \d+/, 'Content-Length: 0'),
        );
        const cancel = await psap.next(/^CANCEL /);
        expect(listed(cancel, 'Via')).toEqual([listed(request, 'Via')[0]]);
        expect(value(cancel, 'CSeq')).toBe('1 CANCEL');
        psap.send(response(cancel, '200 OK', { toTag: 'psap-tag' }), cancel.source);
        psap.send(response(request, '487 Request Terminated', { toTag: 'psap-tag' }), request.source);
        await psap.next(/^ACK /);
        const answers = [await caller.next(/^SIP\/2\.0 [24]/), await caller.next(/^SIP\/2\.0 [24]/)];
        expect(
          answers.map((message) => `${message.startLine.slice(8, 11)} ${value(message, 'CSeq')}`),
        ).toEqual(['200 1 CANCEL', '487 1 INVITE']);
      });

      it('over TCP to a PSAP on UDP it has two Record-Routes, and its dialog works', async () => {
        const overTcp = await tcpPeer(address);
        try {
          const dialog = await established(overTcp);
          const routes = dialog.psapRoutes.map(bracketed);
          expect(routes).toHaveLength(2);
          expect(routes.filter((route) => /;transport=tcp/i.test(route))).toHaveLength(1);
          psap.send(
            inDialog(psap, {
              method: 'BYE',
              target: `sip:caller@${hostPort(overTcp)};transport=tcp`,
              routes: dialog.psapRoutes,
              from: dialog.psapTo,
              to: dialog.callerFrom,
              callId: dialog.call.callId,
              cseq: 1,
            }),
          );
          const bye = await overTcp.next(/^BYE /);
          overTcp.send(response(bye, '200 OK'));
          expect(value(await psap.next(/^SIP\/2\.0 200 /), 'CSeq')).toBe('1 BYE');
        } finally {
          await overTcp.close();
        }
      });

      it('over IPv6 to a PSAP on IPv4 it has two Record-Routes', async () => {
        const overIpv6 = await udpPeer({ address: '::1', port: server.sipPort }, { address: '::1' });
        try {
          const { psapRoutes } = await established(overIpv6);
          expect(psapRoutes).toHaveLength(2);
          expect(psapRoutes.filter((route) => route.includes('[::1]'))).toHaveLength(1);
        } finally {
          await overIpv6.close();
        }
      });
    });

    describe('takes the default route', () => {
      const lost: readonly (readonly [string, Parameters<typeof invite>[1]])[] = [
        ['without a location', { body: multipartBody(undefined) }],
        ['with a session description alone', { body: Buffer.from(sdp), contentType: 'application/sdp' }],
        ['with a location that cannot be read', { body: multipartBody('<gml:Point><gml:pos>north') }],
        ['with a location in no boundary', { body: multipartBody(pointInfo(ocean)) }],
        [
          'with a civic address that fits more than one boundary',
          { body: multipartBody(civicInfo({ country: 'US', A1: 'NY' })) },
        ],
        [
          'with a civic address that nothing knows',
          { body: multipartBody(civicInfo({ country: 'US', A1: 'NY', A2: 'Nowhere' })) },
        ],
      ];
      it.each(lost)('%s', async (_name, options) => {
        const call = placed(options);
        const request = await arrival(call, lastResort);
        expect(listed(request, 'Route')).toEqual([`<sip:last-resort@127.0.0.1:${lastResortPort};lr>`]);
        expect(Buffer.compare(request.body, call.body)).toBe(0);
        answer(lastResort, request);
        await caller.next(/^SIP\/2\.0 200 /);
      });

      it.each([
        ['busy', '486 Busy Here'],
        ['failing', '500 Server Internal Error'],
        ['overloaded', '503 Service Unavailable'],
        ['declining', '603 Decline'],
      ])('when the PSAP is %s', async (_name, status) => {
        const call = placed();
        const refused = await arrival(call);
        psap.send(response(refused, status, { toTag: 'psap-tag' }), refused.source);
        await psap.next(/^ACK /);
        const request = await arrival(call, lastResort);
        expect(listed(request, 'Route')).toEqual([`<sip:last-resort@127.0.0.1:${lastResortPort};lr>`]);
        answer(lastResort, request, 'other-tag');
        expect(value(await caller.next(/^SIP\/2\.0 [2-6]/), 'To')).toContain('tag=other-tag');
      });

      it('when the PSAP is silent', async () => {
        await psap.close();
        const call = placed();
        const request = await arrival(call, lastResort, 64 * t1Ms + 5_000);
        answer(lastResort, request, 'other-tag');
        expect(value(await caller.next(/^SIP\/2\.0 [2-6]/), 'To')).toContain('tag=other-tag');
        psap = await udpPeer(address, { port: psapPort });
      });
    });

    describe('is routed although it is broken', () => {
      const broken: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
        ['an unclosed quotation mark in From', { From: 'From: "Caller <sip:caller@example.org>;tag=x' }],
        ['a Contact that is no URI', { Contact: 'Contact: <<nowhere>>' }],
        ['a Max-Forwards that is no number', { 'Max-Forwards': 'Max-Forwards: many' }],
        ['no Max-Forwards', { 'Max-Forwards': '' }],
        ['a header line without a colon', { 'X-Unknown': 'this is no header' }],
        ['a To that is no URI', { To: 'To: emergency' }],
      ];
      it.each(broken)('%s', async (_name, replace) => {
        const call = placed({ replace });
        const request = await arrival(call);
        expect(listed(request, 'Route')[0]).toContain(`sip:${manhattanPsap}@`);
        expect(Buffer.compare(request.body, call.body)).toBe(0);
        answer(psap, request);
        await caller.next(/^SIP\/2\.0 200 /);
      });
    });

    describe('is refused', () => {
      it('when it is no emergency call', async () => {
        placed({ requestUri: 'sip:alice@example.org' });
        const refusal = await caller.next(/^SIP\/2\.0 [2-6]/);
        expect(refusal.startLine).toMatch(/^SIP\/2\.0 (?:403|404|604) /);
      });

      it('with 400 and the reason, when it is no emergency call and broken', async () => {
        placed({ requestUri: 'sip:alice@example.org', replace: { CSeq: 'CSeq: many INVITE' } });
        const refusal = await caller.next(/^SIP\/2\.0 [2-6]/);
        expect(refusal.startLine).toMatch(/^SIP\/2\.0 400 .*CSeq/);
      });
    });
  });
}
