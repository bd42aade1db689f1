// Steps over the characters of a document, shared by all that the guard reads.

/** For each ASCII character: 0 none of a name, 1 inside of a name, 2 also at its start, 3 the colon. */
const nameClasses = Uint8Array.from({ length: 128 }, (_, code) => {
  if ((code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f) return 2;
  if ((code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e) return 1;
  return code === 0x3a ? 3 : 0;
});

/** Whether a character is white space of XML (XML 1.0 §2.3). */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x9 || code === 0xa || code === 0xd;
}

/** Where the white space at `offset` ends. */
export function skipSpace(text: string, offset: number): number {
  let position = offset;
  while (isSpace(text.charCodeAt(position))) position += 1;
  return position;
}

/**
 * Where the name at `offset` ends; `offset` itself where none starts. ASCII is held to XML's rule, everything
 * above it is let through: names that we look for are ASCII, others only have to be kept apart.
 */
export function skipName(text: string, offset: number): number {
  const first = text.charCodeAt(offset);
  if (Number.isNaN(first) || (first < 128 && nameClasses[first] !== 2)) return offset;
  let position = offset;
  let colons = 0;
  for (let code = first; ; code = text.charCodeAt(position)) {
    if (code < 128) {
      const nameClass = nameClasses[code];
      if (nameClass === 0) break;
      if (nameClass === 3) colons += 1;
    } else if (Number.isNaN(code)) break;
    position += 1;
  }
  // At most one colon, and something on each side of it (Namespaces in XML 1.0 §4).
  return colons > 1 || text.charCodeAt(position - 1) === 0x3a ? offset : position;
}
