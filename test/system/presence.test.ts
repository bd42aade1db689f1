import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import {
  type PresenceBehaviour,
  type PresenceServer,
  startPresenceServer,
} from '../support/presence-server.ts';
import { count, eventually } from './api.ts';
import { bracketed, type Call, inDialog, invite, multipartBody, pidfLo, pointInfo } from './emergency.ts';
import { type Address, listed, type Peer, type Received, response, udpPeer, value } from './peer.ts';
import { type RoutedServer, startRouted } from './routed.ts';

// Calls whose place has to be asked for at a presence server (RFC 6442 §4.6): whatever that server does, the call reaches
// a PSAP within its budget, the record says why it went there, and nothing is left of the subscription.

const budgetMs = 1_000;
/** Timers of a transaction and Timer N are 64 times this. */
const t1Ms = 20;

interface CandidateJson {
  readonly origin: string;
  readonly outcome: string;
  readonly reason: string;
}

describe('a call with a presence reference', () => {
  let routed: RoutedServer;
  let presence: PresenceServer;
  let address: Address;
  let caller: Peer;
  let psap: Peer;
  let lastResort: Peer;
  let psapPort = 0;
  let lastResortPort = 0;

  beforeAll(async () => {
    [psapPort = 0, lastResortPort = 0] = await freePorts(2);
    routed = await startRouted(
      { here: `sip:here@127.0.0.1:${psapPort}` },
      {
        defaultRouteUri: `sip:last-resort@127.0.0.1:${lastResortPort}`,
        config: {
          sip: { t1Ms, t2Ms: 100, t4Ms: 100 },
          location: { budgetMs, references: { networks: ['127.0.0.1/32'], bytesMax: 20_000 } },
        },
      },
    );
    address = { address: '127.0.0.1', port: routed.server.sipPort };
  });

  afterAll(async () => {
    await routed?.stop();
  });

  beforeEach(async () => {
    presence = await startPresenceServer();
    caller = await udpPeer(address);
    psap = await udpPeer(address, { port: psapPort });
    lastResort = await udpPeer(address, { port: lastResortPort });
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(routed.server.output().slice(-6_000));
    await Promise.all([presence, caller, psap, lastResort].map((peer) => peer.close()));
  });

  const here = () => pidfLo(pointInfo(routed.place('here')));
  const document = () => ({ body: here() });

  /** Places a call with this Geolocation and brings it to its answer and its end; gives what was said of its place. */
  async function place(uri: string, at: () => Peer) {
    const start = performance.now();
    const call: Call = invite(caller, {
      body: multipartBody(undefined),
      headers: [`Geolocation: <${uri}>`, 'Geolocation-Routing: yes'],
    });
    caller.send(call.bytes);
    const request = await at().next(/^INVITE /, budgetMs + 1_500);
    const durationMs = performance.now() - start;
    at().send(
      response(request, '200 OK', { toTag: 'p', headers: [`Contact: <sip:psap@127.0.0.1:${at().port}>`] }),
      request.source,
    );
    const ok = await caller.next(/^SIP\/2\.0 200 /);
    hangUp(call, ok);
    await at().next(/^BYE /);
    const record = (await routed.record(call.callId, 'ended')) as unknown as {
      readonly located: { readonly candidates: readonly CandidateJson[] };
      readonly mapping: { readonly kind: string };
    };
    const candidate = record.located.candidates.find(({ outcome }) => outcome !== 'notChosen');
    return { request, durationMs, candidate, record };
  }

  function hangUp(call: Call, ok: Received): void {
    const parts = {
      target: bracketed(value(ok, 'Contact')),
      routes: [...listed(ok, 'Record-Route')].reverse(),
      from: value(ok, 'From'),
      to: value(ok, 'To'),
      callId: call.callId,
    };
    caller.send(inDialog(caller, { ...parts, method: 'ACK', cseq: 1 }));
    caller.send(inDialog(caller, { ...parts, method: 'BYE', cseq: 2 }));
  }

  /** Waits until the subscriber holds nothing any more. */
  async function nothingLeft(): Promise<void> {
    const { server, key } = routed;
    const names =
      /^firstline_references_(subscriber_(subscriptions|dialogs|transactions|timers|questions|alarms)|presence_(under_way|waiting))$/;
    await eventually(
      () => count(server, key, names),
      (left) => left === 0,
    );
    expect(await count(server, key, /^firstline_references_subscriber_subscribes_sent$/)).toBeGreaterThan(0);
  }

  describe('whose server tells where the caller is', () => {
    const rows: readonly (readonly [name: string, behaviour: () => PresenceBehaviour, uri?: () => string])[] =
      [
        ['at once', () => ({ notifications: [document()] })],
        ['by TCP', () => ({ notifications: [document()] }), () => presence.uri('c', { transport: 'tcp' })],
        [
          'for a pres URI',
          () => ({ notifications: [document()] }),
          () => presence.uri('c', { scheme: 'pres' }),
        ],
        [
          'in a NOTIFY that comes before the 200',
          () => ({ answerAfterMs: 50, notifications: [{ ...document(), isFirst: true }] }),
        ],
        [
          'after it was pending',
          () => ({
            notifications: [{ state: 'pending;expires=60' }, { ...document(), afterMs: 150 }],
          }),
        ],
        [
          'after an empty NOTIFY and one without a location',
          () => ({
            notifications: [{}, { afterMs: 50, body: noLocation }, { ...document(), afterMs: 150 }],
          }),
        ],
        ['after a 423', () => ({ minExpiresS: 1_800, notifications: [document()] })],
        [
          'with the end of the subscription',
          () => ({ notifications: [{ ...document(), state: 'terminated;reason=invariant' }] }),
        ],
        [
          'by two notifiers',
          () => ({ notifications: [document(), { ...document(), tag: 'other', afterMs: 20 }] }),
        ],
        [
          'and does not answer the good-bye',
          () => ({ ignoresUnsubscribe: true, notifications: [document()] }),
        ],
        ['late', () => ({ notifications: [{ ...document(), afterMs: 600 }] })],
      ];
    it.each(rows.map(([name, behaviour, uri]) => ({ name, behaviour, uri })))('$name', async (row) => {
      const { behaviour, uri } = row;
      presence.behave(behaviour());
      const { request, durationMs, candidate } = await place(uri?.() ?? presence.uri('caller'), () => psap);
      expect(listed(request, 'Route')[0]).toContain('sip:here@');
      expect(candidate).toMatchObject({ outcome: 'chosen' });
      expect(durationMs).toBeLessThan(budgetMs + 500);
      expect(presence.problems).toEqual([]);
      await nothingLeft();
    });

    it('through another server that redirects to it', async () => {
      const other = await startPresenceServer();
      other.behave({
        status: '302 Moved Temporarily',
        headers: [`Contact: <${presence.uri('caller')}>`],
      });
      presence.behave({ notifications: [document()] });
      const { candidate } = await place(other.uri('caller'), () => psap);
      expect(candidate).toMatchObject({ outcome: 'chosen' });
      await nothingLeft();
      await other.close();
    });

    it('and is told good-bye', async () => {
      presence.behave({ notifications: [document()] });
      await place(presence.uri('caller'), () => psap);
      await eventually(
        () => Promise.resolve(presence.unsubscribed),
        (times) => times === 1,
      );
      await nothingLeft();
      expect(presence.answers.map(({ startLine }) => startLine)).toEqual([
        'SIP/2.0 200 OK',
        'SIP/2.0 200 OK',
      ]);
    });
  });

  describe('whose server does not', () => {
    const rows: readonly (readonly [
      name: string,
      behaviour: () => PresenceBehaviour,
      reason: RegExp,
      outcome?: string,
    ])[] = [
      ['because it is dead', () => ({ isDead: true }), /no NOTIFY came/],
      ['because it only says 200', () => ({}), /no NOTIFY came/],
      ['because it is too late', () => ({ notifications: [{ ...document(), afterMs: 1_500 }] }), /no NOTIFY/],
      [
        'because it stays pending',
        () => ({ notifications: [{ state: 'pending;expires=60' }] }),
        /pending and empty/,
      ],
      ['because it refuses', () => ({ status: '403 Forbidden' }), /403 Forbidden/],
      ['because it does not know the package', () => ({ status: '489 Bad Event' }), /489 Bad Event/],
      ['because it wants to know who asks', () => ({ status: '401 Unauthorized' }), /401 Unauthorized/],
      ['because it is never content with a 423', () => ({ minExpiresS: 9_000_000 }), /423/],
      [
        'because there is no such resource',
        () => ({ notifications: [{ state: 'terminated;reason=noresource' }] }),
        /noresource/,
      ],
      [
        'but lies with what is no XML',
        () => ({ notifications: [{ body: 'not XML at all' }] }),
        /location\.xmlUnreadable/,
        'unreadable',
      ],
      [
        'but sends what was not asked for',
        () => ({ notifications: [{ body: 'GIF89a', contentType: 'image/gif' }] }),
        /image\/gif, answered 415/,
      ],
      [
        'but sends far too much',
        () => ({ notifications: [{ body: Buffer.alloc(40_000, 'x') }] }),
        /40000 bytes, answered 413/,
      ],
      [
        'but redirects to itself',
        () => ({ status: '302 Moved', headers: [`Contact: <${presence.uri('caller')}>`] }),
        /302/,
      ],
      [
        'but redirects into the network',
        () => ({ status: '302 Moved', headers: ['Contact: <sip:caller@169.254.169.254>'] }),
        /302/,
      ],
    ];
    it.each(
      rows.map(([name, behaviour, reason, outcome = 'notFetched']) => ({ name, behaviour, reason, outcome })),
    )('$name', async ({ behaviour, reason, outcome }) => {
      presence.behave(behaviour());
      const { durationMs, candidate } = await place(presence.uri('caller'), () => lastResort);
      expect(candidate?.reason).toMatch(reason);
      expect(candidate).toMatchObject({ outcome });
      expect(durationMs).toBeLessThan(budgetMs + 500);
      expect(presence.problems).toEqual([]);
      await nothingLeft();
    });
  });

  describe('that leads into the network', () => {
    it.each([
      ['loopback', () => `sip:caller@127.0.0.2:${presence.port}`, /127\.0\.0\.2 \(loopback\)/],
      ['IPv6 loopback', () => `sip:caller@[::1]:${presence.port}`, /::1 \(loopback\)/],
      ['the metadata service', () => 'sip:caller@169.254.169.254', /169\.254\.169\.254 \(metadata\)/],
      ['a private network', () => 'pres:caller@10.1.2.3', /10\.1\.2\.3 \(private\)/],
      ['a private network by maddr', () => 'sip:caller@192.0.2.1;maddr=10.1.2.3', /10\.1\.2\.3 \(private\)/],
      ['loopback by a name', () => `sip:caller@localhost:${presence.port};transport=udp`, /./],
    ])('is refused before any packet leaves: %s', async (_name, uri, reason) => {
      const { server, key } = routed;
      const sent = () => count(server, key, /^firstline_references_subscriber_subscribes_sent$/);
      const before = await sent();
      presence.behave({ notifications: [document()] });
      const isName = uri().includes('localhost');
      const { candidate, durationMs } = await place(uri(), () => (isName ? psap : lastResort));
      if (isName) {
        // The name is looked up: 127.0.0.1 is listed, ::1 is not and is left out.
        expect(presence.subscribes.every(({ source }) => source.address === '127.0.0.1')).toBe(true);
        return;
      }
      expect(candidate?.reason).toMatch(reason);
      expect(durationMs).toBeLessThan(500);
      expect(await sent()).toBe(before);
      expect(presence.subscribes).toEqual([]);
    });
  });

  it('shares one subscription with other calls that name the same', async () => {
    presence.behave({ notifications: [{ ...document(), afterMs: 400 }] });
    const uri = presence.uri('caller');
    const calls = Array.from({ length: 5 }, () =>
      invite(caller, { body: multipartBody(undefined), headers: [`Geolocation: <${uri}>`] }),
    );
    for (const call of calls) caller.send(call.bytes);
    for (const _ of calls) {
      const request = await psap.next(/^INVITE /);
      psap.send(response(request, '603 Decline', { toTag: 'p' }), request.source);
    }
    expect(presence.subscribes.filter((each) => !/;\s*tag=/.test(value(each, 'To')))).toHaveLength(1);
    for (const _ of calls) {
      const request = await lastResort.next(/^INVITE /);
      lastResort.send(response(request, '603 Decline', { toTag: 'l' }), request.source);
    }
    await nothingLeft();
  });
});

/** Presence without a location, as of a caller whose place is not known yet. */
const noLocation = [
  '<?xml version="1.0" encoding="UTF-8"?>',
  '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:caller@caller.example.org">',
  '<tuple id="t"><status><basic>open</basic></status></tuple></presence>',
].join('');
