import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  callId,
  cseq,
  defaultBodyLimits,
  headerValues,
  leaves,
  MessageDraft,
  maxForwards,
  readBody,
  requestUriOf,
  routes,
  type SipMessage,
  topVia,
  vias,
} from '../../src/sip/index.ts';
import { parsed, vectorFiles, vectorsFolder } from '../support/sip-builders.ts';

// RFC 4475 at the level of the parser: what is valid parses without a defect, what is not has one that says with which
// status to refuse it. What a proxy and a registrar make of the messages is tested where they are.

interface Expectation {
  readonly name: string;
  readonly file: string;
  readonly section: string;
  readonly title: string;
  readonly syntax: 'valid' | 'invalid';
  readonly kind: 'request' | 'response';
  readonly expect: { readonly proxy: readonly string[] };
  readonly checks: Readonly<Record<string, unknown>>;
}

const folder = 'torture/rfc4475';
const messages: readonly Expectation[] =
  vectorsFolder === undefined
    ? []
    : JSON.parse(readFileSync(join(vectorsFolder, folder, 'expectations.json'), 'utf8')).messages;

/** Messages whose bytes are invalid by the grammar and that a proxy ought to forward all the same. */
const toleratedByChoice: Readonly<Record<string, string>> = {
  baddate: 'RFC 4475 §3.1.2.12: a Date that does not matter to the proxy is no reason to refuse',
  regbadct: 'RFC 4475 §3.1.2.13: a Contact that only a registrar uses is no reason for a proxy to refuse',
};

/** Valid messages that get a defect all the same, because a proxy may not forward them. */
const refusedByScheme: readonly string[] = ['unkscm', 'novelsc'];

function read(file: string): SipMessage {
  return parsed(readFileSync(join(vectorsFolder ?? '', folder, file)));
}

/** What is read for each field of `checks`. */
const checked: Readonly<Record<string, (message: SipMessage) => unknown>> = {
  method: (message) => (message.kind === 'request' ? message.method : undefined),
  ruri: (message) => (message.kind === 'request' ? message.requestUri : undefined),
  ruri_host: (message) => requestUriField(message, 'host'),
  ruri_user_raw: (message) => requestUriField(message, 'user'),
  status: (message) => (message.kind === 'response' ? message.statusCode : undefined),
  reason: (message) => (message.kind === 'response' ? message.reasonPhrase : undefined),
  cseq: (message) => {
    const value = cseq(message);
    return value.ok ? `${value.value.sequence} ${value.value.method}` : value.error.code;
  },
  cseq_num: (message) => {
    const value = cseq(message);
    return value.ok ? value.value.sequence : value.error.code;
  },
  call_id: callId,
  max_forwards: maxForwards,
  vias: (message) => {
    const all = vias(message);
    return all.ok ? all.value.length : all.error.code;
  },
  via_hosts: (message) => {
    const all = vias(message);
    return all.ok ? all.value.map((via) => via.host) : all.error.code;
  },
  routes: (message) => {
    const all = routes(message);
    return all.ok ? all.value.length : all.error.code;
  },
  body_len: (message) => message.body.length,
  content_length: (message) => message.body.length,
  bytes: (message) => message.bytes.length,
  proxy_unsupported: (message) => headerValues(message, 'proxy-require'),
  uas_unsupported: (message) => headerValues(message, 'require'),
};

function requestUriField(message: SipMessage, field: 'host' | 'user'): unknown {
  if (message.kind !== 'request') return undefined;
  const uri = requestUriOf(message);
  return uri.ok && uri.value.kind === 'sip' ? uri.value[field] : undefined;
}

describe.skipIf(vectorsFolder === undefined)('RFC 4475 (skipped where FIRSTLINE_VECTORS is unset)', () => {
  it('has all its messages', () => {
    expect(messages).toHaveLength(49);
    const unchecked = messages
      .flatMap((message) => Object.keys(message.checks))
      .filter((key) => !(key in checked));
    expect(unchecked).toEqual([]);
    const names = messages.map((message) => message.name);
    expect(names).toEqual(expect.arrayContaining([...Object.keys(toleratedByChoice), ...refusedByScheme]));
  });

  it.each(messages.map((message) => [message.section, message.name, message] as const))(
    '§%s %s',
    (_section, _name, message) => {
      const result = read(message.file);
      expect(result.kind).toBe(message.kind);
      for (const [key, value] of Object.entries(message.checks)) {
        expect(checked[key]?.(result), key).toEqual(value);
      }
      const first = result.defects[0];
      const isFaultless = message.syntax === 'valid' && !refusedByScheme.includes(message.name);
      if (isFaultless || message.name in toleratedByChoice) {
        expect(result.defects).toEqual([]);
        return;
      }
      if (first === undefined) throw new Error('no defect');
      const answer = message.kind === 'request' ? String(first.statusCode) : 'drop';
      expect(answer).toBe(message.expect.proxy[0]);
      if (message.kind === 'response') expect(first.severity).toBe('fatal');
    },
  );

  it.each(
    messages
      .filter((message) => message.syntax === 'valid' && message.name !== 'dblreq')
      .map((message) => message.file),
  )('%s leaves byte for byte, save for a Content-Length where it had none', (file) => {
    const message = read(file);
    const written = new MessageDraft(message).toBytes().toString('latin1');
    const original = message.bytes.toString('latin1');
    const hasLength = headerValues(message, 'content-length').length > 0;
    expect(hasLength ? written : written.replace(/Content-Length: \d+\r\n/, '')).toBe(original);
  });

  it('dblreq leaves without the second message in its datagram', () => {
    const message = read('dblreq.dat');
    const written = new MessageDraft(message).toBytes();
    expect(written.toString('latin1')).toBe(message.head);
    expect(message.bytes.length).toBeGreaterThan(message.head.length);
  });

  it('ltgtruri, lwsruri, lwsstart, trws and escruri leave with a plain start line', () => {
    const lines = ['ltgtruri', 'lwsruri', 'lwsstart', 'trws', 'escruri'].map((name) => {
      const written = new MessageDraft(read(`${name}.dat`)).toBytes().toString('latin1');
      return written.slice(0, written.indexOf('\r\n'));
    });
    expect(lines).toEqual([
      'INVITE sip:user@example.com SIP/2.0',
      'INVITE sip:user@example.com;lr SIP/2.0',
      'INVITE sip:user@example.com SIP/2.0',
      'OPTIONS sip:remote-target@example.com SIP/2.0',
      'INVITE sip:user@example.com SIP/2.0',
    ]);
  });

  it('mpart01 has its parts, NUL and bare LF untouched', () => {
    const tree = readBody(read('mpart01.dat'), defaultBodyLimits);
    expect(leaves(tree).map((leaf) => leaf.mediaType.type)).toEqual([
      'text/plain',
      'application/octet-stream',
    ]);
    expect(tree.warnings).toEqual([]);
    expect(leaves(tree)[1]?.bytes.includes(0)).toBe(true);
  });

  it('wsinv shows its top Via', () => {
    const via = topVia(read('wsinv.dat'));
    expect(via).toMatchObject({
      ok: true,
      value: { protocol: 'SIP/2.0', transport: 'UDP', branch: '390skdjuw' },
    });
  });

  it('baddn as it stands on the wire differs only in its end', () => {
    expect(read('baddn.wire.dat').defects.map((defect) => defect.message)).toEqual([
      'Malformed From',
      'Malformed To',
    ]);
  });

  it('test.dat, which no section names, is no SIP message', () => {
    const [file] = vectorFiles(folder, 'test.dat');
    expect(() => parsed(file?.[1] ?? '')).toThrow('no SIP message');
  });
});
