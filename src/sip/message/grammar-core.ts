import { type Param, quote } from '../uri/index.ts';
import { defineHeader, type GrammarParts } from './grammar.ts';
import { numberParts, textParts, tokenParts, type UriValue, uriValueParts } from './grammar-parts.ts';
import { deltaSecondsMax, numberParam, type Scanner, writeParams } from './grammar-scanner.ts';
import type { CSeq, Via } from './types.ts';
import { readVia } from './via.ts';
import { sequenceMax } from './views.ts';

// The headers of RFC 3261 §20 that are neither addresses nor media nor authentication.

const wordPattern = /[A-Za-z0-9\-.!%*_+`'~()<>:\\"/[\]?{}]+/y;
const callIdParts: GrammarParts<string> = {
  read: (scanner) => {
    const word = scanner.match(wordPattern);
    if (word === undefined) return undefined;
    if (scanner.match(/@/y) === undefined) return word;
    const host = scanner.match(wordPattern);
    return host === undefined ? undefined : `${word}@${host}`;
  },
  write: (value) => value,
};

/** Call-ID (§20.8). */
export const callIdHeader = defineHeader<string>('Call-ID', callIdParts);
/** In-Reply-To (§20.21): Call-IDs. */
export const inReplyTo = defineHeader<string>('In-Reply-To', callIdParts);

/** CSeq (§20.16): a number below 2^31 and a method. */
export const cseqHeader = defineHeader<CSeq>('CSeq', {
  read: (scanner) => {
    const sequence = scanner.number(sequenceMax);
    const method = scanner.skip() ? scanner.token() : undefined;
    return sequence === undefined || method === undefined ? undefined : { sequence, method };
  },
  write: ({ sequence, method }) => `${sequence} ${method}`,
});

/** Via (§20.42); `raw` is as written. */
export const viaHeader = defineHeader<Via>('Via', {
  read: (scanner) => {
    const text = scanner.text.slice(scanner.pos);
    const { value, flaw } = readVia(Buffer.from(text, 'latin1'), text, 0, text.length);
    scanner.pos = scanner.text.length;
    return flaw === undefined ? value : undefined;
  },
  write: (value) => value.raw,
});

/** Alert-Info (§20.4). */
export const alertInfo = defineHeader<UriValue>('Alert-Info', uriValueParts);
/** Call-Info (§20.9). */
export const callInfo = defineHeader<UriValue>('Call-Info', uriValueParts);
/** Error-Info (§20.18). */
export const errorInfo = defineHeader<UriValue>('Error-Info', uriValueParts);

/** Allow (§20.5): methods. */
export const allow = defineHeader<string>('Allow', tokenParts);
/** Proxy-Require (§20.29): option tags. */
export const proxyRequire = defineHeader<string>('Proxy-Require', tokenParts);
/** Require (§20.32): option tags. */
export const require = defineHeader<string>('Require', tokenParts);
/** Supported (§20.37): option tags; may be empty. */
export const supported = defineHeader<string>('Supported', tokenParts);
/** Unsupported (§20.40): option tags. */
export const unsupported = defineHeader<string>('Unsupported', tokenParts);
/** Priority (§20.26): `emergency`, `urgent`, `normal`, `non-urgent`, or another token. */
export const priority = defineHeader<string>('Priority', tokenParts);

/** Content-Length (§20.14), bytes. */
export const contentLength = defineHeader<number>('Content-Length', numberParts(Number.MAX_SAFE_INTEGER));
/** Expires (§20.19), seconds. */
export const expires = defineHeader<number>('Expires', numberParts());
/** Min-Expires (§20.23), seconds. */
export const minExpires = defineHeader<number>('Min-Expires', numberParts());
/** Max-Forwards (§20.22). */
export const maxForwardsHeader = defineHeader<number>('Max-Forwards', numberParts(255));

/** Organization (§20.25). */
export const organization = defineHeader<string>('Organization', textParts);
/** Subject (§20.36). */
export const subject = defineHeader<string>('Subject', textParts);

/** Retry-After (§20.33): how long, a comment, and how long the callee can then be reached (`duration`). */
export interface RetryAfter {
  readonly delayS: number;
  readonly comment: string | undefined;
  readonly params: readonly Param[];
}

/** Retry-After (§20.33). */
export const retryAfter = defineHeader<RetryAfter>('Retry-After', {
  read: (scanner) => {
    const delayS = scanner.number(deltaSecondsMax);
    scanner.skip();
    const comment = readComment(scanner);
    const params = scanner.params();
    if (delayS === undefined || params === undefined) return undefined;
    return numberParam(params, 'duration') === 'bad' ? undefined : { delayS, comment, params };
  },
  write: ({ delayS, comment, params }) =>
    `${delayS}${comment === undefined ? '' : ` ${writeComment(comment)}`}${writeParams(params)}`,
});

/** One piece of Server or User-Agent. */
export type ProductPart =
  | { readonly kind: 'product'; readonly name: string; readonly version: string | undefined }
  | { readonly kind: 'comment'; readonly text: string };

const productParts: GrammarParts<readonly ProductPart[]> = {
  read: (scanner) => {
    const parts: ProductPart[] = [];
    do {
      const part = readProduct(scanner);
      if (part === undefined) return undefined;
      parts.push(part);
    } while (scanner.skip() && !scanner.isEnd);
    return parts;
  },
  write: (parts) =>
    parts
      .map((part) => {
        if (part.kind === 'comment') return writeComment(part.text);
        return part.version === undefined ? part.name : `${part.name}/${part.version}`;
      })
      .join(' '),
};

/** Server (§20.35). */
export const server = defineHeader<readonly ProductPart[]>('Server', productParts);
/** User-Agent (§20.41). */
export const userAgent = defineHeader<readonly ProductPart[]>('User-Agent', productParts);

/** Timestamp (§20.38): as written, because its digits come back in the response. */
export interface Timestamp {
  readonly sent: string;
  readonly delay: string | undefined;
}

/** Timestamp (§20.38). */
export const timestamp = defineHeader<Timestamp>('Timestamp', {
  read: (scanner) => {
    const sent = scanner.match(/\d+(?:\.\d*)?/y);
    if (sent === undefined) return undefined;
    const delay = scanner.skip() ? scanner.match(/\d+(?:\.\d*)?|\.\d+/y) : undefined;
    return { sent, delay };
  },
  write: ({ sent, delay }) => (delay === undefined ? sent : `${sent} ${delay}`),
});

/** One warning (§20.43). */
export interface WarningValue {
  readonly code: number;
  /** Host and port, or a pseudonym. */
  readonly agent: string;
  readonly text: string;
}

/** Warning (§20.43). */
export const warning = defineHeader<WarningValue>('Warning', {
  read: (scanner) => {
    const code = scanner.match(/[1-9]\d\d(?= )/y);
    scanner.match(/ /y);
    const agent = scanner.match(/[A-Za-z0-9\-.!%*_+`'~[\]:]+(?= )/y);
    scanner.match(/ /y);
    const text = scanner.quoted();
    if (code === undefined || agent === undefined || text === undefined) return undefined;
    return { code: Number(code), agent, text };
  },
  write: ({ code, agent, text }) => `${code} ${agent} ${quote(text)}`,
});

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const datePattern =
  /(Sun|Mon|Tue|Wed|Thu|Fri|Sat), (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d):(\d\d):(\d\d) GMT/y;

/** Date (§20.17) in milliseconds since 1970, UTC; the day of the week must be that of the date. */
export const date = defineHeader<number>('Date', {
  read: (scanner) => {
    const text = scanner.match(datePattern);
    const epochMs = text === undefined ? undefined : epochMsOf(text);
    return epochMs !== undefined && writeDate(epochMs) === text ? epochMs : undefined;
  },
  write: writeDate,
});

/** `Sat, 13 Nov 2010 23:29:00 GMT`; the fields stand at fixed places. */
function epochMsOf(text: string): number {
  const field = (start: number, end: number): number => Number(text.slice(start, end));
  const month = months.indexOf(text.slice(8, 11));
  return Date.UTC(field(12, 16), month, field(5, 7), field(17, 19), field(20, 22), field(23, 25));
}

function writeDate(epochMs: number): string {
  const at = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${days[at.getUTCDay()]}, ${two(at.getUTCDate())} ${months[at.getUTCMonth()]}`;
  const year = String(at.getUTCFullYear()).padStart(4, '0');
  return `${day} ${year} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} GMT`;
}

function readProduct(scanner: Scanner): ProductPart | undefined {
  const text = readComment(scanner);
  if (text !== undefined) return { kind: 'comment', text };
  const name = scanner.token();
  if (name === undefined) return undefined;
  const start = scanner.pos;
  if (!scanner.take('/')) {
    scanner.pos = start;
    return { kind: 'product', name, version: undefined };
  }
  const version = scanner.token();
  return version === undefined ? undefined : { kind: 'product', name, version };
}

/** A comment in its parentheses, others inside it allowed; undefined where there is none or it never closes. */
function readComment(scanner: Scanner): string | undefined {
  const { text, pos: start } = scanner;
  if (text[start] !== '(') return undefined;
  let depth = 0;
  for (let pos = start; pos < text.length; pos += 1) {
    const char = text[pos];
    if (char === '\\') pos += 1;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (depth > 0) continue;
    scanner.pos = pos + 1;
    return text.slice(start + 1, pos);
  }
  return undefined;
}

/** The text stands as it was read, its own escapes and parentheses included. */
function writeComment(text: string): string {
  return `(${text})`;
}
