import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError } from '../../../src/base/index.ts';
import {
  HttpFetcher,
  type HttpFetcherOptions,
  type HttpLimits,
  type HttpQuestion,
  systemClock,
} from '../../../src/net/index.ts';
import {
  type HeldBehaviour,
  type HeldServer,
  placeResponse,
  startHeldServer,
  startTcpTrap,
} from '../../support/held-server.ts';
import { startDns, type TestDns } from '../../support/net-dns.ts';
import { recordingLogger } from '../../support/net-loopback.ts';
import { type Authority, makeAuthority } from '../../support/net-tls.ts';

const place = { lat: 40.25, lon: -99.75 };
const good: HeldBehaviour = { kind: 'place', place };
const secret = '/w3g61nf5n66p0?token=s3cret';
const limits: HttpLimits = {
  redirectsMax: 2,
  concurrentMax: 100,
  connectTimeoutMs: 2_000,
  headerBytesMax: 16_384,
  originsMax: 8,
  idleMs: 10_000,
  patience: { timeoutsMax: 3, shortMs: 100, provingMs: 150, memoryMs: 30_000, originsMax: 8 },
};

let authority: Authority;
let dns: TestDns;
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
  dns = await startDns({
    'lis.example': { a: ['127.0.0.1'] },
    'deaf.example': { isSilent: true },
    'inside.example': { a: ['127.0.0.2', '10.0.0.1'], aaaa: ['::1', 'fd00:ec2::254'] },
    'mixed.example': { a: ['127.0.0.2', '127.0.0.1'] },
    'alias.example': { cname: 'inside.example' },
  });
});

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

afterAll(async () => {
  await dns.close();
  authority.remove();
});

interface Changes extends Partial<Omit<HttpFetcherOptions, 'limits' | 'rules'>> {
  readonly limits?: Partial<HttpLimits>;
  readonly rules?: Partial<HttpFetcherOptions['rules']>;
}

/** A fetcher that may ask 127.0.0.1 and nothing else of this machine. */
async function fetcher(changes: Changes = {}): Promise<HttpFetcher> {
  const made = new HttpFetcher({
    credentials: {},
    tls: { caFile: authority.caFile },
    nameServers: [dns.address],
    clock: systemClock,
    logger: recordingLogger(),
    ...changes,
    rules: { hosts: [], networks: ['127.0.0.1/32'], plainHttp: false, ...changes.rules },
    limits: { ...limits, ...changes.limits },
  });
  await made.start();
  ending.push(() => made.stop());
  return made;
}

async function server(
  behaviours: Readonly<Record<string, HeldBehaviour>> = { '*': good },
  options: Partial<Parameters<typeof startHeldServer>[1]> = {},
): Promise<HeldServer> {
  const started = await startHeldServer(authority, { ...options, behaviours });
  ending.push(() => started.close());
  return started;
}

async function trap(
  kind: 'silent' | 'closing',
  address?: string,
): Promise<Awaited<ReturnType<typeof startTcpTrap>>> {
  const started = await startTcpTrap(kind, address);
  ending.push(() => started.close());
  return started;
}

function get(uri: string, changes: Partial<HttpQuestion> = {}): HttpQuestion {
  const accept = 'application/held+xml';
  return { uri, method: 'GET', accept, deadlineMs: 5_000, bytesMax: 10_000, ...changes };
}

/** The code of what it fails with, the message held to the rule that it tells nothing of the path. */
async function failure(asked: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await asked.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DependencyError)) throw error;
  expect(error.message).not.toContain('w3g61nf5n66p0');
  expect(error.message).not.toContain('s3cret');
  return { code: error.code, message: error.message };
}

describe('fetching', () => {
  it('gives the answer with its type, and uses connections again', async () => {
    const lis = await server();
    const http = await fetcher();
    const question = get(lis.uri(secret), { method: 'POST', body: '<locationRequest/>', contentType: 'a/b' });
    for (let round = 0; round < 6; round += 1) {
      const answer = await http.fetch(question);
      expect(answer).toMatchObject({ statusCode: 200, contentType: 'application/held+xml' });
      expect(Buffer.from(answer.bytes).toString()).toBe(placeResponse(place));
      expect(answer.uri).toBe(lis.uri(secret));
    }
    // A second one may be opened where a question follows its predecessor's answer within the same moment.
    expect(lis.connections()).toBeLessThanOrEqual(2);
    expect(lis.requests[0]).toMatchObject({ method: 'POST', path: secret, body: '<locationRequest/>' });
    expect(lis.requests[0]?.headers).toMatchObject({
      'accept-encoding': 'identity',
      'content-type': 'a/b',
      accept: 'application/held+xml',
    });
    expect(http.counts()).toMatchObject({ asked: 6, answered: 6, underWay: 0, origins: 1 });
  });

  it('finds a host by name and holds its certificate against that name', async () => {
    const lis = await server();
    const http = await fetcher();
    expect((await http.fetch(get(lis.uri('/a', 'lis.example')))).statusCode).toBe(200);
    expect((await http.fetch(get(lis.uri('/a', 'LIS.example.')))).statusCode).toBe(200);
    expect(http.counts().origins).toBe(1);
  });

  it('asks beside a request that is slow, on another connection', async () => {
    const lis = await server({ '/slow': { kind: 'silent' }, '*': good });
    const http = await fetcher();
    const slow = failure(http.fetch(get(lis.uri('/slow'), { deadlineMs: 300 })));
    expect((await http.fetch(get(lis.uri('/a')))).statusCode).toBe(200);
    expect((await slow).code).toBe('net.httpTimeout');
    expect(lis.connections()).toBe(2);
  });

  it('asks once more where an idle connection ends as it is used again', async () => {
    const lis = await server({ '/end': { kind: 'breakOff' }, '*': good });
    const http = await fetcher();
    expect((await failure(http.fetch(get(lis.uri('/end'))))).code).toBe('net.httpBroken');
    expect(lis.requests.map(({ path }) => path)).toEqual(['/end', '/end']);
  });

  it.each([
    [200, 'good'],
    [404, ''],
    [500, 'broken'],
  ])('gives an answer of status %i as it is', async (statusCode, body) => {
    const lis = await server({ '*': { kind: 'text', statusCode, body } });
    const answer = await (await fetcher()).fetch(get(lis.uri('/')));
    expect(answer).toMatchObject({ statusCode, contentType: 'text/html' });
    expect(Buffer.from(answer.bytes).toString()).toBe(body);
  });

  it('speaks HTTP without TLS where that is allowed, without credentials', async () => {
    const lis = await server({ '*': good }, { isPlain: true });
    const http = await fetcher({
      rules: { plainHttp: true },
      credentials: { '127.0.0.1': { bearerToken: 's3cret' } },
    });
    expect((await http.fetch(get(lis.uri('/')))).statusCode).toBe(200);
    expect(lis.requests[0]?.headers['authorization']).toBeUndefined();
    const strict = await fetcher();
    expect((await failure(strict.fetch(get(lis.uri('/'))))).code).toBe('net.httpUriRefused');
    expect(lis.requests).toHaveLength(1);
  });
});

describe('what is refused before a packet leaves', () => {
  it.each([
    ['an address that no network has', '127.0.0.2'],
    ['a name of such an address', 'inside.example'],
    ['an alias of such a name', 'alias.example'],
    ['localhost', 'localhost'],
    ['a name below localhost', 'lis.localhost'],
    ['IPv6 loopback', '[::1]'],
    ['an IPv4-mapped address', '[::ffff:127.0.0.2]'],
    ['a decimal address', '2130706434'],
    ['an octal address', '0177.0.0.2'],
  ])('%s', async (_, host) => {
    const listener = await trap('silent', '127.0.0.2');
    const onIpv6 = await trap('silent', '::1');
    const http = await fetcher({ rules: { networks: [] } });
    for (const { port } of [listener, onIpv6]) {
      const asked = http.fetch(get(`https://${host}:${port}${secret}`));
      expect((await failure(asked)).code).toBe('net.httpAddressRefused');
    }
    expect([listener.connections(), onIpv6.connections()]).toEqual([0, 0]);
    expect(http.counts()).toMatchObject({ asked: 2, refused: 2, connections: 0 });
  });

  it('a host that is not listed', async () => {
    const lis = await server();
    const http = await fetcher({ rules: { hosts: ['*.example'] } });
    expect((await failure(http.fetch(get(lis.uri(secret))))).code).toBe('net.httpHostRefused');
    expect(lis.connections()).toBe(0);
    expect((await http.fetch(get(lis.uri(secret, 'lis.example')))).statusCode).toBe(200);
  });

  it('the address of a name that changes after it was good', async () => {
    const lis = await server({ '*': good }, { altNames: ['DNS:moving.example'] });
    dns.zone.set('moving.example', { a: ['127.0.0.1'], ttlS: 1 });
    const http = await fetcher({ limits: { idleMs: 50 } });
    const question = get(lis.uri('/', 'moving.example'));
    expect((await http.fetch(question)).statusCode).toBe(200);
    const inside = await trap('silent', '127.0.0.2');
    dns.zone.set('moving.example', { a: ['127.0.0.2'] });
    const moved = get(`https://moving.example:${inside.port}/`);
    await expect
      .poll(async () => (await failure(http.fetch({ ...moved, deadlineMs: 300 }))).code, { timeout: 5_000 })
      .toBe('net.httpAddressRefused');
    expect(inside.connections()).toBe(0);
  });

  it('the forbidden ones among the addresses of a name', async () => {
    const lis = await server({ '*': good }, { altNames: ['DNS:mixed.example'] });
    const http = await fetcher();
    expect((await http.fetch(get(lis.uri('/', 'mixed.example')))).statusCode).toBe(200);
  });

  it('nothing where the operator wrote the URI', async () => {
    const lis = await server({ '*': good }, { address: '127.0.0.2', altNames: ['DNS:inside.example'] });
    const http = await fetcher({ rules: { hosts: ['lis.example'] } });
    const uri = lis.uri('/', 'inside.example');
    expect((await http.fetch(get(uri, { isTrusted: true }))).statusCode).toBe(200);
    // That connection is not lent to what others wrote.
    expect((await failure(http.fetch(get(uri)))).code).toBe('net.httpHostRefused');
    const open = await fetcher();
    expect((await open.fetch(get(uri, { isTrusted: true }))).statusCode).toBe(200);
    expect((await failure(open.fetch(get(uri)))).code).toBe('net.httpAddressRefused');
    expect(lis.requests).toHaveLength(2);
  });
});

describe('redirects', () => {
  it.each([
    [301, 'POST'],
    [302, 'POST'],
    [303, 'GET'],
    [307, 'POST'],
    [308, 'POST'],
  ])('%i is followed by %s', async (statusCode, method) => {
    const lis = await server({ '/old': { kind: 'redirect', statusCode, to: 'new?x=1' }, '*': good });
    const http = await fetcher();
    const question = get(lis.uri('/old'), { method: 'POST', body: '<q/>', contentType: 'a/b' });
    const answer = await http.fetch(question);
    expect(answer.uri).toBe(lis.uri('/new?x=1'));
    expect(lis.requests[1]).toMatchObject({
      path: '/new?x=1',
      method,
      body: method === 'POST' ? '<q/>' : '',
    });
    expect(http.counts()).toMatchObject({ redirects: 1, answered: 1, origins: 1 });
  });

  it('leads each host what is its own, and nothing of another', async () => {
    const other = await server();
    const lis = await server({
      '*': { kind: 'redirect', statusCode: 307, to: other.uri('/b', 'lis.example') },
    });
    const http = await fetcher({
      credentials: {
        '127.0.0.1': { username: 'us', password: 's3cret' },
        'elsewhere.example': { bearerToken: 't' },
      },
    });
    await http.fetch(get(lis.uri('/a')));
    expect(lis.requests[0]?.headers['authorization']).toBe(
      `Basic ${Buffer.from('us:s3cret').toString('base64')}`,
    );
    expect(other.requests[0]?.headers['authorization']).toBeUndefined();
  });

  it.each([
    ['to itself without end', '/a', 'net.httpRedirect', 3],
    ['to loopback', 'https://127.0.0.2:{trap}/', 'net.httpAddressRefused', 1],
    ['to a name inside', 'https://inside.example:{trap}/', 'net.httpAddressRefused', 1],
    ['to the metadata service', 'https://169.254.169.254/latest', 'net.httpAddressRefused', 1],
    ['to http:', 'http://127.0.0.1:{trap}/', 'net.httpRedirect', 1],
    ['to another scheme', 'ftp://127.0.0.1/', 'net.httpUriRefused', 1],
    ['to a user', 'https://a@127.0.0.1/', 'net.httpRedirect', 1],
    ['to nothing', '', 'net.httpRedirect', 1],
  ])('%s', async (_, to, code, requests) => {
    const inside = await trap('silent', '127.0.0.2');
    const lis = await server({
      '*': { kind: 'redirect', statusCode: 302, to: to.replace('{trap}', String(inside.port)) },
    });
    const http = await fetcher();
    expect((await failure(http.fetch(get(lis.uri(`/a${secret}`))))).code).toBe(code);
    expect(lis.requests).toHaveLength(requests);
    expect(inside.connections()).toBe(0);
  });

  it('never to http: even where that is spoken', async () => {
    const plain = await server({ '*': good }, { isPlain: true });
    const lis = await server({ '*': { kind: 'redirect', statusCode: 302, to: plain.uri('/') } });
    const http = await fetcher({ rules: { plainHttp: true } });
    expect((await failure(http.fetch(get(lis.uri('/'))))).code).toBe('net.httpRedirect');
    expect(plain.connections()).toBe(0);
  });

  it('stay on the host where what is asked is for it alone', async () => {
    const other = await server();
    const lis = await server({
      '/in': { kind: 'redirect', statusCode: 307, to: '/b' },
      '/out': { kind: 'redirect', statusCode: 307, to: other.uri('/b', 'lis.example') },
      '/b': good,
    });
    const http = await fetcher();
    expect((await http.fetch(get(lis.uri('/in'), { staysOnHost: true }))).statusCode).toBe(200);
    const out = await failure(http.fetch(get(lis.uri('/out'), { staysOnHost: true })));
    expect(out.code).toBe('net.httpRedirect');
    expect(other.connections()).toBe(0);
  });

  it('from what the operator wrote are trusted on that host alone', async () => {
    const inside = await server({ '*': good }, { address: '127.0.0.2' });
    const lis = await server(
      {
        '/in': { kind: 'redirect', statusCode: 302, to: '/b' },
        '/out': { kind: 'redirect', statusCode: 302, to: inside.uri('/b') },
        '/b': good,
      },
      { address: '127.0.0.3' },
    );
    const http = await fetcher();
    expect((await http.fetch(get(lis.uri('/in'), { isTrusted: true }))).statusCode).toBe(200);
    const out = await failure(http.fetch(get(lis.uri('/out'), { isTrusted: true })));
    expect(out.code).toBe('net.httpAddressRefused');
    expect(inside.connections()).toBe(0);
  });

  it('are delayed as they ask, or refused where that is too long (RFC 5985 §8)', async () => {
    const lis = await server({
      '/soon': { kind: 'redirect', statusCode: 302, to: '/b', retryAfterS: 1 },
      '/late': { kind: 'redirect', statusCode: 302, to: '/b', retryAfterS: 60 },
      '/b': good,
    });
    const http = await fetcher();
    const startedAt = performance.now();
    expect((await http.fetch(get(lis.uri('/soon')))).statusCode).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    expect((await failure(http.fetch(get(lis.uri('/late'))))).code).toBe('net.httpRedirect');
  });
});

describe('TLS', () => {
  it.each([
    ['for another host', { altNames: ['DNS:other.example'] }],
    ['that has expired', { validUntil: new Date(Date.now() - 3_600_000) }],
  ])('refuses a certificate %s', async (_, wish) => {
    const certificate = await authority.issue({ altNames: ['DNS:lis.example'], ...wish });
    const lis = await server({ '*': good }, { certificate });
    const http = await fetcher();
    const { code, message } = await failure(http.fetch(get(lis.uri(secret, 'lis.example'))));
    expect(code).toBe('net.httpTls');
    expect(message).toContain('lis.example');
    expect(lis.requests).toHaveLength(0);
  });

  it('refuses a certificate of an unknown authority', async () => {
    const lis = await server();
    const http = await fetcher({ tls: {} });
    expect((await failure(http.fetch(get(lis.uri(secret))))).code).toBe('net.httpTls');
  });

  it('shows its own certificate to who asks for one', async () => {
    const lis = await server({ '*': good }, { wantsClientCertificate: true });
    const { certificateFile, keyFile } = await authority.issue({ altNames: ['DNS:esrp.example'] });
    const http = await fetcher({ tls: { caFile: authority.caFile, certificateFile, keyFile } });
    expect((await http.fetch(get(lis.uri('/')))).statusCode).toBe(200);
    expect(lis.requests[0]?.isClientProven).toBe(true);
    expect(http.certificates()).toHaveLength(1);
    const bare = await fetcher();
    const { code } = await failure(bare.fetch(get(lis.uri('/'))));
    expect(['net.httpTls', 'net.httpBroken']).toContain(code);
  });

  it('tells at the start of files that cannot be used', async () => {
    const made = new HttpFetcher({
      rules: { hosts: [], networks: [], plainHttp: false },
      limits,
      credentials: {},
      tls: { caFile: '/nowhere/ca.pem' },
      clock: systemClock,
      logger: recordingLogger(),
    });
    expect((await failure(made.start())).code).toBe('net.tlsCertificate');
    await made.stop();
  });
});

describe('servers that misbehave', () => {
  const bytesMax = 10_000;
  it.each<[string, HeldBehaviour, string]>([
    ['never answers', { kind: 'silent' }, 'net.httpTimeout'],
    ['sends a byte now and then', { kind: 'trickle' }, 'net.httpTimeout'],
    ['sends for ever', { kind: 'endless' }, 'net.httpTooLarge'],
    ['sends compressed bytes for ever', { kind: 'endless', isGzip: true }, 'net.httpTooLarge'],
    ['sends a bomb', { kind: 'bomb' }, 'net.httpTooLarge'],
    ['sends headers without end', { kind: 'hugeHeaders' }, 'net.httpTooLarge'],
    ['says that it sends a gigabyte', { ...good, contentLength: 1_000_000_000 }, 'net.httpTooLarge'],
    ['sends less than it says', { ...good, contentLength: 5_000 }, 'net.httpBroken'],
    ['breaks off in the body', { kind: 'breakOff', afterBytes: 100 }, 'net.httpBroken'],
    ['breaks off before the answer', { kind: 'breakOff' }, 'net.httpBroken'],
    ['does not speak HTTP', { kind: 'garbage', bytes: '\x00\x01\x02 SSH-2.0-x\r\n\r\n' }, 'net.httpBroken'],
    ['compresses as nobody asked', { ...good, encoding: 'br' }, 'net.httpEncoding'],
  ])('%s', async (_, behaviour, code) => {
    const lis = await server({ '*': behaviour });
    const http = await fetcher();
    const startedAt = performance.now();
    const question = get(lis.uri(secret), { deadlineMs: 600, bytesMax });
    expect((await failure(http.fetch(question))).code).toBe(code);
    expect(performance.now() - startedAt).toBeLessThan(code === 'net.httpTimeout' ? 900 : 590);
    expect(http.counts().underWay).toBe(0);
    // The next one is not the worse for it.
    lis.behaviours.set('*', good);
    expect((await http.fetch(get(lis.uri('/b')))).statusCode).toBe(200);
  });

  it('reads what is compressed within the limit, though nobody asked for it', async () => {
    const lis = await server({ '*': { ...good, encoding: 'gzip' } });
    const answer = await (await fetcher()).fetch(get(lis.uri('/')));
    expect(Buffer.from(answer.bytes).toString()).toBe(placeResponse(place));
  });

  it.each([
    ['takes the connection and no TLS', 'silent', 'net.httpTimeout', /TLS handshake/],
    ['hangs up at once', 'closing', 'net.httpTls', /no TLS session/],
  ] as const)('%s', async (_, kind, code, words) => {
    const { port } = await trap(kind);
    const http = await fetcher({ limits: { connectTimeoutMs: 300 } });
    const { code: found, message } = await failure(http.fetch(get(`https://127.0.0.1:${port}${secret}`)));
    expect(found).toBe(code);
    expect(message).toMatch(words);
  });

  it('is not there', async () => {
    const { port, close } = await startTcpTrap('silent');
    await close();
    const http = await fetcher();
    const { code } = await failure(http.fetch(get(`https://127.0.0.1:${port}${secret}`)));
    expect(code).toBe('net.httpConnectFailed');
  });

  it('has no address', async () => {
    const http = await fetcher();
    expect((await failure(http.fetch(get('https://nobody.example/')))).code).toBe('net.nameNotFound');
    expect((await failure(http.fetch(get('https://lis.invalid/')))).code).toBe('net.nameNotFound');
  });

  it('has name servers that say nothing', async () => {
    const http = await fetcher();
    const startedAt = performance.now();
    const asked = http.fetch(get('https://deaf.example/', { deadlineMs: 300 }));
    expect((await failure(asked)).code).toBe('net.httpTimeout');
    // A request that waits for its connection is let go at its deadline too.
    expect(performance.now() - startedAt).toBeLessThan(800);
    expect(http.counts().underWay).toBe(0);
  });
});

describe('limits', () => {
  it('refuses at once what is too much at a time, and keeps places for other servers', async () => {
    const stalling = await server({ '*': { kind: 'silent' } });
    const lis = await server();
    const http = await fetcher({ limits: { concurrentMax: 8 } });
    const waiting = Array.from({ length: 6 }, () =>
      failure(http.fetch(get(stalling.uri('/'), { deadlineMs: 500 }))),
    );
    const startedAt = performance.now();
    expect((await failure(http.fetch(get(stalling.uri(secret))))).code).toBe('net.httpBusy');
    expect(performance.now() - startedAt).toBeLessThan(200);
    expect((await http.fetch(get(lis.uri('/')))).statusCode).toBe(200);
    expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual(Array(6).fill('net.httpTimeout'));
    expect(http.counts()).toMatchObject({ busy: 1, timedOut: 6, underWay: 0 });
  });

  it('keeps connections to no more servers than the limit', async () => {
    const servers = await Promise.all([server(), server(), server()]);
    const http = await fetcher({ limits: { originsMax: 2 } });
    for (const each of servers) await http.fetch(get(each.uri('/')));
    expect(http.counts().origins).toBe(2);
  });

  it('waits less for a server that was silent several times, and sees at once when it is back', async () => {
    const lis = await server({ '*': { kind: 'silent' } });
    const other = await server({ '*': { kind: 'silent' } });
    const http = await fetcher();
    const timed = async (uri: string): Promise<number> => {
      const startedAt = performance.now();
      expect((await failure(http.fetch(get(uri, { deadlineMs: 400 })))).code).toBe('net.httpTimeout');
      return performance.now() - startedAt;
    };
    for (let round = 0; round < 3; round += 1) expect(await timed(lis.uri('/'))).toBeGreaterThan(390);
    expect(await timed(lis.uri('/'))).toBeLessThan(250);
    // One request goes on beside the calls for the whole time; other servers are waited for as ever.
    expect(http.counts().underWay).toBe(1);
    expect(await timed(other.uri('/'))).toBeGreaterThan(390);
    lis.behaviours.set('*', { ...good, delayMs: 250 });
    expect(await timed(lis.uri('/'))).toBeLessThan(200);
    await expect.poll(() => http.counts().underWay).toBe(0);
    expect((await http.fetch(get(lis.uri('/'), { deadlineMs: 400 }))).statusCode).toBe(200);
  });
});

describe('stopping', () => {
  it('ends what is under way and leaves no socket', async () => {
    const lis = await server({ '/idle': good, '*': { kind: 'silent' } });
    const { port } = await trap('silent');
    const http = await fetcher();
    await http.fetch(get(lis.uri('/idle')));
    const waiting = [lis.uri('/a'), `https://127.0.0.1:${port}/`, 'https://deaf.example/'].map((uri) =>
      failure(http.fetch(get(uri))),
    );
    await expect.poll(() => lis.requests.length).toBe(2);
    await http.stop();
    expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual(Array(3).fill('net.stopped'));
    expect(http.counts()).toMatchObject({ underWay: 0, origins: 0 });
    expect((await failure(http.fetch(get(lis.uri('/'))))).code).toBe('net.stopped');
    await http.stop();
    const left = process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'TLSWrap');
    // What is left of timers and TLS is of the test's own servers, which answer nothing any more.
    expect(left.filter((name) => name === 'TLSWrap').length).toBeLessThanOrEqual(2);
  });
});
