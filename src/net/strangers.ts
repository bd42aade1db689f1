/**
 * What arrives on a SIP port and is no SIP message: told apart for the counters, and never answered, so that whoever
 * tries ports learns nothing.
 */
export type StrangerKind = 'keepalive' | 'http' | 'stun' | 'tls' | 'other';

export const strangerKinds: readonly StrangerKind[] = ['keepalive', 'http', 'stun', 'tls', 'other'];

const cr = 0x0d;
const lf = 0x0a;
const nul = 0x00;
const space = 0x20;
/** RFC 8489 §5. */
const stunMagicCookie = 0x2112a442;
const stunHeaderBytes = 20;
/** RFC 8446 §5.1: record types 20 to 23, then the major version 3. */
const tlsRecordFirst = 0x14;
const tlsRecordLast = 0x17;
const tlsMajorVersion = 0x03;
const httpLine = /^[A-Z]{3,16} [^\r\n]{0,4096} ?HTTP\/[0-9]|^HTTP\/[0-9]|^PRI \* HTTP/;
const sipLine = /^\s{0,16}(?:[A-Z]{1,32} [^\r\n]{0,4096} SIP\/2\.0|SIP\/2\.0 )/;

/** Says what bytes that are no SIP message seem to be, by their beginning. */
export function strangerKind(bytes: Buffer): StrangerKind {
  if (isBlank(bytes)) return 'keepalive';
  const first = bytes[0] ?? nul;
  if (first >= tlsRecordFirst && first <= tlsRecordLast && bytes[1] === tlsMajorVersion) return 'tls';
  // RFC 8489 §6.3: two zero bits, a length that is a multiple of four, and the cookie.
  if (
    first < 0x40 &&
    bytes.length >= stunHeaderBytes &&
    bytes.readUInt32BE(4) === stunMagicCookie &&
    (bytes.readUInt16BE(2) & 3) === 0
  ) {
    return 'stun';
  }
  if (httpLine.test(bytes.toString('latin1', 0, 4200))) return 'http';
  return 'other';
}

/** Whether bytes begin a SIP message: on a port for TLS that is somebody who should speak TLS. */
export function looksLikeSip(bytes: Buffer): boolean {
  return sipLine.test(bytes.toString('latin1', 0, 4200));
}

/** RFC 5626 §3.5.1 keeps flows alive with line ends; phones also send NUL bytes and blanks. */
function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte !== cr && byte !== lf && byte !== nul && byte !== space) return false;
  }
  return true;
}
