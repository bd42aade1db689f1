import { CR, HTAB, isToken, LF, SP } from '../uri/index.ts';
import type { DatagramKind } from './types.ts';

const stunCookie = 0x2112a442;

/**
 * Tells what a datagram is without reading it: STUN by its two zero bits and magic cookie (RFC 5626 §8, RFC 8489 §5),
 * keepalives by holding nothing but line ends or NULs. `sip` means that it may be SIP.
 */
export function datagramKind(bytes: Buffer): DatagramKind {
  const first = bytes[0];
  if (first === undefined || isKeepalive(bytes)) return 'keepalive';
  if (first < 4 && bytes.length >= 20 && bytes.readUInt32BE(4) === stunCookie) return 'stun';
  const isBlank = first === CR || first === LF || first === SP || first === HTAB;
  return isBlank || isToken(first) ? 'sip' : 'other';
}

/** Line ends (RFC 5626 §3.5.1), or NULs, which some devices send. Only as long as any keepalive is. */
function isKeepalive(bytes: Buffer): boolean {
  const first = bytes[0];
  if (first !== CR && first !== LF && first !== 0) return false;
  if (bytes.length > keepaliveBytesMax) return false;
  for (const code of bytes) if (code !== CR && code !== LF && code !== 0) return false;
  return true;
}

const keepaliveBytesMax = 64;
