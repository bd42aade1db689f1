import type { CodedError, Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { Shape } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, childElements, collapsedTextOf, parseXml } from '../xml/index.ts';
import { isCivicElement, readCivic } from './civic.ts';
import type { LocationErrorCode } from './errors.ts';
import { isShapeElement, readShape } from './gml.ts';
import type { LocationLimits } from './limits.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type {
  CivicAddress,
  LocationContainer,
  LocationError,
  LocationSource,
  LocationValue,
  LocationWarning,
  PidfLo,
  PidfLoEntry,
  RejectedLocation,
} from './types.ts';

/**
 * Reads every location of a PIDF-LO document (RFC 4119, RFC 5139, RFC 5491), valid by schema or not: what can
 * be understood is used, and a warning names each repair. An error means that there is no location element to
 * be found; a location that is there and cannot be used is an entry of kind `rejected`. Never throws.
 */
export function parsePidfLo(
  bytes: Uint8Array,
  source: LocationSource,
  limits: LocationLimits,
): Result<PidfLo, LocationError> {
  const document = parseXml(bytes, limits.xml);
  if (!document.ok) {
    const { code, message } = document.error;
    return err({ code: 'location.xmlUnreadable', message: `${code}: ${message}`, cause: document.error });
  }
  const reader = new PidfLoReader(source, limits, document.value.repairs);
  reader.read(document.value.root);
  if (reader.entries.length === 0) {
    return err({ code: 'location.notPidfLo', message: 'there is no location-info element in the document' });
  }
  const locations: LocationValue[] = [];
  for (const entry of reader.entries) if (entry.kind === 'location') locations.push(entry.location);
  return ok({ locations, entries: reader.entries, warnings: reader.warnings });
}

/** What stands around a `<location-info>` and says more about it. */
interface Surroundings {
  readonly container: LocationContainer;
  readonly containerElement: XmlElement | undefined;
  readonly geopriv: XmlElement | undefined;
}

class PidfLoReader {
  readonly entries: PidfLoEntry[] = [];
  readonly warnings: LocationWarning[];
  readonly #source: LocationSource;
  readonly #limits: LocationLimits;
  #entity: string | undefined;

  constructor(source: LocationSource, limits: LocationLimits, repairs: readonly CodedError[]) {
    this.#source = source;
    this.#limits = limits;
    this.warnings = [...repairs];
  }

  read(root: XmlElement): void {
    this.#entity = nonEmpty(attributeOf(root, 'entity'));
    this.#walk(root, { container: 'other', containerElement: undefined, geopriv: undefined });
  }

  /**
   * Looks for locations wherever they stand: `status` may be missing, and containers may be where they do not
   * belong.
   */
  #walk(element: XmlElement, outer: Surroundings): void {
    let around = outer;
    switch (element.localName) {
      case 'tuple':
      case 'device':
      case 'person':
        if (isNamed(element, element.localName === 'tuple' ? namespaces.pidf : namespaces.dm)) {
          around = { container: element.localName, containerElement: element, geopriv: undefined };
        }
        break;
      case 'geopriv':
        if (!isNamed(element, namespaces.gp)) return;
        this.#warnOfNamespace(element, namespaces.gp);
        around = { ...outer, geopriv: element };
        if (hasBareLocation(element)) {
          this.#warn('location.infoMissing', 'a location stands in geopriv without location-info around it');
          this.#readInfo(element, around);
          return;
        }
        if (childElements(element).filter((child) => child.localName === 'location-info').length > 1) {
          this.#warn('location.extraLocation', 'a geopriv holds one location-info; the first is preferred');
        }
        break;
      case 'location-info':
        if (!isNamed(element, namespaces.gp)) return;
        this.#warnOfNamespace(element, namespaces.gp);
        this.#readInfo(element, around);
        return;
      default:
    }
    for (const child of element.children) if (typeof child !== 'string') this.#walk(child, around);
  }

  /** Reads one location: a shape, an address, or one of each for the same place (RFC 5491 §3 rules 6 and 7). */
  #readInfo(info: XmlElement, around: Surroundings): void {
    if (this.entries.length >= this.#limits.locationsMax) {
      this.#warn('location.tooMany', `only ${this.#limits.locationsMax} locations of a document are read`);
      return;
    }
    let shape: Shape | undefined;
    let civic: CivicAddress | undefined;
    let failure: RejectedLocation | undefined;
    let isTaken = false;
    for (const element of locationElements(info)) {
      const isShape = isShapeElement(element);
      if (isShape ? isTaken : civic !== undefined) {
        this.#warn('location.extraLocation', `one more ${element.localName} in a location-info is left out`);
      } else if (isShape) {
        isTaken = true;
        const read = readShape(element, this.#warn);
        if (read.ok) shape = read.value;
        else failure ??= this.#rejection(read.error, around);
      } else {
        civic = readCivic(element, this.#warn);
        if (civic === undefined) failure ??= this.#rejection(civicEmpty, around);
      }
    }
    if (failure !== undefined) this.#pushRejected(failure);
    if (shape !== undefined || civic !== undefined) this.#pushLocation(shape, civic, around);
    else if (failure === undefined) this.#pushRejected(this.#rejection(infoEmpty, around));
  }

  #pushLocation(shape: Shape | undefined, civic: CivicAddress | undefined, around: Surroundings): void {
    const rules = around.geopriv && childNamed(around.geopriv, 'usage-rules');
    const location: LocationValue = {
      source: this.#source,
      shape,
      civic,
      method: textOfChild(around.geopriv, 'method'),
      entity: this.#entity,
      timestamp: textOfChild(around.containerElement, 'timestamp'),
      isRetransmissionAllowed: readFlag(textOfChild(rules, 'retransmission-allowed')),
      retentionExpires: textOfChild(rules, 'retention-expiry'),
      container: around.container,
    };
    this.entries.push({ kind: 'location', location });
  }

  #pushRejected(rejected: RejectedLocation): void {
    this.entries.push({ kind: 'rejected', rejected });
    this.#warn(rejected.error.code, rejected.error.message);
  }

  #rejection(error: LocationError, around: Surroundings): RejectedLocation {
    const isUnsupported =
      error.code === 'location.shapeUnsupported' || error.code === 'location.crsUnsupported';
    return { outcome: isUnsupported ? 'unsupported' : 'unreadable', container: around.container, error };
  }

  #warnOfNamespace(element: XmlElement, own: string): void {
    if (namespaceFit(element, own) === 'own') return;
    this.#warn('location.namespaceRepaired', `${element.localName} belongs in the namespace ${own}`);
  }

  /** Each warning once; a document that repeats a fault a thousand times has one warning. */
  readonly #warn = (code: LocationErrorCode, message: string): void => {
    const isKnown = this.warnings.some((warning) => warning.code === code && warning.message === message);
    if (!isKnown && this.warnings.length < this.#limits.warningsMax) this.warnings.push({ code, message });
  };
}

const civicEmpty: LocationError = { code: 'location.civicEmpty', message: 'the civic address has no value' };
const infoEmpty: LocationError = { code: 'location.empty', message: 'the location-info holds no location' };

function isNamed(element: XmlElement, own: string): boolean {
  return namespaceFit(element, own) !== 'foreign';
}

/**
 * The shapes and addresses of a location-info, also inside the feature element that RFC 4119 §2.3 puts around
 * them.
 */
function locationElements(info: XmlElement): readonly XmlElement[] {
  const found: XmlElement[] = [];
  for (const child of childElements(info)) {
    if (isShapeElement(child) || isCivicElement(child)) found.push(child);
    else if (child.localName === 'location' && isNamed(child, namespaces.gml)) {
      found.push(...locationElements(child));
    }
  }
  return found;
}

function hasBareLocation(geopriv: XmlElement): boolean {
  return locationElements(geopriv).length > 0 && childNamed(geopriv, 'location-info') === undefined;
}

function childNamed(element: XmlElement, localName: string): XmlElement | undefined {
  return childElements(element).find((child) => child.localName === localName);
}

function textOfChild(element: XmlElement | undefined, localName: string): string | undefined {
  const child = element && childNamed(element, localName);
  return child && nonEmpty(collapsedTextOf(child));
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** `yes` and `no` are RFC 4119's own words, the others xs:boolean's. */
function readFlag(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(?:true|1|yes)$/i.test(text)) return true;
  return /^(?:false|0|no)$/i.test(text) ? false : undefined;
}
