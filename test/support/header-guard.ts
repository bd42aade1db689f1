import {
  callId,
  cseq,
  defaultMessageLimits,
  findHeaderRow,
  type HeaderPlace,
  type HeaderSpan,
  headerKey,
  headerValues,
  isListHeader,
  mayProxy,
  type ProxyOperation,
  parseMessage,
  type SipMessage,
  toHeader,
  topVia,
  vias,
} from '../../src/sip/message/index.ts';

/**
 * Holds what leaves a proxy against what came in: headers that the registry does not let a proxy touch, unknown ones,
 * the order of the lines, and the body byte for byte. Messages that the proxy makes itself (a CANCEL, an ACK for a
 * refusal, responses of its own) have nothing that they could be held against.
 */
export class HeaderGuard {
  readonly violations: string[] = [];
  /** How many messages were found to be forwarded ones and compared. */
  compared = 0;
  readonly #received = new Map<string, SipMessage[]>();
  readonly #ordered: (name: string) => boolean;
  readonly #mayAddPart: () => boolean;

  /**
   * `isOrdered`: whether a header was to be added by order of whoever decides (RFC 3261 §16.6 item 5 allows any).
   * `mayAddPart`: whether a part may have been added to the body by such an order; nothing else may be done to it.
   */
  constructor(isOrdered: (name: string) => boolean = () => false, mayAddPart: () => boolean = () => false) {
    this.#ordered = isOrdered;
    this.#mayAddPart = mayAddPart;
  }

  /** Notes a message that came in. */
  received(message: SipMessage): void {
    const key = transactionName(message);
    const list = this.#received.get(key);
    if (list === undefined) this.#received.set(key, [message]);
    else list.push(message);
  }

  /** Compares a message that leaves; gives what it found wrong with it, and remembers it. */
  sent(bytes: Buffer): readonly string[] {
    const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
    if (outcome.kind !== 'message') return this.#note([`not SIP: ${outcome.error.message}`]);
    const after = outcome.message;
    const origins = this.#originsOf(after);
    if (origins.length === 0) return [];
    this.compared += 1;
    // Of several that it may have been (repeated, or of forked branches with one tag), the nearest is the one.
    const found = origins.map((before) => {
      if (!this.#mayAddPart() || before.body.equals(after.body)) {
        return headerViolations(before, after, this.#ordered);
      }
      return addedPartViolations(before, after, this.#ordered);
    });
    return this.#note(found.reduce((best, each) => (each.length < best.length ? each : best)));
  }

  #note(found: readonly string[]): readonly string[] {
    this.violations.push(...found);
    return found;
  }

  #originsOf(after: SipMessage): readonly SipMessage[] {
    const candidates = this.#received.get(transactionName(after)) ?? [];
    return candidates.filter((before) => isForwarded(before, after));
  }
}

/** Whether one message is the other, one hop further. */
function isForwarded(before: SipMessage, after: SipMessage): boolean {
  if (before.kind === 'request' && after.kind === 'request') {
    if (before.method !== after.method) return false;
    return sameVia(viaAt(after, 1), viaAt(before, 0));
  }
  if (before.kind === 'response' && after.kind === 'response') {
    if (before.statusCode !== after.statusCode || toTag(before) !== toTag(after)) return false;
    return sameVia(viaAt(before, 1), viaAt(after, 0));
  }
  return false;
}

/**
 * What a proxy did to a message that it may not do. `before` came in and `after` went out; both whole.
 */
export function headerViolations(
  before: SipMessage,
  after: SipMessage,
  isOrdered: (name: string) => boolean = () => false,
): readonly string[] {
  const found = startLineViolations(before, after);
  const place: HeaderPlace = before.kind === 'request' ? 'request' : before.statusCode;
  const keys = new Set([...before.headers, ...after.headers].map((span) => span.key));
  for (const key of keys) {
    if (key === 'content-length') found.push(...lengthViolations(before, after));
    else found.push(...nameViolations(key, place, { before, after, isOrdered }));
  }
  found.push(...orderViolations(before, after));
  if (!before.body.equals(after.body)) found.push('the body was changed');
  return found;
}

/** Headers that go with a body into a part of another (RFC 3261 §20.11 to §20.13, RFC 2045 §3). */
const bodyHeaders = new Set([
  ...['content-type', 'content-disposition', 'content-encoding', 'content-language'],
  ...['content-transfer-encoding', 'content-description'],
]);

/**
 * The one thing that is done to a body: a part more. What came stands in what left, byte for byte, in one piece, or in two
 * around the part that was put before the closing boundary; headers of the body are gone only where they stand in a part.
 */
function addedPartViolations(
  before: SipMessage,
  after: SipMessage,
  isOrdered: (name: string) => boolean,
): readonly string[] {
  const others = headerViolations(before, after, isOrdered).filter((violation) => {
    const name = violation.split(':', 1)[0]?.toLowerCase() ?? '';
    if (violation === 'the body was changed' || name === 'content-length') return false;
    return !bodyHeaders.has(name);
  });
  const isExact = headerValues(after, 'content-length').join() === String(after.body.length);
  const found = isExact ? [...others] : [...others, 'Content-Length does not say how long the body is'];
  const type = headerValues(after, 'content-type').join();
  if (!/^multipart\/mixed\b/i.test(type)) found.push(`Content-Type: a part was added to ${type}`);
  if (!holds(after.body, before.body)) found.push('the body was changed');
  const text = after.body.toString('latin1');
  for (const key of bodyHeaders) {
    if (before.body.length === 0 || linesOf(after, key).join() === linesOf(before, key).join()) continue;
    for (const value of headerValues(before, key)) {
      if (!text.toLowerCase().includes(`${key}: ${value}\r\n`.toLowerCase())) found.push(`${key}: lost`);
    }
  }
  return found;
}

/** Whether one body stands in the other whole, or cut in two with something between. */
function holds(after: Buffer, before: Buffer): boolean {
  if (after.includes(before)) return true;
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return start + end === before.length;
}

function startLineViolations(before: SipMessage, after: SipMessage): string[] {
  if (before.kind === 'response' && after.kind === 'response') {
    const isSame = before.statusCode === after.statusCode && before.reasonPhrase === after.reasonPhrase;
    return isSame ? [] : ['the status line was changed'];
  }
  const isSame = before.kind === 'request' && after.kind === 'request' && before.method === after.method;
  return isSame ? [] : ['the method was changed'];
}

/** Content-Length may be added; a wrong or repeated one is put right (RFC 3261 §18.3, RFC 4475 §3.3.9). */
function lengthViolations(before: SipMessage, after: SipMessage): readonly string[] {
  const was = linesOf(before, 'content-length');
  const is = linesOf(after, 'content-length');
  if (is.length !== 1 || headerValues(after, 'content-length')[0] !== String(after.body.length)) {
    const isUntouched = is.length === was.length && is.every((line, index) => line === was[index]);
    if (isUntouched && before.views.isLengthExact) return [];
    return ['Content-Length does not say how long the body is'];
  }
  if (was.length === 0 || !before.views.isLengthExact) return [];
  return was[0] === is[0] ? [] : ['Content-Length: a right value was changed'];
}

interface Both {
  readonly before: SipMessage;
  readonly after: SipMessage;
  readonly isOrdered: (name: string) => boolean;
}

/** What was done to the header of one name, by the values that are gone and those that are new. */
function nameViolations(
  key: string,
  place: HeaderPlace,
  { before, after, isOrdered }: Both,
): readonly string[] {
  const wasLines = linesOf(before, key);
  const isLines = linesOf(after, key);
  if (wasLines.length === isLines.length && wasLines.every((line, index) => line === isLines[index]))
    return [];
  const was = valuesOf(before, key);
  const is = valuesOf(after, key);
  const name = findHeaderRow(key)?.name ?? (key || 'a line without a name');
  const common = longestCommon(was, is);
  const gone = was.length - common;
  const fresh = is.length - common;
  if (gone === 0 && fresh === 0) {
    // The same values in other lines: joined, split, or respelled.
    return isTouchable(key, place) ? [] : [`${name}: rewritten though no value changed`];
  }
  if (gone > 0 && fresh > 0 && sameMembers(was, is)) return [`${name}: values were reordered`];
  const allowed = (operation: ProxyOperation): boolean => mayProxy(key, place, operation);
  if (gone > 0 && fresh > 0) {
    if (allowed('modify') || (allowed('add') && allowed('delete'))) return viaViolations(key, was, is, place);
    return [`${name}: ${gone} changed from «${was.join(', ')}» to «${is.join(', ')}»`];
  }
  if (gone > 0) return allowed('delete') ? viaViolations(key, was, is, place) : [`${name}: ${gone} removed`];
  if (!allowed('add') && !isOrdered(key)) return [`${name}: ${fresh} added`];
  return viaViolations(key, was, is, place);
}

/**
 * One Via value is added on top of a request, and of those that came only the top one may be changed (`received`, `rport`:
 * RFC 3261 §18.2.1, RFC 3581 §4); of a response the top one is taken off (RFC 3261 §16.7 item 3).
 */
function viaViolations(
  key: string,
  was: readonly string[],
  is: readonly string[],
  place: HeaderPlace,
): readonly string[] {
  if (key !== 'via') return [];
  const isRequest = place === 'request';
  const kept = was.slice(1).join('\n') === (isRequest ? is.slice(2) : is).join('\n');
  const isCounted = is.length === was.length + (isRequest ? 1 : -1);
  return kept && isCounted ? [] : ['Via: more than the top value was changed'];
}

function isTouchable(key: string, place: HeaderPlace): boolean {
  return mayProxy(key, place, 'add') || mayProxy(key, place, 'modify') || mayProxy(key, place, 'delete');
}

/**
 * Lines that left as they came must stand in the order in which they came; save those of headers that a proxy may take
 * away or change, because it may write them anew elsewhere.
 */
function orderViolations(before: SipMessage, after: SipMessage): readonly string[] {
  const place: HeaderPlace = before.kind === 'request' ? 'request' : before.statusCode;
  const isFixed = ({ key }: HeaderSpan): boolean =>
    !mayProxy(key, place, 'delete') && !mayProxy(key, place, 'modify');
  const was = before.headers.filter(isFixed).map((span) => lineText(before, span));
  const is = after.headers.filter(isFixed).map((span) => lineText(after, span));
  const keptOfWas = withoutOthers(was, is);
  const keptOfIs = withoutOthers(is, was);
  const at = keptOfIs.findIndex((line, index) => line !== keptOfWas[index]);
  return at < 0 ? [] : [`lines were reordered: «${(keptOfIs[at] ?? '').trim()}»`];
}

/** The lines that are in the other list too, each as often as it is there. */
function withoutOthers(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count > 0;
  });
}

/** Length of the longest common subsequence: how many values were left alone. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const left of a) {
    const next = [0];
    for (const [index, right] of b.entries()) {
      const longer = Math.max(row[index + 1] ?? 0, next[index] ?? 0);
      next.push(left === right ? (row[index] ?? 0) + 1 : longer);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join('\n') === [...b].sort().join('\n');
}

/** Values of a header, as they stand; a list's are split at its commas. */
function valuesOf(message: SipMessage, key: string): readonly string[] {
  if (isListHeader(key)) return headerValues(message, key);
  return message.headers.filter((span) => span.key === key).map((span) => lineText(message, span));
}

function linesOf(message: SipMessage, key: string): readonly string[] {
  return message.headers.filter((span) => span.key === key).map((span) => lineText(message, span));
}

/** A header line with its folds. A line end that is none for every reader is put right on the way (a lone LF or CR). */
function lineText(message: SipMessage, span: HeaderSpan): string {
  const text = message.head.slice(span.start, span.end);
  const whole = text.endsWith('\n') ? text : `${text}\n`;
  return whole.replace(/\r(?!\n)/g, ' ').replace(/(?<!\r)\n/g, '\r\n');
}

function transactionName(message: SipMessage): string {
  const sequence = cseq(message);
  return `${message.kind} ${callId(message) ?? ''} ${sequence.ok ? sequence.value.sequence : ''}`;
}

function viaAt(message: SipMessage, index: number): string | undefined {
  if (index === 0) {
    const top = topVia(message);
    return top.ok ? `${top.value.host}:${top.value.port ?? ''} ${top.value.branch ?? ''}` : undefined;
  }
  const all = vias(message);
  const via = all.ok ? all.value[index] : undefined;
  return via === undefined ? undefined : `${via.host}:${via.port ?? ''} ${via.branch ?? ''}`;
}

function sameVia(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a === b;
}

function toTag(message: SipMessage): string | undefined {
  const to = toHeader(message);
  return to.ok ? to.value.tag : undefined;
}

/** Whether a name is one of these, in any spelling: for {@link HeaderGuard}. */
export function orderedNames(names: readonly string[]): (name: string) => boolean {
  const keys = new Set(names.map((name) => headerKey(name)));
  return (name) => keys.has(headerKey(name));
}
