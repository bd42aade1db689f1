import type { SipMessage } from './types.ts';

// The line between bytes and text. Inside, header text is latin1: one character a byte, nothing lost.

/** Text for people: the bytes of a latin1 string read as UTF-8. Not for anything that goes back to the wire. */
export function displayText(latin1: string): string {
  return isAscii(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8');
}

/** The latin1 string whose bytes are the UTF-8 form of `text`: for putting our own text into a header. */
export function latin1FromText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * A header value in one line: each fold becomes one space (RFC 3261 §7.3.1), and so does a CR that ends no line, which
 * must not get into a line of ours.
 */
export function unfold(value: string): string {
  if (value.indexOf('\n') < 0 && value.indexOf('\r') < 0) return value;
  // Not one expression over all: a run of spaces before something else would be tried from each of them.
  const lines = value.split('\n');
  return lines.map((line, index) => trimBlanks(line, index > 0).replaceAll('\r', ' ')).join(' ');
}

/** First characters of foreign text, printable, for error messages. */
export function excerpt(text: string): string {
  return text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?');
}

/** Without spaces, tabs and CR at the end, and at the start too where asked. Not `trim`: byte 0xa0 is no space here. */
function trimBlanks(line: string, atStart: boolean): string {
  let start = 0;
  let end = line.length;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  if (atStart) while (start < end && isBlank(line.charCodeAt(start))) start++;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

function isAscii(text: string): boolean {
  return !/[^\u0000-\u007f]/.test(text);
}

/**
 * A head made of lines of `message`, with line ends that every reader takes for the same ones: where the message has
 * others than CRLF (RFC 3261 §7), a lone LF becomes CRLF and a lone CR a space. A line that begins with a lone CR has no
 * name and goes, what continues it too: with a space there it would continue the line before.
 */
export function evenLineEnds(message: Pick<SipMessage, 'defects'>, head: string): string {
  if (!message.defects.some(({ code }) => code === 'message.lineEnd')) return head;
  return head
    .replace(/(?<=\n)\r(?!\n)[^\n]*\n(?:[ \t][^\n]*\n)*/g, '')
    .replace(/\r(?!\n)/g, ' ')
    .replace(/(?<!\r)\n/g, '\r\n');
}
