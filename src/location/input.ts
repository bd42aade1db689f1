import type { CodedError } from '../base/index.ts';
import {
  type BodyLimits,
  type BodyPart,
  type BodyTree,
  decodePart,
  headerValue,
  headerValues,
  readBody,
  type SipMessage,
} from '../sip/index.ts';

/** A leaf part of a message body, transfer encoding undone. */
export interface LocationBodyPart {
  /** `type/subtype` in lower case, without parameters; empty where there is none. */
  readonly contentType: string;
  /** The Content-Type header field value as received: the parameters of `message/external-body` are read out of it. */
  readonly contentTypeValue?: string | undefined;
  /** A further Content-Type of the same head, see `BodyPart`. */
  readonly laterContentType?: string | undefined;
  /** As in the header, angle brackets or not. */
  readonly contentId: string | undefined;
  /** Content-IDs of the multiparts around it, outermost first: of a SIP-level one too (RFC 8262). */
  readonly enclosingIds?: readonly string[] | undefined;
  /** Place in the part tree, such as `1.2`; `0` is the body itself. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What a request carries that may hold the caller's location, and what else it says of the caller. All values as received. */
export interface LocationInput {
  /** Geolocation header field values in order, one or several to a line. */
  readonly geolocationValues: readonly string[];
  /** Leaf parts in document order. */
  readonly parts: readonly LocationBodyPart[];
  readonly callInfoValues: readonly string[];
  /** Info-Package of an INFO request (RFC 6086 §7.2). */
  readonly infoPackage?: string | undefined;
  /** Moment of arrival, milliseconds since 1970: retention and lifetimes are named where they are over. */
  readonly nowMs?: number | undefined;
  /** Geolocation-Routing. */
  readonly geolocationRouting: string | undefined;
  /** P-Access-Network-Info, then Cellular-Network-Info: the last cell of a device that calls by WLAN (3GPP TS 24.229 §7.2.15). */
  readonly accessNetworkValues: readonly string[];
}

/** Takes out of a message what its locations are read from, and names what was wrong with its body. Never fails. */
export function locationInput(
  message: SipMessage,
  limits: BodyLimits,
): { readonly input: LocationInput; readonly warnings: readonly CodedError[] } {
  const { parts, warnings } = locationParts(readBody(message, limits));
  return {
    input: {
      geolocationValues: headerValues(message, 'geolocation'),
      parts,
      callInfoValues: headerValues(message, 'call-info'),
      infoPackage: headerValue(message, 'info-package'),
      geolocationRouting: headerValue(message, 'geolocation-routing'),
      accessNetworkValues: ['p-access-network-info', 'cellular-network-info'].flatMap((name) =>
        headerValues(message, name),
      ),
    },
    warnings,
  };
}

/** The leaves of a body, decoded; one whose transfer encoding is not undone stays as it is. */
export function locationParts(tree: BodyTree): {
  readonly parts: readonly LocationBodyPart[];
  readonly warnings: readonly CodedError[];
} {
  const parts: LocationBodyPart[] = [];
  const warnings: CodedError[] = [...tree.warnings];
  const visit = (part: BodyPart, enclosingIds: readonly string[]): void => {
    if (part.parts.length > 0) {
      const ids = part.contentId === undefined ? enclosingIds : [...enclosingIds, part.contentId];
      for (const each of part.parts) visit(each, ids);
      return;
    }
    const decoded = decodePart(part);
    if (!decoded.ok) warnings.push(decoded.error);
    parts.push({
      contentType: part.mediaType.type,
      contentTypeValue: part.contentTypeValue,
      laterContentType: part.laterContentType,
      contentId: part.contentId,
      enclosingIds,
      path: part.path,
      bytes: decoded.ok ? decoded.value : part.bytes,
    });
  };
  // What lies elsewhere needs no content here.
  const { root } = tree;
  if (root.bytes.length > 0 || root.mediaType.type === 'message/external-body') visit(root, []);
  return { parts, warnings };
}
