import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import {
  type HeldBehaviour,
  type HeldServer,
  placeDocument,
  startHeldServer,
  startTcpTrap,
} from '../support/held-server.ts';
import { type Authority, makeAuthority } from '../support/net-tls.ts';
import { count, eventually } from './api.ts';
import {
  bracketed,
  type Call,
  type InviteOptions,
  inDialog,
  invite,
  multipartBody,
  sdp,
} from './emergency.ts';
import { type Address, listed, type Peer, type Received, response, udpPeer, value } from './peer.ts';
import { type RoutedServer, startRouted } from './routed.ts';

// Calls whose place has to be fetched by HTTP (RFC 6753, RFC 4483) or asked for by who the caller is (RFC 6155): whatever
// the server at the other end does, the call reaches a PSAP within its budget, the record says why it went there, and the
// reference goes on as it came.

const budgetMs = 1_000;
const bytesMax = 20_000;
/** What nobody but the location server and the PSAP is to know. */
const secret = 'w3g61nf5n66p0';

interface CandidateJson {
  readonly origin: string;
  readonly outcome: string;
  readonly reason: string;
}

interface Setting {
  readonly routed: RoutedServer;
  readonly authority: Authority;
  readonly held: HeldServer;
  readonly psapPort: number;
  readonly lastResortPort: number;
  stop(): Promise<void>;
}

/** A server that trusts the test's authority and may ask 127.0.0.1, and nothing else that is not public. */
async function startSetting(
  location: (held: HeldServer, authority: Authority) => Readonly<Record<string, unknown>>,
): Promise<Setting> {
  const [psapPort = 0, lastResortPort = 0] = await freePorts(2);
  const authority = await makeAuthority();
  const held = await startHeldServer(authority, { behaviours: {} });
  const routed = await startRouted(
    { here: `sip:here@127.0.0.1:${psapPort}` },
    {
      defaultRouteUri: `sip:last-resort@127.0.0.1:${lastResortPort}`,
      config: { location: { budgetMs, ...location(held, authority) } },
    },
  );
  return {
    routed,
    authority,
    held,
    psapPort,
    lastResortPort,
    stop: async () => {
      await routed.stop();
      await held.close();
      authority.remove();
    },
  };
}

/** Callers and PSAPs of one test. */
class Calls {
  readonly caller: Peer;
  readonly psap: Peer;
  readonly lastResort: Peer;
  readonly #routed: RoutedServer;

  private constructor(routed: RoutedServer, peers: readonly [Peer, Peer, Peer]) {
    this.#routed = routed;
    [this.caller, this.psap, this.lastResort] = peers;
  }

  static async open({ routed, psapPort, lastResortPort }: Setting): Promise<Calls> {
    const address: Address = { address: '127.0.0.1', port: routed.server.sipPort };
    return new Calls(routed, [
      await udpPeer(address),
      await udpPeer(address, { port: psapPort }),
      await udpPeer(address, { port: lastResortPort }),
    ]);
  }

  async close(): Promise<void> {
    await Promise.all([this.caller, this.psap, this.lastResort].map((peer) => peer.close()));
  }

  /** A call with these Geolocation URIs. */
  withReferences(uris: readonly string[], at: Peer) {
    const headers = uris.map((uri) => `Geolocation: <${uri}>`);
    return this.place(
      { body: multipartBody(undefined), headers: [...headers, 'Geolocation-Routing: yes'] },
      at,
    );
  }

  /** Places a call and brings it to its answer and its end; gives what was said of its place. */
  async place(options: InviteOptions, at: Peer) {
    const start = performance.now();
    const call: Call = invite(this.caller, options);
    this.caller.send(call.bytes);
    const request = await at.next(/^INVITE /, budgetMs + 1_500);
    const durationMs = performance.now() - start;
    at.send(
      response(request, '200 OK', { toTag: 'p', headers: [`Contact: <sip:psap@127.0.0.1:${at.port}>`] }),
      request.source,
    );
    const ok = await this.caller.next(/^SIP\/2\.0 200 /);
    this.#hangUp(call, ok);
    const bye = await at.next(/^BYE /);
    at.send(response(bye, '200 OK'), bye.source);
    await this.caller.next(/^SIP\/2\.0 200 /);
    const record = (await this.#routed.record(call.callId, 'ended')) as unknown as {
      readonly located: { readonly candidates: readonly CandidateJson[] };
      readonly mapping: { readonly kind: string };
    };
    return { request, durationMs, record, candidates: record.located.candidates };
  }

  #hangUp(call: Call, ok: Received): void {
    const parts = {
      target: bracketed(value(ok, 'Contact')),
      routes: [...listed(ok, 'Record-Route')].reverse(),
      from: value(ok, 'From'),
      to: value(ok, 'To'),
      callId: call.callId,
    };
    this.caller.send(inDialog(this.caller, { ...parts, method: 'ACK', cseq: 1 }));
    this.caller.send(inDialog(this.caller, { ...parts, method: 'BYE', cseq: 2 }));
  }
}

describe('a call with a location by reference', () => {
  let setting: Setting;
  let calls: Calls;
  let held: HeldServer;

  beforeAll(async () => {
    setting = await startSetting((_, authority) => ({
      fallbacks: [],
      references: {
        networks: ['127.0.0.1/32'],
        bytesMax,
        tls: { caFile: authority.caFile },
        credentials: { '127.0.0.1': { username: 'esrp', password: 'pa55word' } },
      },
    }));
    held = setting.held;
  });

  afterAll(async () => {
    await setting?.stop();
  });

  beforeEach(async () => {
    calls = await Calls.open(setting);
    held.requests.length = 0;
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(setting.routed.server.output().slice(-6_000));
    await calls.close();
  });

  const here = (): HeldBehaviour => ({ kind: 'place', place: setting.routed.place('here') });
  const connections = () =>
    count(setting.routed.server, setting.routed.key, /^firstline_references_http_connections$/);
  const underWay = () =>
    count(setting.routed.server, setting.routed.key, /^firstline_references_http_under_way$/);

  /** Behaves so at a new path, and gives the reference that leads there. */
  function reference(behaviour: HeldBehaviour): string {
    const path = `/${secret}/${held.behaviours.size}`;
    held.behaviours.set(path, behaviour);
    return held.uri(path);
  }

  describe('that leads to where the caller is', () => {
    const rows: readonly (readonly [name: string, behaviour: () => HeldBehaviour, methods: string])[] = [
      ['by POST', here, 'POST'],
      ['as a presence document', () => ({ ...here(), form: 'pidf' }) as HeldBehaviour, 'POST'],
      [
        'by GET, where POST is not allowed',
        () => ({ ...here(), postStatus: 405 }) as HeldBehaviour,
        'POST GET',
      ],
      [
        'by GET, where POST is not known',
        () => ({ ...here(), postStatus: 501 }) as HeldBehaviour,
        'POST GET',
      ],
      [
        'by GET, where the type is not known',
        () => ({ ...here(), form: 'pidf', postStatus: 415 }) as HeldBehaviour,
        'POST GET',
      ],
      ['after a redirect', () => ({ kind: 'redirect', statusCode: 307, to: reference(here()) }), 'POST POST'],
      ['after a 303', () => ({ kind: 'redirect', statusCode: 303, to: reference(here()) }), 'POST GET'],
      ['late', () => ({ ...here(), delayMs: 600 }) as HeldBehaviour, 'POST'],
      ['under a wrong type', () => ({ ...here(), contentType: 'text/plain' }) as HeldBehaviour, 'POST'],
      ['compressed, unasked', () => ({ ...here(), encoding: 'gzip' }) as HeldBehaviour, 'POST'],
    ];
    it.each(rows.map(([name, behaviour, methods]) => ({ name, behaviour, methods })))(
      '$name',
      async ({ behaviour, methods }) => {
        const uri = reference(behaviour());
        const { request, durationMs, candidates } = await calls.withReferences([uri], calls.psap);
        expect(listed(request, 'Route')[0]).toContain('sip:here@');
        expect(value(request, 'Geolocation')).toBe(`<${uri}>`);
        expect(candidates).toMatchObject([{ outcome: 'chosen' }]);
        expect(durationMs).toBeLessThan(budgetMs + 500);
        expect(held.requests.map(({ method }) => method).join(' ')).toBe(methods);
        expect(held.requests[0]?.headers).toMatchObject({
          'content-type': 'application/held+xml',
          authorization: `Basic ${Buffer.from('esrp:pa55word').toString('base64')}`,
        });
        expect(held.requests[0]?.body).toContain('responseTime="emergencyRouting"');
      },
    );

    it('past references that are silent, dead and refused, all at once', async () => {
      const uris = [reference({ kind: 'silent' }), 'https://169.254.169.254/x', reference(here())];
      const { request, durationMs, candidates } = await calls.withReferences(uris, calls.psap);
      expect(listed(request, 'Geolocation')).toEqual(uris.map((uri) => `<${uri}>`));
      expect(candidates.map(({ outcome }) => outcome)).toEqual(['notFetched', 'notFetched', 'chosen']);
      expect(durationMs).toBeLessThan(budgetMs + 500);
    });

    it('as content that lies elsewhere (RFC 4483)', async () => {
      const body = placeDocument(setting.routed.place('here'));
      const uri = reference({ kind: 'text', contentType: 'application/pidf+xml', body });
      const { candidates } = await calls.place({ body: externalBody(uri) }, calls.psap);
      expect(candidates).toMatchObject([{ outcome: 'chosen' }]);
      expect(held.requests.map(({ method }) => method)).toEqual(['GET']);
    });

    it('uses connections again', async () => {
      const uri = reference(here());
      await calls.withReferences([uri], calls.psap);
      const before = await connections();
      for (let round = 0; round < 3; round += 1) await calls.withReferences([uri], calls.psap);
      expect(await connections()).toBe(before);
    });
  });

  describe('whose server gives none', () => {
    const rows: readonly (readonly [
      name: string,
      behaviour: () => HeldBehaviour,
      reason: RegExp,
      outcome?: string,
    ])[] = [
      [
        'since it never answers',
        () => ({ kind: 'silent' }),
        /^net\.httpTimeout: 127\.0\.0\.1 did not answer/,
      ],
      [
        'since it sends a byte now and then',
        () => ({ kind: 'trickle' }),
        /^net\.httpTimeout: .* did not end$/,
      ],
      ['since it sends for ever', () => ({ kind: 'endless' }), /^net\.httpTooLarge: .* 20000 bytes$/],
      ['since it sends a bomb', () => ({ kind: 'bomb' }), /^net\.httpTooLarge: /],
      ['since its headers are huge', () => ({ kind: 'hugeHeaders' }), /^net\.httpTooLarge: /],
      [
        'since it does not speak HTTP',
        () => ({ kind: 'garbage', bytes: 'SSH-2.0-x\r\n\r\n' }),
        /^net\.httpBroken/,
      ],
      ['since it breaks off', () => ({ kind: 'breakOff', afterBytes: 50 }), /^net\.httpBroken: /],
      [
        'since it sends less than it says',
        () => ({ ...here(), contentLength: 9_999 }) as HeldBehaviour,
        /^net\.httpBroken: /,
      ],
      [
        'since it knows no such thing',
        () => ({ kind: 'text', statusCode: 404, body: 'no' }),
        /^net\.httpStatus: .* 404$/,
      ],
      [
        'since it wants other credentials',
        () => ({ kind: 'text', statusCode: 401, body: 'no' }),
        /401.*references\.credentials/,
      ],
      [
        'since it cannot locate',
        () => ({ kind: 'heldError', code: 'notLocatable' }),
        /^location\.heldError.*notLocatable/,
      ],
      [
        'since it cannot locate, with a status of its own',
        () => ({ kind: 'heldError', code: 'requestError', statusCode: 400 }),
        /^location\.heldError.*requestError/,
      ],
      ['but a web page', () => ({ kind: 'text', body: '<html><body>Hi' }), /^location\./, 'unreadable'],
      [
        'but garbage under the right type',
        () => ({ kind: 'text', contentType: 'application/held+xml', body: '\x00\x01\x02' }),
        /^location\.xmlUnreadable/,
        'unreadable',
      ],
      ['but redirects for ever', () => ({ kind: 'redirect', statusCode: 302, to: '?again' }), /./],
      [
        'but redirects to loopback',
        () => ({ kind: 'redirect', statusCode: 302, to: 'https://127.0.0.2/' }),
        /^net\.httpAddressRefused: 127\.0\.0\.1 redirects .* \(loopback\)/,
      ],
      [
        'but redirects to the metadata service',
        () => ({ kind: 'redirect', statusCode: 302, to: 'https://169.254.169.254/latest/meta-data' }),
        /^net\.httpAddressRefused: .* \(metadata\)/,
      ],
      [
        'but redirects to where there is no TLS',
        () => ({ kind: 'redirect', statusCode: 302, to: 'http://lis.example/' }),
        /^net\.httpRedirect: .*no TLS/,
      ],
    ];
    it.each(
      rows.map(([name, behaviour, reason, outcome = 'notFetched']) => ({ name, behaviour, reason, outcome })),
    )('$name', async ({ behaviour, reason, outcome }) => {
      const uri = reference(behaviour());
      const { request, durationMs, candidates, record } = await calls.withReferences([uri], calls.lastResort);
      expect(value(request, 'Geolocation')).toBe(`<${uri}>`);
      expect(candidates).toMatchObject([{ outcome }]);
      expect(candidates[0]?.reason).toMatch(reason);
      expect(candidates[0]?.reason).not.toContain(secret);
      expect(record.mapping.kind).toBe('unmapped');
      expect(durationMs).toBeLessThan(budgetMs + 500);
    });

    it.each([
      ['takes the connection and speaks no TLS', 'silent', /no connection came about/],
      ['hangs up', 'closing', /no TLS session/],
      ['is not there', 'gone', /could not be connected to/],
    ] as const)('since it %s', async (_, kind, reason) => {
      const { port, close } = await startTcpTrap(kind === 'gone' ? 'silent' : kind);
      if (kind === 'gone') await close();
      const uri = `https://127.0.0.1:${port}/${secret}`;
      const { durationMs, candidates } = await calls.withReferences([uri], calls.lastResort);
      expect(candidates[0]?.reason).toMatch(reason);
      expect(durationMs).toBeLessThan(budgetMs + 500);
      if (kind !== 'gone') await close();
    });

    it('since its certificate is for another host', async () => {
      const other = await startHeldServer(setting.authority, {
        behaviours: { '*': here() },
        altNames: ['DNS:other.example'],
      });
      const { candidates } = await calls.withReferences([other.uri(`/${secret}`)], calls.lastResort);
      expect(candidates[0]?.reason).toMatch(/^net\.httpTls: 127\.0\.0\.1/);
      expect(other.requests).toEqual([]);
      await other.close();
    });

    it('several times in a row, and calls do not all wait so long', async () => {
      const silent = await startHeldServer(setting.authority, { behaviours: { '*': { kind: 'silent' } } });
      const times: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const { durationMs } = await calls.withReferences([silent.uri(`/${round}`)], calls.lastResort);
        times.push(durationMs);
      }
      expect(Math.min(...times.slice(0, 3))).toBeGreaterThan(budgetMs * 0.9);
      expect(Math.max(...times.slice(3))).toBeLessThan(budgetMs * 0.6);
      // Another server has done nothing to be waited for less.
      const late = reference({ ...here(), delayMs: 600 } as HeldBehaviour);
      const { candidates } = await calls.withReferences([late], calls.psap);
      expect(candidates).toMatchObject([{ outcome: 'chosen' }]);
      await silent.close();
      await eventually(underWay, (left) => left === 0);
    });
  });

  describe('that leads into the network', () => {
    const uris: readonly (readonly [name: string, uri: (port: number) => string, reason: RegExp])[] = [
      ['loopback', (port) => `https://127.0.0.2:${port}/${secret}`, /127\.0\.0\.2 \(loopback\)/],
      ['IPv6 loopback', (port) => `https://[::1]:${port}/${secret}`, /::1 \(loopback\)/],
      ['loopback as a number', (port) => `https://2130706434:${port}/${secret}`, /127\.0\.0\.2 \(loopback\)/],
      ['loopback in octal', (port) => `https://0177.0.0.2:${port}/${secret}`, /127\.0\.0\.2 \(loopback\)/],
      ['mapped loopback', (port) => `https://[::ffff:127.0.0.2]:${port}/${secret}`, /\(loopback\)/],
      ['every address', (port) => `https://0.0.0.0:${port}/${secret}`, /\(unspecified\)/],
      ['the metadata service', () => `https://169.254.169.254/${secret}`, /\(metadata\)/],
      ['the metadata service on IPv6', () => `https://[fd00:ec2::254]/${secret}`, /\(metadata\)/],
      ['a private network', () => `https://10.1.2.3/${secret}`, /\(private\)/],
      ['a link', () => `https://[fe80::1]/${secret}`, /\(link-local\)/],
      ['a host without TLS', (port) => `http://127.0.0.1:${port}/${secret}`, /without TLS/],
      [
        'a host with a user before it',
        (port) => `https://a@127.0.0.2:${port}/${secret}`,
        /a user stands before/,
      ],
      ['our own SIP port', () => `https://127.0.0.1:5060/${secret}`, /belongs to another service/],
    ];
    it.each(uris.map(([name, uri, reason]) => ({ name, uri, reason })))(
      'is refused before any packet leaves: $name',
      async ({ uri, reason }) => {
        const traps = await Promise.all(
          ['127.0.0.2', '::1', '127.0.0.1'].map((address) => startTcpTrap('silent', address)),
        );
        const before = await connections();
        for (const { port } of traps) {
          const to = uri(port);
          const { request, durationMs, candidates } = await calls.withReferences([to], calls.lastResort);
          expect(candidates).toMatchObject([{ outcome: 'notFetched' }]);
          expect(candidates[0]?.reason).toMatch(reason);
          expect(candidates[0]?.reason).not.toContain(secret);
          expect(value(request, 'Geolocation')).toBe(`<${to}>`);
          expect(durationMs).toBeLessThan(500);
        }
        expect(traps.map((trap) => trap.connections())).toEqual([0, 0, 0]);
        expect(await connections()).toBe(before);
        await Promise.all(traps.map((trap) => trap.close()));
      },
    );
  });
});

describe('a call without a location, and a location server that knows callers', () => {
  let setting: Setting;
  let calls: Calls;
  let held: HeldServer;

  beforeAll(async () => {
    setting = await startSetting((server, authority) => ({
      // The operator's own server is asked wherever it lies.
      references: { tls: { caFile: authority.caFile } },
      server: { uri: server.uri('/held'), identity: ['uri', 'ip'] },
      fallbacks: ['server'],
    }));
    held = setting.held;
  });

  afterAll(async () => {
    await setting?.stop();
  });

  beforeEach(async () => {
    calls = await Calls.open(setting);
    held.requests.length = 0;
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(setting.routed.server.output().slice(-6_000));
    await calls.close();
  });

  const asserted = [
    'P-Asserted-Identity: <sip:known@carrier.example>',
    'P-Asserted-Identity: <tel:+12025550143>',
  ];

  it('is located by who the caller is', async () => {
    const places = { 'sip:known@carrier.example': setting.routed.place('here') };
    held.behaviours.set('/held', { kind: 'identities', places });
    const { request, candidates } = await calls.place({ headers: asserted }, calls.psap);
    expect(listed(request, 'Route')[0]).toContain('sip:here@');
    expect(candidates.at(-1)).toMatchObject({ origin: 'location server', outcome: 'chosen' });
    const { body } = held.requests[0] ?? { body: '' };
    expect(body).toContain('urn:ietf:params:xml:ns:geopriv:held:id');
    for (const identity of ['sip:known@carrier.example', 'tel:+12025550143', '127.0.0.1'])
      expect(body).toContain(identity);
  });

  it('goes by default where the server does not know the caller', async () => {
    held.behaviours.set('/held', { kind: 'identities', places: {} });
    const { candidates } = await calls.place({ headers: asserted }, calls.lastResort);
    expect(candidates.at(-1)).toMatchObject({ origin: 'location server', outcome: 'unknown' });
    expect(candidates.at(-1)?.reason).toContain('notLocatable');
  });

  it.each<[string, HeldBehaviour]>([
    ['is silent', { kind: 'silent' }],
    ['redirects to another host', { kind: 'redirect', statusCode: 307, to: 'https://other.example/held' }],
  ])('goes by default where the server %s', async (_, behaviour) => {
    held.behaviours.set('/held', behaviour);
    const { candidates, durationMs } = await calls.place({ headers: asserted }, calls.lastResort);
    expect(candidates.at(-1)).toMatchObject({ origin: 'location server', outcome: 'notFetched' });
    expect(durationMs).toBeLessThan(budgetMs + 500);
  });

  it('goes by default where the server names a reference into the network', async () => {
    const inside = await startTcpTrap('silent', '127.0.0.2');
    held.behaviours.set('/held', { kind: 'references', uris: [`https://127.0.0.2:${inside.port}/x`] });
    const { candidates } = await calls.place({ headers: asserted }, calls.lastResort);
    expect(candidates.at(-1)?.reason).toMatch(/^net\.httpAddressRefused/);
    expect(inside.connections()).toBe(0);
    await inside.close();
  });

  it('does not follow references of callers to where only the operator may lead', async () => {
    held.behaviours.set('/held', { kind: 'identities', places: {} });
    held.behaviours.set('/x', { kind: 'place', place: setting.routed.place('here') });
    const { candidates } = await calls.withReferences([held.uri('/x')], calls.lastResort);
    expect(candidates[0]?.reason).toMatch(/^net\.httpAddressRefused.*\(loopback\)/);
    expect(held.requests.map(({ path }) => path)).toEqual(['/held']);
  });
});

/** A body whose location lies elsewhere. */
function externalBody(uri: string): Buffer {
  return Buffer.from(
    [
      '--frontier',
      'Content-Type: application/sdp',
      '',
      sdp,
      '--frontier',
      `Content-Type: message/external-body; access-type="URL"; expiration="Mon, 24 Jun 2069 09:00:00 GMT"; URL="${uri}"`,
      '',
      'Content-Type: application/pidf+xml',
      'Content-ID: <elsewhere@caller.example.org>',
      '',
      '',
      '--frontier--',
      '',
    ].join('\r\n'),
  );
}
