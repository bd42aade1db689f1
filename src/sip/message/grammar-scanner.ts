import { formatParam, type Param, paramValue, parseUri, quote, type Uri } from '../uri/index.ts';

/**
 * Walks over a header value by the rules of RFC 3261 §25.1. Each reader returns undefined where the text does not fit,
 * and then stands anywhere: a value that does not fit is given up as a whole. Every step is linear in what it passes.
 */
export class Scanner {
  readonly text: string;
  pos = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether nothing but white space is left. */
  get isEnd(): boolean {
    this.skip();
    return this.pos >= this.text.length;
  }

  /** Passes over white space; false where there was none. */
  skip(): boolean {
    const start = this.pos;
    while (this.pos < this.text.length && isBlank(this.text.charCodeAt(this.pos))) this.pos += 1;
    return this.pos > start;
  }

  /** What a sticky pattern matches here. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.pos;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.pos += found.length;
    return found;
  }

  /** A separator with white space around it. */
  take(separator: string): boolean {
    const start = this.pos;
    this.skip();
    if (!this.text.startsWith(separator, this.pos)) {
      this.pos = start;
      return false;
    }
    this.pos += separator.length;
    this.skip();
    return true;
  }

  token(): string | undefined {
    return this.match(tokenPattern);
  }

  /** A quoted-string, its quotes and escapes undone. */
  quoted(): string | undefined {
    const { text } = this;
    if (text[this.pos] !== '"') return undefined;
    let content = '';
    for (let pos = this.pos + 1; pos < text.length; pos += 1) {
      const char = text.charAt(pos);
      if (char === '"') {
        this.pos = pos + 1;
        return content;
      }
      if (char === '\\') pos += 1;
      content += text.charAt(pos);
    }
    return undefined;
  }

  /** A number of digits up to `max`. */
  number(max: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const digits = this.match(digitsPattern);
    if (digits === undefined) return undefined;
    const value = Number(digits);
    return value <= max ? value : undefined;
  }

  /** A URI in angle brackets. */
  bracketedUri(): { readonly uriText: string; readonly uri: Uri } | undefined {
    const text = this.match(bracketedPattern)?.slice(1, -1);
    const uri = text === undefined ? undefined : parseUri(text);
    return text !== undefined && uri?.ok ? { uriText: text, uri: uri.value } : undefined;
  }

  /** Parameters up to the end of what looks like some: `;name`, `;name=token`, `;name="text"`, `;name=[::1]`. */
  params(): readonly Param[] | undefined {
    const params: Param[] = [];
    while (this.take(';')) {
      const param = this.param();
      if (param === undefined) return undefined;
      params.push(param);
    }
    return params;
  }

  /** One generic-param. */
  param(): Param | undefined {
    const name = this.token();
    if (name === undefined) return undefined;
    if (!this.take('=')) return { name, value: undefined };
    const value = this.quoted() ?? this.match(genericValuePattern);
    return value === undefined ? undefined : { name, value };
  }
}

/** Largest delta-seconds (RFC 3261 §20.19). */
export const deltaSecondsMax = 2 ** 32 - 1;

/** A qvalue as a number; undefined where there is no `q`, 'bad' where it is none (RFC 3261 §25.1). */
export function qualityOf(params: readonly Param[]): number | undefined | 'bad' {
  const text = paramValue(params, 'q');
  if (text === undefined) return undefined;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 'bad';
}

/** Digits of a parameter up to `max`; undefined where it is absent, 'bad' where it is no such number. */
export function numberParam(
  params: readonly Param[],
  name: string,
  max: number = deltaSecondsMax,
): number | undefined | 'bad' {
  const text = paramValue(params, name);
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) && Number(text) <= max ? Number(text) : 'bad';
}

/** Writes parameters; values that are no token or host are quoted, and those of `alwaysQuoted` (lower case). */
export function writeParams(params: readonly Param[], alwaysQuoted: readonly string[] = []): string {
  return params.map((param) => formatParam(writable(param, alwaysQuoted))).join('');
}

/** A parameter whose value may stand in a header as it is. */
export function writable(param: Param, alwaysQuoted: readonly string[]): Param {
  const { name, value } = param;
  if (value === undefined) return param;
  const isBare = bareValuePattern.test(value) && !alwaysQuoted.includes(name.toLowerCase());
  return isBare ? param : { name, value: quote(value) };
}

const tokenPattern = /[A-Za-z0-9\-.!%*_+`'~]+/y;
const digitsPattern = /\d{1,16}/y;
const bracketedPattern = /<[^<>"\s]+>/y;
/** A token, or a host: an IPv6 reference. */
const genericValuePattern = /[A-Za-z0-9\-.!%*_+`'~]+|\[[0-9A-Fa-f:.]+\]/y;
const bareValuePattern = /^(?:[A-Za-z0-9\-.!%*_+`'~]+|\[[0-9A-Fa-f:.]+\])$/;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}
