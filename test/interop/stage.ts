import type { CertificateFiles } from '../../src/net/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { namespaceAddress, namespaceHosts } from '../support/namespace.ts';
import type { Authority } from '../support/net-tls.ts';
import { type ServerOptions, type ServerProcess, startServer } from '../support/server-process.ts';
import { api, eventually, type PageJson, shownKey } from '../system/api.ts';

// The server that the peers call through, with a boundary for each PSAP: a box of half a degree.

export type Family = 'ipv4' | 'ipv6';
export type Transport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** A way to reach a peer or to be reached by it. */
export interface Side {
  readonly transport: Transport;
  readonly family: Family;
}

/** Such as `TCP IPv6`, for the titles of tests. */
export function sideName({ transport, family }: Side): string {
  return `${transport.toUpperCase()} ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`;
}

/** `address:port` of a peer, as URIs write it. */
export function hostPort(family: Family, port: number): string {
  return `${family === 'ipv6' ? `[${namespaceAddress.ipv6}]` : namespaceAddress.ipv4}:${port}`;
}

/** What the tests read of a call's record. */
export interface CallJson {
  readonly id: string;
  readonly state: string;
  readonly sipCallId: string;
  readonly ingress: string;
  readonly statusCode?: number;
  readonly recognition: { readonly rule?: string };
  readonly located?: { readonly location?: unknown };
  readonly mapping?: { readonly kind: string; readonly boundary?: { readonly boundaryId: string } };
  readonly attempts: readonly {
    readonly target: string;
    /** Such as `tcp 10.99.0.1:5060`. */
    readonly nextHop?: string;
    readonly statusCode?: number;
    readonly detail?: string;
  }[];
  readonly warnings: readonly { readonly message: string }[];
}

/** What a file's tests say of their server. */
export interface StageOptions {
  /** Rules by ingress name; each has its own port. */
  readonly ingresses: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Transports of every ingress beside UDP and TCP, with what they need. */
  readonly secure?: {
    readonly transports: readonly Exclude<Transport, 'udp' | 'tcp'>[];
    readonly authority: Authority;
  };
  /** Host that an ingress's TLS listeners put into Via and Record-Route; their address where absent. */
  readonly announcedHosts?: Readonly<Record<string, string>>;
  /** Service URI of each PSAP by a name of the test's. */
  readonly psaps: Readonly<Record<string, string>>;
  /** First of the server's ports, for peers that cannot write five digits; free ones unless given. */
  readonly firstPort?: number;
  /** From which size on a request goes over TCP although its URI says UDP; none that a phone sends unless given. */
  readonly udpRequestBytesMax?: number;
}

/** A running server, ready for the peers. */
export interface Stage {
  readonly server: ServerProcess;
  /** The URI to dial for a user at an ingress, such as `sip:sos@10.99.0.1:20000;transport=tcp`. */
  uri(user: string, ingress: string, transport?: Transport, family?: Family): string;
  /** `wss://…` of an ingress, for scripts in browsers. */
  webSocket(ingress: string, transport: 'ws' | 'wss', family?: Family): string;
  /** `address:port` of a listener. */
  address(ingress: string, transport?: Transport, family?: Family): string;
  /** A place that the PSAP of that name serves. */
  place(psap: string): { readonly lat: number; readonly lon: number };
  /** The record of a call once it is in that state. */
  record(callId: string, state: string): Promise<CallJson>;
  close(): Promise<void>;
}

/** The URI of the last resort: the server's own demo PSAP, which rings shortly, answers, and waits to be hung up on. */
export function lastResort(port: number): string {
  return `sip:last-resort@127.0.0.1:${port}`;
}

/** Starts a server on the namespace's addresses and loads the boundaries. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const names = Object.keys(options.ingresses);
  const { firstPort } = options;
  const free = await freePorts(names.length * 4 + 1);
  const ports = free.map((port, index) => (firstPort === undefined ? port : firstPort + index));
  const psapPort = ports.at(-1) ?? 0;
  const portOf = (ingress: string, transport: Transport) => {
    const first = names.indexOf(ingress) * 4;
    const at = { udp: 0, tcp: 0, tls: 1, ws: 2, wss: 3 }[transport];
    return ports[first + at] ?? 0;
  };
  const files = await serverCertificate(options.secure?.authority);
  const server = await startServer({
    psapPort,
    isDemoPsapEnabled: true,
    defaultRouteUri: lastResort(psapPort),
    config: configuration(options, { names, portOf, files }),
  });
  const key = shownKey(server)?.key ?? '';
  await loadBoundaries(server, key, options.psaps);
  const address = (ingress: string, transport: Transport = 'udp', family: Family = 'ipv4') => {
    return hostPort(family, portOf(ingress, transport));
  };
  return {
    server,
    address,
    uri(user, ingress, transport = 'udp', family = 'ipv4') {
      const parameter = transport === 'udp' ? '' : `;transport=${transport}`;
      return `sip:${user}@${address(ingress, transport, family)}${parameter}`;
    },
    webSocket: (ingress, transport, family) => `${transport}://${address(ingress, transport, family)}`,
    place: (psap) => placeOf(Object.keys(options.psaps).indexOf(psap)),
    record: (callId, state) => recordOf(server, key, callId, state),
    async close() {
      await server.stop();
      server.remove();
    },
  };
}

/** One certificate for all of the server's names and addresses, which it also shows where it is the client. */
function serverCertificate(authority: Authority | undefined): Promise<CertificateFiles | undefined> {
  const host = namespaceHosts.firstline;
  const addresses = Object.values(namespaceAddress).map((address) => `IP:${address}`);
  return Promise.resolve(authority?.issue({ altNames: [`DNS:${host}`, `URI:sip:${host}`, ...addresses] }));
}

function configuration(
  options: StageOptions,
  made: {
    readonly names: readonly string[];
    readonly portOf: (ingress: string, transport: Transport) => number;
    readonly files: CertificateFiles | undefined;
  },
): NonNullable<ServerOptions['config']> {
  const transports: readonly Transport[] = ['udp', 'tcp', ...(options.secure?.transports ?? [])];
  const listen = made.names.flatMap((ingress) =>
    transports.flatMap((transport) =>
      [namespaceAddress.ipv4, namespaceAddress.ipv6].map((address) => ({
        transport,
        address,
        port: made.portOf(ingress, transport),
        ingress,
        ...(transport === 'tls' || transport === 'wss' ? { tls: 'server' } : {}),
        ...(transport === 'tls' ? { announcedHost: options.announcedHosts?.[ingress] } : {}),
      })),
    ),
  );
  const caFile = options.secure?.authority.caFile;
  const { files } = made;
  return {
    sip: {
      listen,
      udpRequestBytesMax: options.udpRequestBytesMax ?? 20_000,
      ...(files === undefined
        ? {}
        : {
            tls: { server: { certificateFile: files.certificateFile, keyFile: files.keyFile, caFile } },
            tlsClient: { certificateFile: files.certificateFile, keyFile: files.keyFile, caFile },
          }),
    },
    ingress: options.ingresses,
    demo: { data: false, ringMs: 50, hangUpMs: 60_000 },
  };
}

const box = { west: -100, south: 40, sizeDeg: 0.5, stepDeg: 1 };

function placeOf(index: number): { lat: number; lon: number } {
  return { lon: box.west + index * box.stepDeg + box.sizeDeg / 2, lat: box.south + box.sizeDeg / 2 };
}

async function loadBoundaries(
  server: ServerProcess,
  key: string,
  psaps: Readonly<Record<string, string>>,
): Promise<void> {
  // An empty collection is refused.
  if (Object.keys(psaps).length === 0) return;
  const features = Object.entries(psaps).map(([name, uri], index) => {
    const west = box.west + index * box.stepDeg;
    const east = west + box.sizeDeg;
    const north = box.south + box.sizeDeg;
    const ring = [
      [west, box.south],
      [east, box.south],
      [east, north],
      [west, north],
      [west, box.south],
    ];
    return {
      type: 'Feature',
      properties: { id: name, name, uri, urn: 'urn:service:sos' },
      geometry: { type: 'Polygon', coordinates: [ring] },
    };
  });
  const reply = await api(server, key, '/api/v1/datasets?name=interop&activate=true', {
    body: JSON.stringify({ type: 'FeatureCollection', features }),
    contentType: 'application/geo+json',
  });
  if (reply.status !== 201) throw new Error(`the boundaries were not loaded: ${reply.status} ${reply.text}`);
}

async function recordOf(
  server: ServerProcess,
  key: string,
  callId: string,
  state: string,
): Promise<CallJson> {
  const [found] = await eventually(
    async () => {
      const page = await api<PageJson<CallJson>>(server, key, '/api/v1/calls?limit=100');
      return page.json.items.filter((item) => item.sipCallId === callId);
    },
    (items) => items[0]?.state === state,
  );
  return (await api<CallJson>(server, key, `/api/v1/calls/${found?.id}`)).json;
}

/** The transport of each next hop that was tried, with what came of it, such as `udp 200`. */
export function hopsOf(record: CallJson): readonly string[] {
  return record.attempts.map(({ nextHop, statusCode }) => `${nextHop?.split(' ')[0]} ${statusCode}`);
}
