import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** What a token holds. */
export interface Sealed {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** What can come of a token: its content, or that it is none of ours. */
export type Opened = (Sealed & { readonly kind: 'sealed' }) | { readonly kind: 'unknown' };

const nonceBytes = 12;
const tagBytes = 16;
const expiryBytes = 6;
/** No document of ours comes near it; a token that inflates beyond it is none of ours. */
const textBytesMax = 262_144;
/** As base64url. A longer one does not fit into the header fields that the server takes. */
const tokenLengthMax = 12_000;

/** Words of the documents that are sealed: what stands here costs a token next to nothing. Tokens in use depend on it. */
const dictionary = Buffer.from(
  [
    '<gs:Ellipse<gs:ArcBand<gs:Sphere<gs:Ellipsoid<gs:Prism<gml:Polygon<gml:exterior><gml:LinearRing><gml:posList>',
    'urn:nena:xml:ns:pidf:nenaCivicAddr"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext"',
    ...[
      'country',
      'A1',
      'A2',
      'A3',
      'A4',
      'PRD',
      'RD',
      'STS',
      'POD',
      'HNO',
      'HNS',
      'LOC',
      'FLR',
      'NAM',
      'PC',
    ].map((name) => `<ca:${name}></ca:${name}>`),
    'urn:ogc:def:crs:EPSG::4979',
    '<?xml version="1.0" encoding="UTF-8"?>\n<presence xmlns="urn:ietf:params:xml:ns:pidf"',
    ' xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml"',
    ' xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"',
    ' entity="sip:pres:"><tuple id="loc-"><status><gp:geopriv><gp:location-info>',
    '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos></gml:pos></gml:Point>',
    '<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos></gml:pos>',
    '<gs:radius uom="urn:ogc:def:uom:EPSG::9001"></gs:radius></gs:Circle>',
    '<ca:civicAddress xml:lang="en"></ca:civicAddress></gp:location-info><gp:usage-rules>',
    '<gbp:retransmission-allowed xmlns:gbp="urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy">false',
    '</gbp:retransmission-allowed><gbp:retention-expiry></gbp:retention-expiry></gp:usage-rules>',
    '<gp:usage-rules/><gp:method>Manual</gp:method><gp:method>Cell</gp:method><gp:method>Default</gp:method>',
    '<gp:provided-by><ad:EmergencyCallDataValue xmlns:ad="urn:ietf:params:xml:ns:EmergencyCallData">',
    '<pi:EmergencyCallData.ProviderInfo xmlns:pi="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo">',
    '<pi:DataProviderReference></pi:DataProviderReference><pi:DataProviderString></pi:DataProviderString>',
    '<pi:ProviderID></pi:ProviderID><pi:ProviderIDSeries>domain</pi:ProviderIDSeries>',
    '<pi:TypeOfProvider>Emergency Service Provider</pi:TypeOfProvider><pi:ContactURI>sip:</pi:ContactURI>',
    '<pi:Language>en</pi:Language></pi:EmergencyCallData.ProviderInfo></ad:EmergencyCallDataValue>',
    '</gp:provided-by></gp:geopriv></status><timestamp></timestamp></tuple></presence>',
  ].join(''),
  'utf8',
);

/**
 * Texts as tokens that nobody can make, read or change without the secret, and that need no memory of ours: AES-256-GCM
 * under a key of the secret (RFC 5808 §3.2 C8 and C9: hard to guess, and telling nothing of the target).
 */
export class TokenSealer {
  readonly #keys: readonly Buffer[];

  /** The first secret seals, all are accepted. Without any, one is made that lasts as long as this object. */
  constructor(secrets: readonly string[]) {
    const given = secrets.length > 0 ? secrets : [randomBytes(32).toString('base64')];
    this.#keys = given.map((secret) =>
      Buffer.from(hkdfSync('sha256', secret, '', 'firstline location reference 1', 32)),
    );
  }

  /** Of letters, digits, `-` and `_`. */
  seal({ text, expiresAtMs }: Sealed): string {
    const nonce = randomBytes(nonceBytes);
    const expiry = Buffer.alloc(expiryBytes);
    expiry.writeUIntBE(Math.max(0, Math.floor(expiresAtMs)), 0, expiryBytes);
    const packed = deflateRawSync(Buffer.from(text, 'utf8'), { dictionary, level: 9 });
    const cipher = createCipheriv('aes-256-gcm', this.#keys[0] ?? Buffer.alloc(0), nonce);
    const sealed = [cipher.update(expiry), cipher.update(packed), cipher.final()];
    return Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** Says of an expired token what it holds; whether that still counts is the asker's to decide. */
  open(token: string): Opened {
    if (token.length > tokenLengthMax || !/^[\w-]+$/.test(token)) return { kind: 'unknown' };
    const bytes = Buffer.from(token, 'base64url');
    // A text that only decodes to the same bytes is another token.
    if (bytes.length <= nonceBytes + tagBytes + expiryBytes || bytes.toString('base64url') !== token) {
      return { kind: 'unknown' };
    }
    for (const key of this.#keys) {
      const plain = decrypted(key, bytes);
      if (plain !== undefined) return unpacked(plain);
    }
    return { kind: 'unknown' };
  }
}

function decrypted(key: Buffer, bytes: Buffer): Buffer | undefined {
  const tagAt = bytes.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes));
  decipher.setAuthTag(bytes.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, tagAt)), decipher.final()]);
  } catch {
    // Sealed with another key, or by nobody.
    return undefined;
  }
}

function unpacked(plain: Buffer): Opened {
  try {
    const options = { dictionary, maxOutputLength: textBytesMax };
    const text = inflateRawSync(plain.subarray(expiryBytes), options).toString('utf8');
    return { kind: 'sealed', text, expiresAtMs: plain.readUIntBE(0, expiryBytes) };
  } catch {
    // Sealed by a version with another dictionary.
    return { kind: 'unknown' };
  }
}
