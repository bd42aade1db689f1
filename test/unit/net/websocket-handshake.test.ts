import { describe, expect, it } from 'vitest';
import { handshakeRefusal, offeredSip, refusalText } from '../../../src/net/websocket-handshake.ts';

const good = {
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'sip',
};
const page = 'https://www.example.com';

type Row = readonly [
  name: string,
  change: Record<string, string | undefined>,
  origins: readonly string[] | undefined,
  statusCode: number | undefined,
];

const rows: readonly Row[] = [
  ['a good handshake', {}, undefined, undefined],
  ['one with sip among other sub-protocols', { 'sec-websocket-protocol': 'chat, sip' }, undefined, undefined],
  ['one with SIP in capitals', { 'sec-websocket-protocol': 'SIP' }, undefined, undefined],
  ['one with the Upgrade in capitals', { upgrade: 'WebSocket' }, undefined, undefined],
  ['no sub-protocol', { 'sec-websocket-protocol': undefined }, undefined, 400],
  ['another sub-protocol', { 'sec-websocket-protocol': 'sips, msrp' }, undefined, 400],
  ['no key', { 'sec-websocket-key': undefined }, undefined, 400],
  ['a key that is no 16 bytes', { 'sec-websocket-key': 'c2hvcnQ=' }, undefined, 400],
  ['no version', { 'sec-websocket-version': undefined }, undefined, 426],
  ['version 8', { 'sec-websocket-version': '8' }, undefined, 426],
  ['an upgrade to something else', { upgrade: 'h2c' }, undefined, 426],
  ['any origin where none is named', { origin: 'https://evil.example' }, undefined, undefined],
  ['a named origin', { origin: page }, [page], undefined],
  ['a named origin in capitals', { origin: 'HTTPS://WWW.EXAMPLE.COM' }, [page], undefined],
  ['another origin', { origin: 'https://evil.example' }, [page], 403],
  ['the named origin with another port', { origin: `${page}:8443` }, [page], 403],
  ['no origin, from what is no browser', {}, [page], undefined],
  ['any origin where the list is empty', { origin: page }, [], 403],
];

describe('the handshake', () => {
  it.each(rows)('%s', (_name, change, origins, statusCode) => {
    const headers = { ...good, ...change };
    expect(handshakeRefusal({ method: 'GET', headers }, origins)?.statusCode).toBe(statusCode);
  });

  it('is a GET', () => {
    expect(handshakeRefusal({ method: 'POST', headers: good }, undefined)?.statusCode).toBe(405);
  });

  it('tells the version to ask for (RFC 6455 §4.2.2)', () => {
    const headers = { ...good, 'sec-websocket-version': '99' };
    const refusal = handshakeRefusal({ method: 'GET', headers }, undefined);
    expect(refusal?.headers).toMatchObject({ 'Sec-WebSocket-Version': '13', Upgrade: 'websocket' });
  });

  it('echoes the sub-protocol as it was offered', () => {
    expect(offeredSip(new Set(['chat', 'SIP']))).toBe('SIP');
    expect(offeredSip('chat')).toBeUndefined();
  });

  it('is refused in words of HTTP with the length of the text', () => {
    const refusal = handshakeRefusal({ method: 'GET', headers: {} }, undefined);
    const text = refusal === undefined ? '' : refusalText(refusal);
    expect(text).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    expect(text).toContain(`Content-Length: ${Buffer.byteLength(body)}\r\n`);
  });
});
