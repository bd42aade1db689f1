import { createHash, createPrivateKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { err, errorText, ok, type Result, type WallMs } from '../base/index.ts';

// JSON Web Signatures as i3 has them (NENA-STA-010.3 §5.10): flattened JSON serialisation (RFC 7515 §7.2.2), EdDSA over
// Ed448 alone (RFC 8037 §3.1), the signer's certificate in the header (`x5c`, RFC 7515 §4.1.6).

/** A signed document. */
export interface FlattenedJws {
  readonly payload: string;
  readonly protected: string;
  readonly signature: string;
}

/** What documents are signed with. */
export interface JwsSigner {
  readonly key: KeyObject;
  /** The signer's certificate first, then those between it and the authority. */
  readonly certificates: readonly X509Certificate[];
}

/** Reads a key and its certificates (PEM). An error where they are not of Ed448, or not of each other. */
export function readJwsSigner(pem: {
  readonly key: string;
  readonly certificates: string;
}): Result<JwsSigner, string> {
  try {
    const key = createPrivateKey(pem.key);
    const certificates = readCertificates(pem.certificates);
    const [own] = certificates;
    if (key.asymmetricKeyType !== 'ed448') return err('the key is not of Ed448');
    if (own === undefined || !own.checkPrivateKey(key)) return err('the certificate is not that of the key');
    return ok({ key, certificates });
  } catch (thrown) {
    return err(errorText(thrown));
  }
}

/** Reads certificates (PEM, one after the other). Throws where one cannot be read. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** Signs a document. */
export function signJws(payload: string, signer: JwsSigner): FlattenedJws {
  const header = {
    alg: 'EdDSA',
    x5c: signer.certificates.map(({ raw }) => raw.toString('base64')),
  };
  const parts = { protected: encoded(JSON.stringify(header)), payload: encoded(payload) };
  const signature = sign(null, Buffer.from(`${parts.protected}.${parts.payload}`), signer.key);
  return { ...parts, signature: signature.toString('base64url') };
}

/** Whether a document has the members of a flattened signature. */
export function isFlattenedJws(value: unknown): value is FlattenedJws {
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Readonly<Record<string, unknown>>;
  return ['payload', 'protected', 'signature'].every((name) => typeof members[name] === 'string');
}

/** What was signed, and by whom. */
export interface VerifiedJws {
  readonly payload: string;
  /** The subject of the signer's certificate. */
  readonly signer: string;
}

/**
 * Verifies a signature by the certificate that it brings, and that certificate by authorities that are trusted. The
 * error says what does not hold; keys by reference (`x5u`) are not followed.
 */
export function verifyJws(
  jws: FlattenedJws,
  trust: { readonly authorities: readonly X509Certificate[]; readonly at: WallMs },
): Result<VerifiedJws, string> {
  try {
    const header: unknown = JSON.parse(Buffer.from(jws.protected, 'base64url').toString('utf8'));
    const { alg, x5c, crit, ...more } = (
      typeof header === 'object' && header !== null ? header : {}
    ) as Readonly<Record<string, unknown>>;
    if (alg !== 'EdDSA') return err('the algorithm is not EdDSA');
    if (crit !== undefined) return err('it has critical extensions'); // RFC 7515 §4.1.11
    if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > chainMax)
      return err('it brings no certificate (x5c)');
    const chain = x5c.map((each) => new X509Certificate(Buffer.from(String(each), 'base64')));
    const [own] = chain;
    if (own === undefined || own.publicKey.asymmetricKeyType !== 'ed448')
      return err('the key is not of Ed448');
    const thumb = more['x5t#S256'];
    if (thumb !== undefined && thumb !== createHash('sha256').update(own.raw).digest('base64url')) {
      return err('the thumbprint is not that of the certificate');
    }
    const fault = chainFault(chain, trust);
    if (fault !== undefined) return err(fault);
    const signed = Buffer.from(`${jws.protected}.${jws.payload}`);
    if (!verify(null, signed, own.publicKey, Buffer.from(jws.signature, 'base64url'))) {
      return err('the signature does not hold');
    }
    return ok({ payload: Buffer.from(jws.payload, 'base64url').toString('utf8'), signer: own.subject });
  } catch (thrown) {
    return err(`it cannot be read: ${errorText(thrown)}`);
  }
}

const chainMax = 5;

function chainFault(
  chain: readonly X509Certificate[],
  { authorities, at }: { readonly authorities: readonly X509Certificate[]; readonly at: WallMs },
): string | undefined {
  for (const [index, certificate] of chain.entries()) {
    if (at < Date.parse(certificate.validFrom) || at > Date.parse(certificate.validTo)) {
      return 'a certificate is not valid now';
    }
    if (authorities.some((authority) => isIssuedBy(certificate, authority, at))) return undefined;
    const issuer = chain[index + 1];
    if (issuer === undefined || !issuer.ca || !isIssuedBy(certificate, issuer, at)) break;
  }
  return 'no authority that is trusted issued the certificate';
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate, at: WallMs): boolean {
  if (at < Date.parse(issuer.validFrom) || at > Date.parse(issuer.validTo)) return false;
  if (certificate.raw.equals(issuer.raw)) return true;
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
