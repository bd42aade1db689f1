import { type CodedError, DependencyError, err, ok, type Result } from '../base/index.ts';
import type { Destination, Endpoint } from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import type { StreamCounts } from './counts.ts';
import type { StreamContext } from './stream-transport.ts';
import type { AcceptSocket, OpeningSocket, StreamWire } from './stream-wire.ts';
import type { TlsCertificates } from './tls-certificates.ts';
import { connectTls, judgeServer } from './tls-client.ts';
import type { TlsContext } from './tls-context.ts';
import { TlsHandshakes } from './tls-handshakes.ts';
import type { TlsClientSettings } from './tls-profile.ts';
import type { ListenOptions } from './types.ts';

/** What connections of our own need of TLS: undefined until it has been read. */
export interface TlsClient {
  readonly settings: TlsClientSettings;
  readonly context: TlsContext;
}

export interface TlsWireOptions extends Pick<StreamContext, 'limits' | 'clock' | 'table'> {
  readonly counts: StreamCounts;
  readonly certificates: TlsCertificates;
  /** Undefined where nothing is configured that needs TLS: then nothing is opened. */
  readonly client: () => TlsClient | undefined;
}

/** TLS over TCP. Requests share a connection only with those for the same server name at the same address. */
export class TlsWire implements StreamWire {
  readonly kind = 'tls';
  readonly reusesAccepted = false;
  readonly #options: TlsWireOptions;
  readonly #handshakes: TlsHandshakes[] = [];

  constructor(options: TlsWireOptions) {
    this.#options = options;
  }

  get pendingCount(): number {
    return this.#handshakes.reduce((sum, handshakes) => sum + handshakes.count, 0);
  }

  async prepare({ tls }: ListenOptions): Promise<AcceptSocket> {
    if (tls === undefined)
      throw new DependencyError('net.tlsCertificate', 'a tls listener needs a certificate');
    const { certificates, limits, clock, counts, table } = this.#options;
    const handshakes = new TlsHandshakes({
      certificates: await certificates.forListener(tls),
      limits,
      clock,
      counts,
      table,
    });
    this.#handshakes.push(handshakes);
    return (socket, remote, onReady) => handshakes.take(socket, remote, onReady);
  }

  open(destination: Destination): Result<OpeningSocket, CodedError> {
    const client = this.#options.client();
    if (client?.context.context === undefined) {
      return err({ code: 'net.unsupportedTransport', message: 'no TLS here: it is not configured' });
    }
    const socket = connectTls(destination, client.context.context);
    const { verify } = client.settings;
    return ok({ socket, readyEvent: 'secureConnect', judge: () => judgeServer(socket, destination, verify) });
  }

  poolKey(remote: Endpoint, serverName: string | undefined): string {
    return `${endpointText(remote)}|${(serverName ?? '').toLowerCase()}`;
  }

  stop(): void {
    for (const handshakes of this.#handshakes) handshakes.stop();
  }
}
