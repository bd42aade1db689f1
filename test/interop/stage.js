import { freePorts } from '../support/free-ports.js';
import { namespaceAddress } from '../support/namespace.js';
import { startServer } from '../support/server-process.js';
import { api, eventually, shownKey } from '../system/api.js';
/** Such as `TCP IPv6`, for the titles of tests. */
export function sideName({ transport, family }) {
    return `${transport.toUpperCase()} ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`;
}
/** `address:port` of a peer, as URIs write it. */
export function hostPort(family, port) {
    return `${family === 'ipv6' ? `[${namespaceAddress.ipv6}]` : namespaceAddress.ipv4}:${port}`;
}
/** The URI of the last resort: the server's own demo PSAP, which rings shortly, answers, and waits to be hung up on. */
export function lastResort(port) {
    return `sip:last-resort@127.0.0.1:${port}`;
}
/** Starts a server on the namespace's addresses and loads the boundaries. */
export async function openStage(options) {
    const names = Object.keys(options.ingresses);
    const ports = await freePorts(names.length * 4 + 1);
    const psapPort = ports.at(-1) ?? 0;
    const portOf = (ingress, transport) => {
        const first = names.indexOf(ingress) * 4;
        const at = { udp: 0, tcp: 0, tls: 1, ws: 2, wss: 3 }[transport];
        return ports[first + at] ?? 0;
    };
    const server = await startServer({
        psapPort,
        isDemoPsapEnabled: true,
        defaultRouteUri: lastResort(psapPort),
        config: configuration(options, names, portOf),
    });
    const key = shownKey(server)?.key ?? '';
    await loadBoundaries(server, key, options.psaps);
    const address = (ingress, transport = 'udp', family = 'ipv4') => {
        return hostPort(family, portOf(ingress, transport));
    };
    return {
        server,
        address,
        uri(user, ingress, transport = 'udp', family = 'ipv4') {
            const parameter = transport === 'udp' ? '' : `;transport=${transport}`;
            return `sip:${user}@${address(ingress, transport, family)}${parameter}`;
        },
        place: (psap) => placeOf(Object.keys(options.psaps).indexOf(psap)),
        record: (callId, state) => recordOf(server, key, callId, state),
        async close() {
            await server.stop();
            server.remove();
        },
    };
}
function configuration(options, names, portOf) {
    const { secure } = options;
    const transports = ['udp', 'tcp', ...(secure?.transports ?? [])];
    const listen = names.flatMap((ingress) => transports.flatMap((transport) => [namespaceAddress.ipv4, namespaceAddress.ipv6].map((address) => ({
        transport,
        address,
        port: portOf(ingress, transport),
        ingress,
        ...(transport === 'tls' || transport === 'wss' ? { tls: 'server' } : {}),
        ...(transport === 'tls' && secure?.announcedHost !== undefined
            ? { announcedHost: secure.announcedHost }
            : {}),
    }))));
    return {
        sip: { ...secure?.sip, listen },
        ingress: options.ingresses,
        demo: { data: false, ringMs: 50, hangUpMs: 60_000 },
    };
}
const box = { west: -100, south: 40, sizeDeg: 0.5, stepDeg: 1 };
function placeOf(index) {
    return { lon: box.west + index * box.stepDeg + box.sizeDeg / 2, lat: box.south + box.sizeDeg / 2 };
}
async function loadBoundaries(server, key, psaps) {
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
    if (reply.status !== 201)
        throw new Error(`the boundaries were not loaded: ${reply.status} ${reply.text}`);
}
async function recordOf(server, key, callId, state) {
    const [found] = await eventually(async () => {
        const page = await api(server, key, '/api/v1/calls?limit=100');
        return page.json.items.filter((item) => item.sipCallId === callId);
    }, (items) => items[0]?.state === state);
    return (await api(server, key, `/api/v1/calls/${found?.id}`)).json;
}
