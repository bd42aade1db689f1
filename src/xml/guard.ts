import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { XmlErrorCode } from './errors.ts';
import type { XmlLimits } from './limits.ts';
import { readReference } from './references.ts';
import type { XmlError } from './types.ts';

// fast-xml-parser does not compare the names of start and end tags, has no limits on elements, attributes or
// text, merges repeated attributes silently and reads document type declarations. So the text is checked here
// first, in one pass that visits every character a fixed number of times, and what reaches the parser is
// well-formed and small enough. The pass has found every attribute then, so the parser is not asked for them again:
// that is the larger part of its time.

/**
 * What the parser shall read: the text without its XML declaration, processing instructions, attributes and, where that
 * is asked for, indentation; and what stood in the tags.
 */
export interface GuardedXml {
  readonly text: string;
  /** The start tags in document order. */
  readonly tags: readonly GuardedTag[];
  readonly hasLeadingSpace: boolean;
}

/**
 * What becomes of white space: all is kept, or line ends and indentation between tags are left out, which say nothing in
 * documents that are data and cost as much as the elements.
 */
export type WhiteSpace = 'kept' | 'indentationDropped';

/** A start tag: its name, and its attributes as names and values in turn, references not decoded. */
export interface GuardedTag {
  readonly name: string;
  readonly attributes: readonly string[];
}

const lt = 0x3c;
const gt = 0x3e;
const slash = 0x2f;
const question = 0x3f;
const bang = 0x21;
const equals = 0x3d;
const amp = 0x26;
const doubleQuote = 0x22;
const singleQuote = 0x27;
/** Characters that no XML 1.0 document may contain (§2.2); lone surrogates cannot come out of the decoders. */
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const excerptMax = 24;
const noAttributes: readonly string[] = [];

/** Checks that a text is a well-formed document (XML 1.0 §2.1, no DOCTYPE) within the limits. */
export function guardXml(
  text: string,
  limits: XmlLimits,
  whiteSpace: WhiteSpace,
): Result<GuardedXml, XmlError> {
  return new Guard(text, limits, whiteSpace).check();
}

/** One pass over one text. A failure anywhere is kept in `#error` and ends the pass. */
class Guard {
  readonly #text: string;
  readonly #limits: XmlLimits;
  readonly #dropsIndentation: boolean;
  readonly #open: string[] = [];
  readonly #tags: GuardedTag[] = [];
  #position = 0;
  #elements = 0;
  #hasRoot = false;
  /**
   * Offset of the next `&` at or after the place last asked about, so that texts without any are searched
   * once.
   */
  #nextAmp = -2;
  /** Whether the last tag was the end of an element. */
  #isAfterEndTag = false;
  /** Where the last attribute value begins, after its quotation mark. */
  #valueStart = 0;
  #kept = '';
  #keptTo = 0;
  #error: XmlError | undefined;

  constructor(text: string, limits: XmlLimits, whiteSpace: WhiteSpace) {
    this.#text = text;
    this.#limits = limits;
    this.#dropsIndentation = whiteSpace === 'indentationDropped';
  }

  check(): Result<GuardedXml, XmlError> {
    const text = this.#text;
    const bad = forbidden.exec(text);
    if (bad !== null)
      return err(this.#failAt(bad.index, 'xml.notWellFormed', 'a character that XML forbids'));
    const start = skipSpace(text, 0);
    const hasDeclaration = text.startsWith('<?xml', start) && isSpace(text.charCodeAt(start + 5));
    this.#position = start;
    this.#keptTo = start;
    if (hasDeclaration) this.#instruction(start + 5);
    while (this.#error === undefined && this.#position < text.length) this.#step();
    if (this.#error === undefined && this.#open.length > 0) {
      this.#failAt(text.length, 'xml.notWellFormed', `the document ends inside <${this.#open.at(-1)}>`);
    }
    if (this.#error === undefined && !this.#hasRoot) this.#failAt(0, 'xml.empty', 'there is no element');
    if (this.#error !== undefined) return err(this.#error);
    return ok({
      text: this.#kept + text.slice(this.#keptTo),
      tags: this.#tags,
      hasLeadingSpace: hasDeclaration && start > 0,
    });
  }

  /** One run of text and the markup after it. */
  #step(): void {
    const text = this.#text;
    const next = text.indexOf('<', this.#position);
    const end = next === -1 ? text.length : next;
    if (end > this.#position) this.#characters(end);
    if (next === -1 || this.#error !== undefined) {
      this.#position = text.length;
      return;
    }
    this.#position = next;
    switch (text.charCodeAt(next + 1)) {
      case slash:
        this.#endTag();
        return;
      case bang:
        this.#declarationLike();
        return;
      case question:
        this.#instruction(next + 2);
        return;
      default:
        this.#startTag();
    }
  }

  #characters(end: number): void {
    const start = this.#position;
    if (this.#open.length === 0) {
      const first = skipSpace(this.#text, start);
      if (first < end) this.#failAt(first, 'xml.notWellFormed', 'text outside of the root element');
      return;
    }
    if (end - start > this.#limits.textMax) {
      this.#failAt(start, 'xml.textTooLong', `text of more than ${this.#limits.textMax} characters`);
      return;
    }
    if (this.#dropsIndentation && this.#isIndentation(start, end)) {
      this.#drop(start, end);
      return;
    }
    if (this.#nextAmp !== -1 && this.#nextAmp < start) this.#nextAmp = this.#text.indexOf('&', start);
    while (this.#nextAmp !== -1 && this.#nextAmp < end && this.#error === undefined) {
      this.#nextAmp = this.#text.indexOf('&', this.#reference(this.#nextAmp));
    }
  }

  /**
   * Whether text is a line's end and white space between tags, and not all that an element holds.
   */
  #isIndentation(start: number, end: number): boolean {
    const text = this.#text;
    const first = text.charCodeAt(start);
    if ((first !== 0xa && first !== 0xd) || text.charCodeAt(start - 1) !== gt) return false;
    if (skipSpace(text, start) !== end || end === text.length) return false;
    const next = text.charCodeAt(end + 1);
    if (next === bang || next === question) return false;
    return next !== slash || this.#isAfterEndTag;
  }

  /** Leaves a stretch out of what the parser reads. */
  #drop(start: number, end: number): void {
    if (start > this.#keptTo) this.#kept += this.#text.slice(this.#keptTo, start);
    this.#keptTo = end;
  }

  /** Checks the reference at `offset` and says where it ends. */
  #reference(offset: number): number {
    const reference = readReference(this.#text, offset);
    if (reference === 'unknownEntity') {
      this.#failAt(offset, 'xml.unknownEntity', 'an entity that XML does not predefine');
      return offset + 1;
    }
    if (reference === 'malformed') {
      this.#failAt(offset, 'xml.notWellFormed', 'a reference that stands for no character, or a bare &');
      return offset + 1;
    }
    return offset + reference.length;
  }

  /** A comment, a CDATA section, or what is refused: a DOCTYPE. */
  #declarationLike(): void {
    const text = this.#text;
    const start = this.#position;
    if (text.startsWith('<!--', start)) {
      this.#skipTo('-->', start + 4, 'a comment that does not end');
    } else if (text.startsWith('<![CDATA[', start) && this.#open.length > 0) {
      this.#skipTo(']]>', start + 9, 'a CDATA section that does not end');
      if (this.#position - start > this.#limits.textMax + 12) {
        this.#failAt(start, 'xml.textTooLong', `CDATA of more than ${this.#limits.textMax} characters`);
      }
    } else if (/^<!doctype/i.test(text.slice(start, start + 9))) {
      this.#failAt(
        start,
        'xml.doctype',
        'documents with a DOCTYPE are refused; send the document without it',
      );
    } else {
      this.#failAt(start, 'xml.notWellFormed', 'markup that has no place here');
    }
  }

  /** A processing instruction (or the XML declaration): left out of what the parser reads. */
  #instruction(searchFrom: number): void {
    const start = this.#position;
    const isDeclaration = searchFrom === start + 5;
    if (!isDeclaration && /^xml[\t\n\r ?]/i.test(this.#text.slice(start + 2, start + 6))) {
      this.#failAt(start, 'xml.notWellFormed', 'an XML declaration inside the document');
      return;
    }
    this.#skipTo('?>', searchFrom, 'a processing instruction that does not end');
    this.#drop(start, this.#position);
  }

  #skipTo(mark: string, from: number, failure: string): void {
    const end = this.#text.indexOf(mark, from);
    if (end === -1) this.#failAt(this.#position, 'xml.notWellFormed', failure);
    else this.#position = end + mark.length;
  }

  #endTag(): void {
    const start = this.#position;
    const end = this.#text.indexOf('>', start);
    const expected = this.#open.pop();
    const isMatch =
      expected !== undefined &&
      end !== -1 &&
      this.#text.startsWith(expected, start + 2) &&
      skipSpace(this.#text, start + 2 + expected.length) === end;
    if (isMatch) {
      this.#position = end + 1;
      this.#isAfterEndTag = true;
    } else if (expected === undefined)
      this.#failAt(start, 'xml.notWellFormed', 'an end tag after the root element');
    else this.#failAt(start, 'xml.notWellFormed', `an end tag where </${expected}> is expected`);
  }

  #startTag(): void {
    const text = this.#text;
    const start = this.#position;
    const nameEnd = skipName(text, start + 1);
    if (nameEnd === start + 1) {
      this.#failAt(start, 'xml.notWellFormed', 'a < that starts no tag');
      return;
    }
    if (this.#open.length === 0 && this.#hasRoot) {
      this.#failAt(start, 'xml.notWellFormed', 'a second root element');
      return;
    }
    this.#hasRoot = true;
    this.#elements += 1;
    if (this.#elements > this.#limits.elementsMax) {
      this.#failAt(start, 'xml.tooManyElements', `more than ${this.#limits.elementsMax} elements`);
      return;
    }
    if (this.#open.length >= this.#limits.depthMax) {
      this.#failAt(start, 'xml.tooDeep', `more than ${this.#limits.depthMax} nested elements`);
      return;
    }
    const name = text.slice(start + 1, nameEnd);
    const end = this.#attributes(nameEnd, name);
    if (end === undefined) return;
    if (end > nameEnd) this.#drop(nameEnd, end);
    const isEmpty = text.charCodeAt(end) === slash;
    if (isEmpty && text.charCodeAt(end + 1) !== gt) {
      this.#failAt(end, 'xml.notWellFormed', 'a / inside a tag');
      return;
    }
    if (!isEmpty) this.#open.push(name);
    this.#isAfterEndTag = isEmpty;
    this.#position = end + (isEmpty ? 2 : 1);
  }

  /** Checks and keeps the attributes from `offset` on and says where the tag's `>` or `/` is. */
  #attributes(offset: number, tagName: string): number | undefined {
    const text = this.#text;
    let found: string[] | undefined;
    const names: string[] = [];
    let position = offset;
    for (;;) {
      const nameStart = skipSpace(text, position);
      const code = text.charCodeAt(nameStart);
      if (code === gt || code === slash) {
        this.#tags.push({ name: tagName, attributes: found ?? noAttributes });
        return nameStart;
      }
      const nameEnd = skipName(text, nameStart);
      if (nameEnd === nameStart || nameStart === position) {
        this.#failAt(
          nameStart,
          'xml.notWellFormed',
          'a tag that does not end, or an attribute without a name',
        );
        return undefined;
      }
      const name = text.slice(nameStart, nameEnd);
      if (names.includes(name)) {
        this.#failAt(nameStart, 'xml.notWellFormed', 'an attribute that occurs twice in one tag');
        return undefined;
      }
      names.push(name);
      if (names.length > this.#limits.attributesMax) {
        this.#failAt(
          nameStart,
          'xml.tooManyAttributes',
          `more than ${this.#limits.attributesMax} attributes`,
        );
        return undefined;
      }
      const valueEnd = this.#attributeValue(nameEnd);
      if (valueEnd === undefined) return undefined;
      found ??= [];
      found.push(name, text.slice(this.#valueStart, valueEnd - 1));
      position = valueEnd;
    }
  }

  /** Checks `= "value"` after an attribute's name and says where it ends. */
  #attributeValue(offset: number): number | undefined {
    const text = this.#text;
    const equalsAt = skipSpace(text, offset);
    const quoteAt = skipSpace(text, equalsAt + 1);
    const quote = text.charCodeAt(quoteAt);
    if (text.charCodeAt(equalsAt) !== equals || (quote !== doubleQuote && quote !== singleQuote)) {
      this.#failAt(offset, 'xml.notWellFormed', 'an attribute without a quoted value');
      return undefined;
    }
    this.#valueStart = quoteAt + 1;
    let position = quoteAt + 1;
    for (let code = text.charCodeAt(position); code !== quote; code = text.charCodeAt(position)) {
      if (Number.isNaN(code) || code === lt) {
        this.#failAt(quoteAt, 'xml.notWellFormed', 'an attribute value that does not end, or holds a <');
        return undefined;
      }
      position = code === amp ? this.#reference(position) : position + 1;
      if (this.#error !== undefined) return undefined;
    }
    if (position - quoteAt > this.#limits.textMax + 1) {
      this.#failAt(
        quoteAt,
        'xml.textTooLong',
        `an attribute value of more than ${this.#limits.textMax} characters`,
      );
      return undefined;
    }
    return position + 1;
  }

  #failAt(offset: number, code: XmlErrorCode, what: string): XmlError {
    const excerpt = this.#text.slice(offset, offset + excerptMax).replace(/[^\x20-\x7e]/g, '.');
    this.#error = { code, message: `${what}, at character ${offset}`, offset, excerpt };
    return this.#error;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x9 || code === 0xa || code === 0xd;
}

function skipSpace(text: string, offset: number): number {
  let position = offset;
  while (isSpace(text.charCodeAt(position))) position += 1;
  return position;
}

/**
 * Where the name at `offset` ends; `offset` itself where none starts. ASCII is held to XML's rule, everything
 * above it is let through: names that we look for are ASCII, others only have to be kept apart.
 */
function skipName(text: string, offset: number): number {
  let position = offset;
  let colons = 0;
  for (let code = text.charCodeAt(position); isNameCode(code); code = text.charCodeAt(position)) {
    if (code === 0x3a) colons += 1;
    if (position === offset && (code === 0x2d || code === 0x2e || (code >= 0x30 && code <= 0x3a)))
      return offset;
    position += 1;
  }
  // At most one colon, and something on each side of it (Namespaces in XML 1.0 §4).
  return colons > 1 || text.charCodeAt(position - 1) === 0x3a ? offset : position;
}

function isNameCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x3a) ||
    code === 0x5f ||
    code === 0x2d ||
    code === 0x2e ||
    code >= 0x80
  );
}
