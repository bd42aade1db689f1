import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  buildResponse,
  defaultMessageLimits,
  headerValues,
  parseMessage,
  type SipRequest,
} from '../../src/sip/index.ts';
import { type LiveProxy, startLiveProxy } from '../support/live-proxy.ts';
import { eventually, rawClient, rawServer, rawUdp } from '../support/net-loopback.ts';
import { type Authority, makeAuthority } from '../support/net-tls.ts';
import { forwardTo } from '../support/proxy-harness.ts';

// On real sockets: a caller by TCP, a called side by UDP, and requests of the called side back to the caller.

let authority: Authority;
const open: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});

afterAll(() => authority.remove());

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function answeredCall() {
  const callee = await rawUdp();
  open.push(() => callee.socket.close());
  const certificate = await authority.issue({ altNames: ['IP:127.0.0.1'] });
  const proxy: LiveProxy = await startLiveProxy(certificate, () =>
    forwardTo([`sip:127.0.0.1:${callee.endpoint.port}`], { isEmergency: true }),
  );
  open.push(async () => expect(await proxy.stop()).toEqual([]));
  const heardByListener: string[] = [];
  const listening = await rawServer((socket) =>
    socket.on('data', (chunk: Buffer) => heardByListener.push(chunk.toString('latin1'))),
  );
  open.push(() => listening.close());
  const caller = await rawClient(proxy.listener('tcp').local);
  open.push(() => caller.socket.destroy());
  const contact = `<sip:caller@127.0.0.1:${listening.endpoint.port};transport=tcp>`;
  await caller.write(
    [
      'INVITE urn:service:sos SIP/2.0',
      'Via: SIP/2.0/TCP 127.0.0.1:5999;branch=z9hG4bKtcpcall',
      'Max-Forwards: 70',
      'From: <sip:caller@example.net>;tag=a',
      'To: <urn:service:sos>',
      'Call-ID: tcp-call',
      'CSeq: 1 INVITE',
      `Contact: ${contact}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
  await eventually(() => expect(callee.heard.length).toBeGreaterThan(0));
  const invite = requestOf(callee.heard[0]?.bytes);
  const recorded = headerValues(invite, 'record-route');
  const { bytes } = buildResponse(invite, {
    statusCode: 200,
    toTag: 'b',
    headers: [
      ...recorded.map((value) => ['Record-Route', value] as const),
      ['Contact', `<sip:psap@127.0.0.1:${callee.endpoint.port}>`] as const,
    ],
  });
  const udp = proxy.listener('udp').local;
  const send = (text: string | Buffer): void => callee.socket.send(text, udp.port, udp.address);
  send(bytes);
  await eventually(() => expect(caller.text()).toContain('SIP/2.0 200'));
  const request = (method: string): void =>
    send(
      [
        `${method} ${contact.slice(1, -1)} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${callee.endpoint.port};branch=z9hG4bKback${method}`,
        ...recorded.map((value) => `Route: ${value}`),
        'Max-Forwards: 70',
        'From: <urn:service:sos>;tag=b',
        'To: <sip:caller@example.net>;tag=a',
        'Call-ID: tcp-call',
        `CSeq: 1 ${method}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  return { caller, heardByListener, recorded, request };
}

function requestOf(bytes: Buffer | undefined): SipRequest {
  const outcome = parseMessage(bytes ?? Buffer.alloc(0), {
    framing: 'datagram',
    limits: defaultMessageLimits,
  });
  if (outcome.kind !== 'message' || outcome.message.kind !== 'request') throw new Error('no request');
  return outcome.message;
}

describe('RFC 5626 §5.3.1, FIELD case 40: back to a caller by TCP, over sockets', () => {
  it('by the connection that it opened; where that is gone, by its Contact', async () => {
    const { caller, heardByListener, recorded, request } = await answeredCall();
    expect(recorded).toHaveLength(2);
    request('INFO');
    await eventually(() => expect(caller.text()).toContain('INFO sip:caller@'));
    expect(heardByListener).toEqual([]);
    caller.socket.end();
    await eventually(() => expect(caller.isClosed()).toBe(true));
    request('BYE');
    request('ACK');
    await eventually(() => {
      expect(heardByListener.join('')).toContain('BYE sip:caller@');
      expect(heardByListener.join('')).toContain('ACK sip:caller@');
    });
  });
});
