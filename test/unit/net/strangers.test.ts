import { describe, expect, it } from 'vitest';
import { strangerKind } from '../../../src/net/strangers.ts';

describe('what is no SIP message', () => {
  const rows: readonly { readonly name: string; readonly bytes: Buffer; readonly kind: string }[] = [
    { name: 'nothing', bytes: Buffer.alloc(0), kind: 'keepalive' },
    { name: 'a double line end', bytes: Buffer.from('\r\n\r\n'), kind: 'keepalive' },
    { name: 'NUL bytes of a phone', bytes: Buffer.alloc(4), kind: 'keepalive' },
    { name: 'an HTTP request', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), kind: 'http' },
    {
      name: 'an HTTP request with a bare line end',
      bytes: Buffer.from('OPTIONS * HTTP/1.0\n\n'),
      kind: 'http',
    },
    { name: 'the preface of HTTP/2', bytes: Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), kind: 'http' },
    { name: 'an HTTP response', bytes: Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), kind: 'http' },
    { name: 'a TLS ClientHello', bytes: Buffer.from('160301020001000001fc0303', 'hex'), kind: 'tls' },
    {
      name: 'a STUN binding request',
      bytes: Buffer.from(`000100002112a442${'00'.repeat(12)}`, 'hex'),
      kind: 'stun',
    },
    { name: 'STUN cut short', bytes: Buffer.from('000100002112a442', 'hex'), kind: 'other' },
    {
      name: 'STUN without the cookie',
      bytes: Buffer.from(`0001000011111111${'00'.repeat(12)}`, 'hex'),
      kind: 'other',
    },
    { name: 'RTP', bytes: Buffer.from('8000000100000000deadbeef', 'hex'), kind: 'other' },
    { name: 'text', bytes: Buffer.from('hello, world\r\n'), kind: 'other' },
  ];
  for (const row of rows) {
    it(`${row.name} is counted as ${row.kind}`, () => expect(strangerKind(row.bytes)).toBe(row.kind));
  }
});
