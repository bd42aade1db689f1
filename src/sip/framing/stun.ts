import { crc32 } from 'node:zlib';

// The limited STUN server that a SIP port over UDP has to be: it answers Binding requests and nothing else.

/** What becomes of a STUN message. */
export type StunOutcome =
  | { readonly kind: 'answer'; readonly bytes: Buffer }
  /** RFC 8489 §6.3: what is malformed, and what is no request, gets no answer. */
  | { readonly kind: 'discard'; readonly reason: 'malformed' | 'notBindingRequest' | 'wrongFingerprint' };

const headerBytes = 20;
const cookie = 0x2112a442;
const cookieOffset = 4;
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const bindingError = 0x0111;

const attribute = {
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  fingerprint: 0x8028,
} as const;

/** RFC 8489 §18.3: attributes below 0x8000 that it defines; what stands here is understood, if only to be ignored. */
const understood = new Set([
  0x0001, 0x0006, 0x0008, 0x0009, 0x000a, 0x0014, 0x0015, 0x001c, 0x001d, 0x001e, 0x0020,
]);
const optionalFrom = 0x8000;
/** RFC 8489 §14.7. */
const fingerprintXor = 0x5354554e;
const fingerprintBytes = 8;
/** So that an answer is never much larger than its question, which anybody may send in another's name. */
const unknownNamedMax = 8;

/**
 * The answer of a SIP node to a STUN message on its UDP port (RFC 5626 §5.4, §8): a Binding success response with the
 * source in XOR-MAPPED-ADDRESS, or 420 where an attribute must be understood and is not (RFC 8489 §6.3.1). The usage has no
 * authentication. SOFTWARE, which a server should add, is left out: it would tell a stranger what runs here, and make
 * the answer larger.
 */
export function answerStun(
  bytes: Buffer,
  source: { readonly address: string; readonly port: number },
): StunOutcome {
  const read = readBindingRequest(bytes);
  if ('discard' in read) return { kind: 'discard', reason: read.discard };
  const address = addressBytes(source.address);
  if (address === undefined) return { kind: 'discard', reason: 'malformed' };
  const body =
    read.unknown.length > 0
      ? [errorCode420(), unknownAttributes(read.unknown)]
      : [xorMappedAddress(bytes, address, source.port)];
  const type = read.unknown.length > 0 ? bindingError : bindingSuccess;
  return { kind: 'answer', bytes: respond(bytes, type, body, read.hasFingerprint) };
}

interface BindingRequest {
  readonly unknown: readonly number[];
  readonly hasFingerprint: boolean;
}

type Discard = { readonly discard: Extract<StunOutcome, { kind: 'discard' }>['reason'] };

function readBindingRequest(bytes: Buffer): BindingRequest | Discard {
  if (bytes.length < headerBytes || bytes.readUInt32BE(cookieOffset) !== cookie)
    return { discard: 'malformed' };
  // RFC 8489 §5: the length is without the header, and a multiple of four since attributes are padded to that.
  const length = bytes.readUInt16BE(2);
  if (length % 4 !== 0 || length !== bytes.length - headerBytes) return { discard: 'malformed' };
  if (bytes.readUInt16BE(0) !== bindingRequest) return { discard: 'notBindingRequest' };
  const unknown: number[] = [];
  let hasFingerprint = false;
  let isProtected = false;
  for (let at = headerBytes; at < bytes.length; ) {
    // RFC 8489 §14.7: the fingerprint is the last attribute.
    if (hasFingerprint || at + 4 > bytes.length) return { discard: 'malformed' };
    const type = bytes.readUInt16BE(at);
    const size = bytes.readUInt16BE(at + 2);
    const end = at + 4 + Math.ceil(size / 4) * 4;
    if (end > bytes.length) return { discard: 'malformed' };
    if (type === attribute.fingerprint) {
      if (size !== 4) return { discard: 'malformed' };
      if (bytes.readUInt32BE(at + 4) !== fingerprint(bytes.subarray(0, at)))
        return { discard: 'wrongFingerprint' };
      hasFingerprint = true;
    } else if (!isProtected && type < optionalFrom && !understood.has(type)) unknown.push(type);
    // RFC 8489 §14.5, §14.6: what follows the message integrity is ignored, the fingerprint excepted.
    isProtected ||= type === attribute.messageIntegrity || type === attribute.messageIntegritySha256;
    at = end;
  }
  return { unknown, hasFingerprint };
}

function respond(
  request: Buffer,
  type: number,
  attributes: readonly Buffer[],
  hasFingerprint: boolean,
): Buffer {
  const header = Buffer.alloc(headerBytes);
  request.copy(header, cookieOffset, cookieOffset, headerBytes); // Cookie and transaction id.
  header.writeUInt16BE(type, 0);
  const length = attributes.reduce((sum, { length: own }) => sum + own, 0);
  header.writeUInt16BE(length + (hasFingerprint ? fingerprintBytes : 0), 2);
  const message = Buffer.concat([header, ...attributes]);
  if (!hasFingerprint) return message;
  // Whoever sends a fingerprint relies on it to tell STUN from SIP.
  const value = Buffer.alloc(4);
  value.writeUInt32BE(fingerprint(message), 0);
  return Buffer.concat([message, encode(attribute.fingerprint, value)]);
}

function fingerprint(before: Buffer): number {
  return (crc32(before) ^ fingerprintXor) >>> 0;
}

/** RFC 8489 §14.2: port and address, each exclusive-or with the cookie, IPv6 with the transaction id behind it. */
function xorMappedAddress(request: Buffer, address: Buffer, port: number): Buffer {
  const value = Buffer.alloc(4 + address.length);
  value.writeUInt8(address.length === 4 ? 1 : 2, 1);
  value.writeUInt16BE(port ^ (cookie >>> 16), 2);
  for (const [index, byte] of address.entries()) {
    value.writeUInt8(byte ^ request.readUInt8(cookieOffset + index), 4 + index);
  }
  return encode(attribute.xorMappedAddress, value);
}

/** RFC 8489 §14.8: class 4, number 20. */
function errorCode420(): Buffer {
  return encode(attribute.errorCode, Buffer.from('\0\0\x04\x14Unknown Attribute', 'latin1'));
}

/** RFC 8489 §14.13. */
function unknownAttributes(types: readonly number[]): Buffer {
  const named = types.slice(0, unknownNamedMax);
  const value = Buffer.alloc(named.length * 2);
  for (const [index, type] of named.entries()) value.writeUInt16BE(type, index * 2);
  return encode(attribute.unknownAttributes, value);
}

/** An attribute with the padding that its length does not count (RFC 8489 §14). */
function encode(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

/** The 4 or 16 bytes of an IP literal; a zone is left out. */
function addressBytes(text: string): Buffer | undefined {
  const [address = ''] = text.split('%', 1);
  if (!address.includes(':')) return ipv4Bytes(address);
  const lastColon = address.lastIndexOf(':');
  const tail = address.slice(lastColon + 1);
  const v4 = tail.includes('.') ? ipv4Bytes(tail) : undefined;
  if (tail.includes('.') && v4 === undefined) return undefined;
  const hex = v4 === undefined ? address : `${address.slice(0, lastColon + 1)}${v4Groups(v4)}`;
  const [head = '', rest, more] = hex.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = rest === undefined || rest === '' ? [] : rest.split(':');
  const missing = 8 - first.length - last.length;
  if (more !== undefined || (rest === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const bytes = Buffer.alloc(16);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}

function ipv4Bytes(text: string): Buffer | undefined {
  const parts = text.split('.');
  const isAddress =
    parts.length === 4 && parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) < 256);
  return isAddress ? Buffer.from(parts.map(Number)) : undefined;
}

function v4Groups(bytes: Buffer): string {
  return `${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`;
}
