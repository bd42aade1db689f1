import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wallMs } from '../../../src/base/index.ts';
import {
  type FlattenedJws,
  isFlattenedJws,
  type JwsSigner,
  readCertificates,
  readJwsSigner,
  signJws,
  verifyJws,
} from '../../../src/esrp/index.ts';

// Signatures of i3 documents: flattened JWS, EdDSA over Ed448. Certificates are made by openssl, which Node.js has no words for.

const folder = mkdtempSync(join(tmpdir(), 'firstline-jws-'));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const openssl = (...words: readonly string[]) =>
  execFileSync('openssl', [...words], { cwd: folder, stdio: 'pipe' });

interface Made {
  readonly signer: JwsSigner;
  readonly certificate: X509Certificate;
}

/** A key of Ed448 with a certificate, by an authority of its own or by one that is named. */
function make(
  name: string,
  options: { readonly by?: string; readonly isCa?: boolean; readonly algorithm?: string } = {},
): void {
  const { by, isCa = false, algorithm = 'ed448' } = options;
  openssl('genpkey', '-algorithm', algorithm, '-out', `${name}.key`);
  openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}.example`, '-out', `${name}.csr`);
  writeFileSync(at(`${name}.ext`), `basicConstraints=critical,CA:${isCa ? 'TRUE' : 'FALSE'}\n`);
  const signing =
    by === undefined
      ? ['-signkey', `${name}.key`]
      : ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...signing,
    '-days',
    '30',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.pem`,
  );
}

function signerOf(name: string, chain: readonly string[] = []): JwsSigner {
  const certificates = [name, ...chain].map((each) => readFileSync(at(`${each}.pem`), 'utf8')).join('\n');
  const read = readJwsSigner({ key: readFileSync(at(`${name}.key`), 'utf8'), certificates });
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

const certificateOf = (name: string) => new X509Certificate(readFileSync(at(`${name}.pem`)));

describe('signatures of documents', () => {
  const document = JSON.stringify({ reportType: 'LostDiscrepancyReport', text: 'ünïcode' });
  // Past the second in which the certificates are made.
  const now = wallMs(Date.now() + 3_600_000);
  let ours: Made;
  let jws: FlattenedJws;
  beforeAll(() => {
    make('root', { isCa: true });
    make('between', { isCa: true, by: 'root' });
    make('agency', { by: 'between' });
    make('direct', { by: 'root' });
    make('forger', { by: 'direct' });
    make('stranger');
    make('short', { algorithm: 'ed25519' });
    ours = { signer: signerOf('agency', ['between']), certificate: certificateOf('agency') };
    jws = signJws(document, ours.signer);
  });
  const trust = () => ({ authorities: readCertificates(readFileSync(at('root.pem'), 'utf8')), at: now });

  it('hold, by way of an authority between', () => {
    expect(isFlattenedJws(jws)).toBe(true);
    expect(JSON.parse(Buffer.from(jws.protected, 'base64url').toString())).toMatchObject({ alg: 'EdDSA' });
    expect(verifyJws(jws, trust())).toEqual({
      ok: true,
      value: { payload: document, signer: 'CN=agency.example' },
    });
    const direct = signJws(document, signerOf('direct'));
    expect(verifyJws(direct, trust())).toMatchObject({ ok: true });
    expect(verifyJws(jws, { ...trust(), authorities: [ours.certificate] })).toMatchObject({ ok: true });
  });

  /** Another header, truly signed. */
  const withHeader = (change: object): FlattenedJws => {
    const header = JSON.parse(Buffer.from(jws.protected, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...header, ...change })).toString('base64url');
    const signature = sign(null, Buffer.from(`${changed}.${jws.payload}`), ours.signer.key).toString(
      'base64url',
    );
    return { ...jws, protected: changed, signature };
  };

  const rows: readonly (readonly [string, () => FlattenedJws, string])[] = [
    [
      'another payload',
      () => ({ ...jws, payload: Buffer.from('{}').toString('base64url') }),
      'does not hold',
    ],
    [
      'another signature',
      () => ({ ...jws, signature: signJws('{}', ours.signer).signature }),
      'does not hold',
    ],
    ['no signature', () => ({ ...jws, signature: '' }), 'does not hold'],
    ['the algorithm none', () => withHeader({ alg: 'none' }), 'not EdDSA'],
    ['an extension that has to be known', () => withHeader({ crit: ['exp'] }), 'critical'],
    ['no certificate', () => withHeader({ x5c: undefined, x5u: 'https://a.example/c' }), 'no certificate'],
    ['too many certificates', () => withHeader({ x5c: new Array(6).fill('AA==') }), 'no certificate'],
    ['another thumbprint', () => withHeader({ 'x5t#S256': 'AA' }), 'thumbprint'],
    ['a certificate that is none', () => withHeader({ x5c: ['AA=='] }), 'cannot be read'],
    ['a header that is none', () => ({ ...jws, protected: 'AA' }), 'cannot be read'],
    ['a stranger’s certificate', () => signJws(document, signerOf('stranger')), 'no authority'],
    [
      'an agency that plays authority',
      () => signJws(document, signerOf('forger', ['direct'])),
      'no authority',
    ],
    ['a chain with a piece missing', () => signJws(document, signerOf('agency')), 'no authority'],
  ];
  it.each(rows)('do not hold with %s', (_name, made, reason) => {
    expect(verifyJws(made(), trust())).toEqual({ ok: false, error: expect.stringContaining(reason) });
  });

  it('do not hold when their certificates are over', () => {
    const later = wallMs(now + 60 * 86_400_000);
    expect(verifyJws(jws, { ...trust(), at: later })).toEqual({
      ok: false,
      error: 'a certificate is not valid now',
    });
  });

  it('want a key of Ed448 and its certificate', () => {
    const pem = readFileSync(at('agency.pem'), 'utf8');
    const other = generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(readJwsSigner({ key: other, certificates: pem })).toMatchObject({ ok: false });
    expect(readJwsSigner({ key: readFileSync(at('short.key'), 'utf8'), certificates: pem })).toEqual({
      ok: false,
      error: 'the key is not of Ed448',
    });
    expect(readJwsSigner({ key: 'none', certificates: pem })).toMatchObject({ ok: false });
  });

  it.each([
    [{}],
    [null],
    ['text'],
    [{ payload: 'a', protected: 'b' }],
    [{ payload: 1, protected: 'b', signature: 'c' }],
  ])('are not seen in %j', (value) => {
    expect(isFlattenedJws(value)).toBe(false);
  });
});
