import type { XmlElement } from '../xml/index.ts';
import { attributeOf, collapsedTextOf } from '../xml/index.ts';
import { warnOfNamespace } from './gml-elements.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type { Warn } from './ordinates.ts';
import { readNumber } from './ordinates.ts';
import type { Confidence } from './types.ts';

/**
 * Reads the confidence that stands in a location-info beside the shape (RFC 7459 §4.1): a percentage, or `unknown`.
 * Undefined where there is none, or, with a warning, where it is no percentage.
 */
export function readConfidence(info: XmlElement, warn: Warn): Confidence | undefined {
  for (const child of info.children) {
    if (typeof child === 'string' || child.localName !== 'confidence') continue;
    if (namespaceFit(child, namespaces.conf) === 'foreign') continue;
    warnOfNamespace(child, namespaces.conf, warn);
    return confidenceOf(child, warn);
  }
  return undefined;
}

function confidenceOf(element: XmlElement, warn: Warn): Confidence | undefined {
  const pdf = readPdf(attributeOf(element, 'pdf')?.trim(), warn);
  const text = collapsedTextOf(element);
  if (text === 'unknown') return { percent: undefined, pdf };
  const percent = readNumber(text.endsWith('%') ? text.slice(0, -1) : text);
  if (percent === undefined || percent <= 0 || percent > 100) {
    warn('location.confidenceUnusable', 'a confidence is a percentage over 0, or unknown: left out');
    return undefined;
  }
  if (text.endsWith('%'))
    warn('location.confidenceUnusable', 'a confidence is written without a percent sign');
  return { percent, pdf };
}

function readPdf(text: string | undefined, warn: Warn): Confidence['pdf'] {
  if (text === undefined || text === 'unknown') return 'unknown';
  if (text === 'normal' || text === 'rectangular') return text;
  warn('location.confidenceUnusable', 'the distribution of a confidence is normal, rectangular or unknown');
  return 'unknown';
}
