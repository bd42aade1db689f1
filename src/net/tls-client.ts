import { connect, type PeerCertificate, type SecureContext, type TLSSocket } from 'node:tls';
import { type CodedError, err, ok, type Result } from '../base/index.ts';
import type { Destination } from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import { keepAliveDelayMs } from './tcp.ts';
import { type CertificateNames, certificateNames, domainName, provesHost } from './tls-identity.ts';
import type { TlsClientSettings } from './tls-profile.ts';

/** Starts a TLS connection; nothing may be sent on it before {@link judgeServer} has been asked. */
export function connectTls(destination: Destination, secureContext: SecureContext): TLSSocket {
  const { remote, serverName } = destination;
  // RFC 6066 §3: an address is no server name.
  const name = serverName === undefined ? undefined : domainName(serverName);
  const socket = connect({
    host: remote.address,
    port: remote.port,
    secureContext,
    // The chain is looked at by `judgeServer`, together with the identity, by rules that are not those of HTTP.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(name !== undefined && { servername: name }),
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveDelayMs);
  return socket;
}

/**
 * Whether the server at the other end is the host that was resolved: a certificate that is valid in itself and names it
 * (RFC 5922 §7.3). Gives the domains that it proved; an error `net.tlsIdentity` where the settings ask for proof and
 * there is none.
 */
export function judgeServer(
  socket: TLSSocket,
  destination: Destination,
  verify: TlsClientSettings['verify'],
): Result<readonly string[] | undefined, CodedError> {
  const { remote, serverName } = destination;
  const host = serverName ?? remote.address;
  const isWanted = verify === 'always' || (verify === 'whenNamed' && domainName(host) !== undefined);
  const refuse = (why: string): Result<never, CodedError> =>
    err({ code: 'net.tlsIdentity', message: `${endpointText(remote)} did not prove to be ${host}: ${why}` });
  if (!socket.authorized) {
    return isWanted ? refuse(`its certificate is not valid (${socket.authorizationError})`) : ok(undefined);
  }
  const names = namesOf(socket);
  if (isWanted && !provesHost(names, host)) {
    return refuse(
      `its certificate names ${[...names.domains, ...names.addresses].join(', ') || 'no SIP domain'}`,
    );
  }
  return ok(names.domains);
}

/** Who the peer's certificate says it is. Says nothing about whether that certificate is valid. */
export function namesOf(socket: TLSSocket): CertificateNames {
  // Empty where the peer showed none, whatever the types say.
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate(false);
  const commonName: unknown = certificate.subject?.CN;
  return certificateNames({
    subjectAltName: certificate.subjectaltname,
    commonName: typeof commonName === 'string' ? commonName : undefined,
  });
}
