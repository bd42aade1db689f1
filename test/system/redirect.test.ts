import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { established, hangUp, inviteOf, responseTo } from './dialog.ts';
import { type Call, hostPort, type InviteOptions, invite, multipartBody, pointInfo } from './emergency.ts';
import { type Address, listed, type Peer, type Received, response, udpPeer, value, values } from './peer.ts';
import { type RoutedServer, startRouted } from './routed.ts';

// A server that says where calls go instead of carrying them, PSAPs that send calls elsewhere, and what an ingress that
// proxies ordinary calls adds to them.

const ingresses = {
  redirecting: { mode: 'redirect' },
  recursing: { redirects: 'recurse' },
  passing: { redirects: 'pass' },
  proxying: { nonEmergency: 'proxy' },
} as const;
type Ingress = keyof typeof ingresses;
const names: readonly Ingress[] = ['redirecting', 'recursing', 'passing', 'proxying'];
const sessionTimer = { intervalS: 1_800, minSeS: 120 };

describe('redirection', () => {
  let routed: RoutedServer;
  let ports: readonly number[];
  let psap: Peer;
  let other: Peer;
  let lastResort: Peer;
  let caller: Peer;

  const at = (ingress: Ingress): Address => ({
    address: '127.0.0.1',
    port: ports[names.indexOf(ingress)] ?? 0,
  });
  const psapUri = () => `sip:psap@${hostPort(psap)}`;
  const lastResortUri = () => `sip:last-resort@${hostPort(lastResort)}`;

  beforeAll(async () => {
    ports = await freePorts(names.length + 2);
    const [psapPort = 0, lastResortPort = 0] = ports.slice(names.length);
    routed = await startRouted(
      { town: `sip:psap@127.0.0.1:${psapPort}` },
      {
        defaultRouteUri: `sip:last-resort@127.0.0.1:${lastResortPort}`,
        config: {
          sip: {
            t1Ms: 100,
            sessionTimer,
            listen: names.flatMap((ingress) =>
              ['udp', 'tcp'].map((transport) => ({ transport, ...at(ingress), ingress })),
            ),
          },
          ingress: ingresses,
        },
      },
    );
  });

  afterAll(() => routed?.stop());

  beforeEach(async () => {
    const server = at('recursing');
    const [psapPort = 0, lastResortPort = 0] = ports.slice(names.length);
    caller = await udpPeer(server);
    psap = await udpPeer(server, { port: psapPort });
    other = await udpPeer(server);
    lastResort = await udpPeer(server, { port: lastResortPort });
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(routed.server.output().slice(-3_000));
    await Promise.all([caller, psap, other, lastResort].map((peer) => peer.close()));
  });

  const place = (ingress: Ingress, options: InviteOptions = {}): Call => {
    const call = invite(caller, { body: multipartBody(pointInfo(routed.place('town'))), ...options });
    caller.send(call.bytes, at(ingress));
    return call;
  };
  /** Acknowledges a refusal, so that it is not sent again. */
  const acknowledge = (call: Call, refusal: Received, ingress: Ingress): void => {
    const head = call.bytes.toString('latin1').replace(/\r\n\r\n[\s\S]*$/, '\r\n\r\n');
    const ack = head
      .replace(/^INVITE/, 'ACK')
      .replace('CSeq: 1 INVITE', 'CSeq: 1 ACK')
      .replace(/\r\nTo: [^\r]*/, `\r\nTo: ${value(refusal, 'To')}`)
      .replace(/\r\nContent-Type:[^\r]*/, '')
      .replace(/Content-Length: \d+/, 'Content-Length: 0');
    caller.send(ack, at(ingress));
  };
  const redirect = (at: Peer, request: Received, to: readonly string[]): void => {
    const headers = to.map((uri) => `Contact: ${uri}`);
    at.send(response(request, '302 Moved Temporarily', { toTag: 'moved', headers }), request.source);
  };

  describe('an ingress in redirect mode', () => {
    it('answers with the PSAP as the first Contact and the last resort behind it', async () => {
      const call = place('redirecting');
      const answer = await responseTo(call, caller);
      acknowledge(call, answer, 'redirecting');
      expect(answer.startLine).toBe('SIP/2.0 300 Multiple Choices');
      const contacts = listed(answer, 'Contact');
      expect(contacts).toHaveLength(2);
      expect(contacts[0]).toContain(`<${psapUri()}>;q=1.0`);
      expect(contacts[1]).toContain(`<${lastResortUri()}>;q=0.9`);
      const purposes = values(answer, 'Call-Info').join();
      expect(purposes).toContain('purpose=emergency-CallId');
      expect(purposes).toContain('purpose=emergency-IncidentId');
      const record = await routed.record(call.callId, 'redirected');
      expect(record).toMatchObject({ statusCode: 300, attempts: [] });
      expect([...psap.all, ...lastResort.all]).toEqual([]);
    });

    it('answers 302 where there is one way only', async () => {
      const call = place('redirecting', { body: multipartBody(undefined) });
      const answer = await responseTo(call, caller);
      acknowledge(call, answer, 'redirecting');
      expect(answer.startLine).toBe('SIP/2.0 302 Moved Temporarily');
      expect(listed(answer, 'Contact').join()).toContain(`<${lastResortUri()}>`);
      await routed.record(call.callId, 'redirected');
    });

    it('refuses what is no emergency, as ever', async () => {
      const call = place('redirecting', { requestUri: 'sip:alice@example.org' });
      const answer = await responseTo(call, caller);
      acknowledge(call, answer, 'redirecting');
      expect(answer.startLine).toMatch(/^SIP\/2\.0 403 /);
    });
  });

  describe('an ingress that recurses', () => {
    it('takes the call to where the PSAP sends it, and the caller hears nothing of it', async () => {
      const call = place('recursing');
      redirect(psap, await inviteOf(call, psap), [`<sip:other@${hostPort(other)}>`]);
      await psap.next(/^ACK /);
      const dialog = await established({ call, caller, psap: other });
      expect(dialog.request.startLine).toBe('INVITE urn:service:sos SIP/2.0');
      expect(listed(dialog.request, 'Route')[0]).toContain(`sip:other@${hostPort(other)}`);
      await hangUp(dialog, 'psap');
      expect(caller.all.map(({ startLine }) => startLine).join()).not.toMatch(/SIP\/2\.0 3/);
      const record = await routed.record(call.callId, 'ended');
      expect(record.attempts.map(({ statusCode }) => statusCode)).toEqual([302, 200]);
      expect(lastResort.all).toEqual([]);
    });

    it('tries the contacts by their preference, each once, and then goes to the last resort', async () => {
      const call = place('recursing');
      redirect(psap, await inviteOf(call, psap), [
        `<${psapUri()}>;q=0.9`,
        `<sip:second@${hostPort(other)}>;q=0.3`,
        `<sip:first@${hostPort(other)}>;q=0.7`,
      ]);
      for (const user of ['first', 'second']) {
        const request = await inviteOf(call, other);
        expect(listed(request, 'Route')[0]).toContain(`sip:${user}@`);
        other.send(response(request, '486 Busy Here', { toTag: 'busy' }), request.source);
      }
      const dialog = await established({ call, caller, psap: lastResort });
      await hangUp(dialog, 'caller');
      expect(psap.all.filter(({ startLine }) => startLine.startsWith('INVITE'))).toHaveLength(1);
    });
  });

  describe('an ingress that passes redirections on', () => {
    it('hands them to the caller where the last resort does no better', async () => {
      const call = place('passing');
      redirect(psap, await inviteOf(call, psap), [`<sip:other@${hostPort(other)}>`]);
      const request = await inviteOf(call, lastResort);
      lastResort.send(response(request, '486 Busy Here', { toTag: 'busy' }), request.source);
      const answer = await responseTo(call, caller);
      acknowledge(call, answer, 'passing');
      expect(answer.startLine).toBe('SIP/2.0 302 Moved Temporarily');
      expect(listed(answer, 'Contact')).toEqual([`<sip:other@${hostPort(other)}>`]);
      await routed.record(call.callId, 'redirected');
      expect(other.all).toEqual([]);
    });

    it('lets the last resort answer first', async () => {
      const call = place('passing');
      redirect(psap, await inviteOf(call, psap), [`<sip:other@${hostPort(other)}>`]);
      await hangUp(await established({ call, caller, psap: lastResort }), 'caller');
      expect(other.all).toEqual([]);
    });
  });

  describe('an ingress that proxies ordinary calls', () => {
    const ordinary = (options: InviteOptions = {}): Call =>
      place('proxying', { requestUri: `sip:alice@${hostPort(other)}`, ...options });

    it('asks for session timers on behalf of both sides (RFC 4028 §8)', async () => {
      const call = ordinary({ headers: ['Supported: timer'] });
      const request = await inviteOf(call, other);
      expect(value(request, 'Session-Expires')).toBe(String(sessionTimer.intervalS));
      other.send(
        response(request, '200 OK', { toTag: 'b', headers: [`Contact: <sip:b@${hostPort(other)}>`] }),
      );
      const ok = await responseTo(call, caller);
      expect(value(ok, 'Session-Expires')).toBe(`${sessionTimer.intervalS};refresher=uac`);
      expect(value(ok, 'Require')).toBe('timer');
    });

    it('refuses too short an interval with 422, though not that of an emergency call', async () => {
      const headers = ['Supported: timer', 'Session-Expires: 90'];
      const call = ordinary({ headers });
      const refusal = await responseTo(call, caller);
      acknowledge(call, refusal, 'proxying');
      expect(refusal.startLine).toMatch(/^SIP\/2\.0 422 /);
      expect(value(refusal, 'Min-SE')).toBe(String(sessionTimer.minSeS));
      const emergency = place('proxying', { headers });
      await hangUp(await established({ call: emergency, caller, psap }), 'caller');
    });

    it.each([
      ['Max-Forwards of 0', { replace: { 'Max-Forwards': 'Max-Forwards: 0' } }, 483],
      ['an extension that it does not know', { headers: ['Proxy-Require: privacy-of-the-future'] }, 420],
    ] as const)('refuses %s', async (_name, options, statusCode) => {
      const call = ordinary(options);
      const refusal = await responseTo(call, caller);
      acknowledge(call, refusal, 'proxying');
      expect(refusal.startLine).toContain(` ${statusCode} `);
      expect(other.all).toEqual([]);
    });

    it('bounds how widely the call may fork from here on (RFC 5393 §5)', async () => {
      const call = ordinary({ headers: ['Max-Breadth: 7'] });
      const request = await inviteOf(call, other);
      expect(value(request, 'Max-Breadth')).toBe('7');
      other.send(response(request, '486 Busy Here', { toTag: 'busy' }));
      expect((await responseTo(call, caller)).startLine).toBe('SIP/2.0 486 Busy Here');
      const unbounded = ordinary();
      expect(Number(value(await inviteOf(unbounded, other), 'Max-Breadth'))).toBeGreaterThan(0);
    });
  });
});
