const statusLine = /^SIP\/2\.0 [1-6][0-9][0-9] [^\x00-\x08\x0a-\x1f\x7f]*$/;
const requestLine = /^[!%'*+\-.0-9A-Z_`a-z~]+ [^\x00-\x20]+ SIP\/2\.0$/i;
const headerLine = /^[!%'*+\-.0-9A-Z_`a-z~]+[ \t]*:/;
const lonelyLineEnd = /\r(?!\n)|(?<!\r)\n/;

/** What is wrong with a response that we sent (RFC 3261 §7, §8.2.6); undefined where nothing is. Checked with no code of ours. */
export function faultOfResponse(bytes: Buffer): string | undefined {
  const { lines, fault } = readHead(bytes);
  if (fault !== undefined) return fault;
  if (!statusLine.test(lines[0] ?? '')) return `status line "${lines[0]}"`;
  for (const line of lines.slice(1)) {
    if (!/^[ \t]/.test(line) && !headerLine.test(line)) return `header line "${line.slice(0, 80)}"`;
  }
  for (const [name, compact] of [
    ['from', 'f'],
    ['to', 't'],
    ['call-id', 'i'],
    ['cseq', undefined],
  ] as const) {
    if (countOf(lines, name, compact) > 1) return `more than one ${name}`;
  }
  if (countOf(lines, 'via', 'v') === 0) return 'no Via';
  return undefined;
}

/** What is wrong with the frame of a request that we forwarded: what came broken and routable leaves as it came. */
export function faultOfForwarded(bytes: Buffer, ownPort: number): string | undefined {
  const { lines, fault } = readHead(bytes);
  if (fault !== undefined && fault !== 'a lonely CR or LF') return fault;
  if (!requestLine.test(lines[0] ?? '')) return `request line "${lines[0]?.slice(0, 120)}"`;
  const via = lines.find((line) => /^via\s*:/i.test(line)) ?? '';
  if (!new RegExp(`^Via: SIP/2\\.0/(UDP|TCP) [^;]*:${ownPort};branch=z9hG4bK`).test(via))
    return `top Via "${via.slice(0, 80)}"`;
  if (countOf(lines, 'max-forwards', undefined) !== 1) return 'not one Max-Forwards';
  return undefined;
}

/** What is wrong with the line ends and the length of a message; undefined where nothing is. */
export function faultOfFrame(bytes: Buffer): string | undefined {
  return readHead(bytes).fault;
}

function readHead(bytes: Buffer): { readonly lines: readonly string[]; readonly fault: string | undefined } {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return { lines: [], fault: 'a head without end' };
  const head = text.slice(0, end);
  const lines = head.replace(/\r\n(?=[ \t])/g, '').split('\r\n');
  const lengths = lines.filter((line) => /^(content-length|l)[ \t]*:/i.test(line));
  const declared = lengths[0]?.slice(lengths[0].indexOf(':') + 1).trim();
  if (lengths.length !== 1) return { lines, fault: `${lengths.length} Content-Length headers` };
  if (declared === undefined || !/^\d+$/.test(declared) || Number(declared) !== text.length - end - 4) {
    return { lines, fault: `Content-Length ${declared} with ${text.length - end - 4} bytes of body` };
  }
  return { lines, fault: lonelyLineEnd.test(head) ? 'a lonely CR or LF' : undefined };
}

function countOf(lines: readonly string[], name: string, compact: string | undefined): number {
  let count = 0;
  for (const line of lines) {
    const found = /^([^\s:]+)[ \t]*:/.exec(line)?.[1]?.toLowerCase();
    if (found === name || (compact !== undefined && found === compact)) count += 1;
  }
  return count;
}
