import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's top folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A source file: its path below the top folder with forward slashes, its text, and the text with what is not code blanked. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** As long as `text`, line for line; comments and the insides of strings, templates and regular expressions are spaces. */
  readonly code: string;
}

/** One import, export-from or `import()`; `line` counts from 1. */
export interface ImportSite {
  readonly specifier: string;
  readonly line: number;
  readonly isDynamic: boolean;
  /** Whether nothing but types is imported, so that nothing of it is left when the program runs. */
  readonly isTypeOnly: boolean;
}

/** A function and the lines it spans, from the line its head starts on to the line of its closing brace. */
export interface FunctionSpan {
  readonly line: number;
  readonly lineCount: number;
}

/** Every TypeScript file below a folder of the checkout, sorted by path. */
export function readSources(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

/** Wraps a text as a source file. */
export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, code: blankNonCode(text) };
}

/** The imports of a file, read as text: static imports, `export … from`, side-effect imports and `import('…')`. */
export function importsOf(file: SourceFile): readonly ImportSite[] {
  const sites: ImportSite[] = [];
  const pattern = /\b(from|import)\s*(\(?)\s*(['"`])/g;
  for (const match of file.code.matchAll(pattern)) {
    const [whole, keyword, parenthesis, quote = ''] = match;
    if (keyword === 'from' && parenthesis !== '') continue;
    if (/[.\w$#]$/.test(file.code.slice(Math.max(0, match.index - 1), match.index))) continue;
    const start = match.index + whole.length;
    const end = file.text.indexOf(quote, start);
    sites.push({
      specifier: file.text.slice(start, end),
      line: lineAt(file.text, match.index),
      isDynamic: parenthesis !== '',
      isTypeOnly: keyword === 'from' && isTypeClause(file.code.slice(0, match.index)),
    });
  }
  return sites;
}

/** Whether the clause that ends here (`import type { A }`, `export { type A, type B }`) names types alone. */
function isTypeClause(before: string): boolean {
  const clause =
    /\b(?:import|export)\s+(type\s+)?(?:([\w$]+|\*\s+as\s+[\w$]+)\s*,?\s*)?(?:\{([^{}]*)\})?\s*$/.exec(
      before,
    );
  if (clause === null) return false;
  const [, type, name, list] = clause;
  if (type !== undefined) return true;
  const members = (list ?? '').split(',').filter((member) => member.trim() !== '');
  return name === undefined && members.length > 0 && members.every((member) => /^\s*type\s/.test(member));
}

/** Imports whose target is not a literal, which no reader of text can check. */
export function computedImports(file: SourceFile): readonly number[] {
  return [...file.code.matchAll(/(?<![.\w$#])import\s*\(\s*(?!['"`])/g)].map((match) =>
    lineAt(file.text, match.index),
  );
}

/** The line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

const notMethods = /^(?:if|for|while|switch|catch|with|return|await|typeof|function)$/;

/**
 * The functions of a file that have a block for a body. Each brace is judged by its head: the text since the last
 * statement boundary at the same depth, with nested brackets collapsed.
 */
export function functionsOf(file: SourceFile): readonly FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  const open: { readonly close: string; readonly head: string; headLine: number; isFunction: boolean }[] = [];
  let head = '';
  let line = 1;
  let headLine = 1;
  const reset = () => {
    head = '';
    headLine = line;
  };
  for (const char of file.code) {
    if (char === '\n') line++;
    if (char === '{' || char === '(' || char === '[') {
      const isFunction = char === '{' && isFunctionHead(head);
      open.push({ close: char === '{' ? '}' : char === '(' ? ')' : ']', head, headLine, isFunction });
      reset();
    } else if (char === '}' || char === ')' || char === ']') {
      const block = open.pop();
      if (block === undefined || block.close !== char)
        throw new Error(`${file.path}:${line}: unbalanced ${char}`);
      if (block.isFunction) spans.push({ line: block.headLine, lineCount: line - block.headLine + 1 });
      const isStatement =
        char === '}' && (block.isFunction ? !endsInExpression(block.head) : isBlockHead(block.head));
      if (isStatement) reset();
      else {
        head = `${block.head}${char === '}' ? '{}' : char === ')' ? '()' : '[]'}`;
        headLine = block.headLine;
      }
    } else if (char === ';') reset();
    else if (head !== '' || /\S/.test(char)) {
      if (head === '') headLine = line;
      head += char;
    }
    if (char === ',' && open.at(-1)?.close === '}' && !insideAngles(head)) reset();
  }
  return spans;
}

function isFunctionHead(head: string): boolean {
  const text = head.trim();
  if (/=>$/.test(text)) return true;
  if (/\bfunction\b[^=]*\(\)\s*(?::\s*[^=]*[^=:|&<,\s])?$/.test(text)) return true;
  const method =
    /(?:^|[\s{};,*])(#?[\w$]+|\[\])\??\s*(?:<[^()]*>)?\(\)\s*(?::\s*(?:[^=?]|=>)*[^=:|&<,?\s])?$/.exec(text);
  if (method === null) return false;
  if (/\b(?:class|interface|new|extends)\b/.test(text.slice(0, method.index + 1))) return false;
  return !notMethods.test(method[1] ?? '');
}

/** An arrow function or a function expression: what follows its body still belongs to the same statement. */
function endsInExpression(head: string): boolean {
  const text = head.trim();
  return /=>$/.test(text) || /[=(,:?]\s*(?:async\s+)?function\b/.test(text);
}

/** A block of statements or a class body, after which a new statement begins. */
function isBlockHead(head: string): boolean {
  const text = head.trim();
  return (
    text === '' ||
    /\)$/.test(text) ||
    /\b(?:else|do|try|finally|static|case\b.*:|default\s*:)$/.test(text) ||
    /^(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:class|interface|namespace)\b/.test(text)
  );
}

function insideAngles(head: string): boolean {
  const text = head.replaceAll('=>', '');
  return (text.match(/</g)?.length ?? 0) > (text.match(/>/g)?.length ?? 0);
}

/** Where a slash starts a regular expression and not a division: after an operator, a bracket or a keyword. */
function startsRegExp(before: string): boolean {
  const text = before.trimEnd();
  if (text === '' || /[=(,:[!&|?{};+\-*%~^<>]$/.test(text)) return true;
  return /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|delete|throw|new|else|do|await|yield)$/.test(text);
}

/** Replaces everything that is not code by spaces; line breaks stay, so offsets and lines agree with the text. */
function blankNonCode(text: string): string {
  let out = '';
  let at = 0;
  const templateDepths: number[] = [];
  let depth = 0;
  const keep = (length: number) => {
    out += text.slice(at, at + length);
    at += length;
  };
  const blankTo = (end: number) => {
    out += text.slice(at, end).replace(/[^\n]/g, ' ');
    at = end;
  };
  const template = () => {
    const end = templateStop(text, at);
    blankTo(end);
    if (text.startsWith('${', at)) {
      templateDepths.push(depth);
      depth++;
      out += ' {';
      at += 2;
    } else keep(1);
  };
  while (at < text.length) {
    const char = text.charAt(at);
    if (text.startsWith('//', at)) blankTo(endOr(text, text.indexOf('\n', at)));
    else if (text.startsWith('/*', at)) blankTo(endOr(text, text.indexOf('*/', at + 2) + 2));
    else if (char === "'" || char === '"') {
      keep(1);
      blankTo(quotedEnd(text, at, char));
      keep(1);
    } else if (char === '`') {
      keep(1);
      template();
    } else if (char === '/' && startsRegExp(out.slice(-200))) {
      keep(1);
      blankTo(regExpEnd(text, at));
      keep(1);
    } else if (char === '}' && templateDepths.at(-1) === depth - 1) {
      templateDepths.pop();
      depth--;
      keep(1);
      template();
    } else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      keep(1);
    }
  }
  return out;
}

function endOr(text: string, index: number): number {
  return index <= 1 ? text.length : index;
}

function quotedEnd(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== quote) at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}

function templateStop(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== '`' && !text.startsWith('${', at))
    at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}

function regExpEnd(text: string, from: number): number {
  let at = from;
  let inClass = false;
  while (at < text.length && (inClass || text.charAt(at) !== '/')) {
    const char = text.charAt(at);
    if (char === '[') inClass = true;
    if (char === ']') inClass = false;
    at += char === '\\' ? 2 : 1;
  }
  return at;
}
