import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Destination, Listener, Transport } from '../transaction/index.ts';

/** What the user part of a Record-Route URI of ours says when it comes back in a Route. */
export interface RouteToken {
  /** The dialog belongs to an emergency call: its requests are never dropped for load. */
  readonly isEmergency: boolean;
  /** Where the peer of that side is reached, since its URI may not lead there; undefined: by its URI, or not from this node. */
  readonly flow: Destination | undefined;
}

// Layout: version and flags (1 byte); for a flow: transport (1), place (4), port (2), address (IPv4: 4, else a length
// byte and the text), connection id (the rest); at the end the first 10 bytes of an HMAC-SHA-256 over all before.
// The place is this node's number for a connection, which lives in one process, and the listener's for datagrams,
// which a restart does not harm.
const version = 0x10;
const emergencyFlag = 1;
const flowFlag = 2;
const ipv4Flag = 4;
const macBytes = 10;
const flowHeadBytes = 8;
const transports: readonly Transport[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];
/** Where the secret signs other things too, those never look like a token. */
const context = 'firstline route token';

/** Tokens remembered each way; at the limit all are forgotten and made anew on demand. */
const remembered = 10_000;
const userMax = 160;

/**
 * Writes and reads signed tokens (RFC 5626 §5.2): what later requests of a dialog need is kept in their routes instead of
 * in a table, so that it costs no memory and outlives nothing. A token is made once for each flow.
 */
export class RouteTokens {
  readonly #secrets: readonly Buffer[];
  readonly #listeners: readonly Listener[];
  readonly #nodeNumber: number;
  readonly #written = new Map<string, string>();
  readonly #read = new Map<string, RouteToken>();

  /** The first secret signs, each of them verifies. `nodeId` is this process's own: connections of others are not ours. */
  constructor(options: {
    readonly secrets: readonly Buffer[];
    readonly listeners: readonly Listener[];
    readonly nodeId: string;
  }) {
    this.#secrets = options.secrets;
    this.#listeners = options.listeners;
    this.#nodeNumber = crc32(options.nodeId) >>> 0;
  }

  /** The token for a side of a dialog; undefined where it would say nothing. Letters, digits, `-` and `_` only. */
  write(flow: Destination | undefined, isEmergency: boolean): string | undefined {
    if (flow === undefined && !isEmergency) return undefined;
    const key = flow === undefined ? '' : `${isEmergency ? 'e' : 'o'}${flowKey(flow)}`;
    const known = this.#written.get(key);
    if (known !== undefined) return known;
    const [secret] = this.#secrets;
    if (secret === undefined) return undefined;
    const content = this.#pack(flow, isEmergency);
    const token = Buffer.concat([content, macOf(secret, content)]).toString('base64url');
    if (this.#written.size >= remembered) this.#written.clear();
    this.#written.set(key, token);
    return token;
  }

  /** What a user part says; undefined where it is no token of ours, whatever is wrong with it. */
  read(user: string): RouteToken | undefined {
    const known = this.#read.get(user);
    if (known !== undefined) return known;
    const content = this.#verified(user);
    if (content === undefined) return undefined;
    const token: RouteToken = {
      isEmergency: ((content[0] ?? 0) & emergencyFlag) !== 0,
      flow: ((content[0] ?? 0) & flowFlag) === 0 ? undefined : this.#unpack(content),
    };
    if (this.#read.size >= remembered) this.#read.clear();
    // A copy: the text may be a slice of the whole message.
    this.#read.set(Buffer.from(user, 'latin1').toString('latin1'), token);
    return token;
  }

  #verified(user: string): Buffer | undefined {
    if (user.length > userMax || !/^[\w-]+$/.test(user)) return undefined;
    const bytes = Buffer.from(user, 'base64url');
    const content = bytes.subarray(0, -macBytes);
    if (content.length === 0 || ((content[0] ?? 0) & 0xf0) !== version) return undefined;
    // A second spelling of the same bytes would be another name for one token.
    if (bytes.toString('base64url') !== user) return undefined;
    const mac = bytes.subarray(-macBytes);
    return this.#secrets.some((secret) => timingSafeEqual(macOf(secret, content), mac)) ? content : undefined;
  }

  #pack(flow: Destination | undefined, isEmergency: boolean): Buffer {
    const flags = version | (isEmergency ? emergencyFlag : 0);
    if (flow === undefined) return Buffer.from([flags]);
    const { address, port } = flow.remote;
    const ipv4 = ipv4Bytes(address);
    const head = Buffer.alloc(flowHeadBytes);
    head[0] = flags | flowFlag | (ipv4 === undefined ? 0 : ipv4Flag);
    head[1] = transports.indexOf(flow.transport);
    head.writeUInt32BE(this.#placeOf(flow), 2);
    head.writeUInt16BE(port, 6);
    const text = Buffer.from(address, 'latin1');
    const where = ipv4 ?? Buffer.concat([Buffer.from([text.length]), text]);
    return Buffer.concat([head, where, Buffer.from(flow.connectionId ?? '', 'latin1')]);
  }

  #unpack(content: Buffer): Destination | undefined {
    if (content.length < flowHeadBytes + 4) return undefined;
    const transport = transports[content[1] ?? transports.length];
    const place = content.readUInt32BE(2);
    const port = content.readUInt16BE(6);
    const isIpv4 = ((content[0] ?? 0) & ipv4Flag) !== 0;
    const start = isIpv4 ? flowHeadBytes : flowHeadBytes + 1;
    const end = start + (isIpv4 ? 4 : (content[flowHeadBytes] ?? 0));
    const address = isIpv4
      ? content.subarray(start, end).join('.')
      : content.subarray(start, end).toString('latin1');
    const remote = { address, port };
    if (transport === undefined) return undefined;
    if (transport === 'udp') {
      const listener = this.#listeners.find(
        (each) => each.transport === 'udp' && listenerNumber(each.local) === place,
      );
      return listener && { transport, remote, connectionId: undefined, local: listener.local };
    }
    if (place !== this.#nodeNumber) return undefined;
    const connectionId = content.subarray(end).toString('latin1');
    return { transport, remote, connectionId, local: undefined, onlyConnection: true };
  }

  #placeOf(flow: Destination): number {
    if (flow.transport !== 'udp') return this.#nodeNumber;
    return flow.local === undefined ? 0 : listenerNumber(flow.local);
  }
}

/** WebSocket clients listen nowhere: only their own connection reaches them (RFC 7118 §5). */
export function isWebSocket(transport: Transport): boolean {
  return transport === 'ws' || transport === 'wss';
}

/** Whether two ways to a peer are the same flow (RFC 5626 §5.3). */
export function isSameFlow(
  a: Destination,
  b: Pick<Destination, 'transport' | 'remote' | 'connectionId'>,
): boolean {
  return (
    a.transport === b.transport &&
    a.connectionId === b.connectionId &&
    a.remote.port === b.remote.port &&
    a.remote.address === b.remote.address
  );
}

function flowKey(flow: Destination): string {
  const { transport, remote, connectionId, local } = flow;
  const place = transport === 'udp' && local !== undefined ? `${local.address}|${local.port}` : connectionId;
  return `${transport}|${remote.address}|${remote.port}|${place ?? ''}`;
}

function listenerNumber(local: { readonly address: string; readonly port: number }): number {
  return crc32(`${local.address}|${local.port}`) >>> 0;
}

function ipv4Bytes(address: string): Buffer | undefined {
  const parts = address.split('.');
  return parts.length === 4 && !address.includes(':') ? Buffer.from(parts.map(Number)) : undefined;
}

function macOf(secret: Buffer, content: Buffer): Buffer {
  return createHmac('sha256', secret).update(context).update(content).digest().subarray(0, macBytes);
}
