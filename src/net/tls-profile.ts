/** Oldest version of TLS that is spoken; older ones are never (RFC 8996). */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** A certificate chain (own certificate first) and its private key, in PEM files. */
export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** How a listener speaks TLS: its certificates, and what it asks of clients. */
export interface TlsProfile extends CertificateFiles {
  /** PEM file of the authorities that client certificates are checked against; those that Node trusts where undefined. */
  readonly caFile?: string | undefined;
  /**
   * `ignore`: not asked for. `request`: asked for, and a client without a valid one is served without a proven
   * identity. `require`: a client without a valid one is turned away (RFC 5922 §7.4).
   */
  readonly clientCertificate: 'ignore' | 'request' | 'require';
  readonly minVersion: TlsVersion;
  /** Other certificates, by the server name that a client asks for (RFC 5922 §7.8); exact names, in any case. */
  readonly serverNames?: Readonly<Record<string, CertificateFiles>> | undefined;
}

/** How connections of our own speak TLS. */
export interface TlsClientSettings {
  /** PEM file of the authorities that servers' certificates are checked against; those that Node trusts where undefined. */
  readonly caFile?: string | undefined;
  /** What is shown to servers that ask for a certificate; both files or neither. */
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly minVersion: TlsVersion;
  /**
   * Whether the server must prove to be the host that was resolved (RFC 5922 §7.3). `always`: a host that is an address
   * must stand in the certificate as such. `whenNamed`: only where the host is a name. `never`: anybody is believed.
   */
  readonly verify: 'always' | 'whenNamed' | 'never';
}

/** Verifies every server against the system's authorities. */
export const defaultTlsClient: TlsClientSettings = { minVersion: 'TLSv1.2', verify: 'always' };
