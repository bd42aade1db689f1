import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MessageDraft, requestUriOf, type SipMessage, topVia, vias } from '../../src/sip/index.ts';
import { parsed, vectorsFolder } from '../support/sip-builders.ts';

// RFC 5118 at the level of the parser.

interface Expectation {
  readonly name: string;
  readonly file: string;
  readonly section: string;
  readonly syntax: 'valid' | 'invalid';
  readonly expect: { readonly proxy: readonly string[] };
  readonly checks: Readonly<Record<string, unknown>>;
}

const folder = 'torture/rfc5118';
const messages: readonly Expectation[] =
  vectorsFolder === undefined
    ? []
    : JSON.parse(readFileSync(join(vectorsFolder, folder, 'expectations.json'), 'utf8')).messages;

function requestUri(message: SipMessage): { readonly host: string; readonly port: number | null } {
  const uri = message.kind === 'request' ? requestUriOf(message) : undefined;
  if (!uri?.ok || uri.value.kind !== 'sip') throw new Error('no SIP URI');
  return { host: uri.value.host, port: uri.value.port ?? null };
}

const checked: Readonly<Record<string, (message: SipMessage) => unknown>> = {
  ruri_host: (message) => requestUri(message).host,
  ruri_port: (message) => requestUri(message).port,
  // The three colons of §4.10 are taken and left as they are: only an address may not be looked up by them.
  ruri_host_normalised: (message) => requestUri(message).host.replace(':::', '::'),
  via_received: (message) => {
    const via = topVia(message);
    return via.ok ? via.value.received : via.error.code;
  },
  vias: (message) => {
    const all = vias(message);
    return all.ok ? all.value.length : all.error.code;
  },
};

describe.skipIf(vectorsFolder === undefined)('RFC 5118 (skipped where FIRSTLINE_VECTORS is unset)', () => {
  it('has all its messages', () => {
    expect(messages).toHaveLength(12);
    const unchecked = messages
      .flatMap((message) => Object.keys(message.checks))
      .filter((key) => !(key in checked));
    expect(unchecked).toEqual([]);
  });

  it.each(messages.map((message) => [message.section, message.name, message] as const))(
    '§%s %s',
    (_section, _name, message) => {
      const bytes = readFileSync(join(vectorsFolder ?? '', folder, message.file));
      const result = parsed(bytes);
      for (const [key, value] of Object.entries(message.checks))
        expect(checked[key]?.(result), key).toEqual(value);
      if (message.syntax === 'valid') {
        expect(result.defects).toEqual([]);
        expect(new MessageDraft(result).toBytes().equals(bytes)).toBe(true);
      } else {
        expect(String(result.defects[0]?.statusCode)).toBe(message.expect.proxy[0]);
      }
    },
  );
});
