/** The entities that XML itself declares (XML 1.0 §4.6); no other is ever expanded. */
const predefined: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** The longest reference that is looked at: `&#x0010FFFF;` and leading zeros to spare. */
const referenceMax = 16;

/**
 * The text that the reference at `offset` (which holds `&`) stands for, and its length; or why it stands for
 * nothing: a declared entity, or a character that no document may contain.
 */
export function readReference(
  text: string,
  offset: number,
): { readonly value: string; readonly length: number } | 'unknownEntity' | 'malformed' {
  const end = text.indexOf(';', offset);
  // A search that finds nothing near runs far only where the document is refused in the next line.
  if (end === -1 || end - offset > referenceMax || end === offset + 1) return 'malformed';
  const name = text.slice(offset + 1, end);
  const length = end - offset + 1;
  const value = predefined.get(name);
  if (value !== undefined) return { value, length };
  if (!name.startsWith('#')) return /^[A-Za-z_:][\w:.-]*$/.test(name) ? 'unknownEntity' : 'malformed';
  const codePoint = characterOf(name);
  return codePoint === undefined ? 'malformed' : { value: String.fromCodePoint(codePoint), length };
}

/** Replaces the references in a text whose references have been checked. */
export function decodeReferences(text: string): string {
  let amp = text.indexOf('&');
  if (amp === -1) return text;
  let decoded = '';
  let done = 0;
  while (amp !== -1) {
    const reference = readReference(text, amp);
    if (typeof reference === 'string') break;
    decoded += text.slice(done, amp) + reference.value;
    done = amp + reference.length;
    amp = text.indexOf('&', done);
  }
  return decoded + text.slice(done);
}

/** The code point of `#65` or `#x41`, where it is a character that XML 1.0 §2.2 allows. */
function characterOf(name: string): number | undefined {
  let codePoint: number;
  if (/^#[0-9]+$/.test(name)) codePoint = Number.parseInt(name.slice(1), 10);
  else if (/^#x[0-9a-fA-F]+$/.test(name)) codePoint = Number.parseInt(name.slice(2), 16);
  else return undefined;
  const isAllowed =
    codePoint === 0x9 ||
    codePoint === 0xa ||
    codePoint === 0xd ||
    (codePoint >= 0x20 && codePoint <= 0xd7ff) ||
    (codePoint >= 0xe000 && codePoint <= 0xfffd) ||
    (codePoint >= 0x10000 && codePoint <= 0x10ffff);
  return isAllowed ? codePoint : undefined;
}
