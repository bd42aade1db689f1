import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { type CodedError, err, errorText, ok, type Result } from '../base/index.ts';
import type { Destination } from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import { keepAliveDelayMs } from './tcp.ts';
import type { TlsClient } from './tls.ts';
import type { NetLimits } from './types.ts';
import type { WebSocketKind } from './websocket-connection.ts';
import { sipSubprotocol } from './websocket-handshake.ts';
import { frameLimits } from './websocket-limits.ts';

/** A WebSocket that is being opened, and the connection under it. */
export interface Dialled {
  readonly socket: WebSocket;
  readonly stream: () => Socket | undefined;
}

/**
 * Opens a WebSocket to a destination (RFC 7118 §4.1). Its path is `/`, since a SIP URI has no place for one. Errors:
 * `net.unsupportedTransport` for `wss` without TLS settings, `net.connectFailed` for a host that no URL can hold.
 */
export function dial(
  destination: Destination,
  options: { readonly kind: WebSocketKind; readonly tls: TlsClient | undefined; readonly limits: NetLimits },
): Result<Dialled, CodedError> {
  const { kind, tls, limits } = options;
  const { remote, serverName } = destination;
  // Never in the clear what was to be secure.
  if (kind === 'wss' && tls === undefined) {
    return err({ code: 'net.unsupportedTransport', message: 'no TLS here: it is not configured' });
  }
  let stream: Socket | undefined;
  const createConnection = (): Socket => {
    stream = kind === 'wss' && tls !== undefined ? secureStream(destination, tls) : plainStream(destination);
    return stream;
  };
  try {
    const host = endpointText({ address: serverName ?? remote.address, port: remote.port });
    const socket = new WebSocket(`${kind}://${host}/`, sipSubprotocol, {
      createConnection,
      followRedirects: false,
      ...frameLimits(limits),
    });
    return ok({ socket, stream: () => stream });
  } catch (cause) {
    const message = `no WebSocket to ${endpointText(remote)}: ${errorText(cause)}`;
    return err({ code: 'net.connectFailed', message, cause });
  }
}

/** What a connection of ours failed for, by the name that Node gives the error. */
export function openingErrorCode(
  error: Error | undefined,
): 'net.tlsIdentity' | 'net.tlsHandshake' | 'net.connectFailed' {
  const code = error !== undefined && 'code' in error ? String(error.code) : '';
  if (identityCode.test(code)) return 'net.tlsIdentity';
  return /^(?:ERR_SSL_|EPROTO$)/.test(code) ? 'net.tlsHandshake' : 'net.connectFailed';
}

/** OpenSSL's reasons to refuse a chain, and Node's own for one that names somebody else. */
const identityCode =
  /^(?:UNABLE_TO_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERR_TLS_CERT_)/;

function plainStream({ remote }: Destination): Socket {
  return connect({
    host: remote.address,
    port: remote.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveDelayMs,
  });
}

/**
 * The server is verified as one of HTTPS, by host name with wildcards: certificates for `wss` are not those of SIP domains
 * (RFC 7118 §9.1). Where there is no name its certificate must hold the address.
 */
function secureStream({ remote, serverName }: Destination, { settings, context }: TlsClient): TLSSocket {
  const isNamed = serverName !== undefined && isIP(serverName) === 0;
  const { verify } = settings;
  const socket = connectTls({
    host: remote.address,
    port: remote.port,
    // RFC 6066 §3: an address is no server name.
    servername: isNamed ? serverName : '',
    rejectUnauthorized: verify === 'always' || (verify === 'whenNamed' && isNamed),
    ALPNProtocols: ['http/1.1'],
    ...(context.context === undefined ? {} : { secureContext: context.context }),
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveDelayMs);
  return socket;
}
