import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { api } from './api.ts';
import { type Dialog, establish, hangUp, inviteOf } from './dialog.ts';
import {
  bracketed,
  type Call,
  hostPort,
  inDialog,
  invite,
  multipartBody,
  pidfLo,
  pointInfo,
} from './emergency.ts';
import { listed, type Peer, type Received, response, udpPeer, value } from './peer.ts';
import { type RoutedServer, startRouted } from './routed.ts';

// Callers who move while they call: what comes of it on the record, for who follows calls, and for a call that rings.

interface RecordJson {
  readonly id: string;
  readonly attempts: readonly { readonly target: string; readonly statusCode?: number }[];
  readonly plan: { readonly targets: readonly { readonly uri: string }[] };
  readonly locationUpdates: readonly {
    readonly method: string;
    readonly outcome: string;
    readonly located: { readonly location?: { readonly shape?: { readonly kind: string } } };
    readonly mapping?: { readonly boundary?: { readonly boundaryId: string } };
  }[];
}

const multipart = 'multipart/mixed; boundary="frontier"';

describe('a location that comes during a call', () => {
  let routed: RoutedServer;
  let west: Peer;
  let east: Peer;
  let caller: Peer;
  let events: EventReader;

  beforeAll(async () => {
    const [westPort = 0, eastPort = 0] = await freePorts(2);
    routed = await startRouted(
      { west: `sip:west@127.0.0.1:${westPort}`, east: `sip:east@127.0.0.1:${eastPort}` },
      { config: { location: { rerouteWhileRinging: true } } },
    );
    const sip = { address: '127.0.0.1', port: routed.server.sipPort };
    west = await udpPeer(sip, { port: westPort });
    east = await udpPeer(sip, { port: eastPort });
    caller = await udpPeer(sip);
  });

  beforeEach(async () => {
    events = await followCalls(routed);
  });

  afterEach(() => events.close());

  afterAll(async () => {
    await Promise.all([west, east, caller].map((peer) => peer?.close()));
    await routed?.stop();
  });

  const fromWest = () => ({ body: multipartBody(pointInfo(routed.place('west'))) });

  it.each(['UPDATE', 'INVITE', 'INFO', 'NOTIFY'])(
    'in %s of an answered call is recorded and told, and the call stays where it is',
    async (method) => {
      const dialog = await establish(caller, west, fromWest());
      const body = multipartBody(pointInfo(routed.place('east'))).toString('latin1');
      caller.send(Buffer.from(ofCaller(dialog, { method, cseq: 2, body }), 'latin1'));
      const seen = await west.next(new RegExp(`^${method} `));
      expect(seen.body.toString('latin1')).toBe(body);
      west.send(
        response(seen, '200 OK', { headers: [`Contact: <sip:west@${hostPort(west)}>`] }),
        seen.source,
      );
      await caller.next(/^SIP\/2\.0 200 /);
      if (method === 'INVITE') {
        caller.send(ofCaller(dialog, { method: 'ACK', cseq: 2 }));
        await west.next(/^ACK /);
      }
      const told = await events.next('location', dialog.call.callId);
      expect(told.locationUpdates).toMatchObject([
        {
          method,
          outcome: 'recorded',
          located: { location: { shape: { kind: 'point' } } },
          mapping: { boundary: { boundaryId: 'east' } },
        },
      ]);
      await hangUp(dialog, 'psap');
      await routed.record(dialog.call.callId, 'ended');
      const { json } = await api<RecordJson>(routed.server, routed.key, `/api/v1/calls/${told.id}`);
      expect(json.locationUpdates).toEqual(told.locationUpdates);
      expect(json.attempts).toHaveLength(1);
      expect(east.all.some((message) => value(message, 'Call-ID') === dialog.call.callId)).toBe(false);
    },
  );

  it('sends a ringing call to the answering point of the new place', async () => {
    const call = invite(caller, fromWest());
    caller.send(call.bytes);
    const ringing = await inviteOf(call, west);
    west.send(
      response(ringing, '180 Ringing', { toTag: 'west', headers: [`Contact: <sip:west@${hostPort(west)}>`] }),
      ringing.source,
    );
    const early = await caller.next(/^SIP\/2\.0 180 /);
    caller.send(
      inDialog(caller, {
        method: 'UPDATE',
        target: bracketed(value(early, 'Contact')),
        routes: [...listed(early, 'Record-Route')].reverse(),
        from: value(early, 'From'),
        to: value(early, 'To'),
        callId: call.callId,
        cseq: 2,
        contentType: 'application/pidf+xml',
        body: pidfLo(pointInfo(routed.place('east'))),
      }),
    );
    const update = await west.next(/^UPDATE /);
    west.send(response(update, '200 OK'), update.source);
    const cancel = await west.next(/^CANCEL /);
    west.send(response(cancel, '200 OK'), cancel.source);
    west.send(response(ringing, '487 Request Terminated', { toTag: 'west' }), ringing.source);
    const moved = await inviteOf(call, east);
    expect(moved.body.equals(call.body)).toBe(true);
    await answer(call, moved);
    const told = await events.next('location', call.callId);
    expect(told.locationUpdates).toMatchObject([{ method: 'UPDATE', outcome: 'rerouted' }]);
    const record = await routed.record(call.callId, 'answered');
    expect(record.attempts.map(({ target, statusCode }) => `${target.split('@')[0]} ${statusCode}`)).toEqual([
      'sip:west 487',
      'sip:east 200',
    ]);
  });

  async function answer(call: Call, request: Received): Promise<void> {
    east.send(
      response(request, '200 OK', { toTag: 'east', headers: [`Contact: <sip:east@${hostPort(east)}>`] }),
      request.source,
    );
    const ok = await caller.next(/^SIP\/2\.0 200 /);
    expect(value(ok, 'Call-ID')).toBe(call.callId);
  }
});

function ofCaller(
  { caller, ok, request, callerRoutes, call }: Dialog,
  parts: { readonly method: string; readonly cseq: number; readonly body?: string },
): string {
  return inDialog(caller, {
    target: bracketed(value(ok, 'Contact')),
    routes: callerRoutes,
    from: value(request, 'From'),
    to: value(ok, 'To'),
    callId: call.callId,
    contentType: multipart,
    ...parts,
  });
}

interface EventReader {
  /** The record of the next event of that name about a call. */
  next(name: string, callId: string): Promise<RecordJson>;
  close(): Promise<void>;
}

async function followCalls({ server, key }: RoutedServer): Promise<EventReader> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/api/v1/call-events`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (response.status !== 200 || reader === undefined) throw new Error(`no events: ${response.status}`);
  let text = '';
  return {
    async next(name, callId) {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end < 0) {
          const { value: more, done } = await reader.read();
          if (done) throw new Error('the events have ended');
          text += more;
          continue;
        }
        const event = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end));
        text = text.slice(end + 2);
        if (event?.[1] !== name) continue;
        const record = JSON.parse(event[2] ?? 'null');
        if (record.sipCallId === callId) return record;
      }
    },
    close: () => reader.cancel(),
  };
}
