import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildResponse,
  callId,
  contacts,
  cseq,
  defaultBodyLimits,
  defaultMessageLimits,
  fromHeader,
  headerValues,
  leaves,
  MessageDraft,
  maxForwards,
  parseMessage,
  readBody,
  recordRoutes,
  requestUriOf,
  routes,
  type SipMessage,
  toHeader,
  topVia,
  vias,
} from '../../src/sip/index.ts';
import { mutated, settings } from '../support/sip-arbitraries.ts';
import { sipBytes } from '../support/sip-builders.ts';

const whole = sipBytes({
  startLine: 'INVITE sip:a;b@[::1]:5060;lr?x=y SIP/2.0',
  replace: { Via: 'SIP / 2.0 / UDP a : 5060 ;branch=z9;rport, SIP/2.0/TCP [::1];received=[::2]' },
  extra: [
    'Route: "q, \\"x\\"" <sip:r;lr>,\r\n <sip:s>',
    'Contact: sip:c;q=1, *',
    'Content-Type: multipart/mixed;boundary="b 1"',
  ],
  body: '--b 1\r\nContent-Type: a/b\r\n\r\nx\r\n--b 1\r\n\r\n\u0000\r\n--b 1--',
});

/** Reads all that can be read of a message; nothing of it has a line break, for it may be written into another. */
function readAll(message: SipMessage): void {
  const seen: unknown[] = [];
  for (const view of [topVia, vias, cseq, fromHeader, toHeader, callId, maxForwards])
    seen.push(view(message));
  for (const view of [routes, recordRoutes, contacts]) seen.push(view(message));
  if (message.kind === 'request') seen.push(message.requestUri, requestUriOf(message));
  for (const span of message.headers) seen.push(headerValues(message, span.key));
  const texts: string[] = [];
  JSON.stringify(seen, (_key, value: unknown) => {
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  expect(texts.filter((text) => /[\r\n]/.test(text))).toEqual([]);
  leaves(readBody(message, defaultBodyLimits));
}

/** What must hold of whatever was parsed. */
function expectSound(message: SipMessage): void {
  readAll(message);
  // The spans tile the head from the end of the start line to the blank line.
  let at = message.head.indexOf('\n') + 1;
  for (const span of message.headers) {
    expect(span.start).toBe(at);
    expect(span.valueStart).toBeGreaterThanOrEqual(span.start);
    expect(span.valueEnd).toBeGreaterThanOrEqual(span.valueStart);
    expect(span.end).toBeGreaterThanOrEqual(span.valueEnd);
    at = span.end;
  }
  if (message.headers.length > 0) expect(['', '\n', '\r\n', '\r']).toContain(message.head.slice(at));
  expect(message.head).toBe(message.bytes.toString('latin1', 0, message.head.length));
  // What leaves is a message whose length is said, and it is the same message when nothing was wrong.
  const written = new MessageDraft(message).toBytes();
  const outcome = parseMessage(written, { framing: 'stream', limits: bigger });
  if (outcome.kind === 'notSip') throw new Error(`${outcome.error.message} came of a draft`);
  const again = outcome.message;
  expect(again.defects.map((each) => each.code)).not.toContain('message.contentLength');
  expect(again.defects.map((each) => each.code)).not.toContain('message.unterminated');
  expect(again.body.equals(message.body)).toBe(true);
  if (message.defects.length === 0) {
    const length = message.head.length + message.body.length;
    if (headerValues(message, 'content-length').length > 0) {
      expect(written.equals(message.bytes.subarray(0, length))).toBe(true);
    }
    expect(again.defects).toEqual([]);
  }
  if (message.kind === 'request') {
    const response = buildResponse(message, { statusCode: 400, toTag: 't' });
    const answer = parseMessage(response.bytes, { framing: 'stream', limits: bigger });
    expect(answer.kind).toBe('message');
  }
}

/** A draft may add a few bytes to a message of just the largest size. */
const bigger = { ...defaultMessageLimits, headBytesMax: 2 * defaultMessageLimits.headBytesMax };
const options = { framing: 'datagram', limits: defaultMessageLimits } as const;

describe('parser and draft', () => {
  it('take any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const outcome = parseMessage(Buffer.from(bytes), options);
        if (outcome.kind === 'message') expectSound(outcome.message);
      }),
      settings,
    );
  });

  it('take any headers after a start line', () => {
    const line = fc.constantFrom('INVITE sip:a@b SIP/2.0\r\n', 'SIP/2.0 200 OK\r\n', 'A  urn:x:y SIP/2.0\n');
    fc.assert(
      fc.property(line, fc.uint8Array({ maxLength: 300 }), (start, bytes) => {
        const outcome = parseMessage(Buffer.concat([Buffer.from(start), bytes]), options);
        if (outcome.kind === 'notSip') throw new Error(outcome.error.message);
        expectSound(outcome.message);
      }),
      settings,
    );
  });

  it('take a message with some bytes changed', () => {
    fc.assert(
      fc.property(mutated(whole), (bytes) => {
        const outcome = parseMessage(bytes, options);
        if (outcome.kind === 'message') expectSound(outcome.message);
      }),
      { ...settings, numRuns: 4 * settings.numRuns },
    );
  });
});

describe('edits', () => {
  const names = fc.constantFrom(
    'Via',
    'Route',
    'Record-Route',
    'Contact',
    'X-New',
    'Subject',
    'Max-Forwards',
  );
  const values = fc.stringMatching(/^[!-+\--~]{1,20}$/).filter((text) => !/["<>,]/.test(text));
  const edit = fc.record({
    kind: fc.constantFrom('addFirst', 'addLast', 'removeFirstValue', 'removeAll', 'set', 'replaceFirstValue'),
    name: names,
    value: values,
  });

  it('do to the values of a header what they say, and nothing to the others', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
        const request = parseOk(whole);
        const draft = new MessageDraft(request);
        const model = new Map<string, string[]>();
        const valuesOf = (name: string): string[] => {
          const key = name.toLowerCase();
          const list = model.get(key) ?? [...headerValues(request, key)];
          model.set(key, list);
          return list;
        };
        for (const { kind, name, value } of edits) {
          const list = valuesOf(name);
          switch (kind) {
            case 'addFirst':
              draft.addFirst(name, value);
              list.unshift(value);
              break;
            case 'addLast':
              draft.addLast(name, value);
              list.push(value);
              break;
            case 'removeFirstValue':
              draft.removeFirstValue(name);
              list.shift();
              break;
            case 'removeAll':
              draft.removeAll(name);
              list.length = 0;
              break;
            case 'set':
              draft.set(name, value);
              list.splice(0, list.length, value);
              break;
            default:
              draft.replaceFirstValue(name, value);
              list.splice(0, 1, value);
          }
        }
        const result = parseOk(draft.toBytes());
        for (const [key, list] of model) expect(headerValues(result, key)).toEqual(list);
        for (const key of ['from', 'to', 'call-id', 'cseq', 'content-type']) {
          expect(headerValues(result, key)).toEqual(headerValues(request, key));
        }
        expect(result.body.equals(request.body)).toBe(true);
      }),
      settings,
    );
  });
});

function parseOk(bytes: Buffer): SipMessage {
  const outcome = parseMessage(bytes, options);
  if (outcome.kind === 'notSip') throw new Error(outcome.error.message);
  return outcome.message;
}
