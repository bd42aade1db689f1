import { checkText } from './draft.ts';
import { track } from './header-index.ts';
import { listValueEnd } from './name-addr.ts';
import { headerKey, trackOf } from './names.ts';
import { reasonPhraseFor } from './reason.ts';
import { unfold } from './text.ts';
import type { HeaderSpan, SipRequest, SipResponse } from './types.ts';
import { headerValue, MessageViews, spanValue, toReading } from './views.ts';

/** A header to write: name and value. */
export type HeaderLine = readonly [name: string, value: string];

/** What a request of ours is made of. Headers leave in the order given; Content-Length is added at the end. */
export interface RequestParts {
  readonly method: string;
  readonly requestUri: string;
  readonly headers: readonly HeaderLine[];
  readonly body?: Buffer;
}

/** What a response of ours is made of. */
export interface ResponseParts {
  readonly statusCode: number;
  /** The registered phrase where absent. */
  readonly reasonPhrase?: string;
  /** Added to To where it has no tag; every response but 100 needs one (RFC 3261 §8.2.6.2). */
  readonly toTag?: string;
  /** In place of the request's first Via value: with `received` and `rport` filled in (RFC 3261 §18.2.1, RFC 3581 §4). */
  readonly topVia?: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: Buffer;
}

const noBody = Buffer.alloc(0);

/** Makes a request. Values are latin1 text; one with a line break is a BugError. */
export function buildRequest(parts: RequestParts): SipRequest {
  const { method, requestUri } = parts;
  checkText(requestUri);
  const writer = new HeadWriter(`${method} ${requestUri} SIP/2.0\r\n`);
  for (const [name, value] of parts.headers) writer.add(headerKey(name), name, value);
  const { bytes, head, headers, body, views } = writer.finish(parts.body ?? noBody);
  return {
    kind: 'request',
    method,
    requestUri,
    version: 'SIP/2.0',
    bytes,
    head,
    headers,
    body,
    defects: [],
    views,
  };
}

/**
 * Makes the response to a request: Via, From, To, Call-ID and CSeq copied, Timestamp too in a 100 (RFC 3261 §8.2.6). Works
 * for defective requests as far as their headers can be read; what is missing stays missing.
 */
export function buildResponse(request: SipRequest, parts: ResponseParts): SipResponse {
  const { statusCode } = parts;
  const reasonPhrase = parts.reasonPhrase ?? reasonPhraseFor(statusCode);
  checkText(reasonPhrase);
  const writer = new HeadWriter(`SIP/2.0 ${statusCode} ${reasonPhrase}\r\n`);
  copyVias(writer, request, parts.topVia);
  copyFirst(writer, request, 'from', 'From');
  const to = headerValue(request, 'to');
  if (to !== undefined) {
    const needsTag = parts.toTag !== undefined && toReading(request).value?.tag === undefined;
    writer.add('to', 'To', needsTag ? `${to};tag=${parts.toTag}` : to);
  }
  copyFirst(writer, request, 'call-id', 'Call-ID');
  copyFirst(writer, request, 'cseq', 'CSeq');
  if (statusCode === 100) copyFirst(writer, request, 'timestamp', 'Timestamp');
  for (const [name, value] of parts.headers ?? []) writer.add(headerKey(name), name, value);
  const { bytes, head, headers, body, views } = writer.finish(parts.body ?? noBody);
  return {
    kind: 'response',
    statusCode,
    reasonPhrase,
    version: 'SIP/2.0',
    bytes,
    head,
    headers,
    body,
    defects: [],
    views,
  };
}

function copyVias(writer: HeadWriter, request: SipRequest, topVia: string | undefined): void {
  let isTop = topVia !== undefined;
  for (const span of request.headers) {
    if (span.key !== 'via') continue;
    if (isTop) {
      const rest = listValueEnd(request.bytes, span.valueStart, span.valueEnd);
      const others = request.head.slice(rest, span.valueEnd);
      writer.add('via', 'Via', `${topVia}${span.folded ? unfold(others) : others}`);
    } else writer.add('via', 'Via', spanValue(request, span));
    isTop = false;
  }
}

function copyFirst(writer: HeadWriter, request: SipRequest, key: string, name: string): void {
  const value = headerValue(request, key);
  if (value !== undefined) writer.add(key, name, value);
}

/** Writes a head and notes where its headers stand, so that the message need not be parsed to be read. */
class HeadWriter {
  readonly #headers: HeaderSpan[] = [];
  readonly #views = new MessageViews();
  #text: string;

  constructor(startLine: string) {
    this.#text = startLine;
  }

  add(key: string, name: string, value: string): void {
    checkText(value);
    const start = this.#text.length;
    this.#text += `${name}: ${value}\r\n`;
    const end = this.#text.length;
    const bit = trackOf(key);
    if (bit > 0) track(this.#views, bit, this.#headers.length);
    this.#headers.push({
      key,
      start,
      valueStart: start + name.length + 2,
      valueEnd: end - 2,
      end,
      folded: false,
    });
  }

  finish(body: Buffer): {
    readonly bytes: Buffer;
    readonly head: string;
    readonly headers: readonly HeaderSpan[];
    readonly body: Buffer;
    readonly views: MessageViews;
  } {
    if ((this.#views.first[7] ?? -1) < 0) this.add('content-length', 'Content-Length', String(body.length));
    const head = `${this.#text}\r\n`;
    const bytes = Buffer.allocUnsafe(head.length + body.length);
    bytes.write(head, 0, 'latin1');
    bytes.set(body, head.length);
    this.#views.isLengthExact = true;
    return {
      bytes,
      head,
      headers: this.#headers,
      body: body.length === 0 ? noBody : bytes.subarray(head.length),
      views: this.#views,
    };
  }
}
