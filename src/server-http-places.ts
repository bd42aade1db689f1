import { assert, type CodedError } from './base/index.ts';
import type { Config } from './config/index.ts';
import type { Logger } from './esrp/index.ts';
import { type HttpListen, LocationReferences } from './http/index.ts';
import { type CertificateInfo, systemClock, TlsCertificates } from './net/index.ts';

// What the HTTP side needs beside its ports: certificates, and the locations that it serves by reference.

/** What serves locations by reference; undefined where no URI leads here. */
export function makeReferences(config: Config): LocationReferences | undefined {
  const { baseUri, secrets, lifetimeS } = config.location.published;
  return baseUri === undefined
    ? undefined
    : new LocationReferences({ baseUri, secrets, lifetimeS, clock: systemClock });
}

/** The HTTP listeners, with the certificates of those that speak HTTPS. */
export interface HttpPlaces {
  readonly listen: readonly HttpListen[];
  certificates(): readonly CertificateInfo[];
  /** Reads the files again; gives what cannot be used. */
  reloadCertificates(): Promise<readonly CodedError[]>;
  stop(): void;
}

/** Reads the certificates of the HTTP listeners. Rejects with `net.tlsCertificate`. */
export async function openHttpPlaces(config: Config, logger: Logger): Promise<HttpPlaces> {
  const certificates = new TlsCertificates({ logger, clock: systemClock });
  const listen: HttpListen[] = [];
  try {
    for (const { address: host, port, tls } of config.http.listen) {
      const profile = tls === undefined ? undefined : config.sip.tls[tls];
      assert(tls === undefined || profile !== undefined, 'the configuration has checked the profiles');
      if (profile === undefined) listen.push({ host, port });
      else {
        // A browser that is asked for a certificate asks its user; it is asked only where it must have one.
        const isRequired = profile.clientCertificate === 'require';
        const clientCertificate = isRequired ? 'require' : 'ignore';
        listen.push({ host, port, tls: await certificates.forListener({ ...profile, clientCertificate }) });
      }
    }
  } catch (error) {
    certificates.stop();
    throw error;
  }
  return {
    listen,
    certificates: () => certificates.inUse(),
    reloadCertificates: () => certificates.reload(),
    stop: () => certificates.stop(),
  };
}
