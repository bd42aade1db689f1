import type { CodedError } from '../base/index.ts';
import type { LocationErrorCode } from './errors.ts';
import { isExternalBody, readExternalBody } from './external-body.ts';
import { type GeolocationValue, parseGeolocationHeader } from './geolocation-header.ts';
import type { LocationBodyPart, LocationInput } from './input.ts';
import type { PartIndex } from './part-index.ts';
import type { AdditionalDataItem } from './types.ts';

/** The additional data of a request. */
export interface AdditionalData {
  readonly items: readonly AdditionalDataItem[];
  readonly warnings: readonly CodedError<LocationErrorCode>[];
}

/** Blocks of the registry of Emergency Call Data Types (RFC 7852 §11.1.9, RFC 8147 §14.8, RFC 8148 §14, RFC 8876 §9). */
const blocks: ReadonlyMap<string, string> = new Map(
  [
    ...['ProviderInfo', 'ServiceInfo', 'DeviceInfo', 'SubscriberInfo', 'Comment'],
    ...['eCall.MSD', 'Control', 'VEDS', 'cap'],
  ].map((name) => [name.toLowerCase(), name]),
);
/** Types that say the same as a registered block. */
const otherTypes: ReadonlyMap<string, string> = new Map([
  ['application/common-alerting-protocol+xml', 'cap'],
]);
const blockPattern = /(?:^|\/)emergencycall(?:data)?\.([^;\s+]{1,100})/i;

/** Blocks of one request that are listed, and Call-Info values that are looked at. */
const itemsMax = 64;
const callInfoMax = 256;

/**
 * Lists the blocks of additional data that a request brings (RFC 7852 §6): Call-Info values with a purpose of
 * EmergencyCallData in their order, each with the body part that it points at, then body parts of such a type that none points at
 * (of an INFO package too, RFC 8147 §14.9). Nothing of their content is read. Pure; never throws for input.
 */
export function listAdditionalData(
  input: Pick<LocationInput, 'callInfoValues' | 'parts' | 'infoPackage'>,
  index: PartIndex,
): AdditionalData {
  const lister = new Lister(index);
  if (input.callInfoValues.length > 0) {
    const values = parseGeolocationHeader(input.callInfoValues).slice(0, callInfoMax);
    for (const [place, value] of values.entries()) lister.addCallInfo(value, place + 1);
  }
  for (const part of input.parts) lister.addPart(part, input.infoPackage);
  return { items: lister.items, warnings: lister.warnings };
}

class Lister {
  readonly items: AdditionalDataItem[] = [];
  readonly warnings: CodedError<LocationErrorCode>[] = [];
  readonly #index: PartIndex;
  readonly #listed = new Set<LocationBodyPart>();

  constructor(index: PartIndex) {
    this.#index = index;
  }

  addCallInfo(value: GeolocationValue, ordinal: number): void {
    const purpose = value.params.get('purpose') ?? '';
    const block = blockIn(purpose, purpose);
    if (block === undefined) return;
    const origin = `Call-Info ${ordinal}`;
    if (value.scheme !== 'cid') {
      this.#add({ block, form: 'reference', origin, uri: value.uri });
      return;
    }
    const found = this.#index.find(value.uri);
    // Inside of a signed multipart with this name, the data has the type of the block (RFC 7852 §6.1).
    const part = found.find((each) => blockOf(each) !== undefined) ?? found[0];
    if (part === undefined) {
      const message = `${origin}: no body part has this Content-ID`;
      if (this.warnings.length < itemsMax) this.warnings.push({ code: 'location.dataMissing', message });
      this.#add({ block, form: 'reference', origin, uri: value.uri });
    } else if (!this.#listed.has(part)) {
      this.#addPart(part, block, `${origin}, part ${part.path}`);
    }
  }

  addPart(part: LocationBodyPart, infoPackage: string | undefined): void {
    if (this.#listed.has(part)) return;
    const block =
      blockOf(part) ?? (isOfNoType(part) ? blockIn(infoPackage ?? '', infoPackage ?? '') : undefined);
    if (block !== undefined) this.#addPart(part, block, `part ${part.path}`);
  }

  #addPart(part: LocationBodyPart, block: string, origin: string): void {
    this.#listed.add(part);
    if (isExternalBody(part)) {
      const read = readExternalBody(part);
      const uri = read.ok ? read.value.reference.uri : undefined;
      this.#add({ block, form: 'reference', origin, uri });
      return;
    }
    const { contentType, bytes } = part;
    this.#add({ block, form: 'value', origin, contentType, sizeBytes: bytes.length });
  }

  #add(item: AdditionalDataItem): void {
    if (this.items.length < itemsMax) this.items.push(item);
  }
}

/** The block that a part holds, or stands for where its content lies elsewhere. */
function blockOf(part: LocationBodyPart): string | undefined {
  if (isExternalBody(part)) {
    const read = readExternalBody(part);
    return read.ok ? blockIn(read.value.contentType, read.value.contentType) : undefined;
  }
  return blockIn(part.contentType, part.contentTypeValue ?? part.contentType);
}

/** The block in a purpose or media type; the name of one that is not registered in the case in which it was written. */
function blockIn(text: string, written: string): string | undefined {
  const other = otherTypes.get(text);
  if (other !== undefined) return other;
  if (!blockPattern.test(text)) return undefined;
  const name = blockPattern.exec(written)?.[1] ?? '';
  return blocks.get(name.toLowerCase()) ?? name;
}

function isOfNoType({ contentType }: LocationBodyPart): boolean {
  return contentType === '' || contentType === 'application/octet-stream';
}
