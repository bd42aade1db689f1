import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { XmlDocument, XmlElement } from '../xml/index.ts';
import { attributeOf, childElements, collapsedTextOf, writeXml, xmlElement } from '../xml/index.ts';
import type { HeldErrorCode } from './held-names.ts';
import { descendantNamed, heldNamespace } from './held-names.ts';
import type { LocationLimits } from './limits.ts';
import { readLocationXml } from './parse.ts';
import type { LocationError } from './types.ts';

/** What a location server answered (RFC 5985 §5.2, §5.3). */
export type HeldAnswer =
  | {
      readonly kind: 'location';
      /** A PIDF-LO document to be read by `parsePidfLo`; undefined where references alone came. */
      readonly document: XmlDocument | undefined;
      /** References to the location, in their order. */
      readonly locationUris: readonly string[];
      /** `expires` of the references as written. */
      readonly expires: string | undefined;
    }
  | {
      readonly kind: 'error';
      /** Of HELD's registry, as sent; `unspecified` where the server said none. */
      readonly code: string;
      /** The server's words, at most 200 characters; empty where it said none. */
      readonly message: string;
    };

/** What a location server of ours answers. */
export interface LocationResponse {
  /** As `writePidfLo` writes it. */
  readonly pidfLo?: string | undefined;
  /** Not for the answer to a dereference (RFC 6753 §3.1). */
  readonly references?: { readonly uris: readonly string[]; readonly expires: string } | undefined;
}

const messageMax = 200;

/**
 * Reads the answer to a location request (RFC 5985 §5.2, RFC 6753 §3.1). Elements are known by their names alone, whatever
 * namespace they are in: the server was asked a question and this is its answer. A presence document without HELD around it
 * is taken too (RFC 6753 §3.2). Errors: `location.xmlUnreadable`, `location.heldUnknown`, `location.heldEmpty`. Never throws.
 */
export function readHeldAnswer(bytes: Uint8Array, limits: LocationLimits): Result<HeldAnswer, LocationError> {
  const document = readLocationXml(bytes, limits);
  return document.ok ? heldAnswerOf(document.value, limits) : document;
}

/** Reads an answer as {@link readHeldAnswer} does, out of a tree. */
export function heldAnswerOf(
  document: XmlDocument,
  limits: LocationLimits,
): Result<HeldAnswer, LocationError> {
  const { root } = document;
  switch (root.localName) {
    case 'presence':
      return ok({ kind: 'location', document, locationUris: [], expires: undefined });
    case 'error':
      return ok(readError(root));
    case 'locationResponse':
      return readResponse(document, limits);
    default:
      return err({ code: 'location.heldUnknown', message: 'the document is no answer of a location server' });
  }
}

/** Writes an answer that is valid by the schema of RFC 5985 §7. */
export function writeLocationResponse({ pidfLo, references }: LocationResponse): string {
  const children = references === undefined ? [] : [uriSetElement(references)];
  const name = 'locationResponse';
  const shell = writeXml(xmlElement({ name, namespaceUri: heldNamespace, children: [...children, ''] }));
  const end = `</${name}>`;
  return `${shell.slice(0, -end.length)}${withoutDeclaration(pidfLo ?? '')}${end}`;
}

/** Writes an error answer (RFC 5985 §5.3). It goes in a 200 response of HTTP (§6.3). */
export function writeHeldError(code: HeldErrorCode, message: string): string {
  const text = xmlElement({
    name: 'message',
    namespaceUri: heldNamespace,
    attributes: { 'xml:lang': 'en' },
    children: [message],
  });
  return writeXml(
    xmlElement({ name: 'error', namespaceUri: heldNamespace, attributes: { code }, children: [text] }),
  );
}

function readError(error: XmlElement): HeldAnswer {
  const code = attributeOf(error, 'code')?.trim();
  const message = childElements(error).find((child) => child.localName === 'message');
  return {
    kind: 'error',
    code: code === undefined || code === '' ? 'unspecified' : code.slice(0, messageMax),
    message: message === undefined ? '' : collapsedTextOf(message).slice(0, messageMax),
  };
}

function readResponse(answer: XmlDocument, limits: LocationLimits): Result<HeldAnswer, LocationError> {
  const response = answer.root;
  const locationUris: string[] = [];
  let expires: string | undefined;
  const readUris = (element: XmlElement): void => {
    for (const child of childElements(element)) {
      if (child.localName === 'locationUriSet') {
        expires ??= attributeOf(child, 'expires')?.trim();
        readUris(child);
      } else if (child.localName === 'locationURI' && locationUris.length < limits.headerValuesMax) {
        const uri = collapsedTextOf(child);
        if (uri !== '') locationUris.push(uri);
      }
    }
  };
  readUris(response);
  const document = presenceOf(answer);
  if (document === undefined && locationUris.length === 0) {
    // An error inside a response is what some servers send in place of an error document.
    const error = childElements(response).find((child) => child.localName === 'error');
    if (error !== undefined) return ok(readError(error));
    return err({ code: 'location.heldEmpty', message: 'the answer has neither a location nor a reference' });
  }
  return ok({ kind: 'location', document, locationUris, expires });
}

/** The presence document of a response; the response itself where a location stands in it without one. */
function presenceOf(answer: XmlDocument): XmlDocument | undefined {
  const presence = descendantNamed(answer.root, 'presence');
  if (presence !== undefined) return { ...answer, root: presence };
  return descendantNamed(answer.root, 'location-info') === undefined ? undefined : answer;
}

function uriSetElement({ uris, expires }: NonNullable<LocationResponse['references']>): XmlElement {
  const namespaceUri = heldNamespace;
  const children = uris.map((uri) => xmlElement({ name: 'locationURI', namespaceUri, children: [uri] }));
  return xmlElement({ name: 'locationUriSet', namespaceUri, attributes: { expires }, children });
}

/** A document inside of another has no XML declaration (XML 1.0 §2.8). */
function withoutDeclaration(document: string): string {
  return document.replace(/^\s*<\?xml[^>]*\?>\s*/, '');
}
