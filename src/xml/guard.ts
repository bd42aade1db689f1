import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { XmlErrorCode } from './errors.ts';
import type { XmlLimits } from './limits.ts';
import { readReference } from './references.ts';
import { isSpace, skipName, skipSpace } from './scan.ts';
import type { XmlError } from './types.ts';

// fast-xml-parser does not compare the names of start and end tags, has no limits on elements, attributes or
// text, merges repeated attributes silently and reads document type declarations. So the text is checked here
// first, in one pass that visits every character a fixed number of times. The pass has found every name, attribute and
// run of text then, so the parser is asked for what is left, the nesting: it takes about a microsecond for an element
// and a hundredth of one for a character, which was nine tenths of the time that a location document took.

/** What a document is made of, and how it nests. */
export interface GuardedXml {
  /**
   * What the parser shall read: the tags of elements that hold elements, all by one name, and a mark for everything else
   * that is in them: for each run of text and for each element that holds nothing but text.
   */
  readonly skeleton: string;
  /** The elements and the runs of text in document order. */
  readonly items: readonly GuardedItem[];
  readonly hasLeadingSpace: boolean;
}

/** An element, or a run of text between elements. */
export interface GuardedItem {
  readonly prefix: string | undefined;
  /** Undefined for a run of text. */
  readonly localName: string | undefined;
  /** Names and values in turn, references not decoded. */
  readonly attributes: readonly string[];
  /** A run's text, or all that an element holds, references decoded; undefined where it holds nothing, or elements. */
  text: string | undefined;
}

/**
 * What becomes of white space: all is kept, or line ends and indentation between tags are left out, which say nothing in
 * documents that are data and cost as much as the elements.
 */
export type WhiteSpace = 'kept' | 'indentationDropped';

/** The name of every element in the skeleton. */
export const skeletonName = 'e';
const startMark = `<${skeletonName}>`;
const endMark = `</${skeletonName}>`;
const itemMark = 't';

const gt = 0x3e;
const slash = 0x2f;
const question = 0x3f;
const bang = 0x21;
const equals = 0x3d;
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
  readonly #hasReturns: boolean;
  readonly #items: GuardedItem[] = [];
  /** Where the names of the open elements begin and end in the text, in turn; what stands beyond the depth is over. */
  readonly #names: number[] = [];
  /** Open elements. */
  #depth = 0;
  #skeleton = '';
  #position = 0;
  #elements = 0;
  /** The element whose start tag was the last tag: whether it holds elements is not known yet. */
  #started: GuardedItem | undefined;
  /** What a further piece of text belongs to: comments and sections do not end a run. */
  #run: GuardedItem | undefined;
  /** Offset of the next `&` at or after the place last asked about, so that texts without any are searched once. */
  #nextAmp = -2;
  /** As `#nextAmp`, of the next `<`. */
  #nextLt = -2;
  /** Whether the last tag was the end of an element. */
  #isAfterEndTag = false;
  /** Where the last attribute value begins, after its quotation mark. */
  #valueStart = 0;
  #error: XmlError | undefined;

  constructor(text: string, limits: XmlLimits, whiteSpace: WhiteSpace) {
    this.#text = text;
    this.#limits = limits;
    this.#dropsIndentation = whiteSpace === 'indentationDropped';
    this.#hasReturns = text.includes('\r');
  }

  check(): Result<GuardedXml, XmlError> {
    const text = this.#text;
    if (forbidden.test(text)) {
      return err(this.#failAt(text.search(forbidden), 'xml.notWellFormed', 'a character that XML forbids'));
    }
    const start = skipSpace(text, 0);
    const hasDeclaration = text.startsWith('<?xml', start) && isSpace(text.charCodeAt(start + 5));
    this.#position = start;
    if (hasDeclaration) this.#instruction(start + 5);
    while (this.#error === undefined && this.#position < text.length) this.#step();
    if (this.#error === undefined && this.#depth > 0) {
      this.#failAt(text.length, 'xml.notWellFormed', `the document ends inside <${this.#openName()}>`);
    }
    if (this.#error === undefined && this.#elements === 0)
      this.#failAt(0, 'xml.empty', 'there is no element');
    if (this.#error !== undefined) return err(this.#error);
    return ok({
      skeleton: this.#skeleton,
      items: this.#items,
      hasLeadingSpace: hasDeclaration && start > 0,
    });
  }

  /** One run of text and the markup after it. */
  #step(): void {
    const text = this.#text;
    const next = this.#findLt(this.#position);
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

  /** The next `<` from an offset on; offsets never fall. */
  #findLt(from: number): number {
    if (this.#nextLt !== -1 && this.#nextLt < from) this.#nextLt = this.#text.indexOf('<', from);
    return this.#nextLt;
  }

  #characters(end: number): void {
    const start = this.#position;
    if (this.#depth === 0) {
      const first = skipSpace(this.#text, start);
      if (first < end) this.#failAt(first, 'xml.notWellFormed', 'text outside of the root element');
      return;
    }
    if (end - start > this.#limits.textMax) {
      this.#failAt(start, 'xml.textTooLong', `text of more than ${this.#limits.textMax} characters`);
      return;
    }
    if (this.#dropsIndentation && this.#isIndentation(start, end)) return;
    if (this.#nextAmp !== -1 && this.#nextAmp < start) this.#nextAmp = this.#text.indexOf('&', start);
    const hasReferences = this.#nextAmp !== -1 && this.#nextAmp < end;
    this.#keep(hasReferences ? this.#decoded(start, end) : this.#piece(start, end));
  }

  /** Text with its references replaced, each of which is checked. */
  #decoded(start: number, end: number): string {
    let decoded = '';
    let done = start;
    while (this.#nextAmp !== -1 && this.#nextAmp < end) {
      const reference = this.#reference(this.#nextAmp);
      if (reference === undefined) return '';
      decoded += this.#piece(done, this.#nextAmp) + reference.value;
      done = this.#nextAmp + reference.length;
      this.#nextAmp = this.#text.indexOf('&', done);
    }
    return decoded + this.#piece(done, end);
  }

  /** Characters as they stand, line ends as line feeds (XML 1.0 §2.11). */
  #piece(start: number, end: number): string {
    const piece = this.#text.slice(start, end);
    return this.#hasReturns ? piece.replace(/\r\n?/g, '\n') : piece;
  }

  /** Puts text where it belongs: to the run that goes on, to the element that has just begun, or into a new run. */
  #keep(text: string): void {
    this.#run ??= this.#started;
    if (this.#run !== undefined) {
      this.#run.text = this.#run.text === undefined ? text : this.#run.text + text;
      return;
    }
    this.#run = { prefix: undefined, localName: undefined, attributes: noAttributes, text };
    this.#items.push(this.#run);
    this.#skeleton += itemMark;
  }

  /** Takes note that the element whose start tag was last holds elements, or is the root. */
  #nest(element: GuardedItem): void {
    this.#started = undefined;
    this.#run = undefined;
    this.#skeleton += startMark;
    const { text } = element;
    if (text === undefined) return;
    element.text = undefined;
    this.#keep(text);
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

  /** Checks the reference at `offset`. */
  #reference(offset: number): { readonly value: string; readonly length: number } | undefined {
    const reference = readReference(this.#text, offset);
    if (typeof reference !== 'string') return reference;
    if (reference === 'unknownEntity') {
      this.#failAt(offset, 'xml.unknownEntity', 'an entity that XML does not predefine');
    } else this.#failAt(offset, 'xml.notWellFormed', 'a reference that stands for no character, or a bare &');
    return undefined;
  }

  /** A comment, a CDATA section, or what is refused: a DOCTYPE. */
  #declarationLike(): void {
    const text = this.#text;
    const start = this.#position;
    if (text.startsWith('<!--', start)) {
      this.#skipTo('-->', start + 4, 'a comment that does not end');
    } else if (text.startsWith('<![CDATA[', start) && this.#depth > 0) {
      this.#skipTo(']]>', start + 9, 'a CDATA section that does not end');
      if (this.#position - start > this.#limits.textMax + 12) {
        this.#failAt(start, 'xml.textTooLong', `CDATA of more than ${this.#limits.textMax} characters`);
      }
      if (this.#error === undefined) this.#keep(this.#piece(start + 9, this.#position - 3));
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

  /** A processing instruction (or the XML declaration), which is dropped. */
  #instruction(searchFrom: number): void {
    const start = this.#position;
    const isDeclaration = searchFrom === start + 5;
    if (!isDeclaration && /^xml[\t\n\r ?]/i.test(this.#text.slice(start + 2, start + 6))) {
      this.#failAt(start, 'xml.notWellFormed', 'an XML declaration inside the document');
      return;
    }
    this.#skipTo('?>', searchFrom, 'a processing instruction that does not end');
  }

  #skipTo(mark: string, from: number, failure: string): void {
    const end = this.#text.indexOf(mark, from);
    if (end === -1) this.#failAt(this.#position, 'xml.notWellFormed', failure);
    else this.#position = end + mark.length;
  }

  #endTag(): void {
    const text = this.#text;
    const start = this.#position;
    if (this.#depth === 0) {
      this.#failAt(start, 'xml.notWellFormed', 'an end tag after the root element');
      return;
    }
    const nameEnd = this.#names[2 * this.#depth - 1] ?? 0;
    let expected = this.#names[2 * this.#depth - 2] ?? 0;
    let position = start + 2;
    while (expected < nameEnd && text.charCodeAt(expected) === text.charCodeAt(position)) {
      expected += 1;
      position += 1;
    }
    if (text.charCodeAt(position) !== gt) position = skipSpace(text, position);
    if (expected < nameEnd || text.charCodeAt(position) !== gt) {
      this.#failAt(start, 'xml.notWellFormed', `an end tag where </${this.#openName()}> is expected`);
      return;
    }
    this.#depth -= 1;
    this.#position = position + 1;
    this.#close();
  }

  /** The name of the element that is to end next. */
  #openName(): string {
    return this.#text.slice(this.#names[2 * this.#depth - 2], this.#names[2 * this.#depth - 1]);
  }

  /** An element ends: a mark where it held nothing but text. */
  #close(): void {
    const started = this.#started;
    if (started !== undefined && this.#depth > 0) this.#skeleton += itemMark;
    else {
      if (started !== undefined) this.#nest(started);
      this.#skeleton += endMark;
    }
    this.#started = undefined;
    this.#run = undefined;
    this.#isAfterEndTag = true;
  }

  #startTag(): void {
    const text = this.#text;
    const start = this.#position;
    const nameEnd = skipName(text, start + 1);
    if (nameEnd === start + 1) {
      this.#failAt(start, 'xml.notWellFormed', 'a < that starts no tag');
      return;
    }
    if (this.#depth === 0 && this.#elements > 0) {
      this.#failAt(start, 'xml.notWellFormed', 'a second root element');
      return;
    }
    this.#elements += 1;
    if (this.#elements > this.#limits.elementsMax) {
      this.#failAt(start, 'xml.tooManyElements', `more than ${this.#limits.elementsMax} elements`);
      return;
    }
    if (this.#depth >= this.#limits.depthMax) {
      this.#failAt(start, 'xml.tooDeep', `more than ${this.#limits.depthMax} nested elements`);
      return;
    }
    if (this.#started !== undefined) this.#nest(this.#started);
    this.#nextLt = text.indexOf('<', nameEnd);
    const end = this.#attributes(nameEnd, start + 1);
    if (end === undefined) return;
    const isEmpty = text.charCodeAt(end) === slash;
    if (isEmpty && text.charCodeAt(end + 1) !== gt) {
      this.#failAt(end, 'xml.notWellFormed', 'a / inside a tag');
      return;
    }
    this.#run = undefined;
    this.#position = end + (isEmpty ? 2 : 1);
    if (isEmpty) this.#close();
    else {
      this.#names[2 * this.#depth] = start + 1;
      this.#names[2 * this.#depth + 1] = nameEnd;
      this.#depth += 1;
      this.#isAfterEndTag = false;
    }
  }

  /** Checks the attributes from `nameEnd` on, keeps the element, and says where the tag's `>` or `/` is. */
  #attributes(nameEnd: number, nameStart: number): number | undefined {
    const text = this.#text;
    let found: string[] | undefined;
    let position = nameEnd;
    for (;;) {
      const start = skipSpace(text, position);
      const code = text.charCodeAt(start);
      if (code === gt || code === slash) {
        this.#element(text.slice(nameStart, nameEnd), found ?? noAttributes);
        return start;
      }
      const end = skipName(text, start);
      if (end === start || start === position) {
        this.#failAt(start, 'xml.notWellFormed', 'a tag that does not end, or an attribute without a name');
        return undefined;
      }
      const name = text.slice(start, end);
      if (found !== undefined && hasName(found, name)) {
        this.#failAt(start, 'xml.notWellFormed', 'an attribute that occurs twice in one tag');
        return undefined;
      }
      found ??= [];
      if (found.length >= 2 * this.#limits.attributesMax) {
        const message = `more than ${this.#limits.attributesMax} attributes`;
        this.#failAt(start, 'xml.tooManyAttributes', message);
        return undefined;
      }
      const valueEnd = this.#attributeValue(end);
      if (valueEnd === undefined) return undefined;
      found.push(name, text.slice(this.#valueStart, valueEnd - 1));
      position = valueEnd;
    }
  }

  #element(name: string, attributes: readonly string[]): void {
    const colon = name.indexOf(':');
    const element: GuardedItem = {
      prefix: colon === -1 ? undefined : name.slice(0, colon),
      localName: colon === -1 ? name : name.slice(colon + 1),
      attributes,
      text: undefined,
    };
    this.#items.push(element);
    this.#started = element;
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
    const start = quoteAt + 1;
    this.#valueStart = start;
    const end = text.indexOf(quote === doubleQuote ? '"' : "'", start);
    if (end === -1 || (this.#nextLt !== -1 && this.#nextLt < end)) {
      this.#failAt(quoteAt, 'xml.notWellFormed', 'an attribute value that does not end, or holds a <');
      return undefined;
    }
    if (this.#nextAmp !== -1 && this.#nextAmp < start) this.#nextAmp = text.indexOf('&', start);
    while (this.#nextAmp !== -1 && this.#nextAmp < end) {
      const reference = this.#reference(this.#nextAmp);
      if (reference === undefined) return undefined;
      this.#nextAmp = text.indexOf('&', this.#nextAmp + reference.length);
    }
    if (end - start > this.#limits.textMax) {
      const message = `an attribute value of more than ${this.#limits.textMax} characters`;
      this.#failAt(quoteAt, 'xml.textTooLong', message);
      return undefined;
    }
    return end + 1;
  }

  #failAt(offset: number, code: XmlErrorCode, what: string): XmlError {
    const excerpt = this.#text.slice(offset, offset + excerptMax).replace(/[^\x20-\x7e]/g, '.');
    this.#error = { code, message: `${what}, at character ${offset}`, offset, excerpt };
    return this.#error;
  }
}

/** Whether a name is among names and values in turn. */
function hasName(found: readonly string[], name: string): boolean {
  for (let index = 0; index < found.length; index += 2) if (found[index] === name) return true;
  return false;
}
