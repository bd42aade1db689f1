import type { Endpoint } from '../sip/index.ts';
import type { Family } from './addresses.ts';
import type { SystemCalls } from './udp-batch-calls.ts';

/** Linux's numbers of the two address families. */
export const addressFamily: Readonly<Record<Family, number>> = { ipv4: 2, ipv6: 10 };

/** Room for a socket address of either family. */
export const socketAddressBytesMax = 32;

const cachedMax = 4_096;
const portOffset = 2;
const ipv4Offset = 4;
const ipv6Offset = 8;
const scopeOffset = 24;
/** `INET6_ADDRSTRLEN`, and more than `IF_NAMESIZE`. */
const textBytes = 64;

/**
 * Turns endpoints into socket addresses (`sockaddr_in`, `sockaddr_in6`) and back. What was translated lately is
 * remembered: a carrier's server talks with few peers.
 */
export class SocketAddresses {
  /** Bytes of one socket address. */
  readonly length: number;
  readonly #calls: SystemCalls;
  readonly #family: Family;
  readonly #scratch = new ArrayBuffer(2 * textBytes);
  readonly #bytes = Buffer.from(this.#scratch);
  readonly #at: number;
  /** Address text → socket address with port 0. */
  readonly #written = new Map<string, Buffer>();
  readonly #endpoints4 = new Map<number, Endpoint>();
  readonly #texts6 = new Map<string, string>();

  constructor(calls: SystemCalls, family: Family) {
    this.#calls = calls;
    this.#family = family;
    this.#at = calls.addressOf(this.#scratch);
    this.length = family === 'ipv4' ? 16 : 28;
  }

  /** Writes `length` bytes at an offset; false where the text is no address of the family. */
  write(memory: Buffer, offset: number, endpoint: Endpoint): boolean {
    const known = this.#written.get(endpoint.address) ?? this.#translate(endpoint.address);
    if (known === undefined) return false;
    known.copy(memory, offset);
    memory.writeUInt16BE(endpoint.port, offset + portOffset);
    return true;
  }

  /** Reads the address that the kernel wrote. */
  read(memory: Buffer, offset: number): Endpoint {
    const port = memory.readUInt16BE(offset + portOffset);
    if (this.#family === 'ipv6') return { address: this.#text6(memory, offset), port };
    const bits = memory.readUInt32BE(offset + ipv4Offset);
    const key = bits * 0x1_0000 + port;
    const known = this.#endpoints4.get(key);
    if (known !== undefined) return known;
    const address = `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
    return remember(this.#endpoints4, key, { address, port });
  }

  #translate(text: string): Buffer | undefined {
    const [address = '', zone] = text.split('%', 2);
    const isIpv4 = this.#family === 'ipv4';
    const bytes = Buffer.alloc(this.length);
    bytes.writeUInt16LE(addressFamily[this.#family], 0);
    if (this.#calls.inetPton(addressFamily[this.#family], address, this.#at) !== 1) return undefined;
    this.#bytes.copy(bytes, isIpv4 ? ipv4Offset : ipv6Offset, 0, isIpv4 ? 4 : 16);
    if (!isIpv4 && zone !== undefined) bytes.writeUInt32LE(this.#scope(zone), scopeOffset);
    return remember(this.#written, text, bytes);
  }

  /** A zone is the name of an interface or its number (RFC 4007 §11.2); 0, which the kernel refuses, for any other. */
  #scope(zone: string): number {
    return /^[0-9]{1,9}$/.test(zone) ? Number(zone) : this.#calls.ifNameToIndex(zone);
  }

  #text6(memory: Buffer, offset: number): string {
    const key = memory.toString('latin1', offset + ipv6Offset, offset + this.length);
    const known = this.#texts6.get(key);
    if (known !== undefined) return known;
    memory.copy(this.#bytes, 0, offset + ipv6Offset, offset + scopeOffset);
    this.#calls.inetNtop(addressFamily.ipv6, this.#at, this.#at + textBytes, textBytes);
    const address = this.#cText();
    const scope = memory.readUInt32LE(offset + scopeOffset);
    return remember(this.#texts6, key, scope === 0 ? address : `${address}%${this.#zone(scope)}`);
  }

  #zone(scope: number): string {
    return this.#calls.ifIndexToName(scope, this.#at + textBytes) === 0 ? String(scope) : this.#cText();
  }

  /** What a call wrote into the second half of the scratch memory. */
  #cText(): string {
    const end = this.#bytes.indexOf(0, textBytes);
    return this.#bytes.toString('latin1', textBytes, end < 0 ? undefined : end);
  }
}

function remember<Key, Value>(cache: Map<Key, Value>, key: Key, value: Value): Value {
  if (cache.size >= cachedMax) cache.clear();
  cache.set(key, value);
  return value;
}
