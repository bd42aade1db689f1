import { type ServerOptions, type ServerProcess, startServer } from '../support/server-process.ts';
import { api, eventually, type PageJson, shownKey } from './api.ts';

// A server with boundaries of the test's own, so that a call's place decides which PSAP it goes to.

/** What the tests read of a call's record. */
export interface RecordJson {
  readonly id: string;
  readonly state: string;
  readonly sipCallId: string;
  readonly statusCode?: number;
  readonly attempts: readonly {
    readonly target: string;
    /** Such as `tls 127.0.0.1:5061`. */
    readonly nextHop?: string;
    readonly statusCode?: number;
    readonly detail?: string;
  }[];
}

/** A running server with one area for each PSAP. */
export interface RoutedServer {
  readonly server: ServerProcess;
  readonly key: string;
  /** A place in the area of that name. */
  place(name: string): { readonly lat: number; readonly lon: number };
  /** The record of a call once it is in that state. */
  record(callId: string, state: string): Promise<RecordJson>;
  stop(): Promise<void>;
}

/** Half a degree wide, one degree apart, from here to the east. */
const origin = { lon: -100, lat: 40 };
const sizeDeg = 0.5;

/** Starts a server; `areas` has the service URI of each area by its name. */
export async function startRouted(
  areas: Readonly<Record<string, string>>,
  options: ServerOptions = {},
): Promise<RoutedServer> {
  const config = { ...options.config, demo: { ...options.config?.['demo'], data: false } };
  const server = await startServer({ ...options, config });
  const key = shownKey(server)?.key ?? '';
  const names = Object.keys(areas);
  const reply = await api(server, key, '/api/v1/datasets?name=areas&activate=true', {
    body: JSON.stringify({
      type: 'FeatureCollection',
      features: names.map((name, index) => feature(name, areas[name] ?? '', index)),
    }),
    contentType: 'application/geo+json',
  });
  if (reply.status !== 201) throw new Error(`the areas were not loaded: ${reply.status} ${reply.text}`);
  return {
    server,
    key,
    place(name) {
      const index = names.indexOf(name);
      if (index === -1) throw new Error(`no area ${name}`);
      return { lat: origin.lat + sizeDeg / 2, lon: origin.lon + index + sizeDeg / 2 };
    },
    record: (callId, state) => recordOf(server, key, { callId, state }),
    async stop() {
      await server.stop();
      server.remove();
    },
  };
}

function feature(name: string, uri: string, index: number): unknown {
  const west = origin.lon + index;
  const [east, north] = [west + sizeDeg, origin.lat + sizeDeg];
  const south = origin.lat;
  return {
    type: 'Feature',
    properties: { id: name, name, uri, urn: 'urn:service:sos' },
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [west, south],
          [east, south],
          [east, north],
          [west, north],
          [west, south],
        ],
      ],
    },
  };
}

async function recordOf(
  server: ServerProcess,
  key: string,
  wanted: { readonly callId: string; readonly state: string },
): Promise<RecordJson> {
  const [found] = await eventually(
    async () => {
      const page = await api<PageJson<RecordJson>>(server, key, '/api/v1/calls?limit=200');
      return page.json.items.filter((item) => item.sipCallId === wanted.callId);
    },
    (items) => items[0]?.state === wanted.state,
  );
  return (await api<RecordJson>(server, key, `/api/v1/calls/${found?.id}`)).json;
}

/** The transport of each next hop that was tried, with what came of it, such as `udp 200`. */
export function hopsOf(record: RecordJson): readonly string[] {
  return record.attempts.map(({ nextHop, statusCode }) => `${nextHop?.split(' ')[0]} ${statusCode}`);
}
